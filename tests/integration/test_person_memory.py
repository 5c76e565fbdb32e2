"""What is remembered of a person: once written, written again only when it changed."""

from dataclasses import replace
from uuid import UUID

import pytest

from pipeline.identity import Identity, PersonRemoved, remember_person
from tests.integration.conftest import Database
from tests.integration.stages import rows
from tests.integration.world import ISSUER, World

BEN = Identity(issuer=ISSUER, subject="acme-ben", kind="human", name="Ben")


def kept(database: Database, world: World) -> tuple[object, ...]:
    statement = "SELECT display_name, groups, email, seen_at, xmin FROM persons WHERE subject = :s"
    return tuple(rows(database, world.acme, statement, s=BEN.subject)[0])


def remember(
    database: Database,
    world: World,
    identity: Identity = BEN,
    groups: list[str] | None = None,
    email: str | None = None,
) -> UUID:
    with database.outbox("awgp_web").work(world.acme.tenant_id) as work:
        return remember_person(work, identity, groups=groups, email=email)


def test_groups_and_address_are_kept_and_what_is_not_said_stays(
    database: Database, world: World
) -> None:
    person = remember(database, world, groups=["finance", "approver"], email="ben@acme.test")
    assert person == world.acme.persons["ben"]
    assert kept(database, world)[:3] == ("Ben", ["approver", "finance"], "ben@acme.test")
    remember(database, world, replace(BEN, name=""))
    assert kept(database, world)[:3] == ("Ben", ["approver", "finance"], "ben@acme.test")
    remember(database, world, replace(BEN, name="Benjamin"), groups=[])
    assert kept(database, world)[:3] == ("Benjamin", [], "ben@acme.test")


def test_what_did_not_change_is_not_written_again(database: Database, world: World) -> None:
    remember(database, world, groups=["approver"])
    before = kept(database, world)
    assert before[3] is not None
    remember(database, world, groups=["approver"])
    assert kept(database, world) == before


def test_a_removed_person_is_not_remembered(database: Database, world: World) -> None:
    rows(database, world.acme, "UPDATE persons SET removed_at = now() RETURNING 1")
    with pytest.raises(PersonRemoved):
        remember(database, world, groups=["approver"])
