"""Approval rules as people look at them: every version, and which policies name it."""

from typing import Any, Final

from pipeline.approval import DEFAULT_RULE, DEFAULT_RULE_NAME
from pipeline.policy_store import RuleNotFound, active_policy, load_policy
from pipeline.setup_rows import PERSON, Row, one_row, rows
from pipeline.work import Work

VERSIONS_SHOWN: Final = 100
# Policy versions asked whether they name a rule; older ones can only be activated anew.
POLICIES_ASKED: Final = 20

_VERSION: Final = f"""
    SELECT r.name, r.version, r.rule, r.created_at, r.removed_at, {PERSON.format("p")} AS author
    FROM approval_rules r JOIN persons p
        ON p.tenant_id = r.tenant_id AND p.person_id = r.author_person_id"""  # noqa: S608
_LIST: Final = f"""
    SELECT * FROM (
        SELECT DISTINCT ON (x.name) x.* FROM ({_VERSION} WHERE r.removed_at IS NULL) AS x
        ORDER BY x.name, x.version DESC) AS newest
    WHERE (CAST(:after AS text) IS NULL OR name > :after)
        AND (CAST(:q AS text) IS NULL OR strpos(name, lower(:q)) > 0)
    ORDER BY name LIMIT :limit"""  # noqa: S608  # our own columns
_STATE: Final = """
    SELECT name, version, removed_at IS NOT NULL AS removed FROM approval_rules
    WHERE name = :name ORDER BY version DESC LIMIT 1"""


def rules_page(work: Work, *, q: str | None, after: str | None, limit: int) -> list[Row]:
    """The newest version of each rule that was not removed, by name."""
    active = active_policy(work)
    in_use = () if active is None else active.policy_set.rules_in_use
    return [
        _told(row) | {"in_force": row["name"] in in_use}
        for row in rows(work, _LIST, q=q, after=after, limit=limit)
    ]


def rule_state(work: Work, name: str, *, lock: bool = False) -> Row:
    """What an edit of a rule is based on; `lock` keeps others' edits waiting.

    Raises:
        RuleNotFound: There never was one of this name, or it was removed.
    """
    found = one_row(work, _STATE + (" FOR UPDATE" if lock else ""), name=name)
    if found is None or found["removed"]:
        raise RuleNotFound(f"the tenant has no approval rule {name!r}")
    return found


def show_rule(work: Work, name: str) -> Row:
    """A rule with its versions and the policies that name it; the default one is always there.

    Raises:
        RuleNotFound: There never was one of this name.
    """
    versions = rows(
        work,
        f"{_VERSION} WHERE r.name = :name ORDER BY r.version DESC LIMIT :limit",
        name=name,
        limit=VERSIONS_SHOWN,
    )
    if not versions and name != DEFAULT_RULE_NAME:
        raise RuleNotFound(f"the tenant has no approval rule {name!r}")
    told = [_told(each) for each in versions]
    newest = told[0] if told else _built_in()
    used_by = _used_by(work, name)
    return newest | {
        "removed": bool(versions) and versions[0]["removed_at"] is not None,
        "in_force": any(each["in_force"] for each in used_by),
        "versions": told,
        "used_by": used_by,
    }


def _used_by(work: Work, name: str) -> list[Row]:
    active = active_policy(work)
    newest = rows(
        work,
        "SELECT version FROM policy_sets ORDER BY version DESC LIMIT :limit",
        limit=POLICIES_ASKED,
    )
    in_force = None if active is None else active.version
    asked = {int(each["version"]) for each in newest}
    asked |= set() if in_force is None else {in_force}
    return [
        {"version": version, "in_force": version == in_force}
        for version in sorted(asked, reverse=True)
        if name in load_policy(work, version).policy_set.rules_in_use
    ]


def _built_in() -> Row:
    rule = DEFAULT_RULE.as_json()
    return {"name": DEFAULT_RULE_NAME, "version": 0, "rule": _fields(rule)} | dict.fromkeys(
        ("author", "created_at")
    )


def _told(row: Row) -> Row:
    kept = {name: value for name, value in row.items() if name != "removed_at"}
    return kept | {"rule": _fields(row["rule"])}


def _fields(rule: dict[str, Any]) -> dict[str, Any]:
    """What a rule says, without its name and version, which stand beside it."""
    return {name: value for name, value in rule.items() if name not in {"name", "version"}}
