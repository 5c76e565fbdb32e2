"""Webhooks that share a commit: every tenant's rows under its own law, nobody's fault another's."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import ClassVar
from uuid import UUID

import pytest
import redis
from redis.commands.core import Script
from sqlalchemy import text
from werkzeug.test import TestResponse

from actors.broker import make_broker
from ingest.accept import Accepted, received
from ingest.app import make_rates
from ingest.batch import ASIDE_SECONDS, Arrival, BatchWriter
from ingest.event import Event
from ingest.sources import Source
from ingest.taking import Limits, take
from ingest.together import LARGE_BYTES, Outcome, Together
from ingest.verification import Proof
from ops.embedded.running import Running
from ops.embedded.valkey import start_valkey, valkey_url
from pipeline.database import tenant_transaction
from pipeline.fast_path import FastPathBroker, make_fast_path
from pipeline.handoff import message
from pipeline.ids import uuid7
from pipeline.respite import Respite
from pipeline.run import Stage
from pipeline.schemes import About, CannotSign, Message, Request, Scheme, Signed, Verified
from pipeline.schemes.standard_webhooks import StandardWebhooks
from pipeline.sending import send_all
from pipeline.settings import Settings
from tests.integration.conftest import Database
from tests.integration.door import Door, held_key, nothing_left_behind, problem, settings, signed
from tests.integration.processes import insist, wait_until
from tests.integration.world import SECRET, TenantWorld, World

pytestmark = pytest.mark.services

EVENT = b'{"amount_cents": 1234}'
LIMITS = Limits(max_body_bytes=100_000, max_json_depth=8)
PATIENCE = 60.0
OTHER = b'{"amount_cents": 4321}'
AT_COMMIT = """
    CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'not today'; END $$;
    CREATE CONSTRAINT TRIGGER late AFTER INSERT ON awgp.handoffs DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION public.refuse()"""


@pytest.fixture
def door(database: Database, world: World) -> Door:
    """The edge, which remembers both tenants' sources."""
    door = Door(database.engine("awgp_ingest"), database.admin)
    for tenant in (world.acme, world.globex):
        assert door.hook(tenant, EVENT, event="warm").status_code == 202
    return door


@pytest.fixture
def writer(door: Door) -> BatchWriter:
    return BatchWriter(door.engine)


def post(door: Door, tenant: TenantWorld, body: bytes, event: str) -> TestResponse:
    """A request of a client of its own: clients are not for several threads."""
    return door.client.application.test_client().post(
        f"/v1/hooks/{tenant.source_id}", data=body, headers=signed(body, event=event)
    )


def secret_of(door: Door, tenant: TenantWorld) -> UUID:
    with door.admin.connect() as connection:
        found = connection.execute(
            text("SELECT secret_id FROM awgp.source_secrets WHERE tenant_id = :tenant"),
            {"tenant": tenant.tenant_id},
        ).scalar_one()
    return UUID(str(found))


def source_of(
    tenant: TenantWorld,
    secret_id: UUID,
    scheme: Scheme = StandardWebhooks(),  # noqa: B008  # frozen
) -> Source:
    """A tenant's source, as a process remembers it."""
    return Source(
        source_id=tenant.source_id,
        assistant_id=tenant.assistant_id,
        scheme_name="standard-webhooks",
        scheme=scheme,
        scheme_version=1,
        unsigned=False,
        active=True,
        secret_ids=(secret_id,),
        secrets=(SECRET,),
    )


def came(
    tenant: TenantWorld, event: str, body: bytes = EVENT, *, source: TenantWorld | None = None
) -> Event:
    return Event(
        tenant_id=tenant.tenant_id,
        source_id=(source or tenant).source_id,
        headers={"content-type": "application/json", "webhook-id": event},
        body=body,
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    )


def arrival(
    door: Door,
    tenant: TenantWorld,
    event: str,
    *,
    body: bytes = EVENT,
    source: TenantWorld | None = None,
    secret_id: UUID | None = None,
) -> Arrival:
    """An event as it comes to the writer; `source` makes it name another tenant's."""
    named = source or tenant
    secret_id = secret_id or secret_of(door, named)
    known = source_of(named, secret_id)
    taking = take(
        came(tenant, event, body, source=named),
        known,
        Proof(
            secret_id=secret_id,
            verified=Verified(event_id=event, timestamp=datetime.now(UTC)),
        ),
        LIMITS,
    )
    incoming = taking.incoming[0]
    assert incoming is not None
    run_id = uuid7()
    return Arrival(
        tenant_id=tenant.tenant_id,
        incoming=incoming,
        scheme=known.scheme_name,
        scheme_version=1,
        secret_id=secret_id,
        run_id=run_id,
        digest_key=bytes(32),
        handoff_id=uuid7(),
        record=received(tenant.tenant_id, incoming, run_id, bytes(32)),
    )


def test_a_batch_is_one_transaction_and_each_row_its_own_tenants(
    door: Door, writer: BatchWriter, world: World
) -> None:
    before = door.counts()
    batch = [
        arrival(door, tenant, f"evt_{number}")
        for number in range(3)
        for tenant in (world.globex, world.acme)
    ]
    assert writer.write(batch) == [Accepted(run_id=each.run_id, is_new=True) for each in batch]
    with door.admin.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT r.run_id, r.tenant_id, k.xmin::text FROM awgp.runs r"
                " JOIN awgp.idempotency_keys k USING (tenant_id, run_id)"
                " JOIN awgp.handoffs USING (tenant_id, run_id)"
                " JOIN awgp.run_payloads p USING (tenant_id, run_id) WHERE k.key <> 'warm'"
                " AND r.source_id IS NOT NULL AND p.payload = :event"
            ),
            {"event": EVENT},
        ).all()
    assert {(row[0], row[1]) for row in rows} == {(each.run_id, each.tenant_id) for each in batch}
    assert len({row[2] for row in rows}) == 1
    written = {table: count - before[table] for table, count in door.counts().items()}
    assert {count for table, count in written.items() if table != "persons"} == {6}


def test_of_several_with_one_key_one_is_inserted_and_the_same_body_gets_its_run(
    door: Door, writer: BatchWriter, world: World
) -> None:
    twins = [arrival(door, world.acme, "twin") for _ in range(3)]
    other = arrival(door, world.acme, "twin", body=OTHER)
    first, *again, different = writer.write([*twins, other])
    assert first == Accepted(run_id=twins[0].run_id, is_new=True)
    assert again == [Accepted(run_id=twins[0].run_id, is_new=False)] * 2
    assert different is None
    # A key that was taken before is for the path for one request to look into.
    assert writer.write([arrival(door, world.acme, "twin")]) == [None]


def test_what_does_not_count_any_more_is_left_out_and_the_others_are_not(
    door: Door, writer: BatchWriter, world: World
) -> None:
    good = arrival(door, world.acme, "good")
    foreign = arrival(door, world.acme, "foreign", source=world.globex)
    unknown = arrival(door, world.acme, "unknown", secret_id=uuid7())
    assert writer.write([foreign, good, unknown]) == [
        None,
        Accepted(run_id=good.run_id, is_new=True),
        None,
    ]


def test_a_locked_row_undoes_its_batch_and_sets_its_tenant_alone_aside(
    door: Door, world: World
) -> None:
    elapsed = [0.0]
    writer = BatchWriter(door.engine, monotonic=lambda: elapsed[0])
    batch = [arrival(door, world.acme, "held"), arrival(door, world.globex, "free")]
    before = door.counts()
    with held_key(door, world, f"source:{world.acme.source_id}", "held") as other:
        assert writer.write(batch) == [None, None]
        assert writer.is_aside(world.acme.tenant_id)
        assert not writer.is_aside(world.globex.tenant_id)
        other.rollback()
    assert door.counts() == before
    elapsed[0] = ASIDE_SECONDS
    assert not writer.is_aside(world.acme.tenant_id)
    assert None not in writer.write(batch)


def test_twenty_at_once_are_each_answered_as_if_they_had_come_alone(
    door: Door, world: World
) -> None:
    known = post(door, world.acme, EVENT, "known").get_json()["run"]
    before = door.counts()["runs"]
    sent = [
        *((world.acme, EVENT, f"new_{number}") for number in range(4)),
        *((world.globex, EVENT, f"new_{number}") for number in range(4)),
        *[(world.acme, EVENT, "known")] * 4,
        *[(world.acme, OTHER, "known")] * 4,
        *[(world.globex, EVENT, "twin")] * 4,
    ]
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda each: insist(partial(post, door, *each)), sent))
    assert [each.status_code for each in answers] == [202] * 12 + [422] * 4 + [202] * 4
    assert {problem(each) for each in answers[12:16]} == {(422, "idempotency-key-reused")}
    runs = [each.get_json().get("run") for each in answers]
    assert len(set(runs[:8])) == 8
    assert set(runs[8:12]) == {known}
    assert len(set(runs[16:])) == 1
    assert door.counts()["runs"] == before + 9


@dataclass(frozen=True)
class Witness(Scheme):
    """Takes everything, and says which thread asked; the event `leads` is held until told."""

    about: ClassVar[About] = StandardWebhooks.about
    asked: list[tuple[str, int]]
    go_on: threading.Event

    def verify(self, message: Message, secret: bytes, now: datetime) -> Verified:
        del secret
        name = message.headers["webhook-id"]
        self.asked.append((name, threading.get_ident()))
        if name == "leads":
            assert self.go_on.wait(PATIENCE)
        return Verified(event_id=name, timestamp=now)

    def sign(self, request: Request, secret: bytes) -> Signed:
        del request, secret
        raise CannotSign("nobody asks a witness to")


class Asking(Witness):
    """One that has no secret: it asks somebody else, which takes its time."""

    about: ClassVar[About] = replace(StandardWebhooks.about, secret=None)


def test_who_leads_verifies_for_all_but_what_takes_long_which_is_verified_by_who_brings_it(
    door: Door, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.together.PATIENCE_SECONDS", PATIENCE)
    rates = make_rates(settings(), Respite(1.0))
    together = Together(door.engine, limits=LIMITS, rates=rates, broker=door.broker)
    asked: list[tuple[str, int]] = []
    go_on = threading.Event()
    for tenant, scheme in (
        (world.acme, Witness(asked, go_on)),
        (world.globex, Asking(asked, go_on)),
    ):
        together.sources.put(source_of(tenant, secret_of(door, tenant), scheme))

    def bring(event: Event) -> tuple[int, Outcome | None]:
        return threading.get_ident(), together.accept(event, datetime.now(UTC))

    with ThreadPoolExecutor(5) as pool:
        leads = pool.submit(bring, came(world.acme, "leads"))
        wait_until(lambda: len(asked) == 1, "somebody to lead")
        small = [pool.submit(bring, came(world.acme, name)) for name in ("one", "two")]
        large = pool.submit(bring, came(world.acme, "large", b'{"a": "%s"}' % (b"x" * LARGE_BYTES)))
        token = pool.submit(bring, came(world.globex, "token"))
        wait_until(lambda: together._coalescer.waiting == 4, "the others to wait")
        before = dict(asked)
        go_on.set()
        brought = {
            name: each.result()
            for name, each in {"leads": leads, "large": large, "token": token}.items()
        }
        outcomes = [each.result()[1] for each in (leads, *small, large)]
    # Nobody waits for what takes long, and it waits for nobody.
    assert before == {name: thread for name, (thread, _) in brought.items()}
    # One thread did the work of both, and nobody's was done twice.
    assert dict(asked)["one"] == dict(asked)["two"]
    assert len(asked) == 5
    assert all(each is not None and each.is_new for each in outcomes)


def test_a_lock_held_on_one_key_keeps_no_one_else_waiting(door: Door, world: World) -> None:
    sent = [(world.acme, "held"), *((world.globex, f"evt_{number}") for number in range(8))]
    with (
        held_key(door, world, f"source:{world.acme.source_id}", "held") as other,
        ThreadPoolExecutor(9) as pool,
    ):
        # All are answered while the lock is held.
        answers = list(pool.map(lambda each: post(door, each[0], EVENT, each[1]), sent))
        other.rollback()
    assert problem(answers[0]) == (503, "event-in-flight")
    assert answers[0].headers["Retry-After"] == "1"
    assert {each.status_code for each in answers[1:]} == {202}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("UPDATE awgp.sources SET active = false", (403, "source-inactive")),
        ("UPDATE awgp.assistants SET active = false", (403, "source-inactive")),
        ("DELETE FROM awgp.source_secrets", (401, "signature-invalid")),
        (
            "UPDATE awgp.source_secrets SET expires_at = clock_timestamp()",
            (401, "signature-invalid"),
        ),
    ],
)
def test_what_is_taken_away_counts_at_once_for_a_source_that_is_remembered(
    door: Door, world: World, change: str, expected: tuple[int, str]
) -> None:
    assert door.hook(world.acme, EVENT, event="before").status_code == 202
    with door.admin.begin() as connection:
        connection.execute(text(change))
    with nothing_left_behind(door):
        assert problem(door.hook(world.acme, EVENT, event="after")) == expected


def test_nothing_is_acknowledged_that_fails_at_its_commit(door: Door, world: World) -> None:
    with door.admin.begin() as connection:
        connection.execute(text(AT_COMMIT))
    with nothing_left_behind(door):
        assert door.hook(world.acme, EVENT, event="late").status_code == 500


def test_a_database_that_lacks_the_function_is_served_one_by_one(door: Door, world: World) -> None:
    with door.admin.begin() as connection:
        connection.execute(text("DROP FUNCTION awgp.accept_together"))
    assert door.hook(world.acme, EVENT, event="evt").status_code == 202
    assert door.hook(world.acme, EVENT, event="evt").status_code == 202


@pytest.mark.parametrize("patience_ms", [1, 60_000])
def test_who_meets_the_closing_of_its_tenant_is_refused_alone_and_together(
    door: Door, database: Database, world: World, monkeypatch: pytest.MonkeyPatch, patience_ms: int
) -> None:
    monkeypatch.setattr("ingest.batch.LOCK_PATIENCE_MS", patience_ms)
    tenant = {"id": world.acme.tenant_id}
    with nothing_left_behind(door), ThreadPoolExecutor(1) as pool:
        with tenant_transaction(database.owner, world.acme.tenant_id) as closing:
            closing.execute(text("SELECT 1 FROM tenants WHERE tenant_id = :id FOR UPDATE"), tenant)
            asked = pool.submit(post, door, world.acme, EVENT, "late")
            wait_until(lambda: someone_waits(door), "the request to wait for the closing")
            closing.execute(
                text("UPDATE tenants SET closed_at = now() WHERE tenant_id = :id"), tenant
            )
        assert problem(asked.result()) == (403, "tenant-closed")


def someone_waits(door: Door) -> bool:
    with door.admin.connect() as connection:
        return bool(
            connection.execute(
                text(
                    "SELECT count(*) FROM pg_stat_activity WHERE usename = 'awgp_ingest'"
                    " AND datname = current_database() AND wait_event_type = 'Lock'"
                )
            ).scalar_one()
        )


def test_one_connection_is_enough_for_all_there_is_to_do(database: Database, world: World) -> None:
    door = Door(database.engine("awgp_ingest", pool_size=1), database.admin)
    for event in ("alone", "together", "together"):
        assert door.hook(world.acme, EVENT, event=event).status_code == 202
    assert door.client.get("/readyz").status_code == 200


@pytest.fixture(scope="module")
def valkey(server_folder: Path) -> Iterator[Running]:
    with start_valkey(server_folder / "valkey-together") as running:
        yield running


def test_messages_sent_together_are_received_as_if_sent_one_by_one(
    valkey: Running, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    register, registered = redis.Redis.register_script, list[str]()

    def counted(client: "redis.Redis", script: str) -> Script:
        registered.append(script)
        return register(client, script)

    monkeypatch.setattr(redis.Redis, "register_script", counted)
    broker = make_fast_path(Settings(redis_url=valkey_url(valkey.data, "ingest")))
    assert isinstance(broker, FastPathBroker)
    ids = [uuid7() for _ in range(5)]
    sent = [message(Stage.POLICY, world.acme.tenant_id, each, "tp") for each in ids]
    send_all(broker, sent[:1])
    send_all(broker, sent[1:3])
    send_all(broker, sent[3:])
    assert len(registered) == len(set(registered))  # not at each sending

    worker = make_broker(Settings(redis_url=valkey_url(valkey.data, "worker")))
    worker.declare_queue("policy")
    consumer = worker.consume("policy", prefetch=9, timeout=1000)
    received = [next(consumer) for _ in ids]
    assert [each.args[1] for each in received if each] == [str(each) for each in ids]
    assert {each.options["traceparent"] for each in received if each} == {"tp"}
    for each in received:
        assert each is not None
        consumer.ack(each)
    consumer.close()  # what is done is said together, at the latest now
    assert broker.client.hlen("dramatiq:policy.msgs") == 0
