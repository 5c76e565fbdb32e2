"""Post-actions on a real database, to a real receiver on loopback."""

import base64
import json
import socket
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from standardwebhooks import Webhook

from actors.post_action import Deliverer, declare
from pipeline.courier import MAX_RESPONSE_BYTES, Answer, Courier
from pipeline.handoff import claim
from pipeline.registry import add_assistant, add_target
from pipeline.run import Stage
from pipeline.run_store import MAX_FAILURES, stage_failed
from tests.integration.conftest import Database, stub_broker
from tests.integration.fake_host import (
    FakeHost,
    WorkerDied,
    approved_run,
    execute,
    handoff_of,
    let_time_pass,
    result,
)
from tests.integration.receiver import Receiver, Reply, start_receiver
from tests.integration.stages import rows, status
from tests.integration.world import KEYRING, RUNTIME, SECRET, TenantWorld, World

NO = Reply(status=503, body=b"not yet")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with start_receiver() as started:
        yield started


def set_targets(
    database: Database,
    tenant: TenantWorld,
    urls: Iterable[str],
    settings: Mapping[str, object] | None = None,
) -> None:
    """Make these the post-actions of the tenant's assistant, in order."""
    author = tenant.persons["axel"]
    with database.outbox("awgp_web").work(tenant.tenant_id) as work:
        targets = [
            add_target(
                work,
                KEYRING,
                name=f"target-{number}",
                url=url,
                secret=SECRET,
                by=author,
                settings={"allow_private": True} if settings is None else settings,
            )
            for number, url in enumerate(urls)
        ]
        add_assistant(
            work,
            name="booker",
            bundle_digest=tenant.bundle_digest,
            runtime=RUNTIME,
            by=author,
            targets=targets,
        )


def executed_run(database: Database, tenant: TenantWorld) -> UUID:
    run_id = approved_run(database, tenant)
    execute(database, tenant, run_id, FakeHost(result()))
    return run_id


def deliver(
    database: Database,
    tenant: TenantWorld,
    run_id: UUID,
    *,
    courier: Courier | None = None,
    max_attempts: int = 3,
) -> None:
    """Deliver one message to the stage; a lease or pause before it has passed."""
    let_time_pass(database, tenant)
    Deliverer(
        database.outbox("awgp_worker"),
        KEYRING,
        courier or Courier(timeout_seconds=10),
        lease=timedelta(seconds=15),
        max_attempts=max_attempts,
    ).deliver(tenant.tenant_id, handoff_of(database, tenant, run_id))


def deliveries(database: Database, tenant: TenantWorld) -> list[tuple[object, ...]]:
    found = rows(
        database,
        tenant,
        "SELECT position, attempt, outcome, status_code FROM deliveries ORDER BY 1, 2",
    )
    return [tuple(row) for row in found]


def where(database: Database, tenant: TenantWorld, run_id: UUID) -> object:
    return status(database, tenant, run_id)["status"]


def wait_of(database: Database, tenant: TenantWorld, since: str = "clock_timestamp()") -> timedelta:
    """How long the run's handoff waits; from now on, or from another moment."""
    found = rows(database, tenant, f"SELECT not_before - {since} FROM handoffs")
    wait: timedelta = found[0][0]
    return wait


def test_targets_are_told_in_order_with_a_signature_the_library_verifies(
    database: Database, world: World, receiver: Receiver
) -> None:
    set_targets(database, world.acme, [f"{receiver.url}/first", f"{receiver.url}/second"])
    run_id = executed_run(database, world.acme)

    deliver(database, world.acme, run_id)

    assert [each.path for each in receiver.received] == ["/first", "/second"]
    assert where(database, world.acme, run_id) == "delivered"
    assert deliveries(database, world.acme) == [
        (0, 1, "delivered", 200),
        (1, 1, "delivered", 200),
    ]
    webhook = Webhook(base64.b64encode(SECRET).decode())
    for position, each in enumerate(receiver.received):
        body = webhook.verify(each.body, dict(each.headers))
        assert body == json.loads(each.body)
        assert (body["run"], body["tenant"], body["result"]) == (str(run_id), "acme", {"booked": 1})
        assert each.headers["webhook-id"] == f"msg_{run_id.hex}_{position}"
        assert each.headers["Idempotency-Key"] == each.headers["webhook-id"]
    stages = rows(database, world.acme, "SELECT stage FROM handoffs WHERE run_id = :r", r=run_id)
    assert [row[0] for row in stages] == ["audit"]


def test_a_run_without_targets_is_delivered_at_once(database: Database, world: World) -> None:
    set_targets(database, world.acme, [])
    run_id = executed_run(database, world.acme)
    deliver(database, world.acme, run_id)
    assert where(database, world.acme, run_id) == "delivered"
    assert deliveries(database, world.acme) == []


def test_not_now_is_asked_again_with_the_same_id_until_it_is_taken(
    database: Database, world: World, receiver: Receiver
) -> None:
    set_targets(database, world.acme, [receiver.url])
    run_id = executed_run(database, world.acme)
    receiver.answer(NO, Reply())

    deliver(database, world.acme, run_id)
    assert where(database, world.acme, run_id) == "delivering"
    attempted = "(SELECT max(attempted_at) FROM deliveries)"
    assert wait_of(database, world.acme, attempted) >= timedelta(seconds=1)
    assert wait_of(database, world.acme) <= timedelta(seconds=2)
    deliver(database, world.acme, run_id)

    assert where(database, world.acme, run_id) == "delivered"
    assert deliveries(database, world.acme) == [(0, 1, "retry", 503), (0, 2, "delivered", 200)]
    first, second = receiver.received
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body


def test_a_message_before_its_time_does_not_hurry_a_retry(
    database: Database, world: World, receiver: Receiver
) -> None:
    set_targets(database, world.acme, [receiver.url])
    run_id = executed_run(database, world.acme)
    receiver.answer(Reply(status=429, headers={"Retry-After": "600"}))
    deliver(database, world.acme, run_id)
    assert wait_of(database, world.acme) > timedelta(seconds=590)

    Deliverer(
        database.outbox("awgp_worker"),
        KEYRING,
        Courier(timeout_seconds=10),
        lease=timedelta(seconds=15),
        max_attempts=3,
    ).deliver(world.acme.tenant_id, handoff_of(database, world.acme, run_id))

    assert len(receiver.received) == 1


def test_what_is_never_taken_fails_the_run_with_a_dead_letter(
    database: Database, world: World, receiver: Receiver
) -> None:
    set_targets(database, world.acme, [receiver.url])
    run_id = executed_run(database, world.acme)
    receiver.answer(NO)

    for _ in range(3):
        deliver(database, world.acme, run_id, max_attempts=3)

    assert where(database, world.acme, run_id) == "failed"
    assert len(receiver.received) == 3
    error = rows(database, world.acme, "SELECT stage, error FROM dead_letters")[0]
    assert tuple(error) == (
        "post_action",
        "post-action not delivered (position 0, attempt 3): HTTP 503",
    )


def test_gone_is_not_asked_again(database: Database, world: World, receiver: Receiver) -> None:
    set_targets(database, world.acme, [receiver.url])
    run_id = executed_run(database, world.acme)
    receiver.answer(Reply(status=410))
    deliver(database, world.acme, run_id)
    assert where(database, world.acme, run_id) == "failed"
    assert deliveries(database, world.acme) == [(0, 1, "refused", 410)]


def test_a_redirect_is_not_followed(database: Database, world: World, receiver: Receiver) -> None:
    set_targets(database, world.acme, [receiver.url])
    run_id = executed_run(database, world.acme)
    receiver.answer(Reply(status=302, headers={"Location": f"{receiver.url}/elsewhere"}))
    deliver(database, world.acme, run_id)
    assert [each.path for each in receiver.received] == ["/"]
    assert deliveries(database, world.acme) == [(0, 1, "refused", 302)]


def test_a_target_that_is_starting_up_is_waited_for(
    database: Database, world: World, receiver: Receiver
) -> None:
    expect = {"status": [200], "body_contains": "Workflow was started"}
    settings = {"allow_private": True, "expect": expect, "retry_status": [404]}
    set_targets(database, world.acme, [receiver.url], settings)
    run_id = executed_run(database, world.acme)
    receiver.answer(
        Reply(body=b"n8n is starting up"),
        Reply(status=404),
        Reply(body=b'{"message":"Workflow was started"}'),
    )

    for _ in range(3):
        deliver(database, world.acme, run_id, max_attempts=8)

    assert where(database, world.acme, run_id) == "delivered"
    assert [row[2] for row in deliveries(database, world.acme)] == ["retry", "retry", "delivered"]


def test_a_private_address_is_refused_unless_the_target_says_so(
    database: Database, world: World, receiver: Receiver
) -> None:
    set_targets(database, world.acme, [receiver.url.replace("http:", "https:")], {})
    run_id = executed_run(database, world.acme)
    deliver(database, world.acme, run_id)
    assert receiver.received == []
    assert deliveries(database, world.acme) == [(0, 1, "refused", None)]
    assert where(database, world.acme, run_id) == "failed"


def test_a_worker_that_dies_after_sending_sends_the_same_again(
    database: Database, world: World, receiver: Receiver
) -> None:
    class Dies(Courier):
        def post(
            self,
            url: str,
            body: bytes,
            headers: Mapping[str, str],
            *,
            allow_private: bool = False,
            timeout_seconds: float | None = None,
        ) -> Answer:
            super().post(
                url, body, headers, allow_private=allow_private, timeout_seconds=timeout_seconds
            )
            raise WorkerDied

    set_targets(database, world.acme, [receiver.url])
    run_id = executed_run(database, world.acme)
    with pytest.raises(WorkerDied):
        deliver(database, world.acme, run_id, courier=Dies(timeout_seconds=10))
    assert deliveries(database, world.acme) == []

    deliver(database, world.acme, run_id)

    first, second = receiver.received
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    assert where(database, world.acme, run_id) == "delivered"
    assert deliveries(database, world.acme) == [(0, 1, "delivered", 200)]


def test_what_people_agreed_to_is_delivered_though_the_target_changed(
    database: Database, world: World, receiver: Receiver
) -> None:
    set_targets(database, world.acme, [f"{receiver.url}/agreed"])
    run_id = executed_run(database, world.acme)
    set_targets(database, world.acme, [f"{receiver.url}/changed"])
    deliver(database, world.acme, run_id)
    assert [each.path for each in receiver.received] == ["/agreed"]


def test_a_delivery_that_cannot_be_prepared_ends_in_a_dead_letter_not_in_a_loop(
    database: Database, world: World, receiver: Receiver
) -> None:
    set_targets(database, world.acme, [f"{receiver.url}/first", f"{receiver.url}/second"])
    run_id = executed_run(database, world.acme)
    rows(
        database,
        world.acme,
        "DELETE FROM target_secrets s USING targets t"
        " WHERE t.target_id = s.target_id AND t.name = 'target-1' RETURNING 1",
    )
    broker = stub_broker()
    actor = declare(
        broker,
        database.outbox("awgp_worker"),
        KEYRING,
        Courier(timeout_seconds=10),
        lease=timedelta(seconds=15),
        max_attempts=3,
    )

    for _ in range(MAX_FAILURES):
        let_time_pass(database, world.acme)
        actor.fn(str(world.acme.tenant_id), str(handoff_of(database, world.acme, run_id)))

    assert where(database, world.acme, run_id) == "failed"
    assert deliveries(database, world.acme) == [(0, 1, "delivered", 200)]
    assert [each.path for each in receiver.received] == ["/first"]
    assert rows(database, world.acme, "SELECT failures FROM dead_letters") == [(MAX_FAILURES,)]


def test_an_answer_is_kept_up_to_its_cap(
    database: Database, world: World, receiver: Receiver
) -> None:
    set_targets(database, world.acme, [receiver.url])
    run_id = executed_run(database, world.acme)
    receiver.answer(Reply(body=b"x" * (4 * MAX_RESPONSE_BYTES)))
    deliver(database, world.acme, run_id)
    kept = rows(database, world.acme, "SELECT octet_length(response) FROM deliveries")[0][0]
    assert kept == MAX_RESPONSE_BYTES
    assert where(database, world.acme, run_id) == "delivered"


def test_the_connection_goes_to_the_address_that_was_judged(receiver: Receiver) -> None:
    port = receiver.url.rpartition(":")[2]
    courier = Courier(timeout_seconds=10, resolve=lambda *_: ["127.0.0.1"])
    answer = courier.post(f"http://ledger.invalid:{port}/", b"{}", {}, allow_private=True)
    assert answer.status == 200
    assert receiver.received[0].headers["Host"] == f"ledger.invalid:{port}"


def test_a_dripping_receiver_does_not_stretch_the_deadline() -> None:
    ended = threading.Event()

    def drip(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection:
            connection.sendall(b"HTTP/1.1 200 OK\r\n")
            while not ended.wait(0.02):
                try:
                    connection.sendall(b"x")
                except OSError:
                    return

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=drip, args=(listening,))
        thread.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        answer = Courier(timeout_seconds=0.4).post(url, b"{}", {}, allow_private=True)
        ended.set()
        thread.join()
    assert (answer.status, answer.error) == (None, "ReadTimeout")


def test_a_receiver_that_is_not_there_is_no_answer() -> None:
    with start_receiver() as gone:
        url = gone.url
    answer = Courier(timeout_seconds=10).post(url, b"{}", {}, allow_private=True)
    assert (answer.status, answer.error, answer.refused) == (None, "ConnectError", False)


def test_an_executed_run_whose_delivery_cannot_even_begin_fails_in_the_end(
    database: Database, world: World
) -> None:
    run_id = executed_run(database, world.acme)
    handoff_id = handoff_of(database, world.acme, run_id)
    outbox = database.outbox("awgp_worker")
    with outbox.work(world.acme.tenant_id) as work:
        handoff = claim(work, handoff_id, Stage.POST_ACTION)
        assert handoff is not None
        assert stage_failed(work, replace(handoff, failures=MAX_FAILURES), "no way in")
    found = status(database, world.acme, run_id)
    assert (found["status"], found["reason"]) == ("failed", "post_action failed: no way in")
    assert rows(database, world.acme, "SELECT stage FROM handoffs") == [("audit",)]
