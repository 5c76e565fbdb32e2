"""`awgp login`: sign in, once, for the commands that act for a person."""

import os
import sys
import webbrowser

import click

from ops.browser_login import sign_in_with_browser
from ops.caller import (
    Place,
    Session,
    find_place,
    has_login,
    save_session,
    sign_in_demo_person,
    sign_in_with_password,
)
from ops.command_options import data_option
from ops.control_plane import ControlPlane
from ops.terminal_text import one_line

MYSELF = "me"


@click.command("login")
@click.option(
    "--person",
    metavar="NAME",
    help="Without a browser: a demo person, or a login made here. Else a label.",
)
@click.option("--browser/--no-browser", default=True, help="Open the address, or print it only.")
@data_option
def command(person: str | None, *, browser: bool, data_path: str | None) -> None:
    """Sign in as yourself, so that the other commands act for you.

    A demo person of a data folder signs in at once; who was given a login there is asked for its
    password, which may come from stdin; everyone else signs in with a browser, at the identity
    provider. The token is kept for this user alone.

    \b
    Examples:
      awgp login --person ben     sign a demo person in
      awgp login --person owner   sign in with the password `awgp init` showed
      awgp login                  sign in with the browser
      awgp login --no-browser     print the address to open
    """
    place = find_place(os.environ, data_path)
    if place.data is not None and person is not None and has_login(place, person):
        session = sign_in_with_password(place, place.data, person, _password(person))
    elif place.data is not None and person is not None:
        session = sign_in_demo_person(place, person)
    else:
        session = _with_browser(place, person or MYSELF, browser=browser)
    save_session(place, session)
    me = ControlPlane(
        web_url=place.web_url, ingest_url=place.ingest_url, token=session.access_token
    ).me()
    roles = "; ".join(f"{each['tenant']}: {', '.join(each['roles'])}" for each in me["tenants"])
    click.echo(f"signed in as {one_line(me['name'])} ({roles or 'in no tenant'})")


def _password(person: str) -> str:
    """What is typed at a terminal, unseen; else the first line of stdin."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().strip()
    typed: str = click.prompt(f"Password of {person}", hide_input=True, err=True)
    return typed


def _with_browser(place: Place, person: str, *, browser: bool) -> Session:
    def show(address: str) -> None:
        click.echo(f"Sign in at\n\n  {address}\n", err=True)
        if browser:
            webbrowser.open(address)

    return sign_in_with_browser(place, person, show)
