"""The address a message was sent to, where a scheme signs it."""

import re
from typing import Final
from urllib.parse import urlsplit

from pipeline.registry_names import FieldInvalid
from pipeline.schemes import Message
from pipeline.schemes.checks import malformed

# A host is letters, digits, dots and a port: nothing with which an address could grow into a body.
_HOST: Final = r"https?://[A-Za-z0-9.\-\[\]:]{1,255}"
PLAIN_URL: Final = _HOST + r"(?:/[!\"$-.0->@-~/]*)?"
_SENT = re.compile(_HOST + r"/[!-~]*")


def address_of(message: Message, public: str | None) -> str:
    """The address as its sender knows it, with the query it was sent with.

    Args:
        public: In place of what we see; a proxy may show us another host, path or scheme.

    Raises:
        SignatureInvalid: It is not an address we could have been sent anything to.
    """
    seen = message.url
    if not _SENT.fullmatch(seen) or not _has_host(seen):
        raise malformed("the address it was sent to")
    if public is None:
        return seen
    _, mark, query = seen.partition("?")
    return public + mark + query


def check_public(url: str | None) -> None:
    """Let the setting `url` pass, where it is set.

    Raises:
        FieldInvalid: No message could have been sent there.
    """
    if url is not None and not _has_host(url):
        raise FieldInvalid("settings.url", "its host or port cannot be read")


def _has_host(url: str) -> bool:
    """Whether its host and port can be read; brackets and ports may still be none."""
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False
