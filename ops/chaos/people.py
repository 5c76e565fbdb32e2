"""The people at the desk, through the API, whatever is down meanwhile.

One approves what is held. Another stops a run now and then, at whatever moment it is.
"""

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from itertools import islice
from typing import Final
from uuid import UUID

import httpx

from ops.control_plane import AnswerUntrue, ControlPlane, ServerRefused
from ops.embedded.data_folder import DataFolder
from ops.embedded.oidc_login import SignInFailed, token_for
from ops.processes import web_urls

APPROVER: Final = "ben"
STOPPER: Final = "ada"
PAUSE_SECONDS: Final = 1.0
LOOK_SECONDS: Final = 0.2
"""How often who stops runs looks for one: most execute for a moment only."""

CHOICE: Final = 5
"""Among so many runs that execute just then, one is stopped."""

LATER: Final = (ServerRefused, SignInFailed, AnswerUntrue, httpx.HTTPError, KeyError, ValueError)
"""What an outage of any part looks like to a person: they try again."""


@dataclass(slots=True)
class Stopped:
    """Runs that somebody asked to be stopped, and those of them that were agreed to."""

    asked: set[str] = field(default_factory=set)
    agreed: set[str] = field(default_factory=set)


@contextmanager
def approving(data: DataFolder) -> Iterator[None]:
    """Approve every open question until left."""
    with _at_the_desk(data, APPROVER, _approve_once, PAUSE_SECONDS):
        yield


@contextmanager
def stopping(data: DataFolder, seed: int) -> Iterator[Stopped]:
    """Stop one run after another while it executes, until left."""
    stopped = Stopped()
    chance = random.Random(f"stops {seed}")  # noqa: S311  # repeatable
    with _at_the_desk(data, STOPPER, partial(_stop_one, stopped, chance), LOOK_SECONDS):
        yield stopped


@contextmanager
def _at_the_desk(
    data: DataFolder, who: str, do: Callable[[ControlPlane, threading.Event], None], pause: float
) -> Iterator[None]:
    left = threading.Event()
    thread = threading.Thread(target=_sit, args=(data, who, do, pause, left), daemon=True)
    thread.start()
    try:
        yield
    finally:
        left.set()
        thread.join()


def _sit(
    data: DataFolder,
    who: str,
    do: Callable[[ControlPlane, threading.Event], None],
    pause: float,
    left: threading.Event,
) -> None:
    urls = web_urls(data)
    desk: ControlPlane | None = None
    while not left.wait(pause):
        try:
            if desk is None:
                token = token_for(data, who).access_token
                desk = ControlPlane(web_url=urls["web"], ingest_url=urls["ingest"], token=token)
            do(desk, left)
        except LATER:
            desk = None


def _stop_one(
    stopped: Stopped, chance: random.Random, desk: ControlPlane, _left: threading.Event
) -> None:
    executing = [row["id"] for row in islice(desk.runs("executing"), CHOICE)]
    if not executing:
        return
    run = chance.choice(executing)
    # Noted first: an answer that is lost may have been agreed to.
    stopped.asked.add(run)
    try:
        desk.cancel(UUID(run), reason="chaos")
    except ServerRefused as refused:
        if refused.status != HTTPStatus.CONFLICT:
            raise
        stopped.asked.discard(run)  # its agent was quicker
    else:
        stopped.agreed.add(run)


def _approve_once(desk: ControlPlane, stop: threading.Event) -> None:
    for row in list(desk.approvals("open")):
        if stop.is_set():
            return
        seen = desk.approval(UUID(row["id"]))
        desk.vote(UUID(row["id"]), verdict="approve", digest=seen["digest"], reason="chaos")
