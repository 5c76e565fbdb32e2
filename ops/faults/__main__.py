"""`python -m ops.faults`: a faulty connection to a server, for tests; never in production."""

import json
import os
import signal
import sys
import threading
from pathlib import Path

import click

from ops.faults.control import controlled, tell
from ops.faults.proxy import LOOPBACK, fault_proxy
from pipeline.errors import AwgpError


class NotInProduction(AwgpError):
    """Faults were asked for where people rely on the system."""


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def faults() -> None:
    """Stand between a client and a server, and let their connections go wrong on command.

    \b
    Examples:
      python -m ops.faults proxy --to 127.0.0.1:5432 --listen 15432 --control /tmp/pg.sock
      python -m ops.faults tell /tmp/pg.sock half-open
      python -m ops.faults tell /tmp/pg.sock heal
    """


@faults.command()
@click.option("--to", "target", required=True, metavar="HOST:PORT", help="The server behind.")
@click.option("--listen", type=click.IntRange(0, 65535), default=0, help="A loopback port; 0: any.")
@click.option(
    "--control", type=click.Path(path_type=Path), required=True, help="Unix socket to listen on."
)
def proxy(target: str, listen: int, control: Path) -> None:
    """Run a proxy until SIGTERM or Ctrl-C; its first line says where it listens.

    \b
    Example:
      python -m ops.faults proxy --to 127.0.0.1:6379 --control /tmp/valkey.sock
    """
    if os.environ.get("AWGP_ENV") == "production":
        raise NotInProduction("faults are for tests: AWGP_ENV is production here")
    host, _, port = target.rpartition(":")
    if not host or not port.isdigit():
        raise click.BadParameter("use HOST:PORT", param_hint="--to")
    done = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: done.set())
    with fault_proxy((host, int(port)), port=listen) as running, controlled(running, control):
        click.echo(json.dumps({"listen": f"{LOOPBACK}:{running.port}", "to": target}))
        done.wait()


@faults.command("tell", context_settings={"ignore_unknown_options": True})
@click.argument("control", type=click.Path(path_type=Path))
@click.argument("command", nargs=-1, required=True)
def tell_(control: Path, command: tuple[str, ...]) -> None:
    """Tell a running proxy what to do; prints its answer as JSON.

    \b
    Commands:
      slow SECONDS [JITTER] [up|down]
      throttle BYTES_A_SECOND [up|down]
      half-open [up|down]          connections stay, nothing passes; existing and new
      cut-after BYTES up|down [close|reset|silence]
      cut-once-seen TEXT up|down [close|reset|silence]
      reset                        end what is connected with RST, once
      refuse                       accept no more
      heal                         no faults; what was held back is delivered late
      status
    """
    answer = tell(control, " ".join(command))
    click.echo(json.dumps(answer))
    sys.exit(0 if answer["ok"] else 2)


if __name__ == "__main__":
    try:
        faults()
    except (AwgpError, OSError) as error:
        click.echo(f"faults: {error}", err=True)
        sys.exit(2)
