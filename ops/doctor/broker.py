"""Redis or Valkey: reachable, kept on disk, never evicting, and each user held to its part."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import redis

from actors.broker import make_redis
from ops.doctor import clock
from ops.doctor.check import Check, fail, ok, skipped, warn
from ops.doctor.run import Probe
from ops.doctor.system import System
from ops.embedded.valkey import SESSION_KEYS, valkey_url_without_password
from pipeline.settings import Settings

SUBJECT: Final = "broker"
REACHED: Final = "reachable"
ABSENT: Final = "not running; `awgp up` starts it"
USERS: Final = ("ingest", "web", "worker", "relay")
POLICY: Final = "noeviction"
# What every kind of process does; Dramatiq's own script works on `dramatiq` and below it.
MUST: Final = (
    ("GET", "awgp:doctor"),
    ("SET", "awgp:doctor", "x"),
    ("EVALSHA", "0", "1", "dramatiq"),
    ("LRANGE", "dramatiq:policy", "0", "0"),
    ("PUBLISH", "awgp:doctor", "x"),
    ("KEYS", "dramatiq:*"),
)
MUST_NOT: Final = (
    ("CONFIG", "GET", "maxmemory-policy"),
    ("FLUSHALL",),
    ("FLUSHDB",),
    ("SHUTDOWN",),
    ("ACL", "LIST"),
    ("GET", "elsewhere"),
)
SESSION: Final = ("GET", SESSION_KEYS[0].replace("*", "doctor"))
RESTORE: Final = (
    "`awgp down` and `awgp up` write its users anew; on a server of your own, ACL SETUSER"
)


def settings_of(system: System, user: str) -> Settings:
    """How a user connects: the embedded server's users, or the one AWGP_REDIS_URL names."""
    if system.data is None or not system.is_embedded("valkey"):
        return system.settings
    return Settings(
        redis_url=valkey_url_without_password(system.data, user),
        redis_password=system.secret(f"valkey-{user}") or "",
    )


@contextmanager
def connected(system: System, user: str = "admin") -> Iterator["redis.Redis"]:
    client = make_redis(settings_of(system, user))
    try:
        yield client
    finally:
        client.close()


def reachable(system: System) -> Iterator[Check]:
    if system.is_absent("valkey"):
        yield skipped(REACHED, ABSENT)
        return
    with connected(system) as client:
        client.ping()
        try:
            server: Any = client.info("server")
        except redis.exceptions.NoPermissionError:
            yield ok(REACHED, "it answers; this user may not ask for its version")
            return
    name = "Valkey" if "valkey_version" in server else "Redis"
    version = server.get("valkey_version", server.get("redis_version", "of no known version"))
    yield ok(REACHED, f"{name} {version}")


def keeping(system: System) -> Iterator[Check]:
    """What it says of its memory and its disk; an evicted queue would only be late, but silently.

    Losing everything costs the relay seconds: without an append-only file it is a warning.
    """
    with connected(system) as client:
        try:
            kept: Any = client.info("persistence")
            memory: Any = client.info("memory")
        except redis.exceptions.NoPermissionError:
            yield skipped("persistence", "this user may not ask (INFO)")
            return
    mend = "CONFIG SET appendonly yes; CONFIG REWRITE"
    if not kept.get("aof_enabled"):
        said = "no append-only file: a restart loses sessions and every message"
        yield warn("persistence", said, mend)
    elif kept.get("aof_last_write_status") != "ok":
        yield fail("persistence", "the append-only file cannot be written", "make room on its disk")
    else:
        yield ok("persistence", "append-only file")
    found = memory.get("maxmemory_policy")
    if found == POLICY:
        yield ok("eviction", found)
    else:
        said = f"maxmemory-policy is {found}: queues may vanish under load"
        yield fail("eviction", said, f"CONFIG SET maxmemory-policy {POLICY}; CONFIG REWRITE")


def users(system: System) -> Iterator[Check]:
    """Ask the server itself what each user may; nothing is carried out (ACL DRYRUN)."""
    if not system.is_embedded("valkey"):
        yield from _own_user(system)
        return
    sound = True
    with connected(system) as admin:
        for user in USERS:
            with connected(system, user) as client:
                client.ping()
            forbidden = [*MUST_NOT, *(() if user == "web" else (SESSION,))]
            for command, wanted in (
                *((each, True) for each in MUST),
                *((each, False) for each in forbidden),
            ):
                if _may(admin, user, command) is not wanted:
                    sound = False
                    may = "may not" if wanted else "may"
                    yield fail(f"user {user}", f"{may} {' '.join(command)}", RESTORE)
    if sound:
        yield ok("users", f"{', '.join(USERS)} may do their part and no more")


def _may(admin: "redis.Redis", user: str, command: tuple[str, ...]) -> bool:
    answer: Any = admin.acl_dryrun(user, *command)
    return answer in (b"OK", "OK")


def _own_user(system: System) -> Iterator[Check]:
    """On a server of one's own: what this user may that it should not."""
    with connected(system) as client:
        try:
            client.config_get("maxmemory-policy")
        except redis.exceptions.NoPermissionError:
            yield ok("users", "the user AWGP_REDIS_URL names may not administer")
            return
    said = "the user AWGP_REDIS_URL names may administer the server"
    mend = "give every kind of process a user of its own: docs/how-to/run-on-real-servers.md"
    yield warn("users", said, mend)


def server_clock(system: System) -> Iterator[Check]:
    with connected(system) as client:
        client.ping()
        asked_at = clock.now()
        answer: Any = client.time()
        yield clock.compare("clock", answer[0] + answer[1] / 1e6, asked_at, clock.now(), 0.0)


PROBES: Final = (
    Probe(
        subject=SUBJECT,
        name=REACHED,
        ask=reachable,
        mend="is it running (`awgp status`), and do address and password fit? See its log",
    ),
    Probe(subject=SUBJECT, name="keeping", ask=keeping, needs=(REACHED,)),
    Probe(subject=SUBJECT, name="users", ask=users, needs=(REACHED,), mend=RESTORE),
    Probe(subject=SUBJECT, name="clock", ask=server_clock, needs=(REACHED,)),
)
