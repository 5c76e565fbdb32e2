"""Tenants set up through the product's own doors, and requests accepted for them as ingest does."""

import hashlib
import io
import json
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID, uuid4

import dramatiq
from dramatiq.brokers.stub import StubBroker

from ingest.accept import Incoming, accept
from ops.embedded.data_folder import DataFolder
from ops.login_engine import login_engine
from ops.provision import add_tenant
from pipeline.envelope import KeyRing
from pipeline.execution import Limits
from pipeline.outbox import Outbox
from pipeline.policy_store import activate_policy_set, add_policy_set
from pipeline.registry import (
    add_assistant,
    add_bundle,
    add_person,
    add_source,
    add_source_secret,
    add_target,
    new_webhook_secret,
)
from pipeline.work import Work

ISSUER: Final = "http://127.0.0.1:1/bench"
RUNTIME: Final = ("python3", "sha256:" + hashlib.sha256(b"bench").hexdigest())
PROGRAM: Final = b"raise SystemExit('nothing runs in a bench')\n"
POLICY: Final = """
@id("small-invoices")
@auto("below 100.00 and booked by the ERP")
permit (principal, action == Action::"run", resource)
when { context.payload has amount && context.payload.amount < 10000 };

@id("invoices")
permit (principal, action == Action::"run", resource)
when { context.payload has amount && context.payload.amount >= 10000 };

@id("never-from-nowhere")
forbid (principal, action == Action::"run", resource)
when { context.payload has country && context.payload.country == "XX" };
"""
FIELDS: Final = {
    "amount": {"pointer": "/amount_cents", "type": "long"},
    "country": {"pointer": "/country", "type": "string"},
}
PAYLOAD: Final = json.dumps(
    {
        "event": "invoice.received",
        "amount_cents": 4200,
        "country": "DE",
        "supplier": {"id": "s-10023", "name": "Brandt & Soehne GmbH"},
        "lines": [{"article": f"A-{n}", "quantity": n, "cents": 100 * n} for n in range(1, 5)],
    }
).encode()
ACCEPTED_AT_ONCE: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchTenant:
    """A subsidiary with one assistant behind one source; its policy lets everything through."""

    slug: str
    tenant_id: UUID
    assistant_id: UUID
    source_id: UUID


class _Kept(StubBroker):
    """Keeps what would be sent, for the bench to send when its clock starts."""

    def __init__(self) -> None:
        super().__init__(middleware=[])
        self.kept: list[dramatiq.Message[Any]] = []

    def enqueue(
        self, message: dramatiq.Message[Any], *, delay: int | None = None
    ) -> dramatiq.Message[Any]:
        del delay
        self.kept.append(message)
        return message


def make_tenants(
    data: DataFolder,
    count: int,
    *,
    target_url: str | None = None,
    runtime: tuple[str, str] = RUNTIME,
    program: bytes = PROGRAM,
) -> tuple[BenchTenant, ...]:
    """Set up `count` tenants alike.

    Args:
        target_url: Where results go; None for assistants without post-actions.
        runtime: Name and digest of what their assistant runs in.
        program: What it runs.
    """
    engine = login_engine(data, "awgp_owner")
    keyring = KeyRing.from_text(data.secret("kek"))
    outbox = Outbox(engine, _Kept())
    tenants = []
    kind = "plain" if target_url is None else "told"
    for number in range(1, count + 1):
        slug = f"{kind}-{number}"
        tenant_id = add_tenant(outbox, slug=slug, name=slug.title())
        with outbox.work(tenant_id) as work:
            tenants.append(_furnish(work, keyring, slug, target_url, runtime, program))
    engine.dispose()
    return tuple(tenants)


def accept_runs(
    data: DataFolder, tenants: Sequence[BenchTenant], count: int, *, payload: bytes = PAYLOAD
) -> list["dramatiq.Message[Any]"]:
    """Accept `count` runs, spread evenly over the tenants; return the messages not sent yet."""
    engine = login_engine(data, "awgp_ingest")
    kept: dict[UUID, list[dramatiq.Message[Any]]] = {}
    for at, tenant in enumerate(tenants):
        share = count // len(tenants) + (at < count % len(tenants))
        broker = _Kept()
        outbox = Outbox(engine, broker)
        for begin in range(0, share, ACCEPTED_AT_ONCE):
            with outbox.work(tenant.tenant_id) as work:
                for _ in range(min(ACCEPTED_AT_ONCE, share - begin)):
                    accept(work, _incoming(tenant, payload))
        kept[tenant.tenant_id] = broker.kept
    engine.dispose()
    longest = max(len(messages) for messages in kept.values())
    return [
        messages[at] for at in range(longest) for messages in kept.values() if at < len(messages)
    ]


def _incoming(tenant: BenchTenant, payload: bytes) -> Incoming:
    return Incoming(
        assistant_id=tenant.assistant_id,
        requester="source",
        requester_id=tenant.source_id,
        payload=payload,
        body_digest=hashlib.sha256(payload).digest(),
        key=uuid4().hex,
        origin={"webhook_id": "bench"},
        traceparent=f"00-{uuid4().hex}-{uuid4().hex[:16]}-01",
    )


def _furnish(
    work: Work,
    keyring: KeyRing,
    slug: str,
    target_url: str | None,
    runtime: tuple[str, str],
    program: bytes,
) -> BenchTenant:
    author = add_person(work, issuer=ISSUER, subject=f"{slug}-author", display_name="Author")
    owner = add_person(work, issuer=ISSUER, subject=f"{slug}-owner", display_name="Owner")
    content = _archive("main.py", program)
    digest = "sha256:" + hashlib.sha256(content).hexdigest()
    manifest = {
        "name": "booker",
        "version": "1.0.0",
        "runtime": runtime[0],
        "entrypoint": ["main.py"],
        "retry": "safe",
        "limits": Limits().as_json(),
    }
    add_bundle(work, digest=digest, manifest=manifest, content=content, author=author)
    targets = [] if target_url is None else [_target(work, keyring, target_url, author)]
    assistant_id = add_assistant(
        work, name="booker", bundle_digest=digest, runtime=runtime, by=author, targets=targets
    )
    source_id = add_source(
        work, name="erp", scheme="standard-webhooks", assistant_id=assistant_id, owner=owner
    )
    add_source_secret(work, keyring, source_id=source_id, secret=new_webhook_secret(), by=owner)
    version = add_policy_set(work, source=POLICY, author=author, context_fields=FIELDS)
    activate_policy_set(work, version, by=owner)
    return BenchTenant(
        slug=slug, tenant_id=work.tenant_id, assistant_id=assistant_id, source_id=source_id
    )


def _target(work: Work, keyring: KeyRing, url: str, author: UUID) -> UUID:
    return add_target(
        work,
        keyring,
        name="ledger",
        url=url,
        secret=new_webhook_secret(),
        by=author,
        settings={"allow_private": True},
    )


def _archive(name: str, content: bytes) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()
