"""`awgp database`: the schema and the logins, on a server of your own."""

import os
from pathlib import Path

import click

from ops.database import admin_engine, migrate
from ops.logins import LOGINS
from pipeline.errors import AwgpError
from pipeline.settings import read_settings


class PasswordsMissing(AwgpError):
    """The folder lacks a login's password."""


@click.group("database")
def command() -> None:
    """Make the logins and bring the schema up to date.

    \b
    Example:
      AWGP_DATABASE_URL=postgresql://postgres@db/awgp awgp database migrate --passwords secrets/
    """


@command.command("migrate")
@click.option(
    "--passwords",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="A folder with a file per login, named like it; the logins get these passwords.",
)
def migrate_(passwords: Path | None) -> None:
    """Run every migration, as the administrator AWGP_DATABASE_URL names; all of them or none.

    The administrator's password comes from AWGP_DATABASE_PASSWORD_FILE. `awgp up` does this by
    itself. Safe to repeat, and with the previous version's processes running.

    \b
    Examples:
      awgp database migrate --passwords /run/secrets/awgp
      awgp database migrate
    """
    settings = read_settings(os.environ)
    given = {} if passwords is None else {login: _password(passwords, login) for login in LOGINS}
    # Without a URL this raises, naming the variable.
    engine = admin_engine(settings.database.render_as_string(hide_password=False))
    try:
        migrate(engine, given)
    finally:
        engine.dispose()
    click.echo("the schema is up to date")


def _password(folder: Path, login: str) -> str:
    try:
        return (folder / login).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise PasswordsMissing(f"{folder / login} cannot be read: {error.strerror}") from error
