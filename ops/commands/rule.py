"""`awgp rule`: who has to approve what policies hold."""

from dataclasses import replace
from typing import Any

import click

from ops.command_options import print_json, yes_option
from ops.rule_options import Further, further_options
from ops.setup_desk import Desk
from ops.setup_options import (
    changes_a_tenant,
    confirm,
    looks_in_a_tenant,
    show_changed,
    show_members,
    show_rows,
)
from ops.time_options import SECONDS, span
from pipeline.approval import Reason, Rule
from pipeline.policy_store import RuleNotFound, add_rule, load_rule
from pipeline.registry_names import check_name
from pipeline.registry_remove import remove_rule
from pipeline.registry_view import list_rules, show_rule
from pipeline.work import Work


@click.group("rule")
def command() -> None:
    """Add, show and remove approval rules: how many people of which groups must agree.

    A policy names a rule by `@hold("NAME")`; a permit that names none is held by the rule
    `default`.

    \b
    Examples:
      awgp rule add finance --quorum 2 --group finance --reason required
      awgp rule list
      awgp rule show finance
    """


@command.command()
@click.argument("name")
@click.option("--quorum", type=int, default=1, show_default=True, help="How many must agree.")
@click.option(
    "--group",
    "groups",
    multiple=True,
    required=True,
    metavar="GROUP",
    help="Who may vote: in any of these, or with the role of this name. Repeatable.",
)
@click.option(
    "--reason",
    type=click.Choice([each.value for each in Reason]),
    default=Reason.OPTIONAL.value,
    show_default=True,
    help="Whether a vote has to say why.",
)
@click.option(
    "--expires-in",
    type=SECONDS,
    default="24h",
    show_default=True,
    help="How long it waits for votes.",
)
@click.option(
    "--execution-expires-in",
    type=SECONDS,
    default="1h",
    show_default=True,
    help="How long an approved run may wait to start.",
)
@further_options
@click.option("--author", metavar="PERSON", help="Whose rule it is; who acts by default.")
@changes_a_tenant
def add(
    desk: Desk,
    *,
    name: str,
    quorum: int,
    groups: tuple[str, ...],
    reason: str,
    expires_in: int,
    execution_expires_in: int,
    further: Further,
    author: str | None,
    as_json: bool,
) -> None:
    """Add the rule NAME, or a new version of it.

    What was approved under an older version and has not started is held again.

    \b
    Examples:
      awgp rule add finance --quorum 2 --group finance --reason required
      awgp rule add night-shift --group approver --expires-in 8h --as ada
      awgp rule add payments --group finance --then 1:board --escalate 4h:holding-admins
    """
    check_name("name", name)
    rule = Rule(
        name=name,
        version=1,
        quorum=quorum,
        groups=groups,
        reason=Reason(reason),
        expires_in_seconds=expires_in,
        execution_expires_in_seconds=execution_expires_in,
        **further,
    )
    with desk.changing() as change:
        before = _current(change.work, name)
        if before is not None and replace(rule, version=before.version) == before:
            version, said = before.version, "is as it was"
        else:
            by = change.behind(author, "--author").person_id
            version, said = add_rule(change.work, rule, by=by, actor=change.actor), "saved"
    shown = {"name": name, "version": version, "changed": said == "saved"}
    show_changed(f"rule {name} {said}, version {version}", shown, as_json=as_json)


def _current(work: Work, name: str) -> Rule | None:
    kept = [each for each in list_rules(work) if each["name"] == name]
    return load_rule(work, name) if kept else None


@command.command("list")
@looks_in_a_tenant
def list_(desk: Desk, *, as_json: bool) -> None:
    """List a tenant's rules, and which the policy in force names.

    \b
    Example:
      awgp rule list --json
    """
    with desk.looking() as work:
        rows = list_rules(work)
    if as_json:
        print_json(rows)
    elif not rows:
        click.echo(
            "no rules yet: what a policy holds needs one approver within 24 h; `awgp rule add`"
            " asks for more"
        )
    else:
        columns = {
            "rule": "name",
            "version": "version",
            "quorum": "quorum",
            "groups": "groups",
            "reason": "reason",
            "waits": "waits",
            "in force": "in_force",
        }
        show_rows([_spanned(row) for row in rows], columns)


@command.command()
@click.argument("name")
@looks_in_a_tenant
def show(desk: Desk, name: str, *, as_json: bool) -> None:
    """Show every version of the rule NAME, newest first.

    \b
    Example:
      awgp rule show finance
    """
    with desk.looking() as work:
        shown = show_rule(work, name)
    if as_json:
        print_json(shown)
    else:
        show_members(shown | {"versions": [_spanned(each) for each in shown["versions"]]})


@command.command()
@click.argument("name")
@yes_option
@changes_a_tenant
def remove(desk: Desk, name: str, *, yes: bool, as_json: bool) -> None:
    """Let no policy name the rule NAME any more.

    Refused while the policy in force names it. What is held under it is still decided by it.

    \b
    Example:
      awgp rule remove night-shift --yes
    """
    with desk.looking() as work:
        if name not in [each["name"] for each in list_rules(work)]:
            raise RuleNotFound(f"{desk.slug} has no approval rule {name!r}; see `awgp rule list`")
    confirm(f"The rule {name} of {desk.slug} will be gone for new policies.", yes=yes)
    with desk.changing() as change:
        remove_rule(change.work, name, actor=change.actor)
    show_changed(f"rule {name} removed", {"name": name, "removed": True}, as_json=as_json)


def _spanned(row: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in row.items() if not name.endswith("_in_seconds")}
    return kept | {
        "waits": span(row["expires_in_seconds"]),
        "starts_within": span(row["execution_expires_in_seconds"]),
    }
