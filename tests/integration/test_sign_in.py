"""Signing in and out with a browser, against the real provider, Valkey and database."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.conftest import Database
from tests.integration.signing_in import Servers, Site, open_site, start_servers
from tests.integration.world import World

pytestmark = pytest.mark.services


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    folder = Path(tempfile.mkdtemp(prefix="awgp-sign-in-"))
    with start_servers(folder) as started:
        yield started
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def site(servers: Servers, database: Database, world: World) -> Iterator[Site]:
    with open_site(servers, database) as opened:
        yield opened


def test_who_signs_in_is_known_and_who_signs_out_is_not(site: Site) -> None:
    ada = site.browser()
    done = ada.sign_in("ada", "?next=/runs")
    assert (done.status_code, done.headers["location"]) == (302, "/runs")

    me = ada.get("/v1/me").json()
    assert (me["name"], me["kind"]) == ("Ada Moreau", "human")
    assert [(each["tenant"], each["roles"]) for each in me["tenants"]] == [("acme", ["operator"])]
    assert me["authenticated_at"] is not None
    assert ada.get("/v1/runs", headers={"AWGP-Tenant": "acme"}).status_code == 200

    cookie = ada.cookie
    left = ada.post("/logout")
    assert left.status_code == 200
    assert left.json()["continue_at"].startswith(f"{site.servers.issuer}/session/end?")
    assert ada.get("/v1/me").status_code == 401
    thief = site.browser().get("/v1/me", headers={"Cookie": f"awgp_session={cookie}"})
    assert thief.status_code == 401
