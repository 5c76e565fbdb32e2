"""What a place for vectors does, whichever engine it is, in terms of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol
from uuid import UUID

# Of a file system, kept free of memories: the host and its sandboxes live there, too.
FREE_SHARE: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Sparse:
    """A vector of few dimensions out of 2^32; weights by how rare each is are the engine's."""

    indices: tuple[int, ...]
    values: tuple[float, ...]


Dense = tuple[float, ...]
Vector = Sparse | Dense


def size_of(vector: Vector) -> int:
    """Dimensions of a dense one; 0 of a sparse one."""
    return 0 if isinstance(vector, Sparse) else len(vector)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A collection, which no other assistant's vectors are ever in.

    Apart, because how rare a word is tells of the others a collection holds.
    """

    tenant: UUID
    assistant: UUID
    collection: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """On one field of what is kept with a vector.

    Args:
        key: As the engine takes it: names with dots between.
        equals: One of them; empty for a range.
    """

    key: str
    equals: tuple[str | int | bool, ...] = ()
    gte: float | None = None
    gt: float | None = None
    lte: float | None = None
    lt: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """All of these, and one of these ids where they are said."""

    conditions: tuple[Condition, ...]
    ids: frozenset[UUID] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A vector with what is kept beside it."""

    id: UUID
    vector: Vector
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a search found; the higher its score, the nearer."""

    score: float
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What an assistant's collections take.

    Args:
        machine_full: There is no more for anybody.
    """

    taken_bytes: int = 0
    machine_full: bool = False


class Engine(Protocol):
    """Keeps vectors. Each method may raise what the engine raises."""

    def collections(self, tenant: UUID, assistant: UUID) -> list[str]:
        """Names of an assistant's."""

    def size(self, place: Place) -> int | None:
        """Dimensions of its vectors, 0 for sparse ones; None where there is no such collection."""

    def create(self, place: Place, size: int) -> None:
        """Make a collection that is not there."""

    def upsert(self, place: Place, points: Sequence[Point]) -> None:
        """Put points in, in place of those of the same ids."""

    def search(self, place: Place, vector: Vector, within: Filter, limit: int) -> list[Found]:
        """The nearest first."""

    def read(self, place: Place, within: Filter, limit: int) -> list[dict[str, Any]]:
        """What is kept with so many points at most."""

    def count(self, place: Place, within: Filter) -> int:
        """How many there are."""

    def delete(self, place: Place, within: Filter) -> None:
        """Take them out."""

    def forget(self, tenant: UUID, assistant: UUID | None) -> int:
        """Remove an assistant's collections, or all of a tenant; how many there were."""

    def room(self, tenant: UUID, assistant: UUID) -> Room:
        """What they take now; nothing where that is not ours to count."""

    def close(self) -> None:
        """Nothing is asked any more."""
