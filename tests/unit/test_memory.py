"""What an assistant remembers, and that nobody else's is in it: on the real embedded engine."""

import json
import os
import threading
from collections.abc import Callable, Sequence
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, Final, cast
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from qdrant_client import QdrantClient
from qdrant_edge import EdgeShard

from ops.commands.runtime_host import settings_from
from ops.memory_settings import memory_settings
from pipeline.gateway_call import Refused
from runtime_host.gateway.refusal import CallRefused
from runtime_host.host import HostRefuses
from runtime_host.memory.edge import EdgeEngine, FolderTaken
from runtime_host.memory.engine import Engine, Filter, Place
from runtime_host.memory.lexical import entry_vector, query_vector
from runtime_host.memory.requests import read
from runtime_host.memory.server import ServerEngine, connect
from runtime_host.memory.space import MAX_COLLECTIONS, Space
from tests.integration.own_host import until

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


def test_a_memory_holds_so_much_and_no_more(engine: Engine) -> None:
    where = space(engine, (UUID(int=8), UUID(int=9)), entries=5)
    if isinstance(engine, Together):
        return  # how many there are is counted by collection
    do(where, "upsert", entries=[entry(str(n), "kept") for n in range(4)])
    more = [entry(str(n), "once more") for n in range(3, 6)]
    assert refused(lambda: do(where, "upsert", entries=more)) is Refused.BUDGET_SPENT
    assert refused(lambda: do(where, "upsert", collection="b", entries=more)) is (
        Refused.BUDGET_SPENT
    )
    # One that is there is replaced, and takes no further room.
    do(where, "upsert", entries=more[:2])
    assert do(where, "count") == {"count": 5}
    dense = {"id": "a", "vector": [1.0, 0.0]}
    assert refused(lambda: do(where, "upsert", entries=[dense])) is Refused.NOT_ALLOWED
    do(where, "delete", ids=["0"])
    do(where, "upsert", collection="vectors", entries=[dense])
    for odd in ([1, 2, 3], query_vector("kept")):
        search = partial(do, where, "search", collection="vectors", vector=odd)
        assert refused(search) is Refused.NOT_ALLOWED
    (hit,) = do(where, "search", collection="vectors", vector=[1, 1])["hits"]
    assert (hit["id"], round(hit["score"], 3)) == ("a", 0.707)
    assert engine.forget(UUID(int=8), UUID(int=1)) == 0
    assert engine.forget(UUID(int=8), None) == 2
    assert do(where, "count") == {"count": 0}
    names = [f"c{n}" for n in range(MAX_COLLECTIONS)] if isinstance(engine, ServerEngine) else []
    for name in names:
        do(space(engine, (UUID(int=8), UUID(int=9))), "upsert", collection=name, entries=more[:1])
    if names:
        last = partial(do, space(engine, (UUID(int=8), UUID(int=9))), "upsert", entries=more[:1])
        assert refused(last) is Refused.BUDGET_SPENT


def test_a_filter_means_the_same_to_every_engine(engine: Engine) -> None:
    where = space(engine, (UUID(int=6), UUID(int=6)))
    payload = {
        "city": "Bern",
        "n": 3,
        "x": 2.5,
        "ok": True,
        "tags": ["a", "b"],
        "l": [True],
        "deep": {"a-b": 1},
    }
    do(where, "upsert", entries=[entry("a", "text", **payload), entry("b", "text", ok=False, n=0)])
    found: list[tuple[dict[str, Any], list[str]]] = [
        ({"city": "Bern"}, ["a"]), ({"city": "Basel"}, []), ({"n": 3}, ["a"]), ({"n": True}, []),
        ({"ok": True}, ["a"]), ({"ok": False}, ["b"]), ({"tags": "b"}, ["a"]),
        ({"deep.a-b": 1}, ["a"]), ({"l": True}, ["a"]), ({"l": False}, []),
        ({"x": {"gt": 2, "lt": 3}}, ["a"]), ({"x": {"gt": 2.5}}, []),
        ({"n": {"any": [0, 3]}}, ["a", "b"]),
        ({"city": {"any": ["Bern", "x"]}, "n": {"lte": 3}}, ["a"]),
        ({"tenant": str(UUID(int=6))}, []),
    ]  # fmt: skip
    for within, ids in found:
        hits = do(where, "search", vector=query_vector("a text"), filter=within)["hits"]
        assert (within, sorted(each["id"] for each in hits)) == (within, ids)


def test_the_rarer_word_counts_more_however_it_is_written(engine: Engine) -> None:
    where = space(engine, (UUID(int=7), UUID(int=7)))
    texts = {"a": "the ORDER was late", "b": "the order was early", "c": "the Größe was wrong"}
    do(where, "upsert", entries=[entry(name, text) for name, text in texts.items()])
    hits = do(where, "search", vector=query_vector("was the order late?"))["hits"]
    assert [each["id"] for each in hits] == ["a", "b", "c"]
    (hit, *_) = do(where, "search", vector=query_vector("GRÖSSE"))["hits"]
    assert hit["id"] == "c"
    # Of every machine and release: what is kept is looked for by it.
    assert query_vector("Order 4711") == {"indices": [2437346251, 4201017456], "values": [1.0, 1.0]}


@pytest.mark.parametrize(("operation", "values"), [
    ("upsert", {}), ("upsert", {"entries": []}), ("upsert", {"entries": [{"id": "a"}]}),
    ("upsert", {"entries": [{"vector": [1]}]}),
    ("upsert", {"entries": [{"id": "", "vector": [1]}]}),
    ("upsert", {"entries": [{"id": "a", "vector": [1]}] * 2}), ("upsert", {"entries": {}}),
    ("upsert", {"entries": [{"id": "a", "vector": [1], "tenant": "x"}]}),
    ("upsert", {"entries": [{"id": "a", "vector": [1], "payload": {"n": 2**63}}]}),
    ("upsert", {"entries": [{"id": "a", "vector": [1], "payload": {"t": "x" * 40_000}}]}),
    ("upsert", {"entries": [{"id": "a", "vector": [True]}]}), ("search", {"vector": [1e300]}),
    ("search", {"vector": {"indices": [1, 1], "values": [1, 1]}}), ("search", {"vector": []}),
    ("search", {"vector": {"indices": [2**32], "values": [1]}}), ("search", {}),
    ("search", {"vector": [1], "limit": 101}), ("search", {"vector": [1], "limit": True}),
    ("search", {"vector": [1], "tenant": "x"}), ("search", {"vector": [1], "collection": "A"}),
    ("search", {"vector": [1], "collection": "a/../b"}), ("search", {"vector": [1], "filter": []}),
    ("search", {"vector": [1], "filter": {"a": {"gte": "x"}}}), ("delete", {}), ("get", {}),
    ("search", {"vector": [1], "filter": {"a": {"any": [True]}}}), ("delete", {"filter": {}}),
    ("search", {"vector": [1], "filter": {"a": 1.5}}), ("count", {"filter": {"a[]": 1}}),
    ("count", {"filter": {"a": {"any": [1, "x"]}}}), ("get", {"ids": [1]}), ("get", {"ids": "a"}),
])  # fmt: skip
def test_what_is_no_request_is_refused(operation: str, values: dict[str, Any]) -> None:
    assert refused(lambda: read(operation, values)) is Refused.MALFORMED


def test_a_folder_has_one_owner_who_keeps_few_collections_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runtime_host.memory.edge.LOCK_SECONDS", 0.0)
    first = EdgeEngine(tmp_path, most_open=1)
    with pytest.raises(FolderTaken):
        EdgeEngine(tmp_path)
    for name in NAMES:
        do(space(first, OWNERS[0]), "upsert", collection=name, entries=[entry("a", name)])
    for name in NAMES:  # each has to be opened again for it
        (found,) = do(space(first, OWNERS[0]), "get", collection=name, ids=["a"])["entries"]
        assert found["text"] == name
    # What it takes is bounded, for each and for the machine's sake.
    put = partial(do, space(first, OWNERS[0]), "upsert", entries=[entry("b", "more")])
    with monkeypatch.context() as full:
        full.setattr("runtime_host.memory.space.BYTES_BESIDE", -1_000_000_000)
        assert refused(put) is Refused.BUDGET_SPENT
    with monkeypatch.context() as full:
        full.setattr("runtime_host.memory.edge.FREE_SHARE", 1.1)
        assert refused(put) is Refused.BUDGET_SPENT
    assert put() == {"upserted": 1}
    first.close()
    again = EdgeEngine(tmp_path)
    assert do(space(again, OWNERS[0]), "count", collection="notes") == {"count": 1}
    again.close()


def test_who_asks_while_it_is_forgotten_finds_nothing_and_others_are_flushed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runtime_host.memory.edge.FLUSH_SECONDS", 0.01)
    engine = EdgeEngine(tmp_path)
    mine, other = space(engine, OWNERS[0]), space(engine, OWNERS[3])
    for where in (mine, other):
        do(where, "upsert", entries=[entry("a", "secret word")])
    asking = threading.Event()
    said: list[list[dict[str, Any]]] = []

    def ask() -> None:
        while not asking.is_set():
            said.append(do(mine, "search", vector=query_vector("secret"))["hits"])

    thread = threading.Thread(target=ask)
    thread.start()
    until(lambda: said, "a search")
    # Two at once: of the assistant, and of the whole tenant.
    both = [threading.Thread(target=engine.forget, args=(ACME, who)) for who in (CLERK, None)]
    for each in both:
        each.start()
    for each in both:
        each.join(60)
    assert not any(each.is_alive() for each in both)
    afterwards = do(mine, "search", vector=query_vector("secret"))
    before = len(said)  # and perhaps one that has been answered and not noted yet
    until(lambda: len(said) > before + 1, "a search that began later")
    asking.set()
    thread.join()
    assert (afterwards, said[-1]) == ({"hits": []}, [])
    # One that cannot be written down keeps no other from it.
    do(other, "upsert", collection="notes", entries=[entry("a", "another")])
    broken, sound = (Place(tenant=GLOBEX, assistant=BROKER, collection=name) for name in NAMES)
    with engine._open(broken) as opened, engine._open(sound) as beside:
        shard, opened.shard = opened.shard, cast("EdgeShard", object())
        opened.dirty = beside.dirty = True
    until(lambda: not beside.dirty, "the other to be flushed")
    assert opened.dirty
    opened.shard = shard
    until(lambda: not opened.dirty, "another try")
    engine.close()


def test_a_server_is_asked_with_its_key_for_collections_of_ours() -> None:
    """What goes over HTTP; the rest of a server is Qdrant's own to test."""
    heard: list[tuple[str, str, str]] = []

    class Server(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # as the server looks for it
            heard.append((self.command, self.path, self.headers["api-key"]))
            told = json.dumps({"status": {"error": "not found"}, "time": 0}).encode()
            self.send_response(404)
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        def log_message(self, *_: object) -> None:
            """Not to stderr."""

    with HTTPServer(("127.0.0.1", 0), Server) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        with pytest.warns(UserWarning, match="insecure"):
            client = connect(f"http://127.0.0.1:{server.server_address[1]}", "s3cret")
        engine = ServerEngine(client)
        assert do(space(engine, (ACME, CLERK)), "count") == {"count": 0}
        engine.close()
        server.shutdown()
        thread.join()
    assert heard == [("GET", f"/collections/awgp-{ACME.hex}-{CLERK.hex}-default", "s3cret")]


def test_a_server_is_named_without_a_key_in_it_and_a_key_goes_encrypted(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("s3cret")
    host = {
        "AWGP_RUNTIME_SOCKET": "/run/s", "AWGP_RUNTIME_FOLDER": "/var/r",
        "AWGP_RUNTIME_STATE": "/var/s", "AWGP_DRIVER": "docker",
    }  # fmt: skip
    good = {"AWGP_QDRANT_URL": "https://q.internal:6333", "AWGP_QDRANT_API_KEY_FILE": str(key)}
    settings_from(host | good)
    for wrong in (
        {"AWGP_QDRANT_URL": "https://key@q.internal"},
        {"AWGP_QDRANT_URL": "q.internal:6333"},
        good | {"AWGP_QDRANT_URL": "http://q.internal:6333"},
        good | {"AWGP_QDRANT_API_KEY_FILE": str(tmp_path / "none")},
        {"AWGP_QDRANT_API_KEY_FILE": str(key)},
    ):
        with pytest.raises(HostRefuses, match="AWGP_QDRANT"):
            settings_from(host | wrong)
    assert memory_settings({"AWGP_MEMORY_MIB": "128"}, key).memory_bytes == 128 << 20
    for said in ("127", "1e3", "-1", "1 GiB"):
        with pytest.raises(HostRefuses, match="AWGP_MEMORY_MIB must be a whole number from 128"):
            settings_from(host | {"AWGP_MEMORY_MIB": said})
