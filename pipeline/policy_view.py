"""Policy versions as people look at them: who wrote and activated them, and what differs."""

import difflib
from typing import Any, Final
from uuid import UUID

from pipeline.policy_set import Policy, PolicySet
from pipeline.policy_store import PolicyVersionNotFound, RuleNotFound, load_policy, load_rule
from pipeline.setup_rows import PERSON, Row, one_row, rows
from pipeline.work import Work

ACTIVATIONS_SHOWN: Final = 20
MAX_COMPARED_LINES: Final = 5000

_LINE: Final = f"""
    SELECT s.version, s.digest, s.created_at, {PERSON.format("p")} AS author,
        s.version IS NOT DISTINCT FROM (SELECT a.version FROM policy_activations a
            ORDER BY a.activation DESC LIMIT 1) AS in_force,
        (SELECT max(a.activated_at) FROM policy_activations a WHERE a.tenant_id = s.tenant_id
            AND a.version = s.version) AS activated_at,
        jsonb_array_length(s.tests) AS tests_count, s.source, s.context_fields, s.tests
    FROM policy_sets s JOIN persons p
        ON p.tenant_id = s.tenant_id AND p.person_id = s.author_person_id"""  # noqa: S608
_LIST: Final = f"""{_LINE}
    WHERE (CAST(:before AS integer) IS NULL OR s.version < :before)
    ORDER BY s.version DESC LIMIT :limit"""
_ACTIVATIONS: Final = f"""
    SELECT {PERSON.format("p")} AS by, a.activated_at AS at
    FROM policy_activations a JOIN persons p
        ON p.tenant_id = a.tenant_id AND p.person_id = a.activated_by_person_id
    WHERE a.version = :version ORDER BY a.activation DESC LIMIT :limit"""  # noqa: S608


def policies_page(work: Work, *, before: int | None, limit: int) -> list[Row]:
    """Versions, newest first, from the one before `before`."""
    return rows(work, _LIST, before=before, limit=limit)


def show_policy(work: Work, version: int) -> Row:
    """A version with its policies, tests and activations.

    Raises:
        PolicyVersionNotFound: As it says.
    """
    found = one_row(work, _LINE + " WHERE s.version = :version", version=version)
    if found is None:
        raise PolicyVersionNotFound(f"no policy version {version}")
    policy_set = load_policy(work, version).policy_set
    return found | {
        "policies": [policy_line(each) for each in policy_set.policies],
        "hold_rules": list(policy_set.rules_in_use),
        "missing_rules": missing_rules(work, policy_set),
        "activations": rows(work, _ACTIVATIONS, version=version, limit=ACTIVATIONS_SHOWN),
    }


def why_not_activate(shown: Row, person_id: UUID | None) -> str | None:
    """What keeps this person from putting a version in force; None if nothing does.

    Args:
        shown: As `show_policy` gives it.
        person_id: None for who has not acted in the tenant yet.
    """
    if shown["in_force"]:
        return "it is in force"
    if person_id is not None and shown["author"]["id"] == str(person_id):
        return "you wrote it: another person must activate it"
    if shown["missing_rules"]:
        named = ", ".join(shown["missing_rules"])
        return f"it names approval rules that were removed: {named}"
    return None


def missing_rules(work: Work, policy_set: PolicySet) -> list[str]:
    """The approval rules a set names that the tenant does not have."""
    return [name for name in policy_set.hold_rules if not _has_rule(work, name)]


def diff_policies(work: Work, old: int, new: int) -> Row:
    """What differs between two versions: source, declared fields and policies by their id.

    Raises:
        PolicyVersionNotFound: As it says.
    """
    was, now = load_policy(work, old).policy_set, load_policy(work, new).policy_set
    before = {each.policy_id: each for each in was.policies}
    after = {each.policy_id: each for each in now.policies}
    return {
        "old": old,
        "new": new,
        "source": _unified(was.source, now.source),
        "fields_added": sorted(set(now.fields.as_json()) - set(was.fields.as_json())),
        "fields_removed": sorted(set(was.fields.as_json()) - set(now.fields.as_json())),
        "policies_added": sorted(set(after) - set(before)),
        "policies_removed": sorted(set(before) - set(after)),
        "rules_added": sorted(set(now.rules_in_use) - set(was.rules_in_use)),
        "rules_removed": sorted(set(was.rules_in_use) - set(now.rules_in_use)),
    }


def policy_line(policy: Policy) -> dict[str, Any]:
    """One policy of a set, without its text."""
    return {
        "id": policy.policy_id,
        "line": policy.line,
        "effect": str(policy.effect),
        "hold": policy.hold,
        "auto": policy.auto,
        "description": policy.description,
    }


def _has_rule(work: Work, name: str) -> bool:
    try:
        load_rule(work, name)
    except RuleNotFound:
        return False
    return True


def _unified(old: str, new: str) -> str | None:
    before, after = old.splitlines(), new.splitlines()
    if max(len(before), len(after)) > MAX_COMPARED_LINES:
        return None
    return "\n".join(difflib.unified_diff(before, after, "before", "after", lineterm=""))
