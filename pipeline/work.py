"""A unit of work: one tenant's transaction with its audit records and its next handoffs.

Whatever moves a run does it through `Work`, so that the move, the record of it and the handoff to
the next stage commit together or not at all. Messages go out only after the commit.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import dramatiq
from psycopg.types.json import Jsonb
from sqlalchemy import Connection

from pipeline.advance import advance
from pipeline.answer import Answer, Asked
from pipeline.audit import AuditRecord
from pipeline.conversation import Conversation
from pipeline.errors import AwgpError
from pipeline.handoff import FAST_PATH_GRACE, Handoff, finish, lease_lost, message
from pipeline.ids import uuid7
from pipeline.live import Event, Happened
from pipeline.personal import Personal
from pipeline.run import Stage
from pipeline.waiting_line import LINED, TAKE_PLACE

HAND_OFF = (
    "INSERT INTO handoffs (tenant_id, handoff_id, run_id, epoch, stage, next_send_at, traceparent)"
    " VALUES (:tenant, :id, :run, :epoch, :stage, clock_timestamp() + :delay, :traceparent)"
)

# The actor of what nobody did: a stage's own moves.
SYSTEM = "awgp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who did it, as the audit trail says it: an opaque id, never a name."""

    type: str
    id: str


class Work(Conversation):
    """One open transaction of one tenant, with what it records and what it leaves to send."""

    def __init__(
        self,
        connection: Connection,
        tenant_id: UUID,
        *,
        exchange_with: Callable[[list[Asked]], None] | None = None,
    ) -> None:
        super().__init__(connection, tenant_id, exchange_with=exchange_with)
        self.records: list[AuditRecord] = []
        # What was taken of them already, and what else is to be told once it is committed.
        self._recorded: list[AuditRecord] = []
        self._announced: list[Event] = []
        self._finishing: Handoff | None = None
        self._to_send: list[dramatiq.Message[None]] = []
        # Sent if the answer, once it is there, is that the line has a place.
        self._if_let_in: list[tuple[Answer, dramatiq.Message[None]]] = []

    def record(
        self,
        actor: Actor,
        action: str,
        resource: tuple[str, str],
        *,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        personal: Personal | None = None,
        record_id: UUID | None = None,
    ) -> None:
        """Note what happened; written with the transaction.

        Args:
            action: "stage:noun:verb".
            resource: Its type and id.
            record_id: Given when a personal envelope was bound to it beforehand.

        Raises:
            AuditRecordInvalid: The format cannot hold it.
        """
        self.records.append(
            AuditRecord(
                id=record_id or uuid7(),
                occurred_at=datetime.now(UTC),
                tenant_id=self.tenant_id,
                actor_type=actor.type,
                actor_id=actor.id,
                action=action,
                resource_type=resource[0],
                resource_id=resource[1],
                before=before,
                after=after,
                metadata=metadata or {},
                personal=personal,
            )
        )

    def announce(self, kind: str, **ids: str | int) -> None:
        """Tell who looks on, once it is committed, what no audit record tells.

        Args:
            kind: One of `pipeline/live.py`.
            ids: Of what it is about, and nothing else.
        """
        self._announced.append(Event(kind=kind, ids=ids))

    def hand_off(
        self,
        run_id: UUID,
        epoch: int,
        stage: Stage,
        *,
        delay: timedelta = timedelta(0),
        traceparent: str | None = None,
    ) -> UUID:
        """Make a run due at a stage, at once or after `delay`."""
        self._finish_now()
        handoff_id = uuid7()
        lined = stage in LINED and not delay
        answer = self.ask(
            TAKE_PLACE if lined else HAND_OFF,
            tenant=self.tenant_id,
            id=handoff_id,
            run=run_id,
            epoch=epoch,
            stage=stage.value,
            delay=delay or FAST_PATH_GRACE,
            traceparent=traceparent,
        )
        sent = message(stage, self.tenant_id, handoff_id, traceparent)
        if lined:
            self._if_let_in.append((answer, sent))
        elif not delay:
            self._to_send.append(sent)
        return handoff_id

    def schedule(
        self,
        kind: str,
        at: datetime,
        subject_id: UUID | None = None,
        *,
        after_seconds: int | None = None,
    ) -> UUID:
        """Make something happen by time: a row of `due`.

        Args:
            after_seconds: Which of its subject's it is, where there are several of a kind.
        """
        due_id = uuid7()
        self.execute(
            "INSERT INTO due (tenant_id, due_id, kind, subject_id, next_send_at, after_seconds)"
            " VALUES (:tenant, :id, :kind, :subject, :at, :after)",
            tenant=self.tenant_id,
            id=due_id,
            kind=kind,
            subject=subject_id,
            at=at,
            after=after_seconds,
        )
        return due_id

    def finish(self, handoff: Handoff) -> None:
        """Delete the row that brought a run here, at the latest with the end of the transaction.

        Raises, then:
            LeaseLost: Another claim was made since.
        """
        self._finish_now()
        self._finishing = handoff

    def advance(
        self,
        run_id: UUID,
        *,
        before: tuple[str, int],
        after: tuple[str, int],
        reason: str | None,
        due: Stage | None,
        traceparent: str | None,
        changed: AwgpError,
    ) -> None:
        """Move a run and what goes with it: its handoff, the next one and what is recorded so far.

        Args:
            before: Status and epoch it must be found in.
            due: The stage it is due at next, None if there is none or it keeps its handoff.
            changed: Raised, at the latest at the end, if it is not found like that.
        """
        finishing, self._finishing = self._finishing, None
        next_id = uuid7()
        values: dict[str, Any] = {"from": before[0], "to": after[0]}
        if finishing is not None:
            values |= {"handoff": finishing.handoff_id, "fence": finishing.fence}
        if due is not None:
            values |= {"next": next_id, "due": due.value, "traceparent": traceparent}
            values["grace"] = FAST_PATH_GRACE
        answer = self.ask(
            advance(finishes=finishing is not None, due=due),
            check=partial(_check_advance, finishing, changed),
            tenant=self.tenant_id,
            run=run_id,
            old_epoch=before[1],
            epoch=after[1],
            reason=reason,
            records=self._take_records(),
            **values,
        )
        if due is not None:
            sent = message(due, self.tenant_id, next_id, traceparent)
            self._if_let_in.append((answer, sent))

    def complete(self) -> None:
        """Say all that is left to say, the records with it; then it may be committed."""
        self._finish_now()
        if self.records:
            self.ask(
                "INSERT INTO audit_pending (tenant_id, record)"
                " SELECT :tenant, jsonb_array_elements(:records)",
                tenant=self.tenant_id,
                records=self._take_records(),
            )
        self.flush()

    def messages(self) -> list["dramatiq.Message[None]"]:
        """What is to be sent once it is committed."""
        let_in = [sent for answer, sent in self._if_let_in if answer.all()[0][0]]
        return [*self._to_send, *let_in]

    def happened(self) -> Happened:
        """What is to be told once it is committed."""
        return Happened(tenant_id=self.tenant_id, records=self._recorded, announced=self._announced)

    def say_all(self) -> None:
        """Have everything noted so far answered, and so every lost lease told."""
        self._finish_now()
        self.flush()

    def _finish_now(self) -> None:
        finishing, self._finishing = self._finishing, None
        if finishing is not None:
            finish(self, finishing)

    def _take_records(self) -> Jsonb:
        records, self.records = self.records, []
        self._recorded += records
        return Jsonb([record.to_json() for record in records])


def _check_advance(finishing: Handoff | None, changed: AwgpError, answer: Answer) -> None:
    _, finished, moved = answer.one()
    if finishing is not None and not finished:
        raise lease_lost(finishing)
    if not moved:
        raise changed
