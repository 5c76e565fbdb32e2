"""`memory`: what an assistant keeps from run to run, asked of its owner over what the host lent.

Neither says here whose it is. Texts become vectors in this process, which is the sandbox's own: by
their words, or by the tenant's model. One request at a time.
"""

import hashlib
import json
import socket
import threading
from contextlib import nullcontext
from typing import Any, Final

from pipeline.errors import AwgpError
from pipeline.gateway_call import GatewayCall, Refused, request_digest
from pipeline.memory_scope import Memory
from pipeline.strict_json import canonical, parse_object
from runtime_host.gateway.ledger import Ledger
from runtime_host.gateway.models import EMBEDDINGS, Models
from runtime_host.gateway.refusal import CallRefused
from runtime_host.memory.lexical import entry_vector, query_vector
from runtime_host.memory.requests import (
    MAX_ASKED_BYTES,
    MAX_DEPTH,
    MAX_TEXT_CHARACTERS,
    OPERATIONS,
    SEARCH,
    UPSERT,
    malformed,
    read,
)
from runtime_host.wire import Decoder, WireBroken, encode, receive

MEMORY_PATHS: Final = {f"/v1/memory/{name}": name for name in OPERATIONS}
DESTINATION: Final = "memory:"
MAX_ANSWER_BYTES: Final = 16 * 1024 * 1024
# Of an id nobody said: the same text is the same entry.
ID_DIGITS: Final = 32
# Of all texts of a request that become vectors by their words, which takes 26 times as much.
MAX_WORDED_CHARACTERS: Final = 1024 * 1024
LARGE_BYTES: Final = 256 * 1024


class Remembering:
    """Asks for one execution.

    Args:
        connection: To the owner, at whose other end the host said whose memory it is.
        models: Makes vectors where the memory names a model.
        seconds: For an answer.
    """

    def __init__(
        self,
        memory: Memory,
        ledger: Ledger,
        connection: socket.socket,
        models: Models | None,
        seconds: float,
    ) -> None:
        self._memory = memory
        self._ledger = ledger
        self._connection = connection
        self._models = models
        self._decoder = Decoder(MAX_ANSWER_BYTES)
        self._number = 0
        self._lock = threading.Lock()
        # A gateway has room for one of the large at a time.
        self._large = threading.Lock()
        connection.settimeout(seconds)

    def ask(self, operation: str, unverified: bytes) -> dict[str, Any]:
        """Carry a request out.

        Raises:
            CallRefused: It is none, the memory is full or away, or a budget is used up.
        """
        with self._large if len(unverified) > LARGE_BYTES else nullcontext():
            return self._answer(operation, unverified)

    def _answer(self, operation: str, unverified: bytes) -> dict[str, Any]:
        try:
            values = parse_object(unverified, max_depth=MAX_DEPTH)
        except AwgpError as error:
            raise malformed("the body is no sound JSON object") from error
        values = self._with_vectors(operation, values)
        read(operation, values)
        url = f"{DESTINATION}{operation}"
        digest = request_digest("POST", url, (), unverified)
        call = self._ledger.begin("POST", DESTINATION, digest, len(unverified))
        try:
            answer = self._asked(operation, canonical(values))
        except Exception as error:
            why = error.why if isinstance(error, CallRefused) else Refused.FAILED
            self._ledger.failed(call, why)
            raise
        return self._taken(call, answer)

    def _taken(self, call: GatewayCall, answer: bytes) -> dict[str, Any]:
        room = self._ledger.room()
        try:
            self._ledger.take(len(answer))
            if len(answer) > room:
                raise CallRefused(Refused.ANSWER_TOO_LARGE, f"the answer is over {room} bytes")
        except CallRefused as error:
            self._ledger.failed(call, error.why, bytes_in=len(answer))
            raise
        self._ledger.answered(call, 200, answer)
        found: dict[str, Any] = json.loads(answer)
        return found

    def _asked(self, operation: str, body: bytes) -> bytes:
        if len(body) > MAX_ASKED_BYTES:
            raise _too_much()
        with self._lock:
            self._number += 1
            try:
                self._connection.sendall(encode({"type": operation, "number": self._number}, body))
                frame = receive(self._connection, self._decoder)
                if frame.body.get("number") != self._number:
                    raise WireBroken("that answers something else")
            except TimeoutError as error:
                # Half of it may be sent, so nothing that followed would be understood.
                self._connection.close()
                raise CallRefused(Refused.TIMED_OUT, "the memory took too long") from error
            except (WireBroken, OSError) as error:
                raise CallRefused(Refused.UNREACHABLE, "the memory is away") from error
        if frame.type == "answer":
            return frame.blob
        raise CallRefused(Refused(frame.body["why"]), str(frame.body["detail"]))

    # What is malformed is passed on as it is: `read` says what is wrong with it.

    def _with_vectors(self, operation: str, values: dict[str, Any]) -> dict[str, Any]:
        if operation == SEARCH and "vector" not in values and _is_text(values.get("text")):
            text = values.pop("text")
            if self._memory.model:
                return values | {"vector": self._embedded([text])[0]}
            return values | {"vector": query_vector(text)}
        entries = values.get("entries")
        if operation != UPSERT or not isinstance(entries, list):
            return values
        plain = [each for each in entries if _lacks_vector(each)]
        texts = [each["text"] for each in plain]
        if plain and self._memory.model:
            vectors: list[Any] = self._embedded(texts)
        else:
            if sum(map(len, texts)) > MAX_WORDED_CHARACTERS:
                raise _too_much()
            vectors = list(map(entry_vector, texts))
        for entry, vector in zip(plain, vectors, strict=True):
            entry["vector"] = vector
            entry.setdefault("id", hashlib.sha256(entry["text"].encode()).hexdigest()[:ID_DIGITS])
        return values

    def _embedded(self, texts: list[str]) -> list[Any]:
        if self._models is None:
            raise CallRefused(
                Refused.NOT_ALLOWED,
                f"this memory is searched with {self._memory.model}: ask for [llm] tokens, too",
            )
        asked = canonical({"model": self._memory.model, "input": texts})
        answer = self._models.ask(EMBEDDINGS, asked)
        try:
            if answer.status != 200:
                raise ValueError(answer.status)
            data = sorted(json.loads(answer.body)["data"], key=lambda each: each["index"])
            vectors = [each["embedding"] for each in data]
            if len(vectors) != len(texts):
                raise ValueError(len(vectors))
        except (ValueError, LookupError, TypeError, RecursionError) as error:
            raise CallRefused(
                Refused.ANSWER_BROKEN, f"{self._memory.model} answered with no vectors"
            ) from error
        return vectors


def _too_much() -> CallRefused:
    return CallRefused(Refused.TOO_LARGE, "that is too much at once: send fewer entries")


def _is_text(value: object) -> bool:
    return isinstance(value, str) and len(value) <= MAX_TEXT_CHARACTERS


def _lacks_vector(entry: object) -> bool:
    return isinstance(entry, dict) and "vector" not in entry and _is_text(entry.get("text"))
