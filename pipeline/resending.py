"""Deliveries that a person asked for: one that was made before, again, or a test of a target.

A replay sends what the action names to where it names, under the id the first attempt had: a
receiver that keeps ids sees it for what it is. It does not move its run. Of a run that failed on
its way out, it goes on with the positions after it that were never delivered.

Each is a row of `resendings`, due by time like anything else; a target's switch, circuit and places
count for it as for any delivery.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pipeline.delivery import Outcome
from pipeline.errors import AwgpError
from pipeline.ids import uuid7
from pipeline.work import Actor, Work

RESEND: Final = "post_action.resend"
MOST_AT_ONCE: Final = 1000
MOST_LOOKED_AT: Final = 2000
SHOWN: Final = 20
# Those that nothing is delivered of any more but by a replay.
_OVER: Final = "('completed', 'failed', 'delivered')"
_LAST: Final = f"""
    SELECT DISTINCT ON (d.run_id, d.position) d.run_id, d.epoch, d.position, d.target_id,
        d.target_version, d.outcome, d.attempted_at, t.name AS target,
        r.status IN {_OVER} AND t.removed_at IS NULL AND NOT EXISTS (
            SELECT 1 FROM resendings x WHERE x.tenant_id = d.tenant_id AND x.run_id = d.run_id
                AND x.epoch = d.epoch AND x.position = d.position AND x.kind = 'replay'
                AND x.status = 'due') AS ready
    FROM deliveries d JOIN runs r USING (tenant_id, run_id, epoch)
    JOIN targets t ON t.tenant_id = d.tenant_id AND t.target_id = d.target_id
    WHERE (CAST(:run AS uuid) IS NULL OR d.run_id = :run)
        AND (CAST(:target AS text) IS NULL OR t.name = :target)
        AND (CAST(:delivery AS uuid) IS NULL OR (d.run_id, d.position) IN (
            SELECT y.run_id, y.position FROM deliveries y WHERE y.delivery_id = :delivery))
        AND (CAST(:since AS timestamptz) IS NULL OR d.attempted_at >= :since)
    ORDER BY d.run_id, d.position, d.attempt DESC"""  # noqa: S608  # constant parts
_CHOSEN: Final = f"""
    SELECT * FROM ({_LAST}) AS last
    WHERE (CAST(:outcome AS text) IS NULL OR outcome = :outcome)
        AND (CAST(:until AS timestamptz) IS NULL OR attempted_at <= :until)
    ORDER BY run_id, position LIMIT {MOST_LOOKED_AT}"""  # noqa: S608  # constant parts


class ReplayRefused(AwgpError):
    """What was asked for is not what was shown, or too much at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Which:
    """Which deliveries are meant; every member narrows it.

    Args:
        delivery: One of the attempts at it.
        outcome: Of the last attempt.
        since, until: When the last attempt was made.
    """

    delivery: UUID | None = None
    run: UUID | None = None
    target: str | None = None
    outcome: Outcome | None = None
    since: datetime | None = None
    until: datetime | None = None

    def values(self) -> dict[str, Any]:
        return {
            "delivery": self.delivery,
            "run": self.run,
            "target": self.target,
            "outcome": None if self.outcome is None else self.outcome.value,
            "since": self.since,
            "until": self.until,
        }

    @property
    def narrows(self) -> bool:
        return any(each is not None for each in self.values().values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a replay would do.

    Args:
        count: How many would be sent again.
        skipped: Under way just now, or their target is gone.
        first: The first of them.
    """

    count: int
    skipped: int
    first: Sequence[dict[str, Any]]


def plan_replay(work: Work, which: Which) -> Plan:
    """Count what a replay would send again.

    Raises:
        ReplayRefused: Nothing narrows it.
    """
    rows = _chosen(work, which)
    ready = [row for row in rows if row["ready"]]
    return Plan(count=len(ready), skipped=len(rows) - len(ready), first=ready[:SHOWN])


def replay_deliveries(
    work: Work, which: Which, *, count: int, reason: str, actor: Actor
) -> list[UUID]:
    """Send them again, each under the id it had; audited as one, and each by itself.

    Args:
        count: What `plan_replay` said.

    Raises:
        ReplayRefused: There are more or fewer by now, or more than MOST_AT_ONCE.
    """
    ready = [row for row in _chosen(work, which) if row["ready"]]
    if len(ready) != count:
        raise ReplayRefused(f"there are {len(ready)} by now, not {count}; look again")
    if count > MOST_AT_ONCE:
        raise ReplayRefused(f"{count} are more than {MOST_AT_ONCE} at once; narrow it")
    made = [_ask_for(work, row, by=f"{actor.type}:{actor.id}") for row in ready]
    if made:
        work.record(
            actor,
            "post_action:delivery:replayed",
            _about(which, ready),
            metadata={"count": len(made), "reason": reason}
            | {name: str(value) for name, value in which.values().items() if value is not None},
        )
    return made


def _about(which: Which, rows: Sequence[dict[str, Any]]) -> tuple[str, str]:
    if which.target is not None or which.run is None:
        return "target", str(rows[0]["target_id"])
    return "run", str(rows[0]["run_id"])


def _chosen(work: Work, which: Which) -> list[dict[str, Any]]:
    if not which.narrows:
        raise ReplayRefused("say which: a run, a target, an outcome or a time")
    found = work.execute(_CHOSEN, **which.values()).mappings()
    return [dict(row) for row in found]


def _ask_for(work: Work, row: dict[str, Any], *, by: str) -> UUID:
    resending_id = uuid7()
    work.execute(
        "INSERT INTO resendings (tenant_id, resending_id, kind, target_id, target_version, run_id,"
        " epoch, position, asked_by) VALUES (:tenant, :id, 'replay', :target, :version, :run,"
        " :epoch, :position, :by)",
        tenant=work.tenant_id,
        id=resending_id,
        target=row["target_id"],
        version=row["target_version"],
        run=row["run_id"],
        epoch=row["epoch"],
        position=row["position"],
        by=by,
    )
    _make_due(work, resending_id)
    return resending_id


def ask_for_test(
    work: Work, *, target_id: UUID, version: int, resending_id: UUID, body: bytes, actor: Actor
) -> None:
    """Send a target this, as a test; what came of it can be read there.

    Args:
        resending_id: Made beforehand, for the message's id.
    """
    work.execute(
        "INSERT INTO resendings (tenant_id, resending_id, kind, target_id, target_version, body,"
        " asked_by) VALUES (:tenant, :id, 'test', :target, :version, :body, :by)",
        tenant=work.tenant_id,
        id=resending_id,
        target=target_id,
        version=version,
        body=body,
        by=f"{actor.type}:{actor.id}",
    )
    work.record(
        actor,
        "post_action:target:tested",
        ("target", str(target_id)),
        metadata={"version": version, "resending": str(resending_id)},
    )
    _make_due(work, resending_id)


def message_of_a_test(resending_id: UUID) -> str:
    """The webhook-id of a test."""
    return f"test_{resending_id.hex}"


def _make_due(work: Work, resending_id: UUID) -> None:
    now = work.execute("SELECT clock_timestamp()").scalar_one()
    work.schedule(RESEND, now, subject_id=resending_id)


def resending_state(work: Work, resending_id: UUID) -> dict[str, Any]:
    """How far it is."""
    row = work.execute(
        "SELECT status, attempts, status_code, last_error AS error, duration_ms FROM resendings"
        " WHERE resending_id = :id",
        id=resending_id,
    )
    return dict(row.mappings().one())
