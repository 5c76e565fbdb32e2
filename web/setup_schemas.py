"""What the pages of set-up share: names, who did it, pages by name, problems."""

from collections.abc import Sequence
from typing import Any, Final

from marshmallow import Schema, fields, validate

from pipeline.identity import actor_of, ensure_person
from pipeline.refusal import ProblemTable
from pipeline.registry_names import FieldInvalid, NameTaken, NotSetUp, StillInUse
from pipeline.work import Actor, Work
from web.access import current_caller
from web.names import DIGEST, NAME
from web.schemas import LARGEST_PAGE, PAGE, PLAIN_TEXT, Strict

PROBLEMS: Final[ProblemTable] = {
    NotSetUp: (404, "not-set-up"),
    NameTaken: (409, "name-taken"),
    StillInUse: (409, "still-in-use"),
    FieldInvalid: (422, "request-invalid"),
}
A_NAME: Final = validate.Regexp(
    f"^{NAME}$", error="1 to 63 small letters, digits and -, a letter first."
)
A_DIGEST: Final = validate.Regexp(f"^{DIGEST}$", error="Must be sha256: and 64 hex digits.")
SEARCH: Final = [validate.Length(min=1, max=100), PLAIN_TEXT]


class NamePageQuery(Strict):
    """A page of what is listed by name."""

    cursor = fields.String(
        load_default=None,
        validate=[validate.Length(max=100), A_NAME],
        metadata={"description": "`next` of the page before."},
    )
    limit = fields.Integer(load_default=PAGE, validate=validate.Range(1, LARGEST_PAGE))
    q = fields.String(
        load_default=None, validate=SEARCH, metadata={"description": "A part of its name."}
    )


class NamePage(Schema):
    next = fields.String(
        required=True, allow_none=True, metadata={"description": "`cursor` of the next page."}
    )


class PersonRef(Schema):
    """A person, as other things name one."""

    id = fields.UUID(required=True)
    name = fields.String(required=True)


class RunRef(Schema):
    id = fields.UUID(required=True)
    status = fields.String(required=True)
    received_at = fields.AwareDateTime(required=True)
    changed_at = fields.AwareDateTime(required=True)


class RunsSummary(Schema):
    counted = fields.Integer(
        required=True, metadata={"description": "How many of the last runs are counted here."}
    )
    by_status = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    last = fields.Nested(RunRef, required=True, allow_none=True)


def page(rows: Sequence[dict[str, Any]], limit: int, key: str = "name") -> dict[str, Any]:
    """A page of at most `limit`, of rows asked for one more than that."""
    items = list(rows[:limit])
    return {"items": items, "next": items[-1][key] if len(rows) > limit else None}


def acting_person(work: Work) -> tuple[Any, Actor]:
    """Who is calling, as rows and as the trail name them.

    Raises:
        TenantClosed, PersonRemoved: Nothing new begins.
    """
    identity = current_caller().identity
    person_id = ensure_person(work, identity)
    return person_id, actor_of(identity, person_id)
