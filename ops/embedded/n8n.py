"""N8N beside AWGP: the real one, of one version, on loopback, without a word to its makers.

A guest: nothing of AWGP rests on it. It has a database and a login of its own in the embedded
PostgreSQL, which cannot connect to ours; a uid of its own where root starts it; and an owner made
here at once, so that nobody else on the machine can claim it. Its secrets are files.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg
from psycopg import sql

from ops.embedded.data_folder import DataFolder, give_folder
from ops.embedded.postgres import DATABASE, superuser_url
from ops.embedded.program import Program
from ops.embedded.running import log_file
from ops.n8n_packages import SERVER, build_n8n_node, install_n8n
from ops.node_packages import Progress, node
from pipeline.errors import AwgpError

LOGIN = "n8n"
OWNER = "owner@awgp.example"
_CONNECTIONS = 20
_OTHERS = (DATABASE, "postgres", "template1")
_STOP_SECONDS = 30
"""What N8N gives the flows that run (its default); a little more until SIGKILL."""

_STARTS = "Initializing n8n process"
_FLOWS_LISTEN = "Editor is now accessible via"
"""Logged at every start, in this order; the second even where there is no editor."""

_QUIET = {
    "N8N_DIAGNOSTICS_ENABLED": "false",
    "N8N_VERSION_NOTIFICATIONS_ENABLED": "false",
    "N8N_TEMPLATES_ENABLED": "false",
    "N8N_PERSONALIZATION_ENABLED": "false",
    "N8N_HIRING_BANNER_ENABLED": "false",
    "N8N_LICENSE_AUTO_RENEW_ENABLED": "false",
    "N8N_DISABLED_MODULES": "mcp-registry",
    # Packages come from our lock file and from nowhere else.
    "N8N_COMMUNITY_PACKAGES_ENABLED": "false",
}


class N8nUnusable(AwgpError):
    """N8N answers, and not as the version does that was installed."""


def n8n_url(data: DataFolder) -> str:
    """Return where N8N's webhooks are, and its canvas where it is shown."""
    return f"http://127.0.0.1:{data.ports['n8n']}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """Where N8N's program and the folder of our node are."""

    program: Path
    node: Path


def installed_n8n(progress: Progress | None = None) -> Installed:
    """Install N8N and our node for it where they are missing.

    Raises:
        NodeUnavailable: Node or room is missing, or npm failed.
    """
    return Installed(
        program=install_n8n(progress) / "n8n" / "bin" / "n8n", node=build_n8n_node(progress)
    )


def prepare_n8n(
    data: DataFolder, user: int | None = None, *, progress: Progress | None = None
) -> None:
    """Install N8N and our node for it where they are missing, and give it its folder.

    Raises:
        NodeUnavailable: Node or room is missing, or npm failed.
    """
    installed_n8n(progress)
    give_folder(data.folder("n8n"), user)


def ensure_n8n_database(data: DataFolder) -> None:
    """Give N8N its database and login, with no way into ours; idempotent."""
    url = superuser_url(data, database="postgres")
    with psycopg.connect(url, autocommit=True) as connection:
        _ensure_login(connection, data.secret("n8n-database"))
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [LOGIN])
        if found.fetchone() is None:
            connection.execute(sql.SQL("CREATE DATABASE {0} OWNER {0}").format(_NAME))
        for database in (*_OTHERS, LOGIN):
            # AWGP's own logins have been given theirs by name (ops/database.py).
            connection.execute(
                sql.SQL("REVOKE CONNECT ON DATABASE {} FROM PUBLIC").format(
                    sql.Identifier(database)
                )
            )


def n8n_program(
    data: DataFolder,
    user: int | None = None,
    *,
    canvas: bool = False,
    installed: Callable[[], Installed] = installed_n8n,
) -> Program:
    """Return how to run the prepared N8N.

    Args:
        canvas: Serve its web pages, too.
        installed: Says where it is.
    """
    found = installed()
    home = data.folder("n8n")
    wanted = {
        "N8N_ENCRYPTION_KEY_FILE": data.secret_file("n8n-encryption"),
        "DB_POSTGRESDB_PASSWORD_FILE": data.secret_file("n8n-database"),
    }
    handed = data.handed_secrets("n8n")
    copies = {} if user is None else {name: handed / name for name in wanted}
    files = {name: str(copies.get(name, source)) for name, source in wanted.items()}
    return Program(
        name="n8n",
        command=(
            *(str(node()), str(SERVER / "start.cjs")),
            *(str(found.program), str(found.node), "start"),
        ),
        environment={**_environment(data, home), **files, **_canvas(shown=canvas)},
        user=user,
        secrets={copies[name]: source for name, source in wanted.items() if name in copies},
        folder=home,
        stop_seconds=_STOP_SECONDS + 5,
    )


def n8n_ready(data: DataFolder) -> bool:
    """Tell whether it takes webhooks.

    Until its schema is up to date it answers 200 to anything, "n8n is starting up"; then, until its
    flows listen, 404 where one will. Its own readiness is true before the flows listen; what it
    logs once they do is true later than that.
    """
    try:
        health = httpx.get(f"{n8n_url(data)}/healthz/readiness", timeout=2)
    except httpx.TransportError:
        return False
    if health.status_code != httpx.codes.OK or "json" not in health.headers["content-type"]:
        return False
    try:
        said = log_file(data, "n8n").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return health.json() == {"status": "ok"} and said.rfind(_FLOWS_LISTEN) > said.rfind(_STARTS)


def ensure_owner(data: DataFolder) -> None:
    """Make the owner's account where there is none: until then anyone here could.

    Raises:
        N8nUnusable: It does not let us, and has no such owner.
    """
    account = {
        "email": OWNER,
        "password": data.secret("n8n-owner"),
        "firstName": "AWGP",
        "lastName": "Owner",
    }
    answer = httpx.post(f"{n8n_url(data)}/rest/owner/setup", json=account, timeout=30)
    if answer.status_code == httpx.codes.BAD_REQUEST and "already" in answer.text:
        return
    if answer.status_code != httpx.codes.OK:
        raise N8nUnusable(f"N8N makes no owner: HTTP {answer.status_code} {answer.text[:200]}")


def _environment(data: DataFolder, home: Path) -> dict[str, str]:
    return {
        **_QUIET,
        "NODE_ENV": "production",
        "N8N_USER_FOLDER": str(home),
        "HOME": str(home),
        "TMPDIR": str(home / "tmp"),
        "N8N_LISTEN_ADDRESS": "127.0.0.1",
        "N8N_HOST": "127.0.0.1",
        "N8N_PORT": str(data.ports["n8n"]),
        "N8N_EDITOR_BASE_URL": n8n_url(data),
        "WEBHOOK_URL": f"{n8n_url(data)}/",
        "N8N_SECURE_COOKIE": "false",  # there is no TLS on loopback
        "N8N_RUNNERS_BROKER_PORT": str(data.ports["n8n-broker"]),
        "N8N_RUNNERS_BROKER_LISTEN_ADDRESS": "127.0.0.1",
        "N8N_GRACEFUL_SHUTDOWN_TIMEOUT": str(_STOP_SECONDS),
        "DB_TYPE": "postgresdb",
        "DB_POSTGRESDB_HOST": "127.0.0.1",
        "DB_POSTGRESDB_PORT": str(data.ports["postgres"]),
        "DB_POSTGRESDB_DATABASE": LOGIN,
        "DB_POSTGRESDB_USER": LOGIN,
    }


def _canvas(*, shown: bool) -> dict[str, str]:
    return {} if shown else {"N8N_DISABLE_UI": "true"}


def _ensure_login(connection: psycopg.Connection, password: str) -> None:
    found = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [LOGIN])
    if found.fetchone() is None:
        connection.execute(sql.SQL("CREATE ROLE {}").format(_NAME))
    hashed = connection.pgconn.encrypt_password(
        password.encode(), LOGIN.encode(), b"scram-sha-256"
    ).decode()
    connection.execute(
        sql.SQL(
            "ALTER ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"
            " CONNECTION LIMIT {} PASSWORD {}"
        ).format(_NAME, sql.Literal(_CONNECTIONS), sql.Literal(hashed))
    )


_NAME = sql.Identifier(LOGIN)
