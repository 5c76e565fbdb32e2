"""Find what a tenant has set up by the name people use, and say what there is where it is not.

What is found is locked against being taken away until the transaction ends: what is added beside
it may rely on it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from pipeline.registry_names import NotSetUp
from pipeline.work import Work

MOST_NAMED: Final = 12
_SHARE: Final = " FOR SHARE"
_ALONE: Final = " FOR UPDATE"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPerson:
    """A person of the tenant who was not removed."""

    person_id: UUID
    kind: str
    issuer: str
    subject: str
    display_name: str

    def __str__(self) -> str:
        return self.display_name or self.subject


def find_person(work: Work, named: str, *, also_subject: str | None = None) -> KnownPerson:
    """The person with this id, subject or display name.

    Args:
        also_subject: Another subject that counts as this name: an embedded login's.

    Raises:
        NotSetUp: Nobody is called so, or several are.
    """
    people = known_persons(work)
    subjects = {named, also_subject}
    found = [each for each in people if each.subject in subjects or str(each.person_id) == named]
    found = found or [each for each in people if each.display_name.lower() == named.lower()]
    if len(found) == 1:
        return found[0]
    if found:
        listed = ", ".join(str(each.person_id) for each in found)
        raise NotSetUp(f"several people are called {named!r}: name one by its id ({listed})")
    raise NotSetUp(
        f"the tenant has no person {named!r}; "
        + _there_are([str(each) for each in people], "awgp person add")
    )


def known_persons(work: Work) -> list[KnownPerson]:
    """Everyone who was not removed, in the order they came; locked against removal."""
    rows = work.execute(
        "SELECT person_id, kind, issuer, subject, display_name FROM persons"
        " WHERE removed_at IS NULL ORDER BY person_id FOR SHARE"
    )
    names = KnownPerson.__slots__
    return [KnownPerson(**dict(zip(names, row, strict=True))) for row in rows]


def find_assistant(work: Work, name: str, *, removed_too: bool = False) -> UUID:
    """Raises: NotSetUp."""
    where = "true" if removed_too else "active"
    found: UUID = _one(work, "assistants", "assistant_id", name, where, "awgp assistant add")
    return found


def find_target(work: Work, name: str, *, to_remove: bool = False) -> UUID:
    """Raises: NotSetUp."""
    lock = _ALONE if to_remove else _SHARE
    found: UUID = _one(
        work, "targets", "target_id", name, "removed_at IS NULL", "awgp target add", lock
    )
    return found


def find_source(work: Work, name: str) -> UUID:
    """Raises: NotSetUp."""
    found: UUID = _one(
        work, "sources", "source_id", name, "removed_at IS NULL", "awgp source add", _ALONE
    )
    return found


def find_bundle(work: Work, digest: str) -> dict[str, Any]:
    """The manifest of a bundle the tenant has.

    Raises:
        NotSetUp: As it says.
    """
    manifest: dict[str, Any] | None = work.execute(
        "SELECT manifest FROM bundles WHERE digest = :digest", digest=digest
    ).scalar_one_or_none()
    if manifest is None:
        raise NotSetUp(f"the tenant has no bundle {digest}; name a file, or push it first")
    return manifest


def _one(
    work: Work, table: str, key: str, name: str, where: str, add: str, lock: str = _SHARE
) -> Any:
    found = work.execute(
        f"SELECT {key} FROM {table} WHERE name = :name AND {where}{lock}",  # noqa: S608  # our own words
        name=name,
    ).scalar_one_or_none()
    if found is None:
        names = work.execute(f"SELECT name FROM {table} WHERE {where} ORDER BY name").scalars()  # noqa: S608  # our own words
        noun = table.removesuffix("s")
        raise NotSetUp(f"the tenant has no {noun} {name!r}; {_there_are(list(names), add)}")
    return found


def _there_are(names: Sequence[str], add: str) -> str:
    if not names:
        return f"there are none yet, `{add}` makes one"
    more = ", ..." if len(names) > MOST_NAMED else ""
    return f"there are {', '.join(names[:MOST_NAMED])}{more}"
