"""The process that owns memories, and what a gateway asks of it over what the host lent."""

import json
import os
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from pipeline.execution import MIB
from pipeline.gateway_call import GatewayCall, Refused
from pipeline.gateway_scope import Scope
from runtime_host.cgroups import CgroupTree
from runtime_host.gateway.door import Knock
from runtime_host.gateway.fetching import Fetcher
from runtime_host.gateway.ledger import Ledger
from runtime_host.gateway.refusal import CallRefused
from runtime_host.gateway.requests import handler
from runtime_host.memory.beside import MemoryKeeper, MemorySettings, MemoryUnavailable
from runtime_host.wire import Decoder, WireBroken, encode, receive
from tests.integration.gateway_server import Server, answering
from tests.integration.own_host import until

ACME, GLOBEX, CLERK = UUID(int=1), UUID(int=2), UUID(int=3)
BUDGET: Final = {"calls": 20, "bytes": 8_000_000, "answer_bytes": 10_000, "call_seconds": 20}


@contextmanager
def keeper_at(folder: Path) -> Iterator[MemoryKeeper]:
    keeper = MemoryKeeper(MemorySettings(folder=folder))
    try:
        yield keeper
    finally:
        keeper.close()


class Agent:
    """What one execution asks through its gateway."""

    def __init__(
        self,
        keeper: MemoryKeeper,
        tenant: UUID,
        *,
        llm: dict[str, Any] | None = None,
        **budget: int,
    ) -> None:
        memory = {"entries": 10} | ({"model": "embed"} if llm else {})
        said = {"fetch": [], "budget": {**BUDGET, **budget}, "memory": memory}
        self.scope = Scope.from_json(said | ({"llm": llm} if llm else {}))
        self.connection, its = socket.socketpair()
        with its:
            keeper.lend(its, tenant=tenant, assistant=CLERK, entries=10)
        self.calls: list[GatewayCall] = []
        ledger = Ledger(self.scope.budget, self.calls.append)
        fetcher = Fetcher(self.scope, ledger, own_machine=True, resolve=lambda *_: ("127.0.0.1",))
        self._handle = handler(self.scope, ledger, fetcher, self.connection)

    def ask(self, operation: str, **values: Any) -> Any:
        body = json.dumps(values).encode()
        return self._handle(Knock(method="POST", path=f"/v1/memory/{operation}", body=body))


@pytest.fixture
def agent() -> Iterator[Callable[..., Agent]]:
    """Begins an execution, whose gateway goes with the test."""
    with ExitStack() as ends:

        def begin(*said: Any, **more: Any) -> Agent:
            made = Agent(*said, **more)
            ends.callback(made.connection.close)
            return made

        yield begin


def refused(act: Callable[[], object]) -> Refused:
    with pytest.raises(CallRefused) as caught:
        act()
    return caught.value.why


def owner_of(folder: Path) -> int:
    """Its process' number."""
    (found,) = (
        int(path.parent.name)
        for path in Path("/proc").glob("[0-9]*/cmdline")
        if os.fsencode(folder) in _read(path)
    )
    return found


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _ended(pid: int) -> bool:
    """Whether it has let go of all it had, whoever has yet to hear of its end."""
    try:
        states = [_read(path) for path in Path(f"/proc/{pid}/task").glob("[0-9]*/stat")]
    except FileNotFoundError:
        return True  # somebody has heard of it meanwhile
    return all(not each or each.rpartition(b")")[2].split()[0] == b"Z" for each in states)


def test_an_owner_that_ends_while_it_is_spoken_to_is_followed_by_another(
    tmp_path: Path, agent: Callable[..., Agent], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "memory"
    with keeper_at(folder) as keeper:
        agent(keeper, ACME).ask("upsert", entries=[{"text": "prefers mail"}])
        pid = owner_of(folder)
        os.kill(pid, signal.SIGKILL)
        until(lambda: _ended(pid), "the owner to be gone")
        # As it is for a moment: its connection has ended, and its process is yet to.
        monkeypatch.setattr(subprocess.Popen, "poll", lambda _: None)
        assert agent(keeper, ACME).ask("count") == {"count": 1}
        assert keeper.forget(ACME, CLERK) == 1


def test_the_owner_has_its_folder_alone_and_what_it_was_told_outlives_it(
    tmp_path: Path, agent: Callable[..., Agent]
) -> None:
    folder = tmp_path / "memory"
    with keeper_at(folder) as keeper:
        assert not folder.exists()  # nobody remembers anything yet
        clerk = agent(keeper, ACME)
        assert clerk.ask("upsert", entries=[{"text": "prefers mail"}]) == {"upserted": 1}
        pid = owner_of(folder)
        status = Path(f"/proc/{pid}/status").read_text()
        shown = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        assert (shown["NoNewPrivs"], int(shown["CapEff"], 16)) == ("1", 0)
        if os.geteuid() == 0:
            assert set(shown["Uid"].split()) == {"61183"}
            assert Path(f"/proc/{pid}/root").readlink() == folder
        _speak_nonsense(keeper)
        other = agent(keeper, GLOBEX)
        long = " ".join(str(n) for n in range(3000))
        many = [{"id": str(n), "text": f"{n}. {long}"} for n in range(256)]
        assert refused(lambda: clerk.ask("upsert", entries=many)) is Refused.TOO_LARGE
        # Few words, so the vectors are small: it is the texts that are too much.
        wordy = [{"id": str(n), "text": "x " * 8000} for n in range(66)]
        assert refused(lambda: clerk.ask("upsert", entries=wordy)) is Refused.TOO_LARGE
        assert other.ask("search", text="mail") == {"hits": []}
        assert other.ask("delete", ids=["a"], filter={"x": 1}) == {"deleted": 0}
        os.kill(pid, signal.SIGKILL)
        assert refused(lambda: clerk.ask("count")) is Refused.UNREACHABLE
        until(lambda: _ended(pid), "the owner to be gone")
        again, other = agent(keeper, ACME, answer_bytes=200), agent(keeper, GLOBEX)
        (hit,) = again.ask("search", text="Mail?")["hits"]
        assert (hit["text"], hit["payload"]) == ("prefers mail", {})
        again.ask("upsert", entries=[{"text": "x" * 300}])
        assert refused(lambda: again.ask("search", text="x" * 300)) is Refused.ANSWER_TOO_LARGE
        hostile: tuple[dict[str, Any], ...] = ({"limit": 0}, {"text": 1}, {"tenant": str(GLOBEX)})
        for each in hostile:
            assert refused(partial(again.ask, "search", **each)) is Refused.MALFORMED
        ended = [call for call in again.calls if call.error != "unfinished"]
        assert [(call.number, call.error) for call in ended] == [
            (1, ""), (2, ""), (3, "answer-too-large")
        ]  # fmt: skip
        assert {(call.destination, call.method) for call in ended} == {("memory:", "POST")}
        assert all(call.request and call.bytes_in for call in ended)
        assert keeper.forget(ACME, CLERK) == 1
        # Nothing is remembered anew by who runs meanwhile.
        assert refused(lambda: again.ask("count")) is Refused.UNREACHABLE
        assert other.ask("count") == {"count": 0}
        assert agent(keeper, ACME).ask("count") == {"count": 0}
        assert "prefers mail" not in repr([_read(each) for each in folder.rglob("*")])
        pid = owner_of(folder)
    until(lambda: not _read(Path(f"/proc/{pid}/cmdline")), "the owner to be gone")


def _speak_nonsense(keeper: MemoryKeeper) -> None:
    """What a gateway says that somebody took over: each is answered, or its connection ends."""
    for kind, body in (("forget", b"{}"), ("upsert", b"["), ("search", b"[" * 5000), ("get", b"1")):
        ours, its = socket.socketpair()
        with ours, its:
            keeper.lend(its, tenant=GLOBEX, assistant=CLERK, entries=1)
            ours.settimeout(20)
            order = {"type": kind, "tenant": str(ACME), "assistant": str(CLERK), "number": 7}
            ours.sendall(encode(order, body))
            told = receive(ours, Decoder())
            assert (told.type, told.body["why"], told.body["number"]) == ("refused", "malformed", 7)


def test_an_owner_that_takes_more_than_its_cap_is_ended_and_swept_like_a_sandbox(
    tmp_path: Path, agent: Callable[..., Agent]
) -> None:
    name, folder = f"awgp-owner-{os.getpid()}", tmp_path / "memory"
    groups = CgroupTree(name)
    if "memory" not in groups.controllers:
        pytest.skip("no group that caps memory can be made here")
    keeper = MemoryKeeper(MemorySettings(folder=folder, memory_bytes=96 * MIB))
    keeper.live_in(groups)
    with ExitStack() as ends:
        ends.callback(groups.remove)
        ends.callback(keeper.close)
        _is_ended_and_swept(keeper, folder, name, agent)
    assert not [at for at, _, _ in os.walk("/sys/fs/cgroup") if name in at]


def _is_ended_and_swept(
    keeper: MemoryKeeper, folder: Path, name: str, agent: Callable[..., Agent]
) -> None:
    with capture_logs() as told:
        clerk = agent(keeper, ACME)
        assert clerk.ask("upsert", entries=[{"text": "prefers mail"}]) == {"upserted": 1}
        _speak_too_much(keeper)
        assert refused(lambda: clerk.ask("count")) is Refused.UNREACHABLE
        until(lambda: "memory_ended" in {each["event"] for each in told}, "its end to be told")
        assert [each["why"] for each in told if each["event"] == "memory_ended"] == ["oom"]
        assert agent(keeper, ACME).ask("count") == {"count": 1}
    # As a host that was killed leaves it, should it not hear of that.
    pid = owner_of(folder)
    os.kill(pid, signal.SIGSTOP)
    another = CgroupTree(f"{name}-of-another")
    assert another.sweep() == set()
    another.remove()
    assert not _ended(pid)
    assert CgroupTree(name).sweep() == {"memory"}
    until(lambda: _ended(pid), "the owner to be gone")


def _speak_too_much(keeper: MemoryKeeper) -> None:
    """More numbers than there is room for in 96 MiB."""
    ours, its = socket.socketpair()
    with ours:
        with its:
            keeper.lend(its, tenant=GLOBEX, assistant=CLERK, entries=1)
        ours.settimeout(20)
        body = b'{"entries": [' + b"0.5," * 4_000_000 + b"1]}"
        with suppress(ConnectionError):  # it may be gone before it heard all
            ours.sendall(encode({"type": "upsert", "number": 1}, body))
        with pytest.raises((WireBroken, ConnectionError)):
            receive(ours, Decoder())


def test_texts_become_vectors_by_the_tenants_model(
    tmp_path: Path, agent: Callable[..., Agent]
) -> None:
    with answering() as port, keeper_at(tmp_path / "memory") as keeper:
        llm = {"url": f"http://llm.test:{port}/v1/", "models": ["embed"], "tokens": 12}
        clerk = agent(keeper, ACME, llm=llm | {"private": True})
        texts = [{"id": "long", "text": "x" * 50}, {"id": "short", "text": "x"}]
        assert clerk.ask("upsert", entries=texts) == {"upserted": 2}
        assert clerk.ask("search", text="y", limit=1)["hits"][0]["id"] == "short"
        assert [path for path, _ in Server.asked] == ["/v1/embeddings"] * 2
        assert refused(lambda: clerk.ask("search", text="none")) is Refused.ANSWER_BROKEN
        assert refused(lambda: clerk.ask("search", text="y")) is Refused.BUDGET_SPENT
        # It brings vectors of its own without it.
        assert len(clerk.ask("search", vector=[1, 1])["hits"]) == 2


def test_a_folder_that_is_no_memorys_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "others").write_text("theirs")
    (tmp_path / "file").write_text("a file")
    wrong = {"file": "FileExistsError"} | ({"taken": "FolderRefused"} if os.geteuid() == 0 else {})
    ours, its = socket.socketpair()
    with ours, its:
        for name, why in wrong.items():
            keeper = MemoryKeeper(MemorySettings(folder=tmp_path / name))
            with pytest.raises(MemoryUnavailable, match=f"did not start: {why}"):
                keeper.lend(its, tenant=ACME, assistant=CLERK, entries=1)
    assert (tmp_path / "taken" / "others").stat().st_uid == os.geteuid()
