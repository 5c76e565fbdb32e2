"""Take a request's body, no longer than the limit; and JSON by its label."""

from flask import Request
from gunicorn.http.errors import ParseException  # type: ignore[import-untyped]
from werkzeug.exceptions import RequestEntityTooLarge

from pipeline.refusal import Refusal
from pipeline.request_label import MediaTypeUnsupported


class BodyCutShort(Refusal):
    """Fewer bytes came than were announced, or chunks that are none."""


class BodyTooLarge(Refusal):
    """The body is longer than this service takes."""


def read_json_bytes(request: Request, *, limit: int) -> bytes:
    """Return a body that is labelled as JSON, as received.

    Raises:
        MediaTypeUnsupported: Not `application/json` or `application/*+json`, or encoded.
        BodyTooLarge, BodyCutShort: As `read_bytes`.
    """
    if not _is_plain_json(request):
        raise MediaTypeUnsupported(
            "send JSON in UTF-8, labelled Content-Type: application/json", field="Content-Type"
        )
    return read_bytes(request, limit=limit)


def read_bytes(request: Request, *, limit: int) -> bytes:
    """Return the body as received.

    The framework stops at MAX_CONTENT_LENGTH, but hands over what it read so far of a body sent in
    chunks as if that were all; so it is told one byte more than the limit, and the length is
    looked at here.

    Args:
        limit: Bytes.

    Raises:
        MediaTypeUnsupported: It is encoded.
        BodyTooLarge: Longer than the limit.
        BodyCutShort: The connection ended before the announced length.
    """
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise MediaTypeUnsupported(
            "send the body without Content-Encoding", field="Content-Encoding"
        )
    request.max_content_length = limit + 1
    try:
        body = request.get_data(cache=False)
    except RequestEntityTooLarge as error:
        raise too_large(limit) from error
    except (ParseException, OSError) as error:  # chunks that are none, or end too soon
        raise BodyCutShort("the body ended before its end was announced", field="body") from error
    if len(body) > limit:
        raise too_large(limit)
    if request.content_length not in {None, len(body)}:
        raise BodyCutShort("the body ended before its Content-Length", field="body")
    return body


def _is_plain_json(request: Request) -> bool:
    if request.content_type == "application/json":
        return True
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    return request.is_json and charset in {"utf-8", "utf8"}


def too_large(limit: int) -> BodyTooLarge:
    """What a body longer than `limit` bytes is refused with."""
    return BodyTooLarge(f"the body is longer than {limit} bytes", field="body")
