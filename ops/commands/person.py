"""`awgp person`: who acts in a tenant, and their logins at the embedded identity provider."""

import click

from ops.command_options import yes_option
from ops.embedded.logins import add_login
from ops.embedded.subjects import subject_of
from ops.setup_desk import Change, Desk
from ops.setup_options import (
    changes_a_tenant,
    confirm,
    looks_in_a_tenant,
    show_changed,
    show_list,
    show_one,
)
from pipeline.registry import add_person
from pipeline.registry_names import FieldInvalid, NameTaken, check_issuer, check_subject, check_text
from pipeline.registry_remove import remove_person
from pipeline.registry_view import list_persons, show_person


@click.group("person")
def command() -> None:
    """Add, show and remove the people and machines of a tenant.

    The identity provider says who may sign in and what they may do, by groups and roles. A person
    is added here before something can stand to their name; who signs in first is added then.

    \b
    Examples:
      awgp person add --name "Nora Vidal" --login nora --role approver
      awgp person list
      awgp person remove nora --to "Max Weil"
    """


@command.command()
@click.option("--name", required=True, help="What people call them.")
@click.option("--subject", help="The `sub` of their token at the identity provider.")
@click.option("--issuer", help="The `iss` of their token; the provider in use by default.")
@click.option(
    "--kind",
    type=click.Choice(["human", "client"]),
    default="human",
    show_default=True,
    help="A client is a machine.",
)
@click.option("--login", metavar="NAME", help="Make a login at the embedded provider instead.")
@click.option(
    "--group",
    "groups",
    multiple=True,
    metavar="GROUP",
    help="Of the login; TENANT-operators and TENANT-admins by default. Repeatable.",
)
@click.option(
    "--role",
    "roles",
    multiple=True,
    metavar="ROLE",
    help="Of the login: approver, auditor. Repeatable.",
)
@changes_a_tenant
def add(
    desk: Desk,
    *,
    name: str,
    subject: str | None,
    issuer: str | None,
    kind: str,
    login: str | None,
    groups: tuple[str, ...],
    roles: tuple[str, ...],
    as_json: bool,
) -> None:
    """Add a person, or bring back one who was removed.

    With --login the embedded identity provider gets a login of that name, and its random password
    is shown once. A provider of yours has its own logins: give the `sub` their tokens carry.

    \b
    Examples:
      awgp person add --name "Nora Vidal" --login nora --role approver
      awgp person add --name "Nora Vidal" --subject 4f1c... --issuer https://id.example/realms/x
    """
    check_text("name", name)
    who = _identity(desk, subject=subject, issuer=issuer, kind=kind, login=login)
    if login is None and (groups or roles):
        raise FieldInvalid("group", "groups and roles are the identity provider's; need --login")
    with desk.changing() as change:
        _refuse_known(change, who)
        person_id = add_person(
            change.work,
            issuer=who["issuer"],
            subject=who["subject"],
            display_name=name,
            kind=kind,
            actor=change.actor,
        )
        shown = {"id": str(person_id), "name": name, "kind": kind, **who}
        if login is not None:  # last, so that a login without a person is rare
            member = (f"{desk.slug}-operators", f"{desk.slug}-admins")
            password = add_login(desk.data, login, name, groups or member, roles)
            shown |= {"login": login, "password": password}
    said = f"{name} added to {desk.slug}"
    if login is not None:
        said += f"\nlogin     {login}\npassword  {shown['password']}  (shown once)"
    show_changed(said, shown, as_json=as_json)


def _identity(
    desk: Desk, *, subject: str | None, issuer: str | None, kind: str, login: str | None
) -> dict[str, str]:
    """Issuer and subject, as the options say them.

    Raises:
        FieldInvalid: They do not go together, or cannot be kept.
    """
    if (login is None) == (subject is None):
        raise FieldInvalid("subject", "name a person by --subject, or make a login with --login")
    if login is None:
        who = {"issuer": issuer or desk.issuer, "subject": str(subject)}
    elif issuer is not None or kind != "human":
        raise FieldInvalid("login", "is a human's, at the embedded provider: no --issuer, --kind")
    elif not desk.embedded_provider:
        raise FieldInvalid(
            "login", f"people come from {desk.issuer}; make one there, then give its --subject"
        )
    else:
        who = {"issuer": desk.issuer, "subject": subject_of(desk.data, login)}
    check_issuer(who["issuer"])
    check_subject(who["subject"])
    return who


def _refuse_known(change: Change, who: dict[str, str]) -> None:
    for each in list_persons(change.work):
        if each["issuer"] == who["issuer"] and each["subject"] == who["subject"]:
            raise NameTaken(f"{each['name']} is that person, and was added before")


@command.command("list")
@click.option("--removed", is_flag=True, help="Those who were removed too.")
@looks_in_a_tenant
def list_(desk: Desk, *, removed: bool, as_json: bool) -> None:
    """List the people and machines of a tenant.

    \b
    Example:
      awgp person list --tenant acme --removed
    """
    with desk.looking() as work:
        rows = list_persons(work, removed_too=removed)
    columns = {"name": "name", "kind": "kind", "subject": "subject", "id": "id"}
    empty = f"{desk.slug} has no people yet; `awgp person add` adds one"
    show_list(
        rows, columns | ({"removed": "removed_at"} if removed else {}), empty=empty, as_json=as_json
    )


@command.command()
@click.argument("person")
@looks_in_a_tenant
def show(desk: Desk, person: str, *, as_json: bool) -> None:
    """Show PERSON and what stands to their name. Named by name, subject, login or id.

    \b
    Example:
      awgp person show "Nora Vidal"
    """
    with desk.looking() as work:
        shown = show_person(work, desk.person(work, person))
    show_one(shown, as_json=as_json)


@command.command()
@click.argument("person")
@click.option("--to", "heir", metavar="PERSON", help="Who takes over the sources they own.")
@yes_option
@changes_a_tenant
def remove(desk: Desk, person: str, *, heir: str | None, yes: bool, as_json: bool) -> None:
    """Let PERSON no longer act, vote or own anything new here, whatever their token says.

    What they wrote, asked for and voted stays theirs. `awgp person add` brings them back. Their
    login is the identity provider's, and may serve other tenants: it stays.

    \b
    Example:
      awgp person remove nora --to "Max Weil"
    """
    with desk.looking() as work:
        known = desk.person(work, person)
    confirm(f"{known} will be refused in {desk.slug} from now on.", yes=yes)
    with desk.changing() as change:
        found = change.person(person)
        taker = None if heir is None else change.person(heir)
        given = remove_person(change.work, found, actor=change.actor, heir=taker)
    shown = {"id": str(found.person_id), "removed": True, "sources_given": list(given)}
    said = f"{found} removed from {desk.slug}"
    show_changed(
        said + (f"; {taker} owns {', '.join(given)}" if given else ""), shown, as_json=as_json
    )
