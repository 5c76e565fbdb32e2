"""`awgp target`: where results go."""

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
from pipeline.address_guard import AddressRefused, check_url
from pipeline.delivery import TargetSettings
from pipeline.registry import add_target, new_webhook_secret
from pipeline.registry_find import find_target
from pipeline.registry_names import FieldInvalid, NotSetUp, check_name
from pipeline.registry_remove import remove_target
from pipeline.registry_sources import whsec
from pipeline.registry_view import list_targets
from pipeline.work import Work

STATUS = click.IntRange(100, 599)


@click.group("target")
def command() -> None:
    """Add, show and remove targets: where an assistant's results are posted, signed.

    \b
    Examples:
      awgp target add ledger --url https://ledger.example/hook
      awgp target list
      awgp target remove ledger
    """


@command.command()
@click.argument("name")
@click.option("--url", required=True, help="Where to post; https, or http with --allow-private.")
@click.option("--allow-private", is_flag=True, help="It may be http and on a private address.")
@click.option(
    "--expect-status",
    "expect_status",
    multiple=True,
    type=STATUS,
    help="What means delivered; any 2xx by default. Repeatable.",
)
@click.option(
    "--expect-body", metavar="TEXT", help="What the answer has to contain to mean delivered."
)
@click.option(
    "--retry-status",
    "retry_status",
    multiple=True,
    type=STATUS,
    help="What means not yet, though it looks final. Repeatable.",
)
@click.option("--keep-secret", is_flag=True, help="A new version signs as the one before.")
@click.option("--author", metavar="PERSON", help="Whose target it is; who acts by default.")
@changes_a_tenant
def add(
    desk: Desk,
    *,
    name: str,
    url: str,
    keep_secret: bool,
    author: str | None,
    as_json: bool,
    **treated: Any,
) -> None:
    """Add the target NAME, or a new version of it. Its signing secret is shown once.

    Results are posted as Standard Webhooks messages; the receiver checks them by the secret. What
    was approved for the version before and has not started is held again.

    \b
    Examples:
      awgp target add ledger --url https://ledger.example/hook
      awgp target add chat --url http://127.0.0.1:5678/webhook/x --allow-private --retry-status 404
    """
    check_name("name", name)
    settings = _settings(**treated)
    try:
        check_url(url, allow_private=treated["allow_private"])
    except AddressRefused as error:
        raise FieldInvalid("url", str(error)) from error
    secret = None if keep_secret else new_webhook_secret()
    with desk.changing() as change:
        if secret is None and not _named(change.work, name):
            raise FieldInvalid("keep-secret", f"there is no target {name!r} whose secret to keep")
        target_id = add_target(
            change.work,
            desk.keyring(),
            name=name,
            url=url,
            secret=secret,
            by=change.behind(author, "--author").person_id,
            settings=settings,
            actor=change.actor,
        )
        version = _named(change.work, name)[0]["version"]
    shown = {"id": str(target_id), "name": name, "version": version, "url": url}
    said = f"target {name} saved, version {version}"
    if secret is not None:
        shown["secret"] = whsec(secret)
        said += f"\nsecret  {shown['secret']}  (shown once)"
    show_changed(said, shown, as_json=as_json)


def _settings(
    *,
    allow_private: bool,
    expect_status: tuple[int, ...],
    expect_body: str | None,
    retry_status: tuple[int, ...],
) -> dict[str, Any]:
    expect: dict[str, Any] = {}
    if expect_status:
        expect["status"] = list(expect_status)
    if expect_body:
        expect["body_contains"] = expect_body
    found: dict[str, Any] = {"allow_private": True} if allow_private else {}
    found |= {"expect": expect} if expect else {}
    found |= {"retry_status": list(retry_status)} if retry_status else {}
    TargetSettings.from_json(found)  # what a worker could not read is not kept
    return found


def _named(work: Work, name: str) -> list[dict[str, Any]]:
    return [each for each in list_targets(work) if each["name"] == name]


@command.command("list")
@looks_in_a_tenant
def list_(desk: Desk, *, as_json: bool) -> None:
    """List a tenant's targets and who delivers to them.

    \b
    Example:
      awgp target list
    """
    with desk.looking() as work:
        rows = list_targets(work)
    columns = {"target": "name", "version": "version", "url": "url", "from": "assistants"}
    empty = (
        f"{desk.slug} has no targets yet; `awgp target add NAME --url URL` adds one. An"
        " assistant without one just keeps its results"
    )
    show_list(rows, columns, empty=empty, as_json=as_json)


@command.command()
@click.argument("name")
@looks_in_a_tenant
def show(desk: Desk, name: str, *, as_json: bool) -> None:
    """Show the target NAME; its secret is never shown again.

    \b
    Example:
      awgp target show ledger --json
    """
    with desk.looking() as work:
        found = _named(work, name)
    if not found:
        raise NotSetUp(f"{desk.slug} has no target {name!r}; `awgp target list` shows all")
    show_one(found[0], as_json=as_json)


@command.command()
@click.argument("name")
@yes_option
@changes_a_tenant
def remove(desk: Desk, name: str, *, yes: bool, as_json: bool) -> None:
    """Remove the target NAME. Refused while an active assistant delivers to it.

    What is being delivered to it still arrives. Adding it again makes a new secret.

    \b
    Example:
      awgp target remove ledger --yes
    """
    with desk.looking() as work:
        find_target(work, name)
    confirm(f"The target {name} of {desk.slug} and its secret will be gone.", yes=yes)
    with desk.changing() as change:
        target_id = remove_target(change.work, name, actor=change.actor)
    shown = {"id": str(target_id), "name": name, "removed": True}
    show_changed(f"target {name} removed", shown, as_json=as_json)
