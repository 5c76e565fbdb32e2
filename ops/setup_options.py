"""The options of every command that sets something up, what they come to, and how it is shown."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from ops.command_options import data_option, json_option, print_json
from ops.embedded.data_folder import data_folder_path, existing_data_folder
from ops.setup_desk import open_desk
from ops.terminal_output import table_console
from ops.terminal_text import moment, one_line
from pipeline.errors import AwgpError

tenant_option = click.option(
    "--tenant", "slug", metavar="SLUG", help="The tenant; the only subsidiary by default."
)
as_option = click.option(
    "--as",
    "acting",
    metavar="PERSON",
    help="Who does it, by name, subject or id; the operator by default.",
)


class NobodyToAsk(AwgpError):
    """It cannot be undone, --yes was not given, and no terminal is there to ask at."""


def looks_in_a_tenant(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --tenant, --json and --data; the command takes a `Desk` and `as_json`."""

    @tenant_option
    @json_option
    @data_option
    @wraps(command)
    def at_desk(*, slug: str | None, data_path: str | None, **given: Any) -> Any:
        data = existing_data_folder(data_folder_path(os.environ, data_path))
        with open_desk(data, os.environ, slug=slug, acting=None) as desk:
            return command(desk, **given)

    return at_desk


def changes_a_tenant(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --tenant, --as, --json and --data; the command takes a `Desk` and `as_json`."""

    @tenant_option
    @as_option
    @json_option
    @data_option
    @wraps(command)
    def at_desk(
        *, slug: str | None, acting: str | None, data_path: str | None, **given: Any
    ) -> Any:
        data = existing_data_folder(data_folder_path(os.environ, data_path))
        with open_desk(data, os.environ, slug=slug, acting=acting) as desk:
            return command(desk, **given)

    return at_desk


def confirm(what: str, *, yes: bool) -> None:
    """Ask before something that cannot be undone.

    Args:
        what: What will happen, whole sentences.

    Raises:
        NobodyToAsk: As it says.
        click.Abort: The answer was no.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise NobodyToAsk(f"{what} Nobody can be asked here: say --yes")
    click.confirm(f"{what} Go on?", abort=True, err=True)


def show_rows(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str]) -> None:
    """Print a table.

    Args:
        columns: Its heads, and the member of a row each shows.
    """
    table = Table(*columns, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(Text(cell(name, row[name])) for name in columns.values()))
    table_console().print(table)


def show_list(
    rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str], *, empty: str, as_json: bool
) -> None:
    """Show what a tenant has.

    Args:
        columns: As `show_rows` takes them.
        empty: What to say where there is nothing: a sentence with what to do next.
    """
    if as_json:
        print_json([dict(row) for row in rows])
    elif rows:
        show_rows(rows, columns)
    else:
        click.echo(empty)


def show_one(shown: Mapping[str, Any], *, as_json: bool) -> None:
    """Show one thing, a member a line, or as one JSON object."""
    if as_json:
        print_json(shown)
    else:
        show_members(shown)


def show_members(shown: Mapping[str, Any]) -> None:
    """Print one thing, a member a line; what is empty is left out."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in shown.items():
        for at, line in enumerate(_lines(name, value)):
            table.add_row(name.replace("_", " ") if at == 0 else "", Text(line))
    table_console().print(table)


def show_changed(said: str, shown: Mapping[str, Any], *, as_json: bool) -> None:
    """Say what a command did, in one sentence or one JSON object."""
    if as_json:
        print_json(shown)
    else:
        click.echo(said)


def cell(name: str, value: Any) -> str:
    """One value as a table shows it."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(one_line(str(each)) for each in value) or "-"
    if name.endswith("_at"):
        return moment(str(value))
    return one_line(str(value))


def _lines(name: str, value: Any) -> list[str]:
    if value is None or value in ("", [], {}):
        return []
    if isinstance(value, list) and isinstance(value[0], Mapping):
        return [_members(each) for each in value]
    if isinstance(value, Mapping):
        return [_members(value)]
    return [cell(name, value)]


def _members(value: Mapping[str, Any]) -> str:
    said = (
        f"{name.replace('_', ' ')} {cell(name, each)}"
        for name, each in value.items()
        if each is not None
    )
    return ", ".join(said)
