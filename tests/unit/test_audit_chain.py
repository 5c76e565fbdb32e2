"""The audit format: what a record may hold, the bytes it becomes, the chain over them."""

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.audit import (
    MAX_BODY_BYTES,
    AuditBodyInvalid,
    AuditRecord,
    AuditRecordInvalid,
    body,
    canonical,
    chain_hash,
    genesis,
    parse_body,
    place,
    projection,
)

TENANT = UUID("11111111-1111-4111-8111-111111111111")
RECORD = UUID("22222222-2222-4222-8222-222222222222")
NOW = datetime(2026, 1, 31, 12, 0, 0, 5, tzinfo=UTC)


def record(**changes: Any) -> AuditRecord:
    members: dict[str, Any] = {
        "id": RECORD,
        "occurred_at": NOW,
        "tenant_id": TENANT,
        "actor_type": "person",
        "actor_id": "p-1",
        "action": "hold:approval:granted",
        "resource_type": "run",
        "resource_id": "r-1",
        "before": {"status": "held"},
        "after": {"status": "approved"},
        "metadata": {"votes": 2},
    }
    return AuditRecord(**{**members, **changes})


# Text that jsonb and UTF-8 both keep: no NUL, no lone surrogates.
texts = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=12)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(texts, values, max_size=4)


def test_a_body_reads_as_the_format_says() -> None:
    assert body(record(), sequence=7, sealed_at=NOW) == (
        b'{"action":"hold:approval:granted","actor":{"id":"p-1","type":"person"},'
        b'"after":{"status":"approved"},"before":{"status":"held"},"format":"awgp.audit.v1",'
        b'"id":"22222222-2222-4222-8222-222222222222","metadata":{"votes":2},'
        b'"occurred_at":"2026-01-31T12:00:00.000005Z","resource":{"id":"r-1","type":"run"},'
        b'"sealed_at":"2026-01-31T12:00:00.000005Z","sequence":"7",'
        b'"tenant":"11111111-1111-4111-8111-111111111111"}'
    )


def test_the_chain_is_hashed_as_the_format_says() -> None:
    start = hashlib.sha256(b"awgp.audit.genesis.v1\x00" + str(TENANT).encode()).digest()
    assert genesis(TENANT) == start
    assert chain_hash(start, b"{}") == hashlib.sha256(b"awgp.audit.v1\x00" + start + b"{}").digest()


@settings(deadline=None)
@given(before=st.none() | objects, after=st.none() | objects, metadata=objects)
def test_a_record_survives_jsonb_and_seals_to_the_same_bytes(
    before: dict[str, Any] | None, after: dict[str, Any] | None, metadata: dict[str, Any]
) -> None:
    made = record(before=before, after=after, metadata=metadata)
    # jsonb keeps values, and orders members its own way.
    stored = json.loads(json.dumps(made.to_json(), sort_keys=True))
    again = AuditRecord.from_json(dict(reversed(stored.items())))
    assert again == made
    sealed = body(made, sequence=1, sealed_at=NOW)
    assert body(again, sequence=1, sealed_at=NOW) == sealed
    assert place(sealed) == (TENANT, 1)
    assert parse_body(sealed)["metadata"] == metadata


@settings(deadline=None)
@given(value=values)
def test_the_fast_writer_writes_what_rfc_8785_says(value: Any) -> None:
    assert canonical(value) == rfc8785.dumps(value)


@settings(deadline=None)
@given(
    value=st.dictionaries(
        st.sampled_from(["\ud7ff", "\ue000", "\ufb33", "\U0001f600", "a"]), values
    )
)
def test_members_are_sorted_by_utf_16_code_units(value: dict[str, Any]) -> None:
    assert canonical(value) == rfc8785.dumps(value)


def test_times_are_written_in_utc_with_six_digits() -> None:
    east = datetime(2026, 1, 31, 14, tzinfo=timezone(timedelta(hours=2)))
    assert record(occurred_at=east).to_json()["occurred_at"] == "2026-01-31T12:00:00.000000Z"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"metadata": {"amount": 1.5}}, "metadata.amount is a float"),
        ({"metadata": {"n": [2**53]}}, r"metadata.n\[0\] is beyond 2\^53"),
        ({"before": {"a": {"b": "\x00"}}}, "before.a.b holds a NUL"),
        ({"after": {"a": "\ud800"}}, "after.a is not text"),
        ({"after": {"a\x00": 1}}, "a key of after holds a NUL"),
        ({"metadata": {1: 2}}, "a key of metadata is not a string"),
        ({"metadata": {"raw": b"x"}}, "metadata.raw is a bytes"),
        ({"metadata": None}, "metadata must be an object"),
        ({"before": [1]}, "before must be an object"),
        ({"action": "approved"}, "action must be stage:noun:verb"),
        ({"actor_id": ""}, "actor_id must be"),
        ({"actor_id": "a\nb"}, "actor_id must be"),
        ({"resource_type": "Run"}, "resource_type must be"),
        ({"occurred_at": datetime(2026, 1, 1)}, "aware"),  # noqa: DTZ001
        ({"tenant_id": str(TENANT)}, "tenant_id must be a UUID"),
        ({"metadata": {"x": "a" * MAX_BODY_BYTES}}, "the limit is"),
    ],
)
def test_what_could_not_be_sealed_is_refused_when_made(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(AuditRecordInvalid, match=named):
        record(**changes)


def test_nesting_has_a_limit() -> None:
    deep: dict[str, Any] = {}
    for _ in range(40):
        deep = {"d": deep}
    with pytest.raises(AuditRecordInvalid, match="nested deeper"):
        record(metadata=deep)


def test_a_record_does_not_change_with_the_mapping_it_was_made_from() -> None:
    state = {"status": ["held"]}
    made = record(before=state)
    state["status"].append("approved")
    assert made.before == {"status": ["held"]}


@pytest.mark.parametrize("change", [{"extra": 1}, {"actor": None}, {"id": "x"}, {"before": 1.5}])
def test_a_pending_row_that_is_not_a_record_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(AuditRecordInvalid):
        AuditRecord.from_json({**record().to_json(), **change})


@pytest.mark.parametrize("sequence", [0, -1, 2**63])
def test_a_sequence_outside_its_range_is_refused(sequence: int) -> None:
    with pytest.raises(AuditRecordInvalid):
        body(record(), sequence=sequence, sealed_at=NOW)


def test_the_projection_is_what_the_columns_must_hold() -> None:
    sealed = body(record(), sequence=3, sealed_at=NOW + timedelta(seconds=1))
    previous = b"\x01" * 32
    assert projection(sealed, previous=previous) == {
        "id": RECORD,
        "sequence": 3,
        "timestamp": NOW + timedelta(seconds=1),
        "occurred_at": NOW,
        "tenant_id": TENANT,
        "actor_type": "person",
        "actor_id": "p-1",
        "action": "hold:approval:granted",
        "resource_type": "run",
        "resource_id": "r-1",
        "before_state": {"status": "held"},
        "after_state": {"status": "approved"},
        "metadata": {"votes": 2},
        "integrity_hash": chain_hash(previous, sealed).hex(),
    }


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"votes":2', b'"votes": 2'),
        (b'"votes":2', b'"votes":2,"votes":2'),
        (b'"votes":2', b'"votes":2.5,"a":1'),
        (b"awgp.audit.v1", b"awgp.audit.v2"),
        (b'"sequence":"7"', b'"sequence":"07"'),
        (b'"action":', b'"Action":'),
    ],
)
def test_bytes_that_are_no_body_are_refused(old: bytes, new: bytes) -> None:
    sealed = body(record(), sequence=7, sealed_at=NOW)
    with pytest.raises(AuditBodyInvalid):
        parse_body(sealed.replace(old, new))


def test_a_place_is_not_read_from_inside_a_record() -> None:
    lure = {"sequence": "9", "tenant": "33333333-3333-4333-8333-333333333333"}
    sealed = body(record(metadata=lure), sequence=7, sealed_at=NOW)
    assert place(sealed) == (TENANT, 7)
