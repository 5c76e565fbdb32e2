"""What happens, told as it happens: `GET /v1/live` by WebSocket, `GET /v1/live/events` by SSE.

A request is judged like any other; then its connection is taken from the server's thread and given
to one thread that holds them all, so a thousand who watch cost no thread of those who act.
"""

import socket
import time
from dataclasses import dataclass
from typing import Final, cast

from flask import Blueprint, Flask, Response, current_app, g, request
from flask_sock import Sock
from simple_websocket import Server

from pipeline.fast_path import quick_client
from pipeline.outbox import Outbox
from pipeline.settings import Settings
from pipeline.taken_connection import Taken, connection_of, take_over
from web.access import WATCHERS, Doors, current_caller, current_doors, declare
from web.live_client import Client, Subscription
from web.live_door import (
    DOOR_PROBLEMS,
    LiveOff,
    UpgradeNeeded,
    check_origin,
    check_upgrade,
    followed,
    last_id,
    subscribe,
)
from web.live_hub import Hub
from web.live_places import Places
from web.live_reader import BLOCK_MS, Reader
from web.live_speech import EventStreamSpeech, Speech, WebSocketSpeech
from web.live_standing import (
    StandingWatch,
    by_the_clock,
    by_the_door,
    by_the_session,
    by_the_tenant,
)

PROBLEMS: Final = DOOR_PROBLEMS
_KEY: Final = "awgp_live"
WEBSOCKET: Final = "/v1/live"
# How long a browser waits before it asks again, where the connection was lost.
RETRY_MS: Final = 1000
SSE_HEAD: Final = (
    b"HTTP/1.1 200 OK\r\n"
    b"Content-Type: text/event-stream\r\n"
    b"Cache-Control: no-store\r\n"
    b"X-Content-Type-Options: nosniff\r\n"
    b"X-Accel-Buffering: no\r\n"
    b"Connection: close\r\n\r\n"
    b"retry: %d\n\n" % RETRY_MS
)

blueprint = Blueprint("live", __name__)
_sock = Sock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """What tells clients, made once per app; nothing runs before the first client."""

    hub: Hub
    places: Places
    reader: Reader
    standing: StandingWatch

    def join(self, client: Client, last: str | None) -> None:
        self.reader.join(client, last)
        self.standing.begin()

    def stop(self) -> None:
        """Send every client elsewhere; they resume there."""
        self.standing.stop()
        self.hub.stop()
        self.reader.stop()


def install_live(app: Flask, settings: Settings, outbox: Outbox, doors: Doors) -> None:
    """Add the addresses; connects to nothing yet.

    Raises:
        SettingInvalid: AWGP_REDIS_URL is missing.
    """
    app.config["SOCK_SERVER_OPTIONS"] = {"thread_class": NoThread}
    app.register_blueprint(blueprint)
    places = Places(per_person=settings.live_per_person, per_tenant=settings.live_per_tenant)
    hub = Hub(places)
    standing = StandingWatch(
        hub,
        [by_the_clock(), by_the_session(doors.sessions), by_the_tenant(outbox), by_the_door(doors)],
    )
    client = quick_client(settings, answer_seconds=BLOCK_MS / 1000 + 2)
    reader = Reader(client, hub, places, rights_changed=standing.look_now)
    app.extensions[_KEY] = Live(hub=hub, places=places, reader=reader, standing=standing)


def live_of(app: Flask) -> Live:
    return cast("Live", app.extensions[_KEY])


@blueprint.before_request
def admit_upgrade() -> None:
    """Judge an upgrade while it still is a request: what is refused gets an answer saying why."""
    if request.url_rule is not None and request.url_rule.websocket:
        check_upgrade(request)
        _admit()
        # Compressed messages of a few bytes cost a quarter of a megabyte a socket.
        request.environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)


@blueprint.teardown_request
def give_place_back(error: BaseException | None) -> None:
    """Where no client came of it."""
    del error
    if g.pop("live_place", False):
        subscription: Subscription = g.live_subscription
        live_of(current_app).places.leave(subscription.tenant_id, subscription.person)


@declare(WATCHERS)
def by_websocket(ws: Server) -> None:
    """Tell a client by WebSocket"""
    _hand_over(WebSocketSpeech())
    ws.connected = False  # or flask-sock says goodbye


_sock.route(WEBSOCKET, bp=blueprint)(by_websocket)


@blueprint.get(WEBSOCKET)
@declare(WATCHERS)
def without_upgrade() -> Response:
    """Say that this begins with an upgrade"""
    raise UpgradeNeeded(
        "this speaks WebSocket: ask for an upgrade", headers={"Upgrade": "websocket"}
    )


@blueprint.get("/v1/live/events")
@declare(WATCHERS)
def by_events() -> Response:
    """Tell a client by server-sent events"""
    if request.method == "HEAD":
        return Response(content_type="text/event-stream")
    _admit().sendall(SSE_HEAD)
    _hand_over(EventStreamSpeech())
    return Taken()


class NoThread:
    """In place of the thread that simple-websocket gives each socket; the hub does its work."""

    def __init__(self, *, target: object) -> None:
        del target
        self.name = ""

    def start(self) -> None:
        """There is nothing to start."""


def _admit() -> socket.socket:
    """Judge who asks, keep them a place, and show the connection that will be theirs.

    Raises:
        OriginRefused, LiveRequestInvalid, LiveOff, TooManySockets: As they say.
    """
    doors = current_doors()
    check_origin(request, doors.sessions.address.origins)
    connection = connection_of(request.environ)
    if connection is None:
        raise LiveOff("this server does not let go of its connections")
    g.live_last, g.live_follows = last_id(request), followed(request)
    subscription = subscribe(request, current_caller(), doors.verifier)
    live_of(current_app).places.take(subscription.tenant_id, subscription.person)
    g.live_subscription, g.live_place = subscription, True
    return connection


def _hand_over(speech: Speech) -> None:
    connection = connection_of(request.environ)
    if connection is None:
        raise LiveOff("the connection is gone")
    client = Client(take_over(connection), speech, g.live_subscription, now=time.monotonic())
    client.follows = g.live_follows
    g.live_place = False  # it is the hub's now
    live_of(current_app).join(client, g.live_last)
