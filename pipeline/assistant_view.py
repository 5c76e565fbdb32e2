"""Assistants as people look at them: the list, one with its versions, how its runs fared lately."""

from typing import Any, Final
from uuid import UUID

from pipeline.execution import RANGES, Limits
from pipeline.registry_names import NotSetUp
from pipeline.setup_rows import PERSON, Row, one_row, rows
from pipeline.work import Work

VERSIONS_SHOWN: Final = 100
RUNS_COUNTED: Final = 100

_TARGETS = """
    ARRAY(SELECT t.name FROM assistant_targets x JOIN targets t USING (tenant_id, target_id)
        WHERE x.tenant_id = v.tenant_id AND x.assistant_id = v.assistant_id
            AND x.version = v.version ORDER BY x.position) AS targets"""
_SOURCES = f"""
    coalesce((SELECT jsonb_agg(jsonb_build_object('id', s.source_id, 'name', s.name,
            'active', s.active) ORDER BY s.name)
        FROM sources s WHERE s.tenant_id = a.tenant_id AND s.assistant_id = a.assistant_id
            AND s.removed_at IS NULL), '[]') AS sources"""  # noqa: F541  # no values
_LINE = f"""
    SELECT a.assistant_id AS id, a.name, a.active, a.created_at, a.current_version AS version,
        v.bundle_digest AS bundle, b.manifest ->> 'name' AS bundle_name,
        b.manifest ->> 'version' AS bundle_version, v.runtime_name AS runtime,
        v.created_at AS changed_at, {PERSON.format("p")} AS author, {_TARGETS}, {_SOURCES}
    FROM assistants a JOIN assistant_versions v ON v.tenant_id = a.tenant_id
        AND v.assistant_id = a.assistant_id AND v.version = a.current_version
    JOIN bundles b ON b.tenant_id = v.tenant_id AND b.digest = v.bundle_digest
    JOIN persons p ON p.tenant_id = v.tenant_id AND p.person_id = v.author_person_id
    """  # noqa: S608  # our own columns
_LIST = (
    _LINE
    + """
    WHERE (CAST(:active AS boolean) IS NULL OR a.active = :active)
        AND (CAST(:after AS text) IS NULL OR a.name > :after)
        AND (CAST(:q AS text) IS NULL OR strpos(a.name, lower(:q)) > 0)
    ORDER BY a.name LIMIT :limit"""
)
_VERSIONS = f"""
    SELECT v.version, v.bundle_digest AS bundle, b.manifest ->> 'name' AS bundle_name,
        b.manifest ->> 'version' AS bundle_version, v.runtime_name AS runtime, v.runtime_digest,
        v.configuration, v.sandbox_policy, b.manifest -> 'limits' AS asked,
        {PERSON.format("p")} AS author, {PERSON.format("w")} AS bundle_author, v.created_at,
        {_TARGETS}
    FROM assistant_versions v
    JOIN bundles b ON b.tenant_id = v.tenant_id AND b.digest = v.bundle_digest
    JOIN persons p ON p.tenant_id = v.tenant_id AND p.person_id = v.author_person_id
    JOIN persons w ON w.tenant_id = b.tenant_id AND w.person_id = b.author_person_id
    WHERE v.assistant_id = :id AND (CAST(:version AS integer) IS NULL OR v.version = :version)
    ORDER BY v.version DESC LIMIT :limit"""  # noqa: S608  # our own columns
_RUNS = """
    SELECT run_id AS id, status, received_at, changed_at FROM runs
    WHERE assistant_id = :id ORDER BY run_id DESC LIMIT :limit"""


_STATE = """
    SELECT assistant_id::text AS id, name, active, current_version AS version
    FROM assistants WHERE name = :name"""


def assistants_page(
    work: Work, *, active: bool | None, q: str | None, after: str | None, limit: int
) -> list[Row]:
    """Assistants by name, from the one after `after`; `q` is part of a name."""
    return rows(work, _LIST, active=active, q=q, after=after, limit=limit)


def assistant_state(work: Work, name: str, *, lock: bool = False) -> Row:
    """What an edit of an assistant is based on; `lock` keeps others' edits waiting.

    Raises:
        NotSetUp: There is none of this name.
    """
    found = one_row(work, _STATE + (" FOR UPDATE" if lock else ""), name=name)
    if found is None:
        raise NotSetUp(f"the tenant has no assistant {name!r}")
    return found


def show_assistant(work: Work, name: str) -> Row:
    """An assistant with its newest versions and how its last runs fared.

    Raises:
        NotSetUp: There is none of this name.
    """
    state = assistant_state(work, name)
    assistant_id = state["id"]
    (shown,) = rows(work, _LINE + " WHERE a.assistant_id = :id", id=assistant_id)
    versions = _versions(work, assistant_id, None, VERSIONS_SHOWN)
    current = next((each for each in versions if each["version"] == shown["version"]), None)
    runs = rows(work, _RUNS, id=assistant_id, limit=RUNS_COUNTED)
    return shown | {
        "current": current or show_version(work, name, shown["version"]),
        "versions": versions,
        "runs": runs_summary(runs),
    }


def show_version(work: Work, name: str, version: int) -> Row:
    """One version, in force or not.

    Raises:
        NotSetUp: The assistant has no such version.
    """
    state = assistant_state(work, name)
    found = _versions(work, state["id"], version, 1)
    if not found:
        raise NotSetUp(f"the assistant {name} has no version {version}")
    return found[0]


def runs_summary(newest_first: list[Row]) -> Row:
    """How many of the last runs are in which status, and the last of them."""
    counts: dict[str, int] = {}
    for run in newest_first:
        counts[run["status"]] = counts.get(run["status"], 0) + 1
    return {
        "counted": len(newest_first),
        "by_status": dict(sorted(counts.items())),
        "last": newest_first[0] if newest_first else None,
    }


def _versions(work: Work, assistant_id: UUID | str, version: int | None, limit: int) -> list[Row]:
    found = rows(work, _VERSIONS, id=assistant_id, version=version, limit=limit)
    return [_with_limits(each) for each in found]


def _with_limits(version: Row) -> Row:
    """With what the bundle gets of what it asks for."""
    asked = Limits.from_json(version.pop("asked"))
    allowed: dict[str, Any] | None = version["sandbox_policy"].get("limits")
    limits = asked if allowed is None else asked.within(Limits.from_json(allowed))
    return version | {"limits": limits.as_json(), "ceilings": _ceilings(allowed)}


def _ceilings(allowed: dict[str, Any] | None) -> dict[str, int | float]:
    """The tenant's limits as a new version takes them: without those that are open."""
    if allowed is None:
        return {}
    kept = Limits.from_json(allowed)
    every = {name: (getattr(kept, name), high) for name, (_, high) in RANGES.items()}
    return {name: value for name, (value, high) in every.items() if value < high}
