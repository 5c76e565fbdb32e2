"""Texts as sparse vectors of their words, found by the words they share: no model, no download.

A word is a dimension, by its hash. In a text it weighs by how often it is there, which counts the
less the longer the text is (BM25's part of the text); how rare it is among the others is the
engine's to count (its modifier `idf`). The same text is the same vector on every machine.
"""

import hashlib
import re
import unicodedata
from collections import Counter
from typing import Any, Final

# Of BM25, as Qdrant has them by default.
K: Final = 1.2
B: Final = 0.75
AVERAGE_WORDS: Final = 256
MAX_WORD_CHARACTERS: Final = 64
_WORD = re.compile(r"\w+")


def entry_vector(text: str) -> dict[str, Any]:
    """Of a text that is kept."""
    counts = Counter(_indices(text))
    norm = K * (1 - B + B * sum(counts.values()) / AVERAGE_WORDS)
    weights = {index: n * (K + 1) / (n + norm) for index, n in counts.items()}
    return {"indices": list(weights), "values": list(weights.values())}


def query_vector(text: str) -> dict[str, Any]:
    """Of a text that is looked for: each of its words once."""
    indices = list(dict.fromkeys(_indices(text)))
    return {"indices": indices, "values": [1.0] * len(indices)}


def _indices(text: str) -> list[int]:
    words = _WORD.findall(unicodedata.normalize("NFKC", text).casefold())
    return [_index(word[:MAX_WORD_CHARACTERS]) for word in words]


def _index(word: str) -> int:
    return int.from_bytes(hashlib.blake2b(word.encode(), digest_size=4).digest())
