"""What a proven request asks for: a run for each of its events that its source's mapping takes."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from ingest.accept import Incoming
from ingest.event import Event
from ingest.sources import Source
from ingest.verification import Proof
from pipeline.callback import HEADER, choose
from pipeline.event_body import Came, read_events
from pipeline.idempotency_key import NAME, read_key
from pipeline.mapping import Mapped, MappingFailed
from pipeline.refusal import Refusal
from pipeline.request_body import too_large
from pipeline.schemes import SignatureInvalid
from pipeline.source_refusals import RefusalKind
from pipeline.strict_json import JsonTooDeep, canonical, check_depth
from pipeline.template import look

IDEMPOTENCY_KEY: Final = NAME.lower()
_PLAIN_ID: Final = re.compile(r"[ -~]{1,255}")
# A mapping, and so a payload, never sees what proves who sent it.
_SECRET_HEADERS: Final = frozenset(
    {"authorization", "proxy-authorization", "cookie", "x-gitlab-token"}
)


class EventIdMissing(Refusal):
    """The event does not have the id that its source is set up to have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The edge's own, which no source exceeds."""

    max_body_bytes: int
    max_json_depth: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Taking:
    """What becomes of each event, in order: a request for a run, or None: it is ignored."""

    incoming: tuple[Incoming | None, ...]
    is_batch: bool


def take(event: Event, source: Source, proof: Proof, limits: Limits) -> Taking:
    """Read a request's events, name them and map them.

    Raises:
        Refusal: See edge.PROBLEMS.
    """
    if source.unusable is not None:
        raise SignatureInvalid(RefusalKind.SETTINGS_INVALID, source.unusable)
    intake = source.intake
    most = min(intake.max_body_bytes or limits.max_body_bytes, limits.max_body_bytes)
    if len(event.body) > most:
        raise too_large(most)
    depth = min(intake.max_json_depth or limits.max_json_depth, limits.max_json_depth)
    found = read_events(event.headers, event.body, intake, max_depth=depth)
    headers = None if source.mapping is None else _headers(event, source)
    return Taking(
        incoming=tuple(
            _incoming(event, source, proof, each, headers, limits, alone=not found.is_batch)
            for each in found.events
        ),
        is_batch=found.is_batch,
    )


def _incoming(
    event: Event,
    source: Source,
    proof: Proof,
    came: Came,
    headers: Mapping[str, str] | None,
    limits: Limits,
    *,
    alone: bool,
) -> Incoming | None:
    named = _event_id(event, source, came, alone=alone)
    origin = _origin(source, proof, named) | _callback(event, source)
    payload, assistant_id = came.stored, source.assistant_id
    if source.mapping is not None:
        mapped = source.mapping.apply(came.value, headers or {})
        if mapped is None:
            return None
        origin["rule"] = mapped.rule
        if mapped.context:
            origin["context"] = dict(mapped.context)
        assistant_id = _assistant(source, mapped)
        payload = _payload(mapped, came, limits)
    key = named or (_key(event, proof) if alone else None)
    return Incoming(
        assistant_id=assistant_id,
        requester="source",
        requester_id=event.source_id,
        payload=payload,
        body_digest=came.digest,
        key=None if key is None else _plain(key),
        origin=origin,
        traceparent=event.traceparent,
    )


def _origin(source: Source, proof: Proof, named: str | None) -> dict[str, Any]:
    verified = proof.verified
    event_id = verified.event_id if named is None else _plain(named)
    origin: dict[str, Any] = {"kind": "webhook", "scheme": source.scheme_name, "event": event_id}
    if verified.caller is not None:
        origin["caller"] = verified.caller
    return origin | {"unsigned": True} if proof.unsigned else origin


def _callback(event: Event, source: Source) -> dict[str, Any]:
    """Where the sender asks to be called back, and whose secret that is signed with."""
    asked = event.headers.get(HEADER.lower())
    if asked is None:
        return {}
    return {"callback": {"url": asked, "target": str(choose(asked, source.callbacks).target_id)}}


def _event_id(event: Event, source: Source, came: Came, *, alone: bool) -> str | None:
    """The event's name where its source says where it is, or a CloudEvent's own; None: neither."""
    intake = source.intake
    if intake.id_pointer is not None:
        found = look(intake.id_pointer, came.value)
        place = intake.id_pointer.path
    elif intake.id_header is not None and alone:
        found = event.headers.get(intake.id_header)
        place = intake.id_header
    else:
        return came.key
    if type(found) is int:
        return str(found)
    if isinstance(found, str) and found and intake.id_header == IDEMPOTENCY_KEY:
        return read_key(found)
    if not isinstance(found, str) or not found:
        raise EventIdMissing(f"the event has no id at {place}", field=place)
    return found


def _key(event: Event, proof: Proof) -> str | None:
    """What the proof names; else an Idempotency-Key, where it is as good as the body."""
    key = proof.verified.key
    header = event.headers.get(IDEMPOTENCY_KEY) if key is None else None
    return key if header is None else f"key {read_key(header)}"


def _plain(name: str) -> str:
    """A name that a key can be: as it is, or its digest."""
    if _PLAIN_ID.fullmatch(name):
        return name
    return "sha256:" + hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()


def _headers(event: Event, source: Source) -> dict[str, str]:
    hidden = _SECRET_HEADERS | {str(getattr(source.scheme, "header", "")).lower()}
    return {name: event.headers[name] for name in event.headers if name not in hidden}


def _assistant(source: Source, mapped: Mapped) -> UUID:
    if mapped.assistant is None:
        return source.assistant_id
    found = source.assistants.get(mapped.assistant)
    if found is None:
        raise MappingFailed(
            f"rule {mapped.rule}: the assistant {mapped.assistant} is switched off, or not there"
        )
    return found


def _payload(mapped: Mapped, came: Came, limits: Limits) -> bytes:
    if mapped.payload is None:
        return came.stored
    payload = canonical(mapped.payload)
    if len(payload) > limits.max_body_bytes:
        raise MappingFailed(
            f"rule {mapped.rule}: what it makes is longer than {limits.max_body_bytes} bytes"
        )
    try:
        check_depth(payload, limits.max_json_depth)
    except JsonTooDeep as error:
        raise MappingFailed(f"rule {mapped.rule}: what it makes is too deep") from error
    return payload
