"""Exports, as the OpenAPI document says them."""

from marshmallow import Schema, fields, validate

from web.audit_schemas import A_SEQUENCE
from web.schemas import LARGEST_PAGE, PAGE, Strict


class ExportsQuery(Strict):
    cursor = fields.Integer(
        load_default=None,
        validate=A_SEQUENCE,
        metadata={"description": "`next` of the page before."},
    )
    limit = fields.Integer(load_default=PAGE, validate=validate.Range(1, LARGEST_PAGE))


class ExportView(Schema):
    """A closed stretch of the log as files that never change again, read back and compared."""

    id = fields.Integer(required=True, metadata={"description": "Its first entry."})
    first_sequence = fields.Integer(required=True)
    last_sequence = fields.Integer(required=True)
    entries = fields.Integer(required=True)
    bytes = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "Of its files; null where it was exported before this was kept."},
    )
    exported_at = fields.AwareDateTime(
        required=True, metadata={"description": "When it was read back and found the same."}
    )
    locked_until = fields.AwareDateTime(
        required=True,
        allow_none=True,
        metadata={"description": "null where the bucket has no Object Lock: say so aloud."},
    )
    manifest_sha256 = fields.String(required=True)
    files = fields.List(
        fields.String(), required=True, metadata={"description": "Names below the tenant's folder."}
    )


class ScheduleView(Schema):
    """When the next export is."""

    next_at = fields.AwareDateTime(required=True, allow_none=True)
    running = fields.Boolean(
        required=True, metadata={"description": "Whether it was handed to a worker."}
    )
    exported = fields.Integer(required=True, metadata={"description": "Entries exported so far."})
    signed = fields.Integer(
        required=True, metadata={"description": "Entries the newest checkpoint covers."}
    )


class ExportPage(Schema):
    items = fields.List(fields.Nested(ExportView), required=True)
    next = fields.Integer(required=True, allow_none=True)
    schedule = fields.Nested(ScheduleView, required=True)
    folder = fields.String(
        required=True, metadata={"description": "The tenant's folder in the store."}
    )
    store = fields.Boolean(
        required=True, metadata={"description": "Whether this control plane can download."}
    )
    how_to_verify = fields.List(
        fields.String(), required=True, metadata={"description": "Step by step, offline."}
    )


class ExportAskedView(Schema):
    """What was asked for."""

    schedule = fields.Nested(ScheduleView, required=True)
