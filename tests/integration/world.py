"""A small world to test in: two subsidiaries, set up alike and through the product's own doors."""

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from dramatiq.brokers.stub import StubBroker
from psycopg.types.json import Jsonb
from sqlalchemy import Engine

from ops.provision import add_tenant
from pipeline.approval import Reason, Rule
from pipeline.envelope import KeyRing
from pipeline.execution import Limits
from pipeline.ids import uuid7
from pipeline.outbox import Outbox
from pipeline.policy_store import activate_policy_set, add_policy_set, add_rule
from pipeline.registry import (
    add_assistant,
    add_bundle,
    add_person,
    add_source,
    add_source_secret,
    add_target,
)
from pipeline.run import Stage
from pipeline.work import Actor, Work

ISSUER = "http://127.0.0.1:1/oidc"
KEYRING = KeyRing.from_text("test:" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVowMTIzNDU=")
SECRET = b"0123456789abcdef0123456789abcdef"
RUNTIME = ("python3", "sha256:" + hashlib.sha256(b"runtime").hexdigest())

POLICY = """
@id("small-invoices")
@auto("below 100.00 and booked by the ERP")
permit (principal, action == Action::"run", resource)
when { context.payload has amount && context.payload.amount < 10000 };

@id("invoices")
permit (principal, action == Action::"run", resource)
when { context.payload has amount && context.payload.amount < 1000000 };

@id("large-invoices")
@hold("two-approvers")
permit (principal, action == Action::"run", resource)
when { context.payload has amount && context.payload.amount >= 500000 };

@id("never-from-nowhere")
forbid (principal, action == Action::"run", resource)
when { context.payload has country && context.payload.country == "XX" };
"""
FIELDS: Mapping[str, Any] = {
    "amount": {"pointer": "/amount_cents", "type": "long"},
    "country": {"pointer": "/country", "type": "string"},
}
MANIFEST = """
[bundle]
name = "booker"
version = "1.0.0"
runtime = "python3"
entrypoint = ["main.py"]
retry = "safe"
"""
MAIN = """
import json, pathlib
request = json.loads(pathlib.Path("/input/request.json").read_bytes())
print("booking", request["amount_cents"])
pathlib.Path("/output/result.json").write_text(json.dumps({"booked": request["amount_cents"]}))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantWorld:
    """One subsidiary. Ada operates, ben and cleo approve, axel wrote bundle and policy."""

    slug: str
    tenant_id: UUID
    persons: Mapping[str, UUID]
    assistant_id: UUID
    bundle_digest: str
    target_id: UUID
    source_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    acme: TenantWorld
    globex: TenantWorld
    keyring: KeyRing


def make_world(
    owner: Engine,
    *,
    runtime: tuple[str, str] = RUNTIME,
    target_url: str = "http://127.0.0.1:9/hook",
    retry: str = "safe",
    main: str = MAIN,
) -> World:
    outbox = Outbox(owner, StubBroker(middleware=[]))

    def tenant(slug: str) -> TenantWorld:
        tenant_id = add_tenant(outbox, slug=slug, name=slug.title())
        with outbox.work(tenant_id) as work:
            return _furnish(work, slug, runtime, target_url, retry, main)

    return World(acme=tenant("acme"), globex=tenant("globex"), keyring=KEYRING)


def _furnish(
    work: Work, slug: str, runtime: tuple[str, str], target_url: str, retry: str, main: str
) -> TenantWorld:
    persons = {
        name: add_person(work, issuer=ISSUER, subject=f"{slug}-{name}", display_name=name.title())
        for name in ("ada", "ben", "cleo", "axel", "olga")
    }
    content = _archive({"awgp.toml": MANIFEST.replace('"safe"', f'"{retry}"'), "main.py": main})
    digest = "sha256:" + hashlib.sha256(content).hexdigest()
    manifest = {
        "name": "booker",
        "version": "1.0.0",
        "runtime": "python3",
        "entrypoint": ["main.py"],
        "retry": retry,
        "limits": Limits().as_json(),
    }
    add_bundle(work, digest=digest, manifest=manifest, content=content, author=persons["axel"])
    target_id = add_target(
        work,
        KEYRING,
        name="ledger",
        url=target_url,
        secret=SECRET,
        by=persons["axel"],
        settings={"allow_private": True},
    )
    assistant_id = add_assistant(
        work,
        name="booker",
        bundle_digest=digest,
        runtime=runtime,
        by=persons["axel"],
        targets=[target_id],
    )
    source_id = add_source(
        work,
        name="erp",
        scheme="standard-webhooks",
        assistant_id=assistant_id,
        owner=persons["olga"],
    )
    add_source_secret(work, KEYRING, source_id=source_id, secret=SECRET, by=persons["olga"])
    two = Rule(
        name="two-approvers",
        version=1,
        quorum=2,
        groups=("approver",),
        reason=Reason.OPTIONAL,
        expires_in_seconds=3600,
        execution_expires_in_seconds=3600,
    )
    add_rule(work, two, by=persons["axel"])
    version = add_policy_set(work, source=POLICY, author=persons["axel"], context_fields=FIELDS)
    activate_policy_set(work, version, by=persons["olga"])
    return TenantWorld(
        slug=slug,
        tenant_id=work.tenant_id,
        persons=persons,
        assistant_id=assistant_id,
        bundle_digest=digest,
        target_id=target_id,
        source_id=source_id,
    )


def _archive(files: Mapping[str, str]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content.encode())
            archive.addfile(member, io.BytesIO(content.encode()))
    return packed.getvalue()


def submit(
    outbox: Outbox,
    tenant: TenantWorld,
    payload: Mapping[str, Any],
    *,
    origin: Mapping[str, Any] | None = None,
) -> UUID:
    """Put a received run into the database, as ingest does; the outbox is awgp_ingest's."""
    run_id = uuid7()
    with outbox.work(tenant.tenant_id) as work:
        work.execute(
            "INSERT INTO runs (tenant_id, run_id, assistant_id, source_id, requester_kind, origin)"
            " VALUES (:tenant, :run, :assistant, :source, 'source', :origin)",
            tenant=work.tenant_id,
            run=run_id,
            assistant=tenant.assistant_id,
            source=tenant.source_id,
            origin=Jsonb(origin or {}),
        )
        work.execute(
            "INSERT INTO run_payloads (tenant_id, run_id, epoch, content_type, payload, digest_key)"
            " VALUES (:tenant, :run, 1, 'application/json', :payload, :key)",
            tenant=work.tenant_id,
            run=run_id,
            payload=json.dumps(payload).encode(),
            key=bytes(32),
        )
        work.record(
            Actor(type="source", id=str(tenant.source_id)),
            "ingest:run:received",
            ("run", str(run_id)),
            after={"status": "received", "epoch": 1},
        )
        work.hand_off(run_id, 1, Stage.POLICY)
    return run_id
