"""`awgp deliveries`: every attempt at a post-action, and sending them again."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any, Final
from uuid import UUID

import click

from ops.setup_desk import Desk
from ops.setup_options import (
    changes_a_tenant,
    looks_in_a_tenant,
    show_changed,
    show_list,
    show_one,
    show_rows,
)
from ops.time_options import Moment
from pipeline.delivery import Outcome
from pipeline.delivery_list import deliveries_page, show_delivery
from pipeline.registry_names import check_text
from pipeline.resending import MOST_AT_ONCE, Plan, Which, plan_replay, replay_deliveries

COLUMNS: Final = {
    "delivery": "id",
    "run": "run_id",
    "target": "target",
    "attempt": "attempt",
    "outcome": "outcome",
    "status": "status_code",
    "ms": "duration_ms",
    "when": "attempted_at",
}
PLANNED: Final = {
    "run": "run_id",
    "position": "position",
    "target": "target",
    "last outcome": "outcome",
    "when": "attempted_at",
}


@click.group("deliveries")
def command() -> None:
    """See every attempt at a post-action, and send deliveries again.

    \b
    Examples:
      awgp deliveries list --target ledger --outcome refused
      awgp deliveries replay --target ledger --since 2h --reason "ledger lost them" --yes
    """


def narrows(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the filters; the command takes them as `which`."""

    @click.option("--run", type=click.UUID, help="Of this run.")
    @click.option("--target", metavar="NAME", help="To this target.")
    @click.option(
        "--outcome",
        type=click.Choice([each.value for each in Outcome]),
        help="Of the attempt; of the last one, to replay.",
    )
    @click.option("--since", type=Moment(), help="Attempted since: 2h, 7d or 2026-11-23T06:00Z.")
    @click.option("--until", type=Moment(), help="Attempted until then.")
    @wraps(command)
    def narrowed(
        *arguments: Any,
        run: UUID | None,
        target: str | None,
        outcome: str | None,
        since: datetime | None,
        until: datetime | None,
        **given: Any,
    ) -> Any:
        which = Which(
            delivery=given.pop("delivery_id", None),
            run=run,
            target=target,
            outcome=None if outcome is None else Outcome(outcome),
            since=since,
            until=until,
        )
        return command(*arguments, which=which, **given)

    return narrowed


@command.command("list")
@narrows
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@looks_in_a_tenant
def list_(desk: Desk, *, which: Which, limit: int, as_json: bool) -> None:
    """List attempts at post-actions, newest first.

    \b
    Examples:
      awgp deliveries list --run 01936c2e-...
      awgp deliveries list --target ledger --outcome retry --since 1h --json
    """
    with desk.looking() as work:
        rows = deliveries_page(work, which, before=None, limit=limit)
    shown = [_plain(row) for row in rows]
    show_list(shown, COLUMNS, empty="no delivery is like that", as_json=as_json)


@command.command()
@click.argument("delivery_id", type=click.UUID, metavar="ID")
@looks_in_a_tenant
def show(desk: Desk, *, delivery_id: UUID, as_json: bool) -> None:
    """Show the attempt ID with all that was answered, up to 64 KiB.

    \b
    Example:
      awgp deliveries show 01936c2e-...
    """
    with desk.looking() as work:
        found = show_delivery(work, delivery_id)
    show_one(_plain(found), as_json=as_json)


@command.command()
@click.argument("delivery_id", type=click.UUID, metavar="[ID]", required=False)
@narrows
@click.option("--reason", metavar="TEXT", help="Why; kept in the audit trail. Needed with --yes.")
@click.option("--yes", is_flag=True, help="Do it; without, it is only shown.")
@changes_a_tenant
def replay(desk: Desk, *, which: Which, reason: str | None, yes: bool, as_json: bool) -> None:
    """Send deliveries again: the same message under the same id, to where it was agreed to go.

    Nothing happens without --yes; it shows how many there are. ID is any attempt's. Runs stay as
    they are; of one that failed on its way out, what comes after is delivered, too. To run an agent
    again, `awgp dead replay`.

    \b
    Examples:
      awgp deliveries replay 01936c2e-... --reason "they lost it" --yes
      awgp deliveries replay --target ledger --since 2026-11-23T06:00Z --until 2026-11-23T09:00Z
    """
    if not yes:
        with desk.looking() as work:
            plan = plan_replay(work, which)
        _show_plan(plan, as_json=as_json)
        return
    if reason is None:
        raise click.BadParameter("say why", param_hint="--reason")
    check_text("reason", reason)
    with desk.changing() as change:
        count = plan_replay(change.work, which).count
        made = replay_deliveries(change.work, which, count=count, reason=reason, actor=change.actor)
    show_changed(f"{len(made)} are sent again", {"replayed": len(made)}, as_json=as_json)


def _show_plan(plan: Plan, *, as_json: bool) -> None:
    first = [_plain(row) for row in plan.first]
    said = f"{plan.count} would be sent again; --yes does it, at most {MOST_AT_ONCE} at once"
    if plan.skipped:
        said += f"\n{plan.skipped} are under way, or their target was removed"
    if not as_json and first:
        show_rows(first, PLANNED)
    show_changed(
        said, {"count": plan.count, "skipped": plan.skipped, "first": first}, as_json=as_json
    )


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """As JSON has it."""
    return {
        name: value.isoformat()
        if isinstance(value, datetime)
        else (str(value) if isinstance(value, UUID) else value)
        for name, value in row.items()
    }
