"""`llm`: carry a request to the one endpoint a tenant named, within a budget of tokens.

One at a time, so that what is left is known before the next leaves. How many tokens a request has
is the endpoint's to say, so the last may go over by what it was asked; the answer's are capped.
"""

import json
import threading
from typing import Any, Final

from pipeline.errors import AwgpError
from pipeline.gateway_call import Refused
from pipeline.llm_scope import Llm
from pipeline.strict_json import parse_object
from runtime_host.gateway.fetching import Fetch, Fetched, Fetcher
from runtime_host.gateway.refusal import CallRefused

MAX_DEPTH: Final = 32
CHAT: Final = "chat/completions"
EMBEDDINGS: Final = "embeddings"
PATHS: Final = {f"/v1/llm/{name}": name for name in (CHAT, EMBEDDINGS)}
CAPS: Final = ("max_completion_tokens", "max_tokens")
# It was asked, and what it used is not known: all it might have is taken as used.
UNTOLD: Final = frozenset(
    {Refused.ANSWER_TOO_LARGE, Refused.ANSWER_BROKEN, Refused.TIMED_OUT, Refused.BUDGET_SPENT}
)
HEADERS: Final = (("Content-Type", "application/json"), ("Accept", "application/json"))


class Models:
    """Asks for one execution."""

    def __init__(self, llm: Llm, fetcher: Fetcher) -> None:
        self._llm = llm
        self._fetcher = fetcher
        self._used = 0
        self._lock = threading.Lock()

    def left(self) -> int:
        """Tokens that may still be used."""
        return max(0, self._llm.tokens - self._used)

    def ask(self, name: str, unverified: bytes) -> Fetched:
        """Ask for a completion or embeddings.

        Raises:
            CallRefused: The tokens are used up, the model is not among the granted, or as `fetch`.
        """
        values = self._read(unverified)
        with self._lock:
            if not self.left():
                detail = f"the execution's budget: its {self._llm.tokens} tokens are used up"
                raise CallRefused(Refused.BUDGET_SPENT, detail)
            if name == CHAT:
                values = _capped(values, self.left())
            body = json.dumps(values, ensure_ascii=False).encode()
            asked = Fetch(
                method="POST", url=self._llm.grant.reach.url + name, headers=HEADERS, body=body
            )
            try:
                return self._fetcher.carry(asked, self._llm.grant, count=self._count)
            except CallRefused as error:
                if error.why in UNTOLD:
                    self._used += len(body) + _most(values)
                raise

    def _read(self, unverified: bytes) -> dict[str, Any]:
        try:
            values = parse_object(unverified, max_depth=MAX_DEPTH)
        except AwgpError as error:
            raise CallRefused(Refused.MALFORMED, "the body is no sound JSON object") from error
        if values.get("model") not in self._llm.models:
            models = ", ".join(self._llm.models)
            raise CallRefused(Refused.NOT_ALLOWED, f"the model is one of {models}")
        if values.get("stream") or values.get("n", 1) != 1:
            raise CallRefused(Refused.MALFORMED, "one answer, whole: no stream, and n is 1")
        return values

    def _count(self, asked: Fetch, fetched: Fetched) -> int:
        """Tokens a call took; an endpoint that does not say is taken to have used one a byte."""
        if fetched.status >= 400:  # HTTP's errors
            return 0
        tokens = _usage(fetched.body)
        if tokens is None:
            tokens = len(asked.body) + len(fetched.body)
        self._used += tokens
        return tokens


def _capped(values: dict[str, Any], left: int) -> dict[str, Any]:
    """With no more tokens asked for than there are left."""
    said = [name for name in CAPS if name in values] or ["max_tokens"]
    return values | {name: _smaller(values.get(name), left) for name in said}


def _most(values: dict[str, Any]) -> int:
    """Tokens an answer may have had at most, as far as it was said."""
    return max((v for v in map(values.get, CAPS) if type(v) is int and v > 0), default=0)


def _smaller(value: object, left: int) -> int:
    return min(value, left) if type(value) is int and value > 0 else left


def _usage(body: bytes) -> int | None:
    try:
        usage = json.loads(body)["usage"]["total_tokens"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    return usage if type(usage) is int and usage >= 0 else None
