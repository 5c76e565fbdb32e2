"""The tenants that chaos happens to: three subsidiaries, each with assistants of both kinds.

Half of the assistants say that a rerun is safe, half do not; some run in gVisor, the others on the
no-op executor of `host.py`, which a runtime's name alone chooses.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from dramatiq.brokers.stub import StubBroker

from ops.embedded.data_folder import DataFolder
from ops.embedded.demo_people import PEOPLE
from ops.embedded.oidc import issuer_url, subject_of
from ops.login_engine import login_engine
from ops.provision import add_tenant
from pipeline.approval import Reason, Rule
from pipeline.envelope import KeyRing
from pipeline.outbox import Outbox
from pipeline.policy_store import activate_policy_set, add_policy_set, add_rule
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
from runtime_host.bundle import digest_of, inspect, pack

TENANTS: Final = ("acme", "globex", "initech")
WITH_PEOPLE: Final = "acme"
"""Held runs are this tenant's: the development realm has an approver for it."""

REAL_RUNTIME: Final = "python3"
NO_OP_RUNTIME: Final = "chaos-no-op"
NO_OP_DIGEST: Final = digest_of(b"chaos-no-op")

MANIFEST = """
[bundle]
name = "{name}"
version = "1.0.0"
retry = "{retry}"
"""
AGENT = b"""
import json, pathlib
asked = json.loads(pathlib.Path("/input/request.json").read_bytes())
print("working on", asked["event"])
pathlib.Path("/output/result.json").write_text(json.dumps({"event": asked["event"]}))
"""
AUTO = """
@id("machines")
@auto("made for load: its assistants have no effect but a delivery")
permit (principal, action == Action::"run", resource);
"""
HELD = """
@id("people")
@hold("desk")
permit (principal == Source::"held", action == Action::"run", resource);
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """A source as its sender knows it.

    Args:
        safe: Whether its assistant's bundle says `retry = "safe"`.
        real: Whether its runs go to gVisor; else to the no-op executor.
        held: Whether a person must approve each run.
    """

    tenant: str
    name: str
    source_id: UUID
    secret: bytes
    safe: bool
    real: bool
    held: bool = False

    def as_json(self) -> dict[str, Any]:
        return {
            "tenant": self.tenant,
            "name": self.name,
            "source": str(self.source_id),
            "secret": base64.b64encode(self.secret).decode(),
            "safe": self.safe,
            "real": self.real,
            "held": self.held,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where the world is built. `target_secrets` has one of 32 bytes for each tenant."""

    data: DataFolder
    runtime_digest: str
    target_url: str
    target_secrets: Mapping[str, bytes]


def build_world(site: Site) -> tuple[Sender, ...]:
    """Set everything up as the tables' owner; returns what the outside client may send as."""
    owner = login_engine(site.data, "awgp_owner")
    outbox = Outbox(owner, StubBroker(middleware=[]))
    senders: list[Sender] = []
    try:
        for slug in TENANTS:
            tenant_id = add_tenant(outbox, slug=slug, name=slug.title())
            with outbox.work(tenant_id) as work:
                senders += _furnish(work, site, slug)
    finally:
        owner.dispose()
    return tuple(senders)


def _furnish(work: Work, site: Site, slug: str) -> list[Sender]:
    author, other = _people(work, site, slug)
    _policy(work, slug, author, other)
    keyring = KeyRing.from_text(site.data.secret("kek"))
    target = add_target(
        work,
        keyring,
        name="ledger",
        url=f"{site.target_url}/{slug}",
        secret=site.target_secrets[slug],
        by=author,
        settings={"allow_private": True},
    )
    senders = []
    for safe in (True, False):
        bundle = _bundle(work, author, safe=safe)
        for real in (True, False):
            name = f"{'safe' if safe else 'once'}-{'gvisor' if real else 'no-op'}"
            runtime = (REAL_RUNTIME, site.runtime_digest) if real else (NO_OP_RUNTIME, NO_OP_DIGEST)
            assistant = add_assistant(
                work, name=name, bundle_digest=bundle, runtime=runtime, by=author, targets=[target]
            )
            names = [name, "held"] if slug == WITH_PEOPLE and safe and not real else [name]
            senders += [
                _sender(work, keyring, slug, each, assistant, other, safe=safe, real=real)
                for each in names
            ]
    return senders


def _people(work: Work, site: Site, slug: str) -> tuple[UUID, UUID]:
    """The development realm's people of this tenant, and two who never sign in."""
    issuer = issuer_url(site.data)
    for person in PEOPLE:
        if person.tenant == slug:
            subject = subject_of(site.data, person.username)
            add_person(work, issuer=issuer, subject=subject, display_name=person.name)
    author, other = (
        add_person(work, issuer=issuer, subject=f"chaos-{slug}-{name}", display_name=name)
        for name in ("author", "owner")
    )
    return author, other


def _policy(work: Work, slug: str, author: UUID, other: UUID) -> None:
    source = AUTO
    if slug == WITH_PEOPLE:
        desk = Rule(
            name="desk",
            version=1,
            quorum=1,
            groups=("approver",),
            reason=Reason.OPTIONAL,
            expires_in_seconds=24 * 3600,
            execution_expires_in_seconds=24 * 3600,
        )
        add_rule(work, desk, by=author)
        source += HELD
    version = add_policy_set(work, source=source, author=author)
    activate_policy_set(work, version, by=other)


def _bundle(work: Work, author: UUID, *, safe: bool) -> str:
    retry, name = ("safe", "again") if safe else ("never", "once")
    manifest = MANIFEST.format(name=name, retry=retry).encode()
    packed = pack({"awgp.toml": manifest, "main.py": AGENT})
    info = inspect(packed)
    add_bundle(
        work, digest=info.digest, manifest=info.manifest.as_json(), content=packed, author=author
    )
    return info.digest


def _sender(
    work: Work,
    keyring: KeyRing,
    slug: str,
    name: str,
    assistant: UUID,
    owner: UUID,
    *,
    safe: bool,
    real: bool,
) -> Sender:
    source_id = add_source(
        work, name=name, scheme="standard-webhooks", assistant_id=assistant, owner=owner
    )
    secret = new_webhook_secret()
    add_source_secret(work, keyring, source_id=source_id, secret=secret, by=owner)
    return Sender(
        tenant=slug,
        name=name,
        source_id=source_id,
        secret=secret,
        safe=safe,
        real=real,
        held=name == "held",
    )
