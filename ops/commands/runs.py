"""`awgp runs`: requests on their way through the stages."""

from functools import partial
from itertools import islice
from typing import Any, Final
from uuid import UUID

import click
from rich.table import Table
from rich.text import Text

from ops.caller_options import caller_options
from ops.command_options import json_option, print_json
from ops.control_plane import ControlPlane
from ops.run_following import ending, passed
from ops.run_output import line_in_words, lines_of
from ops.run_waking import woken
from ops.setup_options import confirm
from ops.terminal_output import table_console
from ops.terminal_text import moment, one_line, pretty
from pipeline.run import Status

# Of `awgp runs tail`, by how the run ended.
EXITS: Final = {
    Status.COMPLETED: 0,
    Status.DENIED: 3,
    Status.REJECTED: 3,
    Status.EXPIRED: 4,
    Status.CANCELLED: 4,
    Status.FAILED: 5,
}


@click.group("runs")
def command() -> None:
    """See runs, follow one, end one, and replay one that failed.

    \b
    Examples:
      awgp runs list --status held
      awgp runs show 01936c2e-...
      awgp runs tail 01936c2e-...
      awgp runs log 01936c2e-... --follow
      awgp runs cancel 01936c2e-...
      awgp runs replay 01936c2e-...
    """


@command.command("list")
@click.option("--status", type=click.Choice([status.value for status in Status]))
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
@json_option
@caller_options
def list_(plane: ControlPlane, *, status: str | None, limit: int, as_json: bool) -> None:
    """List the tenant's runs, newest first.

    \b
    Examples:
      awgp runs list
      awgp runs list --status failed --limit 500 --json
    """
    found = list(islice(plane.runs(status), limit))
    if as_json:
        print_json(found)
        return
    if not found:
        click.echo("no runs" if status is None else f"no run is {status}")
        return
    table = Table("run", "status", "epoch", "assistant", "changed", box=None, pad_edge=False)
    for each in found:
        cells = (each["id"], each["status"], str(each["epoch"]), each["assistant"])
        table.add_row(*(Text(one_line(cell)) for cell in (*cells, moment(each["changed_at"]))))
    table_console().print(table)


@command.command()
@click.argument("run_id", type=click.UUID, metavar="RUN")
@json_option
@caller_options
def show(plane: ControlPlane, *, run_id: UUID, as_json: bool) -> None:
    """Show how a run fares: status, approval, execution, deliveries.

    \b
    Example:
      awgp runs show 01936c2e-... --json
    """
    shown = plane.run(run_id)
    if as_json:
        print_json(shown)
        return
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in shown.items():
        if value not in (None, [], {}):
            table.add_row(name.replace("_", " "), Text(_cell(name, value)))
    table_console().print(table)


@command.command()
@click.argument("run_id", type=click.UUID, metavar="RUN")
@json_option
@caller_options
def tail(plane: ControlPlane, *, run_id: UUID, as_json: bool) -> None:
    """Follow a run to its end; the exit status says how it ended.

    0 completed, 3 denied or rejected, 4 expired or cancelled, 5 failed; 1 or 2 where it could
    not be followed. With --json each state is a line.

    \b
    Examples:
      awgp runs tail 01936c2e-...
      awgp runs tail 01936c2e-... --json | tail -n 1
    """
    view: dict[str, Any] = {}
    said = 0
    for view in plane.run_states(run_id):
        if as_json:
            print_json(view)
            continue
        for stage, words in passed(view)[said:]:
            click.echo(f"{stage}: {words}")
            said += 1
    if not as_json:
        click.echo(ending(view))
    raise click.exceptions.Exit(EXITS[Status(view["status"])])


@command.command("log")
@click.argument("run_id", type=click.UUID, metavar="RUN")
@click.option("--follow", is_flag=True, help="Go on until its agent has ended.")
@json_option
@caller_options
def log_(plane: ControlPlane, *, run_id: UUID, follow: bool, as_json: bool) -> None:
    """Print what a run's agent wrote: stdout, stderr and events, in their order.

    With --json each line is one of JSON.

    \b
    Examples:
      awgp runs log 01936c2e-...
      awgp runs log 01936c2e-... --follow
      awgp runs log 01936c2e-... --json | jq 'select(.stream == "event") | .text | fromjson'
    """
    with woken(partial(plane.run_told, run_id)) as sleep:
        for line in lines_of(plane.run_log, run_id, follow=follow, sleep=sleep):
            if as_json:
                print_json(line)
            else:
                click.echo(line_in_words(line["offset_ms"], line["stream"], line["text"]))


@command.command()
@click.argument("run_id", type=click.UUID, metavar="RUN")
@json_option
@caller_options
def replay(plane: ControlPlane, *, run_id: UUID, as_json: bool) -> None:
    """Send a failed run through policy and hold again: the same id, the next epoch.

    \b
    Example:
      awgp runs replay 01936c2e-... --as ada
    """
    after = plane.replay(run_id)
    if as_json:
        print_json(after)
    else:
        click.echo(f"{after['status']}: run {after['id']}, epoch {after['epoch']}")


@command.command()
@click.argument("run_id", type=click.UUID, metavar="RUN")
@click.option("--reason", default="", help="Kept encrypted in the audit trail, nowhere else.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@caller_options
def cancel(plane: ControlPlane, *, run_id: UUID, reason: str, yes: bool, as_json: bool) -> None:
    """End a run that is held, approved or executing: nothing is delivered.

    A sandbox at work is killed, and the command waits for the run's end. What the agent did until
    then stays done. It cannot be undone: a cancelled run is not replayed.

    \b
    Examples:
      awgp runs cancel 01936c2e-...
      awgp runs cancel 01936c2e-... --reason "ordered twice" --yes
    """
    confirm("The run ends without a result, for good.", yes=yes)
    after = plane.cancel(run_id, reason=reason)
    if Status(after["status"]) is Status.EXECUTING:
        for state in plane.run_states(run_id):
            after |= {name: state[name] for name in ("status", "epoch")}
    if as_json:
        print_json(after)
    else:
        click.echo(f"{after['status']}: run {after['id']}, epoch {after['epoch']}")


def _cell(name: str, value: Any) -> str:
    if isinstance(value, dict | list):
        return pretty(value)
    text = str(value)
    return moment(text) if name.endswith("_at") else one_line(text)
