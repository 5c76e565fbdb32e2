"""`awgp runs`: requests on their way through the stages."""

from itertools import islice
from typing import Any
from uuid import UUID

import click
from rich.table import Table
from rich.text import Text

from ops.caller_options import caller_options
from ops.command_options import json_option, print_json
from ops.control_plane import ControlPlane
from ops.terminal_output import table_console
from ops.terminal_text import moment, one_line, pretty
from pipeline.run import Status


@click.group("runs")
def command() -> None:
    """See runs, and replay one that failed.

    \b
    Examples:
      awgp runs list --status held
      awgp runs show 01936c2e-...
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


def _cell(name: str, value: Any) -> str:
    if isinstance(value, dict | list):
        return pretty(value)
    text = str(value)
    return moment(text) if name.endswith("_at") else one_line(text)
