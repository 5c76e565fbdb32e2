"""What tenants set up, as people look at it: plain rows, fit for JSON, never a secret.

Times are ISO 8601 texts in UTC, ids are texts.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pipeline.policy_store import RuleNotFound, active_policy
from pipeline.registry_find import KnownPerson
from pipeline.work import Work

Row = dict[str, Any]

_ASSISTANTS = """
    SELECT a.name, a.assistant_id AS id, v.version, a.active, v.bundle_digest AS bundle,
        b.manifest ->> 'name' AS bundle_name, b.manifest ->> 'version' AS bundle_version,
        v.runtime_name AS runtime, v.runtime_digest, b.manifest ->> 'retry' AS retry,
        b.manifest -> 'limits' AS limits, v.sandbox_policy -> 'limits' AS ceiling,
        v.sandbox_policy - 'limits' AS allowed,
        p.display_name AS author, v.created_at,
        ARRAY(SELECT t.name FROM assistant_targets x JOIN targets t USING (tenant_id, target_id)
            WHERE x.tenant_id = a.tenant_id AND x.assistant_id = a.assistant_id
                AND x.version = v.version ORDER BY x.position) AS targets,
        ARRAY(SELECT s.name FROM sources s WHERE s.tenant_id = a.tenant_id
            AND s.assistant_id = a.assistant_id AND s.removed_at IS NULL
            ORDER BY s.name) AS sources
    FROM assistants a JOIN assistant_versions v ON v.tenant_id = a.tenant_id
        AND v.assistant_id = a.assistant_id AND v.version = a.current_version
    JOIN bundles b ON b.tenant_id = v.tenant_id AND b.digest = v.bundle_digest
    JOIN persons p ON p.tenant_id = v.tenant_id AND p.person_id = v.author_person_id
    ORDER BY a.name"""
_TARGETS = """
    SELECT t.name, t.target_id AS id, v.version, v.url, v.settings,
        length(v.template) > 0 AS template, t.disabled_at, t.disabled_because, v.created_at,
        (SELECT max(x.created_at) FROM target_secrets x WHERE x.tenant_id = t.tenant_id
            AND x.target_id = t.target_id) AS secret_since_at,
        ARRAY(SELECT a.name FROM assistants a JOIN assistant_targets x
            ON x.tenant_id = a.tenant_id AND x.assistant_id = a.assistant_id
            AND x.version = a.current_version
            WHERE a.tenant_id = t.tenant_id AND x.target_id = t.target_id AND a.active
            ORDER BY a.name) AS assistants
    FROM targets t JOIN target_versions v ON v.tenant_id = t.tenant_id
        AND v.target_id = t.target_id AND v.version = t.current_version
    WHERE t.removed_at IS NULL ORDER BY t.name"""
_SOURCES = """
    SELECT s.name, s.source_id AS id, s.scheme, a.name AS assistant,
        s.active AND a.active AS active, p.display_name AS owner, s.owner_person_id AS owner_id,
        (SELECT count(*) FROM source_secrets x WHERE x.tenant_id = s.tenant_id
            AND x.source_id = s.source_id
            AND (x.expires_at IS NULL OR x.expires_at > clock_timestamp())) AS live_secrets,
        s.created_at
    FROM sources s JOIN assistants a USING (tenant_id, assistant_id)
    JOIN persons p ON p.tenant_id = s.tenant_id AND p.person_id = s.owner_person_id
    WHERE s.removed_at IS NULL ORDER BY s.name"""
_SECRETS = """
    SELECT x.secret_id AS id, x.created_at, x.expires_at, p.display_name AS rotated_by
    FROM source_secrets x JOIN persons p
        ON p.tenant_id = x.tenant_id AND p.person_id = x.rotated_by_person_id
    WHERE x.source_id = :source AND (x.expires_at IS NULL OR x.expires_at > clock_timestamp())
    ORDER BY x.created_at DESC, x.secret_id DESC"""
_PERSONS = """
    SELECT p.display_name AS name, p.person_id AS id, p.kind, p.issuer, p.subject, p.created_at,
        p.removed_at FROM persons p WHERE :removed OR p.removed_at IS NULL ORDER BY p.person_id"""
# What stands to a person's name; runs and votes of years are counted, not listed.
_OF_A_PERSON = """
    SELECT ARRAY(SELECT name FROM sources WHERE owner_person_id = :person
            AND removed_at IS NULL ORDER BY 1) AS owns_sources,
        ARRAY(SELECT DISTINCT a.name FROM assistants a JOIN assistant_versions v
            USING (tenant_id, assistant_id) WHERE v.author_person_id = :person ORDER BY 1)
            AS wrote_assistants,
        ARRAY(SELECT version FROM policy_sets WHERE author_person_id = :person ORDER BY 1)
            AS wrote_policies,
        ARRAY(SELECT DISTINCT name FROM approval_rules WHERE author_person_id = :person ORDER BY 1)
            AS wrote_rules,
        (SELECT count(*) FROM bundles WHERE author_person_id = :person) AS bundles,
        (SELECT count(*) FROM runs WHERE requester_person_id = :person) AS asked_for_runs,
        (SELECT count(*) FROM votes WHERE person_id = :person) AS votes"""
_RULES = """
    SELECT DISTINCT ON (r.name) r.name, r.version, r.rule, r.created_at, p.display_name AS author
    FROM approval_rules r JOIN persons p
        ON p.tenant_id = r.tenant_id AND p.person_id = r.author_person_id
    WHERE r.removed_at IS NULL ORDER BY r.name, r.version DESC"""
_RULE_VERSIONS = """
    SELECT r.version, r.rule, r.created_at, r.removed_at, p.display_name AS author
    FROM approval_rules r JOIN persons p
        ON p.tenant_id = r.tenant_id AND p.person_id = r.author_person_id
    WHERE r.name = :name ORDER BY r.version DESC"""
_COUNTS = """
    SELECT (SELECT count(*) FROM persons WHERE removed_at IS NULL) AS people,
        (SELECT count(*) FROM assistants WHERE active) AS assistants,
        (SELECT count(*) FROM sources WHERE removed_at IS NULL) AS sources,
        (SELECT count(*) FROM targets WHERE removed_at IS NULL) AS targets,
        (SELECT max(sequence) FROM audit_heads) AS audit_entries,
        (SELECT encode(hash, 'hex') FROM audit_heads) AS audit_head,
        (SELECT max(sealed_at) FROM audit_heads) AS sealed_at,
        (SELECT max(exported_at) FROM audit_segments) AS exported_at,
        (SELECT max(last_sequence) FROM audit_segments) AS exported_entries"""


def list_assistants(work: Work) -> list[Row]:
    """Every assistant, also those switched off."""
    return _rows(work, _ASSISTANTS)


def list_targets(work: Work) -> list[Row]:
    """Those that were not removed."""
    return _rows(work, _TARGETS)


def list_sources(work: Work) -> list[Row]:
    """Those that were not removed."""
    return _rows(work, _SOURCES)


def source_secrets(work: Work, source_id: UUID) -> list[Row]:
    """Since when the live secrets of a source are, newest first; not the secrets."""
    return _rows(work, _SECRETS, source=source_id)


def last_request(work: Work, source_id: UUID) -> Row | None:
    """The newest run of a source; None before the first."""
    found = _rows(
        work,
        "SELECT run_id AS run, status, received_at FROM runs WHERE source_id = :source"
        " ORDER BY run_id DESC LIMIT 1",
        source=source_id,
    )
    return found[0] if found else None


def list_persons(work: Work, *, removed_too: bool = False) -> list[Row]:
    """Those who act in the tenant, in the order they came."""
    return _rows(work, _PERSONS, removed=removed_too)


def show_person(work: Work, person: KnownPerson) -> Row:
    """A person and what stands to their name."""
    (shown,) = (each for each in list_persons(work) if each["id"] == str(person.person_id))
    return shown | _rows(work, _OF_A_PERSON, person=person.person_id)[0]


def list_rules(work: Work) -> list[Row]:
    """The newest version of each rule, with whether the policy in force names it."""
    named = _named_rules(work)
    return [_rule(row) | {"in_force": row["name"] in named} for row in _rows(work, _RULES)]


def show_rule(work: Work, name: str) -> Row:
    """All versions of a rule, newest first; `removed` where no policy can name it any more.

    Raises:
        RuleNotFound: There never was one of this name.
    """
    versions = _rows(work, _RULE_VERSIONS, name=name)
    if not versions:
        raise RuleNotFound(f"the tenant has no approval rule {name!r}; `awgp rule list` shows all")
    removed = versions[0]["removed_at"] is not None
    return {
        "name": name,
        "removed": removed,
        "in_force": not removed and name in _named_rules(work),
        "versions": [_rule(each) for each in versions],
    }


def show_tenant(work: Work) -> Row:
    """Counts of what the tenant has, and how far its trail is sealed and exported."""
    runs = _rows(work, "SELECT status, count(*) AS n FROM runs GROUP BY status ORDER BY status")
    return _rows(work, _COUNTS)[0] | {"runs": {each["status"]: each["n"] for each in runs}}


def _named_rules(work: Work) -> tuple[str, ...]:
    active = active_policy(work)
    return () if active is None else active.policy_set.rules_in_use


def _rule(row: Mapping[str, Any]) -> Row:
    kept = {name: value for name, value in row.items() if name not in {"rule", "removed_at"}}
    said = {name: value for name, value in row["rule"].items() if name not in {"name", "version"}}
    return kept | said


def _rows(work: Work, statement: str, **values: object) -> list[Row]:
    found = work.execute(statement, **values).mappings()
    return [{name: _plain(value) for name, value in row.items()} for row in found]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return str(value) if isinstance(value, UUID) else value
