"""Settings: five layers, one line that names what is wrong, production refuses development's values."""

from pathlib import Path
from typing import Any

import pytest

from flask_api.settings import DEVELOPMENT_SECRET, PREFIX, Settings, SettingsError, load_settings

SECRET = "a secret of one's own, of 32 characters or more"
PRODUCTION: dict[str, Any] = {
    "sms_provider": "none",
    "environment": "production",
    "secret_key": SECRET,
    "redis_url": "redis://r/0",
    "database_url": "mysql+pymysql://u@d/solo",
    "allowed_hosts": ["solo.example"],
}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without files, an environment without settings."""
    import os

    for name in [name for name in os.environ if name.upper().startswith(PREFIX)]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def problem(**overrides: Any) -> str:
    with pytest.raises(SettingsError) as caught:
        load_settings(Path.cwd(), **overrides)
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_without_any_file_the_defaults_hold() -> None:
    settings = load_settings(Path.cwd())
    assert (settings.port, settings.environment, settings.shows_swagger_ui) == (5000, "development", True)
    assert settings.sqlalchemy_url == f"sqlite:///{settings.data_dir / 'solo.db'}"


def test_each_layer_wins_over_the_one_before(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("config_override.toml").write_text("port = 1\nthreads = 1\nqueue_size = 1\nmax_sessions = 1\n")
    Path(".env").write_text("SOLO_PORT=2\nSOLO_THREADS=2\nSOLO_QUEUE_SIZE=2\n")
    monkeypatch.setenv("SOLO_PORT", "3")
    monkeypatch.setenv("SOLO_THREADS", "3")
    settings = load_settings(Path.cwd(), port=4)
    assert (settings.port, settings.threads, settings.queue_size, settings.max_sessions) == (4, 3, 2, 1)
    assert settings.sms_codes_per_day == Settings.model_fields["sms_codes_per_day"].default


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "x"),
        ("port", "65536"),
        ("port", "-1"),
        ("threads", "0"),
        ("redis_timeout", "0"),
        ("redis_timeout", "nan"),
        ("database_timeout", "inf"),
        ("environment", "staging"),
        ("secret_key", "short"),
        ("phone_region", "China"),
        ("phone_region", "CN\n"),
        ("swagger_ui", "perhaps"),
        ("sms_provider", "pigeon"),
    ],
)
def test_a_bad_value_is_one_line_that_names_the_setting(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"SOLO_{name.upper()}", value)
    assert problem().startswith(f"SOLO_{name.upper()}: ")


def test_a_bad_value_of_a_file_is_named_the_same_way() -> None:
    Path("config_override.toml").write_text('port = "x"\n')
    assert problem().startswith("SOLO_PORT: ")


def test_all_bad_values_are_named_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOLO_PORT", "x")
    monkeypatch.setenv("SOLO_THREADS", "0")
    found = problem()
    assert "SOLO_PORT: " in found
    assert "SOLO_THREADS: " in found


def test_a_bad_secret_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOLO_SECRET_KEY", "c4n4ry")
    assert "c4n4ry" not in problem()


def test_a_misspelt_name_in_a_file_is_refused() -> None:
    Path("config_override.toml").write_text("prot = 1\n")
    assert problem().startswith("SOLO_PROT: ")
    Path("config_override.toml").unlink()
    Path(".env").write_text("SOLO_PROT=1\n")
    assert problem().startswith("SOLO_PROT: ")


def test_names_of_others_in_env_and_environment_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("COMPOSE_PROJECT_NAME=x\n")
    monkeypatch.setenv("SOLO_TEST_MARIADB_URL", "x")
    assert load_settings(Path.cwd()).port == 5000


def test_a_file_that_is_no_toml_is_one_line_that_names_the_file() -> None:
    Path("config_override.toml").write_text("port 1\n")
    assert "config_override.toml" in problem()


def test_lists_are_separated_by_commas_and_lists_in_toml(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOLO_ALLOWED_HOSTS", "a.example, b.example,")
    Path("config_override.toml").write_text('cors_origins = ["https://a.example"]\n')
    settings = load_settings(Path.cwd())
    assert settings.allowed_hosts == ["a.example", "b.example"]
    assert settings.cors_origins == ["https://a.example"]


def test_production_with_everything_said_is_accepted_and_hides_the_page() -> None:
    settings = load_settings(Path.cwd(), **PRODUCTION)
    assert settings.in_production
    assert not settings.shows_swagger_ui
    assert load_settings(Path.cwd(), **PRODUCTION, swagger_ui=True).shows_swagger_ui


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("secret_key", DEVELOPMENT_SECRET),
        ("sms_provider", "console"),
        ("redis_url", ""),
        ("database_url", ""),
        ("allowed_hosts", []),
        ("cors_origins", ["*"]),
        ("cors_origins", ["https://a.example", "*"]),
    ],
)
def test_production_refuses_what_development_may_leave_out(name: str, value: Any) -> None:
    found = problem(**{**PRODUCTION, name: value})
    assert found.startswith(f"SOLO_{name.upper()} ")
    assert DEVELOPMENT_SECRET not in found


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("database_url", "solo.db", "must be such as mysql+pymysql://"),
        ("database_url", "mysql://u:hush@h/d", "must be such as mysql+pymysql://"),
        ("database_url", "postgresql://u:hush@h/d", "must be such as mysql+pymysql://"),
        ("database_url", "mysql+pymysql://u:hush@h:port/d", "must be such as mysql+pymysql://"),
        ("database_url", "mysql+pymysql://u:hu@sh@h/d", "%40"),
        ("redis_url", "localhost:6379", "must be such as redis://"),
        ("redis_url", "redis://:hush@h/0?socket_timeout=soon", "must be such as redis://"),
    ],
)
def test_address_that_cannot_be_one_is_refused_without_being_shown(name: str, value: str, words: str) -> None:
    found = problem(**{name: value})
    assert found.startswith(f"SOLO_{name.upper()}: ")
    assert words in found
    assert "hush" not in found


@pytest.mark.parametrize("pattern", [".*", r"https://.*", "https://*.example", "null"])
def test_production_refuses_an_origin_that_is_a_pattern(pattern: str) -> None:
    """Flask-Cors reads an origin with pattern characters as a regular expression."""
    assert problem(**{**PRODUCTION, "cors_origins": [pattern]}).startswith("SOLO_CORS_ORIGINS ")


def test_settings_do_not_change_after_they_were_read() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_settings(Path.cwd()).port = 1


def test_the_secret_key_is_not_shown_where_settings_are_printed() -> None:
    assert SECRET not in repr(load_settings(Path.cwd(), secret_key=SECRET))
