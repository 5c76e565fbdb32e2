"""Make the logins and bring the schema up to date.

Everything here needs an administrator's connection and is used at installation and upgrade only;
no running process holds one. Passwords are hashed before they leave this process, so that no
server log ever shows one.
"""

from collections.abc import Mapping
from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from psycopg import sql
from sqlalchemy import Connection, Engine, create_engine, text

from ops.logins import LOGINS, NOBODY_LOGS_IN_AS


def migrate(admin: Engine, passwords: Mapping[str, str], *, to: str = "head") -> None:
    """Create or refresh the logins, then run every migration, all in one transaction.

    Args:
        admin: An engine whose role may create roles and act as them (a superuser).
        passwords: By login, of LOGINS; a login left out keeps the password it has.
        to: The revision to stop at.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: Nothing was changed.
    """
    with admin.begin() as connection:
        # Two installers at once: the second waits, then finds everything done.
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('awgp migrate'))"))
        make_roles(connection, passwords)
        make_schemas(connection)
        connection.execute(text("SET LOCAL ROLE awgp_owner"))
        connection.execute(text("SET LOCAL search_path = awgp, pg_temp"))
        configuration = Config()
        configuration.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        configuration.attributes["connection"] = connection
        command.upgrade(configuration, to)


def make_roles(connection: Connection, passwords: Mapping[str, str]) -> None:
    raw = raw_connection(connection)
    existing = {row[0] for row in connection.execute(text("SELECT rolname FROM pg_roles"))}
    for role in (*LOGINS, *NOBODY_LOGS_IN_AS):
        if role not in existing:
            raw.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(role)))
    for role in NOBODY_LOGS_IN_AS:
        raw.execute(sql.SQL("ALTER ROLE {} NOLOGIN NOINHERIT").format(sql.Identifier(role)))
    for role in LOGINS:
        raw.execute(
            sql.SQL("ALTER ROLE {} LOGIN NOCREATEDB NOCREATEROLE").format(sql.Identifier(role))
        )
        if role in passwords:
            hashed = raw.pgconn.encrypt_password(
                passwords[role].encode(), role.encode(), b"scram-sha-256"
            ).decode()
            raw.execute(
                sql.SQL("ALTER ROLE {} PASSWORD {}").format(
                    sql.Identifier(role), sql.Literal(hashed)
                )
            )


def make_schemas(connection: Connection) -> None:
    raw = raw_connection(connection)
    database = sql.Identifier(connection.execute(text("SELECT current_database()")).scalar_one())
    # A schema's owner may drop whatever is in it, the audit's tables too: so nobody logs in as it.
    raw.execute("CREATE SCHEMA IF NOT EXISTS awgp AUTHORIZATION awgp_audit_owner")
    raw.execute("GRANT USAGE, CREATE ON SCHEMA awgp TO awgp_owner")
    raw.execute("CREATE SCHEMA IF NOT EXISTS awgp_migrations AUTHORIZATION awgp_owner")
    for role in LOGINS:  # said for each, so that CONNECT can be taken from everyone else
        raw.execute(
            sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, sql.Identifier(role))
        )
    # A temporary table could stand in front of a real one.
    raw.execute(sql.SQL("REVOKE TEMPORARY ON DATABASE {} FROM PUBLIC").format(database))
    raw.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")


def raw_connection(connection: Connection) -> psycopg.Connection:
    driver = connection.connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        raise TypeError("migrations need the psycopg driver")
    return driver


def admin_engine(url: str) -> Engine:
    return create_engine(url, pool_size=1, max_overflow=0)
