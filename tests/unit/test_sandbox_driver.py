"""What a run is told of a sandbox that cannot be removed; workers and hosts of two releases."""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

import pytest

from pipeline.execution import MIB, UNMEASURED, ExecutionResult, ExitReason, Limits, OutputLine
from pipeline.gateway_scope import Scope, read_grants
from runtime_host.driver import SandboxDriver
from runtime_host.gateway.beside import Gateway
from runtime_host.launch_frame import decode_launch, decode_result, encode_launch, encode_result
from runtime_host.lone_spec import lone_spec
from runtime_host.output import HEADER
from runtime_host.profile import Profile
from runtime_host.sandbox import Heard, SandboxFailed
from runtime_host.wire import Decoder, Frame

NONCE = "ab" * 16
SPEC = lone_spec(b"bundle", runtime="python3", runtime_digest="sha256:" + "0" * 64, limits=Limits())
PROFILE = Profile(
    runtime="python3",
    runtime_digest=SPEC.runtime_digest,
    rootfs=Path("/none"),
    interpreter="/usr/bin/python3",
    program=("/usr/bin/python3",),
    disk_bytes=MIB,
)
END = json.dumps({"exit_code": 3, "nonce": NONCE}).encode()
ENDED = HEADER.pack(b"S", 0) + HEADER.pack(b"X", len(END)) + END
SCOPE = Scope(
    grants=read_grants(
        [{"url": "https://api.example.com/", "methods": ["GET"]}], {"url", "methods"}, most=1
    )
)
RESULT = ExecutionResult(
    reason=ExitReason.OK,
    exit_code=0,
    result=b"{}",
    lines=(),
    truncated=False,
    duration_ms=1,
    peak_memory_bytes=None,
    detail="",
)


class Nobody:
    """Follows a run and has no say in it."""

    def descriptor(self) -> None:
        return None

    def events(self) -> int:
        return 0

    def ready(self, _events: int) -> None:
        return None

    def deadline(self) -> tuple[float, str]:
        return float("inf"), ""

    def line(self, line: OutputLine) -> None:
        """It is in the result too."""

    def over(self, _result: ExecutionResult) -> None:
        """It is returned too."""


class Follower(Nobody):
    """Hears a result, unless it had the run killed."""

    def __init__(self, sandbox: "Stuck", *, kills: bool = False) -> None:
        self.sandbox = sandbox
        self.kills = kills
        self.told: list[ExecutionResult] = []

    def deadline(self) -> tuple[float, str]:
        return (0.0 if self.kills else float("inf")), "killed"

    def over(self, result: ExecutionResult) -> None:
        assert self.sandbox.did == ["kill"]
        self.told.append(result)


@dataclass
class Stuck:
    """A sandbox that says this, is gone then, and cannot be removed."""

    said: bytes
    cap_holds: bool = True
    name: str = "stuck"
    nonce: str = NONCE
    gateway: Gateway | None = None
    caps_memory: ClassVar = True
    killed_at_once: bool = True
    did: list[str] = field(default_factory=list)
    job: tuple[int, int] = field(default_factory=os.pipe)
    says: tuple[int, int] = field(default_factory=os.pipe)

    def __post_init__(self) -> None:
        os.write(self.says[1], b"!")

    @property
    def stdin(self) -> int:
        return self.job[1]

    @property
    def sources(self) -> tuple[int, ...]:
        return (self.says[0],)

    def read(self, _source: int) -> Heard:
        return Heard(frames=self.said, closed=True, ended=True)

    def lives(self) -> bool:
        return True

    def limit(self, **_caps: int) -> None:
        if not self.cap_holds:
            raise OSError("no such group")

    def oom_kills(self) -> int:
        return 0

    def peak_bytes(self) -> None:
        return None

    def cpu_us(self) -> None:
        return None

    def kill(self) -> bool:
        self.did.append("kill")
        return self.killed_at_once

    def end(self) -> None:
        self.did.append("end")
        raise SandboxFailed("its folder could not be removed")


class Driver(SandboxDriver):
    """Has one sandbox."""

    platform: ClassVar = "none"
    controllers: ClassVar = frozenset[str]()
    parks: ClassVar = True

    def __init__(self, sandbox: Stuck) -> None:
        self.sandbox = sandbox

    def start(self, *_of: object, **_caps: object) -> Stuck:
        return self.sandbox

    def prepare(self) -> str:
        return "1"

    def sweep(self) -> int:
        return 0

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def stuck() -> Iterator[Callable[..., Stuck]]:
    made: list[Stuck] = []

    def make(said: bytes, *, cap_holds: bool = True) -> Stuck:
        made.append(Stuck(said, cap_holds))
        return made[-1]

    yield make
    for descriptor in (each for one in made for each in (*one.job, *one.says)):
        os.close(descriptor)


def test_what_has_run_is_told_although_its_sandbox_cannot_be_removed(
    stuck: Callable[..., Stuck],
) -> None:
    def cold(sandbox: Stuck) -> ExecutionResult | None:
        return Driver(sandbox).run(SPEC, PROFILE, Nobody())

    def warm(sandbox: Stuck) -> ExecutionResult | None:
        return Driver(sandbox).run_in(sandbox, SPEC, PROFILE, Nobody())

    for run in (cold, warm):
        ended = run(stuck(ENDED))
        assert ended is not None
        assert (ended.reason, ended.exit_code) == (ExitReason.ERROR, 3)
    # It is launched in another one: its agent has not begun.
    assert warm(stuck(b"")) is None
    with pytest.raises(SandboxFailed, match="removed"):
        warm(stuck(ENDED, cap_holds=False))
    with pytest.raises(SandboxFailed, match="removed"):
        Driver(stuck(ENDED)).run(replace(SPEC, scope=SCOPE), PROFILE, Nobody())


def test_a_result_is_told_before_its_sandbox_is_removed_once_nothing_can_change_it(
    stuck: Callable[..., Stuck],
) -> None:
    for warm in (False, True):
        sandbox = stuck(ENDED)
        follower = Follower(sandbox)
        driver = Driver(sandbox)
        if warm:
            result = driver.run_in(sandbox, SPEC, PROFILE, follower)
        else:
            result = driver.run(SPEC, PROFILE, follower)
        assert [*follower.told] == [result]
        assert result is not None
        assert result.warm is warm
        assert sandbox.did == ["kill", "end"]


def test_who_has_a_run_killed_hears_of_it_when_it_is_gone(stuck: Callable[..., Stuck]) -> None:
    unmarked = HEADER.pack(b"S", 0)
    for said, kills, at_once in ((unmarked, True, True), (ENDED, False, False)):
        sandbox = stuck(said)
        sandbox.killed_at_once = at_once
        follower = Follower(sandbox, kills=kills)
        Driver(sandbox).run(SPEC, PROFILE, follower)
        assert follower.told == []
        assert sandbox.did[-1] == "end"


def frame(sent: bytes) -> Frame:
    decoder = Decoder()
    decoder.feed(sent)
    found = decoder.next()
    assert found is not None
    return found


def test_a_worker_and_a_host_of_the_release_before_are_understood() -> None:
    launch = frame(encode_launch(SPEC, 30))
    old = {name: said for name, said in launch.body.items() if name not in {"scope", "credentials"}}
    assert decode_launch(Frame(body=old, blob=launch.blob)) == (SPEC, 30)
    told = frame(encode_result(RESULT))
    del told.body["usage"]
    assert decode_result(told, ()).usage == UNMEASURED
