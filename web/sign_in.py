"""Signing in with a browser. These pages send people on; what they are told is in a page.

GET /login -> the provider -> GET /authorize -> where they wanted to go
"""

import hmac
import re
from dataclasses import dataclass
from typing import Any, Final, cast
from urllib.parse import urlencode

import redis
import structlog
from flask import Blueprint, Flask, Response, current_app, redirect, request

from pipeline.identity import BearerInvalid, ProviderUnavailable
from pipeline.issuer_tokens import LOGOUT_TOKEN_SECONDS, IssuerTokenInvalid
from pipeline.refusal import ProblemTable, Refusal
from web.access import ANYONE, declare
from web.plain_page import link_page
from web.provider import CodeRefused
from web.public_address import own_path
from web.session_cookie import SessionCookies, current_session
from web.session_guard import SessionGuard, store_unavailable
from web.session_store import PERSON
from web.sign_in_attempt import ATTEMPT_SECONDS, Attempt, forget, recall, remember

LONGEST_MAX_AGE: Final = 24 * 3600
_ACR = re.compile(r"[A-Za-z0-9:/._ -]{1,200}")
_KEY: Final = "awgp_sign_in"

blueprint = Blueprint("sign_in", __name__)
log = structlog.get_logger()


class LogoutTokenInvalid(Refusal):
    """A logout token does not count."""


PROBLEMS: Final[ProblemTable] = {LogoutTokenInvalid: (400, "logout-token-invalid")}


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """What these views work with."""

    guard: SessionGuard
    cookies: SessionCookies


def install_sign_in(app: Flask, sign_in: SignIn) -> None:
    app.extensions[_KEY] = sign_in
    app.session_interface = sign_in.cookies


@declare(ANYONE)
@blueprint.get("/login")
def login() -> Any:
    """Send the browser to the provider, remembering what for."""
    guard = _guard()
    address = guard.address
    wanted = own_path(request.args.get("next"))
    here = address.origin_of(request)
    if here is None:
        # A cookie set here would not be sent to the address the provider sends people back to.
        asked = {name: value for name, value in request.args.items() if name != "next"}
        return redirect(f"{address.origins[0]}/login?{urlencode(asked | {'next': wanted})}")
    max_age = _max_age(request.args.get("max_age"))
    further = {} if max_age is None else {"max_age": str(max_age)}
    if max_age == 0 or request.args.get("prompt") == "login":
        further["prompt"] = "login"
    if _ACR.fullmatch(acr := request.args.get("acr_values", "")):
        further["acr_values"] = acr
    redirect_uri = f"{here}/authorize"
    begun = guard.provider.begin(redirect_uri, further)
    attempt = Attempt(
        state=begun["state"],
        nonce=begun["nonce"],
        verifier=begun["code_verifier"],
        redirect_uri=redirect_uri,
        next=wanted,
        max_age=max_age,
        ends=int(guard.clock()) + ATTEMPT_SECONDS,
    )
    return remember(redirect(begun["url"]), guard, attempt)


@declare(ANYONE)
@blueprint.get("/authorize")
def authorize() -> Any:
    """Take the provider's answer: begin a session under a new id."""
    guard = _guard()
    state = request.args.get("state", "")
    attempt = recall(request, guard, state)
    if attempt is None or not _comes_from(guard.provider.issuer):
        return sign_in_page("This sign-in was not begun here, or has ended.", 400)
    if "error" in request.args or "code" not in request.args:
        return forget(sign_in_page("The identity provider did not let you in.", 403), guard, state)
    try:
        person = _person_from(attempt, request.args["code"])
    except (CodeRefused, IssuerTokenInvalid, BearerInvalid) as error:
        log.warning("sign_in_refused", reason=str(error))
        told = "What the identity provider said about you does not hold."
        return forget(sign_in_page(told, 403), guard, state)
    except redis.RedisError as error:
        raise store_unavailable() from error
    except ProviderUnavailable:
        return sign_in_page("The identity provider cannot be reached now.", 503)
    opened = current_session()
    opened.clear()
    _sign_in().cookies.regenerate(opened)
    opened[PERSON] = person
    return forget(redirect(own_path(attempt.next)), guard, state)


@declare(ANYONE)
@blueprint.post("/backchannel-logout")
def backchannel_logout() -> Any:
    """End the sessions a logout token of the provider's names"""
    guard = _guard()
    token = request.form.get("logout_token", "")
    issuer = guard.provider.issuer
    try:
        said = guard.tokens.logout_token(token)
    except IssuerTokenInvalid as error:
        raise LogoutTokenInvalid(f"this logout token does not count: {error}") from error
    try:
        # Remembered for as long as its age alone does not refuse it.
        if not guard.store.is_first(issuer, said.jti, 2 * LOGOUT_TOKEN_SECONDS):
            raise LogoutTokenInvalid("this logout token was used before")
        if said.sid is not None:
            found = guard.store.of_sid(issuer, said.sid)
            if said.subject is not None:
                found = {
                    name: each
                    for name, each in found.items()
                    if each[0][PERSON]["subject"] == said.subject
                }
        else:
            found = guard.store.of_person(issuer, said.subject or "")
        guard.store.end(*found)
    except redis.RedisError as error:
        raise store_unavailable() from error
    log.info("sessions_ended_by_provider", count=len(found))
    return Response(status=200, headers={"Cache-Control": "no-store"})


def sign_in_page(told: str, status: int) -> Response:
    """What went wrong with a sign-in, and what to do."""
    return link_page("You are not signed in", told, ("/login", "Sign in"), status)


def _person_from(attempt: Attempt, code: str) -> dict[str, Any]:
    guard = _guard()
    if not guard.store.is_first("attempt", attempt.state, 2 * ATTEMPT_SECONDS):
        raise CodeRefused("this sign-in was finished before")
    tokens = guard.provider.trade(code, attempt.redirect_uri, attempt.verifier)
    if tokens.id is None:
        raise IssuerTokenInvalid("there is no ID token")
    signed_in = guard.tokens.id_token(tokens.id, nonce=attempt.nonce, max_age=attempt.max_age)
    identity, until = guard.rights(tokens, signed_in.subject)
    return guard.begin(signed_in, identity, until, tokens, request.headers.get("User-Agent", ""))


def _comes_from(issuer: str) -> bool:
    # RFC 9207: another provider's answer is not ours to trade.
    return hmac.compare_digest(request.args.get("iss", issuer).encode(), issuer.encode())


def _max_age(raw: str | None) -> int | None:
    if raw is None or not re.fullmatch(r"[0-9]{1,6}", raw):
        return None
    return min(int(raw), LONGEST_MAX_AGE)


def _sign_in() -> SignIn:
    return cast("SignIn", current_app.extensions[_KEY])


def _guard() -> SessionGuard:
    return _sign_in().guard
