"""The control plane and the edge, as the command line calls them."""

import base64
import binascii
import hashlib
import json
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final
from uuid import UUID

import httpx

from ops.caller import TIMEOUT_SECONDS
from pipeline.action import ACTION_TAG
from pipeline.errors import AwgpError
from pipeline.identity import TENANT_HEADER
from pipeline.live import RESET, RUN, TELEMETRY
from pipeline.run import TERMINAL, Status

PAGE: Final = 100
PIECE_BYTES: Final = 64 * 1024
# Of a stream that should have said at least that it is there.
SILENT_SECONDS: Final = 40.0
AGAIN_SECONDS: Final = 1.0
MOST_FAILS: Final = 5
PROBLEM_PREFIX: Final = "urn:awgp:problem:"
# Of live events, those after which a run's log is read on.
READ_ON: Final = frozenset({"hello", RESET, RUN, TELEMETRY})


class ServerRefused(AwgpError):
    """The server said no; `problem` is its short name for why, `status` the HTTP status."""

    def __init__(self, message: str, *, problem: str, status: int) -> None:
        super().__init__(message)
        self.problem = problem
        self.status = status


class AnswerUntrue(AwgpError):
    """What the server shows is not what its digest covers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlPlane:
    """One person's view, in one tenant where they belong to several."""

    web_url: str
    ingest_url: str
    token: str = field(repr=False)
    tenant: str | None = None

    def me(self) -> dict[str, Any]:
        return self._call("GET", f"{self.web_url}/v1/me")

    def approvals(self, status: str) -> Iterator[dict[str, Any]]:
        """Every approval of a status, newest first, a page at a time."""
        return self._pages("approvals", {"status": status})

    def approval(self, approval_id: UUID) -> dict[str, Any]:
        """One approval, its digest computed again from what it shows.

        Raises:
            AnswerUntrue: They differ.
        """
        shown = self._call("GET", f"{self.web_url}/v1/approvals/{approval_id}")
        check_digest(shown)
        return shown

    def vote(
        self, approval_id: UUID, *, verdict: str, digest: str, reason: str = ""
    ) -> dict[str, Any]:
        body = {"verdict": verdict, "digest": digest, "reason": reason}
        return self._call("POST", f"{self.web_url}/v1/approvals/{approval_id}/votes", body)

    def withdraw(self, approval_id: UUID) -> dict[str, Any]:
        return self._call("POST", f"{self.web_url}/v1/approvals/{approval_id}/withdraw")

    def delegate(
        self, to: UUID, *, groups: Sequence[str], ends_at: str, reason: str
    ) -> dict[str, Any]:
        body = {"to": str(to), "groups": list(groups), "ends_at": ends_at, "reason": reason}
        return self._call("POST", f"{self.web_url}/v1/delegations", body)

    def break_glass(self, approval_id: UUID, *, digest: str, reason: str) -> dict[str, Any]:
        body = {"digest": digest, "reason": reason}
        return self._call("POST", f"{self.web_url}/v1/approvals/{approval_id}/break-glass", body)

    def reviews(self) -> Iterator[dict[str, Any]]:
        """Every open one, newest first, a page at a time."""
        return self._pages("reviews", {"status": "open"})

    def close_review(self, review_id: UUID, *, verdict: str, note: str) -> dict[str, Any]:
        body = {"verdict": verdict, "note": note}
        return self._call("POST", f"{self.web_url}/v1/reviews/{review_id}/close", body)

    def edit(self, approval_id: UUID, *, digest: str, payload: Any) -> dict[str, Any]:
        """Replace a JSON payload; returns the new approval."""
        body = {"digest": digest, "payload": payload}
        return self._call("POST", f"{self.web_url}/v1/approvals/{approval_id}/edit", body)

    def runs(self, status: str | None) -> Iterator[dict[str, Any]]:
        """Every run, newest first, a page at a time."""
        return self._pages("runs", {} if status is None else {"status": status})

    def run(self, run_id: UUID) -> dict[str, Any]:
        return self._call("GET", f"{self.ingest_url}/v1/runs/{run_id}")

    def run_states(self, run_id: UUID) -> Iterator[dict[str, Any]]:
        """Each state of a run from the present one to its end, as they come.

        A stream that is cut is taken up where it was, for as long as the server answers again.

        Raises:
            ServerRefused: As it says.
            httpx.HTTPError: The server is out of reach.
        """
        url, last, fails = f"{self.ingest_url}/v1/runs/{run_id}/events", "", 0
        while True:
            try:
                for event in _events(
                    url, self._headers() | ({"Last-Event-ID": last} if last else {})
                ):
                    last, fails = event.get("id", last), 0
                    state: dict[str, Any] = json.loads(event["data"])
                    yield state
                    if Status(state["status"]) in TERMINAL:
                        return
            except httpx.TransportError:
                fails += 1
                if fails > MOST_FAILS:
                    raise
            time.sleep(AGAIN_SECONDS)

    def run_log(self, run_id: UUID, after: int = -1) -> dict[str, Any]:
        return self._call("GET", f"{self.web_url}/v1/runs/{run_id}/log?after={after}")

    def run_told(self, run_id: UUID) -> Iterator[None]:
        """Once when the server begins to tell, and each time a run's log may have grown or ended.

        Raises:
            ServerRefused: As it says.
            httpx.HTTPError: The server is out of reach, or went away.
        """
        url = f"{self.web_url}/v1/live/events?follow={run_id}"
        for event in _events(url, self._headers()):
            said = json.loads(event["data"])
            # Without an id it is about anything of its kind.
            if said.get("kind") in READ_ON and said.get("run_id") in {None, str(run_id)}:
                yield

    def replay(self, run_id: UUID) -> dict[str, Any]:
        return self._call("POST", f"{self.web_url}/v1/runs/{run_id}/replay")

    def cancel(self, run_id: UUID, *, reason: str = "") -> dict[str, Any]:
        body = {"reason": reason}
        return self._call("POST", f"{self.web_url}/v1/runs/{run_id}/cancel", body)

    def push_bundle(
        self,
        packed: bytes,
        signature: str | None = None,
        *,
        sent: Callable[[int], None] = lambda _: None,
    ) -> dict[str, Any]:
        """Push it in pieces, telling the size of each as it goes."""
        pieces = _Pieces(packed, signature, sent)
        return self._call("POST", f"{self.web_url}/v1/bundles", content=pieces)

    def add_policy(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Add a version; `body` as the API has it: source, context_fields, tests."""
        return self._call("POST", f"{self.web_url}/v1/policies", dict(body))

    def activate_policy(self, version: int) -> dict[str, Any]:
        return self._call("POST", f"{self.web_url}/v1/policies/{version}/activate")

    def _pages(self, what: str, query: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        cursor: dict[str, str] = {}
        while True:
            parameters = httpx.QueryParams({**query, **cursor, "limit": PAGE})
            page = self._call("GET", f"{self.web_url}/v1/{what}?{parameters}")
            yield from page["items"]
            if page["next"] is None:
                return
            cursor = {"cursor": page["next"]}

    def _headers(self) -> dict[str, str]:
        tenant = {} if self.tenant is None else {TENANT_HEADER: self.tenant}
        return {"Authorization": f"Bearer {self.token}", **tenant}

    def _call(
        self, method: str, url: str, body: Any = None, *, content: "_Pieces | None" = None
    ) -> dict[str, Any]:
        headers = self._headers()
        if content is not None:
            headers |= content.headers()
        answer = httpx.request(
            method,
            url,
            headers=headers,
            json=body,
            content=content,
            timeout=TIMEOUT_SECONDS,
            verify=_trusted(),
        )
        if answer.is_success:
            found: dict[str, Any] = answer.json()
            return found
        raise _refusal(answer)


class _Pieces:
    """A packed bundle, sent a piece at a time."""

    def __init__(self, content: bytes, signature: str | None, sent: Callable[[int], None]) -> None:
        self._content = content
        self._signature = signature
        self._sent = sent

    def headers(self) -> dict[str, str]:
        size = str(len(self._content))
        headers = {"Content-Type": "application/gzip", "Content-Length": size}
        if self._signature is not None:
            headers["AWGP-Bundle-Signature"] = base64.b64encode(self._signature.encode()).decode()
        return headers

    def __iter__(self) -> Iterator[bytes]:
        for start in range(0, len(self._content), PIECE_BYTES):
            piece = self._content[start : start + PIECE_BYTES]
            yield piece
            self._sent(len(piece))


@cache
def _trusted() -> ssl.SSLContext:
    """Which servers to trust; reading it takes longer than most calls, so it is read once."""
    return httpx.create_ssl_context()


def _events(url: str, headers: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Server-sent events with data, and perhaps an id, each of a line."""
    with httpx.stream(
        "GET", url, headers=headers, timeout=SILENT_SECONDS, verify=_trusted()
    ) as answer:
        if not answer.is_success:
            answer.read()
            raise _refusal(answer)
        event: dict[str, str] = {}
        for line in answer.iter_lines():
            name, _, value = line.partition(": ")
            if name:
                event[name] = value
            elif "data" in event:
                yield event
                event = {}


def check_digest(approval: Mapping[str, Any]) -> None:
    """Raises: AnswerUntrue."""
    try:
        action = base64.b64decode(approval["action_base64"], validate=True)
        same = json.loads(action) == approval["action"]
    except (binascii.Error, ValueError) as error:
        raise AnswerUntrue("the server shows no action") from error
    if not same or hashlib.sha256(ACTION_TAG + action).hexdigest() != approval["digest"]:
        raise AnswerUntrue("the server shows another action than the digest covers")


def _refusal(answer: httpx.Response) -> ServerRefused:
    try:
        problem = answer.json()
        name = str(problem["type"]).removeprefix(PROBLEM_PREFIX)
        return ServerRefused(
            f"{problem['detail']} ({name})", problem=name, status=answer.status_code
        )
    except (ValueError, KeyError, TypeError):
        return ServerRefused(
            f"{answer.url.host} answered {answer.status_code}",
            problem="unknown",
            status=answer.status_code,
        )
