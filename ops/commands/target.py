"""`awgp target`: where results go."""

import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import click

from ops.command_options import print_json, yes_option
from ops.setup_desk import Desk
from ops.setup_options import (
    changes_a_tenant,
    confirm,
    looks_in_a_tenant,
    show_changed,
    show_list,
    show_one,
)
from ops.target_options import settings_of, settings_options
from ops.terminal_text import one_line, plain
from pipeline.registry_find import find_target
from pipeline.registry_names import FieldInvalid, NotSetUp, check_name
from pipeline.registry_remove import remove_target
from pipeline.registry_sources import whsec
from pipeline.registry_view import list_targets
from pipeline.resending import resending_state
from pipeline.target_change import (
    TargetWanted,
    Told,
    create_target,
    rotate_target_secret,
    save_target,
)
from pipeline.target_preview import Preview
from pipeline.target_switch import switch_off, switch_on
from pipeline.target_test import preview_target, send_test
from pipeline.target_view import show_target
from pipeline.work import Work

TEST_SECONDS: Final = 90.0
LOOK_SECONDS: Final = 0.25


@click.group("target")
def command() -> None:
    """Add, try, show and remove targets: where an assistant's results are posted, signed.

    \b
    Examples:
      awgp target add ledger --url https://ledger.example/hook
      awgp target test ledger --send
      awgp target list
      awgp target remove ledger
    """


@command.command()
@click.argument("name")
@settings_options
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
    value_file: Path | None,
    template_file: Path | None,
    as_json: bool,
    **said: Any,
) -> None:
    """Add the target NAME, or a new version of it. Its signing secret is shown once.

    Results are posted as Standard Webhooks messages; the receiver checks them by the secret. What
    was approved for the version before and has not started is held again.

    \b
    Examples:
      awgp target add ledger --url https://ledger.example/hook
      awgp target add flow --url https://n8n.example/webhook/x --n8n --header X-AWGP-Key
      awgp target add chat --url https://chat.example/hook --template chat.json.j2 --timeout 5
    """
    check_name("name", name)
    value = None if value_file is None else _read(value_file, "--header-value-file").strip()
    template = "" if template_file is None else _read(template_file, "--template")
    wanted = TargetWanted(
        name=name, url=url, settings=settings_of(**said), template=template, header_value=value
    )
    with desk.changing() as change:
        by = change.behind(author, "--author").person_id
        known = bool(_named(change.work, name))
        if keep_secret and not known:
            raise FieldInvalid("keep-secret", f"there is no target {name!r} whose secret to keep")
        save = save_target if known else create_target
        told = save(change.work, desk.keyring(), wanted, by=by, actor=change.actor) or Told()
        if known and not keep_secret:
            secret = rotate_target_secret(change.work, desk.keyring(), name, actor=change.actor)
            told = replace(told, secret=secret)
        shown = {key: _named(change.work, name)[0][key] for key in ("id", "name", "version", "url")}
    _show_told(shown, told, as_json=as_json)


def _show_told(shown: dict[str, Any], told: Told, *, as_json: bool) -> None:
    said = f"target {shown['name']} saved, version {shown['version']}"
    if told.secret is not None:
        shown["secret"] = whsec(told.secret)
        said += f"\nsecret  {shown['secret']}  (shown once)"
    if told.header_value is not None:
        shown["header_value"] = told.header_value
        said += f"\nheader  {told.header_value}  (shown once)"
    show_changed(said, shown, as_json=as_json)


def _read(path: Path, option: str) -> str:
    try:
        return sys.stdin.read() if str(path) == "-" else path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise click.BadParameter("cannot be read as text", param_hint=option) from error


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
    columns = {
        "target": "name",
        "version": "version",
        "url": "url",
        "from": "assistants",
        "off": "disabled_at",
    }
    empty = (
        f"{desk.slug} has no targets yet; `awgp target add NAME --url URL` adds one. An"
        " assistant without one just keeps its results"
    )
    show_list(rows, columns, empty=empty, as_json=as_json)


@command.command()
@click.argument("name")
@looks_in_a_tenant
def show(desk: Desk, name: str, *, as_json: bool) -> None:
    """Show the target NAME, how it fares and what waits for it; its secret is never shown again.

    \b
    Example:
      awgp target show ledger --json
    """
    with desk.looking() as work:
        found = _named(work, name)
        if not found:
            raise NotSetUp(f"{desk.slug} has no target {name!r}; `awgp target list` shows all")
        now = show_target(work, name)
    until = now["circuit"]["open_until"]
    circuit = now["circuit"] | {"open_until": until and until.isoformat()}
    how = {"circuit": circuit, "waiting": now["waiting"], "template": now["template"]}
    show_one(found[0] | how, as_json=as_json)


@command.command()
@click.argument("name")
@click.option(
    "--result",
    "result_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file with the result to send, JSON; a sample by default.",
)
@click.option("--run", type=click.UUID, help="Send this run's result instead.")
@click.option("--send", is_flag=True, help="Send it, and wait for what comes of it.")
@changes_a_tenant
def test(
    desk: Desk,
    *,
    name: str,
    result_file: Path | None,
    run: UUID | None,
    send: bool,
    as_json: bool,
) -> None:
    """Show exactly what the target NAME would be sent, secrets left out; with --send, send it.

    Its type is target.test and its id begins with test_, so that a receiver can tell. A worker
    sends it, once; exit status 1 says that it was not taken.

    \b
    Examples:
      awgp target test ledger
      awgp target test ledger --run 01936c2e-... --send
    """
    result = None if result_file is None else _json(result_file)
    if not send:
        with desk.looking() as work:
            seen = preview_target(work, name, result=result, run_id=run)
        _show_preview(seen, as_json=as_json)
        return
    with desk.changing() as change:
        test_id, seen = send_test(change.work, name, result=result, run_id=run, actor=change.actor)
    ended = _wait_for(desk, test_id)
    if as_json:
        print_json({"id": str(test_id), "preview": seen.as_json(), **ended})
    else:
        _show_preview(seen, as_json=False)
        said = f"{ended['status']}: {ended['status_code'] or ''} {ended['error'] or ''}"
        click.echo(f"\n{one_line(said)}")
    if ended["status"] != "delivered":
        raise click.exceptions.Exit(1)


def _json(path: Path) -> Any:
    try:
        return json.loads(_read(path, "--result"))
    except ValueError as error:
        raise click.BadParameter("holds no JSON", param_hint="--result") from error


def _show_preview(seen: Preview, *, as_json: bool) -> None:
    if as_json:
        print_json(seen.as_json())
        return
    click.echo(f"POST {seen.url}")
    for header, value in seen.headers.items():
        click.echo(f"{header}: {one_line(value)}")
    click.echo(f"\n{plain(seen.problem or seen.body.decode())}")


def _wait_for(desk: Desk, test_id: UUID) -> dict[str, Any]:
    deadline = time.monotonic() + TEST_SECONDS
    while True:
        with desk.looking() as work:
            ended = resending_state(work, test_id)
        if ended["status"] != "due" or time.monotonic() > deadline:
            return ended
        time.sleep(LOOK_SECONDS)


@command.command()
@click.argument("name")
@click.option("--reason", required=True, metavar="TEXT", help="Why; shown to everybody.")
@changes_a_tenant
def disable(desk: Desk, name: str, *, reason: str, as_json: bool) -> None:
    """Send nothing to the target NAME for now; what is delivered to it waits, up to a week.

    A target that answers 410 Gone is switched off like this by itself.

    \b
    Example:
      awgp target disable ledger --reason "moves house until Monday"
    """
    with desk.changing() as change:
        changed = switch_off(change.work, name, because=reason, actor=change.actor)
    said = f"target {name} is switched off" if changed else f"target {name} was off already"
    show_changed(said, {"name": name, "changed": changed}, as_json=as_json)


@command.command()
@click.argument("name")
@changes_a_tenant
def enable(desk: Desk, name: str, *, as_json: bool) -> None:
    """Send to the target NAME again, what waits first; its circuit is closed, too.

    \b
    Example:
      awgp target enable ledger
    """
    with desk.changing() as change:
        changed = switch_on(change.work, name, actor=change.actor)
    said = f"target {name} is on" if changed else f"target {name} was on, and fares well"
    show_changed(said, {"name": name, "changed": changed}, as_json=as_json)


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
