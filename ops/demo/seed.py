"""Set the demo's holding up: two subsidiaries, their people, three assistants, sources, targets."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from dramatiq.brokers.stub import StubBroker

from ops.demo.policies import ACME, ACME_FIELDS, GLOBEX, GLOBEX_FIELDS
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
from pipeline.registry_sources import whsec
from pipeline.work import Work
from runtime_host.bundle import build, inspect

BUNDLES = Path(__file__).parent / "bundles"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """A webhook source as its sender knows it. `secret` is 32 bytes, shared with AWGP."""

    name: str
    source_id: UUID
    secret: bytes

    @property
    def whsec(self) -> str:
        return whsec(self.secret)


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoTenant:
    """One subsidiary, set up."""

    slug: str
    tenant_id: UUID
    senders: Mapping[str, Sender]
    target_secret: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """Everything the story needs to know."""

    holding_id: UUID
    acme: DemoTenant
    globex: DemoTenant


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where the demo is built: a running data folder, a runtime, a place results go to."""

    data: DataFolder
    keyring: KeyRing
    runtime_digest: str
    target_url: str


def seed(site: Site) -> Demo:
    """Set everything up as the tables' owner, in a transaction a tenant."""
    owner = login_engine(site.data, "awgp_owner")
    outbox = Outbox(owner, StubBroker(middleware=[]))
    try:
        holding = add_tenant(outbox, slug="holding", name="Northwind Holding", kind="holding")
        acme = add_tenant(outbox, slug="acme", name="Acme GmbH")
        globex = add_tenant(outbox, slug="globex", name="Globex SA")
        with outbox.work(acme) as work:
            at_acme = _acme(work, site)
        with outbox.work(globex) as work:
            at_globex = _globex(work, site)
    finally:
        owner.dispose()
    return Demo(holding_id=holding, acme=at_acme, globex=at_globex)


def _acme(work: Work, site: Site) -> DemoTenant:
    people = _people(work, site, "acme")
    finance = Rule(
        name="finance",
        version=1,
        quorum=1,
        groups=("approver",),
        reason=Reason.OPTIONAL,
        expires_in_seconds=24 * 3600,
        execution_expires_in_seconds=3600,
    )
    add_rule(work, finance, by=people["ada"])
    _policy(work, ACME, ACME_FIELDS, author=people["ada"], activated_by=people["cleo"])
    secret = new_webhook_secret()
    ledger = _target(work, site, "ledger", secret, people["ada"])
    booker = _assistant(work, site, "invoice-booker", people["ada"], [ledger])
    # Cleo owns the source: what it sends counts as asked by her, so she cannot approve it.
    erp = _sender(work, site, "erp", booker, people["cleo"])
    return DemoTenant(
        slug="acme", tenant_id=work.tenant_id, senders={"erp": erp}, target_secret=secret
    )


def _globex(work: Work, site: Site) -> DemoTenant:
    people = _people(work, site, "globex")
    _policy(work, GLOBEX, GLOBEX_FIELDS, author=people["dora"], activated_by=people["emil"])
    secret = new_webhook_secret()
    chat = _target(work, site, "chat", secret, people["emil"])
    summary = _assistant(work, site, "pr-summary", people["emil"], [chat])
    helper = _assistant(work, site, "misbehaver", people["emil"], [])
    senders = {
        "git": _sender(work, site, "git", summary, people["emil"]),
        "helpdesk": _sender(work, site, "helpdesk", helper, people["emil"]),
    }
    return DemoTenant(
        slug="globex", tenant_id=work.tenant_id, senders=senders, target_secret=secret
    )


def _people(work: Work, site: Site, tenant: str) -> dict[str, UUID]:
    return {
        person.username: add_person(
            work,
            issuer=issuer_url(site.data),
            subject=subject_of(site.data, person.username),
            display_name=person.name,
        )
        for person in PEOPLE
        if person.tenant == tenant
    }


def _policy(
    work: Work,
    source: str,
    fields: Mapping[str, Mapping[str, str]],
    *,
    author: UUID,
    activated_by: UUID,
) -> None:
    version = add_policy_set(work, source=source, author=author, context_fields=fields)
    activate_policy_set(work, version, by=activated_by)


def _target(work: Work, site: Site, name: str, secret: bytes, by: UUID) -> UUID:
    return add_target(
        work,
        site.keyring,
        name=name,
        url=f"{site.target_url}/{name}",
        secret=secret,
        by=by,
        settings={"allow_private": True},
    )


def _assistant(work: Work, site: Site, name: str, by: UUID, targets: list[UUID]) -> UUID:
    packed = build(BUNDLES / name)
    info = inspect(packed)
    add_bundle(
        work, digest=info.digest, manifest=info.manifest.as_json(), content=packed, author=by
    )
    return add_assistant(
        work,
        name=name,
        bundle_digest=info.digest,
        runtime=(info.manifest.runtime, site.runtime_digest),
        by=by,
        targets=targets,
    )


def _sender(work: Work, site: Site, name: str, assistant: UUID, owner: UUID) -> Sender:
    source_id = add_source(
        work, name=name, scheme="standard-webhooks", assistant_id=assistant, owner=owner
    )
    secret = new_webhook_secret()
    add_source_secret(work, site.keyring, source_id=source_id, secret=secret, by=owner)
    return Sender(name=name, source_id=source_id, secret=secret)
