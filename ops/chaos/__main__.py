"""`python -m ops.chaos`: the command. Exit status 0 when every promise held, 1 when one broke."""

import os
import secrets
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click
from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.text import Text

from ops.chaos.campaign import Campaign, Standing
from ops.chaos.plan import Plan, short_plan
from ops.chaos.report import Outcome, last_line, show_kills
from ops.cli import plain_message
from ops.demo.stage import prepare_parts
from pipeline.errors import AwgpError

BROKEN: Final = 1
WRONG: Final = 2


class FolderTaken(AwgpError):
    """Chaos breaks what it runs on, so it only takes a folder of its own."""


@click.command("chaos", context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--minutes",
    type=click.FloatRange(min=0.5),
    help="How long the load goes on. Without it: until every kind was killed three times and 5,000"
    " requests are acknowledged.",
)
@click.option("--short", is_flag=True, help="The form the tests have time for; judges no times.")
@click.option("--seed", type=click.IntRange(min=0), help="Names the order and moments of kills.")
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="A new folder to work in, kept afterwards; a temporary one by default.",
)
@click.option("--json-only", is_flag=True, help="No progress and no table: the last line alone.")
@click.pass_context
def command(
    ctx: click.Context,
    *,
    minutes: float | None,
    short: bool,
    seed: int | None,
    data: Path | None,
    json_only: bool,
) -> None:
    """Kill every part of a loaded AWGP, again and again, and judge what became of each request.

    \b
    Examples:
      python -m ops.chaos
      python -m ops.chaos --minutes 30 --seed 7
      python -m ops.chaos --short --json-only
    """
    if short and minutes is not None:
        raise click.UsageError("--short has its own length; leave --minutes out")
    chosen = secrets.randbelow(10**6) if seed is None else seed
    plan = short_plan(chosen) if short else Plan(seed=chosen, minutes=minutes)
    console = Console(stderr=True, quiet=json_only, highlight=False)
    console.print(f"seed {chosen}")
    digest = prepare_parts(lambda part: console.print(f"preparing {part}"))
    with _folder(data) as folder:
        outcome = _run(plan, folder, digest, console)
    timed = not short
    show_kills(console, outcome.kills)
    for each in outcome.broken(timed=timed):
        console.print("[red]broken[/] ", escape(each), soft_wrap=True)
    click.echo(last_line(outcome, timed=timed))
    ctx.exit(BROKEN if outcome.broken(timed=timed) else 0)


def _run(plan: Plan, folder: Path, digest: str, console: Console) -> Outcome:
    with Live(console=console, auto_refresh=False, transient=True) as live:
        said = ""

        def tell(standing: Standing) -> None:
            nonlocal said
            live.update(Text(_line(standing)), refresh=True)
            if standing.phase != said and standing.phase.startswith(("killed", "back")):
                console.print(_line(standing), soft_wrap=True)
            said = standing.phase

        return Campaign(plan, folder, digest, tell).run()


def _line(standing: Standing) -> str:
    return (
        f"acknowledged {standing.acknowledged}  completed {standing.completed}"
        f"  kills {standing.kills}  backlog {standing.backlog}  {standing.phase}"
    )


@contextmanager
def _folder(wanted: Path | None) -> Iterator[Path]:
    if wanted is not None:
        if wanted.exists() and (not wanted.is_dir() or any(wanted.iterdir())):
            raise FolderTaken(f"{wanted} is not empty; name a folder that chaos may make")
        wanted.mkdir(parents=True, exist_ok=True)
        _open_to_parts(wanted)
        yield wanted.absolute()
        return
    folder = Path(tempfile.mkdtemp(prefix="awgp-chaos-"))
    _open_to_parts(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _open_to_parts(folder: Path) -> None:
    # Root's parts run as users of their own, who have to get through.
    folder.chmod(0o711 if os.getuid() == 0 else 0o700)


def main() -> None:
    """Run the command; whatever is wrong with the call is one line and exit status 2."""
    signal.signal(
        signal.SIGTERM, signal.default_int_handler
    )  # everything is taken down all the same
    try:
        status = command.main(prog_name="python -m ops.chaos", standalone_mode=False)
    except (click.exceptions.Abort, KeyboardInterrupt):
        sys.exit(130)
    except Exception as error:
        message = plain_message(error)
        if message is None:
            raise
        click.echo(f"chaos: {' '.join(message.split())}", err=True)
        sys.exit(WRONG)
    sys.exit(status if isinstance(status, int) else 0)


if __name__ == "__main__":
    main()
