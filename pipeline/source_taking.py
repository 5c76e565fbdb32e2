"""Change what a source takes and what becomes of it; try a mapping out.

Who did last may not vote on what the source sends: they could have sent it.
"""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from psycopg.types.json import Jsonb

from pipeline.event_body import read_events
from pipeline.intake import read_intake
from pipeline.mapping import Mapping as EventMapping
from pipeline.mapping import MappingFailed, read_mapping
from pipeline.refusal import Refusal
from pipeline.registry_names import FieldInvalid
from pipeline.setup_rows import one_row
from pipeline.source_view import source_state
from pipeline.work import Actor, Work

DEEPEST: Final = 32


def change_intake(
    work: Work, source_id: UUID, intake: Mapping[str, Any], *, by: UUID, actor: Actor
) -> None:
    """Change what a source takes; the same again changes nothing.

    Args:
        intake: All of it, as pipeline/intake.py says; what is not named goes back to its default.

    Raises:
        NotSetUp: There is no such source.
        FieldInvalid: Names what cannot be kept.
    """
    state = source_state(work, source_id, lock=True)
    kept = {name: value for name, value in intake.items() if value is not None}
    read_intake(state["scheme"], kept)
    if kept == state["intake"]:
        return
    _keep(work, source_id, "intake", Jsonb(kept), by)
    work.record(
        actor,
        "setup:source:changed",
        ("source", str(source_id)),
        before={"intake": state["intake"]},
        after={"intake": kept},
    )


def change_mapping(
    work: Work, source_id: UUID, mapping: Mapping[str, Any] | None, *, by: UUID, actor: Actor
) -> None:
    """Change what a source's events become; None lets each be taken as it comes.

    Raises:
        NotSetUp: There is no such source.
        FieldInvalid: Names the place in it that cannot be.
    """
    state = source_state(work, source_id, lock=True)
    if mapping is not None:
        check_mapping(work, mapping)
    if mapping == state["mapping"]:
        return
    _keep(work, source_id, "mapping", None if mapping is None else Jsonb(dict(mapping)), by)
    work.record(
        actor,
        "setup:source:mapped",
        ("source", str(source_id)),
        before={"mapping": state["mapping"]},
        after={"mapping": mapping},
    )


def check_mapping(work: Work, mapping: object) -> EventMapping:
    """Check a mapping of the tenant's.

    Raises:
        FieldInvalid: Names the place in it that cannot be, such as an assistant that is not there.
    """
    read = read_mapping(mapping)
    there = set(
        work.execute(
            "SELECT name FROM assistants WHERE active AND name = ANY (:names)",
            names=sorted(read.assistants),
        ).scalars()
    )
    for rule in read.rules:
        if rule.assistant is not None and rule.assistant not in there:
            raise FieldInvalid(
                f"{rule.field}.assistant", f"the tenant has no active assistant {rule.assistant}"
            )
    return read


def try_mapping(
    work: Work,
    source_id: UUID,
    *,
    headers: Mapping[str, str],
    body: bytes,
    mapping: Mapping[str, Any] | None = None,
) -> list[dict[str, Any]]:
    """What a source would make of a request's events; nothing is kept.

    Args:
        headers: By name in lower case, Content-Type among them.
        mapping: In place of the source's own, to try one before it is kept.

    Raises:
        NotSetUp: There is no such source.
        FieldInvalid: The mapping cannot be, or the event cannot be read.
    """
    state = source_state(work, source_id)
    given = state["mapping"] if mapping is None else mapping
    read = None if given is None else check_mapping(work, given)
    intake = read_intake(state["scheme"], state["intake"])
    own = one_row(
        work,
        "SELECT a.name FROM sources JOIN assistants a USING (tenant_id, assistant_id)"
        " WHERE source_id = :id",
        id=source_id,
    )
    try:
        found = read_events(headers, body, intake, max_depth=DEEPEST)
    except Refusal as error:
        raise FieldInvalid("event", str(error)) from error
    assistant = "" if own is None else own["name"]
    return [_would(read, each.value, headers, assistant) for each in found.events]


def _would(
    mapping: EventMapping | None, event: dict[str, Any], headers: Mapping[str, str], own: str
) -> dict[str, Any]:
    nothing: dict[str, Any] = {
        "rule": None,
        "assistant": None,
        "payload": None,
        "context": {},
        "problem": None,
    }
    if mapping is None:
        return nothing | {"outcome": "run", "assistant": own, "payload": event}
    try:
        mapped = mapping.apply(event, headers)
    except MappingFailed as error:
        return nothing | {"outcome": "refused", "problem": error.hint}
    if mapped is None:
        return nothing | {"outcome": "ignored"}
    return nothing | {
        "outcome": "run",
        "rule": mapped.rule,
        "assistant": mapped.assistant or own,
        "payload": event if mapped.payload is None else mapped.payload,
        "context": dict(mapped.context),
    }


def _keep(work: Work, source_id: UUID, column: str, value: Jsonb | None, by: UUID) -> None:
    work.execute(
        f"UPDATE sources SET {column} = :value, mapping_changed_at = clock_timestamp(),"  # noqa: S608  # one of our own two
        " mapping_changed_by_person_id = :by, scheme_version = scheme_version + 1"
        " WHERE source_id = :id",
        value=value,
        by=by,
        id=source_id,
    )
