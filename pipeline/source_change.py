"""Change sources: add one, give it another secret, let older ones expire, switch it, remove it."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from pipeline.envelope import KeyRing
from pipeline.registry_find import find_assistant
from pipeline.registry_names import FieldInvalid, NotSetUp, check_name
from pipeline.registry_remove import expire_source_secrets, remove_source
from pipeline.registry_sources import add_source, add_source_secret, new_webhook_secret
from pipeline.schemes.registry import scheme_named
from pipeline.setup_rows import one_row
from pipeline.source_view import source_state
from pipeline.work import Actor, Work

LONGEST_OVERLAP: Final = timedelta(days=30)


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
) -> tuple[UUID, bytes]:
    """Add a source; returns its id, and its secret to be told once.

    Args:
        owner: Who answers for it and may not vote on what it sends; None is `by`.

    Raises:
        FieldInvalid: Names what cannot be kept.
        NameTaken: There is one of this name.
    """
    check_name("name", name)
    scheme_named(scheme)
    try:
        assistant_id = find_assistant(work, assistant)
    except NotSetUp as error:
        raise FieldInvalid("assistant", str(error)) from error
    source_id = add_source(
        work,
        name=name,
        scheme=scheme,
        assistant_id=assistant_id,
        owner=by if owner is None else _owner(work, owner),
        actor=actor,
    )
    secret = new_webhook_secret()
    add_source_secret(work, keyring, source_id=source_id, secret=secret, by=by, actor=actor)
    return source_id, secret


def rotate_source(
    work: Work,
    keyring: KeyRing,
    source_id: UUID,
    *,
    overlap: timedelta,
    by: UUID,
    actor: Actor,
) -> bytes:
    """Give a source another secret, returned to be told once; the two newest count.

    Args:
        overlap: How long the older ones live on at most.

    Raises:
        NotSetUp: There is no such source.
    """
    source_state(work, source_id, lock=True)
    secret = new_webhook_secret()
    add_source_secret(
        work,
        keyring,
        source_id=source_id,
        secret=secret,
        by=by,
        older_live_on=overlap,
        actor=actor,
    )
    return secret


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


def _owner(work: Work, person_id: UUID) -> UUID:
    found = one_row(
        work,
        "SELECT 1 AS there FROM persons WHERE person_id = :id AND removed_at IS NULL FOR SHARE",
        id=person_id,
    )
    if found is None:
        raise FieldInvalid("owner", "the tenant has no such person, or they were removed")
    return person_id
