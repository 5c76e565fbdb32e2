"""PostgreSQL itself: reachable, recent, durable, large enough, on time."""

from collections.abc import Iterator
from typing import Final

from ops import gunicorn_conf
from ops.doctor import clock
from ops.doctor.check import Check, fail, ok, skipped, warn
from ops.doctor.run import Probe
from ops.doctor.system import System
from ops.processes import DATABASE_LOGIN, QUEUES

SUBJECT: Final = "database"
REACHED: Final = "reachable"
OLDEST: Final = 160_000
OLDEST_SHOWN: Final = "16"
ABSENT: Final = "not running; `awgp up` starts it"
# Without one of these a crash may lose what was acknowledged.
DURABLE: Final = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}
STRONGER_COMMITS: Final = ("remote_write", "remote_apply")


def reachable(system: System) -> Iterator[Check]:
    if system.is_absent("postgres"):
        yield skipped(REACHED, ABSENT)
        return
    with system.look() as connection:
        (number, shown) = connection.execute(
            "SELECT current_setting('server_version_num')::int, current_setting('server_version')"
        ).fetchall()[0]
        info = connection.info
        place = f"{info.host}:{info.port}/{info.dbname}"
    yield ok(REACHED, place)
    if number >= OLDEST:
        yield ok("version", f"PostgreSQL {shown}")
    else:
        mend = f"dump, and restore into PostgreSQL {OLDEST_SHOWN} or newer"
        yield fail("version", f"PostgreSQL {shown} is too old", mend)


def durability(system: System) -> Iterator[Check]:
    with system.look() as connection:
        rows = connection.execute(
            "SELECT name, setting FROM pg_settings WHERE name = ANY (%s)",
            [[*DURABLE, "data_checksums"]],
        ).fetchall()
    settings = dict(rows)
    for name, wanted in DURABLE.items():
        found = settings.get(name, "unknown")
        if found == wanted or (name == "synchronous_commit" and found in STRONGER_COMMITS):
            yield ok(name, found)
        else:
            mend = f"ALTER SYSTEM SET {name} = {wanted}; SELECT pg_reload_conf()"
            yield fail(name, f"{found}: a crash may lose what was acknowledged", mend)
    if settings.get("data_checksums") == "on":
        yield ok("data checksums", "on")
    else:
        mend = "stop the server and run `pg_checksums --enable -D CLUSTER`"
        yield warn("data checksums", "off: a damaged page goes unnoticed", mend)


def connections(system: System) -> Iterator[Check]:
    with system.look() as connection:
        (most, kept, used) = connection.execute(
            "SELECT current_setting('max_connections')::int,"
            " current_setting('superuser_reserved_connections')::int,"
            " (SELECT coalesce(sum(numbackends), 0) FROM pg_stat_database)"
        ).fetchall()[0]
    needed, free = connections_needed(system), most - kept
    said = f"{most} allowed, {used} in use, up to {needed} for what runs here"
    mend = f"ALTER SYSTEM SET max_connections = {needed + kept + 20}, and restart PostgreSQL"
    if used >= free:
        yield fail("connections", said, mend)
    elif needed > free:
        yield warn("connections", said, mend)
    else:
        yield ok("connections", said)


def connections_needed(system: System) -> int:
    """What the pools of every process may hold at once; one worker a queue where none runs."""
    pool = system.settings.database_pool_size
    names = [state.name for state in system.states]
    workers = sum(1 for name in names if name.rpartition("-")[0] in QUEUES) or len(QUEUES)
    served = sum(gunicorn_conf.workers for kind in DATABASE_LOGIN if kind in ("ingest", "web"))
    return pool * (workers + 1) + max(pool, gunicorn_conf.threads) * served  # and one relay


def server_clock(system: System) -> Iterator[Check]:
    with system.look() as connection:
        connection.execute("SELECT 1")
        asked_at = clock.now()
        (server,) = connection.execute(
            "SELECT extract(epoch FROM clock_timestamp())::float8"
        ).fetchall()[0]
        yield clock.compare("clock", server, asked_at, clock.now(), 0.0)


PROBES: Final = (
    Probe(
        subject=SUBJECT,
        name=REACHED,
        ask=reachable,
        mend="is it running (`awgp status`), and do address and passwords fit? See its log",
    ),
    Probe(subject=SUBJECT, name="durability", ask=durability, needs=(REACHED,)),
    Probe(subject=SUBJECT, name="connections", ask=connections, needs=(REACHED,)),
    Probe(subject=SUBJECT, name="clock", ask=server_clock, needs=(REACHED,)),
)
