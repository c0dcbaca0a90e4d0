"""Where hot_deploy.py listens: as the settings say, read without the app."""

from pathlib import Path

import pytest

from reloading.listening import ListeningError, configured_address, listen


def test_address_comes_from_the_layers_that_the_settings_have(tmp_path: Path) -> None:
    assert configured_address(tmp_path, {}) == ("127.0.0.1", "5000")
    (tmp_path / "config_override.toml").write_text('host = "0.0.0.0"\nport = 0\n')
    assert configured_address(tmp_path, {}) == ("0.0.0.0", "0")
    (tmp_path / ".env").write_text("SOLO_PORT=6000\n")
    assert configured_address(tmp_path, {}) == ("0.0.0.0", "6000")
    assert configured_address(tmp_path, {"SOLO_PORT": "7000", "SOLO_HOST": ""}) == ("0.0.0.0", "7000")


def test_settings_that_cannot_be_read_are_left_to_the_server_to_complain_of(tmp_path: Path) -> None:
    (tmp_path / "config_override.toml").write_bytes(b"port = \xff")
    assert configured_address(tmp_path, {}) == ("127.0.0.1", "5000")


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_any_address_family_is_listened_on(host: str) -> None:
    with listen(host, "0") as listener:
        assert listener.getsockname()[1] > 0


@pytest.mark.parametrize("port", ["http", "-1", "65536", ""])
def test_what_is_no_port_is_said_in_one_line(port: str) -> None:
    with pytest.raises(ListeningError, match=r"\A'.*' is no port\Z"):
        listen("127.0.0.1", port)


def test_unknown_host_is_said_in_one_line() -> None:
    with pytest.raises(ListeningError, match=r"\Acannot listen on 256\.0\.0\.1:0: .*\Z"):
        listen("256.0.0.1", "0")
