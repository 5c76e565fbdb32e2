"""What a process is told from outside: AWGP_* variables, each of which may name a file instead.

Only composition roots call `read_settings`; everything else is given values. A variable
`AWGP_X_FILE` names a file whose content, stripped, is the value of `AWGP_X` (Docker secrets).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import URL

from pipeline.database import database_url
from pipeline.errors import AwgpError

METRICS_FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"
"""Names the folder in which the processes of one kind keep what they count; Prometheus' own
library reads it when it is imported."""


class SettingInvalid(AwgpError):
    """A variable is missing or cannot be read; the message names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything a process may be told. docs/reference/settings.md lists each; a test compares."""

    env: str = "development"
    database_url: str = ""
    database_password: str = field(default="", repr=False)
    holding_password: str = field(default="", repr=False)
    operator_password: str = field(default="", repr=False)
    redis_url: str = ""
    redis_password: str = field(default="", repr=False)
    oidc_issuer: str = ""
    oidc_audience: str = "awgp"
    ingest_url: str = ""
    keycloak_url: str = ""
    keycloak_client_id: str = "awgp-sync"
    keycloak_client_secret: str = field(default="", repr=False)
    oidc_client_id: str = ""
    oidc_client_secret: str = field(default="", repr=False)
    oidc_scopes: str = "openid profile email"
    public_url: str = ""
    trace_url: str = ""
    session_key: str = field(default="", repr=False)
    session_idle_seconds: int = 1800
    session_seconds: int = 43_200
    smtp_host: str = ""
    smtp_port: int = 587
    smtp_user: str = ""
    smtp_password: str = field(default="", repr=False)
    smtp_from: str = ""
    smtp_tls: str = "starttls"
    notice_retention_days: int = 90
    kek: str = field(default="", repr=False)
    checkpoint_key: str = field(default="", repr=False)
    checkpoint_key_name: str = "awgp"
    checkpoint_public_key: str = ""
    signer_folder: str = ""
    s3_endpoint: str = ""
    s3_bucket: str = "awgp-audit"
    s3_region: str = "us-east-1"
    s3_access_key: str = ""
    s3_secret_key: str = field(default="", repr=False)
    s3_retention_days: int = 365
    queues: str = ""
    runtime_socket: str = ""
    delivery_attempts: int = 8
    delivery_timeout_seconds: int = 10
    trusted_proxies: str = ""
    max_body_bytes: int = 256 * 1024
    max_json_depth: int = 32
    source_rate_per_minute: int = 120_000
    tenant_rate_per_minute: int = 600_000
    database_pool_size: int = 8
    lease_seconds: int = 15
    seal_interval_seconds: int = 30
    export_interval_seconds: int = 3600
    stop_seconds: int = 20
    live_per_person: int = 20
    live_per_tenant: int = 2000
    followers: int = 500
    follow_wait_seconds: int = 30
    ops_address: str = ""
    fault_point: str = ""

    @property
    def database(self) -> URL:
        """Raises: SettingInvalid when AWGP_DATABASE_URL is missing."""
        if not self.database_url:
            raise SettingInvalid("AWGP_DATABASE_URL is not set")
        return database_url(self.database_url, self.database_password or None)

    @property
    def holding_database(self) -> URL:
        """The same database as awgp_holding.

        Raises: SettingInvalid when AWGP_DATABASE_URL or AWGP_HOLDING_PASSWORD is missing.
        """
        if not self.holding_password:
            raise SettingInvalid("AWGP_HOLDING_PASSWORD is not set")
        return self.database.set(username="awgp_holding", password=self.holding_password)

    @property
    def operator_database(self) -> URL:
        """The same database as awgp_operator.

        Raises: SettingInvalid when AWGP_DATABASE_URL or AWGP_OPERATOR_PASSWORD is missing.
        """
        if not self.operator_password:
            raise SettingInvalid("AWGP_OPERATOR_PASSWORD is not set")
        return self.database.set(username="awgp_operator", password=self.operator_password)

    @property
    def lease(self) -> timedelta:
        return timedelta(seconds=self.lease_seconds)


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Read every AWGP_* variable a Settings field names.

    Raises:
        SettingInvalid: A number is not one, or a file cannot be read; names the variable.
    """
    values: dict[str, str | int] = {}
    for each in fields(Settings):
        raw = _raw_value(f"AWGP_{each.name.upper()}", environ)
        if raw is None:
            continue
        values[each.name] = raw
        if isinstance(each.default, int):
            values[each.name] = _positive(f"AWGP_{each.name.upper()}", raw)
    settings = Settings(**values)  # type: ignore[arg-type]  # the loop above typed each value
    if settings.env not in {"development", "production"}:
        raise SettingInvalid(f"AWGP_ENV is {settings.env!r}; use development or production")
    if settings.fault_point and settings.env == "production":
        raise SettingInvalid("AWGP_FAULT_POINT kills the process on purpose; not in production")
    return settings


def _raw_value(name: str, environ: Mapping[str, str]) -> str | None:
    path = environ.get(f"{name}_FILE")
    if path is None:
        return environ.get(name)
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingInvalid(f"{name}_FILE names {path}, which cannot be read: {error}") from error


def _positive(name: str, raw: str) -> int:
    try:
        number = int(raw)
    except ValueError:
        number = 0
    if number < 1:
        raise SettingInvalid(f"{name} is {raw!r}; it takes a whole number above 0")
    return number
