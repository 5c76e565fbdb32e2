"""`awgp runtime`: gVisor and the root file systems that sandboxes run in."""

import json
import os
from dataclasses import asdict
from pathlib import Path

import click

from ops import build_runtime, install_erofs, install_runsc
from ops.runtime_folder import runtime_folder
from runtime_host.rootfs import runtimes

_FOLDER = click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=lambda: runtime_folder(os.environ),
    show_default="AWGP_RUNTIME_FOLDER, else this machine's or user's own",
    help="Where runtimes are; uid 65534 must be able to read it.",
)
_JSON = click.option("--json", "as_json", is_flag=True, help="For programs.")


@click.group("runtime")
def command() -> None:
    """Install gVisor, and build what sandboxes run in.

    \b
    Examples:
      awgp runtime install
      awgp runtime build
      awgp runtime list
    """


@command.command()
@_JSON
def install(as_json: bool) -> None:
    """Make sure of a recent runsc on this machine; takes root where there is none.

    As root it brings mkfs.erofs too, with which sandboxes start sooner.

    \b
    Example:
      awgp runtime install
    """
    installed = install_runsc.install()
    without_images = install_erofs.install()
    if as_json:
        body = {"path": str(installed.path), "version": installed.version, "fresh": installed.fresh}
        click.echo(json.dumps(body))
    else:
        click.echo(f"{installed.path}  runsc {installed.version}")
        if not installed.recent:
            click.echo("older than 2024: Debian trixie's build could not be had", err=True)
        if without_images:
            click.echo(f"no mkfs.erofs, so sandboxes start later: {without_images}", err=True)


@command.command()
@_FOLDER
@click.option(
    "--name",
    default="python3",
    show_default=True,
    help="python3, node, static, or python3-NAME, a Python with wheels of your own.",
)
@click.option(
    "--lock",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The wheels of python3-NAME, each with its hashes.",
)
@click.option("--force", is_flag=True, help="Build anew, for newer packages.")
@_JSON
def build(folder: Path, name: str, lock: Path | None, force: bool, as_json: bool) -> None:
    """Build a runtime's root file system from Debian packages and wheels.

    The same versions give the same digest on every machine, and an approval covers it. Restart the
    runtime host afterwards.

    \b
    Examples:
      awgp runtime build
      awgp runtime build --name node
      awgp runtime build --name python3-data --lock requirements.lock
    """
    record = build_runtime.build(folder.absolute(), name, force=force, lock=lock)
    click.echo(json.dumps(asdict(record)) if as_json else f"{record.name}  {record.digest}")


@command.command("list")
@_FOLDER
@_JSON
def list_runtimes(folder: Path, as_json: bool) -> None:
    """Show the runtimes that are built.

    \b
    Example:
      awgp runtime list --json
    """
    found = runtimes(folder)
    if as_json:
        click.echo(json.dumps({name: asdict(record) for name, record in found.items()}))
        return
    for name, record in found.items():
        click.echo(f"{name}  {record.digest}  {len(record.packages)} packages")
