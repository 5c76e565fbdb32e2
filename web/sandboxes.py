"""What an assistant may do beyond its sandbox: asked, allowed, and what both say, in words."""

from collections.abc import Mapping
from typing import Any, Final

from marshmallow import Schema, fields, validate

from pipeline.assistant_change import allowance
from pipeline.credentials import check_credentials
from pipeline.registry_names import NotSetUp
from pipeline.sandbox_explain import explain, policies_page, policy_of_version
from pipeline.sandbox_policy import Allowed, Asked
from pipeline.work import Work
from web.access import PEOPLE_OF_THE_TENANT, READERS
from web.assistants_schemas import ALLOW
from web.endpoint import endpoint, make_blueprint
from web.names import LARGEST_VERSION
from web.schemas import Strict
from web.services import acting, reading
from web.setup_endpoint import lists
from web.setup_schemas import NamePage, page

blueprint = make_blueprint("sandboxes", "What assistants may do beyond their sandboxes")

ONE: Final = "/v1/assistants/<name:assistant>/sandbox"


class SandboxQuery(Strict):
    version = fields.Integer(
        load_default=None,
        validate=validate.Range(1, LARGEST_VERSION),
        metadata={"description": "The one in force where not given."},
    )


class PreviewBody(Strict):
    allow = fields.Dict(
        required=True, metadata={"description": "As a version takes it, to be tried."}, **ALLOW
    )


class AssistantSandboxView(Schema):
    """Nothing is granted that only one of the two says."""

    version = fields.Integer(required=True)
    asked = fields.Dict(
        required=True, metadata={"description": "By the bundle's manifest; empty is nothing."}
    )
    allowed = fields.Dict(
        required=True, metadata={"description": "By the tenant; empty is nothing."}
    )
    may = fields.List(
        fields.String(), required=True, metadata={"description": "What it is granted, in words."}
    )
    asked_but_not_allowed = fields.List(fields.String(), required=True)
    allowed_but_not_asked = fields.List(fields.String(), required=True)


class SandboxLine(AssistantSandboxView):
    name = fields.String(required=True)
    active = fields.Boolean(required=True)


class SandboxPage(NamePage):
    items = fields.List(fields.Nested(SandboxLine), required=True)


@lists(blueprint, "/v1/sandboxes", SandboxPage)
def list_all(query: dict[str, Any]) -> dict[str, Any]:
    """List what every assistant may reach, by name, at the version in force"""
    limit = query["limit"]
    with reading() as work:
        found = policies_page(work, q=query["q"], after=query["cursor"], limit=limit + 1)
    lines = [
        {name: each[name] for name in ("name", "active")}
        | _told(each["version"], each["manifest"], each["sandbox_policy"])
        for each in found
    ]
    return page(lines, limit)


@endpoint(
    blueprint,
    ONE,
    access=READERS,
    status=200,
    answer=AssistantSandboxView,
    query=SandboxQuery,
    problems=[404],
)
def show(query: dict[str, Any], assistant: str) -> dict[str, Any]:
    """Say what a version may reach: what its bundle asks for, within what the tenant allows"""
    with reading() as work:
        version, manifest, policy = _policy(work, assistant, query["version"])
    return _told(version, manifest, policy)


@endpoint(
    blueprint,
    f"{ONE}/preview",
    method="POST",
    access=PEOPLE_OF_THE_TENANT,
    status=200,
    answer=AssistantSandboxView,
    body=PreviewBody,
    problems=[404],
)
def preview(body: dict[str, Any], assistant: str) -> dict[str, Any]:
    """Say what an assistant could reach if this were allowed; nothing changes"""
    allowed = allowance(body["allow"])
    with acting() as work:
        version, manifest, _ = _policy(work, assistant, None)
        check_credentials(work, allowed)
    return _told(version, manifest, allowed)


def _policy(
    work: Work, assistant: str, version: int | None
) -> tuple[int, Mapping[str, Any], Mapping[str, Any]]:
    found = policy_of_version(work, assistant, version)
    if found is None:
        which = "" if version is None else f" with a version {version}"
        raise NotSetUp(f"the tenant has no assistant {assistant!r}{which}")
    return found


def _told(version: int, manifest: Mapping[str, Any], policy: Mapping[str, Any]) -> dict[str, Any]:
    asked, allowed = Asked.from_mapping(manifest), Allowed.from_mapping(policy)
    return {
        "version": version,
        "asked": asked.as_json(),
        "allowed": allowed.as_json(),
        **explain(asked, allowed).as_json(),
    }
