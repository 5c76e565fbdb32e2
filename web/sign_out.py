"""Signing out: the session here, then the provider's, and back.

POST /logout -> GET /logout, whose form goes to the provider -> GET /logout?state=...

The provider wants to see the ID token, or it asks the person once more (OpenID Connect
RP-Initiated Logout 1.0). It gets it in a form: in no address, no history, no log. Looking at these
pages ends nothing.
"""

import binascii
import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any, Final
from urllib.parse import urlsplit

import redis
from flask import Blueprint, Response, jsonify, redirect, request

from web.access import ANYONE, SIGNED_IN, current_doors, declare
from web.plain_page import link_page, sending_page
from web.session_cookie import current_session
from web.session_guard import SessionGuard, store_unavailable
from web.session_store import FAREWELL_SECONDS, PERSON, Data

PATH: Final = "/logout"
_SEALED_FOR: Final = "sign-out"
_AGAIN: Final = ("/login", "Sign in again")

blueprint = Blueprint("sign_out", __name__)


@declare(SIGNED_IN)
@blueprint.post(PATH)
def logout() -> Any:
    """End the session here, and say where to end the provider's"""
    guard = current_doors().sessions
    opened = current_session()
    person = opened.get(PERSON)
    if person is None:
        return jsonify(continue_at="/")
    opened.clear()
    opened.modified = True
    if person["refresh"] is not None:
        guard.provider.forget(person["refresh"])
    state = secrets.token_urlsafe(32)
    page = guard.provider.goodbye_page()
    if page is not None:
        try:
            guard.store.keep_farewell(state, _farewell(guard, person, page, state))
        except redis.RedisError as error:
            raise store_unavailable() from error
    return _remember(jsonify(continue_at=PATH), guard, state)


@declare(ANYONE)
@blueprint.get(PATH)
def leave() -> Any:
    """Go on to the provider, or say that one is back from there"""
    guard = current_doors().sessions
    if current_session().get(PERSON) is not None:
        return redirect("/")
    begun, answered = _recall(guard), request.args.get("state")
    if answered is not None:
        if begun is None or not hmac.compare_digest(begun.encode(), answered.encode()):
            told = "This sign-out was not begun in this browser, or was long ago."
            return link_page("Nothing was signed out", told, ("/", "Go to AWGP"), 400)
        told = "Your session has ended, here and at your identity provider."
        return link_page("You are signed out", told, _AGAIN)
    if begun is None:
        return redirect("/")
    try:
        farewell = guard.store.take_farewell(begun)
    except redis.RedisError as error:
        raise store_unavailable() from error
    if farewell is None:
        told = "Your session here has ended. Your identity provider may still know you."
        return link_page("You are signed out", told, _AGAIN)
    return _to_the_provider(guard, farewell)


def _to_the_provider(guard: SessionGuard, farewell: Data) -> Response:
    parts = urlsplit(farewell["page"])
    # Browsers hold every redirect that answers a form against it, and a provider that brokers
    # sends on to another. Nothing on the page is anybody's but ours.
    reachable = "https:" if guard.address.secure else f"{parts.scheme}://{parts.netloc}"
    return sending_page(
        "Signing out",
        "You are signed out here; your identity provider comes next.",
        "Go on",
        to=farewell["page"],
        fields=farewell["fields"],
        form_action=f"'self' {reachable}",
    )


def _farewell(guard: SessionGuard, person: dict[str, Any], page: str, state: str) -> Data:
    here = guard.address.origin_of(request) or guard.address.origins[0]
    fields = {
        "client_id": guard.provider.client_id,
        "post_logout_redirect_uri": f"{here}{PATH}",
        "state": state,
    }
    # A session of an older release has none; the provider asks then.
    hint = person.get("id_token")
    return {"page": page, "fields": fields | ({"id_token_hint": hint} if hint else {})}


def _remember(response: Response, guard: SessionGuard, state: str) -> Response:
    ends = int(guard.clock()) + FAREWELL_SECONDS
    sealed = guard.store.seal.close(_SEALED_FOR, {"state": state, "ends": ends})
    response.set_cookie(
        _cookie_name(guard),
        urlsafe_b64encode(sealed).decode(),
        max_age=FAREWELL_SECONDS,
        path=PATH,
        secure=guard.address.secure,
        httponly=True,
        samesite="Lax",
    )
    return response


def _recall(guard: SessionGuard) -> str | None:
    """The state of the sign-out that this browser has begun."""
    try:
        sealed = urlsafe_b64decode(request.cookies.get(_cookie_name(guard), "").encode())
    except (binascii.Error, ValueError):
        return None
    data = guard.store.seal.open(_SEALED_FOR, sealed)
    if data is None or guard.clock() >= data["ends"]:
        return None
    state: str = data["state"]
    return state


def _cookie_name(guard: SessionGuard) -> str:
    # Browsers do not keep the cookies of two ports apart.
    if guard.address.secure:
        return "__Secure-awgp_sign_out"
    return f"awgp_sign_out_{urlsplit(guard.address.origins[0]).port or 80}"
