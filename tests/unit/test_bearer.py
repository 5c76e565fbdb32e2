"""Access tokens: what counts, and everything that does not."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jws, jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from pipeline.bearer import REFETCH_SECONDS, STALE_SECONDS, BearerVerifier
from pipeline.identity import (
    BearerInvalid,
    Identity,
    ProviderUnavailable,
    TenantForbidden,
    TenantNotChosen,
    choose_tenant,
    tenants_of,
)

ISSUER = "https://login.example.com/realms/awgp-holding"
NOW = 1_800_000_000
RSA = RSAKey.generate_key(2048, {"kid": "rsa-1", "use": "sig"})
EC = ECKey.generate_key("P-256", {"kid": "ec-1", "use": "sig"})
OTHER = RSAKey.generate_key(2048, {"kid": "rsa-1", "use": "sig"})


@dataclass
class Provider:
    """An issuer on no network: it counts what it is asked and can be out of reach."""

    keys: list[Any] = field(default_factory=lambda: [RSA, EC])
    issuer: str = ISSUER
    is_up: bool = True
    fetches: int = 0
    elapsed: float = 0.0

    def answer(self, request: httpx.Request) -> httpx.Response:
        if not self.is_up:
            raise httpx.ConnectError("refused")
        if request.url.path.endswith("/openid-configuration"):
            return httpx.Response(
                200, json={"issuer": self.issuer, "jwks_uri": f"{ISSUER}/protocol/certs"}
            )
        self.fetches += 1
        return httpx.Response(200, json={"keys": [key.as_dict(private=False) for key in self.keys]})

    def verifier(self) -> BearerVerifier:
        return BearerVerifier(
            ISSUER,
            "awgp",
            http=httpx.Client(transport=httpx.MockTransport(self.answer)),
            clock=lambda: NOW,
            monotonic=lambda: self.elapsed,
        )


def claims(**changed: Any) -> dict[str, Any]:
    base = {
        "iss": ISSUER,
        "aud": "awgp",
        "sub": "8f1c",
        "name": "Ada Admin",
        "azp": "awgp-web",
        "client_id": "awgp-web",
        "exp": NOW + 300,
        "iat": NOW - 10,
        "groups": ["acme-operators", "/acme-admins", "holding-admins"],
        "realm_access": {"roles": ["approver", "auditor"]},
    }
    return {name: value for name, value in (base | changed).items() if value is not None}


def token(key: Any = RSA, *, alg: str = "RS256", typ: str | None = "at+jwt", **changed: Any) -> str:
    header = {"alg": alg, "kid": changed.pop("kid", key.kid)} | ({"typ": typ} if typ else {})
    header = {name: value for name, value in header.items() if value is not None}
    return jwt.encode(header, claims(**changed), key, algorithms=[alg])


def typeless() -> str:
    header = {"alg": "RS256", "kid": "rsa-1"}
    return jws.serialize_compact(header, json.dumps(claims()), RSA, algorithms=["RS256"])


def unsigned(header: dict[str, Any]) -> str:
    parts = (json.dumps(part).encode() for part in (header, claims()))
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts) + "."


def signed_with_the_public_key() -> str:
    """The classic confusion: an HMAC whose secret everyone knows."""
    text = unsigned({"alg": "HS256", "typ": "at+jwt", "kid": "rsa-1"}).rstrip(".")
    mac = hmac.new(RSA.as_pem(private=False), text.encode(), hashlib.sha256).digest()
    return f"{text}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def test_a_persons_token_says_who_they_are_and_where_they_belong() -> None:
    identity = Provider().verifier().identify(f"Bearer {token()}")

    assert identity == Identity(
        issuer=ISSUER,
        subject="8f1c",
        kind="human",
        name="Ada Admin",
        groups=("acme-operators", "acme-admins", "holding-admins"),
        roles=("approver", "auditor"),
    )
    assert tenants_of(identity) == ("acme", "holding")


def test_a_key_on_a_curve_and_keycloaks_type_count_too() -> None:
    assert Provider().verifier().verify(token(EC, alg="ES256", typ="JWT")).subject == "8f1c"


@pytest.mark.parametrize(
    "marks", [{"sub": "awgp-web"}, {"preferred_username": "service-account-x"}]
)
def test_a_machine_belongs_to_the_tenant_its_token_names(
    marks: dict[str, str],
) -> None:
    identity = Provider().verifier().verify(token(**marks, tenant="globex", groups=[]))

    assert (identity.kind, tenants_of(identity)) == ("client", ("globex",))


def test_a_person_cannot_name_a_tenant_by_the_claim_of_machines() -> None:
    identity = Provider().verifier().verify(token(tenant="globex", groups=[]))
    assert tenants_of(identity) == ()


@pytest.mark.parametrize(
    "make",
    [
        lambda: token(OTHER),
        lambda: token(exp=NOW - 31),
        lambda: token(exp=None),
        lambda: token(nbf=NOW + 31),
        lambda: token(iat=NOW + 31),
        lambda: token(iss="https://login.example.com/realms/other"),
        lambda: token(iss=None),
        lambda: token(aud="account"),
        lambda: token(aud=["account"]),
        lambda: token(aud=None),
        lambda: token(sub=None),
        lambda: token(sub=""),
        lambda: token(sub=7),
        lambda: token(sub="a\x00b"),
        lambda: token(sub="a" * 256),
        typeless,
        lambda: token(typ="logout+jwt"),
        lambda: token(typ="JWT", nonce="n"),
        lambda: token(typ="JWT", at_hash="h"),
        lambda: token(typ="JWT", c_hash="h"),
        lambda: token(kid="unknown"),
        lambda: token(alg="RS512"),
        lambda: token(alg="PS256"),
        lambda: token(OctKey.import_key("s" * 32, {"kid": "rsa-1"}), alg="HS256"),
        signed_with_the_public_key,
        lambda: unsigned({"alg": "none", "typ": "at+jwt", "kid": "rsa-1"}),
        lambda: unsigned({"alg": "RS256", "typ": "at+jwt", "kid": "rsa-1"}),
        lambda: unsigned({"alg": "RS256", "typ": "at+jwt", "kid": ["rsa-1"]}),
        lambda: "a.b",
        lambda: "a.b.c.d.e",
        lambda: "ä.b.c",
        lambda: "a" * 20_000,
    ],
)
def test_what_is_not_an_access_token_for_us_is_refused(make: Callable[[], str]) -> None:
    with pytest.raises(BearerInvalid) as caught:
        Provider().verifier().verify(make())
    assert "Bearer" in caught.value.headers["WWW-Authenticate"]


def test_keycloaks_id_token_is_no_access_token() -> None:
    signed = jwt.encode(
        {"alg": "RS256", "kid": "rsa-1", "typ": "JWT"}, claims(typ="ID"), RSA, algorithms=["RS256"]
    )
    with pytest.raises(BearerInvalid):
        Provider().verifier().verify(signed)


@pytest.mark.parametrize("changed", [{"exp": NOW - 29}, {"nbf": NOW + 29}, {"aud": ["x", "awgp"]}])
def test_clocks_may_differ_by_half_a_minute(changed: dict[str, Any]) -> None:
    assert Provider().verifier().verify(token(**changed))


@pytest.mark.parametrize("value", [None, "", "Bearer", "Bearer ", "Basic YTpi", "x"])
def test_another_scheme_or_none_at_all_is_refused(value: str | None) -> None:
    with pytest.raises(BearerInvalid):
        Provider().verifier().identify(value)


VERIFIER = Provider().verifier()
GOOD = token()


@settings(max_examples=300, deadline=None)
@given(place=st.integers(0, len(GOOD) - 1), letter=st.characters(codec="ascii"))
def test_no_changed_token_counts(place: int, letter: str) -> None:
    changed = GOOD[:place] + letter + GOOD[place + 1 :]
    if changed == GOOD:
        return
    with pytest.raises(BearerInvalid):
        VERIFIER.verify(changed)


def test_keys_are_fetched_once_and_a_new_one_is_found() -> None:
    provider = Provider(keys=[RSA])
    verifier = provider.verifier()
    for _ in range(5):
        verifier.verify(token())
    assert provider.fetches == 1

    provider.keys, provider.elapsed = [RSA, EC], REFETCH_SECONDS
    assert verifier.verify(token(EC, alg="ES256"))
    assert provider.fetches == 2


def test_unknown_key_ids_do_not_make_us_knock_at_the_provider() -> None:
    provider = Provider()
    verifier = provider.verifier()
    for number in range(20):
        with pytest.raises(BearerInvalid):
            verifier.verify(token(kid=f"unknown-{number}"))
    assert provider.fetches == 1


def test_a_withdrawn_key_stops_counting() -> None:
    provider = Provider()
    verifier = provider.verifier()
    verifier.verify(token())
    provider.keys, provider.elapsed = [EC], 601
    with pytest.raises(BearerInvalid):
        verifier.verify(token())


def test_a_provider_out_of_reach_is_said_so_and_known_keys_serve_for_an_hour() -> None:
    provider = Provider(is_up=False)
    verifier = provider.verifier()
    with pytest.raises(ProviderUnavailable) as caught:
        verifier.verify(token())
    assert caught.value.headers["Retry-After"] == "10"

    provider.is_up, provider.elapsed = True, 11
    verifier.verify(token())
    provider.is_up, provider.elapsed = False, STALE_SECONDS
    verifier.verify(token())
    provider.elapsed = 12 + STALE_SECONDS
    with pytest.raises(ProviderUnavailable):
        verifier.verify(token())


def test_a_provider_that_speaks_for_another_issuer_is_not_believed() -> None:
    with pytest.raises(ProviderUnavailable):
        Provider(issuer="https://evil.example.com").verifier().verify(token())


def test_the_tenant_is_named_where_there_are_several() -> None:
    both = Identity(
        issuer=ISSUER, subject="1", kind="human", groups=("acme-admins", "globex-operators")
    )
    one = Identity(issuer=ISSUER, subject="1", kind="human", groups=("acme-admins",))
    none = Identity(issuer=ISSUER, subject="1", kind="human", groups=("x/acme-admins", "admins"))

    assert choose_tenant(one, None) == "acme"
    assert choose_tenant(both, "globex") == "globex"
    with pytest.raises(TenantNotChosen):
        choose_tenant(both, None)
    with pytest.raises(TenantForbidden):
        choose_tenant(one, "globex")
    with pytest.raises(TenantForbidden):
        choose_tenant(none, None)
