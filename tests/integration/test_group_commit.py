"""Work that comes together shares a transaction, and nothing else."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
import structlog
from sqlalchemy import text

from pipeline.database import tenant_transaction
from pipeline.errors import AwgpError
from pipeline.group_commit import GroupCommit
from pipeline.run_store import load_run
from pipeline.work import Actor, Work
from tests.integration.conftest import Database
from tests.integration.world import World, submit

pytestmark = pytest.mark.services

SOMEBODY = Actor(type="system", id="test")
TRANSACTION = "SELECT txid_current()"
PATIENCE_SECONDS = 60.0


class NotToday(AwgpError):
    """What a test's own work raises."""


@pytest.fixture
def group(database: Database) -> GroupCommit:
    return GroupCommit(database.engine("awgp_worker"), lambda _messages, _happened: None)


def at_once(
    group: GroupCommit, *works: tuple[UUID, Callable[[Work], Any]], wait: bool = True
) -> list[Future[Any]]:
    """Bring all of it while the first piece, somebody else's, is under way."""
    begun, goes_on = threading.Event(), threading.Event()

    def hold_up(_work: Work) -> None:
        begun.set()
        assert goes_on.wait(PATIENCE_SECONDS)

    threads = ThreadPoolExecutor(len(works) + 1)
    first = threads.submit(group.run, works[0][0], hold_up)
    assert begun.wait(PATIENCE_SECONDS)
    found = [threads.submit(group.run, tenant_id, do) for tenant_id, do in works]
    while group.waiting < len(works):
        time.sleep(0.01)
    goes_on.set()
    first.result()
    threads.shutdown(wait=wait)
    return found


def look(work: Work) -> tuple[int, set[str]]:
    """The transaction, and the names of the assistants this tenant has."""
    first = work.ask("SELECT name FROM assistants").all()
    transaction = work.ask(TRANSACTION).scalar_one()
    directly = work.execute("SELECT name FROM assistants").all()
    last = work.ask("SELECT tenant_id::text FROM assistants").all()
    assert {row[0] for row in first} == {row[0] for row in directly}
    assert {row[0] for row in last} == {str(work.tenant_id)}
    return transaction, {row[0] for row in last}


def test_one_transaction_serves_several_tenants_and_shows_each_its_own(
    group: GroupCommit, world: World
) -> None:
    acme, globex = world.acme.tenant_id, world.globex.tenant_id
    found = [
        each.result()
        for each in at_once(group, (acme, look), (globex, look), (acme, look), (globex, look))
    ]
    assert len({transaction for transaction, _ in found}) == 1
    assert [tenants for _, tenants in found] == [{str(acme)}, {str(globex)}] * 2


@pytest.mark.parametrize("first", ["acme", "globex"])
def test_who_speaks_for_itself_leaves_nobody_else_under_its_tenant(
    group: GroupCommit, world: World, first: str
) -> None:
    def directly(work: Work) -> None:
        work.ask(TRANSACTION).scalar_one()
        work.execute("SELECT 1")

    def go_on(work: Work) -> set[str]:
        work.ask(TRANSACTION).scalar_one()
        return {row[0] for row in work.ask("SELECT tenant_id::text FROM assistants").all()}

    one, other = world.acme.tenant_id, world.globex.tenant_id
    if first == "globex":
        one, other = other, one
    _, found = at_once(group, (one, directly), (other, go_on))
    assert found.result() == {str(other)}


def test_a_row_of_another_tenant_is_refused_there_as_anywhere(
    group: GroupCommit, world: World
) -> None:
    acme, globex = world.acme.tenant_id, world.globex.tenant_id

    def trespass(work: Work) -> int:
        return work.ask(
            "UPDATE tenants SET slug = slug WHERE tenant_id = :other RETURNING 1", other=acme
        ).rowcount

    def read(work: Work) -> int:
        return work.ask("SELECT 1 FROM assistants WHERE tenant_id = :other", other=acme).rowcount

    own, other, written = at_once(group, (acme, read), (globex, read), (globex, trespass))
    assert own.result() > 0
    assert other.result() == 0
    with pytest.raises(Exception, match="permission denied"):
        written.result()


def test_what_fails_fails_alone(database: Database, group: GroupCommit, world: World) -> None:
    times: list[str] = []

    def fail(work: Work) -> None:
        times.append("fail")
        work.record(SOMEBODY, "test:thing:done", ("thing", "failed"))
        work.flush()
        raise NotToday("not today")

    def do(work: Work) -> int:
        times.append("do")
        work.record(SOMEBODY, "test:thing:done", ("thing", "good"))
        return len(times)

    acme, globex = world.acme.tenant_id, world.globex.tenant_id
    failed, done, also = at_once(group, (acme, fail), (acme, do), (globex, do))
    with pytest.raises(NotToday, match="not today"):
        failed.result()
    assert done.result()
    assert also.result()
    with database.admin.connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT tenant_id, record -> 'resource' ->> 'id' FROM awgp.audit_pending"
            " WHERE record -> 'resource' ->> 'type' = 'thing'"
        ).all()
    assert sorted(map(tuple, rows)) == sorted([(acme, "good"), (globex, "good")])


def test_a_statement_that_is_refused_hits_nobody_else(group: GroupCommit, world: World) -> None:
    tenant_id = world.acme.tenant_id

    def divide(work: Work) -> None:
        work.ask("SELECT 1 / 0")

    wrong, right = at_once(group, (tenant_id, divide), (tenant_id, look))
    with pytest.raises(Exception, match="division by zero"):
        wrong.result()
    assert right.result()


def test_the_log_of_each_goes_on_under_its_own_context(group: GroupCommit, world: World) -> None:
    bound: dict[str, Any] = {}

    def bring(name: str) -> None:
        def do(work: Work) -> None:
            structlog.contextvars.bind_contextvars(run_id=name)
            work.ask(TRANSACTION).scalar_one()
            assert structlog.contextvars.get_contextvars()["run_id"] == name

        structlog.contextvars.clear_contextvars()
        group.run(world.acme.tenant_id, do)
        bound[name] = structlog.contextvars.get_contextvars()["run_id"]

    threads = [threading.Thread(target=bring, args=(f"run-{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert bound == {name: name for name in bound}
    assert len(bound) == 8


def test_nobody_gets_hold_of_a_connection_that_others_share(
    group: GroupCommit, world: World
) -> None:
    def reach(work: Work) -> object:
        return work.connection

    tenant_id = world.acme.tenant_id
    shared, _ = at_once(group, (tenant_id, reach), (tenant_id, look))
    # Done again by itself, it may: the transaction is its own then.
    assert shared.result() is not None


def test_who_meets_a_lock_holds_up_nobody_else(
    database: Database, group: GroupCommit, world: World
) -> None:
    tenant_id = world.acme.tenant_id
    run_id = submit(database.outbox("awgp_ingest"), world.acme, {"amount_cents": 1})

    def lock(work: Work) -> UUID:
        return load_run(work, run_id, lock=True).run_id

    with tenant_transaction(database.owner, tenant_id) as blocker:
        blocker.execute(text("SELECT FROM runs WHERE run_id = :run FOR UPDATE"), {"run": run_id})
        held_up, goes_on = at_once(group, (tenant_id, lock), (tenant_id, look), wait=False)
        assert goes_on.result(PATIENCE_SECONDS)
        assert not held_up.done()
    assert held_up.result(PATIENCE_SECONDS) == run_id
