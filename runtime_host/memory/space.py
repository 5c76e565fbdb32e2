"""The memory of one assistant: whose it is, is in every name, id and filter it makes.

Four fences, each of which would do alone: a collection is its assistant's own; its name is not the
agent's to say but within that; an id is made of tenant, assistant and collection with the agent's;
and whatever is looked for, read or taken out is among points that say they are this assistant's.
"""

import threading
from typing import Any, Final
from uuid import UUID, uuid5

from pipeline.gateway_call import Refused
from runtime_host.gateway.refusal import CallRefused
from runtime_host.memory.engine import Condition, Engine, Filter, Place, Point, size_of
from runtime_host.memory.requests import (
    COUNT,
    DELETE,
    GET,
    MAX_ENTRIES_A_CALL,
    PAYLOAD,
    UPSERT,
    Asked,
)

MAX_COLLECTIONS: Final = 16
# On the disk: of each entry, and of the engine's own files and logs whatever is in them.
BYTES_AN_ENTRY: Final = 16 * 1024
BYTES_BESIDE: Final = 256 * 1024 * 1024
ALL: Final = Filter(conditions=())
# Of ids of ours; made once, at random.
IDS: Final = UUID("5d1ad2a0-6c1f-4d0b-9a4e-0d5b2f3a7c11")


class Space:
    """Answers for one execution.

    Args:
        entries: How many it may hold.
        writing: Held while something is put in, by every execution of this assistant.

    Attributes:
        over: Nothing is put in any more: what was there is being forgotten.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        tenant: UUID,
        assistant: UUID,
        entries: int,
        writing: threading.Lock,
    ) -> None:
        self._engine = engine
        self.tenant = tenant
        self.assistant = assistant
        self._entries = entries
        self.over = False
        self._writing = writing

    def answer(self, asked: Asked) -> dict[str, Any]:
        """Carry a request out.

        Raises:
            CallRefused: The memory is full, or the vector is none of this collection.
        """
        place = self._place(asked.collection)
        if asked.operation == UPSERT:
            return self._upsert(place, asked)
        size = self._engine.size(place)
        within = self._filter(place, asked)
        if asked.operation == COUNT:
            return {"count": 0 if size is None else self._engine.count(place, within)}
        if asked.operation == DELETE:
            return {"deleted": 0 if size is None else self._delete(place, within)}
        if asked.operation == GET:
            found = [] if size is None else self._engine.read(place, within, MAX_ENTRIES_A_CALL)
            return {"entries": [_shown(each) for each in found]}
        return {"hits": [] if size is None else self._search(place, asked, within, size)}

    def _place(self, collection: str) -> Place:
        return Place(tenant=self.tenant, assistant=self.assistant, collection=collection)

    def _id(self, place: Place, name: str) -> UUID:
        # None of the first three holds what stands between.
        return uuid5(IDS, f"{self.tenant}/{self.assistant}/{place.collection}/{name}")

    def _marks(self, place: Place) -> dict[str, str]:
        """What every point says of whose it is."""
        return {
            "tenant": str(self.tenant),
            "assistant": str(self.assistant),
            "collection": place.collection,
        }

    def _filter(self, place: Place, asked: Asked | None = None) -> Filter:
        """What was asked, among this assistant's own."""
        own = tuple(Condition(key=k, equals=(v,)) for k, v in self._marks(place).items())
        if asked is None:
            return Filter(conditions=own)
        ids = None if asked.ids is None else frozenset(self._id(place, e) for e in asked.ids)
        return Filter(conditions=(*own, *asked.conditions), ids=ids)

    def _upsert(self, place: Place, asked: Asked) -> dict[str, Any]:
        sizes = {size_of(each.vector) for each in asked.entries}
        points = [
            Point(
                id=self._id(place, each.id),
                vector=each.vector,
                payload={
                    "id": each.id,
                    "text": each.text,
                    PAYLOAD: dict(each.payload),
                    **self._marks(place),
                },
            )
            for each in asked.entries
        ]
        with self._writing:
            if self.over:
                raise CallRefused(Refused.UNREACHABLE, "the memory is away")
            size = self._engine.size(place)
            for each in sizes:
                _check_size(each, size if size is not None else min(sizes))
            names = self._engine.collections(self.tenant, self.assistant)
            self._check_room(place, points, names)
            if size is None:
                self._engine.create(place, min(sizes))
            self._engine.upsert(place, points)
        return {"upserted": len(points)}

    def _check_room(self, place: Place, points: list[Point], names: list[str]) -> None:
        if place.collection not in names and len(names) >= MAX_COLLECTIONS:
            raise _full(f"its {MAX_COLLECTIONS} collections")
        room = self._engine.room(self.tenant, self.assistant)
        if room.machine_full:
            raise _full("the disk's bytes")
        if room.taken_bytes > BYTES_BESIDE + self._entries * BYTES_AN_ENTRY:
            raise _full("its bytes on the disk")
        places = [self._place(name) for name in names]
        held = sum(self._engine.count(each, ALL) for each in places)
        if held + len(points) <= self._entries:
            return
        there = 0
        if place.collection in names:
            ids = frozenset(each.id for each in points)
            own = Filter(conditions=self._filter(place).conditions, ids=ids)
            there = self._engine.count(place, own)
        if held + len(points) - there > self._entries:
            raise _full(f"its {self._entries} entries")

    def _delete(self, place: Place, within: Filter) -> int:
        with self._writing:
            count = self._engine.count(place, within)
            self._engine.delete(place, within)
        return count

    def _search(
        self, place: Place, asked: Asked, within: Filter, size: int
    ) -> list[dict[str, Any]]:
        _check_size(size_of(asked.vector), size)
        found = self._engine.search(place, asked.vector, within, asked.limit)
        return [{**_shown(each.payload), "score": each.score} for each in found]


def _check_size(size: int, wanted: int) -> None:
    if size == wanted:
        return
    said = "texts and their words" if wanted == 0 else f"vectors of {wanted} numbers"
    raise CallRefused(Refused.NOT_ALLOWED, f"this collection holds {said}, and nothing else")


def _full(what: str) -> CallRefused:
    return CallRefused(Refused.BUDGET_SPENT, f"the assistant's memory: {what} are used up")


def _shown(kept: dict[str, Any]) -> dict[str, Any]:
    """What an agent is told of a point: what it said itself."""
    return {name: kept[name] for name in ("id", "text", PAYLOAD)}
