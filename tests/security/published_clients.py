"""The clients that docs/signing.md publishes, each run as its users run it: a program of its own."""

import base64
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "signing"
VECTORS = json.loads((FOLDER / "vectors.json").read_text())
NAMES = ("python", "node", "java")
PACKAGES = {"node": "nodejs", "java": "default-jdk-headless", "javac": "default-jdk-headless"}
OF_A_LINE = ("name", "method", "path", "query", "body_base64", "timestamp", "nonce", "token", "secret", "signature")
SECONDS = 30  # for a program to end
JAVA_STARTS_SOONER = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")


class ToolMissing(Exception):
    """A program is not installed."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is missing: apt-get install {PACKAGES[name]}")


@dataclass(frozen=True)
class Said:
    """What a client printed of its answer."""

    code: int
    status: str
    body: Any


@dataclass(frozen=True)
class PublishedClient:
    """One of them.

    Args:
        command: what starts it.
        reads_lines: it wants the vectors as lines, from its standard input.
    """

    command: Sequence[str]
    reads_lines: bool = False

    def check(self, vectors: Sequence[Mapping[str, str]], folder: Path) -> "subprocess.CompletedProcess[str]":
        """Let it check vectors of version 2."""
        command, lines = [*self.command, "vectors"], "".join(map(_line, vectors))
        if not self.reads_lines:
            file = folder / "vectors.json"
            file.write_text(json.dumps({"version_2": vectors}))
            command.append(str(file))
        return subprocess.run(
            command, input=lines, env=_environment({}), capture_output=True, text=True, timeout=SECONDS
        )

    def start(self, method: str, url: str, body: str | None = None, **variables: str) -> "subprocess.Popen[str]":
        """Let it begin to send a request; see :func:`said`."""
        command = [*self.command, method, url, *([] if body is None else [body])]
        return subprocess.Popen(
            command,
            env=_environment(variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def send(self, method: str, url: str, body: str | None = None, **variables: str) -> Said:
        """Let it send a request, with more variables in its environment."""
        return said(self.start(method, url, body, **variables))


def said(process: "subprocess.Popen[str]") -> Said:
    """Wait for a client's end and return what it printed."""
    printed, complaint = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, complaint
    first, body = printed.split("\n", 1)
    code, _, status = first.partition(" ")
    return Said(int(code), status, json.loads(body))


def published_client(name: str, folder: Path) -> PublishedClient:
    """Return one of them, ready to run; Java's is compiled into a folder, once.

    Raises:
        ToolMissing: a program is not installed.
    """
    if name == "python":
        return PublishedClient([sys.executable, str(FOLDER / "solo_signing.py")])
    if name == "node":
        return PublishedClient([program("node"), str(FOLDER / "solo-signing.mjs")])
    if not (folder / "SoloSigning.class").exists():
        subprocess.run([program("javac"), "-d", str(folder), str(FOLDER / "SoloSigning.java")], check=True)
    return PublishedClient([program("java"), *JAVA_STARTS_SOONER, "-cp", str(folder), "SoloSigning"], reads_lines=True)


def program(name: str) -> str:
    """Return where a program is.

    Raises:
        ToolMissing: it is not installed.
    """
    path = shutil.which(name)
    if path is None:
        raise ToolMissing(name)
    return path


def body_of(vector: Mapping[str, str]) -> bytes:
    """Return the bytes that a vector's request sends."""
    return vector["body"].encode() if "body" in vector else base64.b64decode(vector["body_base64"])


def _line(vector: Mapping[str, str]) -> str:
    whole = {**vector, "body_base64": base64.b64encode(body_of(vector)).decode()}
    return "\t".join(whole[name] for name in OF_A_LINE) + "\n"


def _environment(variables: Mapping[str, str]) -> dict[str, str]:
    """Nothing of the developer's own, and no locale: what the clients say is UTF-8 everywhere."""
    return {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **variables}
