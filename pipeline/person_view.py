"""The people and machines of a tenant, as people look at them and take them away."""

from typing import Final
from uuid import UUID

from pipeline.registry_find import KnownPerson
from pipeline.registry_names import NotSetUp
from pipeline.registry_remove import remove_person
from pipeline.setup_rows import Row, one_row, rows
from pipeline.work import Actor, Work

_LINE: Final = """
    SELECT p.person_id AS id, p.display_name AS name, p.kind, p.issuer, p.subject, p.email,
        p.groups, p.seen_at, p.created_at, p.removed_at FROM persons p"""
_LIST: Final = f"""{_LINE}
    WHERE (:removed OR p.removed_at IS NULL)
        AND (CAST(:after AS uuid) IS NULL OR p.person_id > :after)
        AND (CAST(:q AS text) IS NULL OR strpos(lower(p.display_name), lower(:q)) > 0
            OR strpos(lower(p.email), lower(:q)) > 0 OR p.subject = :q)
    ORDER BY p.person_id LIMIT :limit"""  # our own columns
_STATE: Final = """
    SELECT person_id::text AS id, display_name AS name, removed_at IS NOT NULL AS removed
    FROM persons WHERE person_id = :id"""
# What stands to a person's name and would need another's.
_OWNS: Final = """
    SELECT coalesce((SELECT jsonb_agg(jsonb_build_object('id', s.source_id, 'name', s.name)
            ORDER BY s.name) FROM sources s
            WHERE s.owner_person_id = :id AND s.removed_at IS NULL), '[]') AS owns_sources,
        ARRAY(SELECT DISTINCT a.name FROM assistants a JOIN assistant_versions v
            USING (tenant_id, assistant_id) WHERE v.author_person_id = :id ORDER BY 1)
            AS wrote_assistants,
        ARRAY(SELECT version FROM policy_sets WHERE author_person_id = :id ORDER BY 1)
            AS wrote_policies,
        ARRAY(SELECT DISTINCT name FROM approval_rules WHERE author_person_id = :id ORDER BY 1)
            AS wrote_rules,
        (SELECT count(*) FROM bundles WHERE author_person_id = :id) AS bundles"""


def persons_page(
    work: Work, *, removed: bool, q: str | None, after: UUID | None, limit: int
) -> list[Row]:
    """Persons in the order they came; `q` is a part of a name or address, or a whole subject."""
    return rows(work, _LIST, removed=removed, q=q, after=after, limit=limit)


def person_state(work: Work, person_id: UUID, *, lock: bool = False) -> Row:
    """What an edit of a person is based on; `lock` keeps others' edits waiting.

    Raises:
        NotSetUp: The tenant has no such person.
    """
    found = one_row(
        work,
        _STATE + (" FOR UPDATE" if lock else ""),
        id=person_id,
    )
    if found is None:
        raise NotSetUp(f"the tenant has no person {person_id}")
    return found


def show_tenants_person(work: Work, person_id: UUID) -> Row:
    """A person and what stands to their name.

    Raises:
        NotSetUp: The tenant has no such person.
    """
    found = one_row(work, _LINE + " WHERE p.person_id = :id", id=person_id)
    if found is None:
        raise NotSetUp(f"the tenant has no person {person_id}")
    return found | rows(work, _OWNS, id=person_id)[0]


def take_away(work: Work, person_id: UUID, *, heir: UUID | None, actor: Actor) -> None:
    """Let a person no longer act here, whatever their token says.

    Raises:
        NotSetUp: The tenant has no such person, or they were removed before.
        StillInUse: They own sources and there is no heir.
    """
    person = _known(work, person_id)
    remove_person(work, person, actor=actor, heir=None if heir is None else _known(work, heir))


def bring_back(work: Work, person_id: UUID, *, actor: Actor) -> None:
    """Let a person who was removed act again.

    Raises:
        NotSetUp: The tenant has no such person.
    """
    if not person_state(work, person_id, lock=True)["removed"]:
        return
    work.execute("UPDATE persons SET removed_at = NULL WHERE person_id = :id", id=person_id)
    work.record(actor, "setup:person:restored", ("person", str(person_id)))


def _known(work: Work, person_id: UUID) -> KnownPerson:
    row = one_row(
        work,
        "SELECT person_id, kind, issuer, subject, display_name FROM persons"
        " WHERE person_id = :id AND removed_at IS NULL FOR UPDATE",
        id=person_id,
    )
    if row is None:
        raise NotSetUp(f"the tenant has no person {person_id}, or they were removed")
    return KnownPerson(**row)
