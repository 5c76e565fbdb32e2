"""Targets as people look at them: where results go, and how the last deliveries fared."""

from typing import Final

from pipeline.registry_names import NotSetUp
from pipeline.setup_rows import Row, one_row, rows
from pipeline.work import Work

VERSIONS_SHOWN: Final = 100
DELIVERIES_COUNTED: Final = 50
DELIVERIES_SHOWN: Final = 20
TESTS_SHOWN: Final = 5
WAITING_COUNTED: Final = 1000

_STATE: Final = """
    SELECT t.target_id::text AS id, t.name, t.current_version AS version,
        (SELECT max(x.secret_id::text) FROM target_secrets x
            WHERE x.tenant_id = t.tenant_id AND x.target_id = t.target_id) AS secret,
        (SELECT max(x.secret_id::text) FROM target_header_secrets x
            WHERE x.tenant_id = t.tenant_id AND x.target_id = t.target_id) AS header,
        t.disabled_at::text AS disabled_at, t.disabled_because
    FROM targets t WHERE t.name = :name AND t.removed_at IS NULL"""
_LINE: Final = f"""
    SELECT t.target_id AS id, t.name, t.created_at, t.current_version AS version, v.url,
        v.settings, v.template, v.created_at AS changed_at,
        (SELECT max(x.created_at) FROM target_secrets x WHERE x.tenant_id = t.tenant_id
            AND x.target_id = t.target_id) AS secret_since_at,
        (SELECT max(x.created_at) FROM target_header_secrets x WHERE x.tenant_id = t.tenant_id
            AND x.target_id = t.target_id) AS header_since_at,
        t.disabled_at, t.disabled_because,
        CASE WHEN c.open_until IS NULL THEN 'closed'
            WHEN c.open_until > clock_timestamp() THEN 'open' ELSE 'half-open' END AS circuit,
        coalesce(c.failures, 0) AS failures, c.open_until,
        CASE WHEN c.failures > 0 THEN c.last_error END AS last_error,
        (SELECT count(*) FROM (SELECT 1 FROM handoffs w WHERE w.tenant_id = t.tenant_id
            AND w.waits_for = t.target_id LIMIT {WAITING_COUNTED}) AS waiting) AS waiting,
        ARRAY(SELECT a.name FROM assistants a JOIN assistant_targets x
            ON x.tenant_id = a.tenant_id AND x.assistant_id = a.assistant_id
            AND x.version = a.current_version
            WHERE a.tenant_id = t.tenant_id AND x.target_id = t.target_id AND a.active
            ORDER BY a.name) AS assistants,
        h.counted, h.delivered, h.retried, h.refused, h.last_at, h.last_delivered_at, h.typical_ms
    FROM targets t JOIN target_versions v ON v.tenant_id = t.tenant_id
        AND v.target_id = t.target_id AND v.version = t.current_version
    LEFT JOIN target_circuits c ON c.tenant_id = t.tenant_id AND c.target_id = t.target_id
    CROSS JOIN LATERAL (
        SELECT count(*) AS counted, count(*) FILTER (WHERE d.outcome = 'delivered') AS delivered,
            count(*) FILTER (WHERE d.outcome = 'retry') AS retried,
            count(*) FILTER (WHERE d.outcome = 'refused') AS refused,
            max(d.attempted_at) AS last_at,
            max(d.attempted_at) FILTER (WHERE d.outcome = 'delivered') AS last_delivered_at,
            CAST(percentile_disc(0.5) WITHIN GROUP (ORDER BY d.duration_ms) AS integer)
                AS typical_ms
        FROM (SELECT y.* FROM deliveries y
            WHERE y.tenant_id = t.tenant_id AND y.target_id = t.target_id
            ORDER BY y.attempted_at DESC LIMIT {DELIVERIES_COUNTED}) AS d) AS h
    WHERE t.removed_at IS NULL"""  # noqa: S608  # our own columns
_LIST: Final = f"""{_LINE}
        AND (CAST(:after AS text) IS NULL OR t.name > :after)
        AND (CAST(:q AS text) IS NULL OR strpos(t.name, lower(:q)) > 0)
    ORDER BY t.name LIMIT :limit"""  # as above
_VERSIONS: Final = """
    SELECT version, url, settings, template, created_at FROM target_versions
    WHERE target_id = :id ORDER BY version DESC LIMIT :limit"""
_DELIVERIES: Final = """
    SELECT delivery_id AS id, run_id, position, target_version AS version, attempt, outcome,
        status_code, error, duration_ms, attempted_at, resending_id IS NOT NULL AS replayed,
        octet_length(response) AS response_bytes
    FROM deliveries WHERE target_id = :id ORDER BY attempted_at DESC LIMIT :limit"""
_TESTS: Final = """
    SELECT resending_id AS id, target_version AS version, status, attempts, status_code,
        last_error AS error, duration_ms, created_at, finished_at,
        convert_from(body, 'UTF8') AS body, response
    FROM resendings WHERE target_id = :id AND kind = 'test'
    ORDER BY resending_id DESC LIMIT :limit"""
_CIRCUIT: Final = {
    "circuit": "standing",
    "failures": "failures",
    "open_until": "open_until",
    "last_error": "last_error",
}
_HEALTH: Final = (
    "counted",
    "delivered",
    "retried",
    "refused",
    "last_at",
    "last_delivered_at",
    "typical_ms",
)


def targets_page(work: Work, *, q: str | None, after: str | None, limit: int) -> list[Row]:
    """Targets by name, from the one after `after`; `q` is a part of a name."""
    return [_with_health(row) for row in rows(work, _LIST, q=q, after=after, limit=limit)]


def target_state(work: Work, name: str, *, lock: bool = False) -> Row:
    """What an edit of a target is based on; `lock` keeps others' edits waiting.

    Raises:
        NotSetUp: There is none of this name.
    """
    found = one_row(work, _STATE + (" FOR UPDATE OF t" if lock else ""), name=name)
    if found is None:
        raise NotSetUp(f"the tenant has no target {name!r}")
    return found


def show_target(work: Work, name: str) -> Row:
    """A target with its newest versions and the last deliveries to it; never its secret.

    Raises:
        NotSetUp: There is none of this name.
    """
    target_id = target_state(work, name)["id"]
    (shown,) = rows(work, f"{_LINE} AND t.target_id = :id", id=target_id)
    return _with_health(shown) | {
        "versions": rows(work, _VERSIONS, id=target_id, limit=VERSIONS_SHOWN),
        "deliveries": rows(work, _DELIVERIES, id=target_id, limit=DELIVERIES_SHOWN),
        "tests": [
            row | {"response": text_of(row["response"])}
            for row in rows(work, _TESTS, id=target_id, limit=TESTS_SHOWN)
        ],
    }


def text_of(content: bytes | None) -> str | None:
    """What a receiver wrote, as text and never more."""
    return None if content is None else bytes(content).decode("utf-8", "replace")


def _with_health(row: Row) -> Row:
    apart = {*_HEALTH, *_CIRCUIT}
    kept = {name: value for name, value in row.items() if name not in apart}
    return kept | {
        "health": {name: row[name] for name in _HEALTH},
        "circuit": {name: row[column] for column, name in _CIRCUIT.items()},
    }
