"""The outside world's processes, and what their logs say."""

import base64
import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from ops.chaos.plan import Plan
from ops.chaos.system import SystemBroken
from ops.chaos.world import Sender
from ops.embedded.data_folder import write_atomically

REAL_SHARE: Final = 0.05
"""Of the load. A cold sandbox takes most of a second of a core, ten times all else of a run."""

HELD_SHARE: Final = 0.02
UNDER_WAY: Final = 15
"""Runs that may be waiting or at work at one time: with more, a queue would be measured."""

AGAIN_SHARE: Final = 0.03
BUSY_SHARE: Final = 0.02
SILENT_SHARE: Final = 0.01
FINISH_SECONDS: Final = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """One line of the client's list. `run` is None for an event that was refused for good."""

    event: str
    source: str
    status: int
    run: str | None
    sent_at: float
    acked_at: float
    tries: int


@dataclass(slots=True)
class Acknowledgements:
    """The client's list, read as it grows."""

    path: Path
    lines: list[Acknowledgement] = field(default_factory=list)
    _offset: int = 0

    def read(self) -> list[Acknowledgement]:
        """Everything that is on disk by now."""
        with suppress(FileNotFoundError), self.path.open("rb") as log:
            log.seek(self._offset)
            whole = log.read().rpartition(b"\n")
            self._offset += len(whole[0]) + len(whole[1])
            self.lines += [Acknowledgement(**json.loads(line)) for line in whole[0].splitlines()]
        return self.lines

    @property
    def runs(self) -> set[str]:
        return {each.run for each in self.lines if each.run is not None}


@contextmanager
def running_receiver(folder: Path, secrets: Mapping[str, bytes], seed: int) -> Iterator[str]:
    """Yield its URL."""
    config = {
        "secrets": {f"/{slug}": base64.b64encode(each).decode() for slug, each in secrets.items()},
        "seed": seed,
        "busy": BUSY_SHARE,
        "silent": SILENT_SHARE,
        "log": str(folder / "received.jsonl"),
    }
    with _running(folder, "receiver", config) as process:
        assert process.stdout is not None  # noqa: S101  # asked for just now
        port = process.stdout.readline().strip()
        if not port:
            raise SystemBroken("the receiver did not start")
        yield f"http://127.0.0.1:{port}"


@contextmanager
def running_client(
    folder: Path, ingest: str, senders: Sequence[Sender], plan: Plan
) -> Iterator["subprocess.Popen[str]"]:
    """The load, from here on until the block is left and what was begun is acknowledged."""
    config = {
        "ingest": ingest,
        "senders": [
            {**sender.as_json(), "weight": weight}
            for sender, weight in zip(senders, weights(senders), strict=True)
        ],
        "rate": plan.rate,
        "allowed": str(allow(folder, UNDER_WAY)),
        "threads": 24,
        "seed": plan.seed,
        "again": AGAIN_SHARE,
        "log": str(folder / "acknowledged.jsonl"),
    }
    with _running(folder, "client", config) as process:
        yield process


def allow(folder: Path, events: int) -> Path:
    """Let the client have begun this many events by now; returns where it looks."""
    path = folder / "allowed"
    write_atomically(path, str(events))
    return path


def weights(senders: Sequence[Sender]) -> list[float]:
    """Each sender's share of the load."""
    real = sum(sender.real for sender in senders)
    held = sum(sender.held for sender in senders)
    rest = (1 - REAL_SHARE - HELD_SHARE) / (len(senders) - real - held)
    return [
        HELD_SHARE / held if sender.held else REAL_SHARE / real if sender.real else rest
        for sender in senders
    ]


def received(folder: Path) -> list[dict[str, Any]]:
    """Every request the receiver got."""
    lines = (folder / "received.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def launches(ledger: Path) -> list[dict[str, Any]]:
    """Every launch and end of the executor's ledger."""
    return [json.loads(line) for line in ledger.read_text(encoding="utf-8").splitlines()]


@contextmanager
def _running(
    folder: Path, name: str, config: Mapping[str, Any]
) -> Iterator["subprocess.Popen[str]"]:
    path = folder / f"{name}.json"
    write_atomically(path, json.dumps(config))
    process = subprocess.Popen(
        [sys.executable, "-m", f"ops.chaos.{name}", str(path)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # a Ctrl-C is for us, who end it in order
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(FINISH_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
