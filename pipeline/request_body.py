"""Take a request's body: JSON by its label, and no longer than the limit."""

from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge

from pipeline.refusal import Refusal


class MediaTypeUnsupported(Refusal):
    """The body is labelled as something else than plain JSON in UTF-8."""


class BodyCutShort(Refusal):
    """Fewer bytes came than were announced."""


class BodyTooLarge(Refusal):
    """The body is longer than this service takes."""


def read_json_bytes(request: Request, *, limit: int) -> bytes:
    """Return the body as received.

    The framework stops at MAX_CONTENT_LENGTH, but hands over what it read so far of a body sent in
    chunks as if that were all; so it is told one byte more than the limit, and the length is
    looked at here.

    Args:
        limit: Bytes.

    Raises:
        MediaTypeUnsupported: Not `application/json` or `application/*+json`, or encoded.
        BodyTooLarge: Longer than the limit.
        BodyCutShort: The connection ended before the announced length.
    """
    if not _is_plain_json(request):
        raise MediaTypeUnsupported(
            "send JSON in UTF-8, labelled Content-Type: application/json", field="Content-Type"
        )
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise MediaTypeUnsupported(
            "send the body without Content-Encoding", field="Content-Encoding"
        )
    request.max_content_length = limit + 1
    try:
        body = request.get_data(cache=False)
    except RequestEntityTooLarge as error:
        raise _too_large(limit) from error
    if len(body) > limit:
        raise _too_large(limit)
    if request.content_length not in {None, len(body)}:
        raise BodyCutShort("the body ended before its Content-Length", field="body")
    return body


def _is_plain_json(request: Request) -> bool:
    if request.content_type == "application/json":
        return True
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    return request.is_json and charset in {"utf-8", "utf8"}


def _too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(f"the body is longer than {limit} bytes", field="body")
