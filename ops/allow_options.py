"""What a tenant allows an assistant beyond its sandbox, as it is written on the command line."""

from collections.abc import Callable, Sequence
from typing import Any

import click

from pipeline.assistant_change import allowance
from pipeline.registry_names import FieldInvalid


def allow_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --allow, --allow-inside and --env."""
    for option in (
        click.option(
            "--env",
            "variables",
            multiple=True,
            metavar="NAME=VALUE",
            help="A variable it is given if its bundle asks for it; no secret. Repeatable.",
        ),
        click.option(
            "--allow-inside",
            multiple=True,
            metavar="RULE",
            help="The same at addresses of your own network too, http included. Repeatable.",
        ),
        click.option(
            "--allow",
            multiple=True,
            metavar="RULE",
            help='Where its bundle may go if it asks to: methods and a URL, as "GET,POST'
            ' https://api.example.com/v1/", with what is below it. Repeatable.',
        ),
    ):
        command = option(command)
    return command


def allowed(
    allow: Sequence[str], allow_inside: Sequence[str], variables: Sequence[str]
) -> dict[str, Any]:
    """Return what these options allow, in the form it is kept.

    Raises:
        FieldInvalid: One is not what it must be.
    """
    rules = [_rule(each, private=False) for each in allow]
    rules += [_rule(each, private=True) for each in allow_inside]
    environment: dict[str, str] = {}
    for each in variables:
        name, equals, value = each.partition("=")
        if not equals or name in environment:
            raise FieldInvalid("env", f"{each!a}: NAME=VALUE, each name once")
        environment[name] = value
    return allowance({"network": rules, "environment": environment})


def _rule(text: str, *, private: bool) -> dict[str, Any]:
    methods, _, url = text.rpartition(" ")
    wanted = methods.strip() or "GET"
    return {"url": url, "methods": wanted.split(","), "private": private}
