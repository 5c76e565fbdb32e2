"""`python -m ops.bench NAME`: a table, and as the last line one line of JSON."""

from importlib import import_module
from typing import Final

import click

from ops.cli import plain_message

# Name -> its line in the help; the module ops.bench.<name> exposes `command`.
BENCHES: Final = {
    "pipeline": "Runs a second through all five stages, against a bare five-hop chain.",
    "ingest": "Signed requests accepted a second beside bare views, and with servers away.",
    "n8n": "Signed requests accepted a second, beside a webhook of the real N8N.",
    "stage": "Milliseconds each stage adds at low load.",
    "sandbox": "How soon a run is under way in gVisor, beside a raw `runsc run`.",
    "live": "How soon a decision arrives at everyone who watches, beside a bare echo.",
    "lists": "How long lists take with a million runs and ten thousand open approvals.",
    "scale": "What a second process of a queue adds, and that none is lost at zero.",
}


class LazyBenches(click.Group):
    """Benches whose modules are loaded when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(BENCHES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in BENCHES:
            return None
        found = import_module(f"ops.bench.{cmd_name}").command
        return found if isinstance(found, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Benches"):
            formatter.write_dl(list(BENCHES.items()))


@click.group(cls=LazyBenches, context_settings={"help_option_names": ["-h", "--help"]})
def bench() -> None:
    """Measure AWGP on this machine, beside baselines measured in the same run.

    \b
    Examples:
      python -m ops.bench ingest                 accepting requests
      python -m ops.bench pipeline --help        what can be chosen
      python -m ops.bench stage | tail -1 | jq   the figures alone

    Servers of its own are started and thrown away; everything else on the machine should be idle.
    """


def run() -> int:
    """Run a bench and return the exit status; 2 for any refusal, told in one line."""
    try:
        status = bench.main(prog_name="python -m ops.bench", standalone_mode=False)
    except (click.exceptions.Abort, KeyboardInterrupt):
        return 130
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return 2
    except Exception as error:
        message = plain_message(error)
        if message is None:
            raise
        click.echo(f"bench: {' '.join(message.split())}", err=True)
        return 2
    return status if type(status) is int else 0


if __name__ == "__main__":
    raise SystemExit(run())
