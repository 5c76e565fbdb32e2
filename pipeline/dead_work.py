"""Replaying dead letters, or putting them aside: a run at a time.

As awgp_web within the run's tenant, under that tenant's own laws and audit trail: one that cannot
be replayed holds up no other.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import exc

from pipeline.dead_letters import DeadLetter
from pipeline.errors import AwgpError
from pipeline.outbox import Outbox
from pipeline.run_store import load_run, replay
from pipeline.work import Actor, Work

ANY_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# Connection, resources, an administrator's or the system's: not one run's fault.
SERVER_GONE = frozenset({"08", "53", "57", "58"})


class Skipped(AwgpError):
    """It cannot be done to this one; says why."""


@dataclass(slots=True, kw_only=True)
class Done:
    """What came of many: how many were done, and how many were not, by reason."""

    done: int = 0
    skipped: dict[str, int] = field(default_factory=dict)

    @property
    def skips(self) -> int:
        return sum(self.skipped.values())

    def skip(self, reason: str) -> None:
        self.skipped[reason] = self.skipped.get(reason, 0) + 1


def replay_one(outbox: Outbox, letter: DeadLetter, actor: Actor, why: str = "") -> None:
    """Send its run through policy and hold again, in its next epoch.

    Args:
        outbox: As awgp_web.
        why: Kept in the audit trail.

    Raises:
        Skipped: It was replayed or discarded, its run is not failed, or is still being sealed.
    """
    with _or_skipped(), outbox.work(letter.tenant_id) as work:
        _lock_open(work, letter)
        replay(work, letter.run_id, actor, why=why)


def discard_one(outbox: Outbox, letter: DeadLetter, actor: Actor, reason: str) -> None:
    """Put it aside: nobody will replay it. Its run stays failed.

    Args:
        outbox: As awgp_web.

    Raises:
        Skipped: It was replayed or discarded before.
    """
    with _or_skipped(), outbox.work(letter.tenant_id) as work:
        _lock_open(work, letter)
        work.execute(
            "UPDATE dead_letters SET discarded_at = clock_timestamp() WHERE dead_letter_id = :id",
            id=letter.dead_letter_id,
        )
        work.record(
            actor,
            "ops:dead_letter:discarded",
            ("dead_letter", str(letter.dead_letter_id)),
            metadata={"run": str(letter.run_id), "stage": letter.queue.value, "reason": reason},
        )


def do_all(
    letters: Iterator[DeadLetter],
    do: Callable[[DeadLetter], None],
    on_each: Callable[[], None],
) -> Done:
    """One after another; what cannot be done is counted with its reason and passed by."""
    done = Done()
    for letter in letters:
        try:
            do(letter)
            done.done += 1
        except Skipped as why:
            done.skip(str(why))
        on_each()
    return done


@contextmanager
def _or_skipped() -> Iterator[None]:
    """What is wrong with one is its own; a database that is gone is everybody's.

    Raises:
        Skipped: As its argument says.
    """
    try:
        yield
    except Skipped:
        raise
    except AwgpError as error:
        raise Skipped(_without_ids(error)) from error
    except exc.DBAPIError as error:
        state = str(getattr(error.orig, "sqlstate", None) or "")
        if error.connection_invalidated or not state or state[:2] in SERVER_GONE:
            raise
        raise Skipped(f"the database refused it (SQLSTATE {state})") from error


def _without_ids(error: AwgpError) -> str:
    # Counted by reason, so the reason is the same for all it is the reason of.
    return ANY_ID.sub("...", str(error))


def _lock_open(work: Work, letter: DeadLetter) -> None:
    """Lock the run, then see that its dead letter is open: the order every replay locks in."""
    load_run(work, letter.run_id, lock=True)
    found = work.execute(
        "SELECT replayed_at, discarded_at FROM dead_letters WHERE dead_letter_id = :id",
        id=letter.dead_letter_id,
    ).one_or_none()
    if found is None:
        raise Skipped("it is gone")
    if found[0] is not None:
        raise Skipped("replayed already")
    if found[1] is not None:
        raise Skipped("discarded; `awgp runs replay RUN` still replays its run")
