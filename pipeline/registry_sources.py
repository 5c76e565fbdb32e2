"""Webhook sources and their secrets: add, rotate, expire. Every change is audited.

`actor` is who the trail says did it: the person the row names, unless someone did it for them.
"""

import base64
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg.errors
from psycopg.types.json import Jsonb
from sqlalchemy.exc import IntegrityError

from pipeline.envelope import KeyRing
from pipeline.ids import source_id as new_source_id
from pipeline.ids import uuid7
from pipeline.registry_names import NameTaken
from pipeline.work import Actor, Work

SOURCE_SECRET = "source-secret"  # noqa: S105  # the purpose an envelope is bound to


def add_source(
    work: Work,
    *,
    name: str,
    scheme: str,
    assistant_id: UUID,
    owner: UUID,
    settings: Mapping[str, Any] | None = None,
    scheme_settings: Mapping[str, Any] | None = None,
    identity: bool = False,
    actor: Actor | None = None,
) -> UUID:
    """Add a webhook source; it refuses everything until it has a secret.

    Args:
        scheme_settings: Checked ones (pipeline/schemes/registry.py).
        identity: Whether its scheme takes someone else's word and has no secrets.

    Raises:
        NameTaken: There is a source of this name.
    """
    source_id = new_source_id()
    try:
        work.execute(
            "INSERT INTO sources (tenant_id, source_id, name, kind, scheme, assistant_id,"
            " owner_person_id, settings, scheme_settings, proof)"
            " VALUES (:tenant, :id, :name, 'webhook', :scheme, :assistant, :owner, :settings,"
            " :scheme_settings, :proof)",
            tenant=work.tenant_id,
            id=source_id,
            name=name,
            scheme=scheme,
            assistant=assistant_id,
            owner=owner,
            settings=Jsonb(dict(settings or {})),
            scheme_settings=Jsonb(dict(scheme_settings or {})),
            proof="identity" if identity else "secret",
        )
    except IntegrityError as error:
        if not isinstance(error.orig, psycopg.errors.UniqueViolation):
            raise
        raise NameTaken(
            f"there is a source {name!r} already; `awgp source rotate {name}` gives it a new"
            " secret, `awgp source remove` takes it away"
        ) from error
    work.record(actor or _person(owner), "setup:source:added", ("source", str(source_id)))
    return source_id


def new_webhook_secret() -> bytes:
    """Make 32 random bytes; a sender is given them as `whsec_` and base64 (Standard Webhooks)."""
    return secrets.token_bytes(32)


def whsec(secret: bytes) -> str:
    """A webhook's secret as its other side is given it (Standard Webhooks)."""
    return "whsec_" + base64.b64encode(secret).decode()


def add_source_secret(
    work: Work,
    keyring: KeyRing,
    *,
    source_id: UUID,
    secret: bytes,
    by: UUID,
    older_live_on: timedelta | None = None,
    actor: Actor | None = None,
) -> UUID:
    """Add a live secret.

    Args:
        by: Who rotated; who did last may not vote on what the source sends.
        older_live_on: How long the ones before live on at most; None leaves them as they are.
    """
    if older_live_on is not None:
        work.execute(
            "UPDATE source_secrets SET expires_at ="
            " least(expires_at, clock_timestamp() + :overlap) WHERE source_id = :source",
            source=source_id,
            overlap=older_live_on,
        )
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
    work.record(
        actor or _person(by),
        "setup:source_secret:added",
        ("source", str(source_id)),
        after={"secret": str(secret_id)},
    )
    return secret_id


def _person(person_id: UUID) -> Actor:
    return Actor(type="person", id=str(person_id))
