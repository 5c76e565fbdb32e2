"""The durable note that a run is due at a stage, and the message that says so.

The row is the truth and the message a hint. A message carries (tenant_id, handoff_id) and nothing
else, so a lost one costs the time until the relay sends it again, and a duplicate finds nothing
to claim. A row leaves only in the transaction that finishes its stage, under the fence it was
claimed with.
"""

import random
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import dramatiq

from pipeline.answer import Answer
from pipeline.conversation import Conversation
from pipeline.errors import AwgpError
from pipeline.ids import uuid7
from pipeline.queue_state import OPEN
from pipeline.run import Stage

# How long the process that committed a handoff is trusted to have sent it itself.
FAST_PATH_GRACE = timedelta(seconds=5)
RESEND_CEILING = timedelta(minutes=5)
# A lease is looked at again this much after it ended.
LEASE_MARGIN = timedelta(seconds=1)


class LeaseLost(AwgpError):
    """Someone else holds this handoff now; whatever was done under the old fence must not count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handoff:
    """A claimed handoff. `fence` grows with every claim; an older one can finish nothing.

    Args:
        kill_by: The person who wants the execution ended, if anybody does.
    """

    tenant_id: UUID
    handoff_id: UUID
    run_id: UUID
    epoch: int
    stage: Stage
    fence: int
    failures: int
    traceparent: str | None
    kill_by: UUID | None = None


def message(
    stage: Stage, tenant_id: UUID, handoff_id: UUID, traceparent: str | None = None
) -> dramatiq.Message[None]:
    """The Dramatiq message for a handoff. Queue, actor and stage share one name."""
    options = {} if traceparent is None else {"traceparent": traceparent}
    return dramatiq.Message(
        queue_name=stage.value,
        actor_name=stage.value,
        args=(str(tenant_id), str(handoff_id)),
        kwargs={},
        options=options,
        # Dramatiq's own costs a call of the system, and the interpreter's lock with it.
        message_id=str(uuid7()),
    )


def due_message(kind: str, tenant_id: UUID, due_id: UUID) -> dramatiq.Message[None]:
    """The message for a row of `due`; its kind is `<stage>.<what>`, its actor `<stage>_due`."""
    stage = Stage(kind.partition(".")[0])
    return dramatiq.Message(
        queue_name=stage.value,
        actor_name=f"{stage.value}_due",
        args=(str(tenant_id), str(due_id)),
        kwargs={},
        options={},
    )


# A retry that was asked for later is not hurried by a duplicate of an earlier message.
FREE = (
    "(lease_until IS NULL OR lease_until < clock_timestamp())"
    " AND (not_before IS NULL OR not_before <= clock_timestamp())"
    f" AND {OPEN}"
)
COLUMNS = (
    "tenant_id",
    "handoff_id",
    "run_id",
    "epoch",
    "stage",
    "fence",
    "failures",
    "traceparent",
    "kill_by_person_id",
)
_COLUMNS = ", ".join(COLUMNS)
CLAIM = (
    f"SELECT {_COLUMNS} FROM handoffs WHERE handoff_id = :id AND stage = :stage AND {FREE}"  # noqa: S608  # constant parts
    " FOR UPDATE SKIP LOCKED"
)
KEEP = (
    "UPDATE handoffs SET lease_owner = :owner, lease_until = clock_timestamp() + :lease,"
    " fence = fence + 1, next_send_at = clock_timestamp() + :lease + :margin"
    " WHERE handoff_id = :id AND fence = :fence"
)


def claim(conversation: Conversation, handoff_id: UUID, stage: Stage) -> Handoff | None:
    """Claim by a row lock, for a stage whose work is all in this transaction.

    None means that someone else has it, or that it is done: return quietly.
    """
    row = conversation.ask(CLAIM, id=handoff_id, stage=stage.value).one_or_none()
    return None if row is None else read_handoff(row)


def keep_claimed(
    conversation: Conversation, handoff: Handoff, *, owner: str, lease: timedelta
) -> Handoff:
    """Turn a claim by row lock into a lease, for work that outlives this transaction."""
    conversation.ask(
        KEEP,
        unless=lease_lost(handoff),
        id=handoff.handoff_id,
        fence=handoff.fence,
        owner=owner,
        lease=lease,
        margin=LEASE_MARGIN,
    )
    return replace(handoff, fence=handoff.fence + 1)


def renew_lease(conversation: Conversation, handoff: Handoff, lease: timedelta) -> UUID | None:
    """Hold it for so long from now; return the person who wants its work ended, if anybody does.

    Raises:
        LeaseLost: It had ended, or another claim was made since.
    """
    answer = conversation.ask(
        "UPDATE handoffs SET lease_until = clock_timestamp() + :lease,"
        " next_send_at = clock_timestamp() + :lease + :margin"
        " WHERE handoff_id = :id AND fence = :fence AND lease_until > clock_timestamp()"
        " RETURNING kill_by_person_id",
        unless=lease_lost(handoff),
        id=handoff.handoff_id,
        fence=handoff.fence,
        lease=lease,
        margin=LEASE_MARGIN,
    )
    by: UUID | None = answer.one()[0]
    return by


def ask_kill(conversation: Conversation, handoff: Handoff) -> Answer:
    """Bring along who wants the execution ended: a person, or nobody.

    The row is locked: who asks from now on waits, and finds what became of the run.

    Raises, when the answer is looked at:
        LeaseLost: Another claim was made since.
    """
    return conversation.ask(
        "SELECT kill_by_person_id FROM handoffs WHERE handoff_id = :id AND fence = :fence"
        " FOR UPDATE",
        unless=lease_lost(handoff),
        id=handoff.handoff_id,
        fence=handoff.fence,
    )


def finish(conversation: Conversation, handoff: Handoff) -> None:
    """Delete the row, in the transaction that moves the run on.

    Raises, at the latest when the transaction ends:
        LeaseLost: Another claim was made since.
    """
    conversation.ask(
        "DELETE FROM handoffs WHERE handoff_id = :id AND fence = :fence",
        unless=lease_lost(handoff),
        id=handoff.handoff_id,
        fence=handoff.fence,
    )


def retry_later(
    conversation: Conversation,
    handoff: Handoff,
    *,
    delay: timedelta,
    error: str,
    counted: bool = True,
) -> None:
    """Give the claim back, to be sent again after `delay`; a message before that changes nothing.

    Args:
        counted: Whether this was a failure of the run; waiting for something else is none.

    Raises, at the latest when the transaction ends:
        LeaseLost: Another claim was made since.
    """
    conversation.ask(
        # The next message is a first one: should it be lost, it is sent again as soon as any is.
        "UPDATE handoffs SET lease_owner = NULL, lease_until = NULL, sends = 0,"
        " failures = failures + :one, last_error = :error,"
        " next_send_at = clock_timestamp() + :delay, not_before = clock_timestamp() + :delay"
        " WHERE handoff_id = :id AND fence = :fence",
        unless=lease_lost(handoff),
        id=handoff.handoff_id,
        fence=handoff.fence,
        one=int(counted),
        delay=delay,
        error=error[:2000],
    )


def backoff(
    failures: int, *, first: timedelta = timedelta(seconds=1), ceiling: timedelta = RESEND_CEILING
) -> timedelta:
    """Exponential with full jitter over the upper half, so that retries neither herd nor hurry."""
    whole = min(first * 2 ** min(failures, 30), ceiling)
    spread: timedelta = whole * random.uniform(0.5, 1.0)  # noqa: S311  # not a secret
    return spread


def read_handoff(row: tuple[Any, ...]) -> Handoff:
    """A claimed row, in the order of COLUMNS."""
    return Handoff(
        tenant_id=row[0],
        handoff_id=row[1],
        run_id=row[2],
        epoch=row[3],
        stage=Stage(row[4]),
        fence=row[5],
        failures=row[6],
        traceparent=row[7],
        kill_by=row[8],
    )


def lease_lost(handoff: Handoff) -> LeaseLost:
    """What to raise where its row is not as it was claimed."""
    return LeaseLost(f"the lease of run {handoff.run_id} at {handoff.stage} was lost")
