"""The samples people paste into a shell prove what their scheme asks for."""

import itertools
import subprocess
from datetime import UTC, datetime
from typing import Any

import pytest

from pipeline.schemes import PlainMessage, Scheme
from pipeline.schemes.registry import SCHEMES, build_scheme
from pipeline.webhook_sample import sample

URL = "https://awgp.example/v1/hooks/7a3f"
BODY = '{"amount_cents": 1, "note": "it\'s $5 `now` 100%"}'
# Says what it was called with, a word a line.
CURL = 'curl() { printf "%s\\0" "$@"; }\n'
HMAC = {
    "header": "X-Signature",
    "prefix": 'v="$1`',
    "content": 'v0:{timestamp}:"{id}"`{body}',
    "timestamp_header": "X-Time",
    "id_header": "X-Id",
}
SETTINGS: dict[str, list[dict[str, Any]]] = {
    "gitlab": [{"how": "signature"}, {"how": "token"}],
    "twilio": [{}, {"algorithm": "sha256"}],
    "http-basic": [{"username": "erp"}],
    "header-token": [{}, {"header": "authorization", "prefix": "Bearer "}],
    "hmac": [
        HMAC,
        HMAC | {"encoding": "base64", "algorithm": "sha512", "timestamp_format": "unix-ms"},
        HMAC | {"encoding": "base64url", "key": "base64", "timestamp_format": "rfc3339"},
        {"header": "X-Signature", "key": "hex", "content": "{url}\\n{body}", "algorithm": "sha1"},
    ],
}
CASES = [
    (name, settings)
    for name in sorted(SCHEMES)
    if SCHEMES[name].about.secret is not None
    for settings in SETTINGS.get(name, [{}])
]


def words(script: str) -> list[str]:
    done = subprocess.run(
        ["/bin/bash", "-euc", CURL + script + 'send "$BODY"'],
        env={"PATH": "/usr/bin:/bin", "BODY": BODY},
        check=True,
        capture_output=True,
    )
    return done.stdout.decode().split("\0")[:-1]


def message(said: list[str], scheme: Scheme, told: str) -> PlainMessage:
    headers, url = {}, ""
    for option, value in itertools.pairwise(said):
        if option == "-H":
            name, _, text = value.partition(": ")
            headers[name.lower()] = text
        if value.startswith("https://"):
            url = value
    if "-u" in said:
        user, _, password = said[said.index("-u") + 1].partition(":")
        assert (user, password) == ("erp", told)
        headers["authorization"] = "Basic " + basic(f"{user}:{password}")
    assert said[said.index("--data-binary") + 1] == BODY
    del scheme
    return PlainMessage(headers=headers, body=BODY.encode(), url=url)


def basic(text: str) -> str:
    done = subprocess.run(
        ["/usr/bin/openssl", "base64", "-A"], input=text.encode(), check=True, capture_output=True
    )
    return done.stdout.decode()


@pytest.mark.parametrize(("name", "settings"), CASES)
def test_a_sample_verifies(name: str, settings: dict[str, object]) -> None:
    scheme = build_scheme(name, settings)
    form = scheme.form()
    assert form is not None
    secret = form.make()
    told = form.tell(secret)
    sent = message(words(sample(scheme, URL, told)), scheme, told)
    assert scheme.verify(sent, secret, datetime.now(UTC))
    assert told not in sample(scheme, URL, None)


@pytest.mark.parametrize("name", ["mtls", "oidc"])
def test_where_there_is_no_secret_the_sample_says_what_else_to_bring(name: str) -> None:
    needed: dict[str, dict[str, Any]] = {
        "mtls": {"subjects": ["CN=erp"]},
        "oidc": {"issuer": "https://id.example", "audience": "awgp", "subjects": ["erp"]},
    }
    shown = sample(build_scheme(name, needed[name]), URL, None)
    assert "SECRET" not in shown
    assert ("--cert" if name == "mtls" else "Bearer $TOKEN") in shown
