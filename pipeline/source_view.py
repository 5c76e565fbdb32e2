"""Sources as people look at them: secrets without the secrets, what came, what was refused."""

from typing import Final
from uuid import UUID

from pipeline.assistant_view import runs_summary
from pipeline.registry_names import NotSetUp
from pipeline.setup_rows import PERSON, Row, one_row, rows
from pipeline.source_refusals import RefusalKind, list_refusals
from pipeline.work import Work

EVENTS_SHOWN: Final = 20
RUNS_COUNTED: Final = 100
SECRETS_SHOWN: Final = 10
IGNORED: Final = RefusalKind.IGNORED.value

_STATE: Final = """
    SELECT s.source_id::text AS id, s.name, s.active, s.owner_person_id::text AS owner,
        s.scheme, s.scheme_settings AS settings, s.scheme_version AS version,
        s.unsigned_reason AS unsigned, s.intake, s.mapping, s.callbacks,
        (SELECT jsonb_build_array(c.expression, c.zone, c.jitter_seconds, c.missed, c.payload)
            FROM schedules c WHERE c.tenant_id = s.tenant_id AND c.source_id = s.source_id)
            AS schedule,
        ARRAY(SELECT x.secret_id::text FROM source_secrets x WHERE x.tenant_id = s.tenant_id
            AND x.source_id = s.source_id
            AND (x.expires_at IS NULL OR x.expires_at > clock_timestamp())
            ORDER BY x.created_at DESC, x.secret_id DESC) AS live_secrets
    FROM sources s WHERE s.source_id = :id AND s.removed_at IS NULL"""
_LINE: Final = f"""
    SELECT s.source_id AS id, s.name, s.kind, s.scheme, s.active, s.created_at,
        s.unsigned_at IS NOT NULL AS unsigned,
        jsonb_build_object('name', a.name, 'active', a.active) AS assistant,
        {PERSON.format("p")} AS owner,
        (SELECT count(*) FROM source_secrets x WHERE x.tenant_id = s.tenant_id
            AND x.source_id = s.source_id
            AND (x.expires_at IS NULL OR x.expires_at > clock_timestamp())) AS live_secrets,
        (SELECT r.received_at FROM runs r WHERE r.tenant_id = s.tenant_id
            AND r.source_id = s.source_id ORDER BY r.run_id DESC LIMIT 1) AS last_event_at,
        (SELECT max(f.last_at) FROM source_refusals f WHERE f.tenant_id = s.tenant_id
            AND f.source_id = s.source_id AND f.kind <> '{IGNORED}') AS last_refusal_at,
        (SELECT coalesce(sum(f.refused), 0)::bigint FROM source_refusals f
            WHERE f.tenant_id = s.tenant_id AND f.source_id = s.source_id
            AND f.kind <> '{IGNORED}') AS refused
    FROM sources s JOIN assistants a USING (tenant_id, assistant_id)
    JOIN persons p ON p.tenant_id = s.tenant_id AND p.person_id = s.owner_person_id
    WHERE s.removed_at IS NULL"""  # noqa: S608  # our own columns
_LIST: Final = f"""{_LINE}
        AND (CAST(:active AS boolean) IS NULL OR s.active = :active)
        AND (CAST(:after AS text) IS NULL OR s.name > :after)
        AND (CAST(:q AS text) IS NULL OR strpos(s.name, lower(:q)) > 0)
    ORDER BY s.name LIMIT :limit"""  # as above
_PROOF: Final = f"""
    SELECT s.scheme_settings AS settings, s.unsigned_at AS since, s.unsigned_reason AS reason,
        {PERSON.format("p")} AS by
    FROM sources s LEFT JOIN persons p
        ON p.tenant_id = s.tenant_id AND p.person_id = s.unsigned_by_person_id
    WHERE s.source_id = :id"""  # noqa: S608  # as above
_TAKING: Final = f"""
    SELECT s.intake, s.mapping, s.mapping_changed_at AS at, {PERSON.format("p")} AS by
    FROM sources s LEFT JOIN persons p
        ON p.tenant_id = s.tenant_id AND p.person_id = s.mapping_changed_by_person_id
    WHERE s.source_id = :id"""  # noqa: S608  # as above
_SECRETS: Final = f"""
    SELECT x.secret_id AS id, x.created_at, x.expires_at, x.last_used_at,
        x.expires_at IS NULL OR x.expires_at > clock_timestamp() AS live,
        {PERSON.format("p")} AS rotated_by
    FROM source_secrets x JOIN persons p
        ON p.tenant_id = x.tenant_id AND p.person_id = x.rotated_by_person_id
    WHERE x.source_id = :id ORDER BY x.created_at DESC, x.secret_id DESC LIMIT :limit"""  # noqa: S608
_EVENTS: Final = """
    SELECT run_id AS id, status, received_at, changed_at, origin ->> 'event' AS event
    FROM runs WHERE source_id = :id ORDER BY run_id DESC LIMIT :limit"""


def sources_page(
    work: Work, *, active: bool | None, q: str | None, after: str | None, limit: int
) -> list[Row]:
    """Sources by name, from the one after `after`; `q` is a part of a name."""
    return rows(work, _LIST, active=active, q=q, after=after, limit=limit)


def source_state(work: Work, source_id: UUID, *, lock: bool = False) -> Row:
    """What an edit of a source is based on; `lock` keeps others' edits waiting.

    Raises:
        NotSetUp: There is no such source, or it was removed.
    """
    found = one_row(work, _STATE + (" FOR UPDATE OF s" if lock else ""), id=source_id)
    if found is None:
        raise NotSetUp(f"the tenant has no source {source_id}")
    return found


def show_source(work: Work, source_id: UUID) -> Row:
    """A source with its secrets' times, the last events and what was refused.

    Raises:
        NotSetUp: There is no such source, or it was removed.
    """
    found = one_row(work, f"{_LINE} AND s.source_id = :id", id=source_id)
    if found is None:
        raise NotSetUp(f"the tenant has no source {source_id}")
    events = rows(work, _EVENTS, id=source_id, limit=RUNS_COUNTED)
    proof = one_row(work, _PROOF, id=source_id) or {}
    settings = proof.pop("settings", {})
    return found | {
        "settings": settings,
        "unsigned_because": proof if found["unsigned"] else None,
        "secrets": rows(work, _SECRETS, id=source_id, limit=SECRETS_SHOWN),
        "events": events[:EVENTS_SHOWN],
        "runs": runs_summary(events),
        **_turned_away(work, source_id),
        **_taking(work, source_id),
    }


def _turned_away(work: Work, source_id: UUID) -> Row:
    """What was refused, and apart from it what was ignored: nobody has to mend that."""
    noted = list_refusals(work, source_id)
    ignored = next((each for each in noted if each["kind"] == IGNORED), None)
    return {
        "refusals": [each for each in noted if each["kind"] != IGNORED],
        "ignored": 0 if ignored is None else ignored["refused"],
        "last_ignored_at": None if ignored is None else ignored["last_at"],
        "ignored_lately": [] if ignored is None else [each["at"] for each in ignored["recent"]],
    }


def _taking(work: Work, source_id: UUID) -> Row:
    row = one_row(work, _TAKING, id=source_id) or {}
    changed = None if row["at"] is None else {"at": row["at"], "by": row["by"]}
    return {"intake": row["intake"], "mapping": row["mapping"], "taking_changed": changed}
