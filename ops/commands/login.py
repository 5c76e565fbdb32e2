"""`awgp login`: sign in, once, for the commands that act for a person."""

import os
import webbrowser

import click

from ops.browser_login import sign_in_with_browser
from ops.caller import Place, Session, find_place, save_session, sign_in_demo_person
from ops.control_plane import ControlPlane
from ops.terminal_text import one_line

MYSELF = "me"


@click.command("login")
@click.option("--person", metavar="NAME", help="A demo person, without a browser; or a label.")
@click.option("--browser/--no-browser", default=True, help="Open the address, or print it only.")
@click.option("--data", "data_path", metavar="FOLDER", help="The data folder of `awgp up`.")
def command(person: str | None, *, browser: bool, data_path: str | None) -> None:
    """Sign in as yourself, so that the other commands act for you.

    A demo person of a data folder signs in at once; everyone else in a browser, at the identity
    provider. The token is kept for this user alone.

    \b
    Examples:
      awgp login --person ben     sign a demo person in
      awgp login                  sign in with the browser
      awgp login --no-browser     print the address to open
    """
    place = find_place(os.environ, data_path)
    if place.data is not None and person is not None:
        session = sign_in_demo_person(place, person)
    else:
        session = _with_browser(place, person or MYSELF, browser=browser)
    save_session(place, session)
    me = ControlPlane(
        web_url=place.web_url, ingest_url=place.ingest_url, token=session.access_token
    ).me()
    roles = "; ".join(f"{each['tenant']}: {', '.join(each['roles'])}" for each in me["tenants"])
    click.echo(f"signed in as {one_line(me['name'])} ({roles or 'in no tenant'})")


def _with_browser(place: Place, person: str, *, browser: bool) -> Session:
    def show(address: str) -> None:
        click.echo(f"Sign in at\n\n  {address}\n", err=True)
        if browser:
            webbrowser.open(address)

    return sign_in_with_browser(place, person, show)
