"""HMAC as the source has set it up: for senders whose own scheme is not here.

`content` says what is signed, with {body}, {timestamp}, {id} and {url} in it, `\\n` for a new line
and anything else as it stands: `{body}`, `{timestamp}.{body}`, `v0:{timestamp}:{body}`. One signed
text has one reading only, or the settings (or the message) are refused: otherwise part of a
timestamp could be moved into a body. So

- {body} is in it once; a header that is named is in it, too (an id may be left out: it then names
  events, and proves nothing);
- something stands after an {id}, and it holds neither that nor what stands between it and a part
  before it;
- a time has a fixed length or an end of its own;
- where {url} is not the last part, addresses with a query are refused.
"""

import base64
import hashlib
import hmac
import itertools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar, Final

from pipeline.registry_names import FieldInvalid
from pipeline.schemes import (
    About,
    Message,
    PlainMessage,
    Request,
    Scheme,
    SignatureInvalid,
    Signed,
    Verified,
)
from pipeline.schemes.addresses import PLAIN_URL, address_of, check_public
from pipeline.schemes.checks import fingerprint, header, in_time, malformed, same
from pipeline.schemes.secret_forms import EncodedSecret, SecretForm, TextSecret
from pipeline.schemes.settings import TOLERANCE, Setting

BODY: Final = "{body}"
TIMESTAMP: Final = "{timestamp}"
ID: Final = "{id}"
URL: Final = "{url}"
PARTS: Final = (BODY, TIMESTAMP, ID, URL)

_ALGORITHMS: Final = {
    "sha256": hashlib.sha256,
    "sha384": hashlib.sha384,
    "sha512": hashlib.sha512,
    "sha1": hashlib.sha1,
}
_ENCODINGS: Final[Mapping[str, Callable[[bytes], str]]] = {
    "hex": lambda mac: mac.hex(),
    "base64": lambda mac: base64.b64encode(mac).decode(),
    "base64url": lambda mac: base64.urlsafe_b64encode(mac).decode().rstrip("="),
}
_TIMES: Final[Mapping[str, re.Pattern[str]]] = {
    "unix": re.compile(r"[1-9][0-9]{9}"),
    "unix-ms": re.compile(r"[1-9][0-9]{12}"),
    "rfc3339": re.compile(
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})"
    ),
}
_EVENT_ID = re.compile(r"[!-~]{1,255}")
_SPLIT = re.compile(r"(\{[^{}]*\})")

SETTINGS: Final = (
    Setting(
        name="header",
        label="Header of the signature",
        help="Which header holds the signature, such as X-Signature.",
        kind="header",
        required=True,
    ),
    Setting(
        name="algorithm",
        label="Hash",
        help="The hash of the HMAC; sha1 only for senders that know no better.",
        kind="choice",
        choices=tuple(_ALGORITHMS),
        default="sha256",
    ),
    Setting(
        name="encoding",
        label="Encoding",
        help="How the signature is written: hex in small letters, base64 padded, base64url not.",
        kind="choice",
        choices=tuple(_ENCODINGS),
        default="hex",
    ),
    Setting(
        name="prefix",
        label="Before the signature",
        help="What stands before it in its header, such as sha256=.",
    ),
    Setting(
        name="content",
        label="What is signed",
        help="With {body}, {timestamp}, {id} and {url} in it, such as {timestamp}.{body}.",
        default=BODY,
    ),
    Setting(
        name="timestamp_header",
        label="Header of the time",
        help="Needed where {timestamp} is signed.",
        kind="header",
    ),
    Setting(
        name="timestamp_format",
        label="Form of the time",
        help="Seconds or milliseconds since 1970, or as in RFC 3339.",
        kind="choice",
        choices=tuple(_TIMES),
        default="unix",
    ),
    Setting(
        name="id_header",
        label="Header of the event's id",
        help="Needed where {id} is signed; names events, so that a retry is the same run.",
        kind="header",
    ),
    Setting(
        name="key",
        label="Form of the secret",
        help="Whether the secret is the key as it is written, or base64 or hex of it.",
        kind="choice",
        choices=("text", "base64", "hex"),
        default="text",
    ),
    Setting(
        name="url",
        label="Address as the sender knows it",
        help="For {url}, without a query; needed where a proxy shows us another host or path.",
        pattern=PLAIN_URL,
        takes="an http:// or https:// address without a query",
    ),
    TOLERANCE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GenericHmac(Scheme):
    """Scheme `hmac`."""

    header: str
    algorithm: str = "sha256"
    encoding: str = "hex"
    prefix: str | None = None
    content: str = BODY
    timestamp_header: str | None = None
    timestamp_format: str = "unix"
    id_header: str | None = None
    key: str = "text"
    url: str | None = None
    tolerance_seconds: int = 300

    about: ClassVar = About(
        name="hmac",
        title="HMAC, as you describe it",
        secret=TextSecret(),
        where="Give the sender the secret that is made here, or enter the one it shows.",
        guide="receive-with-hmac",
        settings=SETTINGS,
    )

    def __post_init__(self) -> None:
        """Raises: FieldInvalid: The signed text would have two readings, or lacks a part."""
        _check_template(self._pieces())
        check_public(self.url)
        for part, name, setting in (
            (TIMESTAMP, self.timestamp_header, "timestamp_header"),
            (ID, self.id_header, "id_header"),
        ):
            if part in self.content and name is None:
                raise _invalid(setting, f"is needed, for {part} is signed")
        if self.timestamp_header is not None and TIMESTAMP not in self.content:
            raise _invalid(
                "content", f"must hold {TIMESTAMP}: a time that is not signed proves nothing"
            )
        if self.url is not None and URL not in self.content:
            raise _invalid("url", f"says nothing where {URL} is not signed")
        used = [self.header, self.timestamp_header, self.id_header]
        if len({each for each in used if each}) != sum(each is not None for each in used):
            raise _invalid("header", "each header has one meaning")

    def form(self) -> SecretForm:
        return TextSecret() if self.key == "text" else EncodedSecret(self.key)

    def verify(self, message: Message, secret: bytes, now: datetime) -> Verified:
        given = header(message, self.header)
        values = self._values(message)
        content = b"".join(values.get(each, each.encode()) for each in self._pieces())
        if not same(given, self._signature(secret, content)):
            raise SignatureInvalid
        return Verified(
            event_id=values[ID].decode() if self.id_header else None,
            fingerprint=fingerprint(content),
            timestamp=self._time(values, now),
        )

    def sign(self, request: Request, secret: bytes) -> Signed:
        sent: dict[str, str] = {}
        if self.timestamp_header:
            sent[self.timestamp_header] = _written(request.now, self.timestamp_format)
        if self.id_header:
            sent[self.id_header] = request.event_id
        values = self._values(PlainMessage(headers=sent, body=request.body, url=request.url))
        content = b"".join(values.get(each, each.encode()) for each in self._pieces())
        sent[self.header] = self._signature(secret, content)
        return Signed(url=request.url, headers=sent)

    def _pieces(self) -> list[str]:
        return [each for each in _SPLIT.split(self.content.replace("\\n", "\n")) if each]

    def _signature(self, secret: bytes, content: bytes) -> str:
        mac = hmac.new(secret, content, _ALGORITHMS[self.algorithm]).digest()
        return (self.prefix or "") + _ENCODINGS[self.encoding](mac)

    def _values(self, message: Message) -> dict[str, bytes]:
        """Each part's bytes.

        Raises:
            SignatureInvalid: One is missing, or of a form that would leave two readings.
        """
        values = {BODY: message.body}
        if self.timestamp_header:
            stamp = header(message, self.timestamp_header)
            if not _TIMES[self.timestamp_format].fullmatch(stamp):
                raise malformed(self.timestamp_header)
            values[TIMESTAMP] = stamp.encode("ascii")
        if self.id_header:
            event_id = header(message, self.id_header)
            if not _EVENT_ID.fullmatch(event_id) or set(event_id) & _borders(self._pieces()):
                raise malformed(self.id_header)
            values[ID] = event_id.encode("ascii")
        if URL in self.content:
            values[URL] = self._address(message).encode("ascii")
        return values

    def _address(self, message: Message) -> str:
        address = address_of(message, self.url)
        if "?" in address and not self.content.endswith(URL):
            raise malformed("the address it was sent to, which has a query,")
        return address

    def _time(self, values: Mapping[str, bytes], now: datetime) -> datetime | None:
        if self.timestamp_header is None:
            return None
        stamp = values[TIMESTAMP].decode()
        if self.timestamp_format == "rfc3339":
            try:
                seconds = datetime.fromisoformat(stamp).timestamp()
            except ValueError as error:
                raise malformed(self.timestamp_header) from error
        else:
            seconds = int(stamp) / (1000 if self.timestamp_format == "unix-ms" else 1)
        return in_time(seconds, now, self.tolerance_seconds)


def _borders(pieces: list[str]) -> set[str]:
    """What an id may not hold, so that nobody can say it ends, or begins, elsewhere."""
    if ID not in pieces:
        return set()
    at = pieces.index(ID)
    after = pieces[at + 1][0] if at + 1 < len(pieces) else ""
    # What stands before the first part is always there, and is no border.
    before = pieces[at - 1][-1] if at > 1 and pieces[at - 1] not in PARTS else ""
    return {*after, *before}


def _written(now: datetime, form: str) -> str:
    if form == "rfc3339":
        return now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return str(int(now.timestamp() * (1000 if form == "unix-ms" else 1)))


def _check_template(pieces: list[str]) -> None:
    literal = "".join(each for each in pieces if each not in PARTS)
    if "{" in literal or "}" in literal:
        raise _invalid("content", f"in braces stand {', '.join(PARTS)} alone")
    named = [each for each in pieces if each in PARTS]
    if len(set(named)) != len(named):
        raise _invalid("content", "each part stands in it once")
    if BODY not in named:
        raise _invalid("content", f"must hold {BODY}: what is not signed may be anything")
    for one, following in itertools.pairwise(pieces):
        # A time ends by itself, an address is ours, and a body ends where a fixed rest begins.
        if one == ID and following in PARTS:
            raise _invalid("content", f"something must stand between {one} and {following}")
        if one == BODY and following in {ID, TIMESTAMP}:
            raise _invalid("content", f"something must stand between {one} and {following}")


def _invalid(setting: str, fix: str) -> FieldInvalid:
    return FieldInvalid(f"settings.{setting}", fix)
