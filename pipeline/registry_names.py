"""What the things a tenant sets up may be called, and how wrong names are refused."""

import re
from typing import Final
from urllib.parse import urlsplit

from pipeline.errors import AwgpError

LONGEST_TEXT: Final = 200
LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")

_SLUG = re.compile(r"[a-z][a-z0-9-]{1,38}")
_NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")
_SUBJECT = re.compile(r"[!-~]{1,255}")


class FieldInvalid(AwgpError):
    """A value cannot be kept; the message names the field and says what it takes."""

    def __init__(self, field: str, fix: str) -> None:
        super().__init__(f"{field}: {fix}")
        self.field = field


class NameTaken(AwgpError):
    """There is one of this name already."""


class NotSetUp(AwgpError):
    """The tenant has nothing of this name; the message lists what it has."""


class StillInUse(AwgpError):
    """Something that cannot do without it names it; the message says what."""


def check_slug(slug: str) -> None:
    """Raises: FieldInvalid."""
    if not _SLUG.fullmatch(slug):
        raise FieldInvalid(
            "slug", "2 to 39 small letters, digits and -, a letter first; it never changes"
        )


def check_name(field: str, name: str) -> None:
    """Let the name of a source, target, assistant or rule pass; policies and URLs use them.

    Raises:
        FieldInvalid: As it says.
    """
    if not _NAME.fullmatch(name):
        raise FieldInvalid(field, "1 to 63 small letters, digits and -, a letter first")


def check_text(field: str, text: str) -> None:
    """Let a text for people pass.

    Raises:
        FieldInvalid: Empty, too long, or with what a terminal would act on.
    """
    if not text.strip() or len(text) > LONGEST_TEXT or not text.isprintable():
        raise FieldInvalid(field, f"1 to {LONGEST_TEXT} printable characters on one line")


def check_subject(subject: str) -> None:
    """Raises: FieldInvalid."""
    if not _SUBJECT.fullmatch(subject):
        raise FieldInvalid(
            "subject", "the `sub` of their token: 1 to 255 visible ASCII characters, no spaces"
        )


def check_issuer(issuer: str) -> None:
    """Raises: FieldInvalid."""
    try:
        parts = urlsplit(issuer)
        scheme = parts.scheme if parts.hostname else ""
    except ValueError:
        scheme = ""
    clean = issuer.isascii() and "@" not in issuer and not any(each <= " " for each in issuer)
    if not clean or not (scheme == "https" or (scheme == "http" and parts.hostname in LOOPBACK)):
        raise FieldInvalid(
            "issuer", "the `iss` of their token: an https:// address (http on loopback alone)"
        )
