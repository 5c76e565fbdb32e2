"""What is done to many dead letters at once, or shown beforehand."""

import json
from collections.abc import Callable
from uuid import UUID

import click
from sqlalchemy import Engine

from ops.dead_filters import Filters
from ops.dead_view import (
    Names,
    group_json,
    groups_table,
    letter_json,
    letters_table,
)
from ops.operator_access import OPERATOR, OperatorAccess
from ops.terminal_output import progress_bars, table_console
from ops.terminal_text import one_line
from pipeline.dead_letters import (
    Chosen,
    DeadLetter,
    DeadLetterUnknown,
    groups,
    newest,
    walk,
)
from pipeline.dead_work import Done, do_all
from pipeline.outbox import Outbox

SOME_SKIPPED = 1
SHOWN = 10


class Task:
    """One thing that is done to many, or shown beforehand."""

    def __init__(
        self,
        done_word: str,
        do: Callable[[Outbox, DeadLetter], None],
        *,
        limit: int | None,
        as_json: bool,
    ) -> None:
        self._done_word = done_word
        self._do = do
        self._limit = limit
        self._as_json = as_json

    def run(
        self, access: OperatorAccess, filters: Filters, ids: tuple[UUID, ...], *, yes: bool
    ) -> int:
        """Returns the exit status."""
        with access.database(OPERATOR) as engine:
            chosen, names = filters.choose(engine, ids)
            with engine.connect() as connection:
                counted = groups(connection, chosen)
            total = sum(each.count for each in counted)
            if ids and not total:
                raise DeadLetterUnknown(
                    "none of these is a dead letter, or a run that has an open one;"
                    " `awgp dead list` lists them"
                )
            if not yes:
                self._preview(engine, chosen, names)
                return 0
            if not chosen.narrows:
                raise click.UsageError(
                    "say which: an ID, or one of --run, --queue, --error, --tenant, --since and"
                    " --until; `--until 0s` means every one"
                )
            with access.outbox() as outbox:
                done = self._do_all(engine, outbox, chosen, total)
        return self._conclude(done)

    def _do_all(self, engine: Engine, outbox: Outbox, chosen: Chosen, total: int) -> Done:
        with progress_bars(quiet=self._as_json) as bar:
            expected = total if self._limit is None else min(total, self._limit)
            task = bar.add_task(self._done_word, total=expected)
            return do_all(
                walk(engine, chosen, self._limit),
                lambda letter: self._do(outbox, letter),
                lambda: bar.advance(task),
            )

    def _preview(self, engine: Engine, chosen: Chosen, names: Names) -> None:
        with engine.connect() as connection:
            counted = groups(connection, chosen)
            first = newest(connection, chosen, min(SHOWN, self._limit or SHOWN))
        total = sum(each.count for each in counted)
        total = total if self._limit is None else min(total, self._limit)
        if self._as_json:
            what = {
                "dry_run": True,
                "count": total,
                "groups": [group_json(each, names) for each in counted],
                "first": [letter_json(each, names) for each in first],
            }
            click.echo(json.dumps(what))
            return
        if not total:
            click.echo("no dead letter is like that: nothing would be done")
            return
        table_console().print(groups_table(counted[:SHOWN], names))
        table_console().print(letters_table(first, names))
        click.echo(f"{total} would be {self._done_word}; --yes does it")

    def _conclude(self, done: Done) -> int:
        if self._as_json:
            said = {"dry_run": False, self._done_word: done.done, "skipped": done.skipped}
            click.echo(json.dumps(said))
        else:
            click.echo(f"{done.done} {self._done_word}, {done.skips} skipped")
            for reason, count in done.skipped.items():
                click.echo(f"  {count}: {one_line(reason)}")
        return SOME_SKIPPED if done.skips else 0
