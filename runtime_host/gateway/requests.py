"""What an agent can ask of its gateway, read strictly: fetch, a model, a memory, its scope."""

import base64
import binascii
import re
import socket
from collections.abc import Callable
from typing import Any, Final

from pipeline.errors import AwgpError
from pipeline.gateway_call import Refused
from pipeline.gateway_scope import Scope
from pipeline.reach import METHODS
from pipeline.sent_headers import is_reserved
from pipeline.strict_json import parse_object
from runtime_host.gateway.door import Knock
from runtime_host.gateway.fetching import Fetch, Fetched, Fetcher
from runtime_host.gateway.ledger import Ledger
from runtime_host.gateway.models import PATHS, Models
from runtime_host.gateway.refusal import CallRefused
from runtime_host.gateway.remembering import MEMORY_PATHS, Remembering

FETCH: Final = "/v1/fetch"
MAX_DEPTH: Final = 4
POSTED: Final = (FETCH, *PATHS, *MEMORY_PATHS)
THERE: Final = ", ".join(("GET /v1/scope", *(f"POST {path}" for path in POSTED)))
MAX_HEADERS: Final = 64
MAX_VALUE_CHARACTERS: Final = 8 * 1024
_FIELDS: Final = frozenset({"method", "url", "headers", "body", "redirects"})
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}")
_VALUE = re.compile(r"(?:[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?)?")


def handler(
    scope: Scope, ledger: Ledger, fetcher: Fetcher, memory: socket.socket | None = None
) -> Callable[[Knock], Any]:
    """Answer the requests of one execution.

    Args:
        memory: Its way to what its assistant remembers.
    """
    models = None if scope.llm is None else Models(scope.llm, fetcher)
    remembers = None
    if scope.memory is not None and memory is not None:
        seconds = scope.budget.call_seconds
        remembers = Remembering(scope.memory, ledger, memory, models, seconds)

    def handle(knock: Knock) -> Any:
        if (knock.method, knock.path) == ("GET", "/v1/scope"):
            tokens = {} if models is None else {"tokens": models.left()}
            return {**scope.as_json(), "left": ledger.left() | tokens}
        if knock.method == "POST" and knock.path in PATHS:
            if models is None:
                raise CallRefused(Refused.NOT_ALLOWED, "no model is granted to this assistant")
            return _shown(models.ask(PATHS[knock.path], knock.body))
        if knock.method == "POST" and knock.path in MEMORY_PATHS:
            if remembers is None:
                raise CallRefused(Refused.NOT_ALLOWED, "no memory is granted to this assistant")
            return remembers.ask(MEMORY_PATHS[knock.path], knock.body)
        if (knock.method, knock.path) == ("POST", FETCH):
            return _shown(fetcher.fetch(read_fetch(knock.body)))
        raise CallRefused(Refused.NOT_FOUND, f"there are {THERE}")

    return handle


def read_fetch(unverified: bytes) -> Fetch:
    """Read the body of a `POST /v1/fetch`.

    Raises:
        CallRefused: It is none; names the field.
    """
    try:
        values = parse_object(unverified, max_depth=MAX_DEPTH)
    except AwgpError as error:
        raise _malformed("the body is no sound JSON object") from error
    if not set(values) <= _FIELDS:
        raise _malformed(f"the body is an object of {', '.join(sorted(_FIELDS))}")
    method, url = values.get("method", "GET"), values.get("url")
    follow = values.get("redirects", True)
    if not isinstance(method, str) or method not in METHODS or not isinstance(url, str):
        raise _malformed(f"method is one of {', '.join(sorted(METHODS))}, url a text")
    if not isinstance(follow, bool):
        raise _malformed("redirects is true or false")
    body = _body(values.get("body", ""))
    if body and method in {"GET", "HEAD"}:
        raise _malformed(f"a {method} has no body")
    headers = _headers(values.get("headers", []))
    return Fetch(method=method, url=url, headers=headers, body=body, follow=follow)


def _headers(values: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(values, list) or len(values) > MAX_HEADERS:
        raise _malformed(f"headers is a list of at most {MAX_HEADERS} pairs")
    return tuple(_header(each) for each in values)


def _header(pair: object) -> tuple[str, str]:
    if not isinstance(pair, list) or len(pair) != 2 or not all(isinstance(p, str) for p in pair):
        raise _malformed("a header is a pair of texts")
    name, value = pair
    if not _TOKEN.fullmatch(name) or is_reserved(name):
        raise _malformed(f"the header {name[:80]!a} is not the agent's to set")
    if len(value) > MAX_VALUE_CHARACTERS or not _VALUE.fullmatch(value):
        raise _malformed(f"the value of the header {name} is not one")
    return name, value


def _body(value: object) -> bytes:
    if not isinstance(value, str) or not value.isascii():
        raise _malformed("body is base64")
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error as error:
        raise _malformed("body is base64") from error


def _shown(fetched: Fetched) -> dict[str, Any]:
    return {
        "url": fetched.url,
        "status": fetched.status,
        "headers": [list(each) for each in fetched.headers],
        "body": base64.b64encode(fetched.body).decode("ascii"),
    }


def _malformed(detail: str) -> CallRefused:
    return CallRefused(Refused.MALFORMED, detail)
