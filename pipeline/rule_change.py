"""Change approval rules: add one, give it another version."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from pipeline.approval import DEFAULT_RULE, Rule, RuleInvalid
from pipeline.policy_store import add_rule, load_rule
from pipeline.registry_names import FieldInvalid, NameTaken, check_name
from pipeline.rule_view import rule_state
from pipeline.setup_rows import one_at_a_time
from pipeline.work import Actor, Work

# What a rule that does not say has; of the one that holds where none is named.
DEFAULTS: Final[Mapping[str, Any]] = {
    name: value
    for name, value in DEFAULT_RULE.as_json().items()
    if name in {"quorum", "reason", "expires_in_seconds", "execution_expires_in_seconds"}
}


def create_rule(work: Work, name: str, given: Mapping[str, Any], *, by: UUID, actor: Actor) -> None:
    """Add a rule; one that was removed comes back as its next version.

    Raises:
        FieldInvalid: Names the member.
        NameTaken: There is one of this name.
    """
    check_name("name", name)
    rule = read_rule(name, given)
    one_at_a_time(work, "rule", name)
    if work.execute(
        "SELECT 1 FROM approval_rules WHERE name = :name AND removed_at IS NULL", name=name
    ).all():
        raise NameTaken(f"there is an approval rule {name!r} already; give it a new version")
    add_rule(work, rule, by=by, actor=actor)


def save_rule(work: Work, name: str, given: Mapping[str, Any], *, by: UUID, actor: Actor) -> bool:
    """Give a rule another version; False where it is like that already.

    Raises:
        RuleNotFound: There is none of this name.
        FieldInvalid: Names the member.
    """
    rule = read_rule(name, given)
    rule_state(work, name, lock=True)
    before = load_rule(work, name)
    if replace(rule, version=before.version) == before:
        return False
    add_rule(work, rule, by=by, actor=actor)
    return True


def read_rule(name: str, given: Mapping[str, Any]) -> Rule:
    """Read what a rule is to say, whatever fields rules have by now.

    Raises:
        FieldInvalid: Names the member.
    """
    for field in ("name", "version"):
        if field in given:
            raise FieldInvalid(f"rule.{field}", "is not part of what a rule says; leave it out")
    try:
        return Rule.from_mapping({**DEFAULTS, **given, "name": name, "version": 1})
    except RuleInvalid as error:
        field, _, fix = str(error).partition(": ")
        raise FieldInvalid(f"rule.{field}", fix) from error
