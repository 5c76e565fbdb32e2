"""Take a request's body: JSON by its label, and no longer than the limit."""

from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge

from pipeline.problem import Refusal


class MediaTypeUnsupported(Refusal):
    """The body is labelled as something else than plain JSON in UTF-8."""


class BodyTooLarge(Refusal):
    """The body is longer than this service takes."""


def read_json_bytes(request: Request) -> bytes:
    """Return the body as received.

    The app's MAX_CONTENT_LENGTH ends the reading, also of a body sent in chunks, whose length no
    header tells.

    Raises:
        MediaTypeUnsupported: Not `application/json` or `application/*+json`, or encoded.
        BodyTooLarge: Longer than the limit.
    """
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if not request.is_json or charset not in {"utf-8", "utf8"}:
        raise MediaTypeUnsupported(
            "send JSON in UTF-8, labelled Content-Type: application/json", field="Content-Type"
        )
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise MediaTypeUnsupported(
            "send the body without Content-Encoding", field="Content-Encoding"
        )
    try:
        return request.get_data(cache=False)
    except RequestEntityTooLarge as error:
        limit = request.max_content_length
        raise BodyTooLarge(f"the body is longer than {limit} bytes", field="body") from error
