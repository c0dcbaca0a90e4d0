"""Settings of the services outside: mail, SMS, files, Google (docs/providers.md). ``settings.py`` has the others."""

from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings

from flask_api.setting_kinds import CommaSeparated, OptionalQuota, Quota

MEGABYTE = 1024 * 1024
# What each provider cannot do without.
NEEDS = {
    ("mail_provider", "smtp"): ("smtp_host", "mail_from"),
    ("sms_provider", "aliyun"): (
        "aliyun_access_key_id", "aliyun_access_key_secret", "aliyun_sign_name", "aliyun_template_code",
    ),
    ("sms_provider", "twilio"): ("twilio_account_sid", "twilio_auth_token", "twilio_from"),
    ("storage_provider", "qiniu"): (
        "qiniu_access_key", "qiniu_secret_key", "qiniu_bucket", "qiniu_private_bucket", "qiniu_private_url",
        "storage_public_url",
    ),
    ("storage_provider", "s3"): ("s3_bucket", "s3_access_key", "s3_secret_key", "storage_public_url"),
}  # fmt: skip


class OutsideSettings(BaseSettings):
    """How each outside service is reached. An empty ``…_endpoint`` is the vendor's own."""

    public_url: str = ""  # of this server, as people reach it: what links in mails begin with
    outside_timeout: float = Field(5, gt=0)  # a whole call, answer included

    # Background jobs
    jobs_inside: bool | None = None  # run them in the server's first process; None: in development only
    job_threads: int = Field(4, ge=1)
    job_lease: float = Field(30, gt=0)  # after it jobs of a worker that was killed come again
    job_unknown_days: int = Field(7, ge=0)  # after them a job whose name no release knows is dead

    # Mail
    mail_provider: Literal["outbox", "smtp", "none"] | None = None  # None: outbox in development, none in production
    mail_from: str = "Solo <solo@localhost>"
    smtp_host: str = ""
    smtp_port: int = Field(587, ge=1, le=65535)
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_user: str = ""
    smtp_password: str = Field("", repr=False)
    smtp_timeout: float = Field(60, gt=0)  # a whole mail: servers greet late on purpose, and look through what they get
    mail_code_lifetime: int = Field(900, ge=1)
    limit_mails_per_address: OptionalQuota = Quota(60, 3600)  # limits; empty: none
    limit_mails_in_all: OptionalQuota = Quota(3000, 3600)
    operators: CommaSeparated = Field([])  # who gets errors by mail (logging.ini)

    # SMS
    sms_provider: Literal["console", "none", "aliyun", "twilio"] = "console"
    aliyun_access_key_id: str = ""
    aliyun_access_key_secret: str = Field("", repr=False)
    aliyun_sign_name: str = ""
    aliyun_template_code: str = ""  # of a template with the variables ${code} and ${minutes}
    aliyun_endpoint: str = ""
    twilio_account_sid: str = ""
    twilio_auth_token: str = Field("", repr=False)
    twilio_from: str = ""  # a number, or the SID of a messaging service (MG…)
    twilio_endpoint: str = ""

    # Files
    storage_provider: Literal["local", "qiniu", "s3"] = "local"
    storage_public_url: str = ""  # what addresses of public files begin with; empty with local: this server's /media
    max_upload_size: int = Field(100 * MEGABYTE, ge=1)
    accelerated_by_nginx: bool = False  # private files go out by X-Accel-Redirect (deploy/nginx.conf)
    qiniu_access_key: str = ""
    qiniu_secret_key: str = Field("", repr=False)
    qiniu_bucket: str = ""  # a public one
    qiniu_private_bucket: str = ""
    qiniu_private_url: str = ""  # the domain of the private bucket
    qiniu_upload_url: str = "https://upload.qiniup.com"
    qiniu_endpoint: str = ""  # of the management of objects; empty: https://rs.qiniuapi.com
    s3_endpoint: str = ""
    s3_region: str = "us-east-1"
    s3_bucket: str = ""
    s3_access_key: str = ""
    s3_secret_key: str = Field("", repr=False)

    # Google
    google_client_ids: CommaSeparated = []  # whose ID tokens are taken; empty: nobody logs in by Google
    google_issuers: CommaSeparated = ["https://accounts.google.com", "accounts.google.com"]
    google_keys_url: str = "https://www.googleapis.com/oauth2/v3/certs"

    def missing(self) -> list[tuple[str, str, str]]:
        """Return what is needed and empty: (setting, of which provider setting, and its value)."""
        return [
            (name, setting, value)
            for (setting, value), names in NEEDS.items()
            if getattr(self, setting) == value
            for name in names
            if not getattr(self, name)
        ]
