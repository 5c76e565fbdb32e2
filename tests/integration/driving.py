"""Drive runs all the way: a host that answers at once, a courier that never leaves the machine."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from psycopg.types.json import Jsonb

from actors.audit import seal_and_sign
from actors.execute import Executor
from actors.export import Export, run_export
from actors.post_action import Deliverer
from audit_export.object_store import ObjectStore
from audit_export.signer import Signer
from ops.embedded.running import Running
from pipeline.approval import Verdict
from pipeline.approval_store import cast_vote
from pipeline.approval_view import load_approval
from pipeline.author_keys import add_author_key
from pipeline.author_signature import SigningKey, read_note
from pipeline.break_glass import break_glass
from pipeline.courier import Answer, Courier
from pipeline.decision_link import make_decision_link
from pipeline.delegation import lend_vote
from pipeline.execution import ExecutionResult, ExecutionSpec, ExitReason, OutputLine
from pipeline.handoff import claim
from pipeline.identity import Identity
from pipeline.notice import ChannelWanted, Kind
from pipeline.notice_channels import add_channel
from pipeline.run import Stage
from pipeline.run_store import MAX_FAILURES, stage_failed
from pipeline.schedule import Timing
from pipeline.schedule_store import Wanted, add_schedule
from pipeline.source_refusals import RefusalKind, Refusals, note_refusals
from pipeline.visit import LONGEST, begin_visit
from pipeline.work import Actor
from tests.audit_trail import FolderStore
from tests.integration.conftest import WORLD_TEMPLATE, Database, _clone, stub_broker
from tests.integration.stages import declared, rows, work_off
from tests.integration.world import ISSUER, KEYRING, TenantWorld, World, submit

LEASE = timedelta(seconds=30)
DONE = ExecutionResult(
    reason=ExitReason.OK,
    exit_code=0,
    result=b'{"booked": 20000}',
    lines=(),
    truncated=False,
    duration_ms=3,
    peak_memory_bytes=1 << 20,
    detail="",
)


class DoneAtOnce:
    """An execution that is over when it starts."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

    def renew(self, seconds: float) -> None: ...

    def kill(self) -> None: ...

    def wait(self, on_line: Callable[[OutputLine], None] | None = None) -> ExecutionResult:
        del on_line
        return DONE


class FakeHost:
    """A runtime host without sandboxes."""

    def describe(self) -> object:
        return {}

    def launch(self, spec: ExecutionSpec, lease_seconds: float) -> DoneAtOnce:
        del spec, lease_seconds
        return DoneAtOnce()


class TakesEverything(Courier):
    """A courier whose every delivery is taken."""

    def __init__(self) -> None:
        super().__init__(timeout_seconds=1)

    def post(
        self,
        url: str,
        body: bytes,
        headers: Mapping[str, str],
        *,
        allow_private: bool = False,
        timeout_seconds: float | None = None,
    ) -> Answer:
        del url, body, headers, allow_private, timeout_seconds
        return Answer(status=204)


def hold(database: Database, tenant: TenantWorld) -> tuple[UUID, UUID]:
    """Bring a run to where a person must decide; returns it and its approval."""
    broker = declared(database)
    run_id = submit(database.outbox("awgp_ingest"), tenant, {"amount_cents": 20_000})
    work_off(database, broker, tenant, Stage.POLICY)
    work_off(database, broker, tenant, Stage.HOLD)
    found = rows(
        database, tenant, "SELECT approval_id FROM approvals WHERE run_id = :run", run=run_id
    )
    return run_id, found[0][0]


def decide(
    database: Database,
    tenant: TenantWorld,
    approval_id: UUID,
    verdict: Verdict = Verdict.APPROVE,
) -> None:
    """Let ben decide."""
    with database.outbox("awgp_web").work(tenant.tenant_id) as work:
        cast_vote(
            work,
            KEYRING,
            approval_id,
            person_id=tenant.persons["ben"],
            display_name="Ben",
            groups=frozenset({"approver"}),
            verdict=verdict,
            digest=load_approval(work, approval_id).digest,
        )


def deny(database: Database, tenant: TenantWorld) -> UUID:
    """A run no policy lets through, waiting to be sealed."""
    run_id = submit(database.outbox("awgp_ingest"), tenant, {})
    work_off(database, declared(database), tenant, Stage.POLICY)
    return run_id


def deliver(database: Database, tenant: TenantWorld) -> UUID:
    """A run that was approved, executed and delivered, waiting to be sealed."""
    run_id, approval_id = hold(database, tenant)
    decide(database, tenant, approval_id)
    outbox = database.outbox("awgp_worker")
    executor = Executor(outbox, FakeHost(), lease=LEASE)
    deliverer = Deliverer(outbox, KEYRING, TakesEverything(), lease=LEASE, max_attempts=3)
    for stage, work_on in (
        (Stage.EXECUTE, executor.execute),
        (Stage.POST_ACTION, deliverer.deliver),
    ):
        for row in rows(
            database,
            tenant,
            "SELECT handoff_id FROM handoffs WHERE stage = :stage",
            stage=stage.value,
        ):
            work_on(tenant.tenant_id, row[0])
    return run_id


def make_signer(folder: Path) -> Signer:
    """A signer of its own, its memory in `folder`."""
    key = Ed25519PrivateKey.from_private_bytes(bytes([7]) * 32)
    return Signer(private_key=key, key_name="awgp-test", folder=folder)


def seal_all(database: Database, signer: Signer, *tenants: TenantWorld) -> None:
    """Seal and sign what waits, as the audit actor does."""
    outbox = database.outbox("awgp_sealer")
    outbox.broker = stub_broker()
    for tenant in tenants:
        seal_and_sign(outbox, signer, tenant.tenant_id)


def fill(database: Database, signer: Signer, store: ObjectStore, tenant: TenantWorld) -> None:
    """Put at least one row of this tenant into every table, through the product's own doors."""
    tell_somebody(database, tenant)
    finished = deliver(database, tenant)
    call_back(database, tenant)
    hold(database, tenant)
    seal_all(database, signer, tenant)
    exporter = database.outbox("awgp_exporter")
    plan = Export(
        signer=signer.public,
        store=store,
        retention=timedelta(days=1),
        interval=timedelta(hours=1),
    )
    run_export(exporter, plan, tenant.tenant_id)
    with database.outbox("awgp_ingest").work(tenant.tenant_id) as work:
        work.execute(
            "INSERT INTO idempotency_keys (tenant_id, scope, key, request_digest, run_id)"
            " VALUES (:tenant, 'erp', 'once', :digest, :run)",
            tenant=tenant.tenant_id,
            digest=bytes(32),
            run=finished,
        )
        kind, now = RefusalKind.SIGNATURE_WRONG, datetime.now(UTC)
        refused = Refusals(
            source_id=tenant.source_id, kind=kind, refused=1, recent=[(now, "its old secret")]
        )
        note_refusals(work, [refused])
    sign(database, tenant)
    let_in(database, tenant)
    fare(database, tenant)
    clock(database, tenant)
    lend_and_link(database, tenant)
    fail(database, tenant, submit(database.outbox("awgp_ingest"), tenant, {"amount_cents": 1}))
    hana = Identity(issuer=ISSUER, subject="holding-hana", kind="human")
    with database.outbox("awgp_web").work(tenant.tenant_id) as work:
        begin_visit(work, KEYRING, hana, reason="to look into it", lasting=LONGEST)
    with database.outbox("awgp_web").work(tenant.tenant_id) as work:
        # Its own door would take a log of 256 entries.
        work.execute(
            "INSERT INTO audit_tiles (tenant_id, level, tile, hash) VALUES (:tenant, 1, 0, :hash)",
            tenant=tenant.tenant_id,
            hash=bytes(32),
        )


def sign(database: Database, tenant: TenantWorld) -> None:
    """Let an author's key count, and have signed the tenant's bundle."""
    signing = SigningKey.generate("ada")
    ben = tenant.persons["ben"]
    (line,) = read_note(signing.sign(tenant.bundle_digest), tenant.bundle_digest)
    with database.outbox("awgp_web").work(tenant.tenant_id) as work:
        add_author_key(work, signing.public, by=ben, actor=Actor(type="person", id=str(ben)))
        work.execute(
            "INSERT INTO bundle_signatures (tenant_id, digest, key_id, signature)"
            " VALUES (:tenant, :digest, :key, :signature)",
            tenant=tenant.tenant_id,
            digest=tenant.bundle_digest,
            key=signing.public.fingerprint,
            signature=line.signature,
        )


def let_in(database: Database, tenant: TenantWorld) -> None:
    """Let the tenant have a credential for its agents' gateways."""
    with database.outbox("awgp_web").work(tenant.tenant_id) as work:
        work.execute(
            "INSERT INTO credentials (tenant_id, credential_id, name, header, key_id, envelope,"
            " saved_by_person_id)"
            " VALUES (:tenant, gen_random_uuid(), 'erp', 'Authorization', 'test', :envelope, :ben)",
            tenant=tenant.tenant_id,
            envelope=bytes(32),
            ben=tenant.persons["ben"],
        )


def fare(database: Database, tenant: TenantWorld) -> None:
    """Let a target have a header, a circuit, a place that is taken, and a test that is due."""
    known = {"tenant": tenant.tenant_id, "target": tenant.target_id}
    with database.outbox("awgp_web").work(tenant.tenant_id) as work:
        work.execute(
            "INSERT INTO target_header_secrets (tenant_id, secret_id, target_id, key_id, envelope)"
            " VALUES (:tenant, gen_random_uuid(), :target, 'test', :envelope)",
            envelope=bytes(32),
            **known,
        )
        work.execute(
            "INSERT INTO resendings (tenant_id, resending_id, kind, target_id, target_version,"
            " body, asked_by) SELECT tenant_id, gen_random_uuid(), 'test', target_id, version,"
            " :body, 'ben' FROM target_versions WHERE target_id = :target LIMIT 1",
            body=b"{}",
            target=tenant.target_id,
        )
    with database.outbox("awgp_worker").work(tenant.tenant_id) as work:
        work.execute(
            "INSERT INTO target_circuits (tenant_id, target_id) VALUES (:tenant, :target)", **known
        )
        work.execute(
            "INSERT INTO target_places (tenant_id, target_id, place, holder, taken_until)"
            " VALUES (:tenant, :target, 0, gen_random_uuid(), clock_timestamp())",
            **known,
        )


def call_back(database: Database, tenant: TenantWorld) -> None:
    """Let a run end whose sender wants to hear of it."""
    run_id = deny(database, tenant)
    rows(
        database,
        tenant,
        "UPDATE runs SET origin = origin || jsonb_build_object('callback', jsonb_build_object("
        "'url', 'https://flows.example/done', 'target', CAST(:target AS text)))"
        " WHERE run_id = :run RETURNING 1",
        target=str(tenant.target_id),
        run=run_id,
    )


def clock(database: Database, tenant: TenantWorld) -> None:
    """Let a source send by the clock."""
    with database.outbox("awgp_web").work(tenant.tenant_id) as work:
        add_schedule(
            work,
            name="weekly",
            assistant="booker",
            wanted=Wanted(timing=Timing(expression="0 7 * * 1", zone="UTC"), payload={}),
            owner=tenant.persons["ben"],
            by=tenant.persons["ben"],
            actor=Actor(type="person", id=str(tenant.persons["ben"])),
        )


def tell_somebody(database: Database, tenant: TenantWorld) -> None:
    """Have whoever can decide told of what waits, from now on."""
    wanted = ChannelWanted(name="deciders", kind=Kind.EMAIL, to_people=True)
    with database.outbox("awgp_web").work(tenant.tenant_id) as work:
        add_channel(work, wanted, actor=Actor(type="person", id=str(tenant.persons["ben"])))


def lend_and_link(database: Database, tenant: TenantWorld) -> None:
    """Lend a vote, make a link to a question, and answer another alone in an emergency."""
    _, asked = hold(database, tenant)
    _, urgent = hold(database, tenant)
    ben, cleo = tenant.persons["ben"], tenant.persons["cleo"]
    rows(
        database,
        tenant,
        "UPDATE persons SET groups = :groups WHERE person_id = :ben RETURNING 1",
        groups=Jsonb(["approver", "break-glass"]),
        ben=ben,
    )
    with database.outbox("awgp_web").work(tenant.tenant_id) as work:
        ends_at = datetime.now(UTC) + timedelta(days=1)
        lend_vote(work, by=ben, to=cleo, groups=["approver"], ends_at=ends_at)
        make_decision_link(work, asked, person_id=cleo)
        break_glass(
            work,
            KEYRING,
            urgent,
            person_id=ben,
            display_name="Ben",
            digest=load_approval(work, urgent).digest,
            reason="the plant stands still",
        )


def fail(database: Database, tenant: TenantWorld, run_id: UUID) -> None:
    """End a received run as one that cannot be carried out, with its dead letter."""
    with database.outbox("awgp_worker").work(tenant.tenant_id) as work:
        (row,) = work.execute("SELECT handoff_id FROM handoffs WHERE run_id = :run", run=run_id)
        handoff = claim(work, row[0], Stage.POLICY)
        assert handoff is not None
        assert stage_failed(work, replace(handoff, failures=MAX_FAILURES), "test")


@contextmanager
def filled_database(cluster: Running, world: World, name: str, folder: Path) -> Iterator[Database]:
    """A database of its own, furnished, with rows of both tenants in every table."""
    _clone(cluster, name, WORLD_TEMPLATE)
    database = Database(cluster=cluster, name=name)
    for tenant in (world.acme, world.globex):
        fill(database, make_signer(folder / "signer"), FolderStore(folder / "store"), tenant)
    database.dispose()
    yield database
    database.dispose()
