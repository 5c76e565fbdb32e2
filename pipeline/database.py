"""The one door to the database: a transaction that belongs to one tenant.

Nothing waits for ever: a connection is made within 3 s, a statement is ended by the server after
`answer_seconds` and given up by us 2 s later, and a server that has lost its client lets go of
what it held within 30 s. docs/decisions/0050-what-bounds-a-half-open-connection.md says why so.
"""

import select
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Final
from uuid import UUID

import psycopg
from sqlalchemy import URL, Connection, Engine, create_engine, event, exc, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from pipeline.bounded_connection import BoundedConnection
from pipeline.errors import AwgpError

CONNECT_TIMEOUT_SECONDS = 3
ANSWER_SECONDS: Final = 30.0
# Where a caller waits for its own answer, who would rather try again.
REQUEST_ANSWER_SECONDS: Final = 5.0
# By then the server has ended the statement itself and said so, if it is there.
GIVE_UP_AFTER_SECONDS: Final = 2.0
# A transaction whose client says nothing holds its locks no longer than this.
IDLE_IN_TRANSACTION_SECONDS: Final = 15
# The client's side, by TCP itself: 10 s idle, then three probes 5 s apart.
KEEPALIVE: Final = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}
UNACKNOWLEDGED_MS: Final = 15_000
# A pooled connection that was used since is not asked whether it is still there.
ASK_AFTER_SECONDS: Final = 1.0
_USED_AT: Final = "awgp_used_at"


class UnsafeDatabaseRole(AwgpError):
    """The login could step around row-level security."""


def database_url(url: str, password: str | None = None) -> URL:
    """Read a PostgreSQL URL; the password may come apart from it, so that it can live in a file."""
    parsed = make_url(url).set(drivername="postgresql+psycopg")
    return parsed.set(password=password) if password is not None else parsed


def make_engine(
    url: URL,
    *,
    pool_size: int = 8,
    answer_seconds: float = ANSWER_SECONDS,
    lend_seconds: float = CONNECT_TIMEOUT_SECONDS,
) -> Engine:
    """Connects to nothing yet.

    Args:
        pool_size: Connections kept and allowed at once.
        answer_seconds: What one statement may take; `patiently` allows one more.
        lend_seconds: How long who wants a connection waits for one of the pool's.
    """
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=lend_seconds,
        # An error must not carry a payload into a log.
        hide_parameters=True,
        connect_args={
            "connect_timeout": CONNECT_TIMEOUT_SECONDS,
            "options": _session_options(answer_seconds),
            # A plan made once a connection; the statements here are few and hot.
            "prepare_threshold": 2,
            **KEEPALIVE,
            "tcp_user_timeout": UNACKNOWLEDGED_MS,
        },
    )

    def connect(_dialect: object, _record: object, args: Any, parameters: Any) -> BoundedConnection:
        made = BoundedConnection.connect(*args, **parameters)
        made.answer_seconds = answer_seconds + GIVE_UP_AFTER_SECONDS
        return made

    event.listen(engine, "do_connect", connect)
    event.listen(engine, "connect", _refuse_unsafe_role)
    event.listen(engine, "connect", _note_use)
    event.listen(engine, "checkin", _note_use)
    event.listen(engine, "checkout", partial(_look_before_use, engine))
    return engine


def _session_options(answer_seconds: float) -> str:
    """What the server holds this session to; its own half of every bound."""
    settings = {
        "search_path": "awgp,pg_temp",
        "timezone": "UTC",
        "statement_timeout": round(answer_seconds * 1000),
        "idle_in_transaction_session_timeout": IDLE_IN_TRANSACTION_SECONDS * 1000,
        "client_connection_check_interval": 5000,
        **{f"tcp_{name}": number for name, number in KEEPALIVE.items()},
        "tcp_user_timeout": UNACKNOWLEDGED_MS,
    }
    return " ".join(f"-c{name}={value}" for name, value in settings.items())


@contextmanager
def patiently(connection: Connection, seconds: float) -> Iterator[None]:
    """Allow statements longer within, where they honestly take it; until the transaction ends.

    The transaction may also be idle between them: hold no lock that others need.
    """
    driver = connection.connection.driver_connection
    if not isinstance(driver, BoundedConnection):
        yield  # one of a tool's own making, which waits as it likes
        return
    connection.execute(
        text(
            "SELECT set_config('statement_timeout', :limit, true),"
            " set_config('idle_in_transaction_session_timeout', '0', true)"
        ),
        {"limit": str(round(seconds * 1000))},
    )
    before, driver.answer_seconds = driver.answer_seconds, seconds + GIVE_UP_AFTER_SECONDS
    try:
        yield
    finally:
        driver.answer_seconds = before


def _note_use(_connection: object, record: ConnectionPoolEntry) -> None:
    record.info[_USED_AT] = time.monotonic()


def _look_before_use(
    engine: Engine, connection: Any, record: ConnectionPoolEntry, _proxy: object
) -> None:
    """Let the pool replace a connection that has ended, without a round trip at every use.

    What is there to read of a connection nobody uses is its end. One that was quiet for longer is
    asked, for it may have ended without a word.

    Raises:
        InvalidatePoolError: It has ended; the pool makes another.
    """
    quiet_seconds = time.monotonic() - record.info[_USED_AT]
    if quiet_seconds < ASK_AFTER_SECONDS and not _has_something_to_say(connection):
        return
    try:
        engine.dialect.do_ping(connection)
    except psycopg.Error as error:
        raise exc.InvalidatePoolError from error


def _has_something_to_say(connection: psycopg.Connection[Any]) -> bool:
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))


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
