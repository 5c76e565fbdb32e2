"""Ask a policy version about the last real runs, and say which it would have decided otherwise.

It reads only: no run moves and nothing is recorded. Each run is asked about with its payload and
its assistant as they are now; what was decided is its last decision. Bounded in runs and time.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row as SqlRow

from pipeline.policy import (
    AssistantRef,
    Decision,
    DecisionCode,
    PolicyRequest,
    Principal,
    PrincipalType,
    Verdict,
    decide,
)
from pipeline.policy_set import PolicySet
from pipeline.policy_store import load_policy
from pipeline.policy_view import missing_rules
from pipeline.setup_rows import Row
from pipeline.work import Work

MOST_RUNS: Final = 1000
MOST_TOLD: Final = 200
MOST_SECONDS: Final = 10.0
# Payloads are as large as a request may be, so few are in memory at once.
AT_ONCE: Final = 25

_RUNS: Final = """
    SELECT r.run_id, r.received_at, r.source_id IS NOT NULL AS by_source,
        r.origin ->> 'kind' = 'schedule' AS by_clock, t.slug AS tenant,
        a.name AS assistant, a.current_version, y.payload, s.name AS source, p.kind, p.subject,
        d.verdict, d.code, d.detail, d.policy_version,
        coalesce(r.origin -> 'context', '{}') AS mapped
    FROM runs r JOIN tenants t USING (tenant_id)
    JOIN assistants a ON a.tenant_id = r.tenant_id AND a.assistant_id = r.assistant_id
    JOIN run_payloads y ON y.tenant_id = r.tenant_id AND y.run_id = r.run_id
        AND y.epoch = r.payload_epoch
    LEFT JOIN sources s ON s.tenant_id = r.tenant_id AND s.source_id = r.source_id
    LEFT JOIN persons p ON p.tenant_id = r.tenant_id AND p.person_id = r.requester_person_id
    CROSS JOIN LATERAL (SELECT x.* FROM policy_decisions x
        WHERE x.tenant_id = r.tenant_id AND x.run_id = r.run_id ORDER BY x.epoch DESC LIMIT 1) AS d
    WHERE CAST(:before AS uuid) IS NULL OR r.run_id < :before
    ORDER BY r.run_id DESC LIMIT :limit"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    policy_set: PolicySet
    missing: frozenset[str]


def dry_run(
    work: Work,
    version: int,
    last: int,
    *,
    monotonic: Callable[[], float] = time.monotonic,
) -> Row:
    """Replay the last decided runs against a version.

    Args:
        last: How many, 1 to MOST_RUNS.

    Raises:
        PolicyVersionNotFound: As it says.
    """
    policy_set = load_policy(work, version).policy_set
    asked = _Asked(policy_set=policy_set, missing=frozenset(missing_rules(work, policy_set)))
    until = monotonic() + MOST_SECONDS
    counts: Counter[tuple[str, str]] = Counter()
    changes: list[Row] = []
    replayed, cut = 0, False
    for run in _newest(work, last):
        if monotonic() >= until:
            cut = True
            break
        would = _decide(asked, run)
        replayed += 1
        counts[run.verdict, str(would.verdict)] += 1
        if (run.verdict, tuple(run.detail.get("hold_rules", []))) != (
            would.verdict,
            would.hold_rules,
        ):
            changes.append(_change(run, would))
    return {
        "version": version,
        "asked": last,
        "replayed": replayed,
        "cut": cut,
        "changed": len(changes),
        "counts": [
            {"before": before, "after": after, "runs": runs}
            for (before, after), runs in sorted(counts.items())
        ],
        "runs": changes[:MOST_TOLD],
    }


def _newest(work: Work, last: int) -> Iterator[SqlRow[Any]]:
    before: UUID | None = None
    while last > 0:
        found = work.execute(_RUNS, before=before, limit=min(last, AT_ONCE)).all()
        if not found:
            return
        yield from found
        before = found[-1].run_id
        last -= len(found)


def _decide(asked: _Asked, run: SqlRow[Any]) -> Decision:
    """As `policy_store.evaluate` does: a hold by a rule that is not there denies."""
    decision = decide(asked.policy_set, _request(run))
    gone = asked.missing & set(decision.hold_rules)
    if not gone:
        return decision
    return Decision(
        verdict=Verdict.DENY,
        code=DecisionCode.POLICY_ERROR,
        reasons=decision.reasons,
        errors=tuple(f"no approval rule {name!r}" for name in sorted(gone)),
        policy_digest=decision.policy_digest,
    )


def _request(run: SqlRow[Any]) -> PolicyRequest:
    kind = PrincipalType.CLIENT if run.kind == "client" else PrincipalType.PERSON
    who = (
        Principal(type=PrincipalType.SOURCE, id=run.source)
        if run.by_source
        else Principal(type=kind, id=run.subject or "")
    )
    return PolicyRequest(
        principal=who,
        assistant=AssistantRef(tenant=run.tenant, name=run.assistant, version=run.current_version),
        payload_json=bytes(run.payload),
        received_at=run.received_at,
        origin="api" if not run.by_source else "schedule" if run.by_clock else "webhook",
        mapped=run.mapped,
    )


def _change(run: SqlRow[Any], would: Decision) -> Row:
    return {
        "run_id": run.run_id,
        "received_at": run.received_at,
        "assistant": run.assistant,
        "before": {
            "verdict": run.verdict,
            "code": run.code,
            "policy_version": run.policy_version,
            "reasons": run.detail.get("reasons", []),
            "hold_rules": run.detail.get("hold_rules", []),
            "errors": run.detail.get("errors", []),
        },
        "after": {
            "verdict": str(would.verdict),
            "code": str(would.code),
            "reasons": list(would.reasons),
            "hold_rules": list(would.hold_rules),
            "errors": list(would.errors),
        },
    }
