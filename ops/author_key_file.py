"""Authors' keys and signatures as files: read, written, found beside a bundle."""

import os
from pathlib import Path
from typing import Final

from pipeline.author_signature import MAX_NOTE_BYTES, AuthorKeyInvalid, SigningKey
from pipeline.errors import AwgpError

MAX_KEY_BYTES: Final = 512
ENDING: Final = ".sig"


class KeyFileRefused(AwgpError):
    """A key's file that is there already, or that others can read."""


def write_key(path: Path, key: SigningKey) -> Path:
    """Write a new key pair, `path` for its owner alone; returns where its public side is.

    Raises:
        KeyFileRefused: One of the files is there.
    """
    public = path.with_name(path.name + ".pub")
    try:
        # First, so that no private key is left that nobody is told of.
        with public.open("x", encoding="ascii") as file:
            file.write(f"{key.public}\n")
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError:
            public.unlink()
            raise
        with open(descriptor, "w", encoding="ascii") as file:  # noqa: PTH123  # a descriptor
            file.write(key.secret_text() + "\n")
    except FileExistsError as error:
        raise KeyFileRefused(f"{error.filename or path} is there already") from error
    return public


def read_key(path: Path) -> SigningKey:
    """Read a private key.

    Raises:
        KeyFileRefused: Others can read it.
        AuthorKeyInvalid: It is none.
    """
    if path.stat().st_mode & 0o077:
        raise KeyFileRefused(f"{path} can be read by others; chmod 600 it, if nobody did")
    try:
        return SigningKey.parse(_read(path, MAX_KEY_BYTES).strip())
    except (AuthorKeyInvalid, UnicodeDecodeError) as error:
        raise AuthorKeyInvalid(f"{path} holds no private key of an author") from error


def note_for(bundle: Path, digest: str, *, key: Path | None, signature: Path | None) -> str | None:
    """The signature to go with a bundle: made with a key, of a file, or of the one beside it."""
    beside = bundle.with_name(bundle.name + ENDING)
    if signature is None and beside.is_file():
        signature = beside
    note = None if signature is None else _read(signature, MAX_NOTE_BYTES)
    return note if key is None else read_key(key).sign(digest, beside=note)


def sign_file(bundle: Path, digest: str, key: SigningKey) -> Path:
    """Write the signature beside a packed bundle; others' over the same bytes are kept."""
    path = bundle.with_name(bundle.name + ENDING)
    before = _read(path, MAX_NOTE_BYTES) if path.is_file() else None
    if before is not None and digest not in before:
        before = None  # of what was packed before
    path.write_text(key.sign(digest, beside=before), encoding="utf-8")
    return path


def _read(path: Path, most: int) -> str:
    with path.open("rb") as file:
        return file.read(most + 1).decode("utf-8", "replace")
