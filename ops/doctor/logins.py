"""The database logins: there, able to log in, and no more than they should be."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

import psycopg
from sqlalchemy.exc import DBAPIError

from ops.doctor.check import Check, fail, ok, skipped
from ops.doctor.database import REACHED, SUBJECT
from ops.doctor.run import Probe, what_happened
from ops.doctor.system import System, open_read_only
from ops.logins import LOGINS, NOBODY_LOGS_IN_AS
from ops.operator_access import PasswordUnknown
from pipeline.database import UnsafeDatabaseRole, database_url, make_engine

MIGRATE: Final = "`awgp up`, or `awgp database migrate --passwords FOLDER`, sets it right"
OWNER: Final = "awgp_owner"
_ROLES: Final = """
    SELECT r.rolname, r.rolcanlogin, r.rolsuper, r.rolbypassrls, r.rolcreaterole, r.rolcreatedb,
        r.rolreplication, EXISTS (SELECT 1 FROM pg_class c WHERE c.relowner = r.oid
            AND c.relnamespace = to_regnamespace('awgp')),
        (SELECT array_agg(m.roleid::regrole::text) FROM pg_auth_members m WHERE m.member = r.oid)
    FROM pg_roles r WHERE r.rolname = ANY (%s)"""
_ATTRIBUTES: Final = ("SUPERUSER", "BYPASSRLS", "CREATEROLE", "CREATEDB", "REPLICATION")


def roles(system: System) -> Iterator[Check]:
    """What the catalogue says of each role; any login may read it."""
    with system.look() as connection:
        rows = connection.execute(_ROLES, [[*LOGINS, *NOBODY_LOGS_IN_AS]]).fetchall()
    found = {row[0]: row[1:] for row in rows}
    sound = True
    for role in (*LOGINS, *NOBODY_LOGS_IN_AS):
        for said, mend in _faults(role, found.get(role)):
            sound = False
            yield fail(f"role {role}", said, mend)
    if sound:
        yield ok("roles", f"{len(found)} there, none above its rights")


def _faults(role: str, row: tuple[object, ...] | None) -> Iterator[tuple[str, str]]:
    if row is None:
        yield "is missing", MIGRATE
        return
    can_login, *attributes, owns, member_of = row
    if can_login != (role in LOGINS):
        wanted = "LOGIN" if role in LOGINS else "NOLOGIN"
        yield f"is not {wanted}", f"ALTER ROLE {role} {wanted}"
    for name, has in zip(_ATTRIBUTES, attributes, strict=True):
        if has:
            yield f"has {name}: row security does not hold it", f"ALTER ROLE {role} NO{name}"
    if owns and role in LOGINS and role != OWNER:
        yield "owns tables: it may switch row security off", "give them back to awgp_owner"
    if isinstance(member_of, list):
        groups = ", ".join(map(str, member_of))
        yield f"may become {groups}", f"REVOKE {groups} FROM {role}"


def log_in(system: System) -> Iterator[Check]:
    """Each as its processes do, who refuse a login with too much right."""
    refused = False
    for login in LOGINS:
        try:
            _enter(system, login)
        except PasswordUnknown as unknown:
            if system.data is None:
                yield skipped("logging in", "no data folder: the logins' passwords are not known")
                return
            refused = True
            yield fail(f"login {login}", str(unknown), MIGRATE)
        except (psycopg.OperationalError, DBAPIError) as error:
            refused = True
            yield fail(f"login {login}", what_happened(error), MIGRATE)
        except UnsafeDatabaseRole as unsafe:
            refused = True
            yield fail(f"login {login}", str(unsafe), "see `role` above")
    if not refused:
        yield ok("logging in", f"{len(LOGINS)} logins can")


def _enter(system: System, login: str) -> None:
    url = system.database_url(login)
    if login == OWNER:
        # The tables' owner, whom no process may be; it only migrates and rotates.
        with open_read_only(url):
            return
    engine = make_engine(database_url(url.render_as_string(hide_password=False)), pool_size=1)
    try:
        engine.connect().close()
    finally:
        engine.dispose()


def passwords(system: System) -> Iterator[Check]:
    """Each login's own: who has one must not have another's."""
    holders: dict[str, list[str]] = defaultdict(list)
    for login in ("postgres", *LOGINS):
        secret = system.secret(login)
        if secret is not None:
            holders[secret].append(login)
    if not holders:
        yield skipped("passwords", "no data folder: the logins' passwords are not known")
        return
    shared = [logins for logins in holders.values() if len(logins) > 1]
    for logins in shared:
        mend = "write another into secrets/ of the data folder for each, then `awgp up`"
        yield fail("passwords", f"{' and '.join(logins)} share one", mend)
    if not shared:
        yield ok("passwords", "each login has its own")


PROBES: Final = (
    Probe(subject=SUBJECT, name="roles", ask=roles, needs=(REACHED,), mend=MIGRATE),
    Probe(
        subject=SUBJECT, name="logging in", ask=log_in, needs=(REACHED,), mend=MIGRATE, limit=45.0
    ),
    Probe(subject=SUBJECT, name="passwords", ask=passwords),
)
