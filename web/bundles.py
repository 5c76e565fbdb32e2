"""Bundles: push an agent's packed code. Pushing runs nothing and changes no assistant."""

from typing import Any, Final

from flask import request
from marshmallow import Schema, fields
from werkzeug.exceptions import RequestEntityTooLarge

from pipeline.identity import ensure_person
from pipeline.problem import ProblemTable
from pipeline.registry import add_bundle
from pipeline.request_body import BodyTooLarge, MediaTypeUnsupported
from runtime_host.bundle import BundleRefused, inspect
from runtime_host.inside.ustar import MAX_PACKED_BYTES
from runtime_host.manifest import ManifestInvalid
from web.access import PEOPLE_WHO_OPERATE, current_caller
from web.endpoint import endpoint, make_blueprint
from web.services import services

blueprint = make_blueprint("bundles", "Agents' code, named by its digest")

PROBLEMS: Final[ProblemTable] = {
    BundleRefused: (422, "bundle-refused"),
    ManifestInvalid: (422, "bundle-manifest-invalid"),
}
MEDIA_TYPE: Final = "application/gzip"
BODY: Final = {
    "required": True,
    "content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}},
}


class BundleView(Schema):
    digest = fields.String(required=True)
    manifest = fields.Dict(keys=fields.String(), required=True)
    files = fields.Integer(required=True)
    packed_bytes = fields.Integer(required=True)


@endpoint(
    blueprint,
    "/v1/bundles",
    method="POST",
    access=PEOPLE_WHO_OPERATE,
    status=201,
    answer=BundleView,
    problems=[400, 413, 415, 422],
    raw_body=BODY,
)
def push() -> dict[str, Any]:
    """Push a packed bundle; the same one again changes nothing, its first author stays"""
    content = _read_bundle()
    info = inspect(content)
    caller = current_caller()
    with services().outbox.work(caller.tenant_id) as work:
        author = ensure_person(work, caller.identity)
        add_bundle(
            work,
            digest=info.digest,
            manifest=info.manifest.as_json(),
            content=content,
            author=author,
        )
    return {
        "digest": info.digest,
        "manifest": info.manifest.as_json(),
        "files": len(info.files),
        "packed_bytes": info.packed_bytes,
    }


def _read_bundle() -> bytes:
    if request.mimetype != MEDIA_TYPE:
        raise MediaTypeUnsupported(
            f"send the packed bundle as Content-Type: {MEDIA_TYPE}", field="Content-Type"
        )
    request.max_content_length = MAX_PACKED_BYTES + 1
    too_large = BodyTooLarge(f"a bundle has at most {MAX_PACKED_BYTES} bytes", field="body")
    try:
        content = request.get_data(cache=False)
    except RequestEntityTooLarge as error:
        raise too_large from error
    if len(content) > MAX_PACKED_BYTES:
        raise too_large
    return content
