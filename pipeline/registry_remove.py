"""Take away what tenants set up. Nothing is deleted: runs, votes and the trail go on naming it.

Whoever needs what is taken away is named and the removal refused; what is on its way at that
moment still comes to its end. Every change is audited.
"""

from datetime import datetime
from uuid import UUID

from pipeline.policy_store import RuleNotFound, active_policy
from pipeline.registry_find import KnownPerson, find_assistant, find_source, find_target
from pipeline.registry_names import NotSetUp, StillInUse
from pipeline.work import Actor, Work


def remove_person(
    work: Work, person: KnownPerson, *, actor: Actor, heir: KnownPerson | None = None
) -> tuple[str, ...]:
    """Let a person no longer act, vote or own anything new. Returns the sources `heir` took over.

    What they wrote and voted stays theirs.

    Args:
        heir: Who owns their sources from now on, and may not vote on what those send.

    Raises:
        StillInUse: They own sources and there is no heir.
    """
    owned = work.execute(
        "SELECT source_id, name FROM sources"
        " WHERE owner_person_id = :person AND removed_at IS NULL ORDER BY name FOR UPDATE",
        person=person.person_id,
    ).all()
    names = tuple(name for _, name in owned)
    if owned and heir is None:
        raise StillInUse(
            f"{person} owns the sources {', '.join(names)}; name who takes them over with --to"
        )
    if heir is not None and heir.person_id == person.person_id:
        raise StillInUse(f"--to names {person}, who is to be removed; name another person")
    for source_id, _ in owned:
        _give_source(work, source_id, person, heir, actor)
    work.execute(
        "UPDATE persons SET removed_at = clock_timestamp() WHERE person_id = :person",
        person=person.person_id,
    )
    work.record(actor, "setup:person:removed", ("person", str(person.person_id)))
    return names


def _give_source(
    work: Work, source_id: UUID, person: KnownPerson, heir: KnownPerson | None, actor: Actor
) -> None:
    if heir is None:
        return
    work.execute(
        "UPDATE sources SET owner_person_id = :heir WHERE source_id = :source",
        heir=heir.person_id,
        source=source_id,
    )
    work.record(
        actor,
        "setup:source:given",
        ("source", str(source_id)),
        before={"owner": str(person.person_id)},
        after={"owner": str(heir.person_id)},
    )


def remove_target(work: Work, name: str, *, actor: Actor) -> UUID:
    """Let no assistant name a target any more. What is being delivered to it still arrives.

    Raises:
        NotSetUp: There is none of this name.
        StillInUse: Active assistants deliver to it.
    """
    target_id = find_target(work, name, to_remove=True)
    users = work.execute(
        "SELECT DISTINCT a.name FROM assistants a JOIN assistant_targets x"
        " ON x.tenant_id = a.tenant_id AND x.assistant_id = a.assistant_id"
        " AND x.version = a.current_version"
        " WHERE a.active AND x.target_id = :target ORDER BY 1",
        target=target_id,
    ).scalars()
    if named := ", ".join(users):
        raise StillInUse(
            f"{named} delivers to it; add a version without it (`awgp assistant add`), or remove"
            " the assistant first"
        )
    work.execute(
        "UPDATE targets SET removed_at = clock_timestamp() WHERE target_id = :target",
        target=target_id,
    )
    work.record(actor, "setup:target:removed", ("target", str(target_id)))
    return target_id


def remove_source(work: Work, name: str, *, actor: Actor) -> UUID:
    """Stop a source at once; its secrets open nothing any more, its name is free.

    Raises:
        NotSetUp: There is none of this name.
    """
    source_id = find_source(work, name)
    work.execute(
        "UPDATE sources SET active = false, removed_at = clock_timestamp()"
        " WHERE source_id = :source",
        source=source_id,
    )
    work.record(actor, "setup:source:removed", ("source", str(source_id)))
    return source_id


def expire_source_secrets(
    work: Work, name: str, *, actor: Actor, secret_id: UUID | None = None
) -> tuple[UUID, ...]:
    """Let a source's older secrets, or a named one, count no more from now on.

    Raises:
        NotSetUp: There is no such source, or no such live secret.
        StillInUse: It is the newest: without it the source could send nothing.
    """
    source_id = find_source(work, name)
    live = live_secrets(work, source_id)
    if secret_id is None:
        chosen = tuple(each for each, _ in live[1:])
        if not chosen:
            raise NotSetUp(f"{name} has one live secret and no older one")
    elif secret_id not in [each for each, _ in live]:
        raise NotSetUp(f"{name} has no live secret {secret_id}")
    elif secret_id == live[0][0]:
        raise StillInUse(f"that is the newest secret of {name}; rotate first, or remove the source")
    else:
        chosen = (secret_id,)
    work.execute(
        "UPDATE source_secrets SET expires_at = clock_timestamp() WHERE secret_id = ANY (:ids)",
        ids=list(chosen),
    )
    for each in chosen:
        work.record(
            actor,
            "setup:source_secret:expired",
            ("source", str(source_id)),
            before={"secret": str(each)},
        )
    return chosen


def live_secrets(work: Work, source_id: UUID) -> list[tuple[UUID, datetime]]:
    """The live secrets of a source with their times, newest first."""
    rows = work.execute(
        "SELECT secret_id, created_at FROM source_secrets WHERE source_id = :source"
        " AND (expires_at IS NULL OR expires_at > clock_timestamp())"
        " ORDER BY created_at DESC, secret_id DESC",
        source=source_id,
    )
    return [(row[0], row[1]) for row in rows]


def remove_assistant(work: Work, name: str, *, actor: Actor) -> UUID:
    """Switch an assistant off: its waiting runs are denied, its sources answer that it is off.

    Raises:
        NotSetUp: There is none of this name, or it is off.
    """
    assistant_id = find_assistant(work, name)
    _switch(work, assistant_id, active=False)
    work.record(actor, "setup:assistant:removed", ("assistant", str(assistant_id)))
    return assistant_id


def restore_assistant(work: Work, name: str, *, actor: Actor) -> UUID:
    """Switch an assistant on again, at the version it had.

    Raises:
        NotSetUp: There is none of this name, or it is on.
        StillInUse: It delivers to targets that were removed.
    """
    assistant_id = find_assistant(work, name, removed_too=True)
    if work.execute(
        "SELECT active FROM assistants WHERE assistant_id = :id", id=assistant_id
    ).scalar_one():
        raise NotSetUp(f"{name} is active; there is nothing to restore")
    gone = work.execute(
        "SELECT t.name FROM assistants a JOIN assistant_targets x"
        " ON x.tenant_id = a.tenant_id AND x.assistant_id = a.assistant_id"
        " AND x.version = a.current_version"
        " JOIN targets t ON t.tenant_id = x.tenant_id AND t.target_id = x.target_id"
        " WHERE a.assistant_id = :id AND t.removed_at IS NOT NULL ORDER BY x.position",
        id=assistant_id,
    ).scalars()
    if named := ", ".join(gone):
        raise StillInUse(
            f"{name} delivers to {named}, removed since; add the target again, or add a version"
            " of the assistant without it"
        )
    _switch(work, assistant_id, active=True)
    work.record(actor, "setup:assistant:restored", ("assistant", str(assistant_id)))
    return assistant_id


def _switch(work: Work, assistant_id: UUID, *, active: bool) -> None:
    work.execute(
        "UPDATE assistants SET active = :active WHERE assistant_id = :id",
        active=active,
        id=assistant_id,
    )


def remove_rule(work: Work, name: str, *, actor: Actor) -> None:
    """Let no policy name a rule any more. What is held under it is still decided by it.

    Raises:
        RuleNotFound: There is none of this name.
        StillInUse: The policy set in force names it.
    """
    # Taken before the look at what is in force: a rule added or removed meanwhile waits.
    kept = work.execute(
        "SELECT 1 FROM approval_rules WHERE name = :name AND removed_at IS NULL FOR UPDATE",
        name=name,
    ).all()
    if not kept:
        raise RuleNotFound(f"the tenant has no approval rule {name!r}; `awgp rule list` shows all")
    active = active_policy(work)
    if active is not None and name in active.policy_set.rules_in_use:
        raise StillInUse(
            f"policy version {active.version} is in force and holds by {name}; activate one without"
            " it first"
        )
    work.execute(
        "UPDATE approval_rules SET removed_at = clock_timestamp()"
        " WHERE name = :name AND removed_at IS NULL",
        name=name,
    )
    work.record(actor, "setup:approval_rule:removed", ("approval_rule", name))
