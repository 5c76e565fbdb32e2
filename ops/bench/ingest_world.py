"""Ten tenants with several webhook sources each, set up through the product's own doors."""

import base64
import hashlib
from dataclasses import dataclass, field
from uuid import UUID

from dramatiq.brokers.stub import StubBroker

from ops.embedded.data_folder import DataFolder
from ops.login_engine import login_engine
from ops.provision import add_tenant
from pipeline.envelope import KeyRing
from pipeline.outbox import Outbox
from pipeline.registry import (
    add_assistant,
    add_bundle,
    add_person,
    add_source,
    add_source_secret,
    new_webhook_secret,
)
from pipeline.work import Work

BUNDLE = b"never unpacked: no run of this bench goes past ingest"
DIGEST = "sha256:" + hashlib.sha256(BUNDLE).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchSource:
    """A sender's side of a source."""

    tenant_id: UUID
    assistant_id: UUID
    source_id: UUID
    secret: bytes = field(repr=False)

    @property
    def path(self) -> str:
        return f"/v1/hooks/{self.source_id}"

    @property
    def secret_text(self) -> str:
        return base64.b64encode(self.secret).decode()


def furnish(data: DataFolder, *, tenants: int, sources: int) -> list[BenchSource]:
    """Make tenants with sources; they come back tenant by tenant in turn, as a mixed load."""
    engine = login_engine(data, "awgp_owner")
    outbox = Outbox(engine, StubBroker(middleware=[]))
    keyring = KeyRing.from_files(data.secret_file("kek"))
    made: list[list[BenchSource]] = []
    for number in range(tenants):
        tenant_id = add_tenant(outbox, slug=f"bench-{number}", name=f"Bench {number}")
        with outbox.work(tenant_id) as work:
            made.append(_furnish(work, keyring, sources))
    engine.dispose()
    return [each for turn in zip(*made, strict=True) for each in turn]


def _furnish(work: Work, keyring: KeyRing, sources: int) -> list[BenchSource]:
    owner = add_person(work, issuer="http://127.0.0.1:1/oidc", subject="olga", display_name="Olga")
    add_bundle(work, digest=DIGEST, manifest={"name": "idle"}, content=BUNDLE, author=owner)
    assistant_id = add_assistant(
        work, name="idle", bundle_digest=DIGEST, runtime=("python3", DIGEST), by=owner
    )
    return [
        _source(work, keyring, f"erp-{number}", assistant_id, owner) for number in range(sources)
    ]


def _source(
    work: Work, keyring: KeyRing, name: str, assistant_id: UUID, owner: UUID
) -> BenchSource:
    source_id = add_source(
        work, name=name, scheme="standard-webhooks", assistant_id=assistant_id, owner=owner
    )
    secret = new_webhook_secret()
    add_source_secret(work, keyring, source_id=source_id, secret=secret, by=owner)
    return BenchSource(
        tenant_id=work.tenant_id, assistant_id=assistant_id, source_id=source_id, secret=secret
    )
