"""Policy sets: check one, add a version, ask it, try it on real runs, put it in force.

Operators propose, admins activate, and never what they wrote.
"""

import json
from datetime import UTC, datetime
from typing import Any, Final

from pipeline.assistant_view import assistant_state
from pipeline.identity import Identity, ensure_person, person_id_of
from pipeline.policy import AssistantRef, PolicyRequest, Principal, PrincipalType
from pipeline.policy_check import check_policy
from pipeline.policy_context import ContextFields, ContextFieldsInvalid
from pipeline.policy_dry_run import dry_run as replay_last
from pipeline.policy_explain import explain as explain_decision
from pipeline.policy_set import PolicySet
from pipeline.policy_source import PolicyInvalid
from pipeline.policy_store import (
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
from pipeline.policy_view import diff_policies, policies_page, show_policy, why_not_activate
from pipeline.refusal import ProblemTable
from pipeline.registry_names import FieldInvalid, NotSetUp
from pipeline.work import Work
from web.access import (
    PEOPLE_OF_THE_TENANT,
    PEOPLE_WHO_ADMINISTER,
    PEOPLE_WHO_OPERATE,
    READERS,
    Role,
    current_caller,
)
from web.endpoint import endpoint, make_blueprint
from web.names import VERSION
from web.policies_schemas import (
    DryRunBody,
    DryRunView,
    ExplainBody,
    Explained,
    PoliciesQuery,
    PolicyBody,
    PolicyChecked,
    PolicyDiff,
    PolicyDiffQuery,
    PolicyPage,
    PolicyView,
)
from web.services import acting, reading
from web.setup_schemas import page

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
ONE: Final = f"/v1/policies/<{VERSION}:version>"


@endpoint(
    blueprint,
    "/v1/policies",
    access=READERS,
    status=200,
    answer=PolicyPage,
    query=PoliciesQuery,
)
def list_versions(query: dict[str, Any]) -> dict[str, Any]:
    """List the tenant's policy versions, newest first"""
    with reading() as work:
        rows = policies_page(work, before=query["cursor"], limit=query["limit"] + 1)
    return page(rows, query["limit"], key="version")


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
    with acting() as work:
        author = ensure_person(work, current_caller().identity)
        version = add_policy_set(
            work,
            source=body["source"],
            author=author,
            context_fields=body["context_fields"],
            tests=body["tests"],
        )
        return _view(work, version)


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
    with reading() as work:
        found = active_policy(work)
        if found is None:
            raise PolicyVersionNotFound("no policy set is in force, so everything is denied")
        return _view(work, found.version)


@endpoint(blueprint, ONE, access=READERS, status=200, answer=PolicyView, problems=[404])
def show(version: int) -> dict[str, Any]:
    """Show a version: its policies, tests, activations, and whether you may activate it"""
    with reading() as work:
        return _view(work, version)


@endpoint(
    blueprint,
    f"{ONE}/diff",
    access=READERS,
    status=200,
    answer=PolicyDiff,
    query=PolicyDiffQuery,
    problems=[404],
)
def diff(query: dict[str, Any], version: int) -> dict[str, Any]:
    """Say what differs from an older version"""
    with reading() as work:
        return diff_policies(work, query["against"], version)


@endpoint(
    blueprint,
    "/v1/policies/check",
    method="POST",
    access=PEOPLE_OF_THE_TENANT,
    status=200,
    answer=PolicyChecked,
    body=PolicyBody,
)
def check(body: dict[str, Any]) -> dict[str, Any]:
    """Say whether a set would be accepted, and where what is wrong stands; nothing is kept"""
    with reading() as work:
        return check_policy(work, **body)


@endpoint(
    blueprint,
    "/v1/policies/explain",
    method="POST",
    access=PEOPLE_OF_THE_TENANT,
    status=200,
    answer=Explained,
    body=ExplainBody,
    problems=[404],
)
def explain(body: dict[str, Any]) -> dict[str, Any]:
    """Say what would be decided about a request, by which policies, and why"""
    with reading() as work:
        version, policy_set = _asked(work, body)
        request = _request(work, body)
    return explain_decision(policy_set, request).as_json() | {"version": version}


@endpoint(
    blueprint,
    f"{ONE}/dry-run",
    method="POST",
    access=PEOPLE_OF_THE_TENANT,
    status=200,
    answer=DryRunView,
    body=DryRunBody,
    problems=[404],
)
def dry_run(body: dict[str, Any], version: int) -> dict[str, Any]:
    """Replay the last real runs against a version, and say what would change; nothing does"""
    with reading() as work:
        return replay_last(work, version, body["last"])


@endpoint(
    blueprint,
    f"{ONE}/activate",
    method="POST",
    access=PEOPLE_WHO_ADMINISTER,
    status=200,
    answer=PolicyView,
    problems=[404],
)
def activate(version: int) -> dict[str, Any]:
    """Put a version in force; whoever wrote it cannot be the one"""
    with acting() as work:
        person_id = ensure_person(work, current_caller().identity)
        activate_policy_set(work, version, by=person_id)
        return _view(work, version)


def _view(work: Work, version: int) -> dict[str, Any]:
    caller = current_caller()
    shown = show_policy(work, version)
    because = why_not_activate(shown, person_id_of(work, caller.identity))
    if because is None and Role.ADMIN not in caller.roles:
        because = "an administrator of the tenant must activate it"
    if because is None and caller.identity.kind != "human":
        because = "this takes a person's own judgement"
    return shown | {"activation": {"allowed": because is None, "because": because}}


def _asked(work: Work, body: dict[str, Any]) -> tuple[int | None, PolicySet]:
    draft = body["draft"]
    if draft is not None and body["version"] is not None:
        raise FieldInvalid("draft", "ask a version or a draft, not both")
    if draft is not None:
        declared = ContextFields.from_mapping(draft["context_fields"])
        return None, PolicySet.parse(draft["source"], declared)
    if body["version"] is not None:
        return body["version"], load_policy(work, body["version"]).policy_set
    active = active_policy(work)
    if active is None:
        raise PolicyVersionNotFound("no policy set is in force, so everything is denied")
    return active.version, active.policy_set


def _request(work: Work, body: dict[str, Any]) -> PolicyRequest:
    try:
        state = assistant_state(work, body["assistant"])
    except NotSetUp as error:
        raise FieldInvalid("assistant", str(error)) from error
    return PolicyRequest(
        principal=_principal(body["principal"], current_caller().identity),
        assistant=AssistantRef(
            tenant=current_caller().tenant, name=state["name"], version=state["version"]
        ),
        payload_json=json.dumps(body["payload"]).encode(),
        received_at=body["received_at"] or datetime.now(UTC),
        origin=body["origin"],
    )


def _principal(given: dict[str, Any] | None, caller: Identity) -> Principal:
    if given is not None:
        return Principal(type=given["type"], id=given["id"])
    return Principal(type=PrincipalType.PERSON, id=caller.subject)
