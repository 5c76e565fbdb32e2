"""Change targets: add one, give it another version, give it a new secret, take it away."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from pipeline.address_guard import AddressRefused, check_url
from pipeline.delivery import TargetSettings, TargetSettingsInvalid
from pipeline.envelope import KeyRing
from pipeline.registry_add import add_target, replace_target_secret
from pipeline.registry_names import FieldInvalid, NameTaken, check_name
from pipeline.registry_sources import new_webhook_secret
from pipeline.setup_rows import one_at_a_time
from pipeline.target_view import show_target, target_state
from pipeline.work import Actor, Work

LONGEST_URL: Final = 2000


def create_target(
    work: Work,
    keyring: KeyRing,
    *,
    name: str,
    url: str,
    settings: Mapping[str, Any],
    by: UUID,
    actor: Actor,
) -> bytes:
    """Add a target and return its secret, to be told once.

    One that was removed comes back, with another secret.

    Raises:
        FieldInvalid: Names what cannot be kept.
        NameTaken: There is one of this name.
    """
    check_name("name", name)
    check_target(url, settings)
    one_at_a_time(work, "target", name)
    if work.execute(
        "SELECT 1 FROM targets WHERE name = :name AND removed_at IS NULL", name=name
    ).all():
        raise NameTaken(f"there is a target {name!r} already; give it a new version instead")
    secret = new_webhook_secret()
    add_target(
        work, keyring, name=name, url=url, secret=secret, by=by, settings=settings, actor=actor
    )
    return secret


def save_target(
    work: Work,
    keyring: KeyRing,
    *,
    name: str,
    url: str,
    settings: Mapping[str, Any],
    by: UUID,
    actor: Actor,
) -> bool:
    """Give a target another version, signed with the secret it has; False where it is like that.

    Raises:
        NotSetUp: There is none of this name.
        FieldInvalid: Names what cannot be kept.
    """
    check_target(url, settings)
    target_state(work, name, lock=True)
    now = show_target(work, name)
    if (now["url"], now["settings"]) == (url, dict(settings)):
        return False
    add_target(
        work,
        keyring,
        name=name,
        url=url,
        secret=None,
        by=by,
        settings=settings,
        template=now["template"],
        actor=actor,
    )
    return True


def rotate_target_secret(work: Work, keyring: KeyRing, name: str, *, actor: Actor) -> bytes:
    """Sign with a new secret from now on, and return it, to be told once.

    Raises:
        NotSetUp: There is none of this name.
    """
    state = target_state(work, name, lock=True)
    secret = new_webhook_secret()
    secret_id = replace_target_secret(work, keyring, UUID(state["id"]), secret)
    work.record(
        actor,
        "setup:target_secret:replaced",
        ("target", state["id"]),
        before={"secret": state["secret"]},
        after={"secret": str(secret_id)},
    )
    return secret


def check_target(url: str, settings: Mapping[str, Any]) -> None:
    """Let pass what a worker could deliver to; asks no name server.

    Raises:
        FieldInvalid: Names the member.
    """
    try:
        read = TargetSettings.from_json(settings)
    except TargetSettingsInvalid as error:
        raise FieldInvalid("settings", str(error)) from error
    if len(url) > LONGEST_URL:
        raise FieldInvalid("url", f"at most {LONGEST_URL} characters")
    try:
        check_url(url, allow_private=read.allow_private)
    except AddressRefused as error:
        raise FieldInvalid("url", str(error)) from error
