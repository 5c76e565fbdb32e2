"""What goes in and comes out, as the OpenAPI document says it."""

import re
from typing import Any, Final

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from pipeline.approval import Outcome, Verdict
from pipeline.approval_list import STATUSES

PAGE: Final = 50
LARGEST_PAGE: Final = 100
DIGEST: Final = validate.Regexp(r"^[0-9a-f]{64}$", error="Must be 64 hex digits, in small letters.")
_HALF: Final = re.compile(r"[\ud800-\udfff]")


class Characters(validate.Regexp):
    """A pattern, of text without halves of surrogate pairs.

    They are no characters (RFC 3629), so other languages' patterns cannot name them, and a
    document that did would be none to a reader in one of those.
    """

    def __call__(self, value: Any) -> Any:
        if _HALF.search(value):
            raise ValidationError(self._format_error(value))
        return super().__call__(value)


# Nothing that PostgreSQL cannot hold (NUL, half a pair) and that no person types.
PLAIN_TEXT: Final = Characters(
    r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$", error="Holds control characters."
)
# As PLAIN_TEXT, and not blank. One way to match it, so that a long one takes no longer to refuse.
WORDS: Final = Characters(
    r"^[\t\n\r ]*[^\x00-\x20\x7f][^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$",
    error="Say it in words, without control characters.",
)
LONGEST_REASON: Final = 2000
DIGEST_HELP: Final = (
    "SHA-256 of the action, as this approval shows it. A decision names what its maker saw; where"
    " that is no longer what is asked, nothing is decided."
)


class Strict(Schema):
    """A request: what it does not know, it refuses."""

    class Meta:
        unknown = RAISE


class Whole(fields.Integer):
    """A whole number as JSON Schema means it: 5 and 5.0 are one, "5" and true are none."""

    def __init__(self, **further: Any) -> None:
        super().__init__(strict=True, **further)

    def _validated(self, value: Any) -> int:
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        return super()._validated(value)


class HexBytes(fields.String):
    """Bytes, shown as hex digits."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **_: Any) -> str | None:
        del attr, obj
        return None if value is None else bytes(value).hex()


class PageQuery(Schema):
    cursor = fields.UUID(load_default=None, metadata={"description": "`next` of the page before."})
    limit = fields.Integer(load_default=PAGE, validate=validate.Range(1, LARGEST_PAGE))


class VoteBody(Strict):
    verdict = fields.Enum(Verdict, by_value=True, required=True)
    digest = fields.String(required=True, validate=DIGEST, metadata={"description": DIGEST_HELP})
    reason = fields.String(
        load_default="", validate=[validate.Length(max=LONGEST_REASON), PLAIN_TEXT]
    )


class EditBody(Strict):
    digest = fields.String(required=True, validate=DIGEST, metadata={"description": DIGEST_HELP})
    payload = fields.Dict(
        keys=fields.String(), metadata={"description": "The new payload, where it is JSON."}
    )
    payload_base64 = fields.String(
        metadata={"description": "The new payload's bytes; instead of `payload`."}
    )


class Page(Schema):
    next = fields.UUID(
        required=True, allow_none=True, metadata={"description": "`cursor` of the next page."}
    )


class PayloadView(Schema):
    content_type = fields.String(required=True)
    size = fields.Integer(required=True, metadata={"description": "Bytes."})
    base64 = fields.String(required=True)
    json = fields.Raw(
        metadata={"description": "Parsed, where it is JSON; a convenience: the bytes count."}
    )


class TurnCountView(Schema):
    groups = fields.List(fields.String(), required=True)
    needed = fields.Integer(required=True)
    have = fields.Integer(required=True)
    met = fields.Boolean(required=True, attribute="is_met")


class RuleCountView(Schema):
    rule = fields.String(required=True)
    needed = fields.Integer(required=True, metadata={"description": "Over all its turns."})
    have = fields.Integer(required=True)
    met = fields.Boolean(required=True, attribute="is_met")
    turn = fields.Integer(
        required=True,
        metadata={"description": "The place in `turns` of who is asked now; past it when met."},
    )
    turns = fields.List(fields.Nested(TurnCountView), required=True)


class TallyView(Schema):
    outcome = fields.Enum(Outcome, by_value=True, required=True)
    rules = fields.List(fields.Nested(RuleCountView), required=True)


class VoteView(Schema):
    person_id = fields.UUID(required=True)
    name = fields.String(required=True, attribute="display_name")
    verdict = fields.Enum(Verdict, by_value=True, required=True)
    reason = fields.String(required=True)
    groups = fields.List(fields.String(), required=True)
    voted_at = fields.AwareDateTime(required=True)
    on_behalf_of = fields.UUID(required=True, allow_none=True)
    on_behalf_of_name = fields.String(required=True, allow_none=True)
    reject_reason = fields.String(required=True, allow_none=True)


class ExcludedView(Schema):
    person_id = fields.UUID(required=True)
    name = fields.String(required=True, attribute="display_name")
    because = fields.String(required=True)


class ApprovalView(Schema):
    """The question with everything its digest covers."""

    id = fields.UUID(required=True)
    run_id = fields.UUID(required=True)
    epoch = fields.Integer(required=True)
    status = fields.String(required=True, validate=validate.OneOf(STATUSES))
    opened_at = fields.AwareDateTime(required=True)
    expires_at = fields.AwareDateTime(required=True)
    decided_at = fields.AwareDateTime(required=True, allow_none=True)
    digest = fields.String(required=True, metadata={"description": DIGEST_HELP})
    action = fields.Dict(required=True, metadata={"description": "What is approved."})
    action_base64 = fields.String(
        required=True,
        metadata={
            "description": "The action's bytes (RFC 8785): digest = SHA-256 of"
            " `awgp.action.v1`, a zero byte and these."
        },
    )
    payload = fields.Nested(PayloadView, required=True)
    requirement = fields.Dict(required=True)
    tally = fields.Nested(TallyView, required=True)
    votes = fields.List(fields.Nested(VoteView), required=True)
    excluded = fields.List(fields.Nested(ExcludedView), required=True)


class Nothing(Schema):
    """No content."""


class StateView(Schema):
    status = fields.String(required=True)
