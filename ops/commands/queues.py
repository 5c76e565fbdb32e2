"""`awgp queues`, `pause`, `resume`, `drain`: how queues stand, and whether they give work away."""

import json
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime

import click
from rich.console import Console
from rich.live import Live
from rich.table import Table
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from ops.command_options import json_option
from ops.live_events import events_of
from ops.operator_access import OPERATOR, OperatorAccess, operator_options
from ops.operator_actor import operator
from ops.queue_drain import follow_drains, left_draining
from ops.queue_drain_view import drain_bars, drained, outcome_line
from ops.queue_table import notes, queue_table, standing_line
from ops.terminal_output import table_console
from pipeline.queue_change import Change, set_queue, tell_all
from pipeline.queue_look import Look, QueueLook, QueueWatch
from pipeline.queue_state import QueueState, queue_figures
from pipeline.run import Stage

NOT_DRAINED = 1
# Workers say how they fare once a second.
RATE_SECONDS = 2.0

queue_argument = click.argument(
    "queues",
    nargs=-1,
    required=True,
    metavar="QUEUE...",
    type=click.Choice([stage.value for stage in Stage]),
)
reason_option = click.option(
    "--reason", default="", metavar="TEXT", help="Why; kept with the queue and in the audit trail."
)


@click.command("queues")
@click.option("--tenant", metavar="SLUG", help="One tenant's share; all by default.")
@click.option("--by-tenant", is_flag=True, help="Each tenant's share too.")
@click.option(
    "--watch",
    type=click.FloatRange(min=0.2),
    is_flag=False,
    flag_value=2.0,
    metavar="[SECONDS]",
    help="Look again and again, every 2 seconds by default; Ctrl-C ends it.",
)
@click.option("--quick", is_flag=True, help="One look, without the 2 seconds the rate takes.")
@json_option
@operator_options
def queues_command(
    access: OperatorAccess,
    *,
    tenant: str | None,
    by_tenant: bool,
    watch: float | None,
    quick: bool,
    as_json: bool,
) -> None:
    """Show how every queue stands: what waits, what is worked on, what failed.

    DEPTH is what is due now, worked on or not; OLDEST how long the oldest of it has waited for a
    worker. RETRYING failed before and waits for its next try. DEAD is for `awgp dead list`. RATE is
    messages worked on a second, over the last seconds, as the workers say. With --watch --json,
    a line a look.

    \b
    Examples:
      awgp queues
      awgp queues --by-tenant
      awgp queues --watch 1
      awgp queues --json --quick
    """
    with access.database(OPERATOR) as engine, access.redis() as client:
        watching = QueueWatch(engine=engine, client=client, tenant=tenant)
        if watch is not None:
            _watch(watching, watch, by_tenant=by_tenant, as_json=as_json)
            return
        if not quick and watching.listen()[1] is None:
            time.sleep(RATE_SECONDS)
        look = watching.look()
    if as_json:
        click.echo(json.dumps(_as_json(look, by_tenant=by_tenant)))
        return
    table_console().print(queue_table(look, by_tenant=by_tenant))
    for line in notes(look):
        click.echo(line)


@click.command("pause")
@queue_argument
@reason_option
@json_option
@operator_options
def pause(access: OperatorAccess, *, queues: Sequence[str], reason: str, as_json: bool) -> None:
    """Let queues give away no work: what is being worked on ends, the rest waits.

    Nothing is lost: requests are still accepted, and what waits stays in the database. While
    `audit` is paused nothing is sealed and no checkpoint is signed.

    \b
    Examples:
      awgp pause execute --reason "kernel upgrade"
      awgp pause policy hold execute post_action
    """
    with access.database(OPERATOR) as engine:
        changes = _set(access, engine, queues, QueueState.PAUSED, reason)
        leased = _leased(engine)
    if as_json:
        _print_changes(changes)
        return
    for each in changes:
        still = leased.get(each.queue, 0)
        click.echo(standing_line(each) + (f"; {still} still being worked on" if still else ""))


@click.command("resume")
@queue_argument
@reason_option
@json_option
@operator_options
def resume(access: OperatorAccess, *, queues: Sequence[str], reason: str, as_json: bool) -> None:
    """Let queues give away work again, and make what waits due at once.

    \b
    Example:
      awgp resume execute
    """
    with access.database(OPERATOR) as engine:
        changes = _set(access, engine, queues, QueueState.RUNNING, reason)
    if as_json:
        _print_changes(changes)
        return
    for each in changes:
        click.echo(standing_line(each))


@click.command("drain")
@queue_argument
@reason_option
@click.option(
    "--timeout",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="Wait no longer; as long as it takes by default.",
)
@json_option
@operator_options
@click.pass_context
def drain(
    ctx: click.Context,
    access: OperatorAccess,
    *,
    queues: Sequence[str],
    reason: str,
    timeout: float | None,
    as_json: bool,
) -> None:
    """Let queues work off what is due now and nothing newer, then pause them.

    What waits for its next try is part of it. Exit status 1 where the time runs out, or somebody
    resumed the queue meanwhile; what is not done goes on draining.

    \b
    Examples:
      awgp drain execute --reason "upgrade"
      awgp drain policy hold --timeout 60
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    named = [Stage(name) for name in dict.fromkeys(queues)]
    said = left_draining(named, lambda line: click.echo(line, err=True))
    with access.database(OPERATOR) as engine, said:
        changes = _set(access, engine, queues, QueueState.DRAINING, reason)
        if not as_json:
            for each in changes:
                click.echo(standing_line(each))
        with drain_bars(changes, quiet=as_json) as on_look:
            found = follow_drains(
                engine, changes, by=operator(), on_look=on_look, deadline=deadline
            )
        _tell(access, engine)
    if as_json:
        click.echo(json.dumps({"queues": [drained(each, found[each.queue]) for each in changes]}))
    else:
        for outcome in found.values():
            click.echo(outcome_line(outcome))
    over = all(each.state is QueueState.PAUSED for each in found.values())
    ctx.exit(0 if over else NOT_DRAINED)


commands = (queues_command, pause, resume, drain)


def _watch(watching: QueueWatch, seconds: float, *, by_tenant: bool, as_json: bool) -> None:
    """Until Ctrl-C; a database that is away is said and waited for."""
    if as_json:
        while True:
            click.echo(json.dumps(_look_or_why(watching, by_tenant=by_tenant)))
            sys.stdout.flush()
            time.sleep(seconds)
    # Whatever is wrong with what was asked for is said before the screen is taken.
    look = watching.look()
    with Live(console=Console(highlight=False), auto_refresh=False, screen=False) as live:
        while True:
            live.update(_screen(look, by_tenant=by_tenant), refresh=True)
            time.sleep(seconds)
            try:
                look = watching.look()
            except OperationalError:
                live.console.print(f"{_now()} the database cannot be used; looking again")


def _screen(look: Look, *, by_tenant: bool) -> Table:
    screen = Table.grid()
    screen.add_row(f"{look.at:%Y-%m-%d %H:%M:%S}Z")
    screen.add_row(queue_table(look, by_tenant=by_tenant))
    for line in notes(look):
        screen.add_row(line)
    return screen


def _look_or_why(watching: QueueWatch, *, by_tenant: bool) -> dict[str, object]:
    try:
        return _as_json(watching.look(), by_tenant=by_tenant)
    except OperationalError:
        return {"at": _now(), "error": "the database cannot be used"}


def _as_json(look: Look, *, by_tenant: bool) -> dict[str, object]:
    def shares(queue: QueueLook) -> dict[str, object]:
        if not by_tenant:
            return {}
        of_tenants = ("tenant", "depth", "oldest_seconds", "in_flight", "retrying", "dead")
        found = [each.as_json() for each in look.shares if each.queue is queue.queue]
        return {"tenants": [{name: each[name] for name in of_tenants} for each in found]}

    return {
        "at": look.at.isoformat(),
        "broker": look.broker or "ok",
        "queues": [each.as_json() | shares(each) for each in look.queues],
    }


def _set(
    access: OperatorAccess, engine: Engine, queues: Sequence[str], to: QueueState, reason: str
) -> list[Change]:
    names = dict.fromkeys(queues)
    changes = [set_queue(engine, Stage(name), to, by=operator(), reason=reason) for name in names]
    _tell(access, engine)
    return changes


def _tell(access: OperatorAccess, engine: Engine) -> None:
    with events_of(access.settings) as live:
        tell_all(engine, live)


def _leased(engine: Engine) -> dict[Stage, int]:
    found: dict[Stage, int] = {}
    with engine.connect() as connection:
        for each in queue_figures(connection):
            found[each.queue] = found.get(each.queue, 0) + each.leased
    return found


def _print_changes(changes: Sequence[Change]) -> None:
    click.echo(json.dumps({"queues": [_changed(each) for each in changes]}))


def _changed(change: Change) -> dict[str, object]:
    return {
        "queue": change.queue.value,
        "before": change.before.state.value,
        "after": change.after.state.value,
        "changed_at": change.after.changed_at.isoformat(),
        "changed_by": change.after.changed_by,
        "reason": change.after.reason,
    }


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}Z"
