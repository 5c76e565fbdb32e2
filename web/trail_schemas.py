"""A run's entries in the audit trail with their proofs, as the OpenAPI document says them."""

from marshmallow import Schema, fields, validate

from web.audit_schemas import SignerView
from web.schemas import LARGEST_PAGE


class TrailQuery(Schema):
    before = fields.Integer(
        load_default=None,
        validate=validate.Range(1, 2**53 - 1),
        metadata={"description": "`next` of the page before."},
    )
    limit = fields.Integer(load_default=LARGEST_PAGE, validate=validate.Range(1, LARGEST_PAGE))


class TrailCheckpointView(Schema):
    """What was signed of the whole log."""

    note = fields.String(required=True, metadata={"description": "A C2SP signed note."})
    size = fields.Integer(required=True)
    root = fields.String(required=True, metadata={"description": "Hex."})
    signed_at = fields.AwareDateTime(required=True)


class TrailProofView(Schema):
    """RFC 6962: the leaf's way to the checkpoint's root, its siblings' hashes, nearest first."""

    index = fields.Integer(required=True)
    leaf_hash = fields.String(
        required=True, metadata={"description": "SHA-256(0x00 || body), in hex."}
    )
    path = fields.List(fields.String(), required=True)


class TrailEntryView(Schema):
    sequence = fields.Integer(required=True)
    id = fields.UUID(required=True)
    action = fields.String(required=True)
    actor_type = fields.String(required=True)
    actor_id = fields.String(required=True)
    resource_type = fields.String(required=True)
    resource_id = fields.String(required=True)
    occurred_at = fields.AwareDateTime(required=True)
    sealed_at = fields.AwareDateTime(required=True)
    before = fields.Dict(required=True, allow_none=True)
    after = fields.Dict(required=True, allow_none=True)
    metadata = fields.Dict(required=True)
    hash = fields.String(required=True)
    body_base64 = fields.String(
        required=True,
        metadata={"description": "The sealed bytes; the leaf hash is of a zero byte and these."},
    )
    proof = fields.Nested(
        TrailProofView,
        required=True,
        allow_none=True,
        metadata={"description": "Null where the checkpoint does not cover it yet."},
    )


class TrailView(Schema):
    items = fields.List(fields.Nested(TrailEntryView), required=True)
    next = fields.Integer(
        required=True, allow_none=True, metadata={"description": "`before` of the next page."}
    )
    checkpoint = fields.Nested(TrailCheckpointView, required=True, allow_none=True)
    why_no_proof = fields.String(required=True, allow_none=True)
    signer = fields.Nested(SignerView, required=True, allow_none=True)
