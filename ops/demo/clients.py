"""The demo's outside world: webhook senders and people, over real HTTP."""

import base64
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
from standardwebhooks.webhooks import Webhook

from ops.demo.seed import Sender
from pipeline.errors import AwgpError

PATIENCE_SECONDS = 60.0
POLL_SECONDS = 0.05
COME_BACK_SECONDS = 0.5


class DemoFailed(AwgpError):
    """The system did not do what the demo shows; the message says what."""


def send_event(
    ingest: str, sender: Sender, payload: Mapping[str, Any], *, event_id: str | None = None
) -> httpx.Response:
    """Send a signed webhook (Standard Webhooks v1)."""
    event = event_id or f"evt_{uuid4().hex}"
    now = datetime.now(UTC)
    body = json.dumps(payload)
    secret = base64.b64encode(sender.secret).decode()
    headers = {
        "content-type": "application/json",
        "webhook-id": event,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(event, now, body),
    }
    url = f"{ingest}/v1/hooks/{sender.source_id}"
    return _again_where_asked_to(
        lambda: httpx.post(url, content=body, headers=headers, timeout=PATIENCE_SECONDS)
    )


def _again_where_asked_to(send: Callable[[], httpx.Response]) -> httpx.Response:
    """Come back after a 503, as any sender does: an edge says so while its database is silent.

    Args:
        send: May be done twice, as a GET, or what has a key of its own.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        answer = send()
        away = answer.status_code == httpx.codes.SERVICE_UNAVAILABLE
        if not away or time.monotonic() > deadline:
            return answer
        time.sleep(COME_BACK_SECONDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Someone signed in."""

    name: str
    ingest: str
    web: str
    token: str

    def get(self, url: str) -> httpx.Response:
        return _again_where_asked_to(
            lambda: httpx.get(url, headers=self._headers(), timeout=PATIENCE_SECONDS)
        )

    def post(self, url: str, body: Mapping[str, Any]) -> httpx.Response:
        headers = self._headers() | {"idempotency-key": uuid4().hex}

        def send() -> httpx.Response:
            return httpx.post(url, json=body, headers=headers, timeout=PATIENCE_SECONDS)

        # The edge makes one run of one key; the control plane knows no keys.
        return _again_where_asked_to(send) if url.startswith(self.ingest) else send()

    def _headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}

    def run(self, run_id: str) -> dict[str, Any]:
        """How a run fares."""
        return expect(self.get(f"{self.ingest}/v1/runs/{run_id}"), 200)

    def open_approval(self, run_id: str) -> dict[str, Any]:
        """The open question about a run, with everything its digest covers."""
        listed = expect(self.get(f"{self.web}/v1/approvals?status=open"), 200)
        for row in listed["items"]:
            if row["run_id"] == run_id:
                return expect(self.get(f"{self.web}/v1/approvals/{row['id']}"), 200)
        raise DemoFailed(f"run {run_id} has no open approval")

    def vote(self, approval: Mapping[str, Any], verdict: str, reason: str) -> httpx.Response:
        body = {"verdict": verdict, "digest": approval["digest"], "reason": reason}
        return self.post(f"{self.web}/v1/approvals/{approval['id']}/votes", body)

    def wait(
        self, run_id: str, done: Callable[[dict[str, Any]], bool], told: Callable[[str], None]
    ) -> dict[str, Any]:
        """Follow a run until `done`, telling each new status."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        last = ""
        while time.monotonic() < deadline:
            view = self.run(run_id)
            if view["status"] != last:
                last = view["status"]
                told(last)
            if done(view):
                return view
            time.sleep(POLL_SECONDS)
        raise DemoFailed(f"run {run_id} stayed {last} for {PATIENCE_SECONDS:.0f} s")


def expect(answer: httpx.Response, status: int) -> dict[str, Any]:
    """Raises: DemoFailed when the answer is another."""
    if answer.status_code != status:
        raise DemoFailed(
            f"{answer.request.method} {answer.request.url.path} answered"
            f" {answer.status_code}, not {status}: {answer.text[:300]}"
        )
    body: dict[str, Any] = answer.json()
    return body
