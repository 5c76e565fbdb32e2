"""Change targets: add one, give it another version, give it a new secret, take it away."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from pipeline.address_guard import AddressRefused, check_url
from pipeline.body_template import TemplateInvalid, check_template
from pipeline.envelope import KeyRing
from pipeline.registry_add import TARGET_HEADER, add_target, replace_target_secret
from pipeline.registry_names import FieldInvalid, NameTaken, check_name
from pipeline.registry_sources import new_webhook_secret
from pipeline.setup_rows import one_at_a_time
from pipeline.target_settings import TargetSettings, TargetSettingsInvalid
from pipeline.target_view import show_target, target_state
from pipeline.work import Actor, Work

LONGEST_URL: Final = 2000
HEADER_VALUE: Final = re.compile(r"[!-~][ -~]{6,998}[!-~]")


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetWanted:
    """A target, or a version of one, as it is asked for.

    Args:
        header_value: Of the header its settings name; None keeps what there is, or makes one.
    """

    name: str
    url: str
    settings: Mapping[str, Any]
    template: str = ""
    header_value: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is told once: the signing secret, and a header's value that was made for it."""

    secret: bytes | None = field(default=None, repr=False)
    header_value: str | None = field(default=None, repr=False)


def create_target(
    work: Work, keyring: KeyRing, wanted: TargetWanted, *, by: UUID, actor: Actor
) -> Told:
    """Add a target and return its secrets, to be told once.

    One that was removed comes back, with other secrets.

    Raises:
        FieldInvalid: Names what cannot be kept.
        NameTaken: There is one of this name.
    """
    check_name("name", wanted.name)
    settings = check_target(wanted)
    one_at_a_time(work, "target", wanted.name)
    if work.execute(
        "SELECT 1 FROM targets WHERE name = :name AND removed_at IS NULL", name=wanted.name
    ).all():
        raise NameTaken(f"there is a target {wanted.name!r} already; give it a new version instead")
    told = Told(secret=new_webhook_secret(), header_value=_made(settings, wanted))
    _save(work, keyring, wanted, told, by=by, actor=actor)
    work.execute(
        "UPDATE targets SET disabled_at = NULL, disabled_because = NULL"
        " WHERE name = :name AND disabled_at IS NOT NULL",
        name=wanted.name,
    )
    return told


def save_target(
    work: Work, keyring: KeyRing, wanted: TargetWanted, *, by: UUID, actor: Actor
) -> Told | None:
    """Give a target another version, signed with the secret it has; None where it is like that.

    Raises:
        NotSetUp: There is none of this name.
        FieldInvalid: Names what cannot be kept.
    """
    settings = check_target(wanted)
    state = target_state(work, wanted.name, lock=True)
    now = show_target(work, wanted.name)
    same = (now["url"], now["settings"], now["template"]) == (
        wanted.url,
        dict(wanted.settings),
        wanted.template,
    )
    if same and wanted.header_value is None:
        return None
    told = Told(header_value=None if state["header"] else _made(settings, wanted))
    _save(work, keyring, wanted, told, by=by, actor=actor)
    return told


def _made(settings: TargetSettings, wanted: TargetWanted) -> str | None:
    """A header's value, where one is needed and none was given."""
    if settings.header and wanted.header_value is None:
        return secrets.token_urlsafe(32)
    return None


def _save(
    work: Work, keyring: KeyRing, wanted: TargetWanted, told: Told, *, by: UUID, actor: Actor
) -> None:
    add_target(
        work,
        keyring,
        name=wanted.name,
        url=wanted.url,
        secret=told.secret,
        by=by,
        settings=wanted.settings,
        template=wanted.template,
        header=wanted.header_value or told.header_value,
        actor=actor,
    )


def replace_header_value(
    work: Work, keyring: KeyRing, name: str, *, value: str | None, actor: Actor
) -> str | None:
    """Send another value in a target's header from now on; returns one that was made for it.

    Raises:
        NotSetUp: There is none of this name.
        FieldInvalid: It has no header, or the value is none.
    """
    state = target_state(work, name, lock=True)
    settings = TargetSettings.from_json(show_target(work, name)["settings"])
    if not settings.header:
        raise FieldInvalid("header_value", "its settings name no header; make a version that does")
    if value is not None:
        check_header_value(value)
    kept = value or secrets.token_urlsafe(32)
    secret_id = replace_target_secret(
        work, keyring, UUID(state["id"]), kept.encode(), purpose=TARGET_HEADER
    )
    work.record(
        actor,
        "setup:target_header:replaced",
        ("target", state["id"]),
        before={"secret": state["header"]},
        after={"secret": str(secret_id)},
    )
    return None if value else kept


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


def check_target(wanted: TargetWanted) -> TargetSettings:
    """Let pass what a worker could deliver to; asks no name server.

    Raises:
        FieldInvalid: Names the member.
    """
    try:
        read = TargetSettings.from_json(wanted.settings)
    except TargetSettingsInvalid as error:
        raise FieldInvalid(f"settings.{error.field}", error.fix) from error
    if len(wanted.url) > LONGEST_URL:
        raise FieldInvalid("url", f"at most {LONGEST_URL} characters")
    try:
        check_url(wanted.url, allow_private=read.allow_private)
    except AddressRefused as error:
        raise FieldInvalid("url", str(error)) from error
    try:
        check_template(wanted.template)
    except TemplateInvalid as error:
        raise FieldInvalid("template", str(error)) from error
    if not wanted.template and not read.makes_json:
        raise FieldInvalid("settings.content_type", "without a template a message is JSON")
    if wanted.header_value is not None:
        if not read.header:
            raise FieldInvalid("header_value", "name its header in settings.header")
        check_header_value(wanted.header_value)
    return read


def check_header_value(value: str) -> None:
    """Raises: FieldInvalid."""
    if not HEADER_VALUE.fullmatch(value):
        raise FieldInvalid("header_value", "8 to 1000 visible ASCII characters; spaces within")
