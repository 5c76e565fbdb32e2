"""Who writes what it takes to approve does not approve under it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from psycopg.types.json import Jsonb
from sqlalchemy.exc import DBAPIError

from pipeline.approval import DEFAULT_RULE
from pipeline.approval_errors import VoterExcluded
from pipeline.outbox import Outbox
from pipeline.policy_store import add_rule
from tests.integration.conftest import Database
from tests.integration.stages import rows
from tests.integration.test_hold import held_run, look, vote
from tests.integration.test_whole_hold import BASE, Hold
from tests.integration.world import World

BECAUSE = "author of the rule two-approvers"


def test_an_admin_who_weakens_a_rule_cannot_vote_under_it(database: Database, world: World) -> None:
    weaker = replace(BASE, quorum=1)
    held = Hold(database, world.acme, weaker, author="cleo")
    excluded = {each.person_id: each.because for each in held.look().excluded}
    assert excluded[held.person("cleo")] == BECAUSE
    with pytest.raises(VoterExcluded, match=BECAUSE):
        held.vote("cleo", "finance")
    held.give_groups("cleo", "break-glass", "finance")
    with pytest.raises(VoterExcluded, match=BECAUSE):
        held.break_glass("cleo")
    held.lend("cleo", "ada", "finance", ends_at=datetime.now(UTC) + timedelta(days=1))
    with pytest.raises(VoterExcluded):
        held.vote("ada", lent_by=held.person("cleo"))
    held.vote("ben", "finance")
    assert held.run_status() == "approved"


def test_the_database_refuses_a_rules_author_asked_directly(
    database: Database, world: World
) -> None:
    held = Hold(database, world.acme, BASE, author="cleo")
    held.refuses(
        "WITH place AS (INSERT INTO approval_persons (tenant_id, approval_id, person_id, part,"
        " vote_id) VALUES (:tenant, :approval, :person, 'voter', :vote) RETURNING 1)"
        " INSERT INTO votes (tenant_id, vote_id, approval_id, person_id, verdict, action_digest,"
        " groups) SELECT :tenant, :vote, :approval, :person, 'approve', :digest, :groups"
        " FROM place",
        "approval_persons_pkey|excluded",
        person=held.person("cleo"),
        vote=uuid4(),
        groups=Jsonb(["finance"]),
    )
    with pytest.raises(DBAPIError), held.web.work(world.acme.tenant_id) as work:
        work.execute("UPDATE approval_persons SET part = 'voter', because = ''")


def test_an_author_of_an_older_version_may_vote_under_anothers(
    database: Database, world: World
) -> None:
    Hold(database, world.acme, BASE, author="cleo")
    later = Hold(database, world.acme, replace(BASE, expires_in_seconds=60), author="ada")
    later.vote("cleo", "finance")
    assert later.run_status() == "approved"


def test_nobody_wrote_the_built_in_rule(database: Database, world: World) -> None:
    acme = world.acme
    outbox = Outbox(database.owner, database.outbox("awgp_web").broker)
    with outbox.work(acme.tenant_id) as work:
        add_rule(work, DEFAULT_RULE, by=acme.persons["cleo"])
    web = database.outbox("awgp_web")
    _, theirs = held_run(database, acme)
    assert acme.persons["cleo"] in {each.person_id for each in look(web, acme, theirs).excluded}
    rows(
        database,
        acme,
        "UPDATE approval_rules SET removed_at = now() WHERE name = 'default' RETURNING 1",
    )
    _, built_in = held_run(database, acme)
    assert vote(web, acme, built_in, acme.persons["cleo"]).status == "approved"
