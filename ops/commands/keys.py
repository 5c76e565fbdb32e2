"""`awgp keys`: the key-encryption keys that secrets are sealed under."""

import base64
import os
import re
import secrets
from pathlib import Path

import click
from rich.progress import track

from ops.command_options import data_option
from ops.embedded.data_folder import (
    DataFolder,
    data_folder_path,
    existing_data_folder,
    write_atomically,
)
from ops.login_engine import login_engine
from ops.rewrap import rewrap_tenant, tenants
from pipeline.envelope import KeyRing
from pipeline.errors import AwgpError


class KeyUnusable(AwgpError):
    """The key ring's file cannot be used as it is."""


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
    lines = _lines(path)
    fresh = base64.b64encode(secrets.token_bytes(32)).decode()
    name = f"k{max(map(_number, lines)) + 1}-{secrets.token_hex(2)}"
    _write_ring(path, [*lines, f"{name}:{fresh}"])
    click.echo(f"{name} added; restart every process, then run `awgp keys rotate`")


@command.command()
@data_option
def rotate(data_path: str | None) -> None:
    """Seal every secret again under the key that was added last. A second time changes nothing.

    Every process must have been restarted since `awgp keys add`, or it cannot open what is sealed
    here. Restart once more afterwards, so that new secrets are sealed under the new key too.

    \b
    Example:
      awgp keys rotate
    """
    data = existing_data_folder(data_folder_path(os.environ, data_path))
    path = _ring_file(data)
    lines = _lines(path)
    if len(lines) == 1:
        raise KeyUnusable("the ring has one key; run `awgp keys add` and restart first")
    newest = newest_line(lines)
    _write_ring(path, [newest, *(line for line in lines if line != newest)])
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
    lines = _lines(path)
    if (newest := newest_line(lines)) != lines[0]:
        waiting = newest.partition(":")[0]
        raise KeyUnusable(
            f"{waiting} was added but does not seal yet; run `awgp keys rotate` first"
        )
    said = _seal_again(data, path)
    _write_ring(path, lines[:1])
    click.echo(f"{said}; the older keys are gone from the ring")


def _seal_again(data: DataFolder, path: Path) -> str:
    ring = KeyRing.from_files(path)
    owner, holding = (login_engine(data, login) for login in ("awgp_owner", "awgp_holding"))
    try:
        found = tenants(holding)
        count = sum(rewrap_tenant(owner, ring, tenant) for tenant in track(found, "sealing again"))
    finally:
        owner.dispose()
        holding.dispose()
    return f"{count} secrets sealed again under {ring.sealing_key_id}"


def _lines(path: Path) -> list[str]:
    KeyRing.from_files(path)  # what is wrong with it is said there, without a key
    lines = (line.strip() for line in path.read_text(encoding="ascii").splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def newest_line(lines: list[str]) -> str:
    """The line of the key that was added last, wherever it stands; the last one's on a tie."""
    return max(enumerate(lines), key=lambda each: (_number(each[1]), each[0]))[1]


def _number(line: str) -> int:
    found = re.match(r"k(\d+)(?![A-Za-z0-9])", line)
    return int(found[1]) if found else 0


def _write_ring(path: Path, lines: list[str]) -> None:
    text = "".join(f"{line}\n" for line in lines)
    KeyRing.from_text(text)  # what could not be read back is not written
    write_atomically(path, text)


def _ring_file(data: DataFolder) -> Path:
    path = Path(os.environ.get("AWGP_KEK_FILE") or data.secret_file("kek"))
    if not path.is_file():
        raise KeyUnusable(f"there is no key ring at {path}")
    return path
