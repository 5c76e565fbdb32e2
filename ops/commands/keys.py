"""`awgp keys`: the key-encryption keys that secrets are sealed under."""

import base64
import os
import secrets
from pathlib import Path

import click
from rich.progress import track
from sqlalchemy import Engine, create_engine

from ops.embedded.data_folder import (
    DataFolder,
    data_folder_path,
    existing_data_folder,
    write_atomically,
)
from ops.embedded.postgres import login_url
from ops.rewrap import rewrap_tenant, tenants
from pipeline.database import database_url
from pipeline.envelope import KeyRing
from pipeline.errors import AwgpError


class KeyUnusable(AwgpError):
    """The key ring's file cannot be used as it is."""


@click.group("keys")
def command() -> None:
    """Rotate the key that secrets are sealed under.

    \b
    Example:
      awgp keys rotate
    """


@command.command()
@click.option("--data", "data_path", metavar="FOLDER", help="The data folder; .awgp by default.")
@click.option("--retire", is_flag=True, help="Remove older keys once nothing is sealed under them.")
def rotate(data_path: str | None, *, retire: bool) -> None:
    """Add a new key-encryption key and seal every secret again under it.

    The older keys stay in the ring, so that running processes go on; restart them, then run
    `awgp keys rotate --retire` another time to remove the older keys.

    \b
    Examples:
      awgp keys rotate
      awgp keys rotate --retire
    """
    data = existing_data_folder(data_folder_path(os.environ, data_path))
    path = _ring_file(data)
    old = path.read_text(encoding="ascii")
    if not retire:
        number = len(old.split())
        fresh = base64.b64encode(secrets.token_bytes(32)).decode()
        write_atomically(path, f"k{number + 1}-{secrets.token_hex(2)}:{fresh}\n{old}")
    ring = KeyRing.from_files(path)
    owner, holding = (_engine(data, login) for login in ("awgp_owner", "awgp_holding"))
    found = tenants(holding)
    rewrapped = sum(rewrap_tenant(owner, ring, tenant) for tenant in track(found, "sealing again"))
    owner.dispose()
    holding.dispose()
    if retire:
        newest = path.read_text(encoding="ascii").splitlines()[0]
        write_atomically(path, f"{newest}\n")
    click.echo(f"{rewrapped} secrets sealed again under {ring.sealing_key_id}")


def _engine(data: DataFolder, login: str) -> Engine:
    return create_engine(
        database_url(login_url(data, login)),
        connect_args={"options": "-csearch_path=awgp,pg_temp"},
        hide_parameters=True,
    )


def _ring_file(data: DataFolder) -> Path:
    path = Path(os.environ.get("AWGP_KEK_FILE") or data.secret_file("kek"))
    if not path.is_file():
        raise KeyUnusable(f"there is no key ring at {path}")
    return path
