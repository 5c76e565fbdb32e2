"""The options that many commands have, by one name each."""

import json
from collections.abc import Mapping
from typing import Any

import click

json_option = click.option("--json", "as_json", is_flag=True, help="JSON on stdout.")
data_option = click.option(
    "--data", "data_path", metavar="FOLDER", help="The data folder of `awgp up`; .awgp by default."
)
yes_option = click.option("--yes", is_flag=True, help="Do not ask.")


def print_json(body: Mapping[str, Any] | list[dict[str, Any]]) -> None:
    """One JSON value, ASCII alone: safe on any terminal."""
    click.echo(json.dumps(body))
