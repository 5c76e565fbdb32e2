"""Qdrant as a server of its own, by URL: a collection an assistant's collection."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import UnexpectedResponse

from runtime_host.memory.engine import (
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
NOT_FOUND: Final = 404
CONFLICT: Final = 409
TIMEOUT_SECONDS: Final = 30


class ServerEngine:
    """Asks one server.

    Args:
        client: Of a server of 1.10 or later; in tests, of one in this process.
    """

    def __init__(self, client: QdrantClient) -> None:
        self._client = client

    def collections(self, tenant: UUID, assistant: UUID) -> list[str]:
        """Those whose names begin with what an assistant's do."""
        start = _start(tenant, assistant)
        return [name.removeprefix(start) for name in self._names() if name.startswith(start)]

    def size(self, place: Place) -> int | None:
        """As the server has it."""
        try:
            params = self._client.get_collection(_name(place)).config.params
        except UnexpectedResponse as error:
            if error.status_code == NOT_FOUND:
                return None
            raise
        except ValueError:  # the client's own, in this process
            return None
        dense = params.vectors
        return dense[VECTOR].size if isinstance(dense, dict) and VECTOR in dense else 0

    def create(self, place: Place, size: int) -> None:
        """With weights by rarity, or cosines."""
        idf = models.SparseVectorParams(modifier=models.Modifier.IDF)
        cosine = models.VectorParams(size=max(1, size), distance=models.Distance.COSINE)
        try:
            self._client.create_collection(
                _name(place),
                vectors_config={VECTOR: cosine} if size else {},
                sparse_vectors_config=None if size else {VECTOR: idf},
            )
        except UnexpectedResponse as error:
            if error.status_code != CONFLICT:  # another machine's owner was faster
                raise

    def upsert(self, place: Place, points: Sequence[Point]) -> None:
        """Once all of it is there."""
        made = [
            models.PointStruct(id=str(p.id), vector={VECTOR: _vector(p.vector)}, payload=p.payload)
            for p in points
        ]
        self._client.upsert(_name(place), made, wait=True)

    def search(self, place: Place, vector: Vector, within: Filter, limit: int) -> list[Found]:
        """As the server finds it."""
        found = self._client.query_points(
            _name(place),
            query=_vector(vector),
            using=VECTOR,
            query_filter=_filter(within),
            limit=limit,
            with_payload=True,
        )
        return [Found(score=each.score, payload=dict(each.payload or {})) for each in found.points]

    def read(self, place: Place, within: Filter, limit: int) -> list[dict[str, Any]]:
        """In the server's order."""
        found, _ = self._client.scroll(
            _name(place), scroll_filter=_filter(within), limit=limit, with_payload=True
        )
        return [dict(each.payload or {}) for each in found]

    def count(self, place: Place, within: Filter) -> int:
        """Exactly."""
        return self._client.count(_name(place), count_filter=_filter(within), exact=True).count

    def delete(self, place: Place, within: Filter) -> None:
        """Once all of it is gone."""
        chosen = models.FilterSelector(filter=_filter(within))
        self._client.delete(_name(place), points_selector=chosen, wait=True)

    def forget(self, tenant: UUID, assistant: UUID | None) -> int:
        """With their collections."""
        start = _start(tenant, assistant)
        gone = [name for name in self._names() if name.startswith(start)]
        for name in gone:
            self._client.delete_collection(name)
        return len(gone)

    def room(self, tenant: UUID, assistant: UUID) -> Room:  # noqa: ARG002  # the server's own
        """Its disk is its operator's."""
        return Room()

    def close(self) -> None:
        """Let its connections go."""
        self._client.close()

    def _names(self) -> list[str]:
        return [each.name for each in self._client.get_collections().collections]


def connect(url: str, api_key: str | None) -> QdrantClient:
    """A client, which connects when it is asked for something."""
    return QdrantClient(
        url=url,
        api_key=api_key,
        timeout=TIMEOUT_SECONDS,
        check_compatibility=False,
        # Where a path of a proxy's leads to it, or nothing says a port, the URL does.
        port=None,
    )


def _start(tenant: UUID, assistant: UUID | None) -> str:
    return f"awgp-{tenant.hex}-" + ("" if assistant is None else f"{assistant.hex}-")


def _name(place: Place) -> str:
    return _start(place.tenant, place.assistant) + place.collection


def _vector(vector: Vector) -> Any:
    if isinstance(vector, Sparse):
        return models.SparseVector(indices=list(vector.indices), values=list(vector.values))
    return list(vector)


def _filter(within: Filter) -> models.Filter:
    must: list[Any] = [_condition(each) for each in within.conditions]
    if within.ids is not None:
        must.append(models.HasIdCondition(has_id=[str(each) for each in within.ids]))
    return models.Filter(must=must)


def _condition(said: Condition) -> models.FieldCondition:
    if len(said.equals) > 1:
        return models.FieldCondition(key=said.key, match=models.MatchAny(any=_alike(said.equals)))
    if said.equals:
        return models.FieldCondition(key=said.key, match=models.MatchValue(value=said.equals[0]))
    bounds = models.Range(gte=said.gte, gt=said.gt, lte=said.lte, lt=said.lt)
    return models.FieldCondition(key=said.key, range=bounds)


def _alike(values: tuple[str | int | bool, ...]) -> list[str] | list[int]:
    """All texts, or all whole numbers."""
    texts = [each for each in values if isinstance(each, str)]
    return texts or [each for each in values if not isinstance(each, str)]
