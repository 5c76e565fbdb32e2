"""The options of every command that acts for a person, and what they come to."""

import json
import os
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

import click

from ops.caller import access_token, find_place
from ops.control_plane import ControlPlane

json_option = click.option("--json", "as_json", is_flag=True, help="JSON on stdout.")


def caller_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --as, --tenant and --data; the command takes a `ControlPlane` in their place."""

    @click.option("--as", "person", metavar="PERSON", help="Who acts; whoever signed in last.")
    @click.option("--tenant", metavar="TENANT", help="Needed by who belongs to several.")
    @click.option("--data", "data_path", metavar="FOLDER", help="The data folder of `awgp up`.")
    @wraps(command)
    def with_caller(
        *, person: str | None, tenant: str | None, data_path: str | None, **given: Any
    ) -> Any:
        place = find_place(os.environ, data_path)
        plane = ControlPlane(
            web_url=place.web_url,
            ingest_url=place.ingest_url,
            token=access_token(place, person),
            tenant=tenant,
        )
        return command(plane, **given)

    return with_caller


def print_json(body: Mapping[str, Any] | list[dict[str, Any]]) -> None:
    """One JSON value, ASCII alone: safe on any terminal."""
    click.echo(json.dumps(body))
