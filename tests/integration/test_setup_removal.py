"""Taking away what a tenant set up: it stops, nothing is lost, and it can be seen to have been."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from actors.execute import Executor
from pipeline.approval import DEFAULT_RULE
from pipeline.policy_store import (
    RuleNotFound,
    activate_policy_set,
    add_policy_set,
    load_rule,
    requirement_of,
)
from pipeline.registry_find import find_target
from pipeline.registry_names import NotSetUp
from pipeline.run import Stage
from tests.integration.command_line import CommandLine, at_the_machine
from tests.integration.conftest import Database
from tests.integration.control_plane import HELD, HELD_BY_TWO, open_control_plane, person
from tests.integration.door import Door
from tests.integration.driving import (
    LEASE,
    FakeHost,
    decide,
    hold,
    make_signer,
    seal_all,
)
from tests.integration.stages import declared, rows, status, work_off
from tests.integration.world import FIELDS, ISSUER, TenantWorld, World, submit

pytestmark = pytest.mark.services

AT = ("--tenant", "acme")

BY_ONE = """
@id("invoices")
permit (principal, action == Action::"run", resource)
when { context.payload has amount };
"""


@pytest.fixture
def awgp(
    database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[CommandLine]:
    with at_the_machine(database, tmp_path, monkeypatch, capsys) as line:
        yield line


@pytest.fixture
def door(database: Database) -> Door:
    return Door(engine=database.engine("awgp_ingest"), admin=database.admin)


def launch(database: Database, tenant: TenantWorld) -> None:
    executor = Executor(database.outbox("awgp_worker"), FakeHost(), lease=LEASE)
    for row in rows(database, tenant, "SELECT handoff_id FROM handoffs WHERE stage = 'execute'"):
        executor.execute(tenant.tenant_id, row[0])


def activate(database: Database, tenant: TenantWorld, source: str) -> None:
    with database.outbox("awgp_web").work(tenant.tenant_id) as work:
        version = add_policy_set(
            work, source=source, author=tenant.persons["axel"], context_fields=FIELDS
        )
        activate_policy_set(work, version, by=tenant.persons["olga"])


def slug_of(answer: object) -> str:
    body = answer.get_json()  # type: ignore[attr-defined]  # an answer of Flask's test client
    return str(body["type"]).rpartition(":")[2]


def test_a_removed_person_is_refused_everywhere_whatever_the_token_says(
    awgp: CommandLine, database: Database, world: World, door: Door
) -> None:
    plane = open_control_plane(database, world)
    approval = plane.held(HELD)
    ben = person("acme", "ben")
    assert plane.get("/v1/runs", ben).status_code == 200
    awgp.told("person", "remove", "ben", *AT, "--yes")
    answers = [
        plane.get("/v1/runs", ben),
        plane.vote(approval, ben),
        door.ask({"assistant": "booker", "payload": {}}, subject="acme-ben"),
    ]
    assert [(answer.status_code, slug_of(answer)) for answer in answers] == [
        (403, "person-removed")
    ] * 3
    assert plane.vote(approval, person("acme", "cleo")).get_json()["status"] == "approved"
    said = awgp.refused("rule", "add", "x", "--group", "y", *AT, "--as", "ben")
    assert "has no person 'ben'" in said
    assert "Ben" not in awgp("person", "list", *AT).out
    assert "Ben" in awgp("person", "list", *AT, "--removed").out

    again = ("person", "add", "--name", "Ben", "--subject", "acme-ben", "--issuer")
    back = awgp.told(*again, ISSUER, *AT)
    assert back["id"] == str(world.acme.persons["ben"])
    assert plane.get("/v1/runs", ben).status_code == 200


def test_who_owns_a_source_is_removed_only_with_an_heir_who_then_may_not_vote(
    awgp: CommandLine, database: Database, world: World
) -> None:
    said = awgp.refused("person", "remove", "olga", *AT, "--yes")
    assert "owns the sources erp; name who takes them over with --to" in said
    assert "another person" in awgp.refused(
        "person", "remove", "olga", *AT, "--to", "olga", "--yes"
    )
    told = awgp.told("person", "remove", "olga", *AT, "--to", "cleo", "--yes")
    assert told["sources_given"] == ["erp"]
    assert awgp.told("source", "show", "erp", *AT)["owner"] == "Cleo"
    _, approval = hold(database, world.acme)
    excluded = rows(
        database,
        world.acme,
        "SELECT person_id FROM approval_persons WHERE approval_id = :id AND because LIKE '%source'",
        id=approval,
    )
    assert [row[0] for row in excluded] == [world.acme.persons["cleo"]]


def test_a_removed_source_answers_as_one_that_is_off_and_its_name_is_free(
    awgp: CommandLine, world: World, door: Door
) -> None:
    assert door.hook(world.acme, b"{}", event="before").status_code == 202
    awgp.told("source", "remove", "erp", *AT, "--yes")
    answer = door.hook(world.acme, b"{}", event="after")
    assert (answer.status_code, slug_of(answer)) == (403, "source-inactive")
    assert door.hook(world.globex, b"{}").status_code == 202
    assert "has no source 'erp'; there are none yet" in awgp.refused("source", "show", "erp", *AT)
    new = awgp.told("source", "add", "erp", "--assistant", "booker", *AT, "--owner", "ada")
    assert new["id"] != str(world.acme.source_id)
    assert door.hook(world.acme, b"{}", event="later").status_code == 403
    # What the old one sent is still its own.
    (row,) = awgp.told("source", "list", *AT)
    assert (row["id"], awgp.told("source", "show", "erp", *AT)["last_request"]) == (new["id"], None)


def test_a_removed_assistant_denies_what_waits_and_loses_none(
    awgp: CommandLine, database: Database, world: World, door: Door, tmp_path: Path
) -> None:
    outbox = database.outbox("awgp_ingest")
    _, approval = hold(database, world.acme)
    decide(database, world.acme, approval)  # approved, about to start
    held, open_ = hold(database, world.acme)
    received = submit(outbox, world.acme, {"amount_cents": 20_000})
    awgp.told("assistant", "remove", "booker", *AT, "--yes")

    assert slug_of(door.hook(world.acme, b"{}")) == "source-inactive"
    work_off(database, declared(database), world.acme, Stage.POLICY)
    launch(database, world.acme)
    assert status(database, world.acme, held)["status"] == "held"
    decide(database, world.acme, open_)
    launch(database, world.acme)
    seal_all(database, make_signer(tmp_path / "signer"), world.acme)
    ended = rows(database, world.acme, "SELECT status, reason, sealed_at IS NOT NULL FROM runs")
    assert [tuple(row) for row in ended] == [("denied", "assistant-not-active", True)] * 3
    assert rows(database, world.acme, "SELECT 1 FROM handoffs") == []
    assert status(database, world.acme, received)["sealed_at"] is not None

    awgp.told("assistant", "restore", "booker", *AT)
    assert door.hook(world.acme, b"{}").status_code == 202
    assert "nothing to restore" in awgp.refused("assistant", "restore", "booker", *AT)


def test_a_run_between_policy_and_hold_waits_for_its_assistant_to_be_restored(
    awgp: CommandLine, database: Database, world: World
) -> None:
    broker = declared(database)
    run_id = submit(database.outbox("awgp_ingest"), world.acme, {"amount_cents": 20_000})
    work_off(database, broker, world.acme, Stage.POLICY)
    awgp.told("assistant", "remove", "booker", *AT, "--yes")
    work_off(database, broker, world.acme, Stage.HOLD)
    waiting = rows(database, world.acme, "SELECT run_id, failures FROM handoffs")
    assert [tuple(row) for row in waiting] == [(run_id, 1)]

    awgp.told("assistant", "restore", "booker", *AT)
    with database.admin.begin() as connection:
        connection.exec_driver_sql("UPDATE awgp.handoffs SET not_before = NULL")
    work_off(database, broker, world.acme, Stage.HOLD)
    assert status(database, world.acme, run_id)["status"] == "held"


def test_a_target_is_removed_once_no_active_assistant_delivers_to_it(
    awgp: CommandLine, database: Database, world: World
) -> None:
    assert "booker delivers to it" in awgp.refused("target", "remove", "ledger", *AT, "--yes")
    awgp.told("assistant", "remove", "booker", *AT, "--yes")
    awgp.told("target", "remove", "ledger", *AT, "--yes")
    assert "has no targets yet" in awgp("target", "list", *AT).out
    with (
        database.outbox("awgp_web").work(world.acme.tenant_id) as work,
        pytest.raises(NotSetUp, match="there are none yet"),
    ):
        find_target(work, "ledger")
    said = awgp.refused("assistant", "restore", "booker", *AT)
    assert "booker delivers to ledger, removed since" in said
    agent = ("assistant", "add", "x", "--bundle", awgp.bundle(), "--as", "ada", *AT)
    assert "has no target 'ledger'" in awgp.refused(*agent, "--target", "ledger")
    again = awgp.told("target", "add", "ledger", "--url", "https://a.example/", "--as", "ada", *AT)
    assert again["version"] == 2
    awgp.told("assistant", "restore", "booker", *AT)


def test_a_rule_goes_only_when_the_policy_in_force_does_not_name_it_and_strands_no_run(
    awgp: CommandLine, database: Database, world: World
) -> None:
    plane = open_control_plane(database, world)
    approval = plane.held(HELD_BY_TWO)
    broker = declared(database)
    between = submit(database.outbox("awgp_ingest"), world.acme, HELD_BY_TWO)
    work_off(database, broker, world.acme, Stage.POLICY)
    remove = ("rule", "remove", "two-approvers", *AT, "--yes")
    assert "policy version 1 is in force and holds by two-approvers" in awgp.refused(*remove)

    activate(database, world.acme, BY_ONE)
    awgp.told(*remove)
    assert awgp.told("rule", "list", *AT) == []
    assert awgp.told("rule", "show", "two-approvers", *AT)["removed"] is True
    assert "has no approval rule" in awgp.refused(*remove)
    # Permitted before, held after: by the rule its decision names.
    work_off(database, broker, world.acme, Stage.HOLD)
    assert status(database, world.acme, between)["status"] == "held"
    # Held before: two still decide, and it starts.
    assert plane.vote(approval, person("acme", "ben")).get_json()["status"] == "open"
    assert plane.vote(approval, person("acme", "cleo")).get_json()["status"] == "approved"
    launch(database, world.acme)
    assert status(database, world.acme, UUID(approval["run_id"]))["status"] == "executed"
    # No policy that names it comes into force again.
    with (
        database.outbox("awgp_web").work(world.acme.tenant_id) as work,
        pytest.raises(RuleNotFound),
    ):
        activate_policy_set(work, 1, by=world.acme.persons["ben"])
    assert (
        awgp.told("rule", "add", "two-approvers", "--group", "approver", "--as", "ada", *AT)[
            "version"
        ]
        == 2
    )


def test_a_tenants_own_default_rule_goes_only_when_nothing_is_held_by_it(
    awgp: CommandLine, database: Database, world: World
) -> None:
    strict = ("rule", "add", "default", "--group", "approver", "--quorum", "3", "--as", "ada", *AT)
    awgp.told(*strict)
    remove = ("rule", "remove", "default", *AT, "--yes")
    # A permit that names no rule is held by it.
    assert "is in force and holds by default" in awgp.refused(*remove)
    activate(database, world.acme, BY_ONE.replace("permit", '@hold("two-approvers")\npermit'))
    awgp.told(*remove)
    with database.outbox("awgp_web").work(world.acme.tenant_id) as work:
        assert load_rule(work, "default") == DEFAULT_RULE
        assert requirement_of(work, ["default"]).rules == (DEFAULT_RULE,)


def test_a_closed_tenant_takes_nothing_new_and_keeps_its_trail(
    awgp: CommandLine, database: Database, world: World, door: Door, tmp_path: Path
) -> None:
    run_id, approval = hold(database, world.acme)
    said = awgp.refused("tenant", "remove", "acme", "--yes")
    assert "1 run is not over yet" in said
    decide(database, world.acme, approval)
    awgp.told("assistant", "remove", "booker", *AT, "--yes")
    launch(database, world.acme)
    signer = make_signer(tmp_path / "signer")
    assert "1 run is not over yet" in awgp.refused("tenant", "remove", "acme", "--yes")
    seal_all(database, signer, world.acme)
    assert "say --yes" in awgp.refused("tenant", "remove", "acme")
    awgp.told("assistant", "restore", "booker", *AT)
    assert awgp.told("tenant", "remove", "acme", "--yes")["sources_stopped"] == 1

    plane = open_control_plane(database, world)
    ada = person("acme", "ada")
    assert slug_of(door.hook(world.acme, b"{}")) == "source-inactive"
    asked = door.ask({"assistant": "booker", "payload": {}})
    assert (asked.status_code, slug_of(asked)) == (403, "tenant-closed")
    pushed = plane.post("/v1/policies", ada, {"source": BY_ONE, "context_fields": dict(FIELDS)})
    assert (pushed.status_code, slug_of(pushed)) == (403, "tenant-closed")
    (shown,) = plane.get("/v1/runs", ada).get_json()["items"]
    assert shown["id"] == str(run_id)
    assert door.hook(world.globex, b"{}").status_code == 202
    assert "acme is closed" in awgp.refused("rule", "add", "x", "--group", "y", *AT)
    assert "closed already" in awgp.refused("tenant", "remove", "acme", "--yes")
    assert "keeps its slug" in awgp.refused("tenant", "add", "acme", "--name", "Acme")
    # globex is the only one left, so nobody has to name it.
    assert [row["name"] for row in awgp.told("source", "list")] == ["erp"]

    seal_all(database, signer, world.acme)
    shown = awgp.told("tenant", "show", "acme")
    assert (shown["closed"], shown["runs"]) == (True, {"denied": 1})
    sealed = rows(
        database, world.acme, "SELECT action FROM audit_log ORDER BY sequence DESC LIMIT 1"
    )
    assert sealed[0][0] == "setup:tenant:closed"
    due = rows(database, world.acme, "SELECT kind FROM due ORDER BY kind")
    assert [row[0] for row in due] == ["audit.checkpoint", "export.run"]
