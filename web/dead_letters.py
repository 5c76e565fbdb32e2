"""Runs that were given up: see why, send them again, or put them aside."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from pipeline.dead_letters import (
    Chosen,
    DeadLetter,
    DeadLetterUnknown,
    count_left,
    next_batch,
    page_before,
)
from pipeline.dead_work import Skipped, discard_one, do_all, replay_one
from pipeline.refusal import ProblemTable
from pipeline.run import Stage, Status
from pipeline.work import Actor, Work
from web.access import PEOPLE_WHO_OPERATE, READERS
from web.dead_letters_schemas import (
    DeadLetterPage,
    DeadLettersQuery,
    DeadLetterStory,
    ManyBody,
    ManyView,
    WhyBody,
)
from web.endpoint import endpoint, make_blueprint
from web.services import acting, reading, services
from web.setup_schemas import acting_person

blueprint = make_blueprint("dead-letters", "Runs that were given up, and what is done about them")

PROBLEMS: Final[ProblemTable] = {
    DeadLetterUnknown: (404, "dead-letter-not-found"),
    Skipped: (409, "dead-letter-not-open"),
}
ONE: Final = "/v1/dead-letters/<uuid:dead_letter_id>"
MOST_OTHERS: Final = 100

Do = Callable[[DeadLetter, Actor, str], None]


@endpoint(
    blueprint,
    "/v1/dead-letters",
    access=READERS,
    status=200,
    answer=DeadLetterPage,
    query=DeadLettersQuery,
)
def list_dead(query: dict[str, Any]) -> dict[str, Any]:
    """List runs that were given up, newest first"""
    chosen = _chosen(query, state=query["state"])
    with reading() as work:
        rows = page_before(
            work.connection, chosen, before=query["cursor"], limit=query["limit"] + 1
        )
        items = _shown(work, rows[: query["limit"]])
    more = len(rows) > len(items)
    return {"items": items, "next": items[-1]["dead_letter_id"] if more else None}


@endpoint(blueprint, ONE, access=READERS, status=200, answer=DeadLetterStory, problems=[404])
def show(dead_letter_id: UUID) -> dict[str, Any]:
    """Show why a run was given up, and each other time it was"""
    with reading() as work:
        return _story(work, dead_letter_id)


@endpoint(
    blueprint,
    f"{ONE}/replay",
    method="POST",
    access=PEOPLE_WHO_OPERATE,
    status=202,
    answer=DeadLetterStory,
    body=WhyBody,
    problems=[404, 409],
)
def replay_dead(body: dict[str, Any], dead_letter_id: UUID) -> dict[str, Any]:
    """Send its run through policy and hold again: the same id, the next epoch"""
    return _do_one(dead_letter_id, _replay, body["reason"])


@endpoint(
    blueprint,
    f"{ONE}/discard",
    method="POST",
    access=PEOPLE_WHO_OPERATE,
    status=200,
    answer=DeadLetterStory,
    body=WhyBody,
    problems=[404, 409],
)
def discard_dead(body: dict[str, Any], dead_letter_id: UUID) -> dict[str, Any]:
    """Put it aside: looked at, and not to be replayed; its run stays failed"""
    return _do_one(dead_letter_id, _discard, body["reason"])


@endpoint(
    blueprint,
    "/v1/dead-letters/replay",
    method="POST",
    access=PEOPLE_WHO_OPERATE,
    status=200,
    answer=ManyView,
    body=ManyBody,
)
def replay_many(body: dict[str, Any]) -> dict[str, Any]:
    """Replay open ones that are like this, oldest first, some at a time

    Call again with `cursor` until `next` is null. What fails again meanwhile is not met again.
    """
    return _do_many(body, _replay)


@endpoint(
    blueprint,
    "/v1/dead-letters/discard",
    method="POST",
    access=PEOPLE_WHO_OPERATE,
    status=200,
    answer=ManyView,
    body=ManyBody,
)
def discard_many(body: dict[str, Any]) -> dict[str, Any]:
    """Put aside open ones that are like this, oldest first, some at a time

    Call again with `cursor` until `next` is null.
    """
    return _do_many(body, _discard)


def _replay(letter: DeadLetter, actor: Actor, reason: str) -> None:
    replay_one(services().outbox, letter, actor, reason)


def _discard(letter: DeadLetter, actor: Actor, reason: str) -> None:
    discard_one(services().outbox, letter, actor, reason)


def _do_one(dead_letter_id: UUID, do: Do, reason: str) -> dict[str, Any]:
    with acting() as work:
        _, actor = acting_person(work)
        letter = _find(work, dead_letter_id)
    do(letter, actor, reason)
    with acting() as work:
        return _story(work, dead_letter_id)


def _do_many(body: dict[str, Any], do: Do) -> dict[str, Any]:
    """A batch, each in a transaction of its own."""
    chosen = _chosen(body, state="open")
    until, after = _place(body["cursor"])
    with acting() as work:
        _, actor = acting_person(work)
        batch = next_batch(work.connection, chosen, until=until, after=after, limit=body["limit"])
        after = batch[-1].dead_letter_id if batch else after
        left = count_left(work.connection, chosen, until=until, after=after)
    done = do_all(iter(batch), lambda letter: do(letter, actor, body["reason"]), lambda: None)
    return {
        "done": done.done,
        "skipped": [{"reason": why, "count": count} for why, count in done.skipped.items()],
        "left": left,
        "next": f"{int(until.timestamp() * 1_000_000)}.{after}" if left else None,
    }


def _place(cursor: str | None) -> tuple[datetime, UUID]:
    """Until when dead letters are meant, and which was the last that was met."""
    if cursor is None:
        return datetime.now(UTC), UUID(int=0)
    moment, _, after = cursor.partition(".")
    now = datetime.now(UTC)
    seconds = min(int(moment) / 1_000_000, now.timestamp())
    return datetime.fromtimestamp(seconds, UTC), UUID(after)


def _chosen(given: dict[str, Any], *, state: str) -> Chosen:
    return Chosen(
        run=given["run"],
        queue=None if given["stage"] is None else Stage(given["stage"]),
        error=given["error"],
        since=given["since"],
        until=given["until"],
        assistant=given["assistant"],
        state=state,
    )


def _find(work: Work, dead_letter_id: UUID) -> DeadLetter:
    """Raises: DeadLetterUnknown."""
    found = page_before(
        work.connection, Chosen(ids=[dead_letter_id], state="all"), before=None, limit=2
    )
    mine = [each for each in found if each.dead_letter_id == dead_letter_id]
    if not mine:
        raise DeadLetterUnknown(f"no dead letter {dead_letter_id}")
    return mine[0]


def _story(work: Work, dead_letter_id: UUID) -> dict[str, Any]:
    letter = _find(work, dead_letter_id)
    of_run = Chosen(run=letter.run_id, state="all")
    rows = page_before(work.connection, of_run, before=None, limit=MOST_OTHERS)
    others = [each for each in rows if each.dead_letter_id != dead_letter_id]
    (shown,) = _shown(work, [letter])
    return {**shown, "others": _shown(work, others)}


def _shown(work: Work, letters: Sequence[DeadLetter]) -> list[dict[str, Any]]:
    """With the names of their assistants, and where their runs are now."""
    runs = _runs(work, {each.run_id for each in letters})
    return [
        {name: getattr(each, name) for name in (*DeadLetter.__slots__, "state")} | runs[each.run_id]
        for each in letters
    ]


def _runs(work: Work, ids: Iterable[UUID]) -> dict[UUID, dict[str, Any]]:
    rows = work.execute(
        "SELECT r.run_id, a.name, r.status FROM runs r"
        " JOIN assistants a USING (tenant_id, assistant_id) WHERE r.run_id = ANY (:ids)",
        ids=list(ids),
    )
    return {row[0]: {"assistant": row[1], "run_status": Status(row[2])} for row in rows}
