"""`awgp credential`: what gateways put into agents' requests, and agents never see."""

import sys
from pathlib import Path

import click

from ops.command_options import yes_option
from ops.setup_desk import Desk
from ops.setup_options import (
    changes_a_tenant,
    confirm,
    looks_in_a_tenant,
    show_changed,
    show_list,
)
from pipeline.credentials import list_credentials, remove_credential, save_credential


@click.group("credential")
def command() -> None:
    """Add, list and remove credentials that the gateway uses for agents.

    \b
    Examples:
      awgp credential add erp --value-file erp.txt
      awgp assistant add rates --bundle ./rates --allow "GET https://api.example.com/v1/ as erp"
      awgp credential list
    """


@command.command()
@click.argument("name")
@click.option(
    "--header",
    default="Authorization",
    show_default=True,
    help="The header it is sent in.",
)
@click.option(
    "--value-file",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    help='A file with the whole value of the header, as "Bearer abc...", or - for stdin.',
)
@changes_a_tenant
def add(desk: Desk, name: str, *, header: str, value_file: Path, as_json: bool) -> None:
    """Keep the credential NAME, in place of one of this name. It is never shown again.

    Rules name it; a new value is used from the next run on, and holds nothing again.

    \b
    Examples:
      awgp credential add erp --value-file erp.txt
      awgp credential add search --header X-API-Key --value-file - < key.txt
    """
    try:
        value = sys.stdin.read() if str(value_file) == "-" else value_file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise click.BadParameter("cannot be read as text", param_hint="--value-file") from error
    with desk.changing() as change:
        replaced = save_credential(
            change.work,
            desk.keyring(),
            name=name,
            header=header,
            value=value.strip(),
            by=change.behind(None, "--as").person_id,
            actor=change.actor,
        )
    said = "replaced" if replaced else "added"
    shown = {"name": name, "header": header, "replaced": replaced}
    show_changed(f"credential {name} {said}", shown, as_json=as_json)


@command.command("list")
@looks_in_a_tenant
def list_(desk: Desk, *, as_json: bool) -> None:
    """List a tenant's credentials and the assistants that may use them; never a value.

    \b
    Example:
      awgp credential list
    """
    with desk.looking() as work:
        found = list_credentials(work)
    rows = [
        each | {"id": str(each["id"]), "created_at": each["created_at"].isoformat()}
        for each in found
    ]
    columns = {"credential": "name", "header": "header", "assistants": "assistants"}
    empty = f"{desk.slug} has no credentials; `awgp credential add` adds one"
    show_list(rows, columns, empty=empty, as_json=as_json)


@command.command()
@click.argument("name")
@yes_option
@changes_a_tenant
def remove(desk: Desk, name: str, *, yes: bool, as_json: bool) -> None:
    """Forget the credential NAME, which no active assistant may use any more.

    \b
    Example:
      awgp credential remove erp --yes
    """
    confirm(f"The credential {name} of {desk.slug} will be gone.", yes=yes)
    with desk.changing() as change:
        remove_credential(change.work, name, actor=change.actor)
    show_changed(f"credential {name} removed", {"name": name, "removed": True}, as_json=as_json)
