"""Subjects' keys in the database: one live key a subject, made when first needed."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from pipeline.envelope import KeyRing
from pipeline.ids import uuid7
from pipeline.personal import (
    Personal,
    SubjectKey,
    new_subject_key,
    open_personal,
    seal_personal,
)
from pipeline.work import Work

SUBJECT_KEY = "subject-key"


def seal_for(
    work: Work,
    keyring: KeyRing,
    *,
    subject_ref: str,
    record_id: UUID,
    content: Mapping[str, Any],
) -> Personal:
    """Encrypt personal content for one audit record under its subject's key."""
    key = _live_key(work, keyring, subject_ref) or _new_key(work, keyring, subject_ref)
    return seal_personal(key, content, tenant_id=work.tenant_id, record_id=record_id)


def open_for(
    work: Work, keyring: KeyRing, personal: Personal, *, record_id: UUID
) -> dict[str, Any] | None:
    """Decrypt the personal content of an audit record; None where its subject's key was erased.

    Raises:
        PersonalInvalid: Altered, or moved to another record, tenant or subject.
    """
    row = work.execute(
        "SELECT key_id, envelope FROM subject_keys WHERE key_id = CAST(:key AS uuid)"
        " AND subject_ref = :subject AND envelope IS NOT NULL",
        key=personal.key_id,
        subject=personal.subject_ref,
    ).one_or_none()
    if row is None:
        return None
    opened = keyring.open(
        bytes(row[1]), tenant_id=work.tenant_id, row_id=row[0], purpose=SUBJECT_KEY
    )
    key = SubjectKey(subject_ref=personal.subject_ref, key_id=personal.key_id, key=opened)
    return open_personal(key, personal, tenant_id=work.tenant_id, record_id=record_id)


def _live_key(work: Work, keyring: KeyRing, subject_ref: str) -> SubjectKey | None:
    row = work.execute(
        "SELECT key_id, envelope FROM subject_keys"
        " WHERE subject_ref = :subject AND erased_at IS NULL",
        subject=subject_ref,
    ).one_or_none()
    if row is None:
        return None
    key = keyring.open(bytes(row[1]), tenant_id=work.tenant_id, row_id=row[0], purpose=SUBJECT_KEY)
    return SubjectKey(subject_ref=subject_ref, key_id=str(row[0]), key=key)


def _new_key(work: Work, keyring: KeyRing, subject_ref: str) -> SubjectKey:
    key_id = uuid7()
    made = new_subject_key(subject_ref=subject_ref, key_id=str(key_id))
    envelope = keyring.seal(made.key, tenant_id=work.tenant_id, row_id=key_id, purpose=SUBJECT_KEY)
    added = work.execute(
        "INSERT INTO subject_keys (tenant_id, key_id, subject_ref, envelope)"
        " VALUES (:tenant, :id, :subject, :envelope) ON CONFLICT DO NOTHING",
        tenant=work.tenant_id,
        id=key_id,
        subject=subject_ref,
        envelope=envelope,
    )
    # Two first uses at once: the other one's key is the subject's.
    return made if added.rowcount else _live_key(work, keyring, subject_ref) or made
