"""Who may watch a tenant: what is asked of a request before its connection is taken over."""

import re
from base64 import urlsafe_b64decode
from collections.abc import Collection
from typing import Final

from flask import Request

from pipeline.bearer import BearerVerifier
from pipeline.refusal import ProblemTable, Refusal
from web.access import Caller
from web.live_client import Subscription
from web.live_places import TooManySockets
from web.live_speech import MOST_FOLLOWED, follow
from web.session_cookie import current_session

_EVENT_ID: Final = re.compile(r"[0-9]{1,18}-[0-9]{1,18}")
WEBSOCKET_VERSION: Final = "13"


class OriginRefused(Refusal):
    """A page of another site asks to watch."""


class LiveRequestInvalid(Refusal):
    """The request says something that cannot be done."""


class UpgradeNeeded(Refusal):
    """A plain request where a WebSocket is to begin."""


class LiveOff(Refusal):
    """The server that accepted the request does not show its connection."""


DOOR_PROBLEMS: Final[ProblemTable] = {
    OriginRefused: (403, "origin-refused"),
    LiveRequestInvalid: (400, "live-request-invalid"),
    UpgradeNeeded: (426, "upgrade-needed"),
    LiveOff: (503, "live-off"),
    TooManySockets: (429, "too-many-live-connections"),
}


def check_origin(request: Request, origins: Collection[str]) -> None:
    """Let only our own pages in, and who is no page.

    A browser says with every upgrade whose page asks for it. With a plain request of our own page
    it says so in another header.

    Raises:
        OriginRefused: As it says.
    """
    origin = request.headers.get("Origin")
    if origin is None and "Authorization" in request.headers:
        return
    upgrades = "Sec-WebSocket-Key" in request.headers
    if origin is None and not upgrades and request.headers.get("Sec-Fetch-Site") == "same-origin":
        return
    if origin not in origins:
        raise OriginRefused("a page of another address asks for this", field="Origin")


def check_upgrade(request: Request) -> None:
    """Raises: LiveRequestInvalid."""
    headers = request.headers
    if headers.get("Sec-WebSocket-Version") != WEBSOCKET_VERSION:
        raise LiveRequestInvalid(
            "this speaks WebSocket version 13", headers={"Sec-WebSocket-Version": WEBSOCKET_VERSION}
        )
    try:
        key = urlsafe_b64decode(headers.get("Sec-WebSocket-Key", "").translate(_URL_SAFE))
    except ValueError:
        key = b""
    if len(key) != 16:
        raise LiveRequestInvalid("the key is not 16 bytes", field="Sec-WebSocket-Key")


_URL_SAFE: Final = str.maketrans("+/", "-_")


def subscribe(request: Request, caller: Caller, verifier: BearerVerifier) -> Subscription:
    """What a caller who was let in watches, and until when that was granted."""
    _, _, token = request.headers.get("Authorization", "").partition(" ")
    expires_at = verifier.verify_until(token.strip())[1] if token else None
    return Subscription(
        identity=caller.identity,
        tenant=caller.tenant,
        tenant_id=caller.tenant_id,
        roles=caller.roles,
        session_id=None if token else current_session().id,
        expires_at=expires_at,
    )


def last_id(request: Request) -> str | None:
    """From where to resume; None for from now on.

    Raises:
        LiveRequestInvalid: It is no id of an event.
    """
    last = request.args.get("last") or request.headers.get("Last-Event-ID")
    if last and not _EVENT_ID.fullmatch(last):
        raise LiveRequestInvalid("this is no id of an event", field="last")
    return last or None


def followed(request: Request) -> frozenset[str]:
    """The runs whose lines to tell of, from `?follow=`.

    Raises:
        LiveRequestInvalid: They are no runs, or too many.
    """
    runs = follow(request.args.getlist("follow"))
    if runs is None:
        raise LiveRequestInvalid(f"name {MOST_FOLLOWED} run ids at most", field="follow")
    return runs
