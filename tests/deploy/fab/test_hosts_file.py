"""deploy/hosts.toml: what it may say, what is wrong with it, and how -H chooses."""

import re
from pathlib import Path

import pytest

from deploy.errors import DeployError
from deploy.hosts import Host, choose_hosts
from deploy.session import HOSTS_FILE

TWO = """
root = "/srv/site"
keep = 3

[[host]]
name = "web-1"
address = "solo@web-1.example.com"

[[host]]
address = "solo@10.0.0.2:2222"
root = "/home/solo/site/"
python = "python3.12"
ready_timeout = 40
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "hosts.toml"


def test_hosts_take_defaults_from_the_top_and_what_is_theirs_from_their_table(file: Path) -> None:
    file.write_text(TWO)
    assert choose_hosts(file) == [
        Host("web-1", "solo@web-1.example.com", root="/srv/site", keep=3),
        Host("10.0.0.2", "solo@10.0.0.2", 2222, "/home/solo/site", "python3.12", 40, 3),
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("host = [", "Invalid|Unexpected|Expected"),
        ('[host]\naddress = "a"', "with two brackets"),
        ('roof = "/srv"', "there is no setting 'roof'; there are root, python, ready_timeout, keep"),
        ('[[host]]\naddress = "a"\npasword = "x"', "host 1: there is no setting 'pasword'"),
        ('[[host]]\nname = "web"', 'host web: say its address = "user@host"'),
        ('[[host]]\naddress = "a b"', "an address is like"),
        ('[[host]]\naddress = "-oProxyCommand=x"', "an address is like"),
        ('[[host]]\naddress = ""', "address must not be empty"),
        ('[[host]]\naddress = "a:22"\nport = 22', "the port is there twice"),
        ('[[host]]\naddress = "a"\nport = 70000', "a port is from 1 to 65535, not 70000"),
        ('[[host]]\naddress = "a"\nport = "22"', "port must be a whole number, not '22'"),
        ("keep = 0", "keep must be at least 1, not 0"),
        ("keep = true", "keep must be a whole number"),
        ('root = "srv/solo"', "root must be the whole path of a folder"),
        ('root = "/srv/../etc"', "root must be the whole path"),
        ('root = "/"', "root must be the whole path"),
        ('python = "python3\\nrm"', "python must not be empty or hold line breaks"),
        ('[[host]]\naddress = "a"\n[[host]]\naddress = "a"', "a is there twice"),
        ('[[host]]\nname="x"\naddress = "a"\n[[host]]\nname="y"\naddress = "a"', "twice with the same root"),
    ],
)
def test_mistake_in_the_file_is_told_in_one_line_with_its_place(file: Path, text: str, told: str) -> None:
    file.write_text(text)
    with pytest.raises(DeployError, match=told) as caught:
        choose_hosts(file)
    assert str(caught.value).startswith(str(file))
    assert "\n" not in str(caught.value)


def test_two_hosts_may_share_an_address_with_roots_of_their_own(file: Path) -> None:
    hosts = (f'[[host]]\nname = "{name}"\naddress = "a"\nroot = "/srv/{name}"\n' for name in "xy")
    file.write_text("\n".join(hosts))
    assert [host.root for host in choose_hosts(file)] == ["/srv/x", "/srv/y"]


def test_no_host_at_all_is_told_with_what_to_write_where(file: Path) -> None:
    with pytest.raises(DeployError, match=re.escape(f"Write into {file}:")) as caught:
        choose_hosts(file)
    assert "[[host]]" in str(caught.value)


def test_named_hosts_are_chosen_by_name_or_address_in_that_order(file: Path) -> None:
    file.write_text(TWO)
    assert [host.name for host in choose_hosts(file, "10.0.0.2,web-1")] == ["10.0.0.2", "web-1"]
    assert [host.name for host in choose_hosts(file, "solo@web-1.example.com")] == ["web-1"]


@pytest.mark.parametrize(
    ("word", "host"),
    [
        ("new", Host("new", "new", root="/srv/site", keep=3)),
        ("ann@new:2200", Host("new", "ann@new", 2200, "/srv/site", keep=3)),
        ("::1", Host("::1", "::1", root="/srv/site", keep=3)),
        ("ann@2001:db8::7", Host("2001:db8::7", "ann@2001:db8::7", root="/srv/site", keep=3)),
    ],
)
def test_named_host_that_is_not_in_the_file_is_an_address_with_its_defaults(file: Path, word: str, host: Host) -> None:
    file.write_text(TWO)
    assert choose_hosts(file, word) == [host]


@pytest.mark.parametrize("named", [",", "web-1,web-1", "a b@c@d", "x:0", "-v"])
def test_nonsense_after_h_is_refused(file: Path, named: str) -> None:
    file.write_text(TWO)
    with pytest.raises(DeployError, match=r"^-H"):
        choose_hosts(file, named)


def test_shipped_file_has_no_host_and_its_example_is_right(file: Path) -> None:
    shipped = HOSTS_FILE.read_text()
    file.write_text(shipped)
    with pytest.raises(DeployError, match="No host to go to"):
        choose_hosts(file)
    file.write_text(re.sub(r"^# (?=\[\[host|\w+ = )", "", shipped, flags=re.M))
    assert [(host.name, host.root) for host in choose_hosts(file)] == [
        ("web-1", "/srv/solo"),
        ("web-2", "/home/solo/site"),
    ]
    assert Host("", "") == Host("", "", None, "/srv/solo", "python3", 20, 5)  # what the file says of the defaults
