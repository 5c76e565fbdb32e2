"""Change sources: add one, set it up, give it another secret, let older ones expire, remove it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from psycopg.types.json import Jsonb

from pipeline.envelope import KeyRing
from pipeline.registry_find import find_assistant
from pipeline.registry_names import FieldInvalid, NotSetUp, check_name, check_text
from pipeline.registry_remove import expire_source_secrets, remove_source
from pipeline.registry_sources import add_source, add_source_secret
from pipeline.schemes import Scheme
from pipeline.schemes.registry import build_scheme
from pipeline.schemes.secret_forms import SecretForm
from pipeline.setup_rows import one_row
from pipeline.source_view import source_state
from pipeline.work import Actor, Work

LONGEST_OVERLAP: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretSet:
    """A source's scheme and its new secret.

    Attributes:
        secret: None where the scheme has none, or where the sender's side makes it and has not yet.
        told: What a person is to be told, this once; None where nothing was made here.
    """

    secret: bytes | None = field(repr=False)
    told: str | None = field(repr=False)


def create_source(
    work: Work,
    keyring: KeyRing,
    *,
    name: str,
    assistant: str,
    scheme: str,
    owner: UUID | None,
    by: UUID,
    actor: Actor,
    settings: Mapping[str, Any] | None = None,
    secret: str | None = None,
) -> tuple[UUID, SecretSet]:
    """Add a source; returns its id, and its secret to be told once.

    Args:
        owner: Who answers for it and may not vote on what it sends; None is `by`.
        settings: Of its scheme.
        secret: One that the sender has already, as people write it.

    Raises:
        FieldInvalid: Names what cannot be kept.
        NameTaken: There is one of this name.
    """
    check_name("name", name)
    built = build_scheme(scheme, settings or {})
    made = secret_of(built, secret)
    try:
        assistant_id = find_assistant(work, assistant)
    except NotSetUp as error:
        raise FieldInvalid("assistant", str(error)) from error
    source_id = add_source(
        work,
        name=name,
        scheme=scheme,
        assistant_id=assistant_id,
        owner=by if owner is None else owner_of(work, owner),
        scheme_settings=kept_settings(built),
        identity=built.form() is None,
        actor=actor,
    )
    if made.secret is not None:
        add_source_secret(
            work, keyring, source_id=source_id, secret=made.secret, by=by, actor=actor
        )
    return source_id, made


def secret_of(scheme: Scheme, given: str | None) -> SecretSet:
    """The secret a source is to have: the one given, or one made here where that is the way.

    Raises:
        FieldInvalid: It is none, or there cannot be one.
    """
    form = scheme.form()
    if form is None:
        if given:
            raise FieldInvalid("secret", "this scheme has no secrets")
        return SecretSet(secret=None, told=None)
    if given:
        return SecretSet(secret=form.read(given), told=None)
    if not form.made_here:
        return SecretSet(secret=None, told=None)
    secret = form.make()
    return SecretSet(secret=secret, told=form.tell(secret))


def rotate_source(
    work: Work,
    keyring: KeyRing,
    source_id: UUID,
    *,
    overlap: timedelta,
    by: UUID,
    actor: Actor,
    secret: str | None = None,
) -> SecretSet:
    """Give a source another secret, returned to be told once; the two newest count.

    Args:
        overlap: How long the older ones live on at most.
        secret: One that the sender's side made; needed where ours makes none.

    Raises:
        NotSetUp: There is no such source.
        FieldInvalid: The secret is none, or one is needed, or the source has none.
    """
    state = source_state(work, source_id, lock=True)
    scheme = build_scheme(state["scheme"], state["settings"])
    made = secret_of(scheme, secret)
    if made.secret is None:
        why = "this scheme has no secrets" if scheme.form() is None else scheme.about.where
        raise FieldInvalid("secret", why)
    add_source_secret(
        work,
        keyring,
        source_id=source_id,
        secret=made.secret,
        by=by,
        older_live_on=overlap,
        actor=actor,
    )
    return made


def change_settings(
    work: Work, source_id: UUID, settings: Mapping[str, Any], *, by: UUID, actor: Actor
) -> None:
    """Change how a source proves itself; the same again changes nothing.

    Args:
        settings: Of its scheme; what is not named goes back to its default.

    Raises:
        NotSetUp: There is no such source.
        FieldInvalid: Names the setting that cannot be kept.
    """
    state = source_state(work, source_id, lock=True)
    was, built = state["settings"], build_scheme(state["scheme"], settings)
    kept = kept_settings(built)
    if kept == was:
        return
    form = _form_of(state["scheme"], was)
    if form is not None and form != built.form():
        raise FieldInvalid(
            "settings", "this would change the form of its secrets: add another source instead"
        )
    work.execute(
        "UPDATE sources SET scheme_settings = :kept, scheme_version = scheme_version + 1,"
        " scheme_changed_by_person_id = :by WHERE source_id = :id",
        kept=Jsonb(kept),
        by=by,
        id=source_id,
    )
    work.record(
        actor,
        "setup:source:changed",
        ("source", str(source_id)),
        before={"settings": was},
        after={"settings": kept},
    )


def switch_unsigned(
    work: Work, source_id: UUID, reason: str | None, *, by: UUID, actor: Actor
) -> None:
    """Let a source send without any proof, for a reason, or no longer (None).

    Raises:
        NotSetUp: There is no such source.
        FieldInvalid: The reason says nothing.
    """
    state = source_state(work, source_id, lock=True)
    if reason is None and state["unsigned"] is None:
        return
    if reason is not None:
        check_text("reason", reason)
        if state["schedule"] is not None:
            raise FieldInvalid("reason", "this source sends by the clock, and takes nothing in")
    work.execute(
        "UPDATE sources SET unsigned_reason = CAST(:reason AS text),"
        " unsigned_at = CASE WHEN CAST(:reason AS text) IS NOT NULL THEN clock_timestamp() END,"
        " unsigned_by_person_id = CAST(:by AS uuid),"
        " scheme_version = scheme_version + 1 WHERE source_id = :id",
        reason=reason,
        by=None if reason is None else by,
        id=source_id,
    )
    work.record(
        actor,
        "setup:source:unsigned" if reason else "setup:source:signed",
        ("source", str(source_id)),
        after={"reason": reason} if reason else None,
    )


def kept_settings(scheme: Scheme) -> dict[str, Any]:
    """A scheme's settings as they are stored: what is not set is not there."""
    found = {each.name: getattr(scheme, each.name) for each in scheme.about.settings}
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in found.items()
        if value is not None
    }


def _form_of(scheme: str, settings: Mapping[str, Any]) -> SecretForm | None:
    """The form its secrets have now; None where its settings do not count any more."""
    try:
        return build_scheme(scheme, settings).form()
    except FieldInvalid:
        return None


def expire_secret(work: Work, source_id: UUID, secret_id: UUID, *, actor: Actor) -> None:
    """Let an older secret count no more.

    Raises:
        NotSetUp: There is no such source, or no such live secret.
        StillInUse: It is the newest.
    """
    name = source_state(work, source_id, lock=True)["name"]
    expire_source_secrets(work, name, actor=actor, secret_id=secret_id)


def switch_source(work: Work, source_id: UUID, *, active: bool, actor: Actor) -> None:
    """Let a source send, or refuse whatever it sends; the same again changes nothing.

    Raises:
        NotSetUp: There is no such source.
    """
    if source_state(work, source_id, lock=True)["active"] is active:
        return
    work.execute(
        "UPDATE sources SET active = :active WHERE source_id = :id", active=active, id=source_id
    )
    work.record(
        actor,
        "setup:source:started" if active else "setup:source:stopped",
        ("source", str(source_id)),
        before={"active": not active},
        after={"active": active},
    )


def take_source_away(work: Work, source_id: UUID, *, actor: Actor) -> str:
    """Stop a source for ever; returns its name, which is free then.

    Raises:
        NotSetUp: There is no such source.
    """
    name: str = source_state(work, source_id, lock=True)["name"]
    remove_source(work, name, actor=actor)
    return name


def owner_of(work: Work, person_id: UUID) -> UUID:
    """Raises: FieldInvalid: The tenant has no such person."""
    found = one_row(
        work,
        "SELECT 1 AS there FROM persons WHERE person_id = :id AND removed_at IS NULL FOR SHARE",
        id=person_id,
    )
    if found is None:
        raise FieldInvalid("owner", "the tenant has no such person, or they were removed")
    return person_id
