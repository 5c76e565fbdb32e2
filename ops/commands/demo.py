"""`awgp demo`: the main job, end to end, on real parts, in a folder that is gone afterwards."""

import json
import sys
import time

import click
from rich.console import Console

from ops.demo.stage import prepare_parts, running_demo
from ops.demo.story import Story


@click.command("demo")
def command() -> None:
    """Watch requests pass policy, people, gVisor, post-actions and the audit chain.

    Starts everything in a temporary folder, plays two subsidiaries' day, exports the audit trail,
    verifies it offline and shows that a flipped byte is found. The last line is JSON.

    \b
    Examples:
      awgp demo
      awgp demo | tail -n 1 | jq .
    """
    began = time.monotonic()
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 110)
    console.print("[bold]AWGP[/]: governed execution for AI agents")
    with console.status("getting the parts") as spinner:
        digest = prepare_parts(lambda part: spinner.update(f"getting {part}"))

    def report(name: str, seconds: float) -> None:
        console.print(f"  [green]ready[/]  {name:<16} {seconds:6.2f} s")

    with running_demo(digest, report) as stage:
        told = Story(stage, console).run()
    console.print()
    summary = {
        "run": told.run,
        "status": told.status,
        "kernel": told.kernel,
        "audit": {"entries": told.entries, "verified": told.proven},
        "export": {"objects": told.objects, "verified": told.proven},
        "tamper_detected": told.tamper_detected,
        "seconds": round(time.monotonic() - began, 1),
    }
    click.echo(json.dumps(summary))
