"""The options of every command that acts for a person, and what they come to."""

import os
from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from ops.caller import access_token, find_place
from ops.command_options import data_option
from ops.control_plane import ControlPlane


def caller_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --as, --tenant and --data; the command takes a `ControlPlane` in their place."""

    @click.option("--as", "person", metavar="PERSON", help="Who acts; whoever signed in last.")
    @click.option("--tenant", metavar="TENANT", help="Needed by who belongs to several.")
    @data_option
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
