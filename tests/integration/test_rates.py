"""Limits in Valkey: one bucket for all edges, given back what the other bucket refused."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from ingest.rates import Ask, Bucket, Rates
from ops.embedded.running import Running
from ops.embedded.valkey import start_valkey, valkey_url
from pipeline.fast_path import PAUSE_SECONDS
from pipeline.rate import Rate
from pipeline.respite import Respite

pytestmark = pytest.mark.services

# So slowly that nothing comes back while a busy machine is at a test.
SOURCE, TENANT = Rate(per_minute=1, burst=10), Rate(per_minute=1, burst=100)


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Running]:
    tmp_path.chmod(0o755)
    with start_valkey(tmp_path / "data") as running:
        yield running


def rates(valkey: Running) -> Rates:
    return Rates(redis.Redis.from_url(valkey_url(valkey.data, "ingest")), Respite(PAUSE_SECONDS))


def ask(source: str, cost: int = 1) -> Ask:
    return Ask(
        buckets=(Bucket("source", f"s:{source}", SOURCE), Bucket("tenant", "t:1", TENANT)),
        cost=cost,
    )


def test_a_bucket_is_one_for_all_edges_and_lasts_until_it_is_empty(valkey: Running) -> None:
    one = rates(valkey)
    batch = one.charge([ask("1")] * 64)
    assert [each.allowed for each in batch] == [True] * 10 + [False] * 54
    # Until there is a place for one, not for all that were refused together.
    assert batch[-1].retry_after_seconds == 60
    assert batch[-1].headers()["RateLimit"].startswith('"source";r=0;t=600, "tenant";')
    (again,) = one.charge([ask("1")])
    (elsewhere,) = rates(valkey).charge([ask("1")])
    assert (again.allowed, elsewhere.allowed) == (False, False)
    # What its source refused was given back to the tenant: 100, less 10 and this one.
    (other,) = one.charge([ask("2")])
    assert other.allowed
    assert other.levels[1].remaining == 89


def test_a_batch_of_events_is_allowed_whole_or_not_at_all(valkey: Running) -> None:
    limits = rates(valkey)
    (large,) = limits.charge([ask("1", cost=11)])
    (fits,) = limits.charge([ask("1", cost=10)])
    assert (large.allowed, fits.allowed) == (False, True)


def test_without_valkey_an_edge_keeps_buckets_of_its_own(valkey: Running) -> None:
    limits = rates(valkey)
    assert limits.charge([ask("1")])[0].allowed
    valkey.stop()
    assert sum(each.allowed for each in limits.charge([ask("1")] * 64)) == 10
