"""What the identity provider tells an application: ID tokens and logout tokens, checked.

ID tokens say who signed in, when and how (OpenID Connect Core, 3.1.3.7). Logout tokens say whose
sessions have ended (OpenID Connect Back-Channel Logout 1.0, 2.6). Neither opens the API: that takes
an access token (pipeline/bearer.py).
"""

import hmac
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jws import extract_compact

from pipeline.bearer import ALGORITHMS, LEEWAY_SECONDS, MAX_TOKEN_CHARACTERS, IssuerKeys
from pipeline.errors import AwgpError
from pipeline.identity import BearerInvalid

LOGOUT_EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
LOGOUT_TYPES: Final = frozenset({"logout+jwt", "application/logout+jwt", "jwt", ""})
# Older than this, a logout token is a replay; younger ones are remembered as long.
LOGOUT_TOKEN_SECONDS: Final = 300
MAX_ID_CHARACTERS: Final = 255


class IssuerTokenInvalid(AwgpError):
    """A token of the provider's does not count; the message says why and never quotes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """What an ID token says."""

    subject: str
    sid: str | None
    authenticated_at: int | None
    acr: str | None
    email: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedOut:
    """What a logout token says: this session of the provider's, or all of this person's."""

    jti: str
    sid: str | None
    subject: str | None


class IssuerTokens:
    """Checks tokens made for one client of one issuer."""

    def __init__(
        self,
        issuer: str,
        client_id: str,
        keys: IssuerKeys,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._issuer = issuer
        self._client_id = client_id
        self._keys = keys
        self._clock = clock

    def id_token(self, token: str, *, nonce: str | None, max_age: int | None = None) -> SignedIn:
        """Check an ID token.

        Args:
            nonce: What was sent with the request; None for one that came with a refresh.
            max_age: How long ago the person may have proved who they are, where that was asked.

        Raises:
            IssuerTokenInvalid: It does not count.
            ProviderUnavailable: The issuer's keys cannot be had.
        """
        header, claims = self._claims(token)
        if str(header.get("typ", "JWT")).lower() != "jwt" or claims.get("typ", "ID") != "ID":
            raise IssuerTokenInvalid("it is not an ID token")
        if "events" in claims:
            raise IssuerTokenInvalid("it is not an ID token")
        self._check_party(claims)
        if nonce is not None and not _same(claims.get("nonce"), nonce):
            raise IssuerTokenInvalid("it answers another request")
        at = claims.get("auth_time")
        if at is not None and type(at) is not int:
            raise IssuerTokenInvalid("its time of authentication is not a time")
        if max_age is not None and (at is None or at + max_age + LEEWAY_SECONDS < self._clock()):
            raise IssuerTokenInvalid("its person proved who they are too long ago")
        return SignedIn(
            subject=_text(claims, "sub"),
            sid=_text_or_none(claims, "sid"),
            authenticated_at=at,
            acr=_text_or_none(claims, "acr"),
            email=email if isinstance(email := claims.get("email"), str) else None,
        )

    def logout_token(self, token: str) -> LoggedOut:
        """Check a logout token; whether it came before is the caller's to remember.

        Raises:
            IssuerTokenInvalid: It does not count.
            ProviderUnavailable: The issuer's keys cannot be had.
        """
        header, claims = self._claims(token, expires=False)
        if str(header.get("typ", "")).lower() not in LOGOUT_TYPES:
            raise IssuerTokenInvalid("it is not a logout token")
        events = claims.get("events")
        if not isinstance(events, dict) or not isinstance(events.get(LOGOUT_EVENT), dict):
            raise IssuerTokenInvalid("it tells of no logout")
        if "nonce" in claims:
            raise IssuerTokenInvalid("a logout token has no nonce")
        issued_at = claims.get("iat")
        if type(issued_at) is not int or self._clock() - issued_at > LOGOUT_TOKEN_SECONDS:
            raise IssuerTokenInvalid("it is too old")
        sid, subject = _text_or_none(claims, "sid"), _text_or_none(claims, "sub")
        if sid is None and subject is None:
            raise IssuerTokenInvalid("it names nobody")
        return LoggedOut(jti=_text(claims, "jti"), sid=sid, subject=subject)

    def _claims(
        self, token: str, *, expires: bool = True
    ) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        if len(token) > MAX_TOKEN_CHARACTERS:
            raise IssuerTokenInvalid("it is too long")
        try:
            header = extract_compact(token.encode("ascii")).headers()
            if header.get("alg") not in ALGORITHMS or "crit" in header:
                raise IssuerTokenInvalid(f"it is not signed with one of {', '.join(ALGORITHMS)}")
            key = self._keys.key(str(header.get("kid")))
            claims = jwt.decode(token, key, algorithms=list(ALGORITHMS)).claims
            self._registry(expires=expires).validate(claims)
        except BearerInvalid as error:  # how IssuerKeys says that there is no such key
            raise IssuerTokenInvalid("its key is not one of the issuer's") from error
        except (JoseError, ValueError, TypeError, RecursionError) as error:
            # A library's sentence could quote the token.
            raise IssuerTokenInvalid(f"it does not hold ({type(error).__name__})") from error
        return header, claims

    def _registry(self, *, expires: bool) -> jwt.JWTClaimsRegistry:
        return jwt.JWTClaimsRegistry(
            now=int(self._clock()),
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": self._issuer},
            aud={"essential": True, "value": self._client_id},
            iat={"essential": True},
            exp={"essential": expires},
        )

    def _check_party(self, claims: Mapping[str, Any]) -> None:
        audience, party = claims.get("aud"), claims.get("azp")
        several = isinstance(audience, list) and len(audience) > 1
        if (several or party is not None) and party != self._client_id:
            raise IssuerTokenInvalid("it was made for another application")


def _same(claim: Any, wanted: str) -> bool:
    return isinstance(claim, str) and hmac.compare_digest(claim.encode(), wanted.encode())


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not 1 <= len(value) <= MAX_ID_CHARACTERS:
        raise IssuerTokenInvalid(f"its {name} is missing, or no text of ours")
    return value


def _text_or_none(claims: Mapping[str, Any], name: str) -> str | None:
    return None if claims.get(name) is None else _text(claims, name)
