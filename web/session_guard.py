"""Who a browser session is: rights as fresh as the provider's tokens, and no page but ours acting.

A session's rights are those of the access token it was given last. Before that token ends it is
refreshed, and groups and roles are read anew; a provider that refuses ends the session, and one
that cannot be reached leaves it without rights from the moment its token ends.
"""

import contextlib
import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import redis
from flask import Request
from redis.exceptions import LockError

from pipeline.bearer import BearerVerifier
from pipeline.identity import BearerInvalid, Identity, ProviderUnavailable
from pipeline.issuer_tokens import IssuerTokenInvalid, IssuerTokens, SignedIn
from pipeline.refusal import ProblemTable, Refusal
from web.provider import CodeRefused, Provider, Tokens
from web.public_address import PublicAddress
from web.session_cookie import BrowserSession
from web.session_store import PERSON, Data, SessionStore

CSRF_HEADER: Final = "X-CSRF-Token"
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
# Refreshed so long before a token ends, one request at a time.
REFRESH_AHEAD_SECONDS: Final = 60
REFRESH_WAIT_SECONDS: Final = 8.0
LONGEST_AGENT: Final = 200


class SessionEnded(Refusal):
    """There is no session, or it has ended: sign in."""


class CsrfRefused(Refusal):
    """A request with a session's cookie that no page of ours is known to have sent."""


class SessionStoreUnavailable(Refusal):
    """Sessions cannot be looked up now."""


SESSION_PROBLEMS: Final[ProblemTable] = {
    SessionEnded: (401, "session-ended"),
    CsrfRefused: (403, "csrf-refused"),
    SessionStoreUnavailable: (503, "session-store-unavailable"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionGuard:
    """Turns a browser session into an identity.

    Args:
        remember: Told who signed in, with an address where it is known, and whose rights changed.
    """

    store: SessionStore
    address: PublicAddress
    provider: Provider
    tokens: IssuerTokens
    verifier: BearerVerifier
    remember: Callable[[Identity, str | None], None]
    clock: Callable[[], float] = time.time

    def identify(self, request: Request, session: BrowserSession) -> Identity:
        """Who sent a request with a session's cookie.

        Raises:
            SessionEnded, SessionStoreUnavailable, CsrfRefused, ProviderUnavailable: As they say.
        """
        person = person_of(session)
        if request.method not in SAFE_METHODS:
            self.check_sender(request)
            sent = request.headers.get(CSRF_HEADER, "")
            if not hmac.compare_digest(sent.encode(), self.csrf_token(session).encode()):
                raise CsrfRefused(
                    f"send the csrf_token of GET /v1/me in the header {CSRF_HEADER}",
                    field=CSRF_HEADER,
                )
        try:
            person = self.current(session.id, {PERSON: person})
            self.store.touch(session.id, {PERSON: person}, session.seen)
        except redis.RedisError as error:
            raise store_unavailable() from error
        return identity_of(person)

    def csrf_token(self, session: BrowserSession) -> str:
        return self.store.seal.csrf_token(session.sid)

    def check_sender(self, request: Request) -> None:
        """Raises: CsrfRefused, unless a page of ours sent the request."""
        origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site")
        if origin is not None and origin not in self.address.origins:
            raise CsrfRefused("a page of another address sent this", field="Origin")
        if site is not None and site != "same-origin":
            raise CsrfRefused("a page of another address sent this", field="Sec-Fetch-Site")
        if origin is None and site is None:
            raise CsrfRefused("this does not say which page sent it", field="Origin")

    def current(self, session_id: str, data: Data) -> dict[str, Any]:
        """A session's person with rights that hold now.

        Raises:
            SessionEnded, ProviderUnavailable: As they say.
        """
        person: dict[str, Any] = data[PERSON]
        left = person["rights_until"] - self.clock()
        if left > REFRESH_AHEAD_SECONDS:
            return person
        held = self.store.refreshing(session_id, wait=0 if left > 0 else REFRESH_WAIT_SECONDS)
        if not held.acquire():
            if left > 0:
                return person  # another request is about it
            raise ProviderUnavailable("your session is being renewed; try again")
        try:
            return self._refreshed(session_id, left)
        finally:
            _release(held)

    def _refreshed(self, session_id: str, left: float) -> dict[str, Any]:
        found = self.store.load(session_id)
        if found is None:
            raise ended()
        person: dict[str, Any] = found[0][PERSON]
        if person["rights_until"] - self.clock() > REFRESH_AHEAD_SECONDS:
            return person  # another request did it while this one waited
        try:
            renewed = self._renew(person)
        except (CodeRefused, IssuerTokenInvalid, BearerInvalid) as error:
            self.store.end(session_id)
            raise ended() from error
        except ProviderUnavailable:
            if left > 0:
                return person
            raise
        self.store.save(session_id, {PERSON: renewed}, fresh=False)
        return renewed

    def _renew(self, person: dict[str, Any]) -> dict[str, Any]:
        if person["refresh"] is None:
            if person["rights_until"] > self.clock():
                return person
            raise CodeRefused("there is nothing to renew the session with")
        tokens = self.provider.refresh(person["refresh"])
        if tokens.id is not None:
            again = self.tokens.id_token(tokens.id, nonce=None)
            if again.subject != person["subject"]:
                raise IssuerTokenInvalid("it is another person's")
        identity, until = self.rights(tokens, person["subject"])
        rights = _rights(identity)
        if rights != {name: person[name] for name in rights}:
            self.remember(identity, None)
        return person | {
            **rights,
            "rights_until": until,
            "refresh": tokens.refresh or person["refresh"],
            "id_token": tokens.id or person.get("id_token"),
        }

    def rights(self, tokens: Tokens, subject: str) -> tuple[Identity, int]:
        """What an access token grants, and until when.

        Raises:
            IssuerTokenInvalid: It is not a person's, or not this person's.
            BearerInvalid, ProviderUnavailable: As BearerVerifier.verify.
        """
        identity, until = self.verifier.verify_until(tokens.access)
        if identity.subject != subject or identity.kind != "human":
            raise IssuerTokenInvalid("it is not the person's who signed in")
        return identity, until

    def begin(
        self, signed_in: SignedIn, identity: Identity, until: int, tokens: Tokens, agent: str
    ) -> dict[str, Any]:
        """What is kept of who signed in."""
        self.remember(identity, signed_in.email)
        now = int(self.clock())
        return {
            "issuer": identity.issuer,
            "subject": identity.subject,
            "sid": signed_in.sid,
            # Some providers say it in the access token alone where nobody asked.
            "authenticated_at": signed_in.authenticated_at or identity.authenticated_at,
            "acr": signed_in.acr or identity.acr,
            "refresh": tokens.refresh,
            # Shown to the provider when the session ends; it opens nothing.
            "id_token": tokens.id,
            "rights_until": until,
            "began": now,
            "agent": "".join(each for each in agent if each.isprintable())[:LONGEST_AGENT],
            **_rights(identity),
        }


def person_of(session: BrowserSession) -> dict[str, Any]:
    """Raises: SessionEnded, SessionStoreUnavailable."""
    if session.unreachable:
        raise store_unavailable()
    person: dict[str, Any] | None = session.get(PERSON)
    if person is None:
        raise ended()
    return person


def identity_of(person: dict[str, Any]) -> Identity:
    return Identity(
        issuer=person["issuer"],
        subject=person["subject"],
        kind="human",
        name=person["name"],
        groups=tuple(person["groups"]),
        roles=tuple(person["roles"]),
        authenticated_at=person["authenticated_at"],
        acr=person["acr"],
    )


def ended() -> SessionEnded:
    return SessionEnded(
        "you are not signed in: go to /login, or send an access token",
        headers={"WWW-Authenticate": "Bearer"},
    )


def store_unavailable() -> SessionStoreUnavailable:
    return SessionStoreUnavailable(
        "your session cannot be looked up now; try again", headers={"Retry-After": "2"}
    )


def _rights(identity: Identity) -> dict[str, Any]:
    return {
        "name": identity.name,
        "groups": list(identity.groups),
        "roles": list(identity.roles),
    }


def _release(held: Any) -> None:
    with contextlib.suppress(LockError):  # it ran out; whoever has it now keeps it
        held.release()
