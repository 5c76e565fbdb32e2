"""Whether a target may be sent to now: its switch, its circuit, its places; of all workers.

How a target stands is read along with what is sent to it, by the same statement. Nothing is written
where a target fares well and has no limit of its own. What is written is written in short
transactions beside a run's own, so that no two runs' transactions ever wait for one another here.

What is given back waits in `handoffs` with the target's name on it (`waits_for`), out of its
tenant's line, so that it keeps nobody from a place. When the target takes again it stands in the
line once more, where it stood: the line goes by when a run came to the stage.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from pipeline import metrics
from pipeline.circuit import Circuit, begin_probe, failed
from pipeline.handoff import Handoff, lease_lost
from pipeline.ids import uuid7
from pipeline.target_settings import CircuitRules
from pipeline.work import SYSTEM, Actor, Work

# Columns of a target's standing, from targets t and target_circuits c.
STANDING: Final = (
    "t.disabled_because, c.failures, c.openings, c.open_until, c.probe_until, clock_timestamp()"
)
# How many wait for the moment a probe may be sent; the others wait to be woken.
SCOUTS: Final = 3
# And come by themselves when nobody wakes them.
SLEEP: Final = timedelta(minutes=15)
DISABLED_SLEEP: Final = timedelta(hours=6)
# What waited as long as this without an attempt is given up, with a dead letter.
LONGEST_WAIT: Final = timedelta(days=7)
WOKEN_AT_ONCE: Final = 5000

_US: Final = Actor(type="system", id=SYSTEM)
_CIRCUIT: Final = "failures, openings, open_until, probe_until"
_WAIT: Final = """
    UPDATE handoffs SET lease_owner = NULL, lease_until = NULL, waits_for = :target, sends = 0,
        last_error = :why, not_before = w.until, next_send_at = w.until
    FROM (
        SELECT clock_timestamp() + CAST(:delay AS interval)
            + CASE WHEN count(*) < :scouts THEN interval '0' ELSE CAST(:sleep AS interval) END
            AS until
        FROM (SELECT 1 FROM handoffs o WHERE o.waits_for = :target
            AND o.not_before <= clock_timestamp() + CAST(:delay AS interval)
            LIMIT :scouts) AS ahead) AS w
    WHERE handoff_id = :id AND fence = :fence
    RETURNING created_at < clock_timestamp() - CAST(:longest AS interval)"""
# Into the tenant's line: the relay lets them in by when they came (pipeline/waiting_line.py).
_WAKE: Final = """
    UPDATE handoffs SET not_before = NULL, next_send_at = 'infinity', sends = 0, waits_for = NULL
    WHERE handoff_id IN (SELECT handoff_id FROM handoffs WHERE waits_for = :target
            AND lease_until IS NULL AND not_before > clock_timestamp()
        ORDER BY created_at LIMIT :most FOR UPDATE SKIP LOCKED)"""
_WAKE_RESENDINGS: Final = """
    UPDATE due SET next_send_at = clock_timestamp() WHERE kind = 'post_action.resend' AND sends = 0
        AND subject_id IN (SELECT resending_id FROM resendings
            WHERE target_id = :target AND status = 'due')"""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetStanding:
    """How a target stands at `now`.

    Args:
        disabled_because: None where it is not switched off.
    """

    circuit: Circuit
    now: datetime
    disabled_because: str | None = None


def read_standing(
    disabled_because: str | None,
    failures: int | None,
    openings: int | None,
    open_until: datetime | None,
    probe_until: datetime | None,
    now: datetime,
) -> TargetStanding:
    """From the columns of STANDING."""
    circuit = Circuit(
        failures=failures or 0,
        openings=openings or 0,
        open_until=open_until,
        probe_until=probe_until,
    )
    return TargetStanding(circuit=circuit, now=now, disabled_because=disabled_because)


def take_probe(work: Work, target_id: UUID, *, lasts: timedelta) -> bool:
    """Be the one that sends to a target whose circuit is half-open."""
    circuit, now = _lock(work, target_id)
    if not circuit.asks_for_a_probe(now):
        return circuit.open_until is None
    _save(work, target_id, begin_probe(circuit, until=now + lasts))
    return True


def take_place(work: Work, target_id: UUID, *, most: int, lasts: timedelta) -> UUID | None:
    """Take one of a target's places; None where all are taken."""
    holder = uuid7()
    values = {"tenant": work.tenant_id, "target": target_id, "most": most}
    taken = (
        "UPDATE target_places SET holder = :holder, taken_until = clock_timestamp() + :lasts"
        " WHERE target_id = :target AND place = (SELECT place FROM target_places"
        " WHERE target_id = :target AND place < :most"
        " AND (taken_until IS NULL OR taken_until < clock_timestamp())"
        " ORDER BY place LIMIT 1 FOR UPDATE SKIP LOCKED)"
    )
    if work.execute(taken, holder=holder, lasts=lasts, target=target_id, most=most).rowcount:
        return holder
    made = work.execute(
        "INSERT INTO target_places (tenant_id, target_id, place)"
        " SELECT :tenant, :target, generate_series(0, :most - 1) ON CONFLICT DO NOTHING",
        **values,
    )
    if not made.rowcount:
        return None
    work.execute(taken, holder=holder, lasts=lasts, target=target_id, most=most)
    held = work.execute("SELECT 1 FROM target_places WHERE holder = :holder", holder=holder).all()
    return holder if held else None


def leave_place(work: Work, target_id: UUID, holder: UUID) -> None:
    """Let the next one in, who waited for longest."""
    work.execute(
        "UPDATE target_places SET holder = NULL, taken_until = NULL"
        " WHERE target_id = :target AND holder = :holder",
        target=target_id,
        holder=holder,
    )
    wake(work, target_id, most=1)


def note_taken(work: Work, target_id: UUID) -> None:
    """A delivery was taken, or refused by who is there: the circuit is closed."""
    circuit, _ = _lock(work, target_id)
    if circuit.fares_well:
        return
    _save(work, target_id, Circuit())
    if circuit.open_until is not None:
        _tell(work, "post_action:circuit:closed", target_id, circuit.failures, None)
        wake(work, target_id)


def note_failed(
    work: Work,
    target_id: UUID,
    rules: CircuitRules,
    *,
    was_probe: bool,
    asked: timedelta,
    error: str,
) -> None:
    """A delivery was not taken; enough of them open the circuit."""
    before, now = _lock(work, target_id)
    after = failed(before, rules, now=now, was_probe=was_probe, asked=asked)
    _save(work, target_id, after, error=error)
    if before.open_until is None and after.open_until is not None:
        _tell(work, "post_action:circuit:opened", target_id, after.failures, error)


def disable_target(
    work: Work,
    target_id: UUID,
    because: str,
    *,
    actor: Actor = _US,
    action: str = "post_action:target:disabled",
    run_id: UUID | None = None,
) -> bool:
    """Switch a target off: what is delivered to it waits. False where it is off already."""
    changed = work.execute(
        "UPDATE targets SET disabled_at = clock_timestamp(), disabled_because = :because"
        " WHERE target_id = :target AND disabled_at IS NULL",
        target=target_id,
        because=because[:500],
    ).rowcount
    if not changed:
        return False
    metadata = {"because": because[:500]} | ({} if run_id is None else {"run": str(run_id)})
    work.record(actor, action, ("target", str(target_id)), metadata=metadata)
    return True


def wait_for_target(
    work: Work, handoff: Handoff, target_id: UUID, *, delay: timedelta, why: str
) -> bool:
    """Give a claim back until its target takes deliveries; no attempt is counted.

    Returns:
        Whether it has waited for too long; then it is still the caller's.

    Raises:
        LeaseLost: Another claim was made since.
    """
    rows = work.execute(
        _WAIT,
        id=handoff.handoff_id,
        fence=handoff.fence,
        target=target_id,
        why=why[:2000],
        delay=delay,
        sleep=SLEEP,
        scouts=SCOUTS,
        longest=LONGEST_WAIT,
    ).all()
    if len(rows) != 1:
        raise lease_lost(handoff)
    return bool(rows[0][0])


def waits_no_more(work: Work, handoff: Handoff) -> None:
    """It had its attempt: what it waits for from now on is its own retry."""
    work.ask(
        "UPDATE handoffs SET waits_for = NULL WHERE handoff_id = :id AND waits_for IS NOT NULL",
        id=handoff.handoff_id,
    )


def wake(work: Work, target_id: UUID, *, most: int = WOKEN_AT_ONCE) -> int:
    """Have what waits for a target stand in its tenant's line again, at the place it had."""
    woken = work.execute(_WAKE, target=target_id, most=most).rowcount
    work.execute(_WAKE_RESENDINGS, target=target_id)
    return woken


def _lock(work: Work, target_id: UUID) -> tuple[Circuit, datetime]:
    work.execute(
        "INSERT INTO target_circuits (tenant_id, target_id) VALUES (:tenant, :target)"
        " ON CONFLICT DO NOTHING",
        tenant=work.tenant_id,
        target=target_id,
    )
    *columns, now = work.execute(
        f"SELECT {_CIRCUIT}, clock_timestamp() FROM target_circuits"  # noqa: S608  # constant parts
        " WHERE target_id = :target FOR UPDATE",
        target=target_id,
    ).one()
    return Circuit(**dict(zip(Circuit.__slots__, columns, strict=True))), now


def _save(work: Work, target_id: UUID, circuit: Circuit, *, error: str | None = None) -> None:
    work.execute(
        "UPDATE target_circuits SET failures = :failures, openings = :openings,"
        " open_until = :open_until, probe_until = :probe_until,"
        " last_error = coalesce(:error, last_error), changed_at = clock_timestamp()"
        " WHERE target_id = :target",
        target=target_id,
        failures=circuit.failures,
        openings=circuit.openings,
        open_until=circuit.open_until,
        probe_until=circuit.probe_until,
        error=error and error[:500],
    )


def _tell(work: Work, action: str, target_id: UUID, failures: int, error: str | None) -> None:
    metrics.CIRCUITS.labels(action.rpartition(":")[2]).inc()
    work.record(
        _US,
        action,
        ("target", str(target_id)),
        metadata={"failures": failures} | ({} if error is None else {"error": error[:500]}),
    )
