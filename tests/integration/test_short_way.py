"""The short way in says what the app says, and leaves to the app whatever it would not say."""

from collections.abc import Iterable
from io import BytesIO
from typing import Any

import pytest
from flask import request
from prometheus_client import REGISTRY
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder, TestResponse, run_wsgi_app

from ingest.short_way import RULE
from ops.observed_app import count_requests
from tests.integration.conftest import Database
from tests.integration.door import Door, nothing_left_behind, problem, signed
from tests.integration.world import World

pytestmark = pytest.mark.services

EVENT = b'{"amount_cents": 1234}'
OF_UNKNOWN_LENGTH: dict[str, Any] = {
    "HTTP_TRANSFER_ENCODING": "chunked",
    "CONTENT_LENGTH": "",
}


@pytest.fixture
def asked() -> list[str]:
    """The paths of what the short way left to the app."""
    return []


@pytest.fixture
def door(database: Database, world: World, asked: list[str]) -> Door:
    """The edge, which is counted and remembers the source."""
    door = Door(database.engine("awgp_ingest"), database.admin)
    count_requests(door.client.application, "short-way")

    @door.client.application.before_request
    def note() -> None:
        asked.append(request.path)

    assert send(door, world, "warm").status_code == 202
    asked.clear()
    return door


def send(door: Door, world: World, event: str, body: bytes = EVENT, **environ: Any) -> TestResponse:
    builder = EnvironBuilder(
        path=f"/v1/hooks/{world.acme.source_id}",
        method="POST",
        data=body,
        headers=Headers(signed(body, event=event)),
        environ_overrides={"wsgi.input_terminated": True} | environ,
    )
    return door.client.open(builder)


def test_both_ways_answer_alike(door: Door, world: World, asked: list[str]) -> None:
    short = send(door, world, "one")
    assert asked == []
    # Of unknown length: the app reads it.
    long = send(door, world, "one", **OF_UNKNOWN_LENGTH)
    assert len(asked) == 1
    assert (short.status_code, short.data) == (long.status_code, long.data) == (202, short.data)
    told = [dict(each.headers) for each in (short, long)]
    for each in told:
        assert each.pop("RateLimit")  # counted twice
    assert told[0] == told[1]
    run = short.get_json()["run"]
    assert door.stored_payload(run) == EVENT
    assert len(door.audit_of(run)) == 1
    assert short.headers["Location"] == f"/v1/runs/{run}"


def test_the_app_has_the_say_on_everything_else(door: Door, world: World) -> None:
    with nothing_left_behind(door):
        cut_short = send(door, world, "two", CONTENT_LENGTH=str(len(EVENT) + 5))
        assert problem(cut_short) == (400, "body-cut-short")
        encoded = send(door, world, "two", HTTP_CONTENT_ENCODING="gzip")
        assert problem(encoded) == (415, "media-type-unsupported")
        assert problem(send(door, world, "two", b"x" * 4097)) == (413, "body-too-large")
        assert problem(send(door, world, "two", b"[")) == (400, "json-invalid")
        assert problem(send(door, world, "two", REQUEST_METHOD="PUT")) == (
            405,
            "method-not-allowed",
        )
        assert problem(send(door, world, "warm", b"{}")) == (422, "idempotency-key-reused")
        assert problem(send(door, world, "two", HTTP_WEBHOOK_SIGNATURE="v1,eA==")) == (
            401,
            "signature-invalid",
        )
    assert send(door, world, "two", SCRIPT_NAME="/edge").headers["Location"].startswith("/edge/v1/")


def test_a_body_that_breaks_off_is_the_senders_to_mend(door: Door, world: World) -> None:
    class Reset(BytesIO):
        def read(self, *_: Any) -> bytes:
            raise ConnectionResetError

    builder = EnvironBuilder(
        path=f"/v1/hooks/{world.acme.source_id}",
        method="POST",
        data=EVENT,
        headers=Headers(signed(EVENT, event="three")),
    )
    environ = builder.get_environ() | {"wsgi.input": Reset()}
    answer: tuple[Iterable[bytes], str, Any] = run_wsgi_app(door.client.application, environ)
    assert answer[1].startswith("400")


def test_both_ways_are_counted_once(door: Door, world: World) -> None:
    def counted(status: str) -> float:
        labels = {"service": "short-way", "method": "POST", "route": RULE, "status": status}
        return REGISTRY.get_sample_value("awgp_http_requests_total", labels) or 0.0

    before = (counted("202"), counted("400"))
    send(door, world, "four")
    send(door, world, "four", **OF_UNKNOWN_LENGTH)
    send(door, world, "four", b"[")
    assert (counted("202"), counted("400")) == (before[0] + 2, before[1] + 1)
