"""The two logins of a first tenant: made once, and made anew where they were never shown.

init-begun.json    0600; `tenant/username` of each login being made, gone when all is done
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import httpx

from ops.caller import find_place, save_session, sign_in_with_password
from ops.embedded.data_folder import DataFolder, write_atomically
from ops.embedded.demo_people import PEOPLE
from ops.embedded.logins import add_login, known_logins, renew_password
from ops.embedded.oidc_login import SignInFailed
from ops.first_tenant import Login, Logins
from pipeline.identity import APPROVER
from pipeline.registry_names import NameTaken

FILE: Final = "init-begun.json"


def first_login(data: DataFolder, tenant: str, username: str) -> Login:
    """Find or make a tenant's login; one that someone else has gets the tenant's name added.

    Its password is new where this makes it, or where a run that was cut short did. One that was
    there before keeps the password it has.

    Raises:
        NameTaken: Both names are someone else's.
        FieldInvalid: The name cannot be kept.
    """
    for name in (username, f"{username}-{tenant}"):
        known = known_logins(data).get(name)
        if known is None and name not in [person.username for person in PEOPLE]:
            return Login(username=name, password=_made(data, tenant, name))
        if known is not None and f"{tenant}-admins" in known.groups:
            begun = f"{tenant}/{name}" in _begun(data)
            return Login(username=name, password=renew_password(data, name) if begun else None)
    raise NameTaken(f"there are logins {username} and {username}-{tenant}; choose another name")


def end_making(data: DataFolder, tenant: str) -> None:
    """Forget which logins of a tenant were being made: all of it is there now."""
    rest = [each for each in _begun(data) if not each.startswith(f"{tenant}/")]
    if rest:
        _note(data, rest)
    else:
        _file(data).unlink(missing_ok=True)


def _made(data: DataFolder, tenant: str, name: str) -> str:
    # Written first: a login that is not noted here is somebody's, whose password stays.
    _note(data, [*_begun(data), f"{tenant}/{name}"])
    return add_login(
        data,
        name,
        name.replace("-", " ").title(),
        groups=(f"{tenant}-operators", f"{tenant}-admins"),
        roles=(APPROVER,),
    )


def _begun(data: DataFolder) -> list[str]:
    try:
        begun: list[str] = json.loads(_file(data).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    return begun


def _note(data: DataFolder, begun: Sequence[str]) -> None:
    write_atomically(_file(data), json.dumps(sorted(set(begun))))


def _file(data: DataFolder) -> Path:
    return data.root / FILE


def signed_in(data: DataFolder, *, owner: Login, approver: Login) -> Logins:
    """Sign both in for this machine's command line, so that `--as` works at once.

    Whoever owns the data folder can act for everyone in it anyway. Where the provider does not
    answer, or a password is not known here, people sign in themselves.
    """
    place = find_place({}, str(data.root))
    done = True
    for login in (approver, owner):  # the last one acts where nobody is named
        try:
            if login.password is None:
                done = False
                continue
            session = sign_in_with_password(place, data, login.username, login.password)
            save_session(place, session)
        except (SignInFailed, httpx.TransportError):
            done = False
    return Logins(owner=owner, approver=approver, signed_in=done)
