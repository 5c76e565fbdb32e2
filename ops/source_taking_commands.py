"""`awgp source intake|map`: what a source takes, and what its events become."""

import json
from collections.abc import Mapping
from typing import Any, BinaryIO
from uuid import UUID

import click

from ops.command_options import print_json, yes_option
from ops.setup_desk import Desk
from ops.setup_options import changes_a_tenant, confirm, looks_in_a_tenant, show_changed
from ops.terminal_text import pretty
from pipeline.callback_store import change_callbacks, list_callbacks
from pipeline.registry_find import find_source
from pipeline.registry_names import FieldInvalid
from pipeline.source_taking import change_intake, change_mapping, try_mapping
from pipeline.source_view import source_state

_FILE = click.File("rb")


@click.command("intake")
@click.argument("name")
@click.argument("file", type=_FILE, required=False)
@changes_a_tenant
def intake(desk: Desk, name: str, *, file: BinaryIO | None, as_json: bool) -> None:
    """Change what the source NAME takes, to what FILE (- is stdin) says; without one, show it.

    Kinds of bodies, size and depth, what names an event, and how many a minute. Who changes it
    cannot approve what the source sends.

    \b
    Examples:
      awgp source intake chat intake.json
      echo '{"event_id": {"pointer": "/id"}}' | awgp source intake erp -
      awgp source intake erp
    """
    given = None if file is None else _object(file)
    with desk.changing() as change:
        source_id = find_source(change.work, name)
        if given is not None:
            by = change.behind(None, "--as").person_id
            change_intake(change.work, source_id, given, by=by, actor=change.actor)
        now = source_state(change.work, source_id)["intake"]
    show_changed(pretty(now), {"name": name, "intake": now}, as_json=as_json)


@click.command("callbacks")
@click.argument("name")
@click.argument("file", type=_FILE, required=False)
@changes_a_tenant
def callbacks(desk: Desk, name: str, *, file: BinaryIO | None, as_json: bool) -> None:
    """Change where senders of the source NAME may be called back, to what FILE (- is stdin) says.

    Without FILE, show it. An entry is an address and a target at the same origin, whose secret
    signs.

    \b
    Examples:
      echo '[{"url": "https://flows.example.com/done/", "target": "flows"}]' |
        awgp source callbacks erp -
      awgp source callbacks erp
    """
    given = None if file is None else _entries(file)
    with desk.changing() as change:
        source_id = find_source(change.work, name)
        if given is not None:
            change_callbacks(change.work, source_id, given, actor=change.actor)
        now = list_callbacks(change.work, source_id)
    shown = [{"url": each["url"], "target": each["target"]} for each in now]
    show_changed(pretty(shown), {"name": name, "callbacks": shown}, as_json=as_json)


@click.group("map")
def map_() -> None:
    """Say what becomes of a source's events: which assistant, which payload, or nothing.

    \b
    Examples:
      awgp source map set shop mapping.json
      awgp source map test shop event.json
      awgp source map end shop --yes
    """


@map_.command("set")
@click.argument("name")
@click.argument("file", type=_FILE)
@changes_a_tenant
def set_(desk: Desk, name: str, *, file: BinaryIO, as_json: bool) -> None:
    """Map what the source NAME sends by the rules in FILE (- is stdin).

    Who does cannot approve what the source sends.

    \b
    Example:
      awgp source map set shop mapping.json
    """
    mapping = _object(file)
    with desk.changing() as change:
        source_id = find_source(change.work, name)
        by = change.behind(None, "--as").person_id
        change_mapping(change.work, source_id, mapping, by=by, actor=change.actor)
    said = f"source {name} is mapped by {len(mapping['rules'])} rules"
    show_changed(said, {"name": name, "mapping": mapping}, as_json=as_json)


@map_.command("end")
@click.argument("name")
@yes_option
@changes_a_tenant
def end(desk: Desk, name: str, *, yes: bool, as_json: bool) -> None:
    """Take each event of the source NAME as it comes, from now on.

    \b
    Example:
      awgp source map end shop --yes
    """
    with desk.looking() as work:
        find_source(work, name)
    confirm(f"Every event of {name} becomes a run of its own assistant then.", yes=yes)
    with desk.changing() as change:
        source_id = find_source(change.work, name)
        by = change.behind(None, "--as").person_id
        change_mapping(change.work, source_id, None, by=by, actor=change.actor)
    show_changed(
        f"source {name} takes events as they come", {"name": name, "mapping": None}, as_json=as_json
    )


@map_.command("show")
@click.argument("name")
@looks_in_a_tenant
def show(desk: Desk, name: str, *, as_json: bool) -> None:
    """Show the rules of the source NAME.

    \b
    Example:
      awgp source map show shop
    """
    with desk.looking() as work:
        mapping = source_state(work, find_source(work, name))["mapping"]
    if as_json:
        print_json({"name": name, "mapping": mapping})
    else:
        click.echo("every event is taken as it comes" if mapping is None else pretty(mapping))


@map_.command("test")
@click.argument("name")
@click.argument("event", type=_FILE)
@click.option("--mapping", "file", type=_FILE, metavar="FILE", help="Try these rules instead.")
@click.option("--header", "given", multiple=True, metavar="NAME:VALUE", help="A header with it.")
@looks_in_a_tenant
@click.pass_context
def test(
    context: click.Context,
    desk: Desk,
    name: str,
    *,
    event: BinaryIO,
    file: BinaryIO | None,
    given: tuple[str, ...],
    as_json: bool,
) -> None:
    """Show what the body in EVENT (- is stdin) would become; nothing is kept or run.

    \b
    Examples:
      awgp source map test shop event.json
      awgp source map test shop event.json --mapping draft.json --header X-GitHub-Event:push
    """
    headers = {"content-type": "application/json"} | dict(_header(each) for each in given)
    mapping = None if file is None else _object(file)
    with desk.looking() as work:
        source_id: UUID = find_source(work, name)
        found = try_mapping(work, source_id, headers=headers, body=event.read(), mapping=mapping)
    if as_json:
        print_json({"events": found})
    else:
        click.echo("\n".join(_said(each) for each in found))
    if any(each["outcome"] == "refused" for each in found):
        context.exit(1)


def _said(event: Mapping[str, Any]) -> str:
    if event["outcome"] == "refused":
        return f"refused: {event['problem']}"
    if event["outcome"] == "ignored":
        return "ignored: no rule takes it"
    by = "as it came" if event["rule"] is None else f"by the rule {event['rule']}"
    context = f"\ncontext\n{pretty(event['context'])}" if event["context"] else ""
    return f"a run of {event['assistant']}, {by}\n{pretty(event['payload'])}{context}"


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        raise click.UsageError("--header takes NAME:VALUE")
    return name.strip().lower(), value.strip()


def _json(file: BinaryIO) -> Any:
    try:
        return json.loads(file.read())
    except (ValueError, RecursionError) as error:
        raise FieldInvalid(file.name, f"is not JSON: {error}") from error


def _entries(file: BinaryIO) -> list[dict[str, str]]:
    found = _json(file)
    names = {"url", "target"}
    if not isinstance(found, list) or not all(
        isinstance(each, dict)
        and set(each) == names
        and all(isinstance(value, str) for value in each.values())
        for each in found
    ):
        raise FieldInvalid(file.name, "must be a JSON list of objects with url and target")
    return found


def _object(file: BinaryIO) -> dict[str, Any]:
    found = _json(file)
    if not isinstance(found, dict):
        raise FieldInvalid(file.name, "must be a JSON object")
    return found
