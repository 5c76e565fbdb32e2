"""Deliveries that a person asked for, on their way: what is due, and what became of it."""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from pipeline.action_store import load_action
from pipeline.courier import Answer
from pipeline.delivery import Outcome
from pipeline.delivery_store import Delivery, attempts_made, bare_delivery, prepare_delivery
from pipeline.envelope import KeyRing
from pipeline.ids import uuid7
from pipeline.resending import RESEND, message_of_a_test
from pipeline.run import Status
from pipeline.run_store import StoredRun, load_run
from pipeline.work import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Resending:
    """One that is due. `attempts` counts this one; `body` is a test's."""

    resending_id: UUID
    target_id: UUID
    target_version: int
    attempts: int
    run_id: UUID | None
    epoch: int | None
    position: int | None
    body: bytes | None
    asked_by: str


def begin_resending(work: Work, resending_id: UUID) -> Resending | None:
    """Count an attempt; None where there is nothing left to do."""
    row = work.execute(
        "UPDATE resendings SET attempts = attempts + 1"
        " WHERE resending_id = :id AND status = 'due'"
        " RETURNING resending_id, target_id, target_version, attempts, run_id, epoch, position,"
        " body, asked_by",
        id=resending_id,
    ).one_or_none()
    if row is None:
        return None
    named = dict(zip(Resending.__slots__, row, strict=True))
    return Resending(**named | {"body": None if row[7] is None else bytes(row[7])})


def take_back_resending(work: Work, resending: Resending) -> None:
    """It was not sent after all: its target keeps it waiting."""
    work.execute(
        "UPDATE resendings SET attempts = attempts - 1 WHERE resending_id = :id AND status = 'due'",
        id=resending.resending_id,
    )


def delivery_for(work: Work, keyring: KeyRing, resending: Resending) -> Delivery:
    """What it sends, and where to.

    Raises:
        TargetDiffers: As in `next_delivery`.
        TargetSecretMissing: As it says.
    """
    if resending.run_id is None or resending.position is None:
        message = message_of_a_test(resending.resending_id)
        return bare_delivery(
            work,
            keyring,
            resending.target_id,
            resending.target_version,
            message=message,
            templated=True,
        )
    run = _run_then(work, resending)
    agreed = load_action(work, run.run_id, run.epoch).as_json()["targets"][resending.position]
    made, _ = attempts_made(work, run).get(resending.position, (0, False))
    return prepare_delivery(work, keyring, run, resending.position, made + 1, agreed)


def _run_then(work: Work, resending: Resending) -> StoredRun:
    """The run in the epoch the resending is of."""
    assert resending.run_id is not None  # noqa: S101  # a replay has one, as its table says
    run = load_run(work, resending.run_id)
    return replace(run, epoch=resending.epoch or run.epoch)


def note_resending(work: Work, resending: Resending, error: str) -> None:
    """It was not taken this time; it is tried again."""
    work.execute(
        "UPDATE resendings SET last_error = :error WHERE resending_id = :id",
        id=resending.resending_id,
        error=error[:500],
    )
    _tell(work, resending)


def end_resending(
    work: Work, resending: Resending, answer: Answer, *, outcome: Outcome | None
) -> None:
    """It is over, one way or another.

    Args:
        outcome: Of the last attempt; None where none could be made.
    """
    delivered = outcome is Outcome.DELIVERED
    said = answer.error or (None if delivered else f"HTTP {answer.status}")
    work.execute(
        "UPDATE resendings SET status = :status, status_code = :code, response = :response,"
        " last_error = :error, duration_ms = :duration, finished_at = clock_timestamp()"
        " WHERE resending_id = :id AND status = 'due'",
        id=resending.resending_id,
        status="delivered" if delivered else "failed",
        code=answer.status,
        response=None if answer.status is None else answer.body,
        error=said and said[:500],
        duration=answer.duration_ms,
    )
    _tell(work, resending)
    if delivered and resending.run_id is not None:
        _go_on(work, resending)


def _go_on(work: Work, resending: Resending) -> None:
    """Of a run that failed on its way out, send what comes next and was never delivered."""
    run = _run_then(work, resending)
    if run.status is not Status.FAILED or resending.position is None:
        return
    agreed: list[dict[str, Any]] = load_action(work, run.run_id, run.epoch).as_json()["targets"]
    position = resending.position + 1
    if position >= len(agreed) or attempts_made(work, run).get(position, (0, False))[1]:
        return
    next_id = uuid7()
    made = work.execute(
        "INSERT INTO resendings (tenant_id, resending_id, kind, target_id, target_version, run_id,"
        " epoch, position, asked_by) VALUES (:tenant, :id, 'replay', :target, :version, :run,"
        " :epoch, :position, :by) ON CONFLICT DO NOTHING",
        tenant=work.tenant_id,
        id=next_id,
        target=UUID(agreed[position]["id"]),
        version=agreed[position]["version"],
        run=run.run_id,
        epoch=run.epoch,
        position=position,
        by=resending.asked_by,
    )
    if made.rowcount:
        now = work.execute("SELECT clock_timestamp()").scalar_one()
        work.schedule(RESEND, now, subject_id=next_id)


def _tell(work: Work, resending: Resending) -> None:
    work.announce("target.changed", target_id=str(resending.target_id))
    if resending.run_id is not None:
        work.announce("run.changed", run_id=str(resending.run_id))
