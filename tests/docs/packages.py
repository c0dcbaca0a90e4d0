"""Where this machine gets packages from, so that a machine made by a test gets them from there as well."""

import ast
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

CERTIFICATES = {"cert", "client-cert"}  # of pip's options: files
INDEXES = {"index-url", "extra-index-url"}  # an index on the disk links to packages beside it


class SourcesMissing(Exception):
    """This machine does not know a source of Debian's packages; the text is one line."""


@dataclass(frozen=True, slots=True)
class DebianSources:
    """``mirror``: where the suite itself is; ``lines``: for sources.list; ``options``: for apt.conf."""

    mirror: str
    lines: str
    options: str


def debian_sources(suite: str) -> DebianSources:
    """Return what this machine's apt uses for a suite of Debian, its updates and its security.

    Raises:
        SourcesMissing: apt is not here, or knows another suite.
    """
    if shutil.which("apt-get") is None:
        raise SourcesMissing("apt-get is missing: this is not Debian")
    listed = _ask("apt-get", "indextargets", "--no-release-info", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)")
    found = sorted({tuple(line.split()) for line in listed.splitlines()})
    wanted = [target for target in found if target[1] in (suite, f"{suite}-updates", f"{suite}-security")]
    wanted = [target for target in wanted if target[2] == "main"]
    mirror = next((uri for uri, release, _ in wanted if release == suite), None)
    if mirror is None:
        raise SourcesMissing(f"apt on this machine has no source of Debian {suite}")
    options = re.findall(r"^Acquire::(?:https?|Check|Retries).*", _ask("apt-config", "dump"), re.MULTILINE)
    return DebianSources(
        mirror=mirror,
        lines="".join(f"deb {uri} {release} {component}\n" for uri, release, component in wanted),
        options="\n".join([*options, 'Acquire::Languages "none";', ""]),
    )


@dataclass(slots=True)
class PipSettings:
    """``options``: for pip.conf; ``folders``: of this machine, named in them; ``certificates``: files, by option."""

    options: dict[str, str] = field(default_factory=dict)
    folders: set[Path] = field(default_factory=set)
    certificates: dict[str, Path] = field(default_factory=dict)

    def text(self) -> str:
        """The options as a pip.conf."""
        return "\n".join(["[global]", *(f"{name} = {value}" for name, value in self.options.items()), ""])


def pip_settings() -> PipSettings:
    """Return how pip is set on this machine, by its files and by the environment."""
    settings = PipSettings()
    listed = _ask(sys.executable, "-m", "pip", "config", "list")
    for name, value in re.findall(r"^(?:global|install|:env:)\.([a-z-]+)=(.+)$", listed, re.MULTILINE):
        words = str(ast.literal_eval(value)).split()
        if name in CERTIFICATES:
            settings.certificates.setdefault(name, Path(words[0]))
            continue
        settings.options.setdefault(name, " ".join(words))  # the environment comes first, and wins
        for path in map(_path, words):
            if path is not None and path.is_dir():
                beside = name in INDEXES and path.parent != Path("/")
                settings.folders.add(path.parent if beside else path)
    return settings


def proxy_environment() -> str:
    """Return what an ``/etc/environment`` says of proxies here."""
    proxies = {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}
    return "".join(f"{name}={value}\n" for name, value in proxies.items())


def check_mirror(mirror: str, suite: str) -> None:
    """See that packages can be had now, the way debootstrap gets them.

    Raises:
        SourcesMissing: they cannot.
    """
    try:
        urllib.request.urlopen(f"{mirror.rstrip('/')}/dists/{suite}/Release", timeout=20).close()
    except OSError as error:
        raise SourcesMissing(f"Debian {suite} cannot be had from {mirror}: {error}") from None


def _path(word: str) -> Path | None:
    word = word.removeprefix("file://")
    return Path(word) if word.startswith("/") else None


def _ask(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
