"""Stage 2 of 5: park a run until people have decided. No worker waits: the hold is a row.

permitted -> held | approved (@auto, hands off to execute)
held -> expired (hands off to audit), when its time is up; people's decisions come by the API
approved -> expired (hands off to audit), when it has not started in its time

By time it also has people reminded, and others asked as well.
"""

from uuid import UUID

import dramatiq

from actors.stage import declare_due, declare_stage, in_one_transaction
from pipeline.action import DecidingPolicy
from pipeline.action_store import ask_assembly, assemble, save_action
from pipeline.approval_opening import ESCALATE, EXPIRE, REMIND, open_approval
from pipeline.approval_time import end_approval, escalate, expire, remind
from pipeline.errors import AwgpError
from pipeline.handoff import Handoff
from pipeline.outbox import Outbox
from pipeline.policy_store import load_policy, requirement_of
from pipeline.queue_state import DUE_NOT_PAUSED
from pipeline.run import Stage, Status
from pipeline.run_store import StoredRun, move
from pipeline.work import Work

_DECISION = """
    SELECT d.verdict, d.detail, d.policy_version, s.digest
    FROM policy_decisions d
    LEFT JOIN policy_sets s ON s.tenant_id = d.tenant_id AND s.version = d.policy_version
    WHERE d.run_id = :run AND d.epoch = :epoch"""


class DecisionMissing(AwgpError):
    """A permitted run has no decision that permits it."""


def declare(broker: dramatiq.Broker, outbox: Outbox) -> None:
    """Declare the stage's actors on a broker; connects to nothing."""
    handler = in_one_transaction(outbox, Stage.HOLD, hold_run)
    declare_stage(broker, Stage.HOLD, handler, outbox=outbox)
    declare_due(broker, Stage.HOLD, lambda tenant, due: on_due(outbox, tenant, due))


def hold_run(work: Work, _handoff: Handoff, run: StoredRun) -> None:
    """Ask people, or let an @auto decision pass."""
    asked = work.recall(_DECISION, run=run.run_id, epoch=run.epoch)
    ask_assembly(work, run)
    row = asked.one_or_none()
    if row is None or row[0] not in {"auto", "hold"}:
        raise DecisionMissing(f"run {run.run_id} is permitted without a decision")
    verdict, detail, version, digest = row
    if verdict == "auto":
        policy = DecidingPolicy(version=version, digest=digest)
        _let_through(work, run, policy, detail["auto_reason"])
        return
    active = load_policy(work, version)
    rules = requirement_of(work, detail["hold_rules"])
    open_approval(work, run, epoch=run.epoch, active=active, rules=rules)
    move(work, run, Status.HELD, stage=Stage.HOLD)


def _let_through(work: Work, run: StoredRun, policy: DecidingPolicy, reason: str) -> None:
    assembled = assemble(work, run, epoch=run.epoch, policy=policy, rules=None)
    digest = save_action(work, run.run_id, assembled.action)
    metadata = {"auto": reason, "action_digest": digest.hex()}
    move(work, run, Status.APPROVED, stage=Stage.HOLD, metadata=metadata)


def on_due(outbox: Outbox, tenant_id: UUID, due_id: UUID) -> None:
    """Do what a row of `due` is for, if its approval still stands as it did.

    The row is not locked first: whoever decides locks the run, then the approval, and deletes
    the row last. Two messages for it meet at the run.
    """
    with outbox.work(tenant_id) as work:
        row = work.execute(
            "SELECT kind, subject_id FROM due"  # noqa: S608  # constant parts
            f" WHERE due_id = :id AND sends > 0 AND {DUE_NOT_PAUSED}",
            id=due_id,
        ).one_or_none()
        if row is None:
            return
        kind, approval_id = row
        if kind == EXPIRE:
            expire(work, approval_id)
        elif kind == REMIND:
            remind(work, approval_id, due_id)
        elif kind == ESCALATE:
            escalate(work, approval_id, due_id)
        else:
            end_approval(work, approval_id, due_id)
