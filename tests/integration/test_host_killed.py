"""A runtime host killed at any instant leaves each run finished once, or honestly unknown.

Real worker and relay processes, a real broker, real sandboxes of each driver, parked and not, and
a real receiver.
"""

import os
import random
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from actors.sandbox_gauges import SandboxGauges
from ops.embedded.running import Running
from pipeline.handoff import RESEND_CEILING
from tests.integration.conftest import Database
from tests.integration.fake_host import approved_run
from tests.integration.own_engine import DRIVERS, way_of
from tests.integration.own_host import Host, Way, end, start, until, wait_until_serving
from tests.integration.processes import free_port, relay_process, wait_until, worker_process
from tests.integration.receiver import Receiver
from tests.integration.stages import rows, status
from tests.integration.test_worker_killed import (  # its fixtures are used here too
    ENDED,
    KEK,
    furnish,
    receiver,  # noqa: F401
    valkey,  # noqa: F401
)
from tests.integration.world import TenantWorld, World

pytestmark = [pytest.mark.runsc, pytest.mark.services, pytest.mark.timeout(900)]

SEED = os.environ.get("AWGP_TEST_SEED", "1")
LATEST_SECONDS = 0.6
"""After which a run that was sent is over, on a machine with nothing else to do."""


@dataclass(slots=True)
class Mortal:
    """A host that is killed and started again, on the same state and the same socket."""

    host: Host

    def start(self) -> None:
        self.host.process = start(self.host.folder, self.host.runtimes, self.host.way)
        wait_until_serving(self.host)

    def kill(self) -> None:
        self.host.process.kill()
        self.host.process.wait()

    def launches(self) -> "Counter[str]":
        """How often each execution was begun, as the host's own log has it."""
        lines = (self.host.folder / "log").read_text().splitlines()
        told = [line for line in lines if "launched" in line and "execution_id" in line]
        found = Counter[str]()
        for line in told:
            words = line.replace('"', " ").replace("=", " ").replace(",", " ").replace(":", " ")
            parts = words.split()
            found[parts[parts.index("run_id") + 1]] += 1
        return found


@pytest.fixture(scope="module", params=DRIVERS)
def way(request: pytest.FixtureRequest) -> Iterator[Way]:
    with way_of(request.param) as way:
        yield way


@pytest.fixture
def mortal(tmp_path: Path, runtimes: Path, way: Way) -> Iterator[Mortal]:
    process: subprocess.Popen[bytes] = start(tmp_path, runtimes, way)
    mortal = Mortal(way.host(tmp_path, runtimes, process))
    wait_until_serving(mortal.host)
    yield mortal
    end(mortal.host.process)
    assert not mortal.host.leftovers()


def send_at_once(database: Database, tenant: TenantWorld, count: int) -> list[UUID]:
    runs = [approved_run(database, tenant) for _ in range(count)]
    rows(database, tenant, "UPDATE handoffs SET next_send_at = clock_timestamp() RETURNING 1")
    return runs


@pytest.mark.parametrize("kills", [1, pytest.param(20, marks=pytest.mark.attacks)])
@pytest.mark.parametrize("retry", ["safe", "never"])
def test_each_run_is_finished_once_or_its_outcome_is_unknown(
    database: Database,
    world: World,
    valkey: Running,  # noqa: F811
    receiver: Receiver,  # noqa: F811
    mortal: Mortal,
    retry: str,
    kills: int,
) -> None:
    acme, chance = world.acme, random.Random(f"{SEED} {retry}")  # noqa: S311  # to be repeated
    furnish(database, acme, mortal.host, receiver, retry=retry)
    ops = f"127.0.0.1:{free_port()}"
    worker = worker_process(
        database,
        valkey,
        "execute",
        "post_action",
        AWGP_KEK=KEK,
        AWGP_RUNTIME_SOCKET=str(mortal.host.folder / "socket"),
        AWGP_LEASE_SECONDS="3",
        AWGP_OPS_ADDRESS=ops,
    )
    runs: list[UUID] = []

    def over() -> bool:
        return all(status(database, acme, run)["status"] in ENDED for run in runs)

    with relay_process(database, valkey), worker:
        for _ in range(kills):
            runs += send_at_once(database, acme, 2)
            time.sleep(chance.uniform(0, LATEST_SECONDS))
            assert list(SandboxGauges(mortal.host.client).collect())
            mortal.kill()
            assert list(SandboxGauges(mortal.host.client).collect()) == []  # a host that is away
            mortal.start()
        # A message that gets lost after a run has waited long for a host is long in coming again.
        wait_until(over, "every run to end", seconds=RESEND_CEILING.total_seconds() + 30)
        shown = httpx.get(f"http://{ops}/metrics", timeout=60).text
    assert "awgp_warm_sandboxes " in shown
    assert 'awgp_sandbox_launches_total{start="warm"}' in shown

    ends = [status(database, acme, run) for run in runs]
    delivered = [end["status"] for end in ends].count("delivered")
    for each in ends:
        assert each["status"] == "delivered" or each["reason"] == "outcome unknown", each
    done = rows(database, acme, "SELECT run_id FROM executions WHERE exit_reason = 'ok'")
    assert len(done) == len({row[0] for row in done}) == delivered
    if retry == "never":
        assert set(mortal.launches().values()) <= {1}
    assert len({each.headers["webhook-id"] for each in receiver.received}) == delivered
    until(lambda: not mortal.host.leftovers(), "the last sandbox to be removed")
