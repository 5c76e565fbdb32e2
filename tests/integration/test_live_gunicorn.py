"""The control plane as it is served: who watches holds no thread, and is told when it stops."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from ops.bench.live_world import Issuer
from ops.bench.served_app import PRODUCT, ServedApp, served_app
from ops.embedded.running import Running
from ops.embedded.valkey import start_valkey, valkey_url
from tests.integration.conftest import Database
from tests.integration.control_plane import KEK
from tests.integration.live_client import go_away, watch
from tests.integration.world import World

pytestmark = pytest.mark.services

# More than all threads of both workers (ops/gunicorn_conf.py).
MANY = 40


@pytest.fixture(scope="module")
def valkey(server_folder: Path) -> Iterator[Running]:
    with start_valkey(server_folder / "live-gunicorn") as running:
        yield running


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    issuer = Issuer()
    with issuer.served():
        yield issuer


@pytest.fixture
def web(
    valkey: Running, database: Database, world: World, issuer: Issuer, cluster: Running
) -> Iterator[ServedApp]:
    del world
    told = {
        "AWGP_DATABASE_URL": database.url("awgp_web", password=False),
        "AWGP_DATABASE_PASSWORD": cluster.data.secret("awgp_web"),
        "AWGP_HOLDING_PASSWORD": cluster.data.secret("awgp_holding"),
        "AWGP_REDIS_URL": valkey_url(valkey.data, "web"),
        "AWGP_OIDC_ISSUER": issuer.url,
        "AWGP_OIDC_CLIENT_ID": "awgp",
        "AWGP_OIDC_CLIENT_SECRET": "not asked for",
        "AWGP_SESSION_KEY": "s" * 43,
        "AWGP_KEK": KEK,
        "AWGP_PUBLIC_URL": "http://127.0.0.1:{port}",
    }
    with served_app(
        valkey.data, "live", "web.app:from_environ()", told, configuration=PRODUCT
    ) as app:
        yield app
    go_away()


def test_more_watch_than_there_are_threads_and_the_api_answers_and_a_stop_sends_all_elsewhere(
    web: ServedApp, issuer: Issuer
) -> None:
    base = f"http://127.0.0.1:{web.port}"
    tokens = [issuer.token("acme", f"watcher-{number % 10}") for number in range(MANY)]
    watchers = [watch(base, token) for token in tokens]
    for each in watchers:
        each.until("hello")
    me = httpx.get(f"{base}/v1/me", headers={"Authorization": f"Bearer {tokens[0]}"}, timeout=60)
    assert me.status_code == 200
    os.kill(web.master, signal.SIGTERM)
    assert {each.until_closed() for each in watchers} == {1012}
