"""Check an OIDC access token (RFC 9068, and Keycloak's near relative of it).

1. The header names one of two algorithms, a key id and the type of an access token.
2. The key comes from the issuer's own key set (OpenID discovery), fetched seldom and kept.
3. The signature holds; issuer and audience are ours; it is neither too old nor too young.
4. It is no ID token: those are for the application that asked for them, not for this API.

Whatever fails, the caller learns only that the token does not count and, where it helps an honest
one, why; the token itself is never logged or quoted.
"""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import httpx
import structlog
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, RSAKey
from joserfc.jws import extract_compact

from pipeline.identity import BearerInvalid, Identity, ProviderUnavailable

ALGORITHMS: Final = ("RS256", "ES256")
# RFC 9068 says at+jwt; Keycloak says JWT and puts its own `typ` among the claims.
TYPES: Final = frozenset({"at+jwt", "application/at+jwt", "jwt"})
ID_TOKEN_CLAIMS: Final = frozenset({"nonce", "at_hash", "c_hash"})
LEEWAY_SECONDS: Final = 30
MAX_TOKEN_CHARACTERS: Final = 16_384
MAX_PROVIDER_BYTES: Final = 262_144
MAX_NAME_CHARACTERS: Final = 255
MAX_GROUPS: Final = 500
MAX_KEYS: Final = 32
FETCH_TIMEOUT_SECONDS: Final = 3.0
# A key id we do not know may be new; more often than this it is someone knocking.
REFETCH_SECONDS: Final = 10.0
# A key the provider has withdrawn is trusted this long at most while the provider answers ...
FRESH_SECONDS: Final = 600.0
# ... and this long while it does not.
STALE_SECONDS: Final = 3600.0
SERVICE_ACCOUNT = "service-account-"  # how Keycloak names the account of a client

log = structlog.get_logger()


class IssuerKeys:
    """The issuer's signing keys, by discovery; safe for threads."""

    def __init__(
        self, issuer: str, http: httpx.Client, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._issuer = issuer
        self._http = http
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._keys: Mapping[str, RSAKey | ECKey] = {}
        self._fetched_at: float | None = None
        self._tried_at: float | None = None

    def key(self, key_id: str) -> RSAKey | ECKey:
        """Return a key, fetching the set when it is old or does not hold the id.

        Raises:
            BearerInvalid: The issuer has no such key.
            ProviderUnavailable: It cannot be asked and nothing recent enough is kept.
        """
        found = self._keys.get(key_id)
        if found is None or self._age() > FRESH_SECONDS:
            with self._lock:
                found = self._keys.get(key_id)
                if (found is None or self._age() > FRESH_SECONDS) and self._may_try():
                    self._fetch()
                found = self._keys.get(key_id)
        if self._age() > STALE_SECONDS:
            raise ProviderUnavailable(
                "the identity provider cannot be reached, so your token cannot be checked now",
                headers={"Retry-After": str(int(REFETCH_SECONDS))},
            )
        if found is None:
            raise invalid("its key is not one of the issuer's")
        return found

    def _age(self) -> float:
        return float("inf") if self._fetched_at is None else self._monotonic() - self._fetched_at

    def _may_try(self) -> bool:
        return self._tried_at is None or self._monotonic() - self._tried_at >= REFETCH_SECONDS

    def _fetch(self) -> None:
        self._tried_at = self._monotonic()
        try:
            where = self._get(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
            if where.get("issuer") != self._issuer:
                raise ValueError("the discovery document names another issuer")
            self._keys = _signing_keys(self._get(str(where["jwks_uri"])))
            self._fetched_at = self._monotonic()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, JoseError) as error:
            log.warning("identity_provider_unavailable", issuer=self._issuer, error=repr(error))

    def _get(self, url: str) -> dict[str, Any]:
        with self._http.stream(
            "GET", url, timeout=FETCH_TIMEOUT_SECONDS, follow_redirects=False
        ) as response:
            response.raise_for_status()
            body = bytearray()
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > MAX_PROVIDER_BYTES:
                    raise ValueError(f"{url} answers more than {MAX_PROVIDER_BYTES} bytes")
        document = httpx.Response(200, content=bytes(body)).json()
        if not isinstance(document, dict):
            raise ValueError(f"{url} does not answer a JSON object")
        return document


def _signing_keys(document: Mapping[str, Any]) -> dict[str, RSAKey | ECKey]:
    """Public signing keys by id. Others (symmetric, for encryption, unnamed) are passed over."""
    listed = document.get("keys")
    if not isinstance(listed, list):
        raise ValueError("the key set has no list of keys")
    usable = [
        each
        for each in listed[:MAX_KEYS]
        if isinstance(each, dict)
        and each.get("kty") in {"RSA", "EC"}
        and each.get("use", "sig") == "sig"
        and isinstance(each.get("kid"), str)
    ]
    keys = KeySet.import_key_set({"keys": usable}).keys
    return {key.kid: key for key in keys if isinstance(key, RSAKey | ECKey) and key.kid}


def invalid(why: str) -> BearerInvalid:
    # RFC 6750, section 3: the scheme and an error code; the sentence is in the problem's detail.
    return BearerInvalid(
        f"this needs a valid access token: {why}",
        headers={"WWW-Authenticate": 'Bearer error="invalid_token"'},
    )


class BearerVerifier:
    """Turns an Authorization header into an Identity, or refuses it.

    Args:
        issuer: As the tokens name it, exactly.
        audience: What tokens for this API carry in `aud`.
        http: A client for the issuer; nothing is fetched before the first token.
        clock: Seconds since 1970.
    """

    def __init__(
        self,
        issuer: str,
        audience: str,
        *,
        http: httpx.Client,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._issuer = issuer
        self._audience = audience
        self._clock = clock
        self.keys = IssuerKeys(issuer, http, monotonic=monotonic)

    def identify(self, authorization: str | None) -> Identity:
        """Check the value of an Authorization header.

        Raises:
            BearerInvalid: It is missing, of another scheme, or its token does not count.
            ProviderUnavailable: The issuer's keys cannot be had.
        """
        return self.identify_until(authorization)[0]

    def identify_until(self, authorization: str | None) -> tuple[Identity, int]:
        """As `identify`, with the second since 1970 until which the token counts."""
        if not authorization:
            raise BearerInvalid(
                "this needs an access token in the header Authorization",
                headers={"WWW-Authenticate": "Bearer"},
            )
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise invalid("the header Authorization is not of the form `Bearer TOKEN`")
        return self.verify_until(token.strip())

    def verify(self, token: str) -> Identity:
        """Check an access token; raises as `identify`."""
        return self.verify_until(token)[0]

    def verify_until(self, token: str) -> tuple[Identity, int]:
        """Check an access token and say until when it counts; raises as `identify`."""
        if len(token) > MAX_TOKEN_CHARACTERS:
            raise invalid("it is too long")
        key = self.keys.key(_key_id(token))
        try:
            claims = jwt.decode(token, key, algorithms=list(ALGORITHMS)).claims
            self._registry().validate(claims)
        except (JoseError, ValueError, TypeError, RecursionError) as error:
            raise invalid(_reason(error)) from error
        if ID_TOKEN_CLAIMS & claims.keys() or claims.get("typ", "Bearer") != "Bearer":
            raise invalid("it is not an access token")
        return _identity(self._issuer, claims), int(claims["exp"])

    def _registry(self) -> jwt.JWTClaimsRegistry:
        return jwt.JWTClaimsRegistry(
            now=int(self._clock()),
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": self._issuer},
            aud={"essential": True, "value": self._audience},
            sub={"essential": True},
            exp={"essential": True},
        )


def _key_id(token: str) -> str:
    """Read the header, unverified, as far as the search for the key needs it."""
    try:
        header = extract_compact(token.encode("ascii")).headers()
    except (JoseError, ValueError, TypeError, RecursionError) as error:
        raise invalid("it is not a signed JWT") from error
    if header.get("alg") not in ALGORITHMS:
        raise invalid(f"it is not signed with one of {', '.join(ALGORITHMS)}")
    if str(header.get("typ", "")).lower() not in TYPES:
        raise invalid("it is not an access token")
    key_id = header.get("kid")
    if not isinstance(key_id, str) or "crit" in header:
        raise invalid("its header names no key, or asks for more than we know")
    return key_id


def _reason(error: Exception) -> str:
    """Why, in our words: a library's sentence could quote the token."""
    reasons = {
        "expired_token": "it has expired",
        "bad_signature": "its signature does not hold",
        "invalid_claim": "its issuer, audience or times are not right for this service",
        "missing_claim": "it lacks a claim that an access token has",
    }
    return reasons.get(getattr(error, "error", ""), "it cannot be read")


def _identity(issuer: str, claims: Mapping[str, Any]) -> Identity:
    subject = claims["sub"]
    if not isinstance(subject, str) or not 1 <= len(subject) <= MAX_NAME_CHARACTERS:
        raise invalid("its subject is empty or too long")
    if not subject.isprintable():
        raise invalid("its subject holds control characters")
    account = str(claims.get("preferred_username", ""))
    is_client = subject in {claims.get("azp"), claims.get("client_id")} or account.startswith(
        SERVICE_ACCOUNT
    )
    access = claims.get("realm_access")
    tenant = claims.get("tenant") if is_client else None
    name = claims.get("name")
    return Identity(
        issuer=issuer,
        subject=subject,
        kind="client" if is_client else "human",
        name=_plain_text(name if isinstance(name, str) else account),
        groups=_strings(claims.get("groups")),
        roles=_strings(access.get("roles") if isinstance(access, dict) else None),
        tenant=tenant if isinstance(tenant, str) else None,
        authenticated_at=_whole(claims.get("auth_time")),
        acr=acr if isinstance(acr := claims.get("acr"), str) else None,
    )


def _whole(value: Any) -> int | None:
    return value if type(value) is int else None


def _plain_text(value: str) -> str:
    """A name that PostgreSQL can hold and a terminal can show."""
    return "".join(letter for letter in value if letter.isprintable())[:MAX_NAME_CHARACTERS]


def _strings(value: Any) -> tuple[str, ...]:
    """Groups or roles. Keycloak may write a top-level group as a path: `/acme-admins`."""
    if not isinstance(value, list):
        return ()
    return tuple(each.removeprefix("/") for each in value[:MAX_GROUPS] if isinstance(each, str))
