"""`awgp notice`: who is told of what waits and what happened."""

from typing import Any

import click

from ops.command_options import yes_option
from ops.setup_desk import Desk
from ops.setup_options import (
    changes_a_tenant,
    confirm,
    looks_in_a_tenant,
    show_changed,
    show_list,
    show_one,
)
from pipeline.notice import BY_DEFAULT, WANTABLE, ChannelWanted, Event, Kind
from pipeline.notice_channels import (
    add_channel,
    find_channel,
    list_channels,
    list_notices,
    remove_channel,
    show_channel,
    tell_a_test,
)
from pipeline.registry_names import FieldInvalid

MOST_LISTED = 500
LAST = 10


@click.group("notice")
def command() -> None:
    """Add, show, test and remove notice channels: who is told of what, by webhook or mail.

    \b
    Examples:
      awgp notice add approvers --to-people --event approval.opened
      awgp notice add ops --target n8n
      awgp notice test approvers
      awgp notice show approvers
    """


@command.command()
@click.argument("name")
@click.option("--target", help="Post to this target, signed as results are.")
@click.option(
    "--mail", "recipients", multiple=True, metavar="ADDRESS", help="Mail this address. Repeatable."
)
@click.option(
    "--to-people", is_flag=True, help="Mail those it is up to; then who asked and who voted."
)
@click.option(
    "--event",
    "events",
    multiple=True,
    type=click.Choice([event.value for event in WANTABLE]),
    help="Of what; everything but run.completed by default. Repeatable.",
)
@click.option("--rule", "rules", multiple=True, help="Of this approval rule alone. Repeatable.")
@click.option(
    "--assistant", "assistants", multiple=True, help="Of this assistant alone. Repeatable."
)
@click.option("--with-payload", is_flag=True, help="The payload goes along. It leaves AWGP.")
@changes_a_tenant
def add(
    desk: Desk,
    *,
    name: str,
    target: str | None,
    recipients: tuple[str, ...],
    events: tuple[str, ...],
    as_json: bool,
    **further: Any,
) -> None:
    """Add the channel NAME. It is told of what happens from now on.

    \b
    Examples:
      awgp notice add approvers --to-people --event approval.opened --event approval.reminded
      awgp notice add duty --mail duty@example.com --event run.failed
      awgp notice add chat --target n8n --rule two-approvers
    """
    if target is None and not recipients and not further["to_people"]:
        raise FieldInvalid("target", "say where it goes: --target, --mail or --to-people")
    wanted = ChannelWanted(
        name=name,
        kind=Kind.EMAIL if target is None else Kind.WEBHOOK,
        target=target,
        recipients=recipients,
        events=tuple(dict.fromkeys(map(Event, events))) or BY_DEFAULT,
        **further,
    )
    with desk.changing() as change:
        channel_id = add_channel(change.work, wanted, actor=change.actor)
    shown = {"id": str(channel_id), "name": name, "kind": wanted.kind.value}
    next_ = f"; next: awgp notice test {name}"
    show_changed(f"notice channel {name} added{next_}", shown, as_json=as_json)


@command.command("list")
@looks_in_a_tenant
def list_(desk: Desk, *, as_json: bool) -> None:
    """List a tenant's notice channels and how each fared last.

    \b
    Example:
      awgp notice list --json
    """
    with desk.looking() as work:
        rows = [_row(each) for each in list_channels(work, after=None, limit=MOST_LISTED)]
    columns = {"channel": "name", "kind": "kind", "to": "to", "of": "events", "last": "last_status"}
    empty = f"{desk.slug} tells nobody yet; `awgp notice add NAME --to-people` adds a channel"
    show_list(rows, columns, empty=empty, as_json=as_json)


@command.command()
@click.argument("name")
@looks_in_a_tenant
def show(desk: Desk, name: str, *, as_json: bool) -> None:
    """Show the channel NAME and what became of its last notices.

    \b
    Example:
      awgp notice show approvers
    """
    with desk.looking() as work:
        channel_id = find_channel(work, name)
        shown = _row(show_channel(work, channel_id))
        last = list_notices(work, channel=channel_id, status=None, before=None, limit=LAST)
    shown["notices"] = [_told(each) for each in last]
    show_one(shown, as_json=as_json)


@command.command()
@click.argument("name")
@yes_option
@changes_a_tenant
def remove(desk: Desk, name: str, *, yes: bool, as_json: bool) -> None:
    """Remove the channel NAME. What it was not told yet is told to nobody.

    \b
    Example:
      awgp notice remove chat --yes
    """
    with desk.looking() as work:
        find_channel(work, name)
    confirm(f"The notice channel {name} of {desk.slug} will be told nothing more.", yes=yes)
    with desk.changing() as change:
        channel_id = find_channel(change.work, name)
        remove_channel(change.work, channel_id, actor=change.actor)
    shown = {"id": str(channel_id), "name": name, "removed": True}
    show_changed(f"notice channel {name} removed", shown, as_json=as_json)


@command.command()
@click.argument("name")
@changes_a_tenant
def test(desk: Desk, name: str, *, as_json: bool) -> None:
    """Tell the channel NAME that this is a test. A post_action worker delivers it.

    \b
    Example:
      awgp notice test approvers
    """
    with desk.changing() as change:
        channel_id = find_channel(change.work, name)
        notice_id = tell_a_test(change.work, channel_id)
    shown = {"notice": str(notice_id), "channel": name}
    said = f"a test is on its way; what became of it: awgp notice show {name}"
    show_changed(said, shown, as_json=as_json)


def _row(channel: dict[str, Any]) -> dict[str, Any]:
    """A channel in plain JSON, with `to` as one list."""
    people = ["those it is up to"] if channel["to_people"] else []
    to = [channel["target"]] if channel["target"] else [*channel["recipients"], *people]
    plain = {name: _plain(value) for name, value in channel.items()}
    return plain | {"to": to}


def _told(notice: dict[str, Any]) -> dict[str, Any]:
    wanted = ("event", "status", "attempts", "run_id", "last_error", "created_at")
    return {name: _plain(notice[name]) for name in wanted}


def _plain(value: Any) -> Any:
    return value if isinstance(value, list | bool | int | str | None) else str(value)
