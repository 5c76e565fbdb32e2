"""ETag and If-Match (RFC 9110, sections 8.8.3 and 13.1.1): nobody overwrites what they did not see.

Whatever can be edited is shown with an ETag; its edit names that ETag in If-Match.
"""

import hashlib
from collections.abc import Mapping
from typing import Any, Final

import rfc8785
from flask import request

from pipeline.refusal import ProblemTable, Refusal

IF_MATCH: Final = {
    "in": "header",
    "name": "If-Match",
    "required": True,
    "description": "The ETag this edit is based on.",
    "schema": {"type": "string"},
}
ETAG: Final = {
    "ETag": {"description": "Of this state, for If-Match.", "schema": {"type": "string"}}
}


class PreconditionMissing(Refusal):
    """An edit does not say which state it is based on."""


class PreconditionFailed(Refusal):
    """The thing was changed since the caller looked at it."""


PRECONDITION_PROBLEMS: Final[ProblemTable] = {
    PreconditionMissing: (428, "precondition-missing"),
    PreconditionFailed: (412, "precondition-failed"),
}


def etag_of(state: Mapping[str, Any]) -> str:
    """The ETag of a JSON state: equal states have equal ones."""
    return hashlib.sha256(rfc8785.dumps(dict(state))).hexdigest()[:32]


def header(etag: str) -> dict[str, str]:
    """The header an answer carries."""
    return {"ETag": f'"{etag}"'}


def require_match(etag: str) -> None:
    """Let an edit pass that is based on this state. Call it with the row locked.

    Raises:
        PreconditionMissing, PreconditionFailed: As they say.
    """
    if not request.if_match:
        raise PreconditionMissing(
            "say which state you are changing: send its ETag in If-Match", field="If-Match"
        )
    if not request.if_match.contains(etag):
        raise PreconditionFailed(
            "this was changed since you looked at it; look again, then change it", field="If-Match"
        )
