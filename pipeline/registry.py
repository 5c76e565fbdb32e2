"""What tenants set up: persons, bundles, targets, assistants, sources. Every change is audited.

Versions are immutable: changing an assistant or a target adds a version and points at it.
"""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from pipeline.envelope import KeyRing
from pipeline.errors import AwgpError
from pipeline.ids import source_id as new_source_id
from pipeline.ids import uuid7
from pipeline.outbox import Actor, Work

SOURCE_SECRET = "source-secret"  # noqa: S105  # the purpose an envelope is bound to
TARGET_SECRET = "target-secret"  # noqa: S105


class AssistantNotFound(AwgpError):
    """The tenant has no active assistant of this name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssistantVersion:
    """An assistant as it would run now."""

    assistant_id: UUID
    name: str
    version: int
    bundle_digest: str
    runtime_name: str
    runtime_digest: str
    sandbox_policy: Mapping[str, Any]
    manifest: Mapping[str, Any]
    bundle_author: UUID
    author: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A version of where a post-action goes."""

    target_id: UUID
    name: str
    version: int
    url: str
    template: str
    settings: Mapping[str, Any]

    @property
    def template_digest(self) -> str:
        return "sha256:" + hashlib.sha256(self.template.encode()).hexdigest()


def add_person(
    work: Work, *, issuer: str, subject: str, display_name: str, kind: str = "human"
) -> UUID:
    """Find or add the person (issuer, subject)."""
    found = work.execute(
        "SELECT person_id FROM persons WHERE issuer = :issuer AND subject = :subject",
        issuer=issuer,
        subject=subject,
    ).scalar_one_or_none()
    if found is not None:
        return UUID(str(found))
    person_id = uuid7()
    work.execute(
        "INSERT INTO persons (tenant_id, person_id, kind, issuer, subject, display_name)"
        " VALUES (:tenant, :id, :kind, :issuer, :subject, :name)",
        tenant=work.tenant_id,
        id=person_id,
        kind=kind,
        issuer=issuer,
        subject=subject,
        name=display_name,
    )
    return person_id


def add_bundle(
    work: Work, *, digest: str, manifest: Mapping[str, Any], content: bytes, author: UUID
) -> None:
    """Keep a bundle; the same one again changes nothing, its first author stays."""
    added = work.execute(
        "INSERT INTO bundles (tenant_id, digest, manifest, content, author_person_id)"
        " VALUES (:tenant, :digest, :manifest, :content, :author) ON CONFLICT DO NOTHING",
        tenant=work.tenant_id,
        digest=digest,
        manifest=Jsonb(dict(manifest)),
        content=content,
        author=author,
    )
    if added.rowcount:
        work.record(_person(author), "setup:bundle:pushed", ("bundle", digest))


def add_target(
    work: Work,
    keyring: KeyRing,
    *,
    name: str,
    url: str,
    secret: bytes,
    by: UUID,
    settings: Mapping[str, Any] | None = None,
    template: str = "",
) -> UUID:
    """Add a target, or a new version of the one with this name; its secret replaces the old."""
    target_id, version = _next_version(work, "targets", "target_id", name)
    work.execute(
        "INSERT INTO target_versions (tenant_id, target_id, version, url, template, settings)"
        " VALUES (:tenant, :id, :version, :url, :template, :settings)",
        tenant=work.tenant_id,
        id=target_id,
        version=version,
        url=url,
        template=template,
        settings=Jsonb(dict(settings or {})),
    )
    work.execute("DELETE FROM target_secrets WHERE target_id = :id", id=target_id)
    secret_id = uuid7()
    work.execute(
        "INSERT INTO target_secrets (tenant_id, secret_id, target_id, key_id, envelope)"
        " VALUES (:tenant, :secret, :id, :key, :envelope)",
        tenant=work.tenant_id,
        secret=secret_id,
        id=target_id,
        key=keyring.sealing_key_id,
        envelope=keyring.seal(
            secret, tenant_id=work.tenant_id, row_id=secret_id, purpose=TARGET_SECRET
        ),
    )
    work.record(
        _person(by), "setup:target:saved", ("target", str(target_id)), after={"version": version}
    )
    return target_id


def add_assistant(
    work: Work,
    *,
    name: str,
    bundle_digest: str,
    runtime: tuple[str, str],
    by: UUID,
    targets: Sequence[UUID] = (),
    sandbox_policy: Mapping[str, Any] | None = None,
    configuration: Mapping[str, Any] | None = None,
) -> UUID:
    """Add an assistant, or a new version of the one with this name.

    Args:
        runtime: Name and digest of the root file system it runs on.
        targets: Where its result goes, in order.
    """
    assistant_id, version = _next_version(work, "assistants", "assistant_id", name)
    work.execute(
        "INSERT INTO assistant_versions (tenant_id, assistant_id, version, bundle_digest,"
        " runtime_name, runtime_digest, configuration, sandbox_policy, author_person_id)"
        " VALUES (:tenant, :id, :version, :bundle, :runtime, :digest, :configuration, :policy,"
        " :by)",
        tenant=work.tenant_id,
        id=assistant_id,
        version=version,
        bundle=bundle_digest,
        runtime=runtime[0],
        digest=runtime[1],
        configuration=Jsonb(dict(configuration or {})),
        policy=Jsonb(dict(sandbox_policy or {})),
        by=by,
    )
    for position, target in enumerate(targets):
        work.execute(
            "INSERT INTO assistant_targets (tenant_id, assistant_id, version, position, target_id)"
            " VALUES (:tenant, :id, :version, :position, :target)",
            tenant=work.tenant_id,
            id=assistant_id,
            version=version,
            position=position,
            target=target,
        )
    work.record(
        _person(by),
        "setup:assistant:saved",
        ("assistant", str(assistant_id)),
        after={"version": version, "bundle": bundle_digest},
    )
    return assistant_id


def _next_version(work: Work, table: str, key: str, name: str) -> tuple[UUID, int]:
    row = work.execute(
        f"UPDATE {table} SET current_version = current_version + 1"  # noqa: S608  # our own names
        f" WHERE name = :name RETURNING {key}, current_version",
        name=name,
    ).one_or_none()
    if row is not None:
        return row[0], row[1]
    new_id = uuid7()
    work.execute(
        f"INSERT INTO {table} (tenant_id, {key}, name) VALUES (:tenant, :id, :name)",  # noqa: S608  # our own names
        tenant=work.tenant_id,
        id=new_id,
        name=name,
    )
    return new_id, 1


def add_source(
    work: Work,
    *,
    name: str,
    scheme: str,
    assistant_id: UUID,
    owner: UUID,
    settings: Mapping[str, Any] | None = None,
) -> UUID:
    """Add a webhook source; it refuses everything until it has a secret."""
    source_id = new_source_id()
    work.execute(
        "INSERT INTO sources (tenant_id, source_id, name, kind, scheme, assistant_id,"
        " owner_person_id, settings)"
        " VALUES (:tenant, :id, :name, 'webhook', :scheme, :assistant, :owner, :settings)",
        tenant=work.tenant_id,
        id=source_id,
        name=name,
        scheme=scheme,
        assistant=assistant_id,
        owner=owner,
        settings=Jsonb(dict(settings or {})),
    )
    work.record(_person(owner), "setup:source:added", ("source", str(source_id)))
    return source_id


def new_webhook_secret() -> bytes:
    """Make 32 random bytes; a sender is given them as `whsec_` and base64 (Standard Webhooks)."""
    return secrets.token_bytes(32)


def add_source_secret(
    work: Work, keyring: KeyRing, *, source_id: UUID, secret: bytes, by: UUID
) -> UUID:
    """Add a live secret; the ones before stay live until they are expired."""
    secret_id = uuid7()
    work.execute(
        "INSERT INTO source_secrets (tenant_id, secret_id, source_id, key_id, envelope,"
        " rotated_by_person_id) VALUES (:tenant, :id, :source, :key, :envelope, :by)",
        tenant=work.tenant_id,
        id=secret_id,
        source=source_id,
        key=keyring.sealing_key_id,
        envelope=keyring.seal(
            secret, tenant_id=work.tenant_id, row_id=secret_id, purpose=SOURCE_SECRET
        ),
        by=by,
    )
    work.record(_person(by), "setup:source_secret:added", ("source", str(source_id)))
    return secret_id


def current_assistant(work: Work, assistant_id: UUID) -> AssistantVersion:
    """Raises: AssistantNotFound."""
    row = work.execute(
        "SELECT a.assistant_id, a.name, v.version, v.bundle_digest, v.runtime_name,"
        " v.runtime_digest, v.sandbox_policy, b.manifest, b.author_person_id, v.author_person_id"
        " FROM assistants a JOIN assistant_versions v ON v.tenant_id = a.tenant_id"
        "  AND v.assistant_id = a.assistant_id AND v.version = a.current_version"
        " JOIN bundles b ON b.tenant_id = v.tenant_id AND b.digest = v.bundle_digest"
        " WHERE a.assistant_id = :id AND a.active",
        id=assistant_id,
    ).one_or_none()
    if row is None:
        raise AssistantNotFound(f"no active assistant {assistant_id}")
    return AssistantVersion(**dict(zip(AssistantVersion.__slots__, row, strict=True)))


def current_targets(work: Work, assistant: AssistantVersion) -> tuple[Target, ...]:
    rows = work.execute(
        "SELECT t.target_id, t.name, v.version, v.url, v.template, v.settings"
        " FROM assistant_targets x JOIN targets t USING (tenant_id, target_id)"
        " JOIN target_versions v ON v.tenant_id = t.tenant_id AND v.target_id = t.target_id"
        "  AND v.version = t.current_version"
        " WHERE x.assistant_id = :id AND x.version = :version ORDER BY x.position",
        id=assistant.assistant_id,
        version=assistant.version,
    )
    return tuple(Target(**dict(zip(Target.__slots__, row, strict=True))) for row in rows)


def _person(person_id: UUID) -> Actor:
    return Actor(type="person", id=str(person_id))
