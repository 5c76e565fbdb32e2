"""`awgp bundle`: make, check and pack an agent's code. Other verbs are added to this group."""

from pathlib import Path

import click
from rich.console import Console

from ops.caller_options import caller_options
from ops.command_options import json_option, print_json
from ops.control_plane import ControlPlane
from pipeline.errors import AwgpError
from runtime_host.bundle import BundleInfo, build, digest_of, inspect
from runtime_host.inside.ustar import MAX_PACKED_BYTES
from runtime_host.manifest import FILE_NAME

_MANIFEST = """\
[bundle]
name = "{name}"
version = "0.1.0"
runtime = "python3"
entrypoint = ["main.py"]
retry = "never"  # "safe" when a second run of the same request does no harm

[limits]
wall_seconds = 30
memory_bytes = 268435456
"""
_MAIN = '''\
"""Read the request, do the work, write the result."""

import json
from pathlib import Path

request = json.loads(Path("/input/request.json").read_text())
print(f"got {len(request)} fields")
Path("/output/result.json").write_text(json.dumps({"done": True}))
'''


@click.group("bundle")
def command() -> None:
    """Make, check, pack and push an agent's code.

    \b
    Examples:
      awgp bundle init invoice-check
      awgp bundle build invoice-check
      awgp bundle push invoice-check-0.1.0.tar.gz --as ada
    """


@command.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def init(folder: Path) -> None:
    """Start a bundle in FOLDER: a manifest and an agent that answers.

    \b
    Example:
      awgp bundle init invoice-check
    """
    if (folder / FILE_NAME).exists():
        raise AwgpError(f"{folder / FILE_NAME} is there already")
    folder.mkdir(parents=True, exist_ok=True)
    name = "".join(c if c.isascii() and c.isalnum() else "-" for c in folder.resolve().name.lower())
    (folder / FILE_NAME).write_text(_MANIFEST.format(name=name.strip("-")[:64] or "assistant"))
    if not (folder / "main.py").exists():
        (folder / "main.py").write_text(_MAIN)
    click.echo(f"{folder / FILE_NAME}\n{folder / 'main.py'}")


@command.command()
@click.argument("path", type=click.Path(path_type=Path, exists=True))
def lint(path: Path) -> None:
    """Check PATH, a folder or a packed bundle; nothing is unpacked to disk.

    \b
    Examples:
      awgp bundle lint invoice-check
      awgp bundle lint invoice-check-0.1.0.tar.gz
    """
    _show(inspect(packed_at(path)))


@command.command("build")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file to write; NAME-VERSION.tar.gz by default.",
)
def build_bundle(folder: Path, output: Path | None) -> None:
    """Pack FOLDER; the same files always give the same digest.

    \b
    Examples:
      awgp bundle build invoice-check
      awgp bundle build invoice-check -o packed.tar.gz
    """
    packed = build(folder)
    info = inspect(packed)
    target = output or Path(f"{info.manifest.name}-{info.manifest.version}.tar.gz")
    target.write_bytes(packed)
    click.echo(f"{digest_of(packed)}  {target}")


@command.command()
@click.argument("path", type=click.Path(path_type=Path, exists=True))
@json_option
@caller_options
def push(plane: ControlPlane, *, path: Path, as_json: bool) -> None:
    """Push PATH, a folder or a packed bundle, to your tenant. You become its author.

    Pushing runs nothing: an assistant's next version has to name the digest.

    \b
    Examples:
      awgp bundle push ./invoice-booker
      awgp bundle push invoice-booker-1.0.0.tar.gz --as ada
    """
    packed = packed_at(path)
    inspect(packed)  # what is not sound does not travel
    pushed = plane.push_bundle(packed)
    if as_json:
        print_json(pushed)
    else:
        click.echo(f"{pushed['digest']}  {pushed['files']} files, {pushed['packed_bytes']} bytes")


def packed_at(path: Path) -> bytes:
    """The packed bundle at a path: a folder is packed, a file is read within its bound."""
    if path.is_dir():
        return build(path)
    with path.open("rb") as file:
        return file.read(MAX_PACKED_BYTES + 1)


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
