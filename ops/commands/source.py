"""`awgp source`: what may send requests, and its secrets."""

from datetime import timedelta
from typing import Any, BinaryIO
from uuid import UUID

import click

from ops.command_options import yes_option
from ops.scheme_options import (
    read_secret,
    read_settings,
    scheme_option,
    secret_option,
    settings_option,
)
from ops.setup_desk import Desk
from ops.setup_options import (
    changes_a_tenant,
    confirm,
    looks_in_a_tenant,
    show_changed,
    show_list,
    show_one,
)
from ops.source_proof_commands import schemes, set_, unsigned
from ops.source_schedule_commands import next_, pause, resume, schedule
from ops.source_taking_commands import callbacks, intake, map_
from ops.source_test import command as test_command
from ops.time_options import SECONDS, span
from ops.webhook_peer import hook_url
from pipeline.registry_find import find_source
from pipeline.registry_remove import expire_source_secrets, remove_source
from pipeline.registry_view import last_request, list_sources, source_secrets
from pipeline.schemes.registry import scheme_named
from pipeline.source_change import SecretSet, create_source, rotate_source
from pipeline.source_view import source_state


@click.group("source")
def command() -> None:
    """Add, show, test and remove webhook sources, and change their secrets.

    \b
    Examples:
      awgp source add erp --assistant invoice-check --owner "Nora Vidal"
      awgp source test erp
      awgp source rotate erp --overlap 24h
      awgp source remove erp
    """


for each in (
    test_command,
    schemes,
    set_,
    unsigned,
    intake,
    callbacks,
    map_,
    schedule,
    next_,
    pause,
    resume,
):
    command.add_command(each)


@command.command()
@click.argument("name")
@click.option("--assistant", required=True, metavar="NAME", help="Who works on what it sends.")
@click.option(
    "--owner",
    metavar="PERSON",
    help="Who answers for it, and cannot approve what it sends; who acts by default.",
)
@scheme_option
@settings_option("A setting of the scheme, as often as needed.")
@secret_option
@changes_a_tenant
def add(
    desk: Desk,
    *,
    name: str,
    assistant: str,
    owner: str | None,
    scheme: str,
    given: tuple[str, ...],
    secret_file: BinaryIO | None,
    as_json: bool,
) -> None:
    """Add the source NAME; its address and its secret are shown, the secret once.

    \b
    Examples:
      awgp source add erp --assistant invoice-check --owner "Nora Vidal"
      awgp source add repo --assistant triage --scheme github
      awgp source add chat --assistant helper --scheme slack --secret-file -
      awgp source add mail --assistant triage --scheme hmac --set header=X-Signature
    """
    settings, secret = read_settings(scheme, given), read_secret(secret_file)
    with desk.changing() as change:
        answers = change.behind(owner, "--owner").person_id
        source_id, made = create_source(
            change.work,
            desk.keyring(),
            name=name,
            assistant=assistant,
            scheme=scheme,
            settings=settings,
            secret=secret,
            owner=None,
            by=answers,
            actor=change.actor,
        )
    shown = {
        "id": str(source_id),
        "name": name,
        "assistant": assistant,
        "scheme": scheme,
        "url": hook_url(desk.data, desk.environ, source_id),
        "secret": made.told,
    }
    said = f"source {name} added\nurl     {shown['url']}\n{_told(scheme, made)}"
    show_changed(said, shown, as_json=as_json)


@command.command("list")
@looks_in_a_tenant
def list_(desk: Desk, *, as_json: bool) -> None:
    """List a tenant's sources.

    \b
    Example:
      awgp source list --json
    """
    with desk.looking() as work:
        rows = [_addressed(desk, row) for row in list_sources(work)]
    columns = {
        "source": "name",
        "assistant": "assistant",
        "active": "active",
        "secrets": "live_secrets",
        "owner": "owner",
        "url": "url",
    }
    empty = f"{desk.slug} has no sources yet; `awgp source add` adds one"
    show_list(rows, columns, empty=empty, as_json=as_json)


@command.command()
@click.argument("name")
@looks_in_a_tenant
def show(desk: Desk, name: str, *, as_json: bool) -> None:
    """Show the source NAME: its address, since when its secrets live, the last it sent.

    \b
    Example:
      awgp source show erp
    """
    with desk.looking() as work:
        source_id = find_source(work, name)
        (found,) = (each for each in list_sources(work) if each["name"] == name)
        shown = _addressed(desk, found) | {
            "secrets": source_secrets(work, source_id),
            "last_request": last_request(work, source_id),
        }
    show_one(shown, as_json=as_json)


@command.command()
@click.argument("name")
@click.option(
    "--overlap",
    type=SECONDS,
    default="24h",
    show_default=True,
    help="How long the older secrets live on.",
)
@secret_option
@changes_a_tenant
def rotate(
    desk: Desk, name: str, *, overlap: int, secret_file: BinaryIO | None, as_json: bool
) -> None:
    """Give the source NAME a new secret, shown once; the older ones live on for a while.

    The two newest count. Who rotated last cannot approve what the source sends: that is who acts,
    or its owner.

    \b
    Examples:
      awgp source rotate erp
      awgp source rotate erp --overlap 1h --as ada
      awgp source rotate payments --secret-file -
    """
    secret = read_secret(secret_file)
    with desk.changing() as change:
        source_id = find_source(change.work, name)
        state = source_state(change.work, source_id)
        by = UUID(state["owner"]) if change.acting is None else change.acting.person_id
        made = rotate_source(
            change.work,
            desk.keyring(),
            source_id,
            overlap=timedelta(seconds=overlap),
            by=by,
            actor=change.actor,
            secret=secret,
        )
    shown = {"id": str(source_id), "name": name, "secret": made.told}
    said = (
        f"source {name} has a new secret; the older ones live {span(overlap)} more at most\n"
        f"{_told(state['scheme'], made)}"
    )
    show_changed(said, shown, as_json=as_json)


@command.command()
@click.argument("name")
@click.option("--secret", "secret_id", type=click.UUID, help="This one; all older ones by default.")
@yes_option
@changes_a_tenant
def expire(desk: Desk, name: str, *, secret_id: UUID | None, yes: bool, as_json: bool) -> None:
    """Let older secrets of the source NAME count no more, at once. The newest stays.

    \b
    Examples:
      awgp source expire erp --yes
      awgp source expire erp --secret 01936c2e-... --yes
    """
    with desk.looking() as work:
        find_source(work, name)
    which = "every secret but the newest" if secret_id is None else f"the secret {secret_id}"
    confirm(f"What is signed with {which} of {name} will be refused.", yes=yes)
    with desk.changing() as change:
        gone = expire_source_secrets(change.work, name, actor=change.actor, secret_id=secret_id)
    shown = {"name": name, "expired": [str(each) for each in gone]}
    show_changed(f"{len(gone)} secrets of {name} expired", shown, as_json=as_json)


@command.command()
@click.argument("name")
@yes_option
@changes_a_tenant
def remove(desk: Desk, name: str, *, yes: bool, as_json: bool) -> None:
    """Remove the source NAME: it stops at once, its address and its secrets never count again.

    What it sent before goes on. Its name is free for another source.

    \b
    Example:
      awgp source remove erp --yes
    """
    with desk.looking() as work:
        find_source(work, name)
    confirm(f"The source {name} of {desk.slug} stops at once, its address for ever.", yes=yes)
    with desk.changing() as change:
        source_id = remove_source(change.work, name, actor=change.actor)
    shown = {"id": str(source_id), "name": name, "removed": True}
    show_changed(f"source {name} removed", shown, as_json=as_json)


def _addressed(desk: Desk, row: dict[str, Any]) -> dict[str, Any]:
    return row | {"url": hook_url(desk.data, desk.environ, row["id"])}


def _told(scheme: str, made: SecretSet) -> str:
    if made.told is not None:
        return f"secret  {made.told}  (shown once)"
    if made.secret is not None:
        return "secret  the one you gave"
    return f"next    {scheme_named(scheme).about.where}"
