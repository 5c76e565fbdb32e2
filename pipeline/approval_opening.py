"""Ask people: keep the action, exclude who may not vote on it, schedule the expiry."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from psycopg.types.json import Jsonb

from pipeline.action_store import assemble, save_action
from pipeline.approval import DEFAULT_RULE_NAME, Requirement
from pipeline.delegation import exclude_who_acts
from pipeline.ids import uuid7
from pipeline.policy_store import ActivePolicy
from pipeline.run_store import StoredRun
from pipeline.work import Actor, Work

EXPIRE: Final = "hold.expire"
REMIND: Final = "hold.remind"
ESCALATE: Final = "hold.escalate"


def open_approval(
    work: Work, run: StoredRun, *, epoch: int, active: ActivePolicy, rules: Requirement
) -> UUID:
    """Ask people about a run: keep the action, exclude who may not vote, schedule the expiry.

    Args:
        epoch: The one the question is asked in; the run is moved to it by the caller.
    """
    assembled = assemble(work, run, epoch=epoch, policy=active.deciding, rules=rules)
    digest = save_action(work, run.run_id, assembled.action)
    approval_id = uuid7()
    expires_at = work.execute(
        "INSERT INTO approvals (tenant_id, approval_id, run_id, epoch, action_digest, requirement,"
        " expires_at) VALUES (:tenant, :id, :run, :epoch, :digest, :requirement,"
        " clock_timestamp() + make_interval(secs => :seconds)) RETURNING expires_at",
        tenant=work.tenant_id,
        id=approval_id,
        run=run.run_id,
        epoch=epoch,
        digest=digest,
        requirement=Jsonb(rules.as_json()),
        seconds=rules.expires_in_seconds,
    ).scalar_one()
    people = [
        (run.requester_person_id, "requester"),
        (assembled.assistant.bundle_author, "author of the bundle"),
        (assembled.assistant.author, "author of the assistant"),
        (active.author, "author of the policy"),
        *_rule_authors(work, rules),
        *_source_people(work, run),
        *_editors(work, run),
        *_replayers(work, run),
    ]
    for person_id, because in people:
        if person_id is not None:
            _exclude(work, approval_id, person_id, because)
    exclude_who_acts(work, approval_id=approval_id)
    _schedule(work, approval_id, rules, expires_at)
    work.record(
        Actor(type="system", id="awgp"),
        "hold:approval:opened",
        ("approval", str(approval_id)),
        metadata={
            "run": str(run.run_id),
            "epoch": epoch,
            "action_digest": digest.hex(),
            "rules": [rule.name for rule in rules.rules],
        },
    )
    return approval_id


def _schedule(work: Work, approval_id: UUID, rules: Requirement, expires_at: datetime) -> None:
    """Its end, and what happens before it; what would come later than the end never does."""
    work.schedule(EXPIRE, expires_at, subject_id=approval_id)
    opened_at = expires_at - timedelta(seconds=rules.expires_in_seconds)
    times = {
        REMIND: {each for rule in rules.rules for each in rule.remind},
        ESCALATE: {step.after_seconds for rule in rules.rules for step in rule.escalate},
    }
    for kind, after in times.items():
        for seconds in sorted(each for each in after if each < rules.expires_in_seconds):
            work.schedule(
                kind,
                opened_at + timedelta(seconds=seconds),
                subject_id=approval_id,
                after_seconds=seconds,
            )


def _rule_authors(work: Work, rules: Requirement) -> list[tuple[UUID, str]]:
    """Who wrote the very versions that are asked for; nobody wrote the built-in one."""
    rows = work.execute(
        "SELECT name, author_person_id FROM approval_rules"
        " WHERE name || '@' || version = ANY (:asked)"
        " AND (removed_at IS NULL OR name <> :built_in) ORDER BY name",
        asked=[f"{rule.name}@{rule.version}" for rule in rules.rules],
        built_in=DEFAULT_RULE_NAME,
    )
    return [(row[1], f"author of the rule {row[0]}") for row in rows]


def _source_people(work: Work, run: StoredRun) -> list[tuple[UUID, str]]:
    if run.source_id is None:
        return []
    owner, changer, switcher, mapper = work.execute(
        "SELECT owner_person_id, scheme_changed_by_person_id, unsigned_by_person_id,"
        " mapping_changed_by_person_id"
        " FROM sources WHERE source_id = :id",
        id=run.source_id,
    ).one()
    rotator = work.execute(
        "SELECT rotated_by_person_id FROM source_secrets WHERE source_id = :id"
        " ORDER BY created_at DESC LIMIT 1",
        id=run.source_id,
    ).scalar_one_or_none()
    # Each of them could have sent it.
    others = [
        (rotator, "last to rotate the source's secret"),
        (changer, "last to change how the source proves itself"),
        (switcher, "lets the source send unsigned"),
        (mapper, "last to change what the source's events become"),
    ]
    return [(owner, "owner of the source"), *(each for each in others if each[0] is not None)]


def _editors(work: Work, run: StoredRun) -> list[tuple[UUID, str]]:
    rows = work.execute(
        "SELECT DISTINCT editor_person_id FROM run_payloads"
        " WHERE run_id = :run AND editor_person_id IS NOT NULL",
        run=run.run_id,
    )
    return [(row[0], "editor of the payload") for row in rows]


def _replayers(work: Work, run: StoredRun) -> list[tuple[UUID, str]]:
    rows = work.execute(
        "SELECT replayed_by_person_id FROM runs"
        " WHERE run_id = :run AND replayed_by_person_id IS NOT NULL",
        run=run.run_id,
    )
    return [(row[0], "one who had it run again") for row in rows]


def _exclude(work: Work, approval_id: UUID, person_id: UUID, because: str) -> None:
    work.execute(
        "INSERT INTO approval_persons (tenant_id, approval_id, person_id, part, because)"
        " VALUES (:tenant, :approval, :person, 'excluded', :because) ON CONFLICT DO NOTHING",
        tenant=work.tenant_id,
        approval=approval_id,
        person=person_id,
        because=because,
    )
