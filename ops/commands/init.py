"""`awgp init`: the first run after the demo, a newcomer's own assistant behind a signed webhook."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass

import click

from ops.assistant_template import DEFAULT_TEMPLATE, TEMPLATES
from ops.command_options import data_option, json_option, print_json
from ops.embedded.data_folder import (
    DataFolder,
    data_folder_path,
    existing_data_folder,
    is_held,
)
from ops.first_run import SetUpBefore, set_up_first
from ops.first_run_text import (
    first_run_json,
    first_run_lines,
    set_up_before_json,
    set_up_before_lines,
)
from ops.first_tenant import Wanted
from ops.processes import web_urls
from ops.runtime_folder import ensure_runtime, runtime_digest
from pipeline.errors import AwgpError

TENANT = "my-company"
OWNER = "owner"
APPROVER = "approver"
ELSEWHERE = ("AWGP_DATABASE_URL", "AWGP_OIDC_ISSUER", "AWGP_WEB_URL")


class NothingRuns(AwgpError):
    """There is no running AWGP to set anything up in."""


class NotForHere(AwgpError):
    """AWGP rests on servers of someone's own, whose people are not ours to make."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    """What the options said."""

    tenant: str | None
    name: str | None
    person: str | None
    approver: str | None
    template: str | None
    target_url: str | None


@click.command("init")
@click.option("--tenant", metavar="SLUG", help=f"The subsidiary's short name; {TENANT} by default.")
@click.option("--name", metavar="NAME", help="Its name for people; from the slug by default.")
@click.option("--person", metavar="NAME", help=f"Login of who makes and asks; {OWNER} by default.")
@click.option("--approver", metavar="NAME", help=f"Login of who decides; {APPROVER} by default.")
@click.option(
    "--template",
    type=click.Choice(list(TEMPLATES)),
    help=f"The assistant to start with; {DEFAULT_TEMPLATE} by default.",
)
@click.option("--target-url", metavar="URL", help="Where results are posted; nowhere by default.")
@click.option("--yes", is_flag=True, help="Ask nothing, take the defaults.")
@data_option
@json_option
def command(
    tenant: str | None,
    name: str | None,
    person: str | None,
    approver: str | None,
    template: str | None,
    target_url: str | None,
    data_path: str | None,
    *,
    yes: bool,
    as_json: bool,
) -> None:
    """Set up your own first assistant in a running AWGP.

    Makes a tenant, two logins, a policy with its approval rule, an assistant from a template and a
    webhook source, and shows the passwords, the source's secret and a signed request, once. What
    a cut-short run left is finished; a tenant that is set up is left as it is.

    \b
    Examples:
      awgp up --detach && awgp init
      awgp init --yes
      awgp init --tenant initech --person ada --template http-post
    """
    data = _running(os.environ, data_path)
    asking = sys.stdin.isatty() and not yes and not as_json
    wanted = _wanted(
        _Given(
            tenant=tenant,
            name=name,
            person=person,
            approver=approver,
            template=template,
            target_url=target_url,
        ),
        asking=asking,
    )
    runtime = runtime_digest(os.environ) or ensure_runtime(os.environ)
    made = set_up_first(data, wanted, runtime=runtime)
    if isinstance(made, SetUpBefore):
        shown, lines = set_up_before_json(made, wanted), set_up_before_lines(made, wanted)
    else:
        shown = first_run_json(made, wanted, web_url=web_urls(data)["web"])
        lines = first_run_lines(shown)
    if as_json:
        print_json(shown)
    else:
        click.echo("\n".join(lines))


def _running(environ: Mapping[str, str], data_path: str | None) -> DataFolder:
    """The data folder AWGP runs on.

    Raises:
        NothingRuns: As it says.
        NotForHere: Servers elsewhere are in use, whose people and tenants are set up otherwise.
    """
    elsewhere = next((name for name in ELSEWHERE if environ.get(name)), None)
    if elsewhere is not None:
        raise NotForHere(
            f"{elsewhere} is set: `awgp init` sets up what `awgp up` runs by itself; with servers"
            " of your own use `awgp tenant add`"
        )
    root = data_folder_path(environ, data_path)
    start = "`awgp up --detach`" + (f" --data {data_path}" if data_path else "")
    if not (root / "state.json").is_file():
        raise NothingRuns(f"nothing runs on {root} yet; start it with {start}")
    data = existing_data_folder(root)
    if not is_held(data):
        raise NothingRuns(f"AWGP does not run on {root}; start it with {start}")
    return data


def _wanted(given: _Given, *, asking: bool) -> Wanted:
    """What was said, then what is answered where someone is there to ask, then the defaults."""
    tenant = given.tenant or _ask("Tenant, a short name in small letters", TENANT, asking)
    words = tenant.replace("-", " ").title()
    return Wanted(
        tenant=tenant,
        tenant_name=given.name or _ask("Its name for people", words, asking),
        owner=given.person or _ask("Login of who makes and asks", OWNER, asking),
        approver=given.approver or _ask("Login of who decides", APPROVER, asking),
        template=given.template or _choose(asking),
        target_url=given.target_url,
    )


def _ask(question: str, default: str, asking: bool) -> str:
    if not asking:
        return default
    answer: str = click.prompt(question, default=default, err=True)
    return answer


def _choose(asking: bool) -> str:
    if not asking:
        return DEFAULT_TEMPLATE
    for name, what in TEMPLATES.items():
        click.echo(f"  {name:<10} {what}", err=True)
    kind = click.Choice(list(TEMPLATES))
    answer: str = click.prompt(
        "Assistant to start with", default=DEFAULT_TEMPLATE, type=kind, show_choices=False, err=True
    )
    return answer
