"""What an assistant remembers, and that nobody else's is in it: on the real embedded engine."""

import os
import threading
from collections.abc import Callable, Sequence
from typing import Any, Final
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from qdrant_client import QdrantClient

from pipeline.gateway_call import Refused
from runtime_host.gateway.refusal import CallRefused
from runtime_host.memory.edge import EdgeEngine
from runtime_host.memory.engine import Engine, Filter, Place
from runtime_host.memory.lexical import entry_vector, query_vector
from runtime_host.memory.requests import read
from runtime_host.memory.server import ServerEngine
from runtime_host.memory.space import Space

ACME, GLOBEX = UUID(int=1), UUID(int=2)
# An assistant of the same id in two tenants, too.
CLERK, BROKER = UUID(int=1), UUID(int=3)
OWNERS: Final = tuple((t, a) for t in (ACME, GLOBEX) for a in (CLERK, BROKER))
ALL: Final = Filter(conditions=())
NAMES: Final = ("default", "notes")
# Of made-up requests; a nightly run may ask for thousands.
CASES: Final = int(os.environ.get("AWGP_TEST_CASES", "10"))


class Together:
    """An engine that keeps everybody's in one collection: what is left are marks and ids."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def __getattr__(self, name: str) -> Callable[..., Any]:
        act: Callable[..., Any] = getattr(self.engine, name)
        if name == "collections":
            return lambda _tenant, _assistant: act(ACME, CLERK)
        return lambda _place, *more: act(
            Place(tenant=ACME, assistant=CLERK, collection="one"), *more
        )


@pytest.fixture(scope="module", params=["apart", "together", "server", "server, together"])
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Embedded, and as a server has it: a real one is not to be had here, but the client's own."""
    if "server" in request.param:
        made: Engine = ServerEngine(QdrantClient(":memory:"))
    else:
        made = EdgeEngine(tmp_path_factory.mktemp("memory"))
    yield Together(made) if "together" in request.param else made
    made.close()


def space(engine: Engine, owner: tuple[UUID, UUID], entries: int = 10_000) -> Space:
    tenant, assistant = owner
    return Space(
        engine, tenant=tenant, assistant=assistant, entries=entries, writing=threading.Lock()
    )


def do(where: Space, operation: str, **values: Any) -> Any:
    return where.answer(read(operation, values))


def entry(name: str, text: str, **payload: Any) -> dict[str, Any]:
    return {"id": name, "text": text, "payload": payload, "vector": entry_vector(text)}


def refused(act: Callable[[], object]) -> Refused:
    with pytest.raises(CallRefused) as caught:
        act()
    return caught.value.why


# What an attacker would say: names of ours, of others, and what leads out of a path.
HOSTILE: Final = st.sampled_from([
    "tenant", "assistant", "collection", "id", "payload", "payload.tenant", "..", "../../x", "*",
    "tenant[]", 'x"].tenant', "payload.payload", "flags.true", str(ACME), str(GLOBEX),
    str(BROKER), f"{GLOBEX}/{CLERK}/default", "default", "notes", "a",
])  # fmt: skip
WORDS: Final = st.one_of(HOSTILE, st.text(min_size=1, max_size=6))
VALUES: Final = st.one_of(WORDS, st.integers(-3, 3), st.booleans(), st.none(), st.lists(WORDS))
PAYLOADS: Final = st.dictionaries(
    WORDS, st.one_of(VALUES, st.dictionaries(WORDS, VALUES, max_size=2)), max_size=3
)
FILTERS: Final = st.dictionaries(
    WORDS,
    st.one_of(
        VALUES,
        st.builds(lambda found: {"any": found}, st.lists(WORDS, min_size=1, max_size=3)),
        st.builds(lambda low: {"gte": low}, st.integers(-3, 3)),
    ),
    max_size=2,
)
ACTS: Final = st.lists(
    st.tuples(
        st.sampled_from(OWNERS),
        st.sampled_from(["upsert", "upsert", "search", "get", "count", "delete"]),
        st.one_of(st.sampled_from(NAMES), WORDS),
        st.lists(WORDS, min_size=1, max_size=3, unique=True),
        PAYLOADS,
        FILTERS,
    ),
    max_size=25,
)


class World:
    """What each has put into each collection: texts by id."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.held: dict[tuple[tuple[UUID, UUID], str], dict[str, str]] = {}
        for owner in OWNERS:
            for name in NAMES:
                place = Place(tenant=owner[0], assistant=owner[1], collection=name)
                if engine.size(place) is not None:
                    engine.delete(place, ALL)
        # Each begins with what everybody else would find, were it theirs.
        for owner in OWNERS:
            for name in NAMES:
                self._upsert(owner, name, ["a"], {})

    def act(
        self,
        owner: tuple[UUID, UUID],
        operation: str,
        name: str,
        ids: list[str],
        payload: dict[str, Any],
        within: dict[str, Any],
    ) -> None:
        if operation == "upsert":
            self._upsert(owner, name if name in NAMES else NAMES[0], ids, payload)
            return
        said = do(
            space(self.engine, owner), operation, collection=name, **ASKED[operation](ids, within)
        )
        mine = self.held.get((owner, name), {})
        for found in (*said.get("hits", ()), *said.get("entries", ())):
            assert found["text"] == mine[found["id"]]
        if operation == "delete":
            for each in ids:  # a filter may spare some
                if not self._read(owner, name, each):
                    mine.pop(each, None)

    def check(self) -> None:
        """Everybody has what is theirs, as it was, and nothing beside it."""
        for (owner, name), mine in self.held.items():
            assert do(space(self.engine, owner), "count", collection=name) == {"count": len(mine)}
            for each, mark in mine.items():
                (found,) = self._read(owner, name, each)
                assert found["text"] == mark

    def _read(self, owner: tuple[UUID, UUID], name: str, each: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = do(
            space(self.engine, owner), "get", collection=name, ids=[each]
        )["entries"]
        return found

    def _upsert(
        self, owner: tuple[UUID, UUID], name: str, ids: list[str], payload: dict[str, Any]
    ) -> None:
        marks = {each: f"{LOOKED_FOR}: {owner} {name} {each!r}" for each in ids}
        entries = [entry(each, mark) | {"payload": payload} for each, mark in marks.items()]
        do(space(self.engine, owner), "upsert", collection=name, entries=entries)
        self.held.setdefault((owner, name), {}).update(marks)


LOOKED_FOR: Final = "everybody looks for this"
ASKED: Final[dict[str, Callable[[list[str], dict[str, Any]], dict[str, Any]]]] = {
    "search": lambda _, f: {"vector": query_vector(LOOKED_FOR), "filter": f, "limit": 100},
    "get": lambda ids, _: {"ids": ids},
    "count": lambda _, f: {"filter": f},
    "delete": lambda ids, f: {"ids": ids, "filter": f},
}


@given(acts=ACTS)
# Its smallest case would take minutes to be found, and tells no more.
@settings(
    max_examples=CASES,
    deadline=None,
    phases=(Phase.generate,),
    suppress_health_check=[HealthCheck.too_slow],  # a busy machine is
)
def test_nobody_reads_or_writes_a_vector_of_anothers(
    engine: Engine, acts: Sequence[tuple[Any, ...]]
) -> None:
    world = World(engine)
    for each in acts:
        try:
            world.act(*each)
        except CallRefused as error:
            assert error.why is Refused.MALFORMED  # noqa: PT017  # the others are none of these
    world.check()
