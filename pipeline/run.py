"""A run's passage through the stages: which statuses there are and which moves are legal.

`ALLOWED` is the one table: stages check it, the database trigger mirrors it, the documentation
draws it (`state_diagram`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from uuid import UUID

from pipeline.errors import AwgpError


class Stage(StrEnum):
    """A stage is also its queue, its actor's file, its metric label and its audit prefix."""

    POLICY = "policy"
    HOLD = "hold"
    EXECUTE = "execute"
    POST_ACTION = "post_action"
    AUDIT = "audit"
    EXPORT = "export"  # periodic: works on tenants, no run ever waits in it


class Status(StrEnum):
    """Where a run stands; the value is what the database and the API say."""

    RECEIVED = "received"
    PERMITTED = "permitted"
    DENIED = "denied"
    HELD = "held"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    EXECUTING = "executing"
    EXECUTED = "executed"
    DELIVERING = "delivering"
    DELIVERED = "delivered"
    FAILED = "failed"
    COMPLETED = "completed"


class IllegalMove(AwgpError):
    """The state table has no such move; nothing was changed."""


# received, permitted and approved may fail: a stage that cannot be carried out at all ends the
# run as failed and leaves a dead letter, from which it can be replayed.
ALLOWED: Final[Mapping[Status, frozenset[Status]]] = MappingProxyType(
    {
        Status.RECEIVED: frozenset({Status.PERMITTED, Status.DENIED, Status.FAILED}),
        Status.PERMITTED: frozenset({Status.HELD, Status.APPROVED, Status.FAILED}),
        Status.HELD: frozenset(
            {Status.APPROVED, Status.REJECTED, Status.EXPIRED, Status.CANCELLED, Status.HELD}
        ),
        Status.APPROVED: frozenset(
            {
                Status.EXECUTING,
                Status.HELD,
                Status.DENIED,
                Status.EXPIRED,
                Status.CANCELLED,
                Status.FAILED,
            }
        ),
        Status.EXECUTING: frozenset({Status.EXECUTED, Status.FAILED, Status.CANCELLED}),
        Status.EXECUTED: frozenset({Status.DELIVERING, Status.DELIVERED}),
        Status.DELIVERING: frozenset({Status.DELIVERED, Status.FAILED}),
        Status.DELIVERED: frozenset({Status.COMPLETED}),
        Status.FAILED: frozenset({Status.RECEIVED}),
        Status.DENIED: frozenset(),
        Status.REJECTED: frozenset(),
        Status.EXPIRED: frozenset(),
        Status.CANCELLED: frozenset(),
        Status.COMPLETED: frozenset(),
    }
)

# The run is over for its sender. `failed` is too, though an operator may replay it.
TERMINAL: Final = frozenset(
    {
        Status.COMPLETED,
        Status.DENIED,
        Status.REJECTED,
        Status.EXPIRED,
        Status.FAILED,
        Status.CANCELLED,
    }
)

# These moves raise the epoch, so votes, messages and digests made before them count no more.
RAISES_EPOCH: Final[Mapping[tuple[Status, Status], str]] = MappingProxyType(
    {
        (Status.HELD, Status.HELD): "edit",
        (Status.APPROVED, Status.HELD): "drift",
        (Status.FAILED, Status.RECEIVED): "replay",
    }
)

# The stage whose work is due at a status. `held` waits for people and `executing` for a sandbox
# under the lease of its handoff; neither asks for a new handoff. The ended ones wait for sealing.
STAGE_OF: Final[Mapping[Status, Stage]] = MappingProxyType(
    {
        Status.RECEIVED: Stage.POLICY,
        Status.PERMITTED: Stage.HOLD,
        Status.APPROVED: Stage.EXECUTE,
        Status.EXECUTED: Stage.POST_ACTION,
        Status.DELIVERING: Stage.POST_ACTION,
        Status.DELIVERED: Stage.AUDIT,
        Status.DENIED: Stage.AUDIT,
        Status.REJECTED: Stage.AUDIT,
        Status.EXPIRED: Stage.AUDIT,
        Status.FAILED: Stage.AUDIT,
        Status.CANCELLED: Stage.AUDIT,
    }
)


def check_move(old: Status, new: Status) -> None:
    """Let a legal move pass.

    Raises:
        IllegalMove: The table has no move from `old` to `new`.
    """
    if new not in ALLOWED[old]:
        legal = ", ".join(sorted(ALLOWED[old])) or "nothing, it has ended"
        raise IllegalMove(
            f"a run cannot move from {old} to {new}; from {old} it can move to {legal}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One request's passage. `epoch` counts from 1 and grows when edited, re-held or replayed."""

    tenant_id: UUID
    run_id: UUID
    epoch: int
    status: Status

    @property
    def stage(self) -> Stage | None:
        """The stage whose work is due; None while people or a sandbox are at it, and at the end."""
        return STAGE_OF.get(self.status)

    def moved_to(self, new: Status) -> Run:
        """Return the run after a legal move, its epoch raised where the move asks for it.

        Raises:
            IllegalMove: The table has no such move.
        """
        check_move(self.status, new)
        raised = int((self.status, new) in RAISES_EPOCH)
        return replace(self, status=new, epoch=self.epoch + raised)


def state_diagram() -> str:
    """Draw `ALLOWED` as a mermaid state diagram, in the order the statuses are declared."""
    lines = ["stateDiagram-v2", f"    [*] --> {Status.RECEIVED}"]
    for old in Status:
        for new in (status for status in Status if status in ALLOWED[old]):
            reason = RAISES_EPOCH.get((old, new))
            label = f" : {reason}, epoch + 1" if reason else ""
            lines.append(f"    {old} --> {new}{label}")
        if old in TERMINAL:
            lines.append(f"    {old} --> [*]")
    return "\n".join(lines) + "\n"
