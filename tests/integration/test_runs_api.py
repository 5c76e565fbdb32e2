"""Runs as people see them: found by filter, shown whole, cancelled, and found by index."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import redis
from sqlalchemy import text

from ops.bench.lists import LARGE, whole_scans
from ops.embedded.valkey import start_valkey
from pipeline.approval_list import Asked, Sort
from pipeline.approval_list import statement_for as approvals_statement
from pipeline.approval_position import Viewer
from pipeline.database import tenant_transaction
from pipeline.execution import OutputLine
from pipeline.execution_store import output_lines
from pipeline.ids import uuid7
from pipeline.live_log import write_lines
from pipeline.run import Stage, Status
from pipeline.run_list import Wanted
from pipeline.run_list import statement_for as runs_statement
from pipeline.run_log import load_log, with_live_lines
from pipeline.run_store import load_run, move
from tests.integration.conftest import Database
from tests.integration.control_plane import HELD, ControlPlane, open_control_plane, person
from tests.integration.world import TenantWorld, World

pytestmark = pytest.mark.services

BEN, ADA = person("acme", "ben"), person("acme", "ada")
STRANGER = person("globex", "ben")


@pytest.fixture
def plane(database: Database, world: World) -> ControlPlane:
    return open_control_plane(database, world)


def found(plane: ControlPlane, query: str, bearer: str = BEN) -> list[str]:
    answer = plane.get(f"/v1/runs?{query}", bearer)
    assert answer.status_code == 200, answer.text
    return [each["id"] for each in answer.get_json()["items"]]


def shown(plane: ControlPlane, run_id: object) -> dict[str, Any]:
    answer = plane.get(f"/v1/runs/{run_id}", BEN)
    assert answer.status_code == 200, answer.text
    story: dict[str, Any] = answer.get_json()
    return story


def states(story: dict[str, Any]) -> dict[str, str]:
    return {each["stage"]: each["state"] for each in story["stages"]}


def fail(plane: ControlPlane, tenant: TenantWorld, run_id: UUID) -> None:
    with plane.outbox("awgp_worker").work(tenant.tenant_id) as work:
        work.execute("DELETE FROM handoffs WHERE run_id = :run", run=run_id)
        move(work, load_run(work, run_id), Status.FAILED, stage=Stage.POLICY, reason="broken")
        work.execute(
            "INSERT INTO dead_letters (tenant_id, dead_letter_id, run_id, epoch, stage, error,"
            " failures) VALUES (:tenant, :id, :run, 1, 'policy', 'broken', 6)",
            tenant=tenant.tenant_id,
            id=uuid7(),
            run=run_id,
        )


def test_every_filter_narrows(plane: ControlPlane) -> None:
    acme = plane.world.acme
    held = plane.held(HELD)["run_id"]
    failed = str(plane.submit(HELD, acme, "ben"))
    fail(plane, acme, UUID(failed))
    waiting = str(plane.submit(HELD, acme, "ben"))
    hour = timedelta(hours=1)
    before, after = (
        (datetime.now(UTC) + each).strftime("%Y-%m-%dT%H:%M:%SZ") for each in (-hour, hour)
    )
    assert found(plane, "") == [waiting, failed, held]
    for query, wanted in {
        "status=held": [held],
        "status=held&status=failed": [failed, held],
        "assistant=booker&status=received": [waiting],
        "assistant=nobody": [],
        f"requester={acme.persons['ben']}": [waiting, failed],
        f"requester={acme.persons['ben']}&status=failed": [failed],
        f"source={acme.source_id}": [],
        f"q={held[:23]}": [held],
        f"q={held.upper()}": [held],
        "q=ffff": [],
        f"q={'0' * 36}": [],
        f"since={before}&until={after}": [waiting, failed, held],
        f"since={after}": [],
        f"until={before}": [],
        "has_dead_letter=true": [failed],
        "has_dead_letter=false": [waiting, held],
        f"cursor={failed}": [held],
        "limit=1": [waiting],
    }.items():
        assert found(plane, query) == wanted, query
    assert found(plane, "", STRANGER) == []


def test_a_held_run_is_shown_where_it_is(plane: ControlPlane) -> None:
    held = plane.held(HELD)
    story = shown(plane, held["run_id"])
    assert states(story) == {
        "policy": "done",
        "hold": "people",
        "execute": "ahead",
        "post_action": "ahead",
        "audit": "ahead",
    }
    assert story["payload"]["json"] == HELD
    assert [each["id"] for each in story["approvals"]] == [held["id"]]
    assert [each["policy"] for each in story["decisions"][0]["policies"]] == ["invoices"]
    assert (story["can_cancel"], story["can_replay"]) == (True, False)
    for path in ("", "/log", "/audit"):
        assert plane.get(f"/v1/runs/{held['run_id']}{path}", STRANGER).status_code == 404


def test_a_held_run_is_cancelled_and_nobody_is_asked_any_more(plane: ControlPlane) -> None:
    held = plane.held(HELD)
    path = f"/v1/runs/{held['run_id']}/cancel"
    assert plane.post(path, STRANGER).status_code == 404
    answer = plane.post(path, ADA)
    assert (answer.status_code, answer.get_json()["status"]) == (202, "cancelled")
    assert plane.get(f"/v1/approvals/{held['id']}", BEN).get_json()["status"] == "cancelled"
    assert plane.vote(held, BEN).status_code == 409
    # What was asked for twice is done once.
    assert plane.post(path, ADA).get_json() == answer.get_json()
    assert states(shown(plane, held["run_id"]))["hold"] == "stopped"


def test_an_approved_run_is_cancelled_before_its_launch(plane: ControlPlane) -> None:
    held = plane.held(HELD)
    assert plane.vote(held, BEN).status_code == 200
    answer = plane.post(f"/v1/runs/{held['run_id']}/cancel", ADA)
    assert (answer.status_code, answer.get_json()["status"]) == (202, "cancelled")
    assert shown(plane, held["run_id"])["handoff"]["stage"] == "audit"
    with plane.outbox("awgp_web").work(plane.world.acme.tenant_id) as work:
        assert work.execute("SELECT 1 FROM due WHERE kind = 'hold.lapse'").all() == []


def test_a_launch_that_is_being_prepared_is_not_cancelled(plane: ControlPlane) -> None:
    held = plane.held(HELD)
    assert plane.vote(held, BEN).status_code == 200
    with plane.outbox("awgp_worker").work(plane.world.acme.tenant_id) as work:
        work.execute(
            "UPDATE handoffs SET lease_owner = 'w', lease_until = clock_timestamp() + '1 minute'"
        )
    assert plane.post(f"/v1/runs/{held['run_id']}/cancel", ADA).status_code == 409
    assert plane.status_of(held["run_id"]) == "approved"


def test_the_web_takes_no_other_run_out_of_a_queue(plane: ControlPlane) -> None:
    acme = plane.world.acme
    run_id = plane.submit(HELD, acme, "ada")
    with plane.outbox("awgp_web").work(acme.tenant_id) as work:
        taken = work.execute("DELETE FROM handoffs WHERE run_id = :run", run=run_id)
        assert taken.rowcount == 0
    assert plane.post(f"/v1/runs/{run_id}/cancel", ADA).status_code == 409


def execute(plane: ControlPlane, held: dict[str, Any], lines: tuple[OutputLine, ...]) -> None:
    """Write an execution down as the stage does, without a sandbox."""
    with plane.outbox("awgp_worker").work(plane.world.acme.tenant_id) as work:
        work.execute(
            "INSERT INTO executions (tenant_id, execution_id, run_id, epoch, attempt, fence,"
            " action_digest, exit_reason, exit_code, result, output, duration_ms, finished_at)"
            " VALUES (:tenant, :id, :run, 1, 1, 1, :digest, 'ok', 0, :result, :output, 7,"
            " clock_timestamp())",
            tenant=work.tenant_id,
            id=uuid7(),
            run=UUID(held["run_id"]),
            digest=bytes.fromhex(held["digest"]),
            result=json.dumps({"html": "<img src=x onerror=alert(1)>"}).encode(),
            output=output_lines(lines)[0],
        )


def line(number: int, written: str) -> OutputLine:
    return OutputLine(sequence=number, stream="stdout", offset_ms=number, text=written)


def test_a_log_is_read_page_by_page_as_it_was_written(plane: ControlPlane) -> None:
    held = plane.held(HELD)
    hostile = "<script>\x1b[2J\u202e\r\u2028"
    execute(plane, held, (line(0, hostile), *(line(n, "x") for n in range(1, 700))))
    path = f"/v1/runs/{held['run_id']}/log"
    first = plane.get(path, BEN).get_json()
    assert first["lines"][0] == {
        "sequence": 0,
        "stream": "stdout",
        "offset_ms": 0,
        "text": hostile,
    }
    assert (len(first["lines"]), first["after"], first["ended"]) == (500, 499, True)
    second = plane.get(f"{path}?after={first['after']}", BEN).get_json()
    assert (len(second["lines"]), second["after"]) == (200, None)
    (execution,) = shown(plane, held["run_id"])["executions"]
    assert execution["result"] == {"html": "<img src=x onerror=alert(1)>"}


def test_a_log_before_any_launch_is_empty(plane: ControlPlane) -> None:
    held = plane.held(HELD)
    log = plane.get(f"/v1/runs/{held['run_id']}/log", BEN).get_json()
    assert (log["execution_id"], log["lines"], log["ended"]) == (None, [], False)


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[redis.Redis]:
    with start_valkey(tmp_path) as running:
        yield redis.Redis.from_url(running.url)


def test_a_log_is_read_while_the_agent_still_writes(
    plane: ControlPlane, valkey: redis.Redis
) -> None:
    held = plane.held(HELD)
    execution_id = uuid7()
    tenant_id, run_id = plane.world.acme.tenant_id, UUID(held["run_id"])
    with plane.outbox("awgp_worker").work(tenant_id) as work:
        work.execute(
            "INSERT INTO executions (tenant_id, execution_id, run_id, epoch, attempt, fence,"
            " action_digest) VALUES (:tenant, :id, :run, 1, 1, 1, :digest)",
            tenant=tenant_id,
            id=execution_id,
            run=run_id,
            digest=bytes.fromhex(held["digest"]),
        )
        log = load_log(work, run_id, execution_id=None, after=-1)
    assert with_live_lines(log, valkey, tenant_id, -1).lines == ()
    written = tuple(line(number, f"line {number}") for number in range(3))
    write_lines(
        valkey,
        tenant_id=tenant_id,
        run_id=run_id,
        execution_id=execution_id,
        lines=written,
        announce=False,
    )
    live = with_live_lines(log, valkey, tenant_id, 0)
    assert (live.lines, live.after, live.ended) == (written[1:], 2, False)
    # The plane of this test has no such server: it answers all the same.
    shown_log = plane.get(f"/v1/runs/{run_id}/log", BEN).get_json()
    assert (shown_log["execution_id"], shown_log["lines"]) == (str(execution_id), [])


def test_a_payload_too_large_to_show_is_shown_as_far_as_it_goes(plane: ControlPlane) -> None:
    run_id = plane.submit({"amount_cents": 1, "note": "x" * 100_000}, plane.world.acme, "ada")
    payload = shown(plane, run_id)["payload"]
    assert payload["whole"] is False
    assert "json" not in payload
    assert len(payload["base64"]) < 100_000 < payload["size"]


def test_lists_are_read_by_index(database: Database, world: World, plane: ControlPlane) -> None:
    acme = world.acme
    held = plane.held(HELD)
    with database.admin.begin() as connection:
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        connection.exec_driver_sql("SET LOCAL search_path = awgp")
        for statement in COPIES:
            connection.execute(text(statement), {"run": UUID(held["run_id"])})
        connection.exec_driver_sql("ANALYZE awgp.runs, awgp.approvals, awgp.dead_letters")
    viewer = Viewer(person_id=acme.persons["ben"], groups=frozenset({"approver"}), is_person=True)
    asked = [
        approvals_statement(acme.tenant_id, viewer, Asked(for_viewer=True, sort=Sort.EXPIRES)),
        approvals_statement(acme.tenant_id, viewer, Asked(statuses=("approved", "open"))),
        approvals_statement(acme.tenant_id, viewer, Asked(assistant="booker")),
        *(runs_statement(acme.tenant_id, wanted) for wanted in WANTED),
        runs_statement(acme.tenant_id, Wanted(requester_person_id=acme.persons["ada"])),
        runs_statement(acme.tenant_id, Wanted(source_id=acme.source_id)),
    ]
    with tenant_transaction(database.engine("awgp_web"), acme.tenant_id) as connection:
        for each in asked:
            assert each is not None
            (plan,) = connection.execute(text(f"EXPLAIN (FORMAT JSON) {each[0]}"), each[1]).one()
            assert not LARGE & set(whole_scans(plan[0]["Plan"])), each[0]


COPIES = (
    "CREATE TEMP TABLE copied ON COMMIT DROP AS SELECT n, gen_random_uuid() AS run_id,"
    " gen_random_uuid() AS approval_id, gen_random_uuid() AS tenant_id"
    " FROM generate_series(1, 5000) AS n",
    # Half of them another tenant's.
    "INSERT INTO runs (tenant_id, run_id, epoch, status, assistant_id, requester_kind,"
    " requester_person_id, origin) SELECT CASE WHEN c.n % 2 = 0 THEN r.tenant_id ELSE c.tenant_id"
    " END, c.run_id, 1, CASE WHEN c.n % 100 = 0 THEN 'held' ELSE 'completed' END, r.assistant_id,"
    " 'person', r.requester_person_id, '{}' FROM runs r, copied c WHERE r.run_id = :run",
    "INSERT INTO approvals (tenant_id, approval_id, run_id, epoch, action_digest, requirement,"
    " status, expires_at, decided_at, assistant_id) SELECT CASE WHEN c.n % 2 = 0 THEN a.tenant_id"
    " ELSE c.tenant_id END, c.approval_id, c.run_id, 1, a.action_digest, a.requirement,"
    " CASE WHEN c.n % 10 = 0 THEN 'open' ELSE 'approved' END, a.expires_at,"
    " CASE WHEN c.n % 10 = 0 THEN NULL ELSE a.opened_at END, a.assistant_id"
    " FROM approvals a, copied c WHERE a.run_id = :run",
)
WANTED = (
    Wanted(),
    Wanted(statuses=("held", "failed")),
    Wanted(assistant="booker"),
    Wanted(prefix="0192"),
    Wanted(has_dead_letter=True),
)
