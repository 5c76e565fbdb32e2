"""A sign-in that is on its way: what was asked of the provider, in a sealed cookie of its own.

A cookie for each, so that several tabs may sign in at once, and nothing is kept here for whoever
asks for /login and never comes back.
"""

import binascii
import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import asdict, dataclass
from typing import Any, Final

from flask import Request

from web.public_address import PublicAddress
from web.session_guard import SessionGuard

# The longest a person may take at the provider's pages.
ATTEMPT_SECONDS: Final = 600
LONGEST_STATE: Final = 200
_SEALED_FOR: Final = "attempt"
_PATH: Final = "/authorize"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What the provider was asked, and what for."""

    state: str
    nonce: str
    verifier: str
    redirect_uri: str
    next: str
    max_age: int | None
    ends: int


def remember(response: Any, guard: SessionGuard, attempt: Attempt) -> Any:
    sealed = guard.store.seal.close(_SEALED_FOR, asdict(attempt))
    response.set_cookie(
        _cookie_name(guard.address, attempt.state),
        urlsafe_b64encode(sealed).decode(),
        max_age=ATTEMPT_SECONDS,
        path=_PATH,
        secure=guard.address.secure,
        httponly=True,
        samesite="Lax",
    )
    return response


def recall(request: Request, guard: SessionGuard, state: str) -> Attempt | None:
    """The attempt of this browser that a provider's answer is about."""
    if not 0 < len(state) <= LONGEST_STATE:
        return None
    cookie = request.cookies.get(_cookie_name(guard.address, state), "")
    try:
        sealed = urlsafe_b64decode(cookie.encode())
    except (binascii.Error, ValueError):
        return None
    data = guard.store.seal.open(_SEALED_FOR, sealed)
    if data is None:
        return None
    attempt = Attempt(**data)
    same = hmac.compare_digest(attempt.state.encode(), state.encode())
    return attempt if same and guard.clock() < attempt.ends else None


def forget(response: Any, guard: SessionGuard, state: str) -> Any:
    response.delete_cookie(
        _cookie_name(guard.address, state),
        path=_PATH,
        secure=guard.address.secure,
        httponly=True,
        samesite="Lax",
    )
    return response


def _cookie_name(address: PublicAddress, state: str) -> str:
    prefix = "__Secure-" if address.secure else ""
    return f"{prefix}awgp_sign_in_{hashlib.sha256(state.encode()).hexdigest()[:12]}"
