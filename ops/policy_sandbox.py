"""`awgp policy sandbox`: what assistants may do beyond their sandboxes, in words."""

from dataclasses import asdict

import click

from ops.command_options import print_json
from ops.setup_desk import Desk
from ops.setup_options import looks_in_a_tenant
from pipeline.sandbox_explain import explain as explain_policy
from pipeline.sandbox_explain import policy_of


@click.group()
def sandbox() -> None:
    """See where an assistant's code may go, and why.

    \b
    Example:
      awgp policy sandbox explain invoice-check
    """


@sandbox.command()
@click.argument("assistant")
@looks_in_a_tenant
def explain(desk: Desk, assistant: str, *, as_json: bool) -> None:
    """Say what ASSISTANT may reach: what its bundle asks for, within what you allow.

    \b
    Examples:
      awgp policy sandbox explain invoice-check
      awgp policy sandbox explain invoice-check --tenant acme --json
    """
    with desk.looking() as work:
        version, asked, allowed = policy_of(work, assistant)
    told = explain_policy(asked, allowed)
    if as_json:
        print_json({"assistant": assistant, "version": version, **told.as_json()})
        return
    click.echo(f"{assistant}, version {version}")
    for heading, lines in asdict(told).items():
        if lines:
            click.echo(f"\n{_HEADINGS[heading]}")
        for line in lines:
            click.echo(f"  {line}")


_HEADINGS = {
    "may": "It may",
    "asked_only": "Its bundle asks for this, and you do not allow it",
    "allowed_only": "You allow this, and its bundle does not ask for it",
}
