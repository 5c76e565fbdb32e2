"""`awgp dead`: the runs that were given up, and what is done about them."""

import json
from uuid import UUID

import click
from sqlalchemy import Connection

from ops.command_options import json_option
from ops.dead_filters import Filters, dead_filters
from ops.dead_task import Task
from ops.dead_view import (
    letter_json,
    letters_table,
    story,
    story_table,
)
from ops.operator_access import (
    OPERATOR,
    OperatorAccess,
    operator_options,
)
from ops.operator_actor import operator
from ops.terminal_output import table_console
from pipeline.dead_letters import (
    Chosen,
    DeadLetter,
    DeadLetterUnknown,
    newest,
)
from pipeline.dead_work import discard_one, replay_one
from pipeline.known_tenants import tenant_slugs
from pipeline.outbox import Outbox
from pipeline.run_store import load_run

HISTORY = 100

ids_argument = click.argument("ids", nargs=-1, type=click.UUID, metavar="[ID...]")
limit_option = click.option("--limit", type=click.IntRange(1), help="At most so many.")
yes_option = click.option("--yes", is_flag=True, help="Do it; without, it is only shown.")


@click.group("dead")
def command() -> None:
    """See runs that were given up, replay or discard them.

    \b
    Examples:
      awgp dead list --queue post_action --since 2h
      awgp dead show 01936c2e-...
      awgp dead replay --queue post_action --error "HTTP 503" --yes
      awgp dead discard 01936c2e-... --reason "sent by hand" --yes
    """


@command.command("list")
@dead_filters
@click.option("--all", "everything", is_flag=True, help="Replayed and discarded ones too.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
@json_option
@operator_options
def list_(
    access: OperatorAccess, filters: Filters, *, everything: bool, limit: int, as_json: bool
) -> None:
    """List runs that were given up, newest first.

    \b
    Examples:
      awgp dead list
      awgp dead list --tenant acme --error "HTTP 503" --since 7d --json
    """
    with access.database(OPERATOR) as engine:
        chosen, names = filters.choose(engine, everything=everything)
        with engine.connect() as connection:
            found = newest(connection, chosen, limit + 1)
    if as_json:
        click.echo(json.dumps([letter_json(each, names) for each in found[:limit]]))
        return
    if not found:
        click.echo("no dead letter is like that" if chosen.narrows else "no dead letters")
        return
    table_console().print(letters_table(found[:limit], names))
    if len(found) > limit:
        click.echo(f"there are more than {limit}; --limit shows them")


@command.command()
@click.argument("letter_id", type=click.UUID, metavar="ID")
@json_option
@operator_options
def show(access: OperatorAccess, *, letter_id: UUID, as_json: bool) -> None:
    """Show why a run was given up, each time it was, and what to do next.

    ID is a dead letter's or a run's.

    \b
    Example:
      awgp dead show 01936c2e-...
    """
    with access.database(OPERATOR) as engine, engine.connect() as connection:
        names = tenant_slugs(connection)
        history = _history(connection, letter_id)
    with access.outbox() as outbox, outbox.work(history[0].tenant_id) as work:
        shown = story(load_run(work, history[0].run_id), history, names)
    if as_json:
        click.echo(json.dumps(shown))
    else:
        table_console().print(story_table(shown))


@command.command()
@ids_argument
@dead_filters
@limit_option
@yes_option
@json_option
@operator_options
@click.pass_context
def replay(
    ctx: click.Context,
    access: OperatorAccess,
    filters: Filters,
    *,
    ids: tuple[UUID, ...],
    limit: int | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Send runs through policy and hold again: the same id, the next epoch.

    Nothing happens without --yes; it shows what would. A run that cannot be replayed is skipped,
    with the reason, and holds up no other; exit status 1 says that there was one. ID is a dead
    letter's or a run's.

    \b
    Examples:
      awgp dead replay --queue post_action --since 2h
      awgp dead replay --queue post_action --since 2h --yes
    """
    actor = operator()

    def send_again(outbox: Outbox, letter: DeadLetter) -> None:
        replay_one(outbox, letter, actor)

    task = Task("replayed", send_again, limit=limit, as_json=as_json)
    ctx.exit(task.run(access, filters, ids, yes=yes))


@command.command()
@ids_argument
@dead_filters
@click.option("--reason", required=True, metavar="TEXT", help="Why; kept in the audit trail.")
@limit_option
@yes_option
@json_option
@operator_options
@click.pass_context
def discard(
    ctx: click.Context,
    access: OperatorAccess,
    filters: Filters,
    *,
    ids: tuple[UUID, ...],
    reason: str,
    limit: int | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Put dead letters aside: looked at, and not to be replayed. Their runs stay failed.

    Nothing happens without --yes; it shows what would.

    \b
    Example:
      awgp dead discard 01936c2e-... --reason "booked by hand" --yes
    """
    if not 1 <= len(reason.strip()) <= 500:
        raise click.BadParameter("1 to 500 characters", param_hint="--reason")
    actor = operator()

    def put_aside(outbox: Outbox, letter: DeadLetter) -> None:
        discard_one(outbox, letter, actor, reason.strip())

    task = Task("discarded", put_aside, limit=limit, as_json=as_json)
    ctx.exit(task.run(access, filters, ids, yes=yes))


def _history(connection: Connection, letter_id: UUID) -> list[DeadLetter]:
    """Every dead letter of the run that is meant, the latest first.

    Raises:
        DeadLetterUnknown: There is none.
    """
    named = newest(connection, Chosen(ids=[letter_id]), 1)
    run_id = named[0].run_id if named else letter_id
    history = newest(connection, Chosen(run=run_id, everything=True), HISTORY)
    if not history:
        raise DeadLetterUnknown(
            f"no dead letter and no run that was given up is {letter_id};"
            " `awgp dead list --all` lists them"
        )
    return history
