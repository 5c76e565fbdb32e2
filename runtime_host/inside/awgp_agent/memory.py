"""What this assistant keeps from run to run, where its bundle asks for it and its tenant allows it.

    from awgp_agent import memory

    memory.upsert([{"id": "4711", "text": "Prefers mail.", "payload": {"city": "Bern"}}])
    for hit in memory.search("mail", filter={"city": "Bern"}, limit=3):
        print(hit.score, hit.id, hit.text, hit.payload)

An entry has a `text`, or a `vector` of yours, or both; an `id`, by default the text's own; and a
`payload`, any JSON object. A collection holds texts found by their words, or vectors of one length.
No other assistant and no other tenant reads or writes any of it.

A filter's fields must all hold: a value, `{"any": [values]}`, or bounds (`gte`, `gt`, `lte`, `lt`).
`"address.city"` is a field within a field. All raise a `GatewayError`.
"""

from __future__ import annotations

import json

from ._fetch import _call

# Imported by whoever checks types only: an agent pays for each import at its start.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

USUAL = "default"


class Hit:
    """What was found.

    Attributes:
        score: The higher, the nearer; comparable within one search.
        payload: What was kept with it.
    """

    def __init__(self, id: str, text: str, payload: dict[str, Any], score: float) -> None:  # noqa: A002  # as it is called
        self.id = id
        self.text = text
        self.payload = payload
        self.score = score

    def __repr__(self) -> str:
        return f"<Hit {self.id} {self.score:.3f}>"


def upsert(entries: Iterable[Mapping[str, Any]], *, collection: str = USUAL) -> int:
    """Keep entries, in place of those of the same ids; 256 at most. How many there were.

    Raises:
        BudgetSpent: The memory is full.
        NotAllowed: No memory is granted, or a vector is none of this collection.
    """
    kept = [dict(each) for each in entries]
    return int(_ask("upsert", collection, entries=kept)["upserted"])


def search(
    text: str | None = None,
    *,
    vector: Sequence[float] | None = None,
    filter: Mapping[str, Any] | None = None,  # noqa: A002  # as it is called
    limit: int = 10,
    collection: str = USUAL,
) -> list[Hit]:
    """Find what is nearest to a text or a vector, the nearest first; 100 at most."""
    asked: dict[str, Any] = {"limit": limit, "filter": dict(filter or {})}
    asked |= {} if text is None else {"text": text}
    asked |= {} if vector is None else {"vector": list(vector)}
    found = _ask("search", collection, **asked)["hits"]
    return [Hit(each["id"], each["text"], each["payload"], each["score"]) for each in found]


def get(ids: Iterable[str], *, collection: str = USUAL) -> dict[str, dict[str, Any]]:
    """Read entries by their ids: `text` and `payload` of those that are there, by id."""
    found = _ask("get", collection, ids=list(ids))["entries"]
    return {each["id"]: {"text": each["text"], "payload": each["payload"]} for each in found}


def delete(
    ids: Iterable[str] | None = None,
    *,
    filter: Mapping[str, Any] | None = None,  # noqa: A002  # as it is called
    collection: str = USUAL,
) -> int:
    """Forget entries by their ids, a filter or both; how many there were."""
    asked: dict[str, Any] = {"filter": dict(filter or {})}
    asked |= {} if ids is None else {"ids": list(ids)}
    return int(_ask("delete", collection, **asked)["deleted"])


def count(*, filter: Mapping[str, Any] | None = None, collection: str = USUAL) -> int:  # noqa: A002  # as it is called
    """How many entries there are."""
    return int(_ask("count", collection, filter=dict(filter or {}))["count"])


def _ask(operation: str, collection: str, **values: Any) -> dict[str, Any]:
    asked = {"collection": collection, **values}
    return _call("POST", f"/v1/memory/{operation}", json.dumps(asked).encode())
