"""Logins of the development provider that were made while it runs."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from ops.embedded.logins import add_login, known_logins, renew_password
from ops.embedded.oidc import AUDIENCE, issuer_url, start_oidc, subject_of
from ops.embedded.oidc_login import SignInFailed, token_for
from ops.embedded.running import Running
from pipeline.bearer import BearerVerifier

pytestmark = pytest.mark.services


@pytest.fixture(scope="module")
def oidc() -> Iterator[Running]:
    path = Path(tempfile.mkdtemp(prefix="awgp-logins-"))
    with start_oidc(path) as running:
        yield running
    shutil.rmtree(path)


def test_a_login_made_while_the_provider_runs_counts_at_once(oidc: Running) -> None:
    password = add_login(oidc.data, "nora", "Nora Vidal", ["initech-admins"], ["approver"])
    token = token_for(oidc.data, "nora", password).access_token
    with httpx.Client(timeout=60) as http:
        verifier = BearerVerifier(issuer_url(oidc.data), AUDIENCE, http=http)
        identity = verifier.identify(f"Bearer {token}")
    assert identity.subject == subject_of(oidc.data, "nora")
    assert (identity.name, identity.groups, identity.roles) == (
        "Nora Vidal",
        ("initech-admins",),
        ("approver",),
    )
    assert token_for(oidc.data, "ada").access_token  # the demo people are still there


def test_a_wrong_password_and_an_old_one_are_refused(oidc: Running) -> None:
    first = add_login(oidc.data, "max", "Max Weil")
    with pytest.raises(SignInFailed):
        token_for(oidc.data, "max", first + "x")
    second = renew_password(oidc.data, "max")
    assert token_for(oidc.data, "max", second)
    with pytest.raises(SignInFailed):
        token_for(oidc.data, "max", first)


def test_no_password_is_kept_anywhere(oidc: Running) -> None:
    password = add_login(oidc.data, "ivy", "Ivy Stone")
    assert "ivy" in known_logins(oidc.data)
    files = [path for path in oidc.data.root.rglob("*") if path.is_file()]
    assert [path for path in files if password.encode() in path.read_bytes()] == []
    kept = oidc.data.root / "secrets" / "logins.json"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert (oidc.data.folder("oidc") / "logins.json").stat().st_mode & 0o777 == 0o600
