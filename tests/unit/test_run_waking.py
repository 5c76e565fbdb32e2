"""A sleep that ends when a run is told of, and the sleeper who is told nothing."""

import queue
import threading
from collections.abc import Iterator

import httpx
import pytest

from ops.control_plane import ServerRefused
from ops.run_waking import woken

FOR_EVER = 3600.0
PATIENCE_SECONDS = 60.0


def test_a_lost_connection_is_taken_up_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ops.run_waking.AGAIN_SECONDS", 0.0)
    times: list[int] = []

    def told() -> Iterator[None]:
        times.append(len(times))
        if len(times) < 3:
            raise httpx.ReadError("the connection is gone")
        yield

    with woken(told) as sleep:
        assert times == [], "nobody listens before somebody sleeps"
        sleep(FOR_EVER)
    assert len(times) >= 3


def test_who_is_refused_sleeps_and_asks_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ops.run_waking.AGAIN_SECONDS", 0.0)
    asking: queue.Queue[threading.Thread] = queue.Queue()

    def told() -> Iterator[None]:
        asking.put(threading.current_thread())
        raise ServerRefused("too many", problem="too-many-live-connections", status=429)

    with woken(told) as sleep:
        sleep(0.0)
        listener = asking.get(timeout=PATIENCE_SECONDS)
        listener.join(PATIENCE_SECONDS)
        assert not listener.is_alive()
        sleep(0.0)
    assert asking.empty()
