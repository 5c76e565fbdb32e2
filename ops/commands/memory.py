"""`awgp memory`: what assistants remember, and how it is forgotten."""

from pathlib import Path
from uuid import UUID

import click

from ops.command_options import yes_option
from ops.processes import runtime_socket
from ops.setup_desk import Change, Desk
from ops.setup_options import changes_a_tenant, confirm, show_changed
from pipeline.assistant_view import assistant_state
from pipeline.errors import AwgpError
from runtime_host.client import HostClient


class NobodyNamed(AwgpError):
    """Neither an assistant nor all of them were named, or both."""


@click.group("memory")
def command() -> None:
    """Forget what a tenant's assistants remember from run to run.

    \b
    Examples:
      awgp memory forget clerk --yes
      awgp memory forget --all --tenant acme --yes
    """


@command.command()
@click.argument("name", required=False)
@click.option("--all", "everyone", is_flag=True, help="Every assistant's of the tenant.")
@click.option(
    "--host",
    "socket_path",
    type=click.Path(path_type=Path, exists=True),
    help="Socket of the runtime host; that of the data folder by default.",
)
@yes_option
@changes_a_tenant
def forget(
    desk: Desk,
    name: str | None,
    *,
    everyone: bool,
    socket_path: Path | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Remove all that the assistant NAME remembers, from the disk too.

    The assistant stays, and remembers anew. Where memories are embedded, each machine with a
    runtime host has its own: say it on each.

    \b
    Examples:
      awgp memory forget clerk --yes
      awgp memory forget --all --tenant acme --yes
    """
    if (name is None) != everyone:
        raise NobodyNamed("name an assistant, or say --all for every one of the tenant's")
    whose = "all assistants" if name is None else f"the assistant {name}"
    confirm(f"What {whose} of {desk.slug} remembers will be gone.", yes=yes)
    with desk.changing(also_closed=True) as change:
        found = None if name is None else assistant_state(change.work, name)["id"]
        _record(change, found, {"asked": True})  # before anything is gone
    host = HostClient(socket_path or runtime_socket(desk.data))
    count = host.forget(desk.tenant.tenant_id, found)
    with desk.changing(also_closed=True) as change:
        _record(change, found, {"collections": count})
    shown = {"assistant": name, "collections": count}
    show_changed(f"{count} collections of {whose} forgotten", shown, as_json=as_json)


def _record(change: Change, assistant: UUID | None, metadata: dict[str, bool | int]) -> None:
    whose = ("tenant", str(change.work.tenant_id))
    if assistant is not None:
        whose = ("assistant", str(assistant))
    change.work.record(change.actor, "setup:memory:forgotten", whose, metadata=metadata)
