"""Qdrant in this process: its own engine (Qdrant Edge), a folder a collection.

    TENANT/ASSISTANT/COLLECTION.words     sparse vectors
    TENANT/ASSISTANT/COLLECTION.v768      dense ones, of 768 numbers

What was put in outlives a process that is killed (the engine's log of writes); it is on the disk
within `FLUSH_SECONDS`, should the machine itself go down. Searches are exact: no graph is built.
"""

import fcntl
import os
import shutil
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import qdrant_edge as edge

from pipeline.errors import AwgpError
from runtime_host.memory.engine import (
    FREE_SHARE,
    Condition,
    Filter,
    Found,
    Place,
    Point,
    Room,
    Sparse,
    Vector,
)

VECTOR: Final = "v"
WORDS: Final = "words"
# Collections kept open; one takes half a mebibyte and a thread.
MOST_OPEN: Final = 64
FLUSH_SECONDS: Final = 2.0
# For the owner before us to let go.
LOCK_SECONDS: Final = 20.0
LOOK_SECONDS: Final = 0.05
BLOCK_BYTES: Final = 512  # of st_blocks, whatever the file system has
MADE, GONE = ".made-", ".gone-"
# Names of what is true of a point, and of what is false: the engine (0.9) takes a bool that is to
# be matched for a number, and so finds none.
FLAGS: Final = "flags"


class CollectionGone(AwgpError):
    """It was forgotten while something was put in."""


class FolderTaken(AwgpError):
    """Another process owns the memory in this folder."""


@dataclass(slots=True)
class _Opened:
    """A collection, or the place of one that is not there."""

    lock: threading.RLock = field(default_factory=threading.RLock)
    shard: edge.EdgeShard | None = None
    size: int = 0
    users: int = 0
    dirty: bool = False


class EdgeEngine:
    """The collections of one folder, which is ours alone.

    Raises:
        FolderTaken: As it says.
    """

    def __init__(self, folder: Path, *, most_open: int = MOST_OPEN) -> None:
        self._folder = folder
        self._most_open = most_open
        self._held = _lock(folder)
        self._opened: OrderedDict[Place, _Opened] = OrderedDict()
        self._lock = threading.Condition()
        self._forgetting: list[tuple[UUID, UUID | None]] = []
        self._one_at_a_time = threading.Lock()
        self._closed = threading.Event()
        for left in (*folder.glob(f"*/*/{MADE}*"), *folder.glob(f"**/{GONE}*")):
            shutil.rmtree(left, ignore_errors=True)
        self._flusher = threading.Thread(target=self._flush, name="flush", daemon=True)
        self._flusher.start()

    def collections(self, tenant: UUID, assistant: UUID) -> list[str]:
        """As the folders are named."""
        return sorted(name.rpartition(".")[0] for name in _names(self._of(tenant, assistant)))

    def size(self, place: Place) -> int | None:
        """As its folder's name says."""
        with self._open(place) as opened:
            return None if opened.shard is None else opened.size

    def create(self, place: Place, size: int) -> None:
        """Made beside, and then named: it is there whole, or not at all."""
        above = self._of(place.tenant, place.assistant)
        above.mkdir(parents=True, exist_ok=True, mode=0o700)
        made = above / f"{MADE}{uuid4().hex}"
        with self._open(place):
            made.mkdir(mode=0o700)
            shard = edge.EdgeShard.create(str(made), _configuration(size))
            shard.flush()
            shard.close()
            made.rename(above / f"{place.collection}.{f'v{size}' if size else WORDS}")

    def upsert(self, place: Place, points: Sequence[Point]) -> None:
        """One write."""
        made = [
            edge.Point(
                str(p.id), {VECTOR: _vector(p.vector)}, {**p.payload, FLAGS: _flags(p.payload)}
            )
            for p in points
        ]
        if not self._update(place, edge.UpdateOperation.upsert_points(made)):
            raise CollectionGone("the collection was forgotten meanwhile")

    def search(self, place: Place, vector: Vector, within: Filter, limit: int) -> list[Found]:
        """Exactly."""
        nearest = edge.Query.Nearest(_vector(vector), using=VECTOR)
        request = edge.QueryRequest(
            query=nearest, filter=_filter(within), limit=limit, with_payload=True
        )
        with self._open(place) as opened:
            found = [] if opened.shard is None else opened.shard.query(request)
        return [Found(score=each.score, payload=dict(each.payload or {})) for each in found]

    def read(self, place: Place, within: Filter, limit: int) -> list[dict[str, Any]]:
        """In the order of their ids."""
        request = edge.ScrollRequest(limit=limit, filter=_filter(within), with_payload=True)
        with self._open(place) as opened:
            found = [] if opened.shard is None else opened.shard.scroll(request)[0]
        return [dict(each.payload or {}) for each in found]

    def count(self, place: Place, within: Filter) -> int:
        """Exactly."""
        request = edge.CountRequest(exact=True, filter=_filter(within))
        with self._open(place) as opened:
            return 0 if opened.shard is None else opened.shard.count(request)

    def delete(self, place: Place, within: Filter) -> None:
        """One write. Its room is used again once a fifth of a collection is gone."""
        with self._open(place) as opened:
            if opened.shard is not None:
                opened.dirty = True
                opened.shard.update(edge.UpdateOperation.delete_points_by_filter(_filter(within)))
                opened.shard.optimize()

    def forget(self, tenant: UUID, assistant: UUID | None) -> int:
        """With its folder, and so at once; who asks meanwhile waits, and finds nothing."""
        folder = self._folder / str(tenant) if assistant is None else self._of(tenant, assistant)
        with self._one_at_a_time, self._closed_to_all(tenant, assistant):
            names = [n for each in _assistants(folder, assistant) for n in _names(each)]
            if folder.is_dir():
                gone = folder.with_name(f"{GONE}{uuid4().hex}")
                folder.rename(gone)
                shutil.rmtree(gone)
        return len(names)

    def room(self, tenant: UUID, assistant: UUID) -> Room:
        """As the file system counts."""
        system = os.statvfs(self._folder)
        return Room(
            taken_bytes=_taken(self._of(tenant, assistant)),
            machine_full=system.f_bavail < FREE_SHARE * system.f_blocks,
        )

    def close(self) -> None:
        """Write everything down and let the folder go."""
        self._closed.set()
        self._flusher.join()
        with self._lock:
            for opened in self._opened.values():
                _close(opened)
            self._opened.clear()
        os.close(self._held)

    def _of(self, tenant: UUID, assistant: UUID) -> Path:
        return self._folder / str(tenant) / str(assistant)

    @contextmanager
    def _closed_to_all(self, tenant: UUID, assistant: UUID | None) -> Iterator[None]:
        """Nothing of theirs is open, nor is opened, until the block is left."""
        mark = (tenant, assistant)
        with self._lock:
            self._forgetting.append(mark)
        try:
            with self._lock:
                self._lock.wait_for(lambda: not any(o.users for o in self._of_mark(mark).values()))
                for place in self._of_mark(mark):
                    _close(self._opened.pop(place), keep=False)
            yield
        finally:
            with self._lock:
                self._forgetting.remove(mark)
                self._lock.notify_all()

    def _of_mark(self, mark: tuple[UUID, UUID | None]) -> dict[Place, _Opened]:
        return {place: each for place, each in self._opened.items() if _is_of(place, mark)}

    def _update(self, place: Place, operation: edge.UpdateOperation) -> bool:
        """Whether there is such a collection."""
        with self._open(place) as opened:
            if opened.shard is None:
                return False
            opened.dirty = True
            opened.shard.update(operation)
            return True

    @contextmanager
    def _open(self, place: Place) -> Iterator[_Opened]:
        """A collection, loaded if it is there, and nobody else's meanwhile."""
        with self._lock:
            self._lock.wait_for(lambda: not any(_is_of(place, m) for m in self._forgetting))
            opened = self._opened.setdefault(place, _Opened())
            self._opened.move_to_end(place)
            opened.users += 1
        try:
            with opened.lock:
                if opened.shard is None:
                    self._load(place, opened)
                yield opened
        finally:
            with self._lock:
                opened.users -= 1
                self._lock.notify_all()
                self._close_surplus()

    def _load(self, place: Place, opened: _Opened) -> None:
        folder = self._of(place.tenant, place.assistant)
        for name in _names(folder):
            collection, _, kind = name.rpartition(".")
            if collection == place.collection:
                opened.size = 0 if kind == WORDS else int(kind[1:])
                opened.shard = edge.EdgeShard.load(str(folder / name), None)
                opened.shard.optimize()  # what was taken out is gone then from the disk, too

    def _close_surplus(self) -> None:
        """What was used longest ago, of what nobody uses."""
        idle = [place for place, each in self._opened.items() if not each.users]
        for place in idle[: max(0, len(self._opened) - self._most_open)]:
            _close(self._opened.pop(place))

    def _flush(self) -> None:
        while not self._closed.wait(FLUSH_SECONDS):
            with self._lock:
                dirty = [place for place, opened in self._opened.items() if opened.dirty]
            for place in dirty:
                try:
                    with self._open(place) as opened:
                        if opened.shard is not None:
                            opened.shard.flush()
                        opened.dirty = False
                except Exception as error:  # noqa: BLE001  # one that fails is tried again, and no other waits
                    sys.stderr.write(f"not flushed: {type(error).__name__}\n")


def _lock(folder: Path) -> int:
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    until = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            if time.monotonic() > until:
                os.close(descriptor)
                raise FolderTaken(f"another process owns the memory in {folder}") from exc
            time.sleep(LOOK_SECONDS)
        else:
            return descriptor


def _names(folder: Path) -> list[str]:
    """Names of the collections' folders."""
    try:
        found = [each.name for each in folder.iterdir()]
    except FileNotFoundError:
        return []
    return [name for name in found if not name.startswith(".")]


def _assistants(folder: Path, assistant: UUID | None) -> list[Path]:
    if assistant is not None:
        return [folder]
    return [folder / name for name in _names(folder)]


def _taken(folder: Path) -> int:
    """Bytes; what goes meanwhile takes none."""
    taken = 0
    for above, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):
                taken += BLOCK_BYTES * (Path(above) / name).stat().st_blocks
    return taken


def _is_of(place: Place, whose: tuple[UUID, UUID | None]) -> bool:
    return place.tenant == whose[0] and whose[1] in {None, place.assistant}


def _close(opened: _Opened, *, keep: bool = True) -> None:
    """Whoever waits for it has no part in what may fail."""
    shard, opened.shard = opened.shard, None
    if shard is None:
        return
    try:
        if keep:
            shard.flush()
        shard.close()
    except Exception as error:  # noqa: BLE001  # the engine's, whatever they are
        sys.stderr.write(f"not closed: {type(error).__name__}\n")


def _configuration(size: int) -> edge.EdgeConfig:
    # A graph of no edges is none: everything is looked at, and nothing has to be built.
    graph = edge.HnswIndexConfig(m=0, ef_construct=4, full_scan_threshold=10_000)
    if size:
        dense = {VECTOR: edge.EdgeVectorParams(size=size, distance=edge.Distance.Cosine)}
        return edge.EdgeConfig(vectors=dense, hnsw_config=graph, max_search_threads=1)
    sparse = {VECTOR: edge.EdgeSparseVectorParams(modifier=edge.Modifier.Idf)}
    return edge.EdgeConfig(sparse_vectors=sparse, hnsw_config=graph, max_search_threads=1)


def _vector(vector: Vector) -> Any:
    if isinstance(vector, Sparse):
        return edge.SparseVector(list(vector.indices), list(vector.values))
    return list(vector)


def _filter(within: Filter) -> edge.Filter:
    must: list[Any] = [_condition(each) for each in within.conditions]
    if within.ids is not None:
        must.append(edge.HasIdCondition({str(each) for each in within.ids}))
    return edge.Filter(must=must)


def _condition(said: Condition) -> edge.FieldCondition:
    if len(said.equals) > 1:
        return edge.FieldCondition(key=said.key, match=edge.MatchAny(any=_alike(said.equals)))
    if said.equals and isinstance(said.equals[0], bool):
        flag = f"{FLAGS}.{str(said.equals[0]).lower()}"
        return edge.FieldCondition(key=flag, match=edge.MatchValue(said.key))
    if said.equals:
        return edge.FieldCondition(key=said.key, match=edge.MatchValue(said.equals[0]))
    bounds = edge.RangeFloat(gte=said.gte, gt=said.gt, lte=said.lte, lt=said.lt)
    return edge.FieldCondition(key=said.key, range=bounds)


def _flags(payload: Mapping[str, Any], above: str = "") -> dict[str, list[str]]:
    found: dict[str, list[str]] = {"true": [], "false": []}
    for name, value in payload.items():
        for flag in (True, False):
            if value is flag or (isinstance(value, list) and any(e is flag for e in value)):
                found[str(flag).lower()].append(above + name)
        if isinstance(value, dict):
            for kind, names in _flags(value, f"{above}{name}.").items():
                found[kind] += names
    return found


def _alike(values: tuple[str | int | bool, ...]) -> list[str] | list[int]:
    """All texts, or all whole numbers."""
    texts = [each for each in values if isinstance(each, str)]
    return texts or [each for each in values if not isinstance(each, str)]
