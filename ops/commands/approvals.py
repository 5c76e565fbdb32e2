"""`awgp approvals`: what waits for a person, and the decision."""

import sys
from typing import Any
from uuid import UUID

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ops.approval_commands import FURTHER
from ops.approval_text import approval_table, reason_needed
from ops.caller_options import caller_options
from ops.command_options import json_option, print_json
from ops.control_plane import ControlPlane
from ops.terminal_output import table_console
from ops.terminal_text import moment, one_line
from pipeline.errors import AwgpError

SHORTEST_PREFIX = 8
STATUSES = ("open", "approved", "rejected", "expired", "cancelled", "superseded")

reason_option = click.option("--reason", default="", help="Why; kept with your vote.")
digest_option = click.option(
    "--digest", metavar="HEX", help="The digest you saw, or its first 8 digits or more."
)


class DigestDiffers(AwgpError):
    """What was looked at is not what is asked now."""


class NotConfirmed(AwgpError):
    """Nobody said yes; nothing was decided."""


@click.group("approvals")
def command() -> None:
    """See what waits for a person, and decide it.

    \b
    Examples:
      awgp approvals list
      awgp approvals show 01936c2e-...
      awgp approvals approve 01936c2e-... --digest 4f1a9c02
      awgp approvals reject 01936c2e-... --reason "not our supplier"
    """


for each in FURTHER:
    command.add_command(each)


@command.command("list")
@click.option("--status", type=click.Choice(STATUSES), default="open", show_default=True)
@json_option
@caller_options
def list_(plane: ControlPlane, *, status: str, as_json: bool) -> None:
    """List the tenant's approvals, newest first.

    \b
    Examples:
      awgp approvals list
      awgp approvals list --status approved --as cleo
    """
    found = list(plane.approvals(status))
    if as_json:
        print_json(found)
        return
    if not found:
        click.echo(f"no approval is {status}")
        return
    table = Table("approval", "assistant", "epoch", "expires", "digest", box=None, pad_edge=False)
    for each in found:
        cells = (each["id"], each["assistant"], str(each["epoch"]), moment(each["expires_at"]))
        table.add_row(*(Text(one_line(cell)) for cell in (*cells, each["digest"][:16])))
    table_console().print(table)


@command.command()
@click.argument("approval_id", type=click.UUID, metavar="APPROVAL")
@json_option
@caller_options
def show(plane: ControlPlane, *, approval_id: UUID, as_json: bool) -> None:
    """Show what will run if this is approved: everything its digest covers.

    The digest is computed again here, from what the server shows.

    \b
    Example:
      awgp approvals show 01936c2e-...
    """
    shown = plane.approval(approval_id)
    if as_json:
        print_json(shown)
    else:
        table_console().print(approval_table(shown))


@command.command()
@click.argument("approval_id", type=click.UUID, metavar="APPROVAL")
@digest_option
@reason_option
@json_option
@caller_options
def approve(
    plane: ControlPlane, *, approval_id: UUID, digest: str | None, reason: str, as_json: bool
) -> None:
    """Approve: name the digest you saw, or look and say yes.

    \b
    Examples:
      awgp approvals approve 01936c2e-...
      awgp approvals approve 01936c2e-... --digest 4f1a9c02 --reason "order 4711"
    """
    shown = plane.approval(approval_id)
    if digest is not None:
        check_prefix(digest, shown["digest"])
    else:
        _confirm(shown)
    _vote(plane, shown, "approve", _reason(shown, reason), as_json=as_json)


@command.command()
@click.argument("approval_id", type=click.UUID, metavar="APPROVAL")
@digest_option
@reason_option
@json_option
@caller_options
def reject(
    plane: ControlPlane, *, approval_id: UUID, digest: str | None, reason: str, as_json: bool
) -> None:
    """Reject: one is enough, and nothing runs.

    \b
    Example:
      awgp approvals reject 01936c2e-... --reason "not our supplier"
    """
    shown = plane.approval(approval_id)
    if digest is not None:
        check_prefix(digest, shown["digest"])
    _vote(plane, shown, "reject", _reason(shown, reason), as_json=as_json)


def check_prefix(given: str, digest: str) -> None:
    """Raises: DigestDiffers."""
    prefix = given.lower().removeprefix("sha256:")
    if len(prefix) < SHORTEST_PREFIX:
        raise DigestDiffers(f"give {SHORTEST_PREFIX} digits of the digest, or more")
    if not digest.startswith(prefix):
        raise DigestDiffers(
            f"the digest is {digest[:16]}... now, not {one_line(given)}; look again"
        )


def _confirm(shown: dict[str, Any]) -> None:
    if not sys.stdin.isatty():
        raise NotConfirmed("nobody is here to look: name what you saw with --digest")
    console = Console(stderr=True, highlight=False)
    console.print(approval_table(shown))
    if not click.confirm(f"\nApprove {shown['digest'][:16]}...?", default=False, err=True):
        raise NotConfirmed("nothing was decided")


def _reason(shown: dict[str, Any], given: str) -> str:
    if given or not reason_needed(shown) or not sys.stdin.isatty():
        return given
    answer: str = click.prompt("Reason", err=True)
    return answer


def _vote(
    plane: ControlPlane, shown: dict[str, Any], verdict: str, reason: str, *, as_json: bool
) -> None:
    after = plane.vote(UUID(shown["id"]), verdict=verdict, digest=shown["digest"], reason=reason)
    if as_json:
        print_json(after)
        return
    if after["status"] != "open":
        click.echo(f"{after['status']}: run {after['run_id']}")
        return
    missing = [each["rule"] for each in after["tally"]["rules"] if not each["met"]]
    click.echo(f"your vote counts; still open: {', '.join(one_line(name) for name in missing)}")
