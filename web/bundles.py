"""Bundles: push packed code, look into it. Pushing runs nothing and changes nothing."""

import base64
from typing import Any, Final

from flask import Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from pipeline.author_keys import signers_of, unsigned_because
from pipeline.author_signature import SignatureInvalid
from pipeline.bundle_view import bundle_content, bundles_page, show_bundle
from pipeline.identity import ensure_person
from pipeline.refusal import ProblemTable
from pipeline.registry import add_bundle
from pipeline.request_body import BodyTooLarge
from pipeline.request_label import MediaTypeUnsupported
from runtime_host.bundle import BundleRefused, inspect
from runtime_host.bundle_files import (
    BundleFileNotFound,
    FileText,
    diff_bundles,
    file_text,
    read_files,
)
from runtime_host.inside.ustar import MAX_PACKED_BYTES
from runtime_host.manifest import ManifestInvalid
from web.access import PEOPLE_WHO_OPERATE, READERS, current_caller
from web.bundles_schemas import (
    BundleDetail,
    BundleDiff,
    BundlePage,
    BundlesQuery,
    BundleView,
    DiffQuery,
    FileQuery,
    FileTextView,
)
from web.endpoint import endpoint, make_blueprint
from web.services import reading, services
from web.setup_schemas import page

blueprint = make_blueprint("bundles", "Agents' code, named by its digest")

PROBLEMS: Final[ProblemTable] = {
    BundleRefused: (422, "bundle-refused"),
    ManifestInvalid: (422, "bundle-manifest-invalid"),
    BundleFileNotFound: (404, "bundle-file-not-found"),
}
MEDIA_TYPE: Final = "application/gzip"
ONE: Final = "/v1/bundles/<digest:bundle>"
# Its author's bytes, handed on: saved, and never shown or run by a browser.
DOWNLOAD: Final = {"Content-Disposition": {"schema": {"type": "string"}}}
BINARY: Final = {"type": "string", "format": "binary"}
SIGNATURE: Final = "AWGP-Bundle-Signature"
SIGNATURE_PARAMETER: Final = {
    "in": "header",
    "name": SIGNATURE,
    "required": False,
    "description": "Base64 of the note that `awgp bundle sign` makes.",
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9+/]+={0,2}$", "maxLength": 12288},
}
BODY: Final = {
    "required": True,
    "content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}},
}


@endpoint(
    blueprint,
    "/v1/bundles",
    method="POST",
    access=PEOPLE_WHO_OPERATE,
    status=201,
    answer=BundleView,
    problems=[400, 413, 415, 422],
    raw_body=BODY,
    parameters=[SIGNATURE_PARAMETER],
)
def push() -> dict[str, Any]:
    """Push a packed bundle; the same one again changes nothing, its first author stays"""
    content = _read_bundle()
    info = inspect(content)
    signature = _read_signature()
    caller = current_caller()
    with services().outbox.work(caller.tenant_id) as work:
        author = ensure_person(work, caller.identity)
        add_bundle(
            work,
            digest=info.digest,
            manifest=info.manifest.as_json(),
            content=content,
            author=author,
            signature=signature,
        )
        signers = signers_of(work, info.digest)
    return {
        "digest": info.digest,
        "signers": signers,
        "manifest": info.manifest.as_json(),
        "files": len(info.files),
        "packed_bytes": info.packed_bytes,
    }


@endpoint(
    blueprint,
    "/v1/bundles",
    access=READERS,
    status=200,
    answer=BundlePage,
    query=BundlesQuery,
)
def list_bundles(query: dict[str, Any]) -> dict[str, Any]:
    """List the tenant's bundles, newest first, and who runs them"""
    with reading() as work:
        rows = bundles_page(work, q=query["q"], after=query["cursor"], limit=query["limit"] + 1)
    return page(rows, query["limit"], key="digest")


@endpoint(blueprint, ONE, access=READERS, status=200, answer=BundleDetail, problems=[404])
def show(bundle: str) -> dict[str, Any]:
    """Show a bundle with its manifest and its files"""
    with reading() as work:
        shown = show_bundle(work, bundle)
        content = bundle_content(work, bundle)
        signed = {
            "signers": signers_of(work, bundle),
            "unsigned_because": unsigned_because(work, bundle),
        }
    files = list(read_files(content).values())
    return shown | {
        "files": files,
        "unpacked_bytes": sum(each.size for each in files),
        **signed,
    }


@endpoint(
    blueprint,
    f"{ONE}/file",
    access=READERS,
    status=200,
    answer=FileTextView,
    query=FileQuery,
    problems=[404],
)
def show_file(query: dict[str, Any], bundle: str) -> FileText:
    """Show one file as text, its beginning where it is long"""
    with reading() as work:
        content = bundle_content(work, bundle)
    return file_text(content, query["path"])


@endpoint(
    blueprint,
    f"{ONE}/diff",
    access=READERS,
    status=200,
    answer=BundleDiff,
    query=DiffQuery,
    problems=[404],
)
def diff(query: dict[str, Any], bundle: str) -> dict[str, Any]:
    """Say which files are not as in an older bundle, with their lines"""
    with reading() as work:
        old = bundle_content(work, query["against"])
        new = bundle_content(work, bundle)
    return {"old": query["against"], "new": bundle, "files": diff_bundles(old, new)}


@endpoint(
    blueprint,
    f"{ONE}/content",
    access=READERS,
    status=200,
    answer=BINARY,
    media_type=MEDIA_TYPE,
    headers=DOWNLOAD,
    problems=[404],
)
def download(bundle: str) -> Response:
    """Download the packed bundle, byte for byte"""
    with reading() as work:
        name = show_bundle(work, bundle)["name"]
        content = bundle_content(work, bundle)
    answer = Response(content, content_type=MEDIA_TYPE)
    saved_as = f"{name}-{bundle.removeprefix('sha256:')[:12]}.tar.gz"
    answer.headers["Content-Disposition"] = f'attachment; filename="{saved_as}"'
    return answer


def _read_signature() -> str | None:
    """The note, as it is in a header."""
    given = request.headers.get(SIGNATURE)
    if given is None:
        return None
    try:
        return base64.b64decode(given, validate=True).decode()
    except ValueError as error:
        raise SignatureInvalid(f"{SIGNATURE} is not base64 of a signature") from error


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
