"""The one door to the database: a transaction that belongs to one tenant."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection

from pipeline.errors import AwgpError

CONNECT_TIMEOUT_SECONDS = 3


class UnsafeDatabaseRole(AwgpError):
    """The login could step around row-level security."""


def database_url(url: str, password: str | None = None) -> URL:
    """Read a PostgreSQL URL; the password may come apart from it, so that it can live in a file."""
    parsed = make_url(url).set(drivername="postgresql+psycopg")
    return parsed.set(password=password) if password is not None else parsed


def make_engine(url: URL, *, pool_size: int = 8) -> Engine:
    """Connects to nothing yet.

    Args:
        pool_size: Connections kept and allowed at once.
    """
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=CONNECT_TIMEOUT_SECONDS,
        pool_pre_ping=True,
        # An error must not carry a payload into a log.
        hide_parameters=True,
        connect_args={
            "connect_timeout": CONNECT_TIMEOUT_SECONDS,
            "options": "-csearch_path=awgp,pg_temp -ctimezone=UTC",
            # A plan made once a connection; the statements here are few and hot.
            "prepare_threshold": 2,
        },
    )
    event.listen(engine, "connect", _refuse_unsafe_role)
    return engine


def _refuse_unsafe_role(connection: DBAPIConnection, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute(
        # MEMBER, not USAGE: what a login could become by SET ROLE counts too.
        "SELECT EXISTS (SELECT 1 FROM pg_roles r WHERE pg_has_role(session_user, r.oid, 'MEMBER')"
        " AND (r.rolsuper OR r.rolbypassrls"
        " OR EXISTS (SELECT 1 FROM pg_class c WHERE c.relowner = r.oid"
        " AND c.relnamespace = to_regnamespace('awgp'))"
        " OR EXISTS (SELECT 1 FROM pg_proc p WHERE p.proowner = r.oid"
        " AND p.pronamespace = to_regnamespace('awgp'))))"
    )
    row = cursor.fetchone()
    cursor.close()
    connection.rollback()
    if row is None or row[0]:
        raise UnsafeDatabaseRole(
            "the database login is a superuser, owns tables or may bypass row-level security;"
            " use the login made for this process (see docs/reference/database.md)"
        )


@contextmanager
def tenant_transaction(engine: Engine, tenant_id: UUID) -> Iterator[Connection]:
    """Commit on leaving, roll back on any error; see and write one tenant's rows alone."""
    with engine.begin() as connection:
        enter_tenant(connection, tenant_id)
        yield connection


def enter_tenant(connection: Connection, tenant_id: UUID) -> None:
    # The third argument makes it end with the transaction: a pooled connection forgets its tenant.
    connection.execute(
        text("SELECT set_config('app.current_tenant', :tenant, true)"), {"tenant": str(tenant_id)}
    )
