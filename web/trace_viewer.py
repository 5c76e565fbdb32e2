"""Where people look at a trace: the address of one, made of the operator's template."""

import re
from typing import Final
from urllib.parse import urlsplit

from pipeline.settings import SettingInvalid, Settings
from web.public_address import LOOPBACK

PLACE: Final = "{trace_id}"
# What an address may be written with, and the place; nothing that ends an address or a line.
_ADDRESS: Final = re.compile(r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%{}-]+")


def trace_url(settings: Settings) -> str | None:
    """The template, with `{trace_id}` in it; None where the operator has no such tool.

    Raises:
        SettingInvalid: It is no https address (http on loopback), or has no place for the trace.
    """
    given = settings.trace_url
    if not given:
        return None
    try:
        parts = urlsplit(given)
        host = parts.hostname
    except ValueError as error:
        raise SettingInvalid("AWGP_TRACE_URL is no address") from error
    if not host or not _ADDRESS.fullmatch(given) or "@" in parts.netloc:
        raise SettingInvalid("AWGP_TRACE_URL is no address")
    if parts.scheme != "https" and not (parts.scheme == "http" and host in LOOPBACK):
        raise SettingInvalid("AWGP_TRACE_URL must be https, or http on loopback")
    if PLACE not in given or PLACE in parts.netloc or set("{}") & set(given.replace(PLACE, "")):
        raise SettingInvalid(
            f"AWGP_TRACE_URL must have {PLACE} behind the host, and no other braces"
        )
    return given
