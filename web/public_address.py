"""Where browsers find the control plane, and which pages may act through a session's cookie."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from flask import Request

from pipeline.settings import SettingInvalid, Settings

LOOPBACK: Final = ("127.0.0.1", "localhost")
# A path of our own with what may follow it. `//host` and `/\host` lead elsewhere in browsers, which
# also drop control characters before they look.
_OWN_PATH: Final = re.compile(
    r"/(?:[A-Za-z0-9._~!$&'()*+,;=:@%?#-][A-Za-z0-9._~!$&'()*+,;=:@%?#/-]*)?"
)
LONGEST_PATH: Final = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicAddress:
    """The origins the control plane is served at; the first is the one it names itself by."""

    origins: tuple[str, ...]

    @property
    def secure(self) -> bool:
        return self.origins[0].startswith("https:")

    @property
    def cookie_name(self) -> str:
        """`__Host-` makes browsers insist on Secure, Path=/ and no Domain.

        Browsers do not keep the cookies of two ports apart, so on loopback the port is in the name.
        """
        if self.secure:
            return "__Host-awgp_session"
        return f"awgp_session_{urlsplit(self.origins[0]).port or 80}"

    def origin_of(self, request: Request) -> str | None:
        """The origin this request was sent to; None for a name that is none of ours."""
        found = [each for each in self.origins if urlsplit(each).netloc == request.host]
        return found[0] if found else None

    @classmethod
    def of(cls, settings: Settings) -> "PublicAddress":
        """Raises: SettingInvalid."""
        if not settings.public_url:
            raise SettingInvalid("AWGP_PUBLIC_URL is not set")
        parts = urlsplit(settings.public_url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise SettingInvalid("AWGP_PUBLIC_URL is not an http or https address")
        if parts.path not in {"", "/"} or parts.query or parts.fragment or parts.username:
            raise SettingInvalid("AWGP_PUBLIC_URL has more than a scheme, a host and a port")
        origin = f"{parts.scheme}://{parts.netloc}"
        if parts.scheme == "https":
            return cls(origins=(origin,))
        if parts.hostname not in LOOPBACK or settings.env == "production":
            raise SettingInvalid(
                "AWGP_PUBLIC_URL must be https; http is for development, on loopback"
            )
        port = "" if parts.port is None else f":{parts.port}"
        other = next(each for each in LOOPBACK if each != parts.hostname)
        return cls(origins=(origin, f"http://{other}{port}"))


def own_path(wanted: str | None) -> str:
    """Where to go after signing in: a path of ours; anything else is the start page."""
    if wanted is None or len(wanted) > LONGEST_PATH or not _OWN_PATH.fullmatch(wanted):
        return "/"
    return wanted
