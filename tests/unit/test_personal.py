"""Personal data in the trail: readable with the subject's key, gone without, the chain whole."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from pipeline.audit import AuditRecord, body, chain_hash, genesis, parse_body
from pipeline.personal import (
    Personal,
    PersonalInvalid,
    commitment,
    new_subject_key,
    open_personal,
    seal_personal,
)

TENANT = UUID("11111111-1111-4111-8111-111111111111")
OTHER = UUID("33333333-3333-4333-8333-333333333333")
RECORD = UUID("22222222-2222-4222-8222-222222222222")
NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
CONTENT = {"name": "Ada Lovelace", "email": "ada@example.com"}


def record(personal: Personal) -> AuditRecord:
    return AuditRecord(
        id=RECORD,
        occurred_at=NOW,
        tenant_id=TENANT,
        actor_type="person",
        actor_id="p-1",
        action="hold:approval:granted",
        resource_type="run",
        resource_id="r-1",
        personal=personal,
    )


def test_personal_content_opens_with_its_subjects_key() -> None:
    key = new_subject_key(subject_ref="s-1", key_id="k-1")
    sealed = seal_personal(key, CONTENT, tenant_id=TENANT, record_id=RECORD)
    assert open_personal(key, sealed, tenant_id=TENANT, record_id=RECORD) == CONTENT


def test_personal_content_opens_nowhere_else() -> None:
    key = new_subject_key(subject_ref="s-1", key_id="k-1")
    sealed = seal_personal(key, CONTENT, tenant_id=TENANT, record_id=RECORD)
    stranger = new_subject_key(subject_ref="s-1", key_id="k-1")
    for opener, envelope, tenant, entry in (
        (stranger, sealed, TENANT, RECORD),
        (key, sealed, OTHER, RECORD),
        (key, sealed, TENANT, OTHER),
        (key, replace(sealed, subject_ref="s-2"), TENANT, RECORD),
        (key, replace(sealed, key_id="k-2"), TENANT, RECORD),
    ):
        with pytest.raises(PersonalInvalid):
            open_personal(opener, envelope, tenant_id=tenant, record_id=entry)


def test_erasing_the_key_leaves_the_chain_whole_and_the_content_unreadable() -> None:
    # Given an entry with personal content, sealed into the chain
    keys = {"k-1": new_subject_key(subject_ref="s-1", key_id="k-1")}
    entry = record(seal_personal(keys["k-1"], CONTENT, tenant_id=TENANT, record_id=RECORD))
    sealed = body(entry, sequence=1, sealed_at=NOW)
    digest = chain_hash(genesis(TENANT), sealed)
    assert b"Ada" not in sealed
    assert b"example.com" not in sealed

    # When the subject's key is erased
    del keys["k-1"]

    # Then the stored bytes still chain, still parse, and nobody's key opens them
    assert chain_hash(genesis(TENANT), sealed) == digest
    kept = Personal.from_json(parse_body(sealed)["personal"])
    with pytest.raises(PersonalInvalid):
        open_personal(
            new_subject_key(subject_ref="s-1", key_id="k-1"),
            kept,
            tenant_id=TENANT,
            record_id=RECORD,
        )


def test_a_commitment_is_the_same_for_the_same_content_under_one_key_only() -> None:
    key = new_subject_key(subject_ref="s-1", key_id="k-1")
    again = commitment(key, b"ada@example.com")
    assert commitment(key, b"ada@example.com") == again
    assert commitment(key, b"eve@example.com") != again
    assert commitment(new_subject_key(subject_ref="s-1", key_id="k-2"), b"ada@example.com") != again
    assert len(again) == 64


@pytest.mark.parametrize(
    "data",
    [
        None,
        {},
        {"subject_ref": "Ada Lovelace", "key_id": "k", "ciphertext": "A" * 40},
        {"subject_ref": "s", "key_id": "k", "ciphertext": "AAAA"},
        {"subject_ref": "s", "key_id": "k", "ciphertext": "!" * 40},
        {"subject_ref": "s", "key_id": "k", "ciphertext": "A" * 41 + "B=="},
        {"subject_ref": "s", "key_id": "k", "ciphertext": "A" * 40, "name": "Ada"},
    ],
)
def test_a_malformed_personal_member_is_refused(data: object) -> None:
    with pytest.raises(PersonalInvalid):
        Personal.from_json(data)
