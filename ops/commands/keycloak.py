"""`awgp keycloak`: the identity provider's groups, in step with the tenants."""

import os

import click
import httpx
from sqlalchemy import Engine, text

from ops.command_options import json_option, print_json
from ops.keycloak.group_sync import Plan, carry_out, plan_groups
from ops.keycloak.realm import RealmAdmin, realm_address
from ops.operator_access import OperatorAccess, operator_options
from ops.terminal_text import one_line
from pipeline.settings import read_settings

HOLDING = "awgp_holding"


@click.group("keycloak")
def command() -> None:
    """Keep Keycloak's groups in step with the tenants.

    \b
    Example:
      awgp keycloak sync --dry-run
    """


@command.command()
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@click.option(
    "--prune", is_flag=True, help="Also remove groups made here for tenants that are not there."
)
@json_option
@operator_options
def sync(access: OperatorAccess, *, dry_run: bool, prune: bool, as_json: bool) -> None:
    """Make the groups SLUG-admins and SLUG-operators of every open tenant, and holding-admins.

    A second time it changes nothing. Who is in a group is never touched, nor any group that was
    not made here. The realm is the one AWGP_OIDC_ISSUER names; AWGP_KEYCLOAK_CLIENT_SECRET_FILE
    names the file with the secret of the client awgp-sync.

    \b
    Examples:
      awgp keycloak sync --dry-run
      awgp keycloak sync
      awgp keycloak sync --prune --json
    """
    address = realm_address(read_settings(os.environ))
    with access.database(HOLDING) as engine, httpx.Client() as http:
        tenants = _open_by_slug(engine)
        realm = RealmAdmin(address, http)
        plan = plan_groups(tenants, realm.groups())
        made, gone = ([], []) if dry_run else carry_out(plan, realm, prune=prune)
    if as_json:
        print_json(_as_json(plan, made, gone, dry_run=dry_run))
    else:
        _tell(plan, made, gone, dry_run=dry_run, prune=prune)


def _open_by_slug(engine: Engine) -> dict[str, bool]:
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT slug, closed_at IS NULL FROM tenants"))
        return {row[0]: row[1] for row in rows}


def _as_json(plan: Plan, made: list[str], gone: list[str], *, dry_run: bool) -> dict[str, object]:
    return {
        "dry_run": dry_run,
        "missing": list(plan.missing),
        "surplus": [each.name for each in plan.surplus],
        "foreign": list(plan.foreign),
        "made": made,
        "removed": gone,
    }


def _tell(plan: Plan, made: list[str], gone: list[str], *, dry_run: bool, prune: bool) -> None:
    surplus = [each.name for each in plan.surplus]
    if dry_run:
        _say("would make", plan.missing)
        _say("would remove" if prune else "would remove with --prune", surplus)
    else:
        _say("made", made)
        _say("removed", gone)
        if not prune:
            _say("of no tenant, removed with --prune", surplus)
    _say("of no tenant, not made here, left alone", plan.foreign)
    if not plan.missing and not plan.surplus:
        click.echo("the groups are in step with the tenants")


def _say(what: str, names: "list[str] | tuple[str, ...]") -> None:
    for name in names:
        click.echo(f"{what}: {one_line(name)}")
