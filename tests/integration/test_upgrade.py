"""An upgrade of a database in use: what was asked and said before it counts after it."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from psycopg import sql
from sqlalchemy import Connection, text

from ops.database import migrate
from ops.embedded.running import Running
from pipeline.approval import Verdict
from pipeline.approval_store import withdraw_vote
from pipeline.approval_view import load_approval, tally_of
from tests.integration.conftest import Database, _superuser
from tests.integration.stages import rows, status
from tests.integration.test_hold import held_run, look, vote
from tests.integration.world import TenantWorld, World

NAME = "awgp_of_0002"
LARGE = 600_000
COLUMNS = """
    SELECT c.relname, array_agg(quote_ident(a.attname) ORDER BY a.attnum)
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'awgp'::regnamespace AND c.relkind IN ('r', 'p')
        AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
    GROUP BY 1"""
COUNTERS = """
    SELECT format('SELECT setval(pg_get_serial_sequence(''awgp.%1$I'', %2$L),'
        ' (SELECT coalesce(max(%2$I), 0) + 1 FROM awgp.%1$I))', c.relname, a.attname)
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'awgp'::regnamespace AND c.relkind = 'r' AND a.attidentity <> ''"""
# What the older release schedules.
ONLY = {"due": " WHERE kind IN ('hold.expire', 'audit.checkpoint', 'export.run')"}


@pytest.fixture
def older(cluster: Running) -> Iterator[Database]:
    """A database as the release before left it."""
    with _superuser(cluster, "postgres") as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(NAME)))
    found = Database(cluster=cluster, name=NAME)
    migrate(found.admin, {}, to="0002")
    yield found
    found.dispose()
    with _superuser(cluster, "postgres") as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(NAME)))


def columns(connection: Connection) -> dict[str, list[str]]:
    return {row[0]: list(row[1]) for row in connection.execute(text(COLUMNS))}


def copy_rows(newer: Database, older: Database) -> None:
    """Put every row into the older database, as far as that has columns for it."""
    with newer.admin.connect() as source, older.admin.begin() as goal:
        goal.execute(text("SET LOCAL session_replication_role = replica"))
        known = columns(source)
        for table, has in columns(goal).items():
            kept = ", ".join(each for each in has if each in known[table])
            found = source.execute(
                text(
                    "SELECT coalesce(jsonb_agg(t), '[]')::text FROM (SELECT"
                    f" {kept} FROM awgp.{table}{ONLY.get(table, '')}) AS t"
                )
            ).scalar_one()
            goal.execute(
                text(
                    f"INSERT INTO awgp.{table} ({kept}) OVERRIDING SYSTEM VALUE SELECT {kept}"
                    f" FROM jsonb_populate_recordset(NULL::awgp.{table}, CAST(:rows AS jsonb))"
                    " ON CONFLICT DO NOTHING"
                ),
                {"rows": found},
            )
        for each in goal.execute(text(COUNTERS)).scalars().all():
            goal.execute(text(each))


def asked(database: Database, tenant: TenantWorld, *voters: str) -> tuple[UUID, UUID]:
    """A run two must agree to, and who has."""
    run_id, approval_id = held_run(database, tenant, amount=LARGE)
    for name in voters:
        vote(database.outbox("awgp_web"), tenant, approval_id, tenant.persons[name])
    return run_id, approval_id


def test_what_was_asked_and_said_before_an_upgrade_counts_after_it(
    database: Database, older: Database, world: World
) -> None:
    acme, globex = world.acme, world.globex
    half_run, half = asked(database, acme, "ben")
    back_run, back = asked(database, acme, "ben")
    _, done = asked(database, acme, "ben", "cleo")
    other_run, other = asked(database, globex, "cleo")
    copy_rows(database, older)
    assert rows(older, acme, "SELECT count(*) FROM votes") == [(4,)]
    before = look(database.outbox("awgp_web"), acme, half)

    migrate(older.admin, {})

    web = older.outbox("awgp_web")
    after = look(web, acme, half)
    assert (after.digest, after.action, after.requirement, after.excluded) == (
        before.digest,
        before.action,
        before.requirement,
        before.excluded,
    )
    assert [(each.person_id, each.reason) for each in after.votes] == [(acme.persons["ben"], "")]
    assert tally_of(after).rules[0].have == 1
    assert look(web, acme, done).status == "approved"
    # The second vote decides, in every tenant.
    vote(web, acme, half, acme.persons["cleo"])
    assert status(older, acme, half_run)["status"] == "approved"
    vote(web, globex, other, globex.persons["ben"])
    assert status(older, globex, other_run)["status"] == "approved"
    # An old vote can be taken back, and another given in its place.
    with web.work(acme.tenant_id) as work:
        assert withdraw_vote(work, back, person_id=acme.persons["ben"]).votes == ()
    vote(web, acme, back, acme.persons["ben"], verdict=Verdict.REJECT)
    assert status(older, acme, back_run)["status"] == "rejected"


def test_votes_and_places_belong_together_after_an_upgrade(
    database: Database, older: Database, world: World
) -> None:
    acme = world.acme
    asked(database, acme, "ben")
    copy_rows(database, older)

    migrate(older.admin, {})

    found = rows(
        older,
        acme,
        "SELECT p.part, p.person_id = v.person_id FROM approval_persons p"
        " LEFT JOIN votes v USING (tenant_id, vote_id) ORDER BY 1, 2",
    )
    assert found[-1] == ("voter", True)
    assert {row[0] for row in found[:-1]} == {"excluded"}
    with older.admin.connect() as connection:
        forced = connection.execute(
            text(
                "SELECT bool_and(relforcerowsecurity) FROM pg_class"
                " WHERE relnamespace = 'awgp'::regnamespace"
                " AND relname IN ('votes', 'approval_persons', 'runs', 'persons')"
            )
        ).scalar_one()
    assert forced is True
    # Done again, it finds nothing to do.
    migrate(older.admin, {})
    with older.outbox("awgp_web").work(acme.tenant_id) as work:
        ids = work.execute("SELECT approval_id FROM votes").scalars().all()
        assert len(load_approval(work, ids[0]).votes) == 1
