"""`awgp assistant new`: start an assistant's code from a template."""

import shlex
import shutil
import tempfile
from pathlib import Path
from typing import Final

import click

from ops.assistant_template import DEFAULT_TEMPLATE, TEMPLATES, template_files
from ops.command_options import json_option, print_json
from pipeline.errors import AwgpError
from runtime_host.bundle import build, inspect

_LIST: Final = "; ".join(f"{name}: {what}" for name, what in TEMPLATES.items())


class FolderTaken(AwgpError):
    """Something is there already; nothing was written."""


@click.command("new")
@click.argument("name")
@click.option(
    "--template",
    type=click.Choice(list(TEMPLATES)),
    default=DEFAULT_TEMPLATE,
    show_default=True,
    help=f"Where to start from. {_LIST}.",
)
@click.option(
    "--folder",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="A new folder to write it into; ./NAME by default.",
)
@json_option
def command(name: str, template: str, folder: Path | None, *, as_json: bool) -> None:
    """Start the code of an assistant called NAME, from a template.

    Writes a manifest, a small commented program, a sample request, a test and a README. It needs
    no running AWGP and changes nothing in one.

    \b
    Examples:
      awgp assistant new invoice-mail
      awgp assistant new ticket-bot --template http-post --folder bots/ticket
    """
    written = write_assistant(name, template=template, folder=folder)
    digest = inspect(build(written)).digest
    commands = next_commands(name, written)
    if as_json:
        files = sorted(path.name for path in written.iterdir())
        print_json(
            {
                "name": name,
                "template": template,
                "folder": str(written),
                "files": files,
                "digest": digest,
                "next": commands,
            }
        )
        return
    for path in sorted(written.iterdir()):
        click.echo(str(path))
    click.echo("\nnext:")
    for line in commands:
        click.echo(f"  {line}")


def write_assistant(name: str, *, template: str, folder: Path | None = None) -> Path:
    """Write a template's files into a new folder; returns it.

    All files or none are there afterwards.

    Raises:
        FolderTaken: Something is there.
        AssistantNameInvalid: As it says.
        TemplateUnknown: As it says.
    """
    target = Path(name) if folder is None else folder
    files = template_files(template, name=name, folder=shlex.quote(str(target)))
    if target.is_symlink() or target.exists():
        raise FolderTaken(f"{target} is there already; choose another with --folder")
    target.absolute().parent.mkdir(parents=True, exist_ok=True)
    half_made = Path(tempfile.mkdtemp(dir=target.absolute().parent, prefix=f".{target.name}."))
    try:
        for path, content in files.items():
            (half_made / path).write_text(content, encoding="utf-8")
        half_made.chmod(0o755)
        half_made.rename(target)
    finally:
        shutil.rmtree(half_made, ignore_errors=True)
    return target


def next_commands(name: str, folder: Path) -> list[str]:
    """Return the three commands that come next: try it, check it, register it."""
    where = shlex.quote(str(folder))
    return [
        f"python3 -m unittest discover -s {where}",
        f"awgp bundle lint {where}",
        f"awgp assistant add {name} --bundle {where} --as owner",
    ]
