"""Typed settings: defaults here < config_override.toml < .env < environment.

Every setting is read from the environment as ``SOLO_<NAME>``. A bad or missing value stops the start with one line
that names it.
"""

import os
import re
import tomllib
from pathlib import Path
from typing import Any, Literal, Self

from dotenv import dotenv_values
from pydantic import Field, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from flask_api.outside_settings import OutsideSettings
from flask_api.setting_kinds import CommaSeparated, DatabaseURL, OptionalQuota, Quota, RedisURL

ROOT = Path(__file__).resolve().parent.parent
DEVELOPMENT_SECRET = "development-only-secret-do-not-use-in-production"  # noqa: S105 - it is none
PREFIX = "SOLO_"
OF_TESTS = "SOLO_TEST_"
ENV_FILE = ".env"
TOML_FILE = "config_override.toml"


class SettingsError(Exception):
    """A setting is missing or bad; the text is one line for the operator."""


# Flask-Cors would take anything else for a regular expression.
ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]+)?\Z")


class Settings(OutsideSettings):
    """All that can be set. Durations are seconds, sizes are bytes."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=ROOT / ENV_FILE,
        toml_file=ROOT / TOML_FILE,
        extra="ignore",  # _unknown_names is stricter, and leaves alone what is not ours
        frozen=True,
        allow_inf_nan=False,
    )

    # What this is
    environment: Literal["development", "production"] = "development"
    secret_key: str = Field(DEVELOPMENT_SECRET, min_length=32, repr=False)
    encryption_keys: CommaSeparated = Field([], repr=False)  # of secrets in the database; the first encrypts
    data_dir: Path = ROOT / "var"
    logging_ini: Path = ROOT / "logging.ini"
    migrations_dir: Path = ROOT / "migrations"
    swagger_ui: bool | None = None  # None: in development only

    # Where state lives. Empty: SQLite and an embedded Redis inside data_dir.
    database_url: DatabaseURL = Field("", repr=False)
    redis_url: RedisURL = Field("", repr=False)
    database_timeout: float = Field(5, gt=0)
    database_connect_timeout: float = Field(0.1, gt=0)
    database_pool_size: int = Field(10, ge=1)
    redis_timeout: float = Field(0.2, gt=0)

    # Serving
    host: str = "127.0.0.1"
    port: int = Field(5000, ge=0, le=65535)
    workers: int | None = Field(None, ge=1)  # None: one for each core
    threads: int = Field(6, ge=1)
    queue_size: int = Field(256, ge=1)
    max_body_size: int = Field(1024 * 1024, ge=1)
    max_header_size: int = Field(16 * 1024, ge=1024)
    body_timeout: float = Field(15, gt=0)
    idle_timeout: float = Field(75, gt=0)
    drain_timeout: float = Field(20, ge=0)
    ready_timeout: float = Field(0, ge=0)  # accept only once /health/ready says so, at the latest after this time
    process_socket: Path | None = None  # a Unix socket on which this very process answers, for who deploys
    page_refresh: bool = False  # the Swagger page reloads itself when the server has changed
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    allowed_hosts: CommaSeparated = Field([])  # empty in development: any
    cors_origins: CommaSeparated = Field([])
    trusted_proxies: CommaSeparated = Field([])  # peers whose X-Forwarded-For and -Proto count

    # Accounts
    phone_region: str = Field("CN", pattern=r"^[A-Z]{2}$")
    token_lifetime: int = Field(30 * 86400, ge=60)
    max_sessions: int = Field(20, ge=1)
    sms_code_lifetime: int = Field(300, ge=1)
    sms_code_interval: int = Field(60, ge=0)
    sms_codes_per_day: int = Field(20, ge=1)
    deletion_grace_days: int = Field(30, ge=0)

    # People
    photo_moderation: Literal["manual", "none"] = "manual"  # manual: others see a photo once an admin has approved it
    visit_retention_days: int = Field(90, ge=1)

    # Signed requests
    signed_areas: CommaSeparated | None = None  # None: auth and emails in production, none in development
    signature_window: int = Field(300, ge=10, le=3600)

    # Limits; empty: none
    limit_per_address: OptionalQuota = Quota(6000, 60)
    limit_per_user: OptionalQuota = Quota(600, 60)
    limit_likes_per_user: OptionalQuota = Quota(200, 86400)
    limit_moves_per_user: OptionalQuota = Quota(30, 3600)
    limit_logins_per_address: OptionalQuota = Quota(60, 60)
    limit_sms_per_address: OptionalQuota = Quota(60, 3600)
    limit_sms_per_device: OptionalQuota = Quota(20, 86400)
    limit_sms_in_all: OptionalQuota = Quota(3000, 3600)

    @property
    def in_production(self) -> bool:
        return self.environment == "production"

    @property
    def shows_swagger_ui(self) -> bool:
        return not self.in_production if self.swagger_ui is None else self.swagger_ui

    @property
    def areas_to_sign(self) -> tuple[str, ...]:
        if self.signed_areas is None:
            return ("auth", "emails") if self.in_production else ()
        return tuple(self.signed_areas)

    @property
    def runs_jobs_inside(self) -> bool:
        return not self.in_production if self.jobs_inside is None else self.jobs_inside

    @property
    def mails_by(self) -> str:
        return self.mail_provider or ("none" if self.in_production else "outbox")

    @property
    def keys_of_encryption(self) -> tuple[str, ...]:
        return (*self.encryption_keys, self.secret_key)

    @property
    def sqlalchemy_url(self) -> str:
        return self.database_url or f"sqlite:///{self.data_dir / 'solo.db'}"

    @model_validator(mode="after")
    def _refuse_half_of_a_provider(self) -> Self:
        for name, setting, value in self.missing():
            raise ValueError(f"{PREFIX}{name.upper()} is missing: {PREFIX}{setting.upper()} is {value}")
        return self

    @model_validator(mode="after")
    def _refuse_development_values_in_production(self) -> Self:
        if not self.in_production:
            return self
        problems = [
            (self.secret_key == DEVELOPMENT_SECRET, "secret_key", "is the development secret; set one of your own"),
            (self.sms_provider == "console", "sms_provider", "is for development; set aliyun, twilio or none"),
            (not self.redis_url, "redis_url", "is missing"),
            (not self.database_url, "database_url", "is missing"),
            (self.mail_provider == "outbox", "mail_provider", "is for development; set smtp or none"),
            (self.page_refresh, "page_refresh", "is for development"),
            (not self.allowed_hosts, "allowed_hosts", "is missing: the host names clients may use"),
            (
                any(len(key) < 32 for key in self.encryption_keys),
                "encryption_keys",
                "has a key of less than 32 characters",
            ),
            (not all(map(ORIGIN.match, self.cors_origins)), "cors_origins", "must name origins, not patterns"),
        ]
        for wrong, name, text in problems:
            if wrong:
                raise ValueError(f"{PREFIX}{name.upper()} {text} (production)")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """First wins: arguments, environment, .env, config_override.toml."""
        return init_settings, env_settings, dotenv_settings, TomlConfigSettingsSource(settings_cls)


def load_settings(folder: Path = ROOT, **overrides: Any) -> Settings:
    """Read the settings from all layers; ``folder`` holds .env and config_override.toml.

    Raises:
        SettingsError: a value is missing, bad or unknown; the message names the setting.
    """
    try:
        if unknown := _unknown_names(folder):
            raise SettingsError("; ".join(f"{name}: there is no such setting" for name in unknown))
        return _settings_of(folder)(**overrides)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{TOML_FILE}: {error}") from None
    except ValidationError as error:
        raise SettingsError("; ".join(_explain(problem) for problem in error.errors())) from None


def _settings_of(folder: Path) -> type[Settings]:
    if folder == ROOT:
        return Settings
    places = SettingsConfigDict(env_file=folder / ENV_FILE, toml_file=folder / TOML_FILE)
    return type("Settings", (Settings,), {"model_config": places})


def _unknown_names(folder: Path) -> list[str]:
    """Return what looks like a setting of ours and is none: a misspelt name would be passed over in silence."""
    variables = [*os.environ, *dotenv_values(folder / ENV_FILE)]
    named = [name for name in variables if name.startswith(PREFIX) and not name.startswith(OF_TESTS)]
    overriding = folder / TOML_FILE
    if overriding.is_file():
        named += [PREFIX + name.upper() for name in tomllib.loads(overriding.read_text())]
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    return sorted({name for name in named if name not in known})


def _explain(problem: Any) -> str:
    message = problem["msg"].removeprefix("Value error, ")
    if not problem["loc"]:
        return str(message)
    name = PREFIX + str(problem["loc"][0]).upper().removeprefix(PREFIX)
    return f"{name}: {message[0].lower()}{message[1:]}"
