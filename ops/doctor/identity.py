"""The identity provider: discovery and keys as the edge needs them."""

from collections.abc import Iterator
from typing import Any, Final

import httpx

from ops.doctor.check import Check, fail, ok, skipped
from ops.doctor.run import Probe
from ops.doctor.system import ANSWER_SECONDS, System
from ops.embedded.oidc import issuer_url
from pipeline.bearer import ALGORITHMS
from pipeline.errors import AwgpError

SUBJECT: Final = "identity"
DISCOVERED: Final = "discovery"
MEND: Final = "is AWGP_OIDC_ISSUER the issuer's own spelling, and does this machine reach it?"


class ProviderAnswersWrong(AwgpError):
    """The identity provider answers, but not as one."""


def discovery(system: System) -> Iterator[Check]:
    if system.is_absent("oidc"):
        yield skipped(DISCOVERED, "not running; `awgp up` starts it")
        return
    issuer, document = _discover(system)
    if document.get("issuer") != issuer:
        said = f"it calls itself {document.get('issuer')}, not {issuer}: no token would count"
        yield fail(DISCOVERED, said, "set AWGP_OIDC_ISSUER to what it calls itself")
        return
    yield ok(DISCOVERED, issuer)


def keys(system: System) -> Iterator[Check]:
    _, document = _discover(system)
    listed = _json(str(document.get("jwks_uri"))).get("keys", [])
    usable = [
        each
        for each in listed
        if each.get("kty") in {"RSA", "EC"} and each.get("use", "sig") == "sig" and each.get("kid")
    ]
    if usable:
        yield ok("keys", f"{len(usable)} signing keys")
    else:
        mend = f"let it sign access tokens with {' or '.join(ALGORITHMS)}"
        yield fail("keys", "it publishes no usable signing key", mend)


def _discover(system: System) -> tuple[str, dict[str, Any]]:
    issuer = system.settings.oidc_issuer
    if not issuer and system.data is not None:
        issuer = issuer_url(system.data)
    return issuer, _json(f"{issuer.rstrip('/')}/.well-known/openid-configuration")


def _json(url: str) -> dict[str, Any]:
    """Raises: ProviderAnswersWrong."""
    answer = httpx.get(url, timeout=ANSWER_SECONDS)
    if answer.status_code != httpx.codes.OK:
        raise ProviderAnswersWrong(f"{url} answers {answer.status_code}")
    try:
        found = answer.json()
    except ValueError as exc:
        raise ProviderAnswersWrong(f"{url} does not answer JSON") from exc
    return found if isinstance(found, dict) else {}


PROBES: Final = (
    Probe(subject=SUBJECT, name=DISCOVERED, ask=discovery, mend=MEND),
    Probe(subject=SUBJECT, name="keys", ask=keys, needs=(DISCOVERED,), mend=MEND),
)
