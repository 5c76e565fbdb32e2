"""How connections are held and clients spoken to, with a clock of the test's own."""

import socket
from collections.abc import Iterator
from contextlib import closing
from uuid import uuid4

import pytest
from wsproto.connection import Connection, ConnectionType
from wsproto.events import CloseConnection, Ping, TextMessage

from pipeline.identity import Identity
from pipeline.live import RUN
from pipeline.taken_connection import take_over
from web.access import Role
from web.live_client import Client, Subscription
from web.live_hub import HEARTBEAT_SECONDS, SILENT_SECONDS, Hub, Told
from web.live_places import Places, TooManySockets
from web.live_speech import MOST_FOLLOWED, Closing, Follow, WebSocketSpeech, read_message

TENANT = uuid4()
BEN = ("https://login.example", "ben")


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Peer:
    """The other end of a held connection."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.protocol = Connection(ConnectionType.CLIENT)

    def said(self, wanted: type) -> object:
        """Read until something of a kind comes."""
        self.connection.settimeout(60)
        while True:
            self.protocol.receive_data(self.connection.recv(4096))
            for event in self.protocol.events():
                if isinstance(event, wanted):
                    return event


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def hub(clock: Clock) -> Iterator[Hub]:
    hub = Hub(Places(per_person=9, per_tenant=9), monotonic=clock)
    yield hub
    hub.stop()


def held(hub: Hub, clock: Clock) -> Iterator[Peer]:
    ours, theirs = socket.socketpair()
    with closing(ours), closing(theirs):
        subscription = Subscription(
            identity=Identity(issuer=BEN[0], subject=BEN[1], kind="human"),
            tenant="acme",
            tenant_id=TENANT,
            roles=frozenset({Role.OPERATOR}),
        )
        hub.add(Client(take_over(ours), WebSocketSpeech(), subscription, now=clock.now), [told(0)])
        yield Peer(theirs)


@pytest.fixture
def peer(hub: Hub, clock: Clock) -> Iterator[Peer]:
    yield from held(hub, clock)


def told(number: int) -> Told:
    return Told(event_id=f"{number}-0", kind=RUN, text=f'{{"number":{number}}}')


def test_what_the_server_does_with_its_socket_afterwards_hits_nothing() -> None:
    servers, clients = socket.socketpair()
    with closing(clients), closing(take_over(servers)) as taken:
        servers.shutdown(socket.SHUT_WR)
        servers.close()
        taken.sendall(b"still there")
        assert clients.recv(100) == b"still there"


def test_who_is_told_all_the_time_is_asked_for_a_sign_of_life_all_the_same(
    hub: Hub, clock: Clock, peer: Peer
) -> None:
    for number in range(4):
        clock.now += HEARTBEAT_SECONDS + 1
        hub.tell(TENANT, [told(number)])
        assert isinstance(peer.said(Ping), Ping)
        peer.connection.sendall(peer.protocol.send(Ping().response()))
    hub.tell(TENANT, [told(99)])
    assert isinstance(peer.said(TextMessage), TextMessage)


def test_who_gives_no_sign_of_life_is_sent_away(hub: Hub, clock: Clock, peer: Peer) -> None:
    peer.said(TextMessage)
    clock.now += SILENT_SECONDS + 1
    hub.tell(TENANT, [told(1)])
    sent_away = peer.said(CloseConnection)
    assert isinstance(sent_away, CloseConnection)
    assert sent_away.code == 4408


def test_who_comes_when_it_has_stopped_is_closed_and_holds_no_place(clock: Clock) -> None:
    places = Places(per_person=9, per_tenant=9)
    hub = Hub(places, monotonic=clock)
    for peer in held(hub, clock):
        peer.said(TextMessage)
    hub.stop()
    places.take(TENANT, BEN)
    for late in held(hub, clock):
        late.connection.settimeout(60)
        assert late.connection.recv(1) == b""
    assert not places.taken(TENANT)


def test_places_are_counted_by_person_and_by_tenant() -> None:
    places = Places(per_person=1, per_tenant=2)
    places.take(TENANT, BEN)
    with pytest.raises(TooManySockets):
        places.take(TENANT, BEN)
    places.take(TENANT, (BEN[0], "ada"))
    with pytest.raises(TooManySockets):
        places.take(TENANT, (BEN[0], "cleo"))
    places.take(uuid4(), (BEN[0], "cleo"))
    places.leave(TENANT, BEN)
    places.take(TENANT, BEN)
    assert places.taken(TENANT)
    places.leave(TENANT, BEN)
    places.leave(TENANT, (BEN[0], "ada"))
    assert not places.taken(TENANT)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "nonsense",
        '{"follow": "all"}',
        '{"follow": ["all"]}',
        '{"follow": [1]}',
        '{"follow": [], "more": 1}',
        "[" * 1000,
    ],
)
def test_what_may_not_be_said_sends_its_client_away(text: str) -> None:
    assert isinstance(read_message(text), Closing)


def test_a_client_follows_so_many_runs() -> None:
    runs = [str(uuid4()) for _ in range(MOST_FOLLOWED)]
    written = ", ".join(f'"{each}"' for each in runs)
    assert read_message(f'{{"follow": [{written}]}}') == Follow(runs=frozenset(runs))
    assert isinstance(read_message(f'{{"follow": [{written}, "{uuid4()}"]}}'), Closing)
    assert read_message('{"follow": []}') == Follow(runs=frozenset())
