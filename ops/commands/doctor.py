"""`awgp doctor`: is everything there that the system needs, and how is it mended."""

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Final

import click
from rich.console import Console
from rich.markup import escape

from ops.command_options import data_option, json_option
from ops.doctor import (
    broker,
    database,
    identity,
    keys,
    logins,
    machine,
    object_store,
    runtime,
    sandbox,
    schema,
    signer,
    work,
)
from ops.doctor.check import Check, State
from ops.doctor.run import Probe, run_probes
from ops.doctor.system import System, examine
from ops.embedded.data_folder import data_folder_path

PROBES: Final = (
    *machine.PROBES,
    *database.PROBES,
    *schema.PROBES,
    *logins.PROBES,
    *keys.PROBES,
    *signer.PROBES,
    *broker.PROBES,
    *object_store.PROBES,
    *identity.PROBES,
    *sandbox.PROBES,
    *work.PROBES,
)
COLOURS: Final = {
    State.OK: "green",
    State.WARN: "yellow",
    State.FAIL: "red",
    State.SKIPPED: "bright_black",
}


@click.group("doctor", invoke_without_command=True)
@data_option
@json_option
@click.pass_context
def command(context: click.Context, data_path: str | None, *, as_json: bool) -> None:
    """Check everything AWGP needs, and say how to mend what is wrong.

    Looks at the data folder's own servers, or at those AWGP_DATABASE_URL, AWGP_REDIS_URL,
    AWGP_S3_ENDPOINT and AWGP_OIDC_ISSUER name, as `awgp up` does. It changes nothing, and works
    on a stopped system too. Exit status 0 when nothing failed (there may be warnings), else 1.

    \b
    Examples:
      awgp doctor
      awgp doctor --data /srv/awgp
      awgp doctor --json | jq '.checks[] | select(.state == "fail")'
      awgp doctor runtime
    """
    if context.invoked_subcommand is None:
        system = examine(data_folder_path(os.environ, data_path), os.environ)
        _show(system, PROBES, as_json=as_json)


@command.command("runtime")
@data_option
@json_option
@click.pass_context
def runtime_(context: click.Context, data_path: str | None, *, as_json: bool) -> None:
    """Say what this machine can enforce around an agent and what not, and what that means.

    cgroups and their version, the user's rights, system calls, runsc with its flags and what is
    known against it, /dev/kvm, every limit, each runtime, and the proof in two sandboxes that the
    runtime host makes at its start, too; what agents remember with, tried. Exit status 0 when
    nothing failed, else 1.

    \b
    Examples:
      awgp doctor runtime
      awgp doctor runtime --json | jq '.checks[] | select(.state == "warn")'
    """
    given = context.parent.params["data_path"] if context.parent else None
    folder = data_folder_path(os.environ, data_path or given)
    _show(examine(folder, os.environ, machine_alone=True), runtime.PROBES, as_json=as_json)


def _show(system: System, probes: Iterable[Probe], *, as_json: bool) -> None:
    found = run_probes(system, probes)
    checks = list(found) if as_json else list(_shown(found))
    counts = Counter(check.state for check in checks)
    if as_json:
        click.echo(json.dumps(_summary(system, checks, counts)))
    else:
        said = ", ".join(f"{counts[state]} {state}" for state in State if counts[state])
        Console(highlight=False).print(f"\n{said}")
    raise SystemExit(1 if counts[State.FAIL] else 0)


def _shown(checks: Iterator[Check]) -> Iterator[Check]:
    """Print each finding as it comes."""
    console, subject = Console(highlight=False, soft_wrap=True), ""
    for check in checks:
        if check.subject != subject:
            subject = check.subject
            console.print(f"\n[bold]{subject}[/]")
        colour = COLOURS[check.state]
        found = escape(check.found)
        console.print(f"  [{colour}]{check.state:<7}[/]  {escape(check.name):<20}  {found}")
        if check.mend:
            console.print(f"           mend: {escape(check.mend)}")
        yield check


def _summary(system: System, checks: list[Check], counts: Counter[State]) -> dict[str, object]:
    return {
        "data": None if system.data is None else str(system.data.root),
        "running": system.is_running,
        "healthy": counts[State.FAIL] == 0,
        "counts": {str(state): counts[state] for state in State},
        "checks": [asdict(check) for check in checks],
    }
