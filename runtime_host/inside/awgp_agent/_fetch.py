"""`fetch` over the gateway's socket."""

from __future__ import annotations

import binascii
import json as json_module
import socket

from ._errors import BY_NAME, GatewayError, NoGateway

SOCKET = "/run/awgp/gateway.sock"
PIECE_BYTES = 64 * 1024
PROBLEM = "urn:awgp:gateway:"

# Imported by whoever checks types only: an agent pays for each import at its start.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any, NoReturn

    Headers = Mapping[str, str] | Iterable[tuple[str, str]]


class Answer:
    """What came back.

    Attributes:
        url: Where it came from, after redirects.
        status: HTTP's; an error status is an answer, too, and raises nothing.
        headers: Pairs in the order they came, names in small letters.
        body: Bytes, as they were sent.
    """

    def __init__(self, url: str, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.url = url
        self.status = status
        self.headers = headers
        self.body = body

    def __repr__(self) -> str:
        return f"<Answer {self.status} {self.url} {len(self.body)} bytes>"

    @property
    def ok(self) -> bool:
        """Whether the status is 200 to 299."""
        return 200 <= self.status < 300

    def header(self, name: str, default: str = "") -> str:
        """The first header of this name."""
        return next((value for each, value in self.headers if each == name.lower()), default)

    def text(self, encoding: str = "utf-8") -> str:
        """The body as text."""
        return self.body.decode(encoding)

    def json(self) -> Any:
        """The body read as JSON."""
        return json_module.loads(self.body)


def fetch(
    url: str,
    *,
    method: str = "GET",
    headers: Headers = (),
    body: bytes | str = b"",
    json: Any = None,
    redirects: bool = True,
) -> Answer:
    """Ask a server on the network, through the gateway.

    Args:
        body: What is sent; a text as UTF-8.
        json: Sent as JSON in place of `body`, with its content type.
        redirects: Follow those of GET and HEAD, each where it may go.

    Raises:
        GatewayError: It was refused, or nothing whole came back. Its kinds say which.
    """
    pairs = list(headers.items() if isinstance(headers, dict) else headers)
    if json is not None:
        body = json_module.dumps(json)
        pairs.append(("Content-Type", "application/json"))
    if isinstance(body, str):
        body = body.encode()
    asked = {
        "method": method,
        "url": url,
        "headers": [list(each) for each in pairs],
        "body": binascii.b2a_base64(body, newline=False).decode("ascii"),
        "redirects": redirects,
    }
    return _answer(_call("POST", "/v1/fetch", json_module.dumps(asked).encode()))


def chat(messages: list[dict[str, Any]], *, model: str, **options: Any) -> Answer:
    """Ask the model the tenant has for this assistant; `answer.json()` is a chat completion.

    Args:
        options: What else an OpenAI-compatible endpoint takes; no stream, and one answer.

    Raises:
        GatewayError: No model is granted, its tokens are used up, or as `fetch`.
    """
    asked = {"model": model, "messages": messages, **options}
    return _answer(_call("POST", "/v1/llm/chat/completions", json_module.dumps(asked).encode()))


def embeddings(texts: list[str], *, model: str, **options: Any) -> Answer:
    """Have texts embedded; `answer.json()` is an OpenAI-compatible list. Raises as `chat`."""
    asked = {"model": model, "input": texts, **options}
    return _answer(_call("POST", "/v1/llm/embeddings", json_module.dumps(asked).encode()))


def _answer(told: dict[str, Any]) -> Answer:
    found = [(name, value) for name, value in told["headers"]]
    return Answer(told["url"], told["status"], found, binascii.a2b_base64(told["body"]))


def scope() -> dict[str, Any]:
    """What was granted, and what of it is left: `fetch`, `budget`, `left`.

    Raises:
        NoGateway: Nothing was.
    """
    return _call("GET", "/v1/scope", b"")


def _call(method: str, path: str, body: bytes) -> dict[str, Any]:
    """One request, one connection; by hand, because http.client takes long to import."""
    head = f"{method} {path} HTTP/1.1\r\nHost: gateway\r\nContent-Length: {len(body)}\r\n\r\n"
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.connect(SOCKET)
            connection.sendall(head.encode() + body)
            said = bytearray()
            while piece := connection.recv(PIECE_BYTES):
                said += piece
    except OSError as exc:
        raise NoGateway(
            "this sandbox has no way out: nothing was granted, or its gateway is gone"
        ) from exc
    start, separator, content = bytes(said).partition(b"\r\n\r\n")
    if not separator:
        raise NoGateway("the gateway went away")
    told: dict[str, Any] = json_module.loads(content)
    if int(start.split(b" ", 2)[1]) != 200:
        _raise(told)
    return told


def _raise(problem: dict[str, Any]) -> NoReturn:
    name = str(problem.get("type", ""))[len(PROBLEM) :]
    kind = BY_NAME.get(name, GatewayError)
    raise kind(str(problem.get("detail", name)), name)
