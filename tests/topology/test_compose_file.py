"""deploy/compose.yaml, as far as it can be looked at without Docker."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from flask_api.settings import Settings, load_settings

from .dockerfile import ROOT, command, environment, stages

FILE = ROOT / "deploy" / "compose.yaml"
SECRET = re.compile(r"PASSWORD|SECRET|TOKEN|KEY")
REQUIRED = re.compile(r"\$\{(\w+):\?[^}]+\}")
NEEDED = {"SOLO_SECRET_KEY": "s" * 32, "SOLO_ALLOWED_HOSTS": "api.example.com", "MYSQL_PASSWORD": "word"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return dict(yaml.safe_load(FILE.read_text()))


def test_each_service_starts_when_what_it_needs_is_healthy(compose: dict[str, Any]) -> None:
    services = compose["services"]
    waits = {
        (name, needed): how["condition"]
        for name, service in services.items()
        for needed, how in service.get("depends_on", {}).items()
    }
    apps, done = ("app1", "app2", "jobs"), "service_completed_successfully"
    assert waits == {
        ("migrate", "mysql"): "service_healthy",
        **{(app, needed): "service_healthy" for app in apps for needed in ("mysql", "redis")},
        **{(app, "migrate"): done for app in apps},
        **{("nginx", app): "service_healthy" for app in ("app1", "app2")},
    }
    checked_by_image = command(stages()[-1], "HEALTHCHECK")
    for _, needed in (pair for pair, condition in waits.items() if condition == "service_healthy"):
        assert services[needed].get("healthcheck", {}).get("test") or checked_by_image, needed
    assert services["migrate"]["healthcheck"] == services["jobs"]["healthcheck"] == {"disable": True}
    assert services["migrate"]["command"] == [".venv/bin/python", "manage.py", "db", "upgrade"]
    assert services["migrate"]["restart"] == "no"


def test_secrets_are_asked_for_and_never_written_down(compose: dict[str, Any]) -> None:
    asked_for = set(REQUIRED.findall(FILE.read_text()))
    assert asked_for == set(NEEDED)
    for name, service in compose["services"].items():
        for variable, value in service.get("environment", {}).items():
            if SECRET.search(variable) and not variable.startswith("MYSQL_RANDOM"):
                assert REQUIRED.fullmatch(str(value)), f"{name}: {variable}"
        assert not re.search(r"://[^$/]+:[^$/@]+@", str(service)), f"{name}: a password in an address"
    ignored = subprocess.run(["git", "check-ignore", "--quiet", "deploy/.env"], cwd=ROOT)
    assert ignored.returncode == 0


def test_the_app_starts_with_the_settings_that_it_is_given(
    compose: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    given = {**environment(stages()[-1]), **compose["services"]["app1"]["environment"]}
    for name, value in given.items():
        monkeypatch.setenv(name, REQUIRED.sub(lambda found: NEEDED[found[1]], str(value)))
    settings = load_settings(tmp_path)
    assert settings.in_production
    assert settings.database_url == "mysql+pymysql://solo:word@mysql/solo"


def test_addresses_are_those_of_the_nginx_file_and_the_app_believes_that_nginx_alone(compose: dict[str, Any]) -> None:
    services = compose["services"]
    port = environment(stages()[-1])["SOLO_PORT"]
    hosts = [f"{services[name]['networks']['front']['ipv4_address']}:{port}" for name in ("app1", "app2")]
    assert re.findall(r"^\s+server (\S+) ", (ROOT / "deploy" / "nginx.conf").read_text(), re.MULTILINE) == hosts
    trusted = services["nginx"]["networks"]["front"]["ipv4_address"]
    assert {services[name]["environment"]["SOLO_TRUSTED_PROXIES"] for name in ("app1", "app2")} == {trusted}


def test_only_nginx_is_open_to_the_world_and_the_stores_have_no_way_out(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert [name for name, service in services.items() if "ports" in service] == ["nginx"]
    assert compose["networks"]["back"]["internal"] is True
    assert {name for name, service in services.items() if service["networks"] == ["back"]} == {
        "mysql",
        "redis",
        "migrate",
    }


def test_what_must_last_lies_in_volumes_and_each_is_used(compose: dict[str, Any]) -> None:
    used = {
        volume.partition(":")[0]
        for service in compose["services"].values()
        for volume in service.get("volumes", [])
        if not volume.startswith((".", "/"))
    }
    assert used == set(compose["volumes"])
    media = [volume for volume in compose["services"]["nginx"]["volumes"] if volume.startswith("media:")]
    root = re.findall(r"root (/srv/\S+);", (ROOT / "deploy" / "nginx.conf").read_text())
    assert media == [f"media:{root[0]}/media:ro"]
    for name in ("app1", "app2", "jobs"):  # all else is read-only
        own = compose["services"][name]
        in_memory = dict(place.partition(":")[::2] for place in own["tmpfs"])
        assert in_memory["/srv/solo/var/metrics"] == "mode=1777", "a tmpfs is root's, and the server is not"
        writable = {volume.partition(":")[2] for volume in own["volumes"]} | in_memory.keys()
        assert writable >= {f"/srv/solo/var/{folder}" for folder in ("media", "files", "logs", "metrics")}
    for name in ("app1", "app2", "nginx"):
        seconds = int(compose["services"][name]["stop_grace_period"].removesuffix("s"))
        assert seconds > Settings.model_fields["drain_timeout"].default, "else requests are cut off"


def test_volumes_of_the_app_are_made_in_the_image_as_its_users(compose: dict[str, Any]) -> None:
    """Docker gives an empty volume the owner of the folder that it is mounted on."""
    (made,) = (text for name, text in stages()[-1] if name == "RUN" and "mkdir" in text)
    assert made.endswith("chown -R solo:solo var")
    mounted = {volume.partition(":")[2] for volume in compose["services"]["app1"]["volumes"]}
    assert {f"/srv/solo/{folder}" for folder in re.findall(r"var/\w+", made)} == mounted


def test_image_is_built_with_the_packages_that_the_env_file_names(compose: dict[str, Any]) -> None:
    (default,) = (text for name, text in stages()[0] if name == "ARG")
    name, _, file = default.partition("=")
    for service in ("migrate", "app1", "app2", "jobs"):
        assert compose["services"][service]["build"]["args"] == {name: f"${{{name}:-{file}}}"}
    assert (ROOT / "requirements-providers.txt").exists()
    assert "REQUIREMENTS=requirements-providers.txt" in (ROOT / "docs" / "providers.md").read_text()


def test_docker_compose_finds_no_fault_in_it(tmp_path: Path) -> None:
    program = shutil.which("docker-compose")
    if program is None:
        pytest.skip("docker-compose is not installed")
    (tmp_path / "deploy").mkdir()
    # Version 1, which Debian has, knows all but the project's name.
    (tmp_path / "deploy" / "compose.yaml").write_text(re.sub(r"^name: .*\n", "", FILE.read_text(), flags=re.MULTILINE))
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    call = [program, "--file", "deploy/compose.yaml", "config", "--quiet"]
    whole = subprocess.run(call, cwd=tmp_path, env={**environment, **NEEDED}, capture_output=True, text=True)
    assert (whole.returncode, whole.stderr) == (0, "")
    lacking = subprocess.run(call, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert lacking.returncode != 0
    assert "write it into deploy/.env" in lacking.stderr
