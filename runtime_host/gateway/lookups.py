"""Ask the machine's resolver for a name, and wait for it no longer than there is time.

It cannot be told to hurry. So threads of their own ask it, which are there before a gateway may
start none any more. One that is stuck takes nobody's call with it; while all are, lookups end by
their own time.
"""

import queue
import socket
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from pipeline.errors import AwgpError


class LookupTimedOut(AwgpError):
    """There was no answer in time."""


def ask_the_resolver(host: str, port: int) -> list[str]:
    """Addresses of a host, as the machine says.

    Raises:
        OSError: It has none.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(each[4][0]) for each in found]


@dataclass(slots=True, eq=False)
class _Asked:
    host: str
    port: int
    answer: Iterable[str] = ()
    error: Exception | None = None
    answered: threading.Event = field(default_factory=threading.Event)
    given_up: bool = False


class Lookups:
    """Asks with so many threads, started now."""

    def __init__(
        self, threads: int, ask: Callable[[str, int], Iterable[str]] = ask_the_resolver
    ) -> None:
        self._ask = ask
        self._waiting: queue.SimpleQueue[_Asked] = queue.SimpleQueue()
        for _ in range(threads):
            threading.Thread(target=self._serve, daemon=True).start()

    def resolve(self, host: str, port: int, seconds: float) -> Iterable[str]:
        """Addresses of a host.

        Raises:
            LookupTimedOut: Nothing was said within so many seconds.
            OSError: It has none.
        """
        asked = _Asked(host, port)
        self._waiting.put(asked)
        if not asked.answered.wait(seconds):
            asked.given_up = True
            raise LookupTimedOut(f"no answer about {host} in time")
        if asked.error is not None:
            raise asked.error
        return asked.answer

    def _serve(self) -> None:
        while True:
            asked = self._waiting.get()
            if asked.given_up:
                continue
            try:
                asked.answer = self._ask(asked.host, asked.port)
            except Exception as error:  # noqa: BLE001  # whoever asked is told
                asked.error = error
            asked.answered.set()
