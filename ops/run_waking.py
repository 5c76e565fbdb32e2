"""A sleep between two looks at a run, which ends as soon as the control plane tells of it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

import httpx

from pipeline.errors import AwgpError

AGAIN_SECONDS: Final = 1.0


@contextmanager
def woken(told: Callable[[], Iterator[None]]) -> Iterator[Callable[[float], None]]:
    """A sleep of so many seconds at the most; nobody listens before the first.

    What is told is a hint: who is not let in, or whose connection is lost, sleeps to the end.

    Args:
        told: Begins to listen. Begun again where it ends; for good where the server refuses.
    """
    more, over = threading.Event(), threading.Event()

    def listen() -> None:
        with suppress(AwgpError):
            while not over.is_set():
                with suppress(httpx.HTTPError, ValueError):
                    for _ in told():
                        more.set()
                over.wait(AGAIN_SECONDS)

    listener = threading.Thread(target=listen, name="run-told", daemon=True)

    def sleep(seconds: float) -> None:
        if listener.ident is None:
            listener.start()
        more.wait(seconds)
        more.clear()

    try:
        yield sleep
    finally:
        over.set()
