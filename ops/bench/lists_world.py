"""Tenants with a great many runs and open approvals, copied from ones that really went through.

As in `preload`, triggers and foreign keys are left out while loading; indexes and checks are not.
Of the copies a tenth was held and approved, some failed and left dead letters, and one assistant
in each tenant is asked for rarely, which is the worst a filter can meet.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from dramatiq.brokers.stub import StubBroker
from psycopg.types.json import Jsonb
from sqlalchemy import Connection, Engine, text

from actors.hold import hold_run
from actors.policy import decide_run
from actors.stage import in_one_transaction
from ops.bench.preload import AT_ONCE, IDS, copy_rows
from ops.embedded.data_folder import DataFolder
from ops.login_engine import login_engine
from ops.provision import add_tenant
from pipeline.execution import Limits
from pipeline.ids import uuid7
from pipeline.outbox import Outbox
from pipeline.policy_store import activate_policy_set, add_policy_set
from pipeline.registry import add_assistant, add_bundle, add_person, add_source
from pipeline.run import Stage
from pipeline.work import Work
from runtime_host.bundle import pack

ISSUER: Final = "http://127.0.0.1:1/bench"
BUSY_ASSISTANTS: Final = 4
SOURCES: Final = 4
RARE: Final = "rarely-asked"
POLICY: Final = """
@id("orders")
@description("orders of any size wait for one approver")
permit (principal, action == Action::"run", resource);
"""
_BUNDLE: Final = pack(
    {
        "awgp.toml": b'[bundle]\nname = "booker"\nversion = "1.0.0"\nruntime = "python3"\n'
        b'entrypoint = ["main.py"]\n',
        "main.py": b"print('booked')\n",
    }
)
_DIGEST: Final = "sha256:" + hashlib.sha256(_BUNDLE).hexdigest()
_MANIFEST: Final = {
    "name": "booker",
    "version": "1.0.0",
    "runtime": "python3",
    "entrypoint": ["main.py"],
    "retry": "never",
    "limits": Limits().as_json(),
}
_PAYLOAD: Final = json.dumps({"order": "4711", "amount_cents": 4200, "note": "x" * 200}).encode()
_STATUS: Final = (
    "(ARRAY['completed','completed','completed','completed','completed','completed','completed',"
    "'rejected','denied','expired'])[1 + c.n % 10]"
)
_RUNS: Final = {
    "run_id": "c.new_id",
    "status": f"CASE WHEN c.n % 500 = 7 THEN 'failed' ELSE {_STATUS} END",
    "assistant_id": "CASE WHEN c.n % 5000 = 1 THEN CAST(:rare AS uuid)"
    " ELSE (CAST(:assistants AS uuid[]))[1 + c.n % 4] END",
    "source_id": "CASE WHEN c.n % 20 <> 3 THEN (CAST(:sources AS uuid[]))[1 + c.n % 4] END",
    "requester_kind": "CASE WHEN c.n % 20 <> 3 THEN 'source' ELSE 'person' END",
    "requester_person_id": "CASE WHEN c.n % 20 = 3 THEN CAST(:person AS uuid) END",
    "sealed_at": "t.received_at",
}
_FINISHED: Final = {
    "approval_id": "c.other_id",
    "run_id": "c.new_id",
    "status": "'approved'",
    "decided_at": "t.opened_at",
    "assistant_id": "(CAST(:assistants AS uuid[]))[1 + c.n % 4]",
}
_OPEN: Final = {
    "approval_id": "c.other_id",
    "run_id": "c.new_id",
    "expires_at": "t.opened_at + make_interval(secs => 7200 + c.n % 80000)",
}
_DEAD: Final = """
    INSERT INTO awgp.dead_letters (tenant_id, dead_letter_id, run_id, epoch, stage, error, failures)
    SELECT :tenant, c.other_id, c.new_id, 1, 'execute', 'outcome unknown', 1 FROM copied c
    WHERE c.n % 500 = 7"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListTenant:
    """One tenant, and what its lists can be filtered by."""

    slug: str
    tenant_id: UUID
    source_id: UUID
    person_id: UUID
    model: UUID


def furnish(
    data: DataFolder, admin: Engine, *, tenants: int, runs: int, held: int
) -> list[ListTenant]:
    """Make tenants with so many runs and open approvals in all, spread evenly."""
    owner, worker = login_engine(data, "awgp_owner"), login_engine(data, "awgp_worker")
    made = [_tenant(owner, worker, f"lists-{number}") for number in range(tenants)]
    for each in made:
        _fill(admin, each, runs // tenants, held // tenants)
    for engine in (owner, worker):
        engine.dispose()
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM (ANALYZE)"))
        connection.execute(text("CHECKPOINT"))
    return made


def _tenant(owner: Engine, worker: Engine, slug: str) -> ListTenant:
    broker = StubBroker(middleware=[])
    for stage in Stage:
        broker.declare_queue(stage.value)
    outbox = Outbox(owner, broker)
    tenant_id = add_tenant(outbox, slug=slug, name=slug.title())
    with outbox.work(tenant_id) as work:
        made = _furnish(work, slug)
    stages = Outbox(worker, broker)
    for stage, step in ((Stage.POLICY, decide_run), (Stage.HOLD, hold_run)):
        with stages.work(tenant_id) as work:
            handoff = work.execute("SELECT handoff_id FROM handoffs").scalar_one()
        in_one_transaction(stages, stage, step)(tenant_id, handoff)
    return made


def _furnish(work: Work, slug: str) -> ListTenant:
    people = [
        add_person(work, issuer=ISSUER, subject=f"{slug}-{name}", display_name=name.title())
        for name in ("axel", "olga", "pia", "ada")
    ]
    axel, olga, _, ada = people
    add_bundle(work, digest=_DIGEST, manifest=_MANIFEST, content=_BUNDLE, author=axel)
    names = [RARE, *(f"booker-{number}" for number in range(BUSY_ASSISTANTS))]
    assistants = [
        add_assistant(work, name=name, bundle_digest=_DIGEST, runtime=("python3", _DIGEST), by=axel)
        for name in names
    ]
    sources = [
        add_source(
            work,
            name=f"erp-{number}",
            scheme="standard-webhooks",
            assistant_id=assistants[1],
            owner=olga,
        )
        for number in range(SOURCES)
    ]
    version = add_policy_set(work, source=POLICY, author=axel)
    activate_policy_set(work, version, by=olga)
    model = _submit(work, assistants[1], sources[0])
    return ListTenant(
        slug=slug, tenant_id=work.tenant_id, source_id=sources[1], person_id=ada, model=model
    )


def _submit(work: Work, assistant_id: UUID, source_id: UUID) -> UUID:
    run_id = uuid7()
    work.execute(
        "INSERT INTO runs (tenant_id, run_id, assistant_id, source_id, requester_kind, origin)"
        " VALUES (:tenant, :run, :assistant, :source, 'source', :origin)",
        tenant=work.tenant_id,
        run=run_id,
        assistant=assistant_id,
        source=source_id,
        origin=Jsonb({}),
    )
    work.execute(
        "INSERT INTO run_payloads (tenant_id, run_id, epoch, content_type, payload, digest_key)"
        " VALUES (:tenant, :run, 1, 'application/json', :payload, :key)",
        tenant=work.tenant_id,
        run=run_id,
        payload=_PAYLOAD,
        key=bytes(32),
    )
    work.hand_off(run_id, 1, Stage.POLICY)
    return run_id


def _fill(admin: Engine, tenant: ListTenant, runs: int, held: int) -> None:
    with admin.connect() as connection:
        pools = _pools(connection, tenant)
    for first in range(1, runs + 1, AT_ONCE):
        with admin.begin() as batch:
            _copied(batch, first, min(runs, first + AT_ONCE - 1))
            for table, changed in (
                ("runs", _RUNS),
                ("run_payloads", {"run_id": "c.new_id"}),
                ("policy_decisions", {"run_id": "c.new_id"}),
            ):
                copy_rows(batch, table, changed, tenant.tenant_id, tenant.model, pools)
            batch.execute(text(_DEAD), {"tenant": tenant.tenant_id})
            batch.execute(text("DELETE FROM copied WHERE n % 10 <> 0"))
            for table, changed in (("actions", {"run_id": "c.new_id"}), ("approvals", _FINISHED)):
                copy_rows(batch, table, changed, tenant.tenant_id, tenant.model, pools)
    with admin.begin() as batch:
        _copied(batch, 1, held)
        batch.execute(text("UPDATE copied SET new_id = uuidv7(make_interval(secs => -n / 1000.0))"))
        for table, changed in (
            ("runs", {"run_id": "c.new_id"}),
            ("run_payloads", {"run_id": "c.new_id"}),
            ("policy_decisions", {"run_id": "c.new_id"}),
            ("actions", {"run_id": "c.new_id"}),
            ("approvals", _OPEN),
        ):
            copy_rows(batch, table, changed, tenant.tenant_id, tenant.model)
        batch.execute(text(_EXCLUDED), {"tenant": tenant.tenant_id, "run": tenant.model})


_EXCLUDED: Final = """
    INSERT INTO awgp.approval_persons (tenant_id, approval_id, person_id, part, because)
    SELECT x.tenant_id, c.other_id, x.person_id, x.part, x.because
    FROM awgp.approval_persons x JOIN awgp.approvals a USING (tenant_id, approval_id), copied c
    WHERE a.tenant_id = :tenant AND a.run_id = :run"""


def _copied(batch: Connection, first: int, last: int) -> None:
    batch.execute(text("SET LOCAL session_replication_role = replica"))
    batch.execute(text(IDS), {"first": first, "last": last})


def _pools(connection: Connection, tenant: ListTenant) -> dict[str, object]:
    """From what a copy takes its assistant, its source and its requester."""

    def ids(statement: str) -> list[UUID]:
        return list(connection.execute(text(statement), {"tenant": tenant.tenant_id}).scalars())

    assistants = ids(
        "SELECT assistant_id FROM awgp.assistants WHERE tenant_id = :tenant ORDER BY name"
    )
    sources = ids("SELECT source_id FROM awgp.sources WHERE tenant_id = :tenant ORDER BY name")
    *busy, rare = assistants
    return {"rare": rare, "assistants": busy, "sources": sources, "person": tenant.person_id}
