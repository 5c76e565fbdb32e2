"""Bundles, as the OpenAPI document says them."""

from marshmallow import Schema, fields, validate

from runtime_host.bundle_files import Change
from web.names import DIGEST
from web.schemas import LARGEST_PAGE, PAGE, PLAIN_TEXT, Strict
from web.setup_schemas import A_DIGEST, SEARCH, PersonRef


class BundleSignerView(Schema):
    """Whose key signed a bundle; it counts where the signature holds and it was not revoked."""

    key_id = fields.String(required=True)
    name = fields.String(required=True)
    counts = fields.Boolean(required=True)
    revoked = fields.Boolean(required=True)
    revoked_because = fields.String(required=True, allow_none=True)


class BundleView(Schema):
    digest = fields.String(required=True)
    signers = fields.List(fields.Nested(BundleSignerView), required=True)
    manifest = fields.Dict(keys=fields.String(), required=True)
    files = fields.Integer(required=True)
    packed_bytes = fields.Integer(required=True)


class BundlesQuery(Strict):
    cursor = fields.String(
        load_default=None,
        validate=A_DIGEST,
        metadata={"description": "`next` of the page before.", "pattern": f"^{DIGEST}$"},
    )
    limit = fields.Integer(load_default=PAGE, validate=validate.Range(1, LARGEST_PAGE))
    q = fields.String(
        load_default=None, validate=SEARCH, metadata={"description": "A part of its name."}
    )


class UseOfBundle(Schema):
    assistant = fields.String(required=True)
    version = fields.Integer(required=True)
    current = fields.Boolean(required=True)


class BundleLine(Schema):
    digest = fields.String(required=True)
    name = fields.String(required=True)
    version = fields.String(required=True)
    runtime = fields.String(required=True)
    packed_bytes = fields.Integer(required=True)
    author = fields.Nested(PersonRef, required=True)
    created_at = fields.AwareDateTime(required=True)
    used_by = fields.List(fields.Nested(UseOfBundle), required=True)


class BundlePage(Schema):
    items = fields.List(fields.Nested(BundleLine), required=True)
    next = fields.String(
        required=True, allow_none=True, metadata={"description": "`cursor` of the next page."}
    )


class FileLine(Schema):
    path = fields.String(required=True)
    size = fields.Integer(required=True, metadata={"description": "Bytes."})
    executable = fields.Boolean(required=True)
    digest = fields.String(required=True)


class BundleDetail(BundleLine):
    """A bundle with its manifest and its files."""

    manifest = fields.Dict(keys=fields.String(), required=True)
    files = fields.List(fields.Nested(FileLine), required=True)
    unpacked_bytes = fields.Integer(required=True)
    signers = fields.List(fields.Nested(BundleSignerView), required=True)
    unsigned_because = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Why it is not launched for want of a signature."},
    )


class FileQuery(Strict):
    path = fields.String(required=True, validate=[validate.Length(1, 255), PLAIN_TEXT])


class FileTextView(Schema):
    """One file as text. It is its author's: show it as text, never as markup."""

    path = fields.String(required=True)
    size = fields.Integer(required=True)
    digest = fields.String(required=True)
    text = fields.String(
        required=True, allow_none=True, metadata={"description": "Null where it is no text."}
    )
    cut = fields.Boolean(required=True, metadata={"description": "More follows."})


class DiffQuery(Strict):
    against = fields.String(
        required=True,
        validate=A_DIGEST,
        metadata={"description": "The older bundle's digest.", "pattern": f"^{DIGEST}$"},
    )


class FileChangeView(Schema):
    path = fields.String(required=True)
    change = fields.Enum(Change, by_value=True, required=True)
    old_size = fields.Integer(required=True, allow_none=True)
    new_size = fields.Integer(required=True, allow_none=True)
    diff = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Unified; null for what is no text, or too much to compare."},
    )
    cut = fields.Boolean(required=True, metadata={"description": "The diff goes on."})


class BundleDiff(Schema):
    old = fields.String(required=True)
    new = fields.String(required=True)
    files = fields.List(fields.Nested(FileChangeView), required=True)
