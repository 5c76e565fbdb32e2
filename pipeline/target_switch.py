"""Switch a target off and on by hand; what is delivered to it waits meanwhile."""

from typing import Final
from uuid import UUID

from pipeline.registry_names import FieldInvalid
from pipeline.target_gate import disable_target
from pipeline.target_view import target_state
from pipeline.work import Actor, Work

LONGEST_REASON: Final = 300
WAKE: Final = "post_action.wake"


def switch_off(work: Work, name: str, *, because: str, actor: Actor) -> bool:
    """Let nothing be sent to a target for now; False where that is so already.

    Raises:
        NotSetUp: There is none of this name.
        FieldInvalid: The reason is no line of text.
    """
    if not because.strip() or len(because) > LONGEST_REASON or not because.isprintable():
        raise FieldInvalid("reason", f"1 to {LONGEST_REASON} printable characters")
    target_id = UUID(target_state(work, name, lock=True)["id"])
    return disable_target(work, target_id, because, actor=actor, action="setup:target:disabled")


def switch_on(work: Work, name: str, *, actor: Actor) -> bool:
    """Send to a target again, what waits first; False where nothing kept it from that.

    Its circuit is closed, too: somebody who knows better says that it takes deliveries.

    Raises:
        NotSetUp: There is none of this name.
    """
    state = target_state(work, name, lock=True)
    target_id = UUID(state["id"])
    closed = work.execute(
        "UPDATE target_circuits SET failures = 0, openings = 0, open_until = NULL,"
        " probe_until = NULL, changed_at = clock_timestamp()"
        " WHERE target_id = :target AND failures > 0",
        target=target_id,
    ).rowcount
    if state["disabled_at"] is None and not closed:
        return False
    work.execute(
        "UPDATE targets SET disabled_at = NULL, disabled_because = NULL WHERE target_id = :target",
        target=target_id,
    )
    work.record(
        actor,
        "setup:target:enabled",
        ("target", str(target_id)),
        before={"disabled_because": state["disabled_because"]},
    )
    now = work.execute("SELECT clock_timestamp()").scalar_one()
    work.schedule(WAKE, now, subject_id=target_id)
    return True
