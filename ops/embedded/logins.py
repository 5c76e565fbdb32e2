"""Logins of the development identity provider beside the demo people's: made, renewed, listed.

    secrets/logins.json   the file that counts, 0600, ours
    oidc/logins.json      the provider's copy, 0600 and its user's; it reads it again on change

Both hold scrypt hashes; a password is shown once, by whoever made it. What the provider's user
writes into its folder is never read back.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from ops.embedded.data_folder import DataFolder, write_atomically
from ops.embedded.demo_people import PEOPLE
from ops.embedded.secret_files import readable_password
from ops.embedded.subjects import subject_of
from pipeline.errors import AwgpError
from pipeline.registry_names import FieldInvalid, NameTaken, check_text

FILE: Final = "logins.json"
# RFC 7914's own example for interactive logins: 16 MiB and some 50 ms a try.
COST: Final = {"n": 16384, "r": 8, "p": 1}
HASH_BYTES: Final = 32

_USERNAME = re.compile(r"[a-z][a-z0-9._-]{0,62}")
_GRANT = re.compile(r"[a-z][a-z0-9._:-]{0,127}")


class LoginUnknown(AwgpError):
    """The embedded provider has no login of this name that could be changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """Who may sign in, and what their token says: groups make operators and admins of tenants."""

    sub: str
    username: str
    name: str
    email: str
    groups: tuple[str, ...]
    roles: tuple[str, ...]
    salt: str
    hash: str

    def __repr__(self) -> str:
        return f"Login({self.username!r})"


def add_login(
    data: DataFolder,
    username: str,
    name: str,
    groups: Sequence[str] = (),
    roles: Sequence[str] = (),
) -> str:
    """Make a login with a random password, which is returned and kept nowhere.

    It counts at once; a provider that is down reads it when it starts.

    Raises:
        FieldInvalid: A value cannot be kept; the message names it.
        NameTaken: There is a login of this name.
    """
    if not _USERNAME.fullmatch(username):
        raise FieldInvalid("login", "1 to 63 small letters, digits and . _ -, a letter first")
    check_text("name", name)
    for field, given in (("group", groups), ("role", roles)):
        if not all(_GRANT.fullmatch(each) for each in given):
            raise FieldInvalid(field, "small letters, digits and . _ : -, a letter first")
    with _locked(data):
        found = dict(known_logins(data))
        if username in found or username in [person.username for person in PEOPLE]:
            raise NameTaken(f"login: there is a login {username!r} already; choose another")
        password = readable_password()
        found[username] = Login(
            sub=subject_of(data, username),
            username=username,
            name=name,
            email=f"{username}@awgp.example",
            groups=tuple(groups),
            roles=tuple(roles),
            **_hashed(password),
        )
        _save(data, found)
    return password


def renew_password(data: DataFolder, username: str) -> str:
    """Give a login another random password, which is returned; the old one counts no more.

    Raises:
        LoginUnknown: There is none of this name.
    """
    with _locked(data):
        found = dict(known_logins(data))
        before = _existing(found, username)
        password = readable_password()
        kept = {name: getattr(before, name) for name in Login.__slots__}
        found[username] = Login(**(kept | _hashed(password)))
        _save(data, found)
    return password


def known_logins(data: DataFolder) -> Mapping[str, Login]:
    """Return the logins that were made here, by user name; the demo people are not among them."""
    try:
        kept = json.loads(_file(data).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return {
        each["username"]: Login(
            **{**each, "groups": tuple(each["groups"]), "roles": tuple(each["roles"])}
        )
        for each in kept["logins"]
    }


def publish_logins(data: DataFolder, owner: int | None) -> Path:
    """Write the provider's copy; returns where it lies.

    Args:
        owner: The uid of the provider's user; None for our own.
    """
    path = data.folder("oidc") / FILE
    write_atomically(path, _content(known_logins(data)), owner=owner)
    return path


def _existing(found: Mapping[str, Login], username: str) -> Login:
    if username not in found:
        listed = ", ".join(sorted(found)) or "none"
        raise LoginUnknown(f"there is no login {username!r} that was made here; there are {listed}")
    return found[username]


def _hashed(password: str) -> dict[str, Any]:
    salt = secrets.token_bytes(16)
    found = hashlib.scrypt(password.encode(), salt=salt, dklen=HASH_BYTES, **COST)
    return {"salt": salt.hex(), "hash": found.hex()}


def _save(data: DataFolder, logins: Mapping[str, Login]) -> None:
    write_atomically(_file(data), _content(logins))
    user = data.folder("oidc").stat().st_uid
    publish_logins(data, None if user == os.getuid() else user)


def _content(logins: Mapping[str, Login]) -> str:
    rows = [asdict(logins[name]) for name in sorted(logins)]
    return json.dumps({"format": 1, "logins": rows}, indent=2) + "\n"


def _file(data: DataFolder) -> Path:
    return data.root / "secrets" / FILE


@contextlib.contextmanager
def _locked(data: DataFolder) -> Iterator[None]:
    descriptor = os.open(data.root / "logins.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
