"""`awgp source schemes|set|unsigned`: how a source proves who it is."""

from typing import Any

import click

from ops.command_options import json_option, yes_option
from ops.scheme_options import read_settings, settings_option
from ops.setup_desk import Desk
from ops.setup_options import changes_a_tenant, confirm, show_changed, show_list
from pipeline.registry_find import find_source
from pipeline.schemes import About
from pipeline.schemes.registry import SCHEMES
from pipeline.source_change import change_settings, switch_unsigned
from pipeline.source_view import source_state


@click.command("schemes")
@json_option
def schemes(*, as_json: bool) -> None:
    """List the ways a source can prove who it is, with the settings of each.

    \b
    Example:
      awgp source schemes
    """
    rows = [_row(each.about) for each in SCHEMES.values()]
    columns = {"scheme": "name", "is for": "title", "settings": "settings", "secret": "where"}
    show_list(rows, columns, empty="there are none", as_json=as_json)


@click.command("set")
@click.argument("name")
@settings_option("A setting of its scheme; those not named stay.")
@click.option("--unset", multiple=True, metavar="NAME", help="Back to its default.")
@changes_a_tenant
def set_(
    desk: Desk, name: str, *, given: tuple[str, ...], unset: tuple[str, ...], as_json: bool
) -> None:
    """Change how the source NAME proves itself. Who does cannot approve what it sends.

    \b
    Examples:
      awgp source set erp --set tolerance_seconds=60
      awgp source set mail --set prefix=sha256= --unset id_header
    """
    with desk.changing() as change:
        source_id = find_source(change.work, name)
        state = source_state(change.work, source_id, lock=True)
        settings = state["settings"] | read_settings(state["scheme"], given)
        kept = {each: value for each, value in settings.items() if each not in unset}
        by = change.behind(None, "--as").person_id
        change_settings(change.work, source_id, kept, by=by, actor=change.actor)
        now = source_state(change.work, source_id)["settings"]
    said = "\n".join(f"{each}  {value}" for each, value in sorted(now.items()))
    show_changed(
        f"source {name} is set up\n{said}", {"name": name, "settings": now}, as_json=as_json
    )


@click.command("unsigned")
@click.argument("name")
@click.option("--reason", metavar="TEXT", help="Why; kept in the audit trail.")
@click.option("--end", is_flag=True, help="Refuse again what proves nothing.")
@yes_option
@changes_a_tenant
def unsigned(
    desk: Desk, name: str, *, reason: str | None, end: bool, yes: bool, as_json: bool
) -> None:
    """Let the source NAME send without any proof, for a reason, or no longer.

    Anyone who knows its address can send then. Who lets it cannot approve what it sends.

    \b
    Examples:
      awgp source unsigned sensor --reason "the sensor cannot sign" --yes
      awgp source unsigned sensor --end
    """
    if (reason is None) is not end:
        raise click.UsageError("say --reason TEXT, or --end")
    with desk.looking() as work:
        find_source(work, name)
    if reason is not None:
        confirm(f"Anyone who knows the address of {name} can send then.", yes=yes)
    with desk.changing() as change:
        source_id = find_source(change.work, name)
        by = change.behind(None, "--as").person_id
        switch_unsigned(change.work, source_id, reason, by=by, actor=change.actor)
    said = "refuses what proves nothing" if end else "takes whatever is sent to it"
    show_changed(
        f"source {name} {said}",
        {"name": name, "unsigned": not end, "reason": reason},
        as_json=as_json,
    )


def _row(about: About) -> dict[str, Any]:
    return {
        "name": about.name,
        "title": about.title,
        "settings": ", ".join(
            each.name + ("*" if each.required else "") for each in about.settings
        ),
        "where": about.where,
    }
