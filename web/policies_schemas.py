"""Policies, as the OpenAPI document says them."""

from typing import Final

from marshmallow import Schema, fields, validate

from pipeline.policy import DecisionCode, PrincipalType, Verdict
from pipeline.policy_dry_run import MOST_RUNS
from web.names import LARGEST_VERSION
from web.schemas import LARGEST_PAGE, PAGE, PLAIN_TEXT, Strict, Whole
from web.setup_schemas import A_NAME, PersonRef

LONGEST_SOURCE: Final = 256 * 1024
A_VERSION: Final = validate.Range(1, LARGEST_VERSION)
FIELDS_HELP: Final = "Name -> {pointer or mapped, type}: what policies may read of a request."
TESTS_HELP: Final = "[{name, request, expect: {verdict, rules}}]; docs/reference/policy.md."


class PolicyBody(Strict):
    source = fields.String(
        required=True,
        validate=validate.Length(max=LONGEST_SOURCE),
        metadata={"description": "Cedar policies, each with an @id."},
    )
    context_fields = fields.Dict(
        keys=fields.String(), load_default=dict, metadata={"description": FIELDS_HELP}
    )
    tests = fields.List(
        fields.Dict(keys=fields.String()),
        load_default=list,
        metadata={"description": TESTS_HELP},
    )


class PoliciesQuery(Strict):
    cursor = fields.Integer(
        load_default=None,
        validate=A_VERSION,
        metadata={"description": "`next` of the page before."},
    )
    limit = fields.Integer(load_default=PAGE, validate=validate.Range(1, LARGEST_PAGE))


class PolicyLine(Schema):
    version = fields.Integer(required=True)
    digest = fields.String(required=True)
    in_force = fields.Boolean(required=True)
    author = fields.Nested(PersonRef, required=True)
    created_at = fields.AwareDateTime(required=True)
    activated_at = fields.AwareDateTime(
        required=True, allow_none=True, metadata={"description": "The last time."}
    )
    tests_count = fields.Integer(required=True)


class PolicyPage(Schema):
    items = fields.List(fields.Nested(PolicyLine), required=True)
    next = fields.Integer(
        required=True, allow_none=True, metadata={"description": "`cursor` of the next page."}
    )


class OnePolicy(Schema):
    """One Cedar policy of a set, without its text."""

    id = fields.String(required=True)
    line = fields.Integer(required=True)
    effect = fields.String(required=True, validate=validate.OneOf(["permit", "forbid"]))
    hold = fields.String(required=True, allow_none=True)
    auto = fields.String(required=True, allow_none=True)
    description = fields.String(required=True, allow_none=True)


class ActivationLine(Schema):
    by = fields.Nested(PersonRef, required=True)
    at = fields.AwareDateTime(required=True)


class MayActivate(Schema):
    """Whether the caller may put it in force, and what keeps them from it."""

    allowed = fields.Boolean(required=True)
    because = fields.String(required=True, allow_none=True)


class PolicyView(PolicyLine):
    source = fields.String(required=True)
    context_fields = fields.Dict(keys=fields.String(), required=True)
    tests = fields.List(fields.Dict(), required=True)
    policies = fields.List(fields.Nested(OnePolicy), required=True)
    hold_rules = fields.List(
        fields.String(), required=True, metadata={"description": "Approval rules it asks for."}
    )
    missing_rules = fields.List(
        fields.String(), required=True, metadata={"description": "Of them, those not there."}
    )
    activations = fields.List(fields.Nested(ActivationLine), required=True)
    activation = fields.Nested(MayActivate, required=True)


class PolicyDiffQuery(Strict):
    against = fields.Integer(
        required=True, validate=A_VERSION, metadata={"description": "The older version."}
    )


class PolicyDiff(Schema):
    old = fields.Integer(required=True)
    new = fields.Integer(required=True)
    source = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Unified; null for what is too long to compare."},
    )
    fields_added = fields.List(fields.String(), required=True)
    fields_removed = fields.List(fields.String(), required=True)
    policies_added = fields.List(fields.String(), required=True)
    policies_removed = fields.List(fields.String(), required=True)
    rules_added = fields.List(fields.String(), required=True)
    rules_removed = fields.List(fields.String(), required=True)


class ProblemFound(Schema):
    where = fields.String(
        required=True, validate=validate.OneOf(["source", "context_fields", "tests"])
    )
    line = fields.Integer(required=True, allow_none=True)
    column = fields.Integer(required=True, allow_none=True)
    policy = fields.String(required=True, allow_none=True)
    message = fields.String(required=True)
    fix = fields.String(required=True, allow_none=True)


class TestOutcome(Schema):
    name = fields.String(required=True)
    passed = fields.Boolean(required=True)
    problem = fields.String(required=True, allow_none=True)


class PolicyChecked(Schema):
    accepted = fields.Boolean(required=True)
    digest = fields.String(required=True, allow_none=True)
    problems = fields.List(fields.Nested(ProblemFound), required=True)
    policies = fields.List(fields.Nested(OnePolicy), required=True)
    hold_rules = fields.List(fields.String(), required=True)
    tests = fields.List(fields.Nested(TestOutcome), required=True)


class PrincipalBody(Strict):
    type = fields.Enum(PrincipalType, by_value=True, required=True)
    id = fields.String(
        required=True,
        validate=[validate.Length(1, 255), PLAIN_TEXT],
        metadata={"description": "A source's name, a person's or client's subject."},
    )


class DraftBody(Strict):
    source = fields.String(required=True, validate=validate.Length(max=LONGEST_SOURCE))
    context_fields = fields.Dict(
        keys=fields.String(), load_default=dict, metadata={"description": FIELDS_HELP}
    )


class ExplainBody(Strict):
    """A question; without a version or a draft it is put to the version in force."""

    assistant = fields.String(required=True, validate=A_NAME)
    payload = fields.Dict(keys=fields.String(), required=True)
    version = fields.Integer(load_default=None, validate=A_VERSION)
    draft = fields.Nested(
        DraftBody, load_default=None, metadata={"description": "A set that nobody has kept yet."}
    )
    principal = fields.Nested(
        PrincipalBody,
        load_default=None,
        metadata={"description": "Who asks; the caller where it is left out."},
    )
    origin = fields.String(
        load_default="api", validate=validate.OneOf(["api", "webhook", "schedule"])
    )
    received_at = fields.AwareDateTime(
        load_default=None, metadata={"description": "Now where it is left out."}
    )


class Explained(Schema):
    version = fields.Integer(
        required=True, allow_none=True, metadata={"description": "Null for a draft."}
    )
    verdict = fields.String(required=True, validate=validate.OneOf(list(Verdict)))
    code = fields.String(required=True, validate=validate.OneOf(list(DecisionCode)))
    why = fields.String(required=True)
    reasons = fields.List(fields.String(), required=True)
    hold_rules = fields.List(fields.String(), required=True)
    auto_reason = fields.String(required=True, allow_none=True)
    errors = fields.List(fields.String(), required=True)
    policy_digest = fields.String(required=True)
    matched = fields.List(fields.Nested(OnePolicy), required=True)
    erred = fields.List(fields.Nested(OnePolicy), required=True)


class DryRunBody(Strict):
    last = Whole(load_default=100, validate=validate.Range(1, MOST_RUNS))


class Decided(Schema):
    verdict = fields.String(required=True)
    code = fields.String(required=True)
    reasons = fields.List(fields.String(), required=True)
    hold_rules = fields.List(fields.String(), required=True)
    errors = fields.List(fields.String(), required=True)


class DecidedBefore(Decided):
    policy_version = fields.Integer(required=True, allow_none=True)


class RunThatChanges(Schema):
    run_id = fields.UUID(required=True)
    received_at = fields.AwareDateTime(required=True)
    assistant = fields.String(required=True)
    before = fields.Nested(DecidedBefore, required=True)
    after = fields.Nested(Decided, required=True)


class VerdictCount(Schema):
    before = fields.String(required=True)
    after = fields.String(required=True)
    runs = fields.Integer(required=True)


class DryRunView(Schema):
    version = fields.Integer(required=True)
    asked = fields.Integer(required=True)
    replayed = fields.Integer(required=True)
    cut = fields.Boolean(
        required=True, metadata={"description": "It took too long; older runs were not asked."}
    )
    changed = fields.Integer(required=True)
    counts = fields.List(fields.Nested(VerdictCount), required=True)
    runs = fields.List(
        fields.Nested(RunThatChanges),
        required=True,
        metadata={"description": "Those that would be decided otherwise, newest first."},
    )
