"""Policy sets: add a version, read one, put one in force with four eyes."""

from typing import Any, Final

from marshmallow import Schema, fields, validate

from pipeline.identity import ensure_person
from pipeline.policy_context import ContextFieldsInvalid
from pipeline.policy_set import PolicySet
from pipeline.policy_source import PolicyInvalid
from pipeline.policy_store import (
    ActivePolicy,
    PolicyFourEyes,
    PolicyTestsFailed,
    PolicyVersionNotFound,
    RuleNotFound,
    activate_policy_set,
    active_policy,
    add_policy_set,
    load_policy,
)
from pipeline.policy_trial import PolicyTestInvalid
from pipeline.problem import ProblemTable
from web.access import PEOPLE_WHO_ADMINISTER, PEOPLE_WHO_OPERATE, READERS, current_caller
from web.endpoint import endpoint, make_blueprint
from web.schemas import Strict
from web.services import services

blueprint = make_blueprint("policies", "What assistants may do, and who has to be asked")

PROBLEMS: Final[ProblemTable] = {
    PolicyInvalid: (422, "policy-invalid"),
    ContextFieldsInvalid: (422, "context-fields-invalid"),
    PolicyTestInvalid: (422, "policy-test-invalid"),
    PolicyTestsFailed: (422, "policy-tests-failed"),
    RuleNotFound: (422, "approval-rule-not-found"),
    PolicyVersionNotFound: (404, "policy-version-not-found"),
    PolicyFourEyes: (403, "four-eyes"),
}
LARGEST_VERSION: Final = 2**31 - 1


class PolicyBody(Strict):
    source = fields.String(
        required=True,
        validate=validate.Length(max=256 * 1024),
        metadata={"description": "Cedar policies, each with an @id."},
    )
    context_fields = fields.Dict(
        keys=fields.String(),
        load_default=dict,
        metadata={"description": "Name -> {pointer, type}: what policies may read of a payload."},
    )
    tests = fields.List(fields.Dict(keys=fields.String()), load_default=list)


class PolicyView(Schema):
    version = fields.Integer(required=True)
    digest = fields.String(required=True)
    in_force = fields.Boolean(required=True)
    source = fields.String(required=True)
    context_fields = fields.Dict(keys=fields.String(), required=True)


@endpoint(
    blueprint,
    "/v1/policies",
    method="POST",
    access=PEOPLE_WHO_OPERATE,
    status=201,
    answer=PolicyView,
    body=PolicyBody,
)
def add(body: dict[str, Any]) -> dict[str, Any]:
    """Add a version, accepted and with its own tests passing; it is not in force yet"""
    caller = current_caller()
    with services().outbox.work(caller.tenant_id) as work:
        author = ensure_person(work, caller.identity)
        version = add_policy_set(
            work,
            source=body["source"],
            author=author,
            context_fields=body["context_fields"],
            tests=body["tests"],
        )
        return _view(load_policy(work, version), in_force=False)


@endpoint(
    blueprint,
    "/v1/policies/active",
    access=READERS,
    status=200,
    answer=PolicyView,
    problems=[404],
)
def show_active() -> dict[str, Any]:
    """Show the version in force; without one, everything is denied"""
    with services().outbox.work(current_caller().tenant_id) as work:
        found = active_policy(work)
    if found is None:
        raise PolicyVersionNotFound("no policy set is in force, so everything is denied")
    return _view(found, in_force=True)


@endpoint(
    blueprint,
    f"/v1/policies/<int(min=1,max={LARGEST_VERSION}):version>/activate",
    method="POST",
    access=PEOPLE_WHO_ADMINISTER,
    status=200,
    answer=PolicyView,
    problems=[404],
)
def activate(version: int) -> dict[str, Any]:
    """Put a version in force; whoever wrote it cannot be the one"""
    caller = current_caller()
    with services().outbox.work(caller.tenant_id) as work:
        person_id = ensure_person(work, caller.identity)
        activate_policy_set(work, version, by=person_id)
        return _view(load_policy(work, version), in_force=True)


def _view(policy: ActivePolicy, *, in_force: bool) -> dict[str, Any]:
    policy_set: PolicySet = policy.policy_set
    return {
        "version": policy.version,
        "digest": policy_set.digest,
        "in_force": in_force,
        "source": policy_set.source,
        "context_fields": policy_set.fields.as_json(),
    }
