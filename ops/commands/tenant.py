"""`awgp tenant`: the subsidiaries and the holding."""

import os
from typing import Any

import click

from ops.command_options import data_option, json_option, yes_option
from ops.embedded.data_folder import DataFolder, data_folder_path, existing_data_folder
from ops.operator_actor import operator
from ops.provision import add_tenant, close_tenant, limit_tenant
from ops.setup_desk import (
    KnownTenant,
    all_tenants,
    choose_tenant,
    open_desk,
    setting_up,
)
from ops.setup_options import (
    confirm,
    show_changed,
    show_list,
    show_one,
)
from pipeline.rate import MOST, Rate
from pipeline.registry_names import NotSetUp
from pipeline.registry_view import show_tenant


@click.group("tenant")
def command() -> None:
    """Add, show and close tenants: the subsidiaries and their holding.

    Works on the machine that has the data folder, as the tables' owner.

    \b
    Examples:
      awgp tenant add initech --name "Initech AG"
      awgp tenant list
      awgp tenant show initech
    """


@command.command()
@click.argument("slug")
@click.option("--name", required=True, help="What people call it.")
@click.option(
    "--kind",
    type=click.Choice(["subsidiary", "holding"]),
    default="subsidiary",
    show_default=True,
    help="There is one holding at most.",
)
@json_option
@data_option
def add(slug: str, *, name: str, kind: str, as_json: bool, data_path: str | None) -> None:
    """Add the tenant SLUG, its audit trail begun and its exports scheduled.

    The slug never changes: groups, policies and addresses name it. People belong to it by the
    groups SLUG-operators and SLUG-admins of the identity provider.

    \b
    Examples:
      awgp tenant add initech --name "Initech AG"
      awgp tenant add northwind --name "Northwind Holding" --kind holding
    """
    with setting_up(_data(data_path), "awgp_owner", os.environ) as outbox:
        tenant_id = add_tenant(outbox, slug=slug, name=name, kind=kind, actor=operator())
    shown = {"id": str(tenant_id), "slug": slug, "name": name, "kind": kind}
    next_ = f"; next: awgp person add --tenant {slug} --name NAME --login NAME"
    show_changed(f"{kind} {slug} added{next_}", shown, as_json=as_json)


@command.command("list")
@json_option
@data_option
def list_(*, as_json: bool, data_path: str | None) -> None:
    """List the tenants, closed ones too.

    \b
    Example:
      awgp tenant list --json
    """
    rows = [_row(each) for each in all_tenants(_data(data_path), os.environ)]
    columns = {"tenant": "slug", "name": "name", "kind": "kind", "closed": "closed", "id": "id"}
    empty = "no tenants yet; `awgp tenant add SLUG --name NAME` makes one"
    show_list(rows, columns, empty=empty, as_json=as_json)


@command.command()
@click.argument("slug", required=False)
@json_option
@data_option
def show(slug: str | None, *, as_json: bool, data_path: str | None) -> None:
    """Show what the tenant SLUG has, its runs by status, and how far its trail is exported.

    \b
    Examples:
      awgp tenant show
      awgp tenant show initech --json
    """
    opened = open_desk(_data(data_path), os.environ, slug=slug, acting=None)
    with opened as desk, desk.looking() as work:
        shown = _row(desk.tenant) | show_tenant(work)
    show_one(shown, as_json=as_json)


@command.command()
@click.argument("slug")
@click.option("--per-minute", type=click.IntRange(1, MOST), metavar="NUMBER", help="Requests.")
@click.option("--burst", type=click.IntRange(1, MOST), metavar="NUMBER", help="At once, at most.")
@click.option("--end", is_flag=True, help="Back to what the edge's settings say.")
@json_option
@data_option
def limit(
    slug: str,
    *,
    per_minute: int | None,
    burst: int | None,
    end: bool,
    as_json: bool,
    data_path: str | None,
) -> None:
    """Limit how many requests all senders of the tenant SLUG may send together.

    It counts within a minute. What a single source may send is its own setting (`awgp source
    intake`).

    \b
    Examples:
      awgp tenant limit initech --per-minute 6000 --burst 1000
      awgp tenant limit initech --end
    """
    if (per_minute is None) is not end or (end and burst is not None):
        raise click.UsageError("say --per-minute NUMBER, or --end")
    rate = None if per_minute is None else Rate(per_minute=per_minute, burst=burst or per_minute)
    data = _data(data_path)
    tenant = choose_tenant(all_tenants(data, os.environ), slug)
    with setting_up(data, "awgp_owner", os.environ) as outbox:
        limit_tenant(outbox, tenant.tenant_id, rate, actor=operator())
    shown = {"slug": slug, "rate": None if rate is None else rate.as_json()}
    told = "what the edge's settings say" if rate is None else f"{rate.per_minute} a minute"
    show_changed(f"{slug} may send {told}", shown, as_json=as_json)


@command.command()
@click.argument("slug")
@yes_option
@json_option
@data_option
def remove(slug: str, *, yes: bool, as_json: bool, data_path: str | None) -> None:
    """Close the tenant SLUG: its sources stop at once and nothing new begins in it.

    It cannot be opened again and its slug stays taken. Nothing is deleted: its runs can be read,
    its audit trail and its exports go on. Refused while runs are not over.

    \b
    Example:
      awgp tenant remove initech --yes
    """
    data = _data(data_path)
    tenant = choose_tenant(all_tenants(data, os.environ), slug)
    if tenant.closed:
        raise NotSetUp(f"{slug} is closed already")
    confirm(
        f"{slug} ({tenant.name}) will take no requests any more and cannot be opened again."
        " Its audit trail and its exports stay, for ever.",
        yes=yes,
    )
    with setting_up(data, "awgp_owner", os.environ) as outbox:
        stopped = close_tenant(outbox, tenant.tenant_id, actor=operator())
    shown = {"slug": slug, "closed": True, "sources_stopped": stopped}
    said = f"{slug} closed, {stopped} sources stopped; its trail and its exports go on"
    show_changed(said, shown, as_json=as_json)


def _data(data_path: str | None) -> DataFolder:
    return existing_data_folder(data_folder_path(os.environ, data_path))


def _row(tenant: KnownTenant) -> dict[str, Any]:
    return {
        "id": str(tenant.tenant_id),
        "slug": tenant.slug,
        "name": tenant.name,
        "kind": tenant.kind,
        "closed": tenant.closed,
    }
