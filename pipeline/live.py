"""What happened, for who looks on: a kind and ids, never content.

Every audit record of a unit of work becomes an event once it is committed, and `Work.announce`
adds what has no record. Events of a tenant stand in one stream of the broker's server,
`awgp:live:<tenant_id>`, capped and short-lived: they say what to read again, and PostgreSQL has
what there is to read. An event that is lost costs liveness and nothing else.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from typing import Final
from uuid import UUID

from pipeline.audit import AuditRecord

RUN: Final = "run.changed"
APPROVAL: Final = "approval.changed"
ASSISTANT: Final = "assistant.changed"
POLICY: Final = "policy.changed"
QUEUE: Final = "queue.changed"
NOTICE: Final = "notice.changed"
SEALED: Final = "audit.sealed"
TELEMETRY: Final = "telemetry"
RESET: Final = "reset"
"""Events were missed, nobody knows which: read everything again."""

# Of records whose resource is part of what the event is about. Any other is its own kind.
KIND_OF: Final[Mapping[str, str]] = {
    "execution": RUN,
    "delivery": RUN,
    "vote": APPROVAL,
    "bundle": ASSISTANT,
    "policy_set": POLICY,
    "approval_rule": POLICY,
    "source_secret": "source.changed",
    "dead_letter": QUEUE,
    "notice_channel": NOTICE,
}
# More events of one kind from one unit of work become one without ids: anything of this kind.
MOST_OF_A_KIND: Final = 16
_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{64}")

SESSIONS_ENDED: Final = "awgp:live:sessions"
"""The stream that tells web processes of ended sessions: that there were some, not which."""


def stream_key(tenant_id: UUID) -> str:
    """Where a tenant's events are."""
    return f"awgp:live:{tenant_id}"


def telemetry_key(tenant_id: UUID) -> str:
    """Where it is said that an agent of the tenant wrote something."""
    return f"awgp:live:telemetry:{tenant_id}"


def watched_key(tenant_id: UUID) -> str:
    """Is there while somebody watches the tenant; without it nothing is published."""
    return f"awgp:live:watched:{tenant_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing to read again.

    Args:
        ids: Of what it is about; nothing else ever stands in them.
        status: Of a run, the one it has now.
    """

    kind: str
    ids: Mapping[str, str | int] = field(default_factory=dict)
    status: str | None = None

    def write(self, at: datetime) -> bytes:
        """The event as it stands in the stream; its id is the stream's."""
        members: dict[str, str | int] = {
            "kind": self.kind,
            "at": at.isoformat(timespec="milliseconds"),
            **self.ids,
        }
        if self.status is not None:
            members["status"] = self.status
        return json.dumps(members, separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """What one committed unit of work did to its tenant."""

    tenant_id: UUID
    records: Sequence[AuditRecord] = ()
    announced: Sequence[Event] = ()


def events_of(happened: Iterable[Happened]) -> list[Event]:
    """Each thing once, as it was at the end."""
    latest: dict[tuple[str, frozenset[tuple[str, str | int]]], Event] = {}
    for one in happened:
        for event in (*chain.from_iterable(map(told_by, one.records)), *one.announced):
            latest[event.kind, frozenset(event.ids.items())] = event
    by_kind: dict[str, list[Event]] = {}
    for event in latest.values():
        by_kind.setdefault(event.kind, []).append(event)
    return [
        event
        for kind, events in by_kind.items()
        for event in (events if len(events) <= MOST_OF_A_KIND else [Event(kind=kind)])
    ]


def told_by(record: AuditRecord) -> Sequence[Event]:
    """A record is one event; one that ends a run together with its question is two."""
    event = event_of(record)
    approval = record.metadata.get("approval")
    if (
        record.resource_type != "run"
        or not isinstance(approval, str)
        or not _ID.fullmatch(approval)
    ):
        return (event,)
    return (event, Event(kind=APPROVAL, ids={"approval_id": approval, **event.ids}))


def event_of(record: AuditRecord) -> Event:
    """What a record is to who looks on."""
    of, subject = record.resource_type, record.resource_id
    ids: dict[str, str | int] = {}
    if _ID.fullmatch(subject):
        ids["bundle" if of == "bundle" else f"{of}_id"] = subject
    run = record.metadata.get("run")
    if isinstance(run, str) and _ID.fullmatch(run):
        ids["run_id"] = run
    status = None
    if of == "run" and record.after is not None:
        status = record.after.get("status")
    return Event(kind=KIND_OF.get(of, f"{of}.changed"), ids=ids, status=status)


def now() -> datetime:
    return datetime.now(UTC)
