"""The audit trail, as the OpenAPI document says it."""

from typing import Any, Final

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from web.queues_schemas import reason_field
from web.schemas import LARGEST_PAGE, PAGE, PLAIN_TEXT, HexBytes, Strict, Whole

LARGEST_SEQUENCE: Final = 2**63 - 1
A_SEQUENCE: Final = validate.Range(1, LARGEST_SEQUENCE)
A_NAME: Final = [validate.Length(min=1, max=256), PLAIN_TEXT]
VERDICTS: Final = ("verified", "signer-unknown", "failed")
HOW_TO_COMPARE: Final = (
    "This fingerprint comes from the system it is to check. It proves something only when it is"
    " compared with one you got another way: from a person, on paper, from another system."
)


def sequence_field(**further: Any) -> fields.Integer:
    return fields.Integer(validate=A_SEQUENCE, **further)


class AuditQuery(Strict):
    action = fields.String(
        load_default=None,
        validate=A_NAME,
        metadata={"description": "What the action begins with, as `hold:` or `policy:run`."},
    )
    actor = fields.String(
        load_default=None, validate=A_NAME, metadata={"description": "The id of who did it."}
    )
    resource_type = fields.String(load_default=None, validate=A_NAME)
    resource_id = fields.String(load_default=None, validate=A_NAME)
    run = fields.UUID(
        load_default=None,
        metadata={"description": "Of a run, its approvals and its dead letters."},
    )
    since = fields.AwareDateTime(load_default=None, metadata={"description": "Sealed since."})
    until = fields.AwareDateTime(load_default=None, metadata={"description": "Sealed until."})
    first = sequence_field(load_default=None)
    last = sequence_field(load_default=None)
    cursor = sequence_field(
        load_default=None, metadata={"description": "`next` of the page before."}
    )
    limit = fields.Integer(load_default=PAGE, validate=validate.Range(1, LARGEST_PAGE))


class CheckpointsQuery(Strict):
    cursor = sequence_field(
        load_default=None, metadata={"description": "`next` of the page before."}
    )
    limit = fields.Integer(load_default=PAGE, validate=validate.Range(1, LARGEST_PAGE))


class VerifyBody(Strict):
    first = Whole(load_default=1, validate=A_SEQUENCE)
    last = Whole(
        validate=A_SEQUENCE,
        load_default=None,
        allow_none=True,
        metadata={"description": "The log's end where it is left out."},
    )
    cursor = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.Length(max=8192),
        metadata={"description": "`next` of the call before; `first` and `last` are its own."},
    )

    @validates_schema
    def _in_order(self, data: dict[str, Any], **_: Any) -> None:
        if data["last"] is not None and data["last"] < data["first"]:
            raise ValidationError("Must not be below `first`.", "last")


class RevealBody(Strict):
    reason = reason_field(required=True)


class ActorView(Schema):
    type = fields.String(required=True)
    id = fields.String(required=True)
    name = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "A person's name as the tenant knows it; never in the trail."},
    )


class ResourceView(Schema):
    type = fields.String(required=True)
    id = fields.String(required=True)


class EntryView(Schema):
    """A sealed entry, by its columns; `sealed_at` and `sequence` never run backwards."""

    sequence = fields.Integer(required=True)
    id = fields.UUID(required=True)
    sealed_at = fields.AwareDateTime(required=True)
    occurred_at = fields.AwareDateTime(required=True)
    actor = fields.Nested(ActorView, required=True)
    action = fields.String(required=True)
    resource = fields.Nested(ResourceView, required=True)
    before = fields.Dict(required=True, allow_none=True)
    after = fields.Dict(required=True, allow_none=True)
    metadata = fields.Dict(required=True)
    hash = fields.String(
        required=True, metadata={"description": "SHA-256 of the chain up to here, in hex."}
    )


class EntryPage(Schema):
    items = fields.List(fields.Nested(EntryView), required=True)
    next = fields.Integer(
        required=True,
        allow_none=True,
        metadata={
            "description": "`cursor` of the next page. A page looks through so much of the log at"
            " most: it may be short, or empty, and still have a next one."
        },
    )


class CheckpointView(Schema):
    """A signed head of the log (C2SP tlog-checkpoint in a C2SP signed note)."""

    id = fields.Integer(required=True)
    size = fields.Integer(required=True, metadata={"description": "Entries it covers."})
    root = HexBytes(required=True)
    chain_hash = HexBytes(required=True)
    time = fields.AwareDateTime(required=True)
    rewinds = fields.Integer(required=True)
    note = fields.String(required=True, metadata={"description": "The signed note, as it is."})


class CheckpointPage(Schema):
    items = fields.List(fields.Nested(CheckpointView), required=True)
    next = fields.Integer(required=True, allow_none=True)


class SignerView(Schema):
    """Whose signatures count."""

    fingerprint = fields.String(required=True)
    key_name = fields.String(required=True)
    public_key = fields.String(
        required=True, metadata={"description": "Base64 of the 32 bytes (Ed25519)."}
    )
    warning = fields.String(required=True)


class ProofView(Schema):
    """That an entry is in the log a checkpoint signs (RFC 9162, 2.1.3.2)."""

    index = fields.Integer(required=True, metadata={"description": "Counted from 0."})
    tree_size = fields.Integer(required=True)
    leaf_hash = HexBytes(
        required=True, metadata={"description": "SHA-256 of a zero byte and the body."}
    )
    path = fields.List(
        HexBytes(), required=True, metadata={"description": "The nearest sibling first."}
    )
    root = HexBytes(required=True)
    checkpoint = fields.Nested(CheckpointView, required=True)


class ProvenEntry(EntryView):
    """An entry with all it takes to check it: its bytes, its chain, its place in a signed tree."""

    body = fields.String(
        required=True, metadata={"description": "The sealed bytes, as text: RFC 8785 JSON."}
    )
    body_base64 = fields.String(required=True)
    previous_hash = fields.String(
        required=True,
        metadata={
            "description": "`hash` is SHA-256 of `awgp.audit.v1`, a zero byte, this and the body."
        },
    )
    has_personal = fields.Boolean(
        required=True,
        metadata={"description": "Whether the body holds personal data, encrypted."},
    )
    proof = fields.Nested(
        ProofView,
        required=True,
        allow_none=True,
        metadata={"description": "null while no checkpoint covers the entry."},
    )
    proof_problem = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Why the log does not lead to what was signed: it was altered."},
    )
    signer = fields.Nested(SignerView, required=True, allow_none=True)


class PersonalView(Schema):
    """What an entry says of a person."""

    erased = fields.Boolean(
        required=True,
        metadata={"description": "Whether the key is gone, and with it the meaning."},
    )
    content = fields.Dict(required=True, allow_none=True)


class FindingView(Schema):
    place = fields.String(required=True)
    what = fields.String(required=True)
    sequence = fields.Integer(required=True, allow_none=True)


class VerificationView(Schema):
    """What one call verified."""

    verdict = fields.String(
        required=True,
        validate=validate.OneOf(VERDICTS),
        metadata={
            "description": "Of this piece; `signer-unknown` where all holds but this control plane"
            " knows no signer."
        },
    )
    first = fields.Integer(required=True)
    last = fields.Integer(
        required=True,
        metadata={"description": "The last entry looked at; below `first` where there was none."},
    )
    checkpoints = fields.Integer(required=True)
    segments = fields.Integer(required=True)
    covered = fields.Integer(
        required=True,
        metadata={"description": "Up to which entry a checkpoint of this piece signs; 0 for none."},
    )
    reached_end = fields.Boolean(required=True)
    first_bad = fields.Nested(FindingView, required=True, allow_none=True)
    next = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "`cursor` to go on with; null when all is verified."},
    )
    signer = fields.Nested(SignerView, required=True, allow_none=True)
