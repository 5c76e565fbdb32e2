"""Approval rules: who has to approve what policies hold. An admin's to say."""

from typing import Any, Final

from marshmallow import Schema, fields

from pipeline.policy_store import RuleNotFound
from pipeline.registry_names import NotSetUp
from pipeline.registry_remove import remove_rule
from pipeline.rule_change import create_rule, save_rule
from pipeline.rule_view import rule_state, rules_page, show_rule
from pipeline.work import Work
from web.access import PEOPLE_WHO_ADMINISTER
from web.endpoint import make_blueprint
from web.preconditions import etag_of, require_match
from web.schemas import Strict
from web.services import acting, reading
from web.setup_endpoint import Answer, adds, edits, lists, removes, shows, tagged
from web.setup_schemas import A_NAME, NamePage, PersonRef, acting_person, page

blueprint = make_blueprint("approval-rules", "Who has to approve what policies hold")

ONE: Final = "/v1/approval-rules/<name:rule>"
RULE_HELP: Final = (
    "quorum, groups, reason, expires_in_seconds, execution_expires_in_seconds and what else a rule"
    " may say; docs/reference/policy.md."
)


class RuleVersionBody(Strict):
    rule = fields.Dict(keys=fields.String(), required=True, metadata={"description": RULE_HELP})


class RuleBody(RuleVersionBody):
    name = fields.String(required=True, validate=A_NAME)


class RuleVersionView(Schema):
    """One version; version 0 is the rule that holds where a tenant has none named `default`."""

    name = fields.String(required=True)
    version = fields.Integer(required=True)
    rule = fields.Dict(required=True, metadata={"description": RULE_HELP})
    author = fields.Nested(PersonRef, required=True, allow_none=True)
    created_at = fields.AwareDateTime(required=True, allow_none=True)


class RuleLine(RuleVersionView):
    in_force = fields.Boolean(
        required=True, metadata={"description": "The policy in force names it."}
    )


class RulePage(NamePage):
    items = fields.List(fields.Nested(RuleLine), required=True)


class PolicyRef(Schema):
    version = fields.Integer(required=True)
    in_force = fields.Boolean(required=True)


class RuleView(RuleLine):
    """A rule with its versions and the newest policies that name it."""

    removed = fields.Boolean(required=True)
    versions = fields.List(fields.Nested(RuleVersionView), required=True)
    used_by = fields.List(fields.Nested(PolicyRef), required=True)


class RuleRemoved(Schema):
    name = fields.String(required=True)
    removed = fields.Boolean(required=True)


@lists(blueprint, "/v1/approval-rules", RulePage)
def list_rules(query: dict[str, Any]) -> dict[str, Any]:
    """List the tenant's approval rules by name, each in its newest version"""
    with reading() as work:
        rows = rules_page(work, q=query["q"], after=query["cursor"], limit=query["limit"] + 1)
    return page(rows, query["limit"])


@shows(blueprint, ONE, RuleView)
def show(rule: str) -> Answer:
    """Show a rule with its versions, also one that was removed"""
    with reading() as work:
        return _answer(work, rule)


@adds(blueprint, "/v1/approval-rules", RuleView, RuleBody, access=PEOPLE_WHO_ADMINISTER)
def create(body: dict[str, Any]) -> Answer:
    """Add an approval rule; nothing asks for it before a policy in force names it"""
    with acting() as work:
        by, actor = acting_person(work)
        create_rule(work, body["name"], body["rule"], by=by, actor=actor)
        return _answer(work, body["name"], 201)


@edits(blueprint, f"{ONE}/versions", RuleView, RuleVersionBody, access=PEOPLE_WHO_ADMINISTER)
def add_version(body: dict[str, Any], rule: str) -> Answer:
    """Give a rule its next version; what was approved under an older one is held again"""
    with acting() as work:
        by, actor = acting_person(work)
        _match(work, rule)
        save_rule(work, rule, body["rule"], by=by, actor=actor)
        return _answer(work, rule)


@removes(blueprint, ONE, RuleRemoved, access=PEOPLE_WHO_ADMINISTER, problems=[404, 409])
def remove(rule: str) -> dict[str, Any]:
    """Let no policy name a rule any more; what is held under it is still decided by it"""
    with acting() as work:
        _, actor = acting_person(work)
        _match(work, rule)
        remove_rule(work, rule, actor=actor)
    return {"name": rule, "removed": True}


def _match(work: Work, rule: str) -> None:
    try:
        require_match(etag_of(rule_state(work, rule, lock=True)))
    except RuleNotFound as error:
        raise NotSetUp(str(error)) from error


def _answer(work: Work, rule: str, status: int = 200) -> Answer:
    try:
        shown = show_rule(work, rule)
    except RuleNotFound as error:
        raise NotSetUp(str(error)) from error
    state = {"name": rule, "version": shown["version"], "removed": shown["removed"]}
    return tagged(shown, state, status)
