"""Add what tenants set up: persons, bundles, targets, assistants. Every change is audited.

Versions are immutable: changing an assistant or a target adds a version and points at it. What was
taken away and is added again is there again. `actor` is who the trail says did it: the person the
row names, unless someone did it for them.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from pipeline.author_keys import check_signed, keep_signatures
from pipeline.credentials import check_credentials
from pipeline.envelope import KeyRing
from pipeline.ids import uuid7
from pipeline.work import SYSTEM, Actor, Work

TARGET_SECRET = "target-secret"  # noqa: S105  # the purpose an envelope is bound to
TARGET_HEADER = "target-header"  # as above


def add_person(
    work: Work,
    *,
    issuer: str,
    subject: str,
    display_name: str,
    kind: str = "human",
    actor: Actor | None = None,
) -> UUID:
    """Find or add the person (issuer, subject); one who was removed may act again."""
    found = work.execute(
        "SELECT person_id, removed_at IS NOT NULL FROM persons"
        " WHERE issuer = :issuer AND subject = :subject",
        issuer=issuer,
        subject=subject,
    ).one_or_none()
    if found is not None and not found[1]:
        return UUID(str(found[0]))
    person_id = uuid7() if found is None else UUID(str(found[0]))
    work.execute(
        "INSERT INTO persons (tenant_id, person_id, kind, issuer, subject, display_name)"
        " VALUES (:tenant, :id, :kind, :issuer, :subject, :name)"
        " ON CONFLICT (tenant_id, issuer, subject)"
        " DO UPDATE SET removed_at = NULL, display_name = excluded.display_name",
        tenant=work.tenant_id,
        id=person_id,
        kind=kind,
        issuer=issuer,
        subject=subject,
        name=display_name,
    )
    work.record(
        actor or Actor(type="system", id=SYSTEM),
        "setup:person:added" if found is None else "setup:person:restored",
        ("person", str(person_id)),
        after={"kind": kind},
    )
    return person_id


def add_bundle(
    work: Work,
    *,
    digest: str,
    manifest: Mapping[str, Any],
    content: bytes,
    author: UUID,
    actor: Actor | None = None,
    signature: str | None = None,
) -> None:
    """Keep a bundle; the same one again adds its signatures at most, its first author stays.

    Args:
        signature: A note as `pipeline/author_signature.py` has it.

    Raises:
        BundleUnsigned: The tenant has authors' keys, and none that counts signed it.
        SignatureInvalid: The note is none, or does not hold.
    """
    added = work.execute(
        "INSERT INTO bundles (tenant_id, digest, manifest, content, author_person_id)"
        " VALUES (:tenant, :digest, :manifest, :content, :author) ON CONFLICT DO NOTHING",
        tenant=work.tenant_id,
        digest=digest,
        manifest=Jsonb(dict(manifest)),
        content=content,
        author=author,
    )
    signed_by = keep_signatures(work, digest, signature)
    if added.rowcount or signed_by:
        work.record(
            actor or _person(author),
            "setup:bundle:pushed" if added.rowcount else "setup:bundle:signed",
            ("bundle", digest),
            after={"signed_by": signed_by} if signed_by else None,
        )


def add_target(
    work: Work,
    keyring: KeyRing,
    *,
    name: str,
    url: str,
    secret: bytes | None,
    by: UUID,
    settings: Mapping[str, Any] | None = None,
    template: str = "",
    header: str | None = None,
    actor: Actor | None = None,
) -> UUID:
    """Add a target, or a new version of the one with this name.

    Args:
        secret: Replaces the old one; None keeps it.
        header: The value of the header its settings name; None keeps it.
    """
    target_id, version = _next_version(work, "targets", "target_id", name, "removed_at = NULL")
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
    if secret is not None:
        replace_target_secret(work, keyring, target_id, secret)
    if header is not None:
        replace_target_secret(work, keyring, target_id, header.encode(), purpose=TARGET_HEADER)
    work.record(
        actor or _person(by),
        "setup:target:saved",
        ("target", str(target_id)),
        before=_before(version),
        after={"version": version, "secret": "kept" if secret is None else "new"}
        | ({} if header is None else {"header": "new"}),
    )
    return target_id


def replace_target_secret(
    work: Work,
    keyring: KeyRing,
    target_id: UUID,
    secret: bytes,
    *,
    purpose: str = TARGET_SECRET,
) -> UUID:
    """Keep a target's secret in place of the one it had; returns its id.

    Args:
        purpose: TARGET_SECRET signs, TARGET_HEADER is the value of its header.
    """
    table = "target_secrets" if purpose == TARGET_SECRET else "target_header_secrets"
    work.execute(f"DELETE FROM {table} WHERE target_id = :id", id=target_id)  # noqa: S608  # our own names
    secret_id = uuid7()
    work.execute(
        f"INSERT INTO {table} (tenant_id, secret_id, target_id, key_id, envelope)"  # noqa: S608  # as above
        " VALUES (:tenant, :secret, :id, :key, :envelope)",
        tenant=work.tenant_id,
        secret=secret_id,
        id=target_id,
        key=keyring.sealing_key_id,
        envelope=keyring.seal(secret, tenant_id=work.tenant_id, row_id=secret_id, purpose=purpose),
    )
    return secret_id


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
    actor: Actor | None = None,
    revive: bool = True,
    restored: int | None = None,
) -> UUID:
    """Add an assistant, or a new version of the one with this name.

    Args:
        runtime: Name and digest of the root file system it runs on.
        targets: Where its result goes, in order.
        by: The version's author, who may not vote on its runs.
        revive: Switch it on where it is off.
        restored: The older version this one is taken from.

    Raises:
        BundleUnsigned: The tenant has authors' keys, and none that counts signed the bundle.
        FieldInvalid: A rule names a credential that is not there.
    """
    check_signed(work, bundle_digest)
    check_credentials(work, sandbox_policy or {})
    switched = "active = true" if revive else "active = active"
    assistant_id, version = _next_version(work, "assistants", "assistant_id", name, switched)
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
    _add_post_actions(work, assistant_id, version, targets)
    work.record(
        actor or _person(by),
        "setup:assistant:saved",
        ("assistant", str(assistant_id)),
        before=_before(version),
        after={"version": version, "bundle": bundle_digest}
        | ({} if restored is None else {"restored": restored}),
    )
    return assistant_id


def _add_post_actions(
    work: Work, assistant_id: UUID, version: int, targets: Sequence[UUID]
) -> None:
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


def _next_version(work: Work, table: str, key: str, name: str, revive: str) -> tuple[UUID, int]:
    row = work.execute(
        f"UPDATE {table} SET current_version = current_version + 1, {revive}"  # noqa: S608  # our own names
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


def _before(version: int) -> dict[str, int] | None:
    return {"version": version - 1} if version > 1 else None


def _person(person_id: UUID) -> Actor:
    return Actor(type="person", id=str(person_id))
