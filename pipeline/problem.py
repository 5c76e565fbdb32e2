"""Errors as answers: RFC 9457 `application/problem+json`, the same in every API.

    {"type": "urn:awgp:problem:<slug>", "title": ..., "status": ..., "detail": ...}

`type` is a name, not an address: it is what a client compares, and docs/reference/problems.md
says what each means. `field` names the member, header or parameter at fault; `errors` lists
several; `incident` is the number under which an unexpected error was logged. A domain error is
turned into an answer by one table an app gives; what is in no table is an unexpected error, whose
message a caller never sees.
"""

import traceback
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final
from uuid import uuid4

import structlog
from apispec import APISpec
from flask import Flask, Response, json
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from pipeline.refusal import ProblemTable, Refusal

CONTENT_TYPE: Final = "application/problem+json"
TYPE_PREFIX: Final = "urn:awgp:problem:"
RETRY_AFTER_SECONDS: Final = 2
# Titles that a slug does not spell by itself.
TITLES: Final[Mapping[str, str]] = {"internal-error": "Something went wrong on our side"}

log = structlog.get_logger()


PROBLEM_SCHEMA: Final[Mapping[str, Any]] = {
    "type": "object",
    "description": "RFC 9457 problem details. Compare `type`; show `detail`.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri", "examples": [f"{TYPE_PREFIX}run-not-found"]},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "field": {"type": "string", "description": "The member, header or parameter at fault."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "detail"],
                "properties": {"field": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
        "incident": {"type": "string", "description": "Name it when you report the error."},
        "max_age": {
            "type": "integer",
            "description": "Of `reauthentication-needed`: a sign-in of the last so many seconds.",
        },
        "acr_values": {
            "type": "string",
            "description": "Of `reauthentication-needed`: by one of these, apart by blanks.",
        },
    },
}


def problem_body(
    status: int, slug: str, detail: str, *, field: str | None = None, **extra: Any
) -> dict[str, Any]:
    """The members of a problem; `extra` ones stand beside them (RFC 9457, section 3.2)."""
    title = TITLES.get(slug, slug.replace("-", " ").capitalize())
    body = {"type": TYPE_PREFIX + slug, "title": title, "status": status, "detail": detail}
    return body | ({} if field is None else {"field": field}) | extra


def problem_response(body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    response = Response(json.dumps(body), status=body["status"], content_type=CONTENT_TYPE)
    response.headers["Cache-Control"] = "no-store"
    response.headers.update(headers or {})
    return response


def document_problems(spec: APISpec) -> None:
    """Add the response `Problem`, for `@blueprint.alt_response(404, response="Problem")`."""
    spec.components.schema("Problem", dict(PROBLEM_SCHEMA))
    spec.components.response(
        "Problem",
        {
            "description": "What went wrong, as RFC 9457 problem details",
            "content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        },
    )


def install_problem_handlers(app: Flask, table: ProblemTable) -> None:
    """Answer every error of `app` with a problem. Call it after `flask_smorest.Api(app)`.

    Args:
        table: Status and slug by error class; a subclass without an entry takes its parent's.
    """

    def answer(error: Exception) -> Response:
        if isinstance(error, HTTPException):
            return _http_problem(error)
        known = _entry(table, type(error))
        if known is not None:
            return _known_problem(error, *known)
        if is_database_unavailable(error):
            return database_unavailable(error)
        return _unexpected_problem(error)

    app.register_error_handler(HTTPException, answer)
    app.register_error_handler(Exception, answer)


def is_database_unavailable(error: Exception) -> bool:
    """Whether the database cannot be reached, is shutting down or has no connection to give."""
    lost = isinstance(error, DBAPIError) and error.connection_invalidated
    return lost or isinstance(error, OperationalError | InterfaceError | PoolTimeout)


def database_unavailable(error: Exception) -> Response:
    log.warning("database_unavailable", error=type(error).__name__, sqlstate=_sqlstate(error))
    body = problem_body(
        503, "database-unavailable", "The database cannot be reached now; try again."
    )
    return problem_response(body, {"Retry-After": str(RETRY_AFTER_SECONDS)})


def _entry(table: ProblemTable, kind: type[Exception]) -> tuple[int, str] | None:
    return next((table[each] for each in kind.__mro__ if each in table), None)


def _known_problem(error: Exception, status: int, slug: str) -> Response:
    refusal = (
        error
        if isinstance(error, Refusal)
        # FieldInvalid and its like know the field, and nothing of HTTP.
        else Refusal(str(error), field=getattr(error, "field", None))
    )
    body = problem_body(status, slug, str(error), field=refusal.field, **refusal.members)
    return problem_response(body, refusal.headers)


def _http_problem(error: HTTPException) -> Response:
    """404, 405, 413, 415 ... of the framework, and 422 of request schemas with its fields."""
    status = error.code or 500
    if status < 400:  # a redirect of the router
        return Response(status=status, headers=error.get_headers())
    data: Mapping[str, Any] = getattr(error, "data", None) or {}
    headers = {k: v for k, v in error.get_headers() if not k.startswith("Content-")}
    slug = HTTPStatus(status).phrase.lower().replace(" ", "-").replace("'", "")
    errors = _field_errors(data.get("messages"))
    if errors:
        detail = "; ".join(f"{each['field']}: {each['detail']}" for each in errors)
        body = problem_body(
            status, "request-invalid", detail, field=errors[0]["field"], errors=errors
        )
    else:
        body = problem_body(status, slug, data.get("message") or error.description or slug)
    return problem_response(body, headers | dict(data.get("headers") or {}))


def _field_errors(messages: Any) -> list[dict[str, str]]:
    """Flatten marshmallow's messages, {"json": {"assistant": ["..."]}}, to fields with a detail."""
    if not isinstance(messages, Mapping):
        return []
    found: list[dict[str, str]] = []

    def visit(path: tuple[str, ...], value: Any) -> None:
        if isinstance(value, Mapping):
            for key, part in value.items():
                visit((*path, str(key)), part)
            return
        field = ".".join(path[1:]) or path[0]
        texts = value if isinstance(value, list) else [value]
        found.extend({"field": field, "detail": str(text)} for text in texts)

    visit((), messages)
    return found


def _unexpected_problem(error: Exception) -> Response:
    incident = uuid4().hex
    # The message may quote a request, so the log takes the place and the kind of the error only.
    log.error(
        "request_failed",
        incident=incident,
        error=type(error).__name__,
        sqlstate=_sqlstate(error),
        frames=traceback.format_tb(error.__traceback__)[-8:],
    )
    detail = f"Something went wrong on our side. Name incident {incident} when you report it."
    return problem_response(problem_body(500, "internal-error", detail, incident=incident))


def _sqlstate(error: Exception) -> str | None:
    return getattr(getattr(error, "orig", None), "sqlstate", None)
