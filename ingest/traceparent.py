"""W3C Trace Context, level 1: take the caller's trace or begin one."""

import re
import secrets

_VALID = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def traceparent_of(header: str | None) -> str:
    """Return a valid traceparent: the header's if it is one, a fresh one otherwise."""
    if header is not None and _VALID.fullmatch(header):
        return header
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"
