"""Reading the payload a person puts in the place of a run's: bytes, of the kind they replace."""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.refusal import Refusal
from pipeline.strict_json import check_depth, parse_object


class PayloadInvalid(Refusal):
    """A payload is none, two, or not of the kind it replaces."""


class PayloadTooLarge(Refusal):
    """A payload is larger than one may be sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EditedPayload:
    """The limits a payload keeps: bytes, and levels of lists and objects."""

    max_bytes: int
    max_depth: int

    def content(self, body: Mapping[str, Any], content_type: str) -> bytes:
        """Return the bytes of `payload` (JSON) or `payload_base64`, of which one must be there.

        Raises:
            PayloadInvalid, PayloadTooLarge: As they say.
            JsonInvalid, JsonTooDeep, JsonNotAnObject: It replaces JSON that could have been sent.
        """
        if ("payload" in body) == ("payload_base64" in body):
            raise PayloadInvalid("give either payload or payload_base64", field="payload")
        if "payload_base64" in body:
            content = _from_base64(body["payload_base64"])
            if is_json(content_type):
                parse_object(content, max_depth=self.max_depth)
        elif is_json(content_type):
            content = _json_bytes(body["payload"])
            check_depth(content, self.max_depth)
        else:
            raise PayloadInvalid(
                f"this run's payload is {content_type}: give payload_base64", field="payload"
            )
        if len(content) > self.max_bytes:
            raise PayloadTooLarge(f"a payload has {self.max_bytes} bytes at most", field="payload")
        return content


def is_json(content_type: str) -> bool:
    """Whether a media type is JSON or of its family."""
    media_type = content_type.partition(";")[0].strip().lower()
    return media_type == "application/json" or media_type.endswith("+json")


def _json_bytes(payload: Any) -> bytes:
    # It was read strictly, with the request's body: every number and string in it can be written.
    return json.dumps(payload, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _from_base64(given: str) -> bytes:
    try:
        return base64.b64decode(given, validate=True)
    except (binascii.Error, ValueError) as error:
        raise PayloadInvalid("is not base64", field="payload_base64") from error
