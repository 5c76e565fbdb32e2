"""What records become to who looks on."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from pipeline.audit import AuditRecord
from pipeline.live import MOST_OF_A_KIND, Event, Happened, event_of, events_of

TENANT = uuid4()
RUN = str(uuid4())


def record(action: str, resource: tuple[str, str], **further: Any) -> AuditRecord:
    return AuditRecord(
        id=uuid4(),
        occurred_at=datetime.now(UTC),
        tenant_id=TENANT,
        actor_type="system",
        actor_id="awgp",
        action=action,
        resource_type=resource[0],
        resource_id=resource[1],
        **further,
    )


def happened(*records: AuditRecord, announced: tuple[Event, ...] = ()) -> Happened:
    return Happened(tenant_id=TENANT, records=records, announced=announced)


def moved(run: str, to: str) -> AuditRecord:
    return record(f"hold:run:{to}", ("run", run), after={"status": to, "epoch": 1})


def test_a_run_that_moved_is_named_with_its_status() -> None:
    assert event_of(moved(RUN, "held")) == Event(
        kind="run.changed", ids={"run_id": RUN}, status="held"
    )


def test_an_approval_names_its_run() -> None:
    approval = str(uuid4())
    voted = record("hold:vote:cast", ("approval", approval), metadata={"run": RUN})
    assert event_of(voted) == Event(
        kind="approval.changed", ids={"approval_id": approval, "run_id": RUN}
    )


def test_a_question_that_ends_with_its_run_is_told_too() -> None:
    approval = str(uuid4())
    ended = record(
        "hold:run:expired",
        ("run", RUN),
        after={"status": "expired", "epoch": 1},
        metadata={"approval": approval},
    )
    assert events_of([happened(ended)]) == [
        Event(kind="run.changed", ids={"run_id": RUN}, status="expired"),
        Event(kind="approval.changed", ids={"approval_id": approval, "run_id": RUN}),
    ]


def test_what_is_no_id_is_left_out() -> None:
    named = record(
        "setup:approval_rule:saved",
        ("approval_rule", "payments to Olga"),
        after={"secret": "sesame"},
        metadata={"run": "Olga's", "reason": "sesame"},
    )
    assert event_of(named) == Event(kind="policy.changed")


def test_a_resource_nobody_thought_of_is_its_own_kind() -> None:
    subject = str(uuid4())
    assert event_of(record("hold:delegation:made", ("delegation", subject))) == Event(
        kind="delegation.changed", ids={"delegation_id": subject}
    )


def test_a_run_that_moved_twice_is_told_once_as_it_was_at_the_end() -> None:
    found = events_of([happened(moved(RUN, "approved")), happened(moved(RUN, "executing"))])
    assert found == [Event(kind="run.changed", ids={"run_id": RUN}, status="executing")]


def test_many_of_a_kind_become_one_without_ids() -> None:
    many = [moved(str(uuid4()), "held") for _ in range(MOST_OF_A_KIND + 1)]
    other = Event(kind="audit.sealed", ids={"sequence": 7})
    assert events_of([happened(*many, announced=(other,))]) == [Event(kind="run.changed"), other]


def test_an_event_is_written_as_one_line_of_json() -> None:
    at = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
    written = Event(kind="run.changed", ids={"run_id": RUN}, status="held").write(at)
    assert json.loads(written) == {
        "kind": "run.changed",
        "at": "2026-01-31T12:00:00.000+00:00",
        "run_id": RUN,
        "status": "held",
    }
    assert UUID(json.loads(written)["run_id"])
