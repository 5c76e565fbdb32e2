"""What `awgp approvals` does beside a plain vote: take it back, lend it, act alone, review that."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import click

from ops.caller_options import caller_options
from ops.command_options import json_option, print_json
from ops.control_plane import ControlPlane
from ops.terminal_text import moment, one_line
from ops.time_options import SECONDS
from pipeline.break_glass import ReviewVerdict
from pipeline.errors import AwgpError


class DigestNotNamed(AwgpError):
    """An emergency too names what was seen."""


@click.command()
@click.argument("approval_id", type=click.UUID, metavar="APPROVAL")
@json_option
@caller_options
def withdraw(plane: ControlPlane, *, approval_id: UUID, as_json: bool) -> None:
    """Take your vote back while nothing is decided.

    \b
    Example:
      awgp approvals withdraw 01936c2e-...
    """
    after = plane.withdraw(approval_id)
    if as_json:
        print_json(after)
    else:
        click.echo("your vote counts no more; you may vote anew")


@click.command()
@click.argument("person_id", type=click.UUID, metavar="PERSON")
@click.option(
    "--group",
    "groups",
    multiple=True,
    required=True,
    metavar="GROUP",
    help="Of your own groups; repeatable.",
)
@click.option("--for", "lasts", type=SECONDS, required=True, help="How long; 90d at most.")
@click.option("--reason", default="", help="Why; others can read it.")
@json_option
@caller_options
def delegate(
    plane: ControlPlane,
    *,
    person_id: UUID,
    groups: tuple[str, ...],
    lasts: int,
    reason: str,
    as_json: bool,
) -> None:
    """Let PERSON, an id, vote for you with some of your groups.

    \b
    Example:
      awgp approvals delegate 01936c2e-... --group finance --for 14d
    """
    ends_at = datetime.now(UTC) + timedelta(seconds=lasts)
    made = plane.delegate(person_id, groups=groups, ends_at=ends_at.isoformat(), reason=reason)
    if as_json:
        print_json(made)
    else:
        click.echo(
            f"{one_line(made['to_name'])} may vote for you until {moment(made['ends_at'])}"
            f" (delegation {made['id']})"
        )


@click.command("break-glass")
@click.argument("approval_id", type=click.UUID, metavar="APPROVAL")
@click.option("--digest", required=True, metavar="HEX", help="All of the digest you saw.")
@click.option("--reason", required=True, help="What the emergency is; it is reviewed.")
@json_option
@caller_options
def break_glass(
    plane: ControlPlane, *, approval_id: UUID, digest: str, reason: str, as_json: bool
) -> None:
    """Approve alone in an emergency; another person must review it afterwards.

    It needs the role `break-glass`, and never lets your own run through.

    \b
    Example:
      awgp approvals break-glass 01936c2e-... --digest 4f1a... --reason "line 2 stands still"
    """
    shown = plane.approval(approval_id)
    if digest.lower().removeprefix("sha256:") != shown["digest"]:
        raise DigestNotNamed("name the whole digest, as `awgp approvals show` has it")
    after = plane.break_glass(approval_id, digest=shown["digest"], reason=reason)
    if as_json:
        print_json(after)
    else:
        click.echo(f"{after['status']}: run {after['run_id']}; a review is open")


@click.command()
@click.argument("review_id", type=click.UUID, metavar="REVIEW", required=False)
@click.option(
    "--verdict",
    type=click.Choice([each.value for each in ReviewVerdict]),
    help="Whether it was an emergency.",
)
@click.option("--note", default="", help="What you found; needed with --verdict.")
@json_option
@caller_options
def review(
    plane: ControlPlane, *, review_id: UUID | None, verdict: str | None, note: str, as_json: bool
) -> None:
    """List the open reviews, or close REVIEW as another person than who acted.

    \b
    Examples:
      awgp approvals review
      awgp approvals review 01936c2e-... --verdict justified --note "the log agrees"
    """
    if review_id is None:
        found = list(plane.reviews())
        if as_json:
            print_json(found)
        for each in [] if as_json else found:
            click.echo(f"{each['id']}  {one_line(each['person'])}: {one_line(each['reason'])}")
        if not found and not as_json:
            click.echo("no review is open")
        return
    if verdict is None or not note.strip():
        raise click.UsageError("closing a review takes --verdict and --note")
    closed = plane.close_review(review_id, verdict=verdict, note=note)
    if as_json:
        print_json(closed)
    else:
        click.echo(f"closed as {closed['verdict']}")


FURTHER = (withdraw, delegate, break_glass, review)
