"""A person ends a run whose sandbox is at work: once, at whatever moment; nothing is delivered."""

# ruff: noqa: ARG002  # a signature is the port's

from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any
from uuid import UUID

import pytest

from actors.execute import Executor, declare
from actors.lease import look_at
from pipeline.execution import ExecutionResult, ExecutionSpec, ExitReason
from pipeline.run import Stage
from pipeline.run_store import MAX_FAILURES
from runtime_host.client import LaunchRefused
from tests.integration.conftest import Database, stub_broker
from tests.integration.control_plane import ControlPlane, open_control_plane, person, token
from tests.integration.fake_host import (
    PATIENCE_SECONDS,
    FakeHost,
    FakeRunning,
    WorkerDied,
    approved_run,
    execute,
    handoff_of,
    let_time_pass,
    result,
)
from tests.integration.stages import rows, status, work_off
from tests.integration.world import World

pytestmark = pytest.mark.services

ADA = token("acme-ada", groups=["acme-operators"], roles=[])
BEN = person("acme", "ben")
STRANGER = person("globex", "ben")
KILLED = ("cancelled", "killed by a person")


class Killing:
    """A run of acme's that is approved, and people who want it ended."""

    def __init__(self, database: Database, world: World) -> None:
        self.plane: ControlPlane = open_control_plane(database, world)
        self.database, self.acme = database, world.acme
        self.run_id = approved_run(database, world.acme)
        self.path = f"/v1/runs/{self.run_id}/cancel"

    def ask(self, who: str = ADA, **body: str) -> tuple[int, Any]:
        answer = self.plane.post(self.path, who, body or None)
        said = answer.get_json()
        return answer.status_code, said.get("status") if answer.status_code == 202 else said["type"]

    def execute(self, *scripts: Any, host: FakeHost | None = None, seconds: float = 15) -> FakeHost:
        host = host or FakeHost(*scripts)
        lease = timedelta(seconds=seconds)
        execute(self.database, self.acme, self.run_id, host, lease=lease)
        return host

    def ended(self) -> tuple[object, object]:
        found = status(self.database, self.acme, self.run_id)
        return found["status"], found["reason"]

    def rows(self, statement: str) -> list[Any]:
        return [tuple(row) for row in rows(self.database, self.acme, statement)]

    def exits(self) -> list[Any]:
        return self.rows("SELECT exit_reason FROM executions ORDER BY attempt")

    def told(self) -> list[Any]:
        """What the trail says of it, and of whom, from the launch on."""
        with self.database.admin.connect() as connection:
            found = connection.exec_driver_sql(
                "SELECT record ->> 'action', record -> 'actor' ->> 'id' FROM awgp.audit_pending"
                " WHERE record ->> 'action' IN ('execute:kill:asked', 'execute:run:cancelled')"
                " ORDER BY record ->> 'occurred_at'"
            )
            return [tuple(row) for row in found]

    def is_sealed_next(self) -> bool:
        return self.rows("SELECT stage FROM handoffs") == [("audit",)]


@pytest.fixture
def killing(database: Database, world: World) -> Killing:
    return Killing(database, world)


def test_a_kill_ends_the_sandbox_and_the_run_and_nothing_is_delivered(killing: Killing) -> None:
    shown: list[Any] = []

    def agent(running: FakeRunning) -> ExecutionResult:
        path = f"/v1/runs/{killing.run_id}"
        shown.append(killing.plane.get(path, BEN).get_json())
        assert killing.ask(STRANGER)[0] == 404
        assert killing.ask(ADA, reason="it books the wrong year") == (202, "executing")
        # Whoever asks after that changes nothing, and is told no other thing.
        assert [killing.ask(ADA), killing.ask(BEN)] == [(202, "executing")] * 2
        shown.append(killing.plane.get(path, BEN).get_json())
        look_at(killing.run_id)
        assert running.killed.wait(PATIENCE_SECONDS)
        return result(ExitReason.KILLED, exit_code=None)

    killing.execute(agent)

    assert [each["can_cancel"] for each in shown] == [True, False]
    assert shown[1]["handoff"]["kill_by"] == "Ada"
    assert (killing.ended(), killing.exits()) == (KILLED, [("killed",)])
    ada = str(killing.acme.persons["ada"])
    assert killing.told() == [("execute:kill:asked", ada), ("execute:run:cancelled", ada)]
    assert killing.is_sealed_next()
    assert killing.ask(BEN) == (202, "cancelled")
    assert len(killing.told()) == 2


def test_without_a_word_to_the_worker_its_next_renewal_finds_it(killing: Killing) -> None:
    def agent(running: FakeRunning) -> ExecutionResult:
        assert killing.ask() == (202, "executing")
        assert running.killed.wait(PATIENCE_SECONDS)
        return result(ExitReason.KILLED, exit_code=None)

    killing.execute(agent, seconds=4)
    assert (killing.ended(), killing.exits()) == (KILLED, [("killed",)])


@pytest.mark.parametrize("reason", [ExitReason.OK, ExitReason.HOST_LOST])
def test_what_the_agent_came_to_meanwhile_is_kept_and_not_delivered(
    killing: Killing, reason: ExitReason
) -> None:
    def agent(_running: FakeRunning) -> ExecutionResult:
        assert killing.ask() == (202, "executing")
        return result(reason)

    killing.execute(agent)
    assert (killing.ended(), killing.exits()) == (KILLED, [(reason.value,)])
    assert killing.is_sealed_next()


def test_a_kill_after_the_end_is_refused(killing: Killing) -> None:
    killing.execute(result())
    assert killing.ask() == (409, "urn:awgp:problem:run-not-cancellable")
    assert killing.ended() == ("executed", None)
    assert killing.told() == []


def test_a_kill_before_the_launch_leaves_nothing_launched_later(killing: Killing) -> None:
    class Busy(FakeHost):
        def launch(self, spec: ExecutionSpec, lease_seconds: float) -> FakeRunning:
            assert killing.ask() == (202, "executing")
            raise LaunchRefused("busy", "all sandboxes are taken")

    killing.execute(host=Busy())
    assert (killing.ended(), killing.exits()) == (KILLED, [(None,)])
    assert killing.is_sealed_next()


def test_a_kill_holds_although_the_worker_fails_for_the_last_time(killing: Killing) -> None:
    def agent(_running: FakeRunning) -> ExecutionResult:
        assert killing.ask() == (202, "executing")
        raise RuntimeError("an error of our own")

    killing.rows(f"UPDATE handoffs SET failures = {MAX_FAILURES - 1} RETURNING 1")
    broker = stub_broker()
    worker, lease = killing.database.outbox("awgp_worker"), timedelta(seconds=15)
    declare(broker, worker, FakeHost(agent), lease=lease)
    work_off(killing.database, broker, killing.acme, Stage.EXECUTE)
    assert (killing.ended(), killing.exits()) == (KILLED, [("host_lost",)])
    assert killing.rows("SELECT 1 FROM dead_letters") == []
    assert killing.is_sealed_next()


@pytest.mark.parametrize("asked", ["before its lease ended", "after that"])
def test_a_kill_holds_although_the_worker_died(killing: Killing, asked: str) -> None:
    handoff_id = handoff_of(killing.database, killing.acme, killing.run_id)
    host = FakeHost(WorkerDied(), result())
    lease = timedelta(seconds=60)
    executor = Executor(killing.database.outbox("awgp_worker"), host, lease=lease)
    with pytest.raises(WorkerDied):
        executor.execute(killing.acme.tenant_id, handoff_id)
    if asked == "after that":
        let_time_pass(killing.database, killing.acme)
        assert killing.ask() == (202, "cancelled")
    else:
        assert killing.ask() == (202, "executing")
        killing.execute(host=host)
    assert (killing.ended(), killing.exits()) == (KILLED, [("host_lost",)])
    assert len(host.specs) == 1
    assert killing.is_sealed_next()


@pytest.mark.parametrize("round_", range(3))
def test_two_people_and_the_end_of_the_agent_at_once_give_one_outcome(
    killing: Killing, round_: int
) -> None:
    barrier, answers = Barrier(3), list[tuple[int, Any]]()

    def ask(who: str) -> Callable[[], None]:
        def asks() -> None:
            barrier.wait()
            answers.append(killing.ask(who))

        return asks

    people = [Thread(target=ask(who)) for who in (ADA, BEN)[:: 1 if round_ % 2 else -1]]

    def agent(_running: FakeRunning) -> ExecutionResult:
        for each in people:
            each.start()
        barrier.wait()
        return result()

    killing.execute(agent)
    for each in people:
        each.join()
    codes = {code for code, _ in answers}
    if killing.ended() == KILLED:
        assert codes == {202}
        assert len({by for _, by in killing.told()}) == 1
        assert killing.is_sealed_next()
    else:
        assert (killing.ended(), codes) == (("executed", None), {409})
        assert killing.told() == []


def test_no_login_takes_a_kill_back_or_forges_an_end(killing: Killing) -> None:
    web = killing.database.outbox("awgp_web")

    def agent(_running: FakeRunning) -> ExecutionResult:
        killing.ask()
        end = "UPDATE executions SET finished_at = clock_timestamp(), exit_reason ="
        with web.work(killing.acme.tenant_id) as work:
            assert not work.execute(f"{end} 'host_lost'").rowcount, "its worker lives"
        let_time_pass(killing.database, killing.acme)
        for forged in (
            "UPDATE handoffs SET kill_by_person_id = NULL, kill_asked_at = NULL",
            f"{end} 'ok'",
        ):
            with (
                pytest.raises(Exception, match="row-level security"),
                web.work(killing.acme.tenant_id) as work,
            ):
                work.execute(forged)
        return result(ExitReason.KILLED, exit_code=None)

    killing.execute(agent)
    assert killing.ended() == KILLED


def test_a_run_that_is_decided_no_more_names_why(database: Database, world: World) -> None:
    plane = open_control_plane(database, world)
    run_id: UUID = plane.submit({"amount_cents": 1}, world.acme, "ada")
    answer = plane.post(f"/v1/runs/{run_id}/cancel", ADA)
    assert answer.status_code == 409
    assert "nothing was decided yet" in answer.get_json()["detail"]
