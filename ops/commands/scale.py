"""`awgp scale`: how many processes serve each queue, changed while everything runs."""

import json
import os
from collections.abc import Sequence

import click
from rich.console import Console
from rich.table import Table

from ops.command_options import data_option, json_option
from ops.embedded.data_folder import DataFolder, data_folder_path, existing_data_folder
from ops.instances import RELAY, SCALABLE, wanted_numbers
from ops.scale import Change, running_numbers, scale
from ops.wanted_numbers import tell_database
from pipeline.wanted_processes import MOST_OF_A_KIND, NumberRefused

CONNECTIONS_A_PROCESS = 8
"""A worker's database pool at its default of 4 threads; it opens them as it needs them."""

SAFE_CONNECTIONS = 150
"""Of the 200 the embedded PostgreSQL has; ingest, web and people need some too."""


@click.command("scale")
@click.argument("numbers", nargs=-1, metavar="[KIND=NUMBER]...")
@data_option
@json_option
def command(numbers: tuple[str, ...], data_path: str | None, *, as_json: bool) -> None:
    """Run so many processes of a queue, or of the relay, from now on.

    KIND is policy, hold, execute, post_action, audit, export or relay. The others do not notice.
    A process that is one too many stops in order: what it has not begun goes to another at once.
    What is wanted is remembered, also over `awgp down`. Without an argument: show how it stands.

    \b
    Examples:
      awgp scale
      awgp scale execute=3 policy=2
      awgp scale post_action=0    its work waits until it has a process again
    """
    data = existing_data_folder(data_folder_path(os.environ, data_path))
    console = Console(stderr=True, highlight=False)
    changes = []
    if numbers:
        changes = scale(
            data,
            read_numbers(numbers),
            report=lambda name, seconds: console.print(f"[green]ready[/]  {name}  {seconds:.2f} s"),
            waits=lambda: console.print("stopping what is one too many, after its work"),
            tell=lambda wanted: tell_database(data, wanted, os.environ),
        )
    running = running_numbers(data)
    if as_json:
        click.echo(json.dumps(_as_json(data, changes, running)))
        return
    if changes:
        _show_changes(changes)
    else:
        _show_table(data, running)
    _say_what_waits(data)
    _say_what_it_may_take(data)
    if running is None:
        click.echo("AWGP does not run here; this is what the next `awgp up` starts")


def read_numbers(numbers: Sequence[str]) -> dict[str, int]:
    """Read `KIND=NUMBER`, each kind once.

    Raises:
        NumberRefused: One is not of this form.
    """
    wanted: dict[str, int] = {}
    for each in numbers:
        kind, separator, number = each.partition("=")
        sign, digits = ("-", number[1:]) if number.startswith("-") else ("", number)
        if not separator or not digits.isascii() or not digits.isdigit() or len(digits) > 9:
            message = f"{each!r} is not KIND=NUMBER with a number from 0 to {MOST_OF_A_KIND}"
            raise NumberRefused(f"{message}, like execute=3")
        if kind in wanted:
            raise NumberRefused(f"{kind} is named twice")
        wanted[kind] = int(sign + digits)
    return wanted


def _as_json(
    data: DataFolder, changes: Sequence[Change], running: dict[str, int] | None
) -> dict[str, object]:
    before = {each.kind: each.before for each in changes}
    return {
        "running": running is not None,
        "processes": {
            kind: {
                "before": before.get(kind, number),
                "wanted": number,
                "running": 0 if running is None else running.get(kind, 0),
            }
            for kind, number in wanted_numbers(data).items()
        },
    }


def _show_changes(changes: Sequence[Change]) -> None:
    for each in changes:
        same = "  (as it was)" if each.before == each.after else ""
        click.echo(f"{each.kind:<12} {each.before} -> {each.after}{same}")


def _show_table(data: DataFolder, running: dict[str, int] | None) -> None:
    table = Table("process", "wanted", "running", box=None, pad_edge=False)
    wanted = wanted_numbers(data)
    for kind in SCALABLE:
        found = "-" if running is None else str(running.get(kind, 0))
        table.add_row(kind, str(wanted[kind]), found)
    Console(highlight=False).print(table)


def _say_what_waits(data: DataFolder) -> None:
    for kind, number in wanted_numbers(data).items():
        if number == 0:
            what = "nothing lost is sent again" if kind == RELAY else "its work waits"
            click.echo(f"warning: {kind} has no process: {what} until `awgp scale {kind}=1`")


def _say_what_it_may_take(data: DataFolder) -> None:
    workers = sum(number for kind, number in wanted_numbers(data).items() if kind != RELAY)
    connections = workers * CONNECTIONS_A_PROCESS
    if connections > SAFE_CONNECTIONS:
        click.echo(
            f"warning: {workers} workers may hold {connections} database connections when all are "
            "busy; the embedded PostgreSQL allows 200, a server of yours its max_connections"
        )
