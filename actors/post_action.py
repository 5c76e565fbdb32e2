"""Stage 4 of 5: tell the targets, in order, what came of the run.

executed   -> delivered (no targets) | delivering (then below)
delivering -> delivered (hands off to audit) | failed (hands off to audit)

Each position is delivered at least once, under the same idempotency key every time: an attempt is
written down after it was made, so a worker that dies in between makes it again. A target that says
"not now" is asked again later; one that says no, or never yes, ends the run with a dead letter.
"""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import dramatiq
import structlog

from actors.fairness import FairTurns
from actors.lease import LeaseKeeper, lease_owner
from actors.sender import Sender, Sent, Waits
from actors.stage import INFRASTRUCTURE, OVERTAKEN, StageFailed, declare_stage, pass_on
from pipeline.courier import Courier
from pipeline.delivery import Outcome, retry_delay
from pipeline.delivery_store import Delivery, all_delivered, next_delivery, record_delivery
from pipeline.envelope import KeyRing
from pipeline.fault_points import reached
from pipeline.handoff import Handoff, keep_claimed, renew_lease, retry_later
from pipeline.outbox import Outbox
from pipeline.run import Stage, Status
from pipeline.run_store import StoredRun, claim_run, dead_letter, load_run, move
from pipeline.target_gate import wait_for_target, waits_no_more
from pipeline.work import Work


def declare(
    broker: dramatiq.Broker,
    outbox: Outbox,
    keyring: KeyRing,
    courier: Courier,
    *,
    lease: timedelta,
    max_attempts: int,
    turns: FairTurns | None = None,
) -> dramatiq.Actor[[str, str], None]:
    """Declare the actor `post_action`.

    Args:
        max_attempts: At one position, before the run fails.
        turns: Shared with who else delivers in this process.
    """
    turns = turns or FairTurns()
    broker.add_middleware(turns)
    deliverer = Deliverer(
        outbox, keyring, courier, lease=lease, max_attempts=max_attempts, turns=turns
    )
    return declare_stage(broker, Stage.POST_ACTION, deliverer.deliver, outbox=outbox)


class Deliverer:
    """Makes the deliveries of one run after another, one run a thread."""

    def __init__(
        self,
        outbox: Outbox,
        keyring: KeyRing,
        courier: Courier,
        *,
        lease: timedelta,
        max_attempts: int,
        turns: FairTurns | None = None,
    ) -> None:
        self._sender = Sender(outbox, courier, turns or FairTurns())
        self._outbox = outbox
        self._keyring = keyring
        self._lease = lease
        self._max_attempts = max_attempts

    def deliver(self, tenant_id: UUID, handoff_id: UUID) -> None:
        """Work on one handoff: every position that can be delivered now."""
        handoff = self._outbox.together(tenant_id, lambda work: self._claim(work, handoff_id))
        if handoff is None:
            return
        reached("post_action.leased")
        try:
            with LeaseKeeper(self._outbox.engine, handoff, self._lease):
                while self._attempt(handoff, self._prepare(handoff)):
                    pass
        except (*OVERTAKEN, *INFRASTRUCTURE):
            raise
        except Exception as error:
            raise StageFailed(handoff, error) from error

    def _claim(self, work: Work, handoff_id: UUID) -> Handoff | None:
        claimed = claim_run(work, handoff_id, Stage.POST_ACTION)
        if claimed is None:
            return None
        handoff, run = claimed
        structlog.contextvars.bind_contextvars(run_id=str(handoff.run_id))
        if run.epoch != handoff.epoch or run.status not in {Status.EXECUTED, Status.DELIVERING}:
            work.finish(handoff)
            pass_on(work, run)
            return None
        if all_delivered(work, run):
            _end_delivered(work, run, handoff)
            return None
        if run.status is Status.EXECUTED:
            move(work, run, Status.DELIVERING, stage=Stage.POST_ACTION, keep_handoff=True)
        return keep_claimed(work, handoff, owner=lease_owner(), lease=self._lease)

    def _prepare(self, handoff: Handoff) -> Delivery:
        # A transaction of its own: when it fails, the delivery before it still counts.
        return self._outbox.together(
            handoff.tenant_id,
            lambda work: next_delivery(work, self._keyring, load_run(work, handoff.run_id)),
        )

    def _attempt(self, handoff: Handoff, delivery: Delivery) -> bool:
        """Make one attempt and write it down; returns whether another can be made now."""
        traced = {} if handoff.traceparent is None else {"traceparent": handoff.traceparent}
        sent = self._sender.send(handoff.tenant_id, delivery, run_id=handoff.run_id, further=traced)
        if isinstance(sent, Waits):
            self._leave(handoff, delivery, sent)
            return False

        def conclude(work: Work) -> bool:
            run = load_run(work, handoff.run_id, lock=True)
            record_delivery(
                work,
                run,
                delivery,
                outcome=sent.outcome,
                answer=sent.answer,
                attempted_at=sent.at,
            )
            goes_on = self._conclude(work, run, handoff, delivery, sent)
            reached("post_action.before_commit")
            return goes_on

        goes_on = self._outbox.together(handoff.tenant_id, conclude)
        reached("post_action.committed")
        return goes_on

    def _leave(self, handoff: Handoff, delivery: Delivery, waits: Waits) -> None:
        """Give it back; what waited for its target for too long fails."""
        with self._outbox.work(handoff.tenant_id) as work:
            if not waits.for_target:
                retry_later(work, handoff, delay=waits.delay, error=waits.why, counted=False)
                waits_no_more(work, handoff)
            elif wait_for_target(
                work, handoff, delivery.target_id, delay=waits.delay, why=waits.why
            ):
                run = load_run(work, handoff.run_id, lock=True)
                where = f"position {delivery.position}"
                reason = f"post-action not delivered ({where}): {waits.why} for too long"
                _end_failed(work, run, handoff, reason)

    def _conclude(
        self,
        work: Work,
        run: StoredRun,
        handoff: Handoff,
        delivery: Delivery,
        sent: Sent,
    ) -> bool:
        if sent.outcome is Outcome.DELIVERED:
            if all_delivered(work, run):
                _end_delivered(work, run, handoff)
                return False
            renew_lease(work, handoff, self._lease)
            return True
        most = delivery.settings.attempts(self._max_attempts)
        if sent.outcome is Outcome.REFUSED or delivery.number >= most:
            verb = "refused" if sent.outcome is Outcome.REFUSED else "not delivered"
            where = f"position {delivery.position}, attempt {delivery.number}"
            _end_failed(work, run, handoff, f"post-action {verb} ({where}): {sent.said}")
            return False
        delay = retry_delay(
            delivery.number,
            sent.answer,
            now=datetime.now(UTC),
            schedule=delivery.settings.retry_seconds,
        )
        retry_later(work, handoff, delay=delay, error=sent.said, counted=False)
        waits_no_more(work, handoff)
        return False


def _end_delivered(work: Work, run: StoredRun, handoff: Handoff) -> None:
    work.finish(handoff)
    move(work, run, Status.DELIVERED, stage=Stage.POST_ACTION)


def _end_failed(work: Work, run: StoredRun, handoff: Handoff, reason: str) -> None:
    """End the run with a dead letter, for a person to look at."""
    work.finish(handoff)
    dead_letter(work, run, handoff, reason)
    move(work, run, Status.FAILED, stage=Stage.POST_ACTION, reason=reason[:500])
