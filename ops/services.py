"""The servers AWGP rests on, each embedded unless the operator names one of their own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ops.embedded.data_folder import DataFolder
from ops.embedded.oidc import issuer_url, oidc_program, oidc_ready, prepare_oidc
from ops.embedded.postgres import (
    ensure_database,
    login_url_without_password,
    postgres_program,
    postgres_ready,
    prepare_postgres,
)
from ops.embedded.program import Program
from ops.embedded.running import START_SECONDS
from ops.embedded.s3 import (
    ensure_bucket,
    prepare_s3,
    s3_admin_client,
    s3_endpoint,
    s3_program,
    s3_ready,
)
from ops.embedded.valkey import (
    prepare_valkey,
    valkey_program,
    valkey_ready,
    valkey_url_without_password,
)


def _nothing(_data: DataFolder) -> None:
    """Nothing is left to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One embedded server.

    Attributes:
        replaced_by: The operator's variable that names a server of their own instead.
        prepare: Before it starts: its files, for the uid it runs as (None for our own).
        program: How it runs, as that uid.
        ready: Whether it answers a real request.
        finish: Once it answers: what must exist inside it.
        url: Where it is, fit to show: no password.
        furnish: What a guest needs of our database, before it starts.
        patience_seconds: How long it may take to answer.
    """

    name: str
    replaced_by: str
    prepare: Callable[[DataFolder, int | None], None]
    program: Callable[[DataFolder, int | None], Program]
    ready: Callable[[DataFolder], bool]
    finish: Callable[[DataFolder], None]
    url: Callable[[DataFolder], str]
    furnish: Callable[[DataFolder], None] = _nothing
    patience_seconds: float = START_SECONDS


def _prepare_postgres(data: DataFolder, _user: int | None) -> None:
    prepare_postgres(data)  # it chooses a uid with a name, which the server insists on


def _postgres_program(data: DataFolder, _user: int | None) -> Program:
    return postgres_program(data)


def _ensure_audit_bucket(data: DataFolder) -> None:
    ensure_bucket(s3_admin_client(data))


SERVICES = (
    Service(
        name="postgres",
        replaced_by="AWGP_DATABASE_URL",
        prepare=_prepare_postgres,
        program=_postgres_program,
        ready=postgres_ready,
        finish=ensure_database,
        url=lambda data: login_url_without_password(data, "awgp_web"),
    ),
    Service(
        name="valkey",
        replaced_by="AWGP_REDIS_URL",
        prepare=prepare_valkey,
        program=valkey_program,
        ready=valkey_ready,
        finish=_nothing,
        url=lambda data: valkey_url_without_password(data, "web"),
    ),
    Service(
        name="s3",
        replaced_by="AWGP_S3_ENDPOINT",
        prepare=prepare_s3,
        program=s3_program,
        ready=s3_ready,
        finish=_ensure_audit_bucket,
        url=s3_endpoint,
    ),
    Service(
        name="oidc",
        replaced_by="AWGP_OIDC_ISSUER",
        prepare=prepare_oidc,
        program=oidc_program,
        ready=oidc_ready,
        finish=_nothing,
        url=issuer_url,
    ),
)


def embedded_services(operator: Mapping[str, str]) -> list[Service]:
    """Return the servers to run here: those the operator named none for."""
    return [service for service in SERVICES if service.replaced_by not in operator]
