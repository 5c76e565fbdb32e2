"""The verdict: what must hold of everything that was acknowledged, whatever was killed.

1. Nothing lost: every acknowledged run is there, has ended and is sealed.
2. Nothing twice: one run an event; one delivery key a run and target, always with the same bytes;
   an assistant whose reruns are not safe was launched once at most, as the executor's own ledger
   says; no run went well twice.
3. Unknown outcomes only where a rerun is not safe and the execution was under way at a kill.
4. No run ended in any other way than completed or with an unknown outcome, or cancelled where
   somebody stopped it; and whoever was told that it is stopped was told the truth.
5. What completed was delivered, what did not was not, and every request was signed by us.
6. Each run's moves are all in the audit trail, each from where the one before led.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from ops.chaos.killers import Kill
from ops.chaos.outside import Acknowledgement
from ops.chaos.records import FINAL, RunRecord
from ops.chaos.world import Sender

UNKNOWN: Final = "outcome unknown"
CANCELLED: Final = "cancelled"
CAUSES: Final = frozenset({"execute", "runtime_host", "postgres", "postgres_backend", "clock"})
"""Kills that can leave an execution's outcome in doubt: its worker's, its host's, its truth's."""

SLACK_SECONDS: Final = 1.5
"""Between a kill and the ledger's note of it."""

ABOUT_SECONDS: Final = 15.0
"""How far from an execution a kill is still worth telling of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything the verdict rests on.

    Args:
        launches: The executor's ledger.
        received: The receiver's requests.
        moves: Of each run, its moves in the audit trail.
        offsets: (moment, AWGP's clock against the machine's from then on).
        stopped: Runs somebody asked to be stopped.
        told_stopped: Those of them for which the answer was yes.
    """

    acknowledged: Sequence[Acknowledgement]
    runs: Sequence[RunRecord]
    senders: Sequence[Sender]
    launches: Sequence[Mapping[str, Any]]
    received: Sequence[Mapping[str, Any]]
    moves: Mapping[str, Sequence[tuple[str | None, str | None]]]
    kills: Sequence[Kill]
    offsets: Sequence[tuple[float, float]]
    stopped: frozenset[str] = frozenset()
    told_stopped: frozenset[str] = frozenset()


@dataclass(slots=True, kw_only=True)
class Verdict:
    """What was found. `broken` names each promise that does not hold, with runs."""

    acknowledged: int = 0
    completed: int = 0
    outcome_unknown: int = 0
    lost: int = 0
    duplicate_effects: int = 0
    broken: list[str] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)

    def must(self, promise: str, offenders: Iterable[str]) -> int:
        """Note who breaks a promise; returns how many do."""
        found = sorted(set(offenders))
        if found:
            shown = ", ".join(found[:5]) + (" ..." if len(found) > 5 else "")
            self.broken.append(f"{promise}: {len(found)}: {shown}")
        return len(found)


def judge(evidence: Evidence) -> Verdict:
    """Check everything; the numbered list above says what."""
    acknowledged = {each.run for each in evidence.acknowledged if each.run is not None}
    known = {each.run: each for each in evidence.runs}
    verdict = Verdict(acknowledged=len(acknowledged))
    verdict.statuses = Counter(_told(each) for each in evidence.runs)
    verdict.completed = verdict.statuses["completed"]
    verdict.outcome_unknown = sum(each.reason == UNKNOWN for each in evidence.runs)
    verdict.lost = verdict.must(
        "an acknowledged request is lost",
        (run for run in acknowledged if not _has_ended(known.get(run))),
    )
    _check_acknowledgements(verdict, evidence)
    _check_duplicates(verdict, evidence)
    _check_unknown(verdict, evidence)
    _check_ends(verdict, evidence)
    _check_deliveries(verdict, evidence)
    _check_trail(verdict, evidence)
    return verdict


def requests_per_key(received: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """How many keys came once, twice, and so on."""
    times = Counter(each["key"] for each in received if each["verdict"] != "forged")
    counted = Counter(times.values())
    return {str(count): counted[count] for count in sorted(counted)}


def _told(run: RunRecord) -> str:
    return f"{run.status} ({run.reason})" if run.reason else run.status


def _has_ended(run: RunRecord | None) -> bool:
    return run is not None and run.sealed and run.status in FINAL


def _check_acknowledgements(verdict: Verdict, evidence: Evidence) -> None:
    verdict.must(
        "an event was refused for good",
        (f"{each.event} ({each.status})" for each in evidence.acknowledged if each.run is None),
    )
    answers: dict[str, set[str]] = {}
    for each in evidence.acknowledged:
        if each.run is not None:
            answers.setdefault(each.event, set()).add(each.run)
    verdict.duplicate_effects += verdict.must(
        "an event was acknowledged as two runs",
        (event for event, runs in answers.items() if len(runs) > 1),
    )
    answered = {run for runs in answers.values() for run in runs}
    verdict.must(
        "a run nobody was told of, though its sender waited for the answer",
        (each.run for each in evidence.runs if each.run not in answered),
    )


def _check_duplicates(verdict: Verdict, evidence: Evidence) -> None:
    events = Counter((each.source, each.event) for each in evidence.runs)
    verdict.duplicate_effects += verdict.must(
        "an event became two runs", (str(key[1]) for key, count in events.items() if count > 1)
    )
    keys: dict[tuple[str, str], set[str]] = {}
    bodies: dict[str, set[str]] = {}
    for each in evidence.received:
        if each["verdict"] != "forged":
            keys.setdefault((each["run"], each["path"]), set()).add(each["key"])
            bodies.setdefault(each["key"], set()).add(each["body"])
    verdict.duplicate_effects += verdict.must(
        "a run was delivered under two keys",
        (run for (run, _), found in keys.items() if len(found) > 1),
    )
    verdict.duplicate_effects += verdict.must(
        "a key came with two bodies", (key for key, found in bodies.items() if len(found) > 1)
    )
    safe = _safe_sources(evidence)
    unsafe = {each.run for each in evidence.runs if each.source not in safe}
    launched = Counter(each["run"] for each in evidence.launches if each["what"] == "launched")
    verdict.duplicate_effects += verdict.must(
        "a run whose rerun is not safe was launched twice",
        (run for run in unsafe if launched[run] > 1),
    )
    verdict.duplicate_effects += verdict.must(
        "an execution was launched after one that went well",
        (each.run for each in evidence.runs if _went_well_early(each)),
    )


def _went_well_early(run: RunRecord) -> bool:
    return any(reason == "ok" for _, reason, _, _ in run.executions[:-1])


def _check_unknown(verdict: Verdict, evidence: Evidence) -> None:
    safe = _safe_sources(evidence)
    unknown = [each for each in evidence.runs if each.reason == UNKNOWN]
    verdict.must(
        "an outcome is unknown though a rerun is safe",
        (each.run for each in unknown if each.source in safe),
    )
    ended_at = _ended_at(evidence.launches)
    kills = [
        (each.struck_at or each.killed_at, each.killed_at)
        for each in evidence.kills
        if each.kind in CAUSES
    ]
    kills += [(at, at) for at, _ in evidence.offsets[1:]]  # the clock is put right in the end
    verdict.must(
        "an outcome is unknown though nothing was killed under its execution",
        (
            f"{each.run} ({_how_it_went(each, evidence)})"
            for each in unknown
            if not any(
                start - SLACK_SECONDS <= killed and struck <= end + SLACK_SECONDS
                for start, end in _under_way(each, ended_at, evidence.offsets)
                for struck, killed in kills
            )
        ),
    )


def _under_way(
    run: RunRecord, ended_at: Mapping[str, float], offsets: Sequence[tuple[float, float]]
) -> list[tuple[float, float]]:
    """When its executions were in doubt: from being written down until they were settled.

    The ledger's end is not enough: a worker that is killed after it, before its result is in the
    database, takes the result along.
    """
    return [
        (start, max(end, ended_at.get(run.run, end)))
        for _, _, started, finished in run.executions
        for start in true_times(started, offsets)
        for end in true_times(finished or started, offsets)
    ]


def _how_it_went(run: RunRecord, evidence: Evidence) -> str:
    """Its executions, and what was killed about them: where to look first."""
    ledger = [each for each in evidence.launches if each["run"] == run.run]
    told = []
    for attempt, reason, started, finished in run.executions:
        at, until = started.timestamp(), (finished or started).timestamp()
        about = [
            f"{each.kind} {each.killed_at - at:+.1f} s"
            for each in evidence.kills
            if at - ABOUT_SECONDS <= each.killed_at <= until + ABOUT_SECONDS
        ]
        noted = [f"{each['what']} {each['at'] - at:+.1f} s" for each in ledger]
        told.append(
            f"attempt {attempt} {reason} after {until - at:.1f} s;"
            f" killed: {', '.join(about) or 'nothing'}; ledger: {', '.join(noted) or 'nothing'}"
        )
    return "; ".join(told)


def true_times(moment: datetime, offsets: Sequence[tuple[float, float]]) -> list[float]:
    """What the machine's clock can have shown when AWGP's showed this."""
    found = []
    for (since, offset), until in zip(
        offsets, [*(at for at, _ in offsets[1:]), float("inf")], strict=True
    ):
        at = moment.timestamp() - offset
        if since - SLACK_SECONDS <= at <= until + SLACK_SECONDS:
            found.append(at)
    return found


def _ended_at(launches: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """When the last execution of each run ended, as the ledger says."""
    found: dict[str, float] = {}
    for each in launches:
        found[each["run"]] = max(each["at"], found.get(each["run"], each["at"]))
    return found


def _check_ends(verdict: Verdict, evidence: Evidence) -> None:
    verdict.must(
        "a run ended otherwise than it had to",
        (
            f"{each.run} {_told(each)}"
            for each in evidence.runs
            if each.sealed and each.status != "completed" and each.reason != UNKNOWN
            if not (each.status == CANCELLED and each.run in evidence.stopped)
        ),
    )
    cancelled = {each.run for each in evidence.runs if each.status == CANCELLED}
    verdict.must(
        "a run was not stopped though its person was told so", evidence.told_stopped - cancelled
    )


def _check_deliveries(verdict: Verdict, evidence: Evidence) -> None:
    verdict.must(
        "a request that we did not sign, or not as we say",
        (
            str(each["key"])
            for each in evidence.received
            if each["verdict"] == "forged" or not each["same_key"]
        ),
    )
    applied = {each["run"] for each in evidence.received if each["verdict"] in {"ok", "silent"}}
    verdict.must(
        "a run completed without its delivery",
        (
            each.run
            for each in evidence.runs
            if each.status == "completed" and each.run not in applied
        ),
    )
    verdict.must(
        "a run was delivered whose outcome is unknown",
        (each.run for each in evidence.runs if each.reason == UNKNOWN and each.run in applied),
    )
    verdict.must(
        "a run was delivered that was stopped",
        (each.run for each in evidence.runs if each.status == CANCELLED and each.run in applied),
    )
    verdict.must(
        "a delivery of no run",
        applied - {each.run for each in evidence.runs},
    )


def _check_trail(verdict: Verdict, evidence: Evidence) -> None:
    verdict.must(
        "a run's moves are not all in the audit trail",
        (each.run for each in evidence.runs if not _is_gapless(each, evidence.moves)),
    )


def _is_gapless(
    run: RunRecord, moves: Mapping[str, Sequence[tuple[str | None, str | None]]]
) -> bool:
    at: str | None = None
    for before, after in moves.get(run.run, ()):
        if before != at:
            return False
        at = after
    return at == run.status


def _safe_sources(evidence: Evidence) -> set[str]:
    return {str(each.source_id) for each in evidence.senders if each.safe}
