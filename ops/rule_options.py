"""What an approval rule may ask beyond a number of people of some groups."""

# the signature is click's

import re
from collections.abc import Callable
from functools import wraps
from typing import Any, Final, TypedDict

import click

from ops.time_options import SECONDS
from pipeline.approval import Escalation, Reauthentication, Turn


class Further(TypedDict):
    """Members of a rule, as `Rule` takes them."""

    stages: tuple[Turn, ...]
    escalate: tuple[Escalation, ...]
    remind: tuple[int, ...]
    reauthenticate: Reauthentication | None
    reject_reasons: tuple[str, ...]


class NextTurn(click.ParamType[Turn]):
    """`2:board` is two of the board; several groups have commas between them."""

    name = "turn"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Turn:
        if isinstance(value, Turn):
            return value
        found = re.fullmatch(r"([1-9][0-9]?):(.+)", str(value))
        if found is None:
            self.fail(f"{value!r} is no turn; say 1:board, or 2:finance,board", param, ctx)
        return Turn(quorum=int(found[1]), groups=tuple(found[2].split(",")))


class NextGroups(click.ParamType[Escalation]):
    """`4h:night-shift`: these too, after so long."""

    name = "escalation"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Escalation:
        if isinstance(value, Escalation):
            return value
        after, _, groups = str(value).partition(":")
        if not groups:
            self.fail(f"{value!r} is no escalation; say 4h:night-shift", param, ctx)
        seconds = SECONDS.convert(after, param, ctx)
        return Escalation(after_seconds=seconds, to=tuple(groups.split(",")))


_OPTIONS: Final = (
    click.option(
        "--then",
        "stages",
        type=NextTurn(),
        multiple=True,
        metavar="N:GROUP[,GROUP]",
        help="Who must agree next, once those before have; repeatable, in order.",
    ),
    click.option(
        "--escalate",
        type=NextGroups(),
        multiple=True,
        metavar="AFTER:GROUP[,GROUP]",
        help="Who may vote too after so long; repeatable.",
    ),
    click.option(
        "--remind", type=SECONDS, multiple=True, metavar="AFTER", help="Remind after so long."
    ),
    click.option(
        "--reauthenticate",
        "max_age",
        type=SECONDS,
        metavar="SPAN",
        help="Approve only with a sign-in no older than this.",
    ),
    click.option("--acr", help="With --reauthenticate: the kind of sign-in it must be."),
    click.option(
        "--reject-reason",
        "reject_reasons",
        multiple=True,
        metavar="TEXT",
        help="A reason to choose when rejecting, told to the requester; repeatable.",
    ),
)


def further_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add these options; the command takes a `Further` in their place."""

    @wraps(command)
    def with_further(
        *args: Any,
        stages: tuple[Turn, ...],
        escalate: tuple[Escalation, ...],
        remind: tuple[int, ...],
        max_age: int | None,
        acr: str | None,
        reject_reasons: tuple[str, ...],
        **given: Any,
    ) -> Any:
        if acr is not None and max_age is None:
            raise click.UsageError("--acr goes with --reauthenticate")
        asked = None if max_age is None else Reauthentication(max_age_seconds=max_age, acr=acr)
        further = Further(
            stages=stages,
            escalate=escalate,
            remind=tuple(sorted(set(remind))),
            reauthenticate=asked,
            reject_reasons=reject_reasons,
        )
        return command(*args, further=further, **given)

    for option in reversed(_OPTIONS):
        with_further = option(with_further)
    return with_further
