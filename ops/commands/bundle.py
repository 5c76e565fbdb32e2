"""`awgp bundle`: make, check, try, pack and push an agent's code."""

import os
import sys
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console

from ops.author_key_commands import FILE, key, key_option, sign
from ops.author_key_file import note_for, read_key, sign_file
from ops.bundle_template import RUNTIMES, write_template
from ops.bundle_trace_command import command as trace
from ops.bundle_trial_command import command as test
from ops.caller_options import caller_options
from ops.command_options import json_option, print_json
from ops.control_plane import ControlPlane
from ops.packed_bundle import packed_at, unchecked_at
from ops.runtime_folder import runtime_folder
from ops.terminal_text import plain
from pipeline.errors import AwgpError
from runtime_host.bundle import BundleInfo, build, digest_of, inspect
from runtime_host.bundle_lint import Finding, Severity, lint
from runtime_host.rootfs import runtimes


class BundleUnsound(AwgpError):
    """What a sandbox would refuse is in it."""


@click.group("bundle")
def command() -> None:
    """Make, check, try, pack and push an agent's code.

    \b
    Examples:
      awgp bundle init invoice-check
      awgp bundle test invoice-check
      awgp bundle trace invoice-check
      awgp bundle push invoice-check --as ada
    """


for each in (test, trace, key, sign):
    command.add_command(each)


@command.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--runtime",
    type=click.Choice(RUNTIMES),
    default=RUNTIMES[0],
    show_default=True,
    help="Its kind.",
)
def init(folder: Path, runtime: str) -> None:
    """Start a bundle in FOLDER: a manifest, an agent that works, and a request to try it with.

    \b
    Example:
      awgp bundle init invoice-check
    """
    for path in write_template(folder, runtime):
        click.echo(str(path))


@command.command("lint")
@click.argument("path", type=click.Path(path_type=Path, exists=True))
@json_option
def lint_bundle(path: Path, *, as_json: bool) -> None:
    """Check PATH, a folder or a packed bundle; nothing is unpacked to disk, nothing is run.

    Each line names a file, what is wrong with it and how to mend it. The exit status is 0 where
    there are warnings at most.

    \b
    Examples:
      awgp bundle lint invoice-check
      awgp bundle lint invoice-check-0.1.0.tar.gz
    """
    packed = unchecked_at(path)
    found = lint(packed, built=runtimes(runtime_folder(os.environ)))
    errors = sum(each.severity is Severity.ERROR for each in found)
    if as_json:
        print_json([asdict(each) for each in found])
    else:
        for each in found:
            _show_finding(each)
    if errors:
        raise BundleUnsound(f"{path} is not sound: {errors} to mend")
    if not as_json:
        _show(inspect(packed))


@command.command("build")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file to write; NAME-VERSION.tar.gz by default.",
)
@key_option
def build_bundle(folder: Path, output: Path | None, key_file: Path | None) -> None:
    """Pack FOLDER; the same files always give the same digest.

    \b
    Examples:
      awgp bundle build invoice-check
      awgp bundle build invoice-check -o packed.tar.gz --key ada.key
    """
    signing = None if key_file is None else read_key(key_file)
    packed = build(folder)
    info = inspect(packed)
    target = output or Path(f"{info.manifest.name}-{info.manifest.version}.tar.gz")
    target.write_bytes(packed)
    click.echo(f"{digest_of(packed)}  {target}")
    if signing is not None:
        click.echo(f"{sign_file(target, info.digest, signing)}  by {signing.name}")


@command.command()
@click.argument("path", type=click.Path(path_type=Path, exists=True))
@key_option
@click.option("--signature", type=FILE, help="Its signature; PATH.sig where there is one.")
@json_option
@caller_options
def push(
    plane: ControlPlane,
    *,
    path: Path,
    key_file: Path | None,
    signature: Path | None,
    as_json: bool,
) -> None:
    """Push PATH, a folder or a packed bundle, to your tenant. You become its author.

    Pushing runs nothing: an assistant's next version has to name the digest. A tenant with author
    keys takes what one of them signed.

    \b
    Examples:
      awgp bundle push ./invoice-booker
      awgp bundle push invoice-booker-1.0.0.tar.gz --as ada
      awgp bundle push ./invoice-booker --key ada.key
    """
    packed = packed_at(path)
    info = inspect(packed)  # what is not sound does not travel
    note = note_for(path, info.digest, key=key_file, signature=signature)
    seen = sys.stderr.isatty()
    with click.progressbar(
        length=len(packed), label="pushing", file=sys.stderr, hidden=not seen
    ) as bar:
        pushed = plane.push_bundle(packed, note, sent=bar.update)
    if as_json:
        print_json(pushed)
    else:
        click.echo(f"{pushed['digest']}  {pushed['files']} files, {pushed['packed_bytes']} bytes")
        for each in pushed["signers"]:
            click.echo(
                f"signed by {each['name']}{'' if each['counts'] else ', which counts no more'}"
            )


def _show_finding(found: Finding) -> None:
    colour = "red" if found.severity is Severity.ERROR else "yellow"
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"[{colour}]{found.severity}[/{colour}]", end="  ")
    console.print(plain(f"{found.file}: {found.problem}. {found.fix}"), markup=False)


def _show(info: BundleInfo) -> None:
    console = Console(highlight=False, soft_wrap=True)
    manifest = info.manifest
    console.print(f"[green]sound[/green]  {manifest.name} {manifest.version}  {info.digest}")
    console.print(
        f"runtime {manifest.runtime}, entrypoint {' '.join(manifest.entrypoint)!r}, "
        f"retry {manifest.retry.value}, {len(info.files)} files, {info.packed_bytes} bytes packed, "
        f"{info.unpacked_bytes} unpacked",
        markup=False,
    )
