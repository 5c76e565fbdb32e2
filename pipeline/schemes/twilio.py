"""Twilio.

    x-twilio-signature   base64 of HMAC(secret, URL || for each form field by name: name || value)
    JSON bodies          are not in it: the URL has `bodySHA256=`, their SHA-256 in hexadecimal

https://www.twilio.com/docs/usage/security. With the account's auth token it is HMAC-SHA-1; with a
shared key HMAC-SHA-256, which is a setting, for the header that says so is not signed. The URL is
the one entered at Twilio, with its query; Twilio signs it with or without its port.

Nothing stands between a name, its value and the next name, so `a=bc` and `ab=c` have one signature:
that is Twilio's. A fingerprint of what was signed makes the second of two such messages a repeat
with another body, which is refused.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final
from urllib.parse import parse_qsl, urlsplit

from pipeline.schemes import About, Message, Request, Scheme, SignatureInvalid, Signed, Verified
from pipeline.schemes.addresses import PLAIN_URL, address_of, check_public
from pipeline.schemes.checks import any_same, fingerprint, header, malformed, same
from pipeline.schemes.secret_forms import TextSecret
from pipeline.schemes.settings import Setting

HEADER: Final = "x-twilio-signature"
FORM: Final = "application/x-www-form-urlencoded"
MOST_FIELDS: Final = 500
_BODY_HASH = re.compile(r"[0-9a-f]{64}")
_ALGORITHMS: Final = {"sha1": hashlib.sha1, "sha256": hashlib.sha256}
_PORTS: Final = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True, kw_only=True)
class Twilio(Scheme):
    """Scheme `twilio`."""

    algorithm: str = "sha1"
    url: str | None = None

    about: ClassVar = About(
        name="twilio",
        title="Twilio",
        secret=TextSecret(made_here=False, hint="the account's auth token"),
        where="Enter the account's auth token here, and the address at Twilio with method POST.",
        guide="receive-from-twilio",
        settings=(
            Setting(
                name="algorithm",
                label="Hash",
                help="`sha1` with the account's auth token, `sha256` with a shared key.",
                kind="choice",
                choices=("sha1", "sha256"),
                default="sha1",
            ),
            Setting(
                name="url",
                label="Address as entered at Twilio",
                help="Without a query; needed where a proxy shows us another host or path.",
                pattern=PLAIN_URL,
                takes="an http:// or https:// address without a query",
            ),
        ),
    )

    def __post_init__(self) -> None:
        check_public(self.url)

    def verify(self, message: Message, secret: bytes, now: datetime) -> Verified:
        del now
        given = header(message, HEADER)
        address = address_of(message, self.url)
        fields = "".join(_fields(message))
        expected = [self._mac(secret, each + fields) for each in _spellings(address)]
        if not any_same(expected, [given]):
            raise SignatureInvalid
        return Verified(fingerprint=fingerprint(address.encode(), fields.encode()))

    def sign(self, request: Request, secret: bytes) -> Signed:
        """As JSON, with the body's hash in the query."""
        url = f"{request.url}?bodySHA256={hashlib.sha256(request.body).hexdigest()}"
        return Signed(url=url, headers={HEADER: self._mac(secret, url)})

    def _mac(self, secret: bytes, content: str) -> str:
        mac = hmac.new(secret, content.encode(), _ALGORITHMS[self.algorithm]).digest()
        return base64.b64encode(mac).decode()


def _fields(message: Message) -> Iterator[str]:
    """What the signature covers besides the URL; nothing where the URL names the body's hash.

    Raises:
        SignatureInvalid: The body is neither a form nor the one whose hash the URL names.
    """
    if message.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        _check_hash(message)
        return
    try:
        pairs = parse_qsl(
            message.body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(message.body),
            errors="strict",
            max_num_fields=MOST_FIELDS,
        )
    except ValueError as error:
        raise malformed("the form in the body") from error
    for name, value in sorted(set(pairs)):
        yield name + value


def _check_hash(message: Message) -> None:
    query = parse_qsl(urlsplit(message.url).query, keep_blank_values=True)
    named = [value for name, value in query if name == "bodySHA256"]
    if len(named) != 1 or not _BODY_HASH.fullmatch(named[0]):
        raise malformed("bodySHA256 in the address")
    if not same(named[0], hashlib.sha256(message.body).hexdigest()):
        raise SignatureInvalid(hint="the body is not the one whose hash the address names")


def _spellings(address: str) -> tuple[str, str]:
    """The address with its port and without."""
    parts = urlsplit(address)
    host = parts.netloc.rpartition(":")[0] if parts.port is not None else parts.netloc
    port = parts.port or _PORTS[parts.scheme]
    rest = address[len(parts.scheme) + 3 + len(parts.netloc) :]
    return f"{parts.scheme}://{host}{rest}", f"{parts.scheme}://{host}:{port}{rest}"
