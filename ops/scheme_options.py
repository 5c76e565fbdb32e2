"""The options that set up how a source proves itself, and what they come to."""

from collections.abc import Callable, Sequence
from typing import Any, BinaryIO, Final

import click

from pipeline.registry_names import FieldInvalid
from pipeline.schemes.registry import SCHEMES, scheme_named

MAX_SECRET_BYTES: Final = 4096

scheme_option = click.option(
    "--scheme",
    type=click.Choice(sorted(SCHEMES)),
    default="standard-webhooks",
    show_default=True,
    help="How it proves who it is; `awgp source schemes` tells of each.",
)
secret_option = click.option(
    "--secret-file",
    type=click.File("rb"),
    metavar="FILE",
    help="A secret that its sender has already, - for stdin.",
)


def settings_option(help_: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return click.option("--set", "given", multiple=True, metavar="NAME=VALUE", help=help_)


def read_settings(scheme: str, given: Sequence[str]) -> dict[str, Any]:
    """Settings from `NAME=VALUE`; a list's name comes as often as it has entries.

    Raises:
        FieldInvalid: One is not of that form; what a value must be is checked where it is kept.
    """
    kinds = {each.name: each.kind for each in scheme_named(scheme).about.settings}
    settings: dict[str, Any] = {}
    for each in given:
        name, mark, value = each.partition("=")
        if not mark:
            raise FieldInvalid("--set", "takes NAME=VALUE")
        if kinds.get(name) == "list":
            settings.setdefault(name, []).append(value)
        elif kinds.get(name) == "number" and value.isdecimal():
            settings[name] = int(value)
        else:
            settings[name] = value
    return settings


def read_secret(file: BinaryIO | None) -> str | None:
    """The first line of a file; None without one.

    Raises:
        FieldInvalid: It is no text.
    """
    if file is None:
        return None
    try:
        return file.read(MAX_SECRET_BYTES).decode().split("\n")[0].rstrip("\r")
    except UnicodeDecodeError as error:
        raise FieldInvalid("--secret-file", "must hold a text") from error
