"""How a target's settings are said on the command line."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click

STATUS: Final = click.IntRange(100, 599)
N8N: Final = {
    "expect": {"body_lacks": "n8n is starting up"},
    "retry_status": [404],
}
"""While N8N starts it says 200 and this, then 404 until its workflows are there."""

_OPTIONS: Final = (
    click.option("--url", required=True, help="Where to post; https, or http if private."),
    click.option("--allow-private", is_flag=True, help="It may be http and on a private address."),
    click.option(
        "--n8n",
        is_flag=True,
        help="It is an N8N webhook: what N8N says while it starts is waited for.",
    ),
    click.option(
        "--header",
        metavar="NAME",
        help="A header it knows us by, such as that of N8N's header authentication.",
    ),
    click.option(
        "--header-value-file",
        "value_file",
        type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
        help="That header's value, from a file or - for input; made, and shown once, if left out.",
    ),
    click.option(
        "--template",
        "template_file",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="A file with the template that makes the body; docs/reference/targets.md.",
    ),
    click.option(
        "--content-type", metavar="TYPE", help="Of what the template makes; JSON by default."
    ),
    click.option(
        "--expect-status",
        "expect_status",
        multiple=True,
        type=STATUS,
        help="What means delivered; any 2xx by default. Repeatable.",
    ),
    click.option(
        "--expect-body", metavar="TEXT", help="What the answer has to contain to mean delivered."
    ),
    click.option(
        "--lacks-body", metavar="TEXT", help="What means not yet where the answer contains it."
    ),
    click.option(
        "--retry-status",
        "retry_status",
        multiple=True,
        type=STATUS,
        help="What means not yet, though it looks final. Repeatable.",
    ),
    click.option("--timeout", type=click.IntRange(1, 60), help="Seconds for one exchange."),
    click.option(
        "--retry-seconds",
        metavar="S,S,...",
        help='The wait before each further attempt; "" asks once.',
    ),
    click.option(
        "--concurrency", type=click.IntRange(1, 100), help="Deliveries under way at once, at most."
    ),
    click.option(
        "--circuit-failures",
        type=click.IntRange(1, 1000),
        help="In a row, after which it is left alone for a while; 10 by default.",
    ),
    click.option(
        "--circuit-seconds",
        type=click.IntRange(1, 3600),
        help="For how long at first; 30 by default.",
    ),
)


def settings_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a target; `settings_of` reads them."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def settings_of(
    *,
    allow_private: bool,
    n8n: bool,
    header: str | None,
    content_type: str | None,
    expect_status: tuple[int, ...],
    expect_body: str | None,
    lacks_body: str | None,
    retry_status: tuple[int, ...],
    timeout: int | None,
    retry_seconds: str | None,
    concurrency: int | None,
    circuit_failures: int | None,
    circuit_seconds: int | None,
) -> dict[str, Any]:
    """The settings as they are kept: what was not said is not in them."""
    usual: dict[str, Any] = N8N if n8n else {}
    expect = {
        "status": list(expect_status),
        "body_contains": expect_body,
        "body_lacks": lacks_body or usual.get("expect", {}).get("body_lacks"),
    }
    said = {
        "allow_private": allow_private,
        "expect": _said(expect),
        "retry_status": list(retry_status) or usual.get("retry_status"),
        "header": header,
        "content_type": content_type,
        "timeout_seconds": timeout,
        "concurrency": concurrency,
        "circuit": _said({"failures": circuit_failures, "open_seconds": circuit_seconds}),
    }
    waits = {} if retry_seconds is None else {"retry_seconds": _waits(retry_seconds)}
    return _said(said) | waits


def _said(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value}


def _waits(text: str) -> list[int]:
    parts = text.replace(",", " ").split()
    if not all(part.isascii() and part.isdigit() and len(part) < 8 for part in parts):
        raise click.BadParameter("whole seconds apart by commas", param_hint="--retry-seconds")
    return [int(part) for part in parts]
