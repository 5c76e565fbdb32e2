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


data_option = click.option(
    "--data", "data_path", metavar="FOLDER", help="The data folder; .awgp by default."
)


@click.group("keys")
def command() -> None:
    """Rotate the key that secrets are sealed under.

    Three steps, so that no process ever meets a key it does not know: add a key, restart, rotate;
    restart, retire.

    \b
    Example:
      awgp keys add      && awgp down && awgp up --detach
      awgp keys rotate   && awgp down && awgp up --detach
      awgp keys retire
    """


@command.command()
@data_option
def add(data_path: str | None) -> None:
    """Add a key that opens but does not seal yet. Restart every process afterwards.

    \b
    Example:
      awgp keys add
    """
    path = _ring_file(existing_data_folder(data_folder_path(os.environ, data_path)))
    lines = path.read_text(encoding="ascii").split()
    fresh = base64.b64encode(secrets.token_bytes(32)).decode()
    name = f"k{len(lines) + 1}-{secrets.token_hex(2)}"
    _write_ring(path, [*lines, f"{name}:{fresh}"])
    click.echo(f"{name} added; restart every process, then run `awgp keys rotate`")


@command.command()
@data_option
def rotate(data_path: str | None) -> None:
    """Seal every secret again under the key that was added last.

    Every process must have been restarted since `awgp keys add`, or it cannot open what is sealed
    here. Restart once more afterwards, so that new secrets are sealed under the new key too.

    \b
    Example:
      awgp keys rotate
    """
    data = existing_data_folder(data_folder_path(os.environ, data_path))
    path = _ring_file(data)
    lines = path.read_text(encoding="ascii").split()
    if len(lines) == 1:
        raise KeyUnusable("the ring has one key; run `awgp keys add` and restart first")
    _write_ring(path, [lines[-1], *lines[:-1]])
    click.echo(f"{_seal_again(data, path)}; restart every process, then run `awgp keys retire`")


@command.command()
@data_option
def retire(data_path: str | None) -> None:
    """Remove every key but the one that seals, once nothing is sealed under the others.

    Backups of the database made before still need them: keep the old ring as long as those.

    \b
    Example:
      awgp keys retire
    """
    data = existing_data_folder(data_folder_path(os.environ, data_path))
    path = _ring_file(data)
    said = _seal_again(data, path)
    _write_ring(path, path.read_text(encoding="ascii").split()[:1])
    click.echo(f"{said}; the older keys are gone from the ring")


def _seal_again(data: DataFolder, path: Path) -> str:
    ring = KeyRing.from_files(path)
    owner, holding = (_engine(data, login) for login in ("awgp_owner", "awgp_holding"))
    try:
        found = tenants(holding)
        count = sum(rewrap_tenant(owner, ring, tenant) for tenant in track(found, "sealing again"))
    finally:
        owner.dispose()
        holding.dispose()
    return f"{count} secrets sealed again under {ring.sealing_key_id}"


def _write_ring(path: Path, lines: list[str]) -> None:
    text = "".join(f"{line}\n" for line in lines)
    KeyRing.from_text(text)  # what could not be read back is not written
    write_atomically(path, text)


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
