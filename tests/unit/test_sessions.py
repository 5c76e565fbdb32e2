"""What signing in rests on: our paths, public addresses, sealed sessions, the provider's words."""

import hmac
import json
import time
from base64 import urlsafe_b64encode
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import RSAKey

from pipeline.bearer import IssuerKeys
from pipeline.issuer_tokens import IssuerTokenInvalid, IssuerTokens
from pipeline.settings import SettingInvalid, Settings
from web.public_address import PublicAddress, own_path
from web.session_store import SessionSeal, digest_of

HERE = "https://awgp.example"
ISSUER = "https://login.example"
KEY = RSAKey.generate_key(2048, {"kid": "k", "use": "sig"})
NOW = int(time.time())


# --- where one goes after signing in ----------------------------------------------------------

TRICKS = st.lists(
    st.sampled_from(
        [
            "/",
            "\\",
            "//",
            "\t",
            "\n",
            "\r",
            "\x00",
            "%2f",
            "%5c",
            "@",
            ":",
            "?",
            "#",
            "[",
            "]",
            ";",
            ".",
            "..",
            "é",
            "runs",
            "evil.example",
            "https:",
            "javascript:",
        ]
    ),
    max_size=8,
).map("".join)


@given(st.one_of(TRICKS, st.text(max_size=40)))
def test_whatever_is_wanted_one_stays_here(wanted: str) -> None:
    path = own_path(wanted)
    # As browsers read it: control characters dropped, a backslash is a slash.
    read = "".join(each for each in path if each.isprintable()).replace("\\", "/")
    assert path.startswith("/")
    assert not read.startswith("//")
    assert urlsplit(urljoin(f"{HERE}/login", read)).netloc == "awgp.example"
    assert path in {wanted, "/"}


@pytest.mark.parametrize("path", ["/", "/runs", "/acme/runs?status=held&q=a%20b#r", "/a//b", "/~x"])
def test_a_path_of_ours_is_kept(path: str) -> None:
    assert own_path(path) == path


@pytest.mark.parametrize("path", [None, "", "//x", "/\\x", "/ x", "x", "/" + "x" * 1024, "/x\n"])
def test_anything_else_is_the_start_page(path: str | None) -> None:
    assert own_path(path) == "/"


# --- where browsers find us -------------------------------------------------------------------


def test_https_is_one_address_with_a_cookie_bound_to_it() -> None:
    address = PublicAddress.of(Settings(public_url=f"{HERE}/", env="production"))
    assert address.origins == (HERE,)
    assert (address.secure, address.cookie_name) == (True, "__Host-awgp_session")


def test_on_loopback_both_names_count_and_the_port_is_in_the_cookies_name() -> None:
    address = PublicAddress.of(Settings(public_url="http://localhost:8080"))
    assert address.origins == ("http://localhost:8080", "http://127.0.0.1:8080")
    assert (address.secure, address.cookie_name) == (False, "awgp_session_8080")


@pytest.mark.parametrize(
    ("url", "env"),
    [
        ("", "development"),
        ("awgp.example", "development"),
        ("ftp://awgp.example", "development"),
        ("http://awgp.example", "development"),
        ("http://127.0.0.1:8080", "production"),
        ("https://awgp.example/console", "production"),
        ("https://awgp.example?x", "production"),
        ("https://user@awgp.example", "production"),
    ],
)
def test_a_public_address_that_is_not_safe_stops_the_start(url: str, env: str) -> None:
    with pytest.raises(SettingInvalid, match="AWGP_PUBLIC_URL"):
        PublicAddress.of(Settings(public_url=url, env=env))


# --- sealed -----------------------------------------------------------------------------------


@given(st.integers(min_value=0), st.integers(min_value=0, max_value=7))
def test_a_sealed_session_opens_at_its_place_and_unchanged_alone(at: int, bit: int) -> None:
    seal = SessionSeal("k" * 43)
    sealed = seal.close("here", {"person": {"name": "Ada"}})
    assert seal.open("here", sealed) == {"person": {"name": "Ada"}}
    flipped = bytearray(sealed)
    flipped[at % len(sealed)] ^= 1 << bit
    assert seal.open("here", bytes(flipped)) is None
    assert seal.open("there", sealed) is None
    assert SessionSeal("j" * 43).open("here", sealed) is None
    assert b"Ada" not in sealed


@given(st.binary(max_size=200))
def test_what_was_never_sealed_opens_nothing(content: bytes) -> None:
    assert SessionSeal("k" * 43).open("here", content) is None


def test_each_session_has_a_token_of_its_own_which_its_id_does_not_give_away() -> None:
    seal = SessionSeal("k" * 43)
    assert seal.csrf_token("a") == seal.csrf_token("a") != seal.csrf_token("b")
    assert seal.csrf_token("a") != SessionSeal("j" * 43).csrf_token("a")
    assert seal.csrf_token("a") != seal.csrf_token(digest_of("a"))


# --- ID tokens --------------------------------------------------------------------------------


def answers(request: httpx.Request) -> httpx.Response:
    if request.url.path.endswith("/openid-configuration"):
        return httpx.Response(200, json={"issuer": ISSUER, "jwks_uri": f"{ISSUER}/jwks"})
    return httpx.Response(200, json={"keys": [KEY.as_dict(private=False)]})


def tokens() -> IssuerTokens:
    http = httpx.Client(transport=httpx.MockTransport(answers))
    return IssuerTokens(ISSUER, "awgp", IssuerKeys(ISSUER, http), clock=lambda: NOW)


def id_token(header: dict[str, Any] | None = None, key: Any = KEY, **changed: Any) -> str:
    claims = {
        "iss": ISSUER,
        "aud": "awgp",
        "sub": "ada",
        "sid": "s",
        "nonce": "n",
        "iat": NOW,
        "exp": NOW + 600,
        "auth_time": NOW - 100,
        "acr": "1",
    }
    kept = {name: value for name, value in (claims | changed).items() if value is not None}
    named = {"alg": "RS256", "kid": "k"} | (header or {})
    return jwt.encode(named, kept, key, algorithms=[named["alg"]])


def by_hand(algorithm: str, secret: bytes) -> str:
    """What no sound library signs: by a public key as a secret, or not at all."""
    header = _base64(json.dumps({"alg": algorithm, "kid": "k"}).encode())
    signed = f"{header}.{id_token().split('.')[1]}"
    signature = hmac.digest(secret, signed.encode(), "sha256") if secret else b""
    return f"{signed}.{_base64(signature)}"


def _base64(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")


def test_an_id_token_says_who_when_and_how() -> None:
    said = tokens().id_token(id_token(), nonce="n", max_age=100)
    assert (said.subject, said.sid, said.authenticated_at, said.acr) == ("ada", "s", NOW - 100, "1")
    assert tokens().id_token(id_token(aud=["awgp", "x"], azp="awgp"), nonce="n").subject == "ada"
    assert tokens().id_token(id_token(exp=NOW - 29), nonce="n").subject == "ada"
    assert tokens().id_token(id_token(nonce=None), nonce=None).subject == "ada"


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://elsewhere.example"},
        {"aud": "awgp-cli"},
        {"aud": ["awgp", "x"]},
        {"aud": ["awgp", "x"], "azp": "x"},
        {"azp": "x"},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"nonce": None},
        {"nonce": "m"},
        {"nonce": ["n"]},
        {"exp": None},
        {"exp": NOW - 31},
        {"iat": None},
        {"iat": NOW + 60},
        {"nbf": NOW + 60},
        {"auth_time": NOW - 331},
        {"auth_time": None},
        {"auth_time": "now"},
        {"typ": "Bearer"},
        {"events": {}},
        {"header": {"typ": "at+jwt"}},
        {"header": {"kid": "other"}},
        {"header": {"alg": "RS384"}},
        {"header": {"crit": ["b64"], "b64": True}},
    ],
)
def test_an_id_token_that_is_not_ours_does_not_count(changed: dict[str, Any]) -> None:
    with pytest.raises(IssuerTokenInvalid):
        tokens().id_token(id_token(**changed), nonce="n", max_age=300)


def test_no_id_token_is_signed_by_a_secret_or_by_nobody() -> None:
    for token in (
        by_hand("HS256", KEY.as_pem(private=False)),
        by_hand("none", b""),
        id_token(key=RSAKey.generate_key(2048)),
        "a.b.c",
        "",
        "x" * 20_000,
    ):
        with pytest.raises(IssuerTokenInvalid):
            tokens().id_token(token, nonce="n")
