"""Where attacks are tried: a runtime host with its witnesses, per kind of sandbox."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final
from uuid import uuid4

import pytest

from pipeline.execution import MIB, ExecutionResult, ExecutionSpec, ExitReason, Limits
from runtime_host.bundle import digest_of, pack
from tests.attacks.machine import Enclosure, Machine, Witness, settled
from tests.integration.own_engine import way_of
from tests.integration.own_host import INNOCENT, RUNSC, Host, Way, running_host, until

AGENTS: Final = Path(__file__).parent / "agents"
# Every attack is tried at each, a driver and whether it starts sandboxes ahead. What is cheap and
# tells most is tried at the first by `make test` too. Each has one host: `tests/together.py`.
PLACES: Final = [
    "runsc-cold",
    pytest.param("runsc-warm", marks=pytest.mark.attacks),
    pytest.param("docker-cold", marks=[pytest.mark.attacks, pytest.mark.docker]),
    pytest.param("docker-warm", marks=[pytest.mark.attacks, pytest.mark.docker]),
]
# What an engine puts into every container, which says nothing: its name is always `sandbox`.
OF_AN_ENGINE: Final = {"reads_of_the_machine": ["/etc/hostname", "/.dockerenv"]}
TRIES: Final = 10
# Small, so that a hole shows early and takes little with it.
SMALL: Final[dict[str, float]] = {
    "wall_seconds": 60.0,
    "memory_bytes": 32 * MIB,
    "disk_bytes": 4 * MIB,
    "processes": 16,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A host to be attacked. Whatever runs on it gets SMALL limits unless it says otherwise."""

    host: Host
    machine: Machine
    witness: Witness
    warm: bool = False

    @contextmanager
    def unharmed(self) -> Iterator[None]:
        """What happens in the block leaves the machine as it was, and the next run well."""
        self._park(self.host.spec(INNOCENT))
        before = settled(self.machine)
        yield
        innocent = self.host.run(self.host.spec(INNOCENT))
        assert (innocent.reason, innocent.result) == (ExitReason.OK, b'{"amount": 12}'), innocent
        self.machine.wait_until_as(before)
        assert self.witness.came() == []

    def run(self, program: str, **limits: float) -> ExecutionResult:
        return self.launch(self.spec_of(program, **limits))

    def run_files(self, files: dict[str, str]) -> ExecutionResult:
        return self.run_bundle(pack({name: text.encode() for name, text in files.items()}))

    def run_bundle(self, bundle: bytes, **limits: float) -> ExecutionResult:
        return self.launch(self.spec(bundle, **limits))

    def launch(self, spec: ExecutionSpec) -> ExecutionResult:
        """Run it, in a sandbox that was parked where this is a place for that."""
        for _ in range(TRIES):
            self._park(spec)
            result = self.host.run(replace(spec, execution_id=uuid4()))
            if result.warm is self.warm:
                return result
        raise AssertionError("no sandbox was parked for it")

    def _park(self, spec: ExecutionSpec) -> None:
        """Have a sandbox parked that this can run in, and no other."""
        if not self.warm:
            return
        parked = self.host.parked()
        self.host.run(replace(self.host.spec(INNOCENT), limits=spec.limits, scope=spec.scope))
        until(lambda: set(self.host.parked()) - set(parked), "a sandbox to be parked")

    def probe(self, *names: str) -> dict[str, list[str]]:
        """What got through of these probes, of all without a name; empty lists are right."""
        spec = self.spec(probes(), processes=32, disk_bytes=16 * MIB)
        payload = json.dumps(self.witness.request).encode()
        result = self.launch(
            replace(
                spec,
                payload=payload,
                payload_digest=digest_of(payload),
                entrypoint=("main.py", *names),
            )
        )
        assert (result.reason, result.lines) == (ExitReason.OK, ()), result
        assert result.result is not None
        report: dict[str, list[str]] = json.loads(result.result)
        return report

    def spec_of(self, program: str, **limits: float) -> ExecutionSpec:
        return self.spec(pack({"main.py": program.encode()}), **limits)

    def spec(self, bundle: bytes, **limits: float) -> ExecutionSpec:
        spec = self.host.spec_of(bundle)
        return replace(spec, limits=Limits.from_mapping({**SMALL, **limits}))


@contextmanager
def site_at(place: str, folder: Path, runtimes: Path, **settings: str) -> Iterator[Site]:
    """A host of this kind, until the block is left; then nothing at all is left of it."""
    driver, _, start = place.partition("-")
    enclosure = Enclosure()
    (folder / "host").mkdir()
    (folder / "witness").mkdir()
    settings = {"AWGP_WARM_SANDBOXES": str(int(start == "warm")), **settings}
    # The servers of these tests are on this machine.
    settings["AWGP_GATEWAY_OWN_MACHINE"] = "1"
    try:
        with (
            way_of(driver) as way,
            Witness.there(folder / "witness") as witness,
        ):
            entering = enclosure.entry_files
            with running_host(
                folder / "host", runtimes, way, entering=entering, **settings
            ) as host:
                warm = start == "warm"
                machine = Machine(host=host, enclosure=enclosure, warm=warm)
                yield Site(host=host, machine=machine, witness=witness, warm=warm)
            assert enclosure.processes() | set(host.processes()) == set()
            assert host.sandboxes() == []
    finally:
        enclosure.remove()


def got_through(report: dict[str, list[str]], way: Way) -> dict[str, list[str]]:
    """What a report has that it must not have."""
    allowed = {} if way is RUNSC else OF_AN_ENGINE
    return {name: found for name, found in report.items() if found != allowed.get(name, [])}


def probes() -> bytes:
    """The bundle of `agents/`."""
    return pack({path.name: path.read_bytes() for path in AGENTS.glob("*.py")})
