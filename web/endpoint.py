"""One decorator per endpoint: its address, who may use it, what goes in and out, what can go wrong.

It is flask-smorest's decorators in their one right order, with types, and with no way to leave the
access out.
"""

from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any, Final, TypeVar, cast

from flask import Request, current_app
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema
from webargs.flaskparser import FlaskParser

from pipeline.identity import TENANT_HEADER
from pipeline.request_body import read_json_bytes
from pipeline.strict_json import parse
from web.access import Access, declare
from web.preconditions import IF_MATCH

View = TypeVar("View", bound=Callable[..., Any])

SECURITY: Final[Sequence[dict[str, list[str]]]] = ({"bearer": []}, {"session": []})
MAX_JSON_DEPTH = "AWGP_MAX_JSON_DEPTH"
TENANT_PARAMETER = {
    "in": "header",
    "name": TENANT_HEADER,
    "required": False,
    "description": "The tenant's short name; needed only by who belongs to several.",
    "schema": {"type": "string", "pattern": "^[a-z][a-z0-9-]{1,38}$"},
}


class StrictParser(FlaskParser):
    """Reads bodies as JSON that two readers could not disagree about; refuses what it knows not."""

    DEFAULT_UNKNOWN_BY_LOCATION: dict[str, str | None] = {  # noqa: RUF012  # as its base class
        **FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION,
        "query": RAISE,
    }

    def load_json(self, req: Request, schema: Schema) -> Any:
        if _may_be_left_out(schema) and not (req.content_length or req.content_type):
            return {}
        limits = current_app.config
        content = read_json_bytes(req, limit=limits["MAX_CONTENT_LENGTH"])
        return parse(content, max_depth=limits[MAX_JSON_DEPTH])


def _may_be_left_out(schema: Schema | type[Schema]) -> bool:
    return bool(getattr(schema, "may_be_left_out", False))


def make_blueprint(name: str, description: str) -> Blueprint:
    blueprint = Blueprint(name, __name__, description=description)
    blueprint.ARGUMENTS_PARSER = StrictParser()
    return blueprint


def endpoint(
    blueprint: Blueprint,
    rule: str,
    *,
    access: Access,
    status: int,
    answer: type[Schema] | dict[str, Any],
    method: str = "GET",
    query: type[Schema] | None = None,
    body: type[Schema] | None = None,
    problems: Sequence[int] = (),
    headers: dict[str, Any] | None = None,
    raw_body: dict[str, Any] | None = None,
    edits: bool = False,
    media_type: str | None = None,
    parameters: Sequence[dict[str, Any]] = (),
) -> Callable[[View], View]:
    """Register a view.

    Args:
        status: Of the answer when nothing went wrong.
        answer: What it is made of; an OpenAPI schema where it is not JSON.
        query: Read from the address; the view takes it as its first argument.
        body: Read as JSON; the view takes it as its first argument. One whose class says
            `may_be_left_out` is `{}` where nothing was sent.
        problems: Statuses of the endpoint's own problems; those of access are added.
        headers: OpenAPI descriptions of the answer's headers.
        raw_body: OpenAPI description of a body that is not JSON; the view reads it itself.
        media_type: Of an answer that is not JSON; the view returns a Response.
        parameters: OpenAPI descriptions of headers that the view reads itself.
        edits: It changes what is shown with an ETag, and its caller has to name that.
    """
    problems = [*problems, *((412, 428) if edits else ())]

    def register(view: View) -> View:
        wrapped: Any = view
        # No content is described as none.
        content = None if status == HTTPStatus.NO_CONTENT else answer
        wrapped = blueprint.response(
            status, content, headers=headers, content_type=media_type or "application/json"
        )(wrapped)
        if query is not None:
            wrapped = blueprint.arguments(query, location="query")(wrapped)
        if body is not None:
            wrapped = blueprint.arguments(body, required=not _may_be_left_out(body))(wrapped)
        for each in sorted({*problems, *_own_problems(access, body, query)}):
            wrapped = blueprint.alt_response(each, response="Problem")(wrapped)
        if raw_body is not None:
            wrapped = blueprint.doc(requestBody=raw_body)(wrapped)
        security = list(SECURITY) if access.authenticated else []
        # These replace what `arguments` would have described, so the query is named again.
        named: list[dict[str, Any]] = [] if query is None else [{"in": "query", "schema": query}]
        named += [TENANT_PARAMETER] if access.roles and not access.in_path else []
        named += [IF_MATCH] if edits else []
        wrapped = blueprint.doc(security=security, parameters=[*named, *parameters])(wrapped)
        wrapped = declare(access)(wrapped)
        return cast("View", blueprint.route(rule, methods=[method])(wrapped))

    return register


def _own_problems(
    access: Access, body: type[Schema] | None, query: type[Schema] | None
) -> set[int]:
    # 403 also where no role is asked for: a session's request that no page of ours sent.
    found = {401, 403, 503} if access.authenticated else set()
    if access.roles:
        found |= {400}
    if query is not None:
        found |= {422}
    return found | ({400, 413, 415, 422} if body is not None else set())
