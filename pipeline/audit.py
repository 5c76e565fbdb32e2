"""The audit format, version 1: what an entry is, its bytes, and the chain over them.

    body_n = RFC 8785 JSON of the entry, its tenant and its sequence number
    hash_0 = SHA-256("awgp.audit.genesis.v1" 0x00 || tenant as 36 lowercase ASCII characters)
    hash_n = SHA-256("awgp.audit.v1" 0x00 || hash_{n-1} || body_n)

`body` is the truth; every column beside it is a projection of it. The exported line is `body`,
byte for byte. Golden vectors (tests/vectors/audit_v1.json) pin all of this.

A record is checked when it is made, in the transaction that makes it, so that a pending record
can always be sealed: a record that could not be would stop its tenant's whole trail.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NoReturn
from uuid import UUID

import rfc8785

from pipeline.errors import AwgpError
from pipeline.personal import Personal, PersonalInvalid

FORMAT = "awgp.audit.v1"
MAX_SEQUENCE = 2**63 - 1  # bigint
MAX_INTEGER = 2**53 - 1  # RFC 8785, section 3.2.2.3: beyond it a JSON number is not exact
MAX_BODY_BYTES = 1_048_576
# Of what Python shows of a record's mappings: JSON takes six bytes for a character at most, and
# what else a body holds has bounds of its own, some kilobytes together.
SURELY_SMALL = MAX_BODY_BYTES // 8
MAX_DEPTH = 32
HASH_BYTES = 32
_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))

_ACTION = re.compile(r"[a-z][a-z0-9_]*(:[a-z][a-z0-9_]*){2}")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_IDENTIFIER = re.compile(r"[^\x00-\x1f\x7f]{1,256}")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")
_SEQUENCE = re.compile(r"[1-9][0-9]{0,18}")
# The last two members of every body, in RFC 8785's order; inside a string the quotes are escaped.
_PLACE = re.compile(rb'"sequence":"([1-9][0-9]{0,18})","tenant":"([0-9a-f-]{36})"\}\Z')
_PENDING_KEYS = frozenset(
    {"id", "occurred_at", "tenant", "actor", "action", "resource", "before", "after", "metadata"}
)
_BODY_KEYS = _PENDING_KEYS | {"format", "sequence", "sealed_at"}


class AuditRecordInvalid(AwgpError):
    """A record the format cannot hold; the message names the member."""


class AuditBodyInvalid(AwgpError):
    """Bytes that are not a body of format v1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Where a tenant's log stands: entries sealed, the tree's root and the chain's last hash."""

    size: int
    root: bytes
    chain_hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecord:
    """One thing that happened, before it has a place in the chain.

    `action` is "stage:noun:verb". Mappings hold JSON without floats; integers beyond 2^53 - 1
    are given as strings. Ids of actors are opaque: no names, no addresses.
    """

    id: UUID
    occurred_at: datetime
    tenant_id: UUID
    actor_type: str
    actor_id: str
    action: str
    resource_type: str
    resource_id: str
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    personal: Personal | None = None

    def __post_init__(self) -> None:
        """Refuse now what could not be sealed later, and keep a private copy of the mappings.

        Raises:
            AuditRecordInvalid: Names the member and what is wrong with it.
        """
        _check_names(self)
        write_time(self.occurred_at)
        for name in ("before", "after", "metadata"):
            value = getattr(self, name)
            if value is None and name != "metadata":
                continue
            if not isinstance(value, Mapping):
                raise AuditRecordInvalid(f"{name} must be an object")
            object.__setattr__(self, name, _plain(value, name, MAX_DEPTH))
        _check_size(self)

    def to_json(self) -> dict[str, Any]:
        """Return the record as JSON for its pending row (jsonb keeps every value of it)."""
        members: dict[str, Any] = {
            "id": str(self.id),
            "occurred_at": write_time(self.occurred_at),
            "tenant": str(self.tenant_id),
            "actor": {"type": self.actor_type, "id": self.actor_id},
            "action": self.action,
            "resource": {"type": self.resource_type, "id": self.resource_id},
            "before": self.before,
            "after": self.after,
            "metadata": self.metadata,
        }
        if self.personal is not None:
            members["personal"] = self.personal.to_json()
        return members

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "AuditRecord":
        """Read what `to_json` wrote.

        Raises:
            AuditRecordInvalid: Members are missing, unknown or malformed.
        """
        missing = _PENDING_KEYS - set(data)
        unknown = set(data) - _PENDING_KEYS - {"personal"}
        if missing or unknown:
            raise AuditRecordInvalid(
                f"an audit record lacks {sorted(missing)} and does not know {sorted(unknown)}"
            )
        try:
            personal = Personal.from_json(data["personal"]) if "personal" in data else None
            return cls(
                id=UUID(data["id"]),
                occurred_at=read_time(data["occurred_at"]),
                tenant_id=UUID(data["tenant"]),
                actor_type=data["actor"]["type"],
                actor_id=data["actor"]["id"],
                action=data["action"],
                resource_type=data["resource"]["type"],
                resource_id=data["resource"]["id"],
                before=data["before"],
                after=data["after"],
                metadata=data["metadata"],
                personal=personal,
            )
        except (KeyError, TypeError, ValueError, AttributeError, PersonalInvalid) as exc:
            raise AuditRecordInvalid(f"an audit record cannot be read: {exc}") from exc


def body(record: AuditRecord, *, sequence: int, sealed_at: datetime) -> bytes:
    """Return the bytes that are sealed, exported and proven.

    Args:
        sequence: The entry's place in its tenant's log, from 1, without gaps.
        sealed_at: Aware; never earlier than the entry before it.

    Raises:
        AuditRecordInvalid: The sequence or the time cannot be written.
    """
    if not 1 <= sequence <= MAX_SEQUENCE:
        raise AuditRecordInvalid(f"no entry has sequence {sequence}")
    return canonical(_members(record, sequence=sequence, sealed_at=sealed_at))


def canonical(value: Any) -> bytes:
    """Return the RFC 8785 form of JSON without floats.

    The C encoder writes the same bytes many times faster where sorting by code points and by
    UTF-16 code units agree, which is everywhere below U+D800; a property test holds it to that.
    """
    text = _ENCODER.encode(value)
    if text.isascii() or max(text) < "\ud800":
        return text.encode()
    return rfc8785.dumps(value)


def genesis(tenant_id: UUID) -> bytes:
    """Return the hash a tenant's chain begins with, before its first entry."""
    return hashlib.sha256(b"awgp.audit.genesis.v1\x00" + str(tenant_id).encode()).digest()


def chain_hash(previous: bytes, sealed: bytes) -> bytes:
    """Return the hash of an entry's body chained to the hash before it."""
    return hashlib.sha256(b"awgp.audit.v1\x00" + previous + sealed).digest()


def parse_body(sealed: bytes) -> dict[str, Any]:
    """Read a body of format v1.

    Raises:
        AuditBodyInvalid: Not canonical JSON, or not the members of the format.
    """
    try:
        members = json.loads(
            sealed, parse_float=_refuse_number, parse_constant=_refuse_number, parse_int=_integer
        )
        again = canonical(members)
    except (ValueError, RecursionError) as exc:
        raise AuditBodyInvalid("an audit body is not JSON of format v1") from exc
    if again != sealed:
        raise AuditBodyInvalid("an audit body is not in RFC 8785 form")
    if not isinstance(members, dict) or set(members) - {"personal"} != _BODY_KEYS:
        raise AuditBodyInvalid("an audit body has not the members of format v1")
    if members["format"] != FORMAT or not _SEQUENCE.fullmatch(str(members["sequence"])):
        raise AuditBodyInvalid("an audit body's format or sequence is wrong")
    return members


def place(sealed: bytes) -> tuple[UUID, int]:
    """Return the tenant and the sequence a body claims, from its last bytes alone (it is fast).

    Raises:
        AuditBodyInvalid: The bytes do not end as a body does.
    """
    found = _PLACE.search(sealed, max(0, len(sealed) - 128))
    if found is None:
        raise AuditBodyInvalid("these bytes do not end as an audit body does")
    return UUID(found[2].decode()), int(found[1])


def projection(sealed: bytes, *, previous: bytes) -> dict[str, Any]:
    """Return the columns that must stand beside this body.

    `timestamp` is `sealed_at`: it never runs backwards, so partitions and cursors can use it.

    Args:
        previous: The chain hash of the entry before, or the genesis hash.

    Raises:
        AuditBodyInvalid: The body is not of format v1.
    """
    members = parse_body(sealed)
    try:
        return {
            "id": UUID(members["id"]),
            "sequence": int(members["sequence"]),
            "timestamp": read_time(members["sealed_at"]),
            "occurred_at": read_time(members["occurred_at"]),
            "tenant_id": UUID(members["tenant"]),
            "actor_type": members["actor"]["type"],
            "actor_id": members["actor"]["id"],
            "action": members["action"],
            "resource_type": members["resource"]["type"],
            "resource_id": members["resource"]["id"],
            "before_state": members["before"],
            "after_state": members["after"],
            "metadata": members["metadata"],
            "integrity_hash": chain_hash(previous, sealed).hex(),
        }
    except (KeyError, TypeError, ValueError, AttributeError, AuditRecordInvalid) as exc:
        raise AuditBodyInvalid(f"an audit body's members are malformed: {exc}") from exc


def write_time(moment: datetime) -> str:
    """Write an aware time as RFC 3339 in UTC with six fractional digits.

    Raises:
        AuditRecordInvalid: The time is naive or outside the years 1970 to 9998.
    """
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise AuditRecordInvalid("a time must be an aware datetime")
    if not 1970 <= moment.year <= 9998:
        raise AuditRecordInvalid(f"the year {moment.year} is not within 1970 to 9998")
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def read_time(text: str) -> datetime:
    """Read what `write_time` wrote.

    Raises:
        AuditRecordInvalid: Any other form.
    """
    if not isinstance(text, str) or not _TIME.fullmatch(text):
        raise AuditRecordInvalid("a time must read like 2026-01-31T12:00:00.000000Z")
    try:
        return datetime.fromisoformat(text)
    except ValueError as exc:
        raise AuditRecordInvalid(f"{text} is no time") from exc


def _integer(digits: str) -> int:
    if len(digits) > 17 or abs(int(digits)) > MAX_INTEGER:
        _refuse_number(digits)
    return int(digits)


def _refuse_number(digits: str) -> NoReturn:
    raise ValueError(f"{digits[:20]} is not a number of format v1")


def _members(record: AuditRecord, *, sequence: int, sealed_at: datetime) -> dict[str, Any]:
    placed = {"format": FORMAT, "sequence": str(sequence), "sealed_at": write_time(sealed_at)}
    return {**record.to_json(), **placed}


def _check_names(record: AuditRecord) -> None:
    for name in ("id", "tenant_id"):
        if not isinstance(getattr(record, name), UUID):
            raise AuditRecordInvalid(f"{name} must be a UUID")
    for name, pattern, form in (
        ("action", _ACTION, "stage:noun:verb in lower case"),
        ("actor_type", _NAME, "a lower-case name of at most 64 characters"),
        ("resource_type", _NAME, "a lower-case name of at most 64 characters"),
        ("actor_id", _IDENTIFIER, "1 to 256 characters without control characters"),
        ("resource_id", _IDENTIFIER, "1 to 256 characters without control characters"),
    ):
        value = getattr(record, name)
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise AuditRecordInvalid(f"{name} must be {form}")
        object.__setattr__(record, name, _text(value, name))


def _check_size(record: AuditRecord) -> None:
    """Measure the largest body this record can become; json and RFC 8785 agree on lengths."""
    held = len(str((record.before, record.after, record.metadata)))
    if held < SURELY_SMALL and record.personal is None:
        return
    members = _members(record, sequence=MAX_SEQUENCE, sealed_at=record.occurred_at)
    size = len(_ENCODER.encode(members).encode())
    if size > MAX_BODY_BYTES:
        raise AuditRecordInvalid(f"the record has {size} bytes, the limit is {MAX_BODY_BYTES}")


def _plain(value: object, path: str, depth: int) -> Any:
    """Copy a JSON value into plain types, refusing what jsonb or RFC 8785 would not keep."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _text(value, path)
    if isinstance(value, int):
        if abs(value) > MAX_INTEGER:
            raise AuditRecordInvalid(f"{path} is beyond 2^53 - 1: write 64-bit numbers as strings")
        return int(value)
    if isinstance(value, float):
        raise AuditRecordInvalid(f"{path} is a float: write it as a string or in minor units")
    if depth == 0:
        raise AuditRecordInvalid(f"{path} is nested deeper than {MAX_DEPTH}")
    if isinstance(value, Mapping):
        return {
            _key(key, path): _plain(item, f"{path}.{key}", depth - 1) for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_plain(item, f"{path}[{at}]", depth - 1) for at, item in enumerate(value)]
    raise AuditRecordInvalid(f"{path} is a {type(value).__name__}, which JSON does not have")


def _key(key: object, path: str) -> str:
    if not isinstance(key, str):
        raise AuditRecordInvalid(f"a key of {path} is not a string")
    return _text(key, f"a key of {path}")


def _text(value: str, path: str) -> str:
    """Return a plain string; jsonb refuses NUL, UTF-8 refuses lone surrogates."""
    if "\x00" in value:
        raise AuditRecordInvalid(f"{path} holds a NUL character")
    if not value.isascii():  # nearly every value is
        try:
            value.encode()
        except UnicodeEncodeError as exc:
            raise AuditRecordInvalid(f"{path} is not text that UTF-8 can write") from exc
    return str.__str__(value)
