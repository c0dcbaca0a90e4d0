"""Host keys and logins, at a real sshd."""

import subprocess
from pathlib import Path

import pytest
from fabric import Config

from deploy.errors import Unreachable
from deploy.hosts import Host
from deploy.ssh import make_connection, open_connection
from tests.deploy.fab.conftest import Connect
from tests.services.process import free_port
from tests.services.sshd import SshServer


def test_host_key_that_nobody_knows_is_refused_with_its_fingerprint(
    connect: Connect, host: Host, sshd: SshServer, config_text: str
) -> None:
    text = config_text.replace(str(sshd.known_hosts), "none").replace("Checking yes", "Checking ask")
    with pytest.raises(Unreachable, match=r"nobody has vouched for its host key SHA256:.* ssh -p"):
        connect(host, text)


def test_host_key_that_has_changed_is_refused_whatever_the_config_says(
    connect: Connect, host: Host, sshd: SshServer, config_text: str, tmp_path: Path
) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "other"], cwd=tmp_path, check=True)
    known = tmp_path / "known_hosts"
    known.write_text(f"[127.0.0.1]:{sshd.port} {(tmp_path / 'other.pub').read_text()}")
    text = config_text.replace(str(sshd.known_hosts), str(known)).replace("Checking yes", "Checking no")
    with pytest.raises(Unreachable, match=r"its host key has CHANGED from SHA256:.* to SHA256:"):
        connect(host, text)


def test_new_host_key_is_recorded_where_the_config_accepts_new_ones(
    connect: Connect, host: Host, sshd: SshServer, config_text: str, tmp_path: Path
) -> None:
    known = tmp_path / "new" / "known_hosts"
    text = config_text.replace(str(sshd.known_hosts), str(known))
    connect(host, text.replace("Checking yes", "Checking accept-new"))
    assert known.read_text().startswith(f"[127.0.0.1]:{sshd.port} ssh-ed25519 ")
    connect(host, text)


@pytest.mark.parametrize("known", [True, False])
def test_host_behind_another_is_reached_when_the_keys_of_both_are_known(
    connect: Connect, host: Host, sshd: SshServer, config_text: str, tmp_path: Path, known: bool
) -> None:
    inner = sshd.client_config("inner") + "  ProxyJump web\n"
    outer = config_text if known else config_text.replace(str(sshd.known_hosts), str(tmp_path / "none"))
    behind = Host("inner", "inner", root=host.root)
    if known:
        assert connect(behind, inner + outer).is_set_up
    else:
        with pytest.raises(Unreachable, match="nobody has vouched for its host key"):
            connect(behind, inner + outer)


def test_keys_of_one_host_are_not_offered_to_another(sshd: SshServer, tmp_path: Path, config_text: str) -> None:
    other = tmp_path / "other_key"
    other.touch()
    (tmp_path / "ssh_config").write_text(f"{config_text}Host other\n  IdentityFile {other}\n")
    config = Config(runtime_ssh_path=str(tmp_path / "ssh_config"))
    made = [make_connection(Host(name, name), config) for name in ("web", "other")]
    assert [each.connect_kwargs["key_filename"] for each in made] == [[str(sshd.key)], [str(other)]]


def test_key_of_the_config_that_is_missing_is_passed_over_as_ssh_does(
    connect: Connect, host: Host, config_text: str
) -> None:
    assert connect(host, f"{config_text}  IdentityFile /nowhere/key\n").is_open


def test_key_that_is_named_and_missing_is_told(sshd: SshServer, tmp_path: Path, config_text: str) -> None:
    (tmp_path / "ssh_config").write_text(config_text)
    overrides = {"connect_kwargs": {"key_filename": ["/nowhere/key"]}}  # as `fab -i /nowhere/key` has it
    config = Config(runtime_ssh_path=str(tmp_path / "ssh_config"), overrides=overrides)
    connection = make_connection(Host("web", "web"), config)
    with pytest.raises(Unreachable, match="web: there is no key /nowhere/key"):
        open_connection(connection, "web")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("User ", "User nobody-"), "it refuses the login of nobody-"),
        (("HostName 127.0.0.1", "HostName nowhere.invalid"), "nobody knows the address of nowhere.invalid"),
        (("IdentityFile ", "IdentityFile /nowhere"), "there is no key to log in with as "),
    ],
)
def test_host_that_cannot_be_reached_is_told_in_a_line(
    connect: Connect, host: Host, config_text: str, change: tuple[str, str], told: str
) -> None:
    with pytest.raises(Unreachable, match=told) as caught:
        connect(host, config_text.replace(*change))
    assert "\n" not in str(caught.value)


def test_port_where_nobody_listens_is_told(connect: Connect, host: Host, sshd: SshServer, config_text: str) -> None:
    port = free_port()
    with pytest.raises(Unreachable, match=f"nobody listens at 127.0.0.1 port {port}"):
        connect(host, config_text.replace(f"Port {sshd.port}", f"Port {port}"))
