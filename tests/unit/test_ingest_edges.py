"""Small parts of the edge: the fast path's circuit, the gate, named proxies, trace context."""

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st

from ingest.gate import ASKING_SECONDS as FIRST_ASKING_SECONDS
from ingest.gate import SILENCE_SECONDS, DatabaseAway, Gate, Visit
from ingest.named_proxies import NamedProxies, read_networks
from ingest.sources import REMEMBERED_SECONDS, RememberedSources, Source
from ingest.traceparent import traceparent_of
from pipeline.fast_path import PAUSE_SECONDS, BrokerPaused, FastPathBroker, make_fast_path
from pipeline.handoff import message
from pipeline.respite import ASKING_SECONDS, Respite
from pipeline.run import Stage
from pipeline.schemes.standard_webhooks import StandardWebhooks
from pipeline.settings import SettingInvalid, Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

TENANT = UUID(int=1)


class Client:
    """A Redis that is up or down, and counts what it is asked."""

    def __init__(self) -> None:
        self.is_up = False
        self.asked = 0
        self.sent: list[bytes] = []

    def register_script(self, _script: str) -> Any:
        def run(args: Iterable[Any] = (), keys: Iterable[Any] = ()) -> Any:
            self.asked += 1
            if not self.is_up:
                raise redis.ConnectionError("refused")
            self.sent += [each for each in args if isinstance(each, bytes)]
            return 1000

        return run


def test_a_dead_broker_is_waited_for_once_and_tried_again_later() -> None:
    client, elapsed = Client(), [0.0]
    respite = Respite(PAUSE_SECONDS, monotonic=lambda: elapsed[0])
    broker = FastPathBroker(client, respite=respite)  # type: ignore[arg-type]
    due = message(Stage.POLICY, TENANT, UUID(int=2), "tp")

    with pytest.raises(redis.ConnectionError):
        broker.enqueue(due)
    asked = client.asked
    for _ in range(10):
        with pytest.raises(BrokerPaused):
            broker.enqueue(due)
    assert client.asked == asked

    # One asks for all, and until it knows nobody else does.
    elapsed[0] = PAUSE_SECONDS
    assert respite.may_try()
    with pytest.raises(BrokerPaused):
        broker.enqueue(due)
    client.is_up = True
    elapsed[0] += ASKING_SECONDS
    broker.enqueue(due)
    sent = json.loads(client.sent[-1])
    assert (sent["queue_name"], sent["actor_name"]) == ("policy", "policy")
    assert sent["args"] == [str(TENANT), str(UUID(int=2))]


def test_the_fast_path_needs_an_address() -> None:
    with pytest.raises(SettingInvalid, match="AWGP_REDIS_URL"):
        make_fast_path(Settings())


def told_nothing(gate: Gate) -> Visit:
    """A request that the database does not answer."""
    visit = gate.let_in({})
    visit.patience.gave_up = True
    gate.let_out(visit)
    return visit


def test_who_asks_a_silent_database_in_vain_lets_the_next_wait_longer() -> None:
    gate = Gate()
    assert not told_nothing(gate).asks
    asked = [told_nothing(gate) for _ in range(4)]
    assert all(each.asks for each in asked)
    waits = [each.patience.seconds for each in asked]
    assert waits == [FIRST_ASKING_SECONDS, 2 * FIRST_ASKING_SECONDS, *[SILENCE_SECONDS] * 2]

    heard = gate.let_in({})
    with pytest.raises(DatabaseAway):  # somebody asks
        gate.let_in({})
    heard.patience.answered = True
    gate.let_out(heard)
    assert not told_nothing(gate).asks
    assert told_nothing(gate).patience.seconds == FIRST_ASKING_SECONDS


def seen_from(address: str, networks: str) -> dict[str, Any]:
    """What an app sees of a request with every forwarded header, from this address."""
    seen: dict[str, Any] = {}

    def app(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        seen.update(environ)
        return []

    environ: dict[str, Any] = {
        "REMOTE_ADDR": address,
        "HTTP_HOST": "edge.internal",
        "SERVER_NAME": "edge",
        "SERVER_PORT": "80",
        "wsgi.url_scheme": "http",
        "HTTP_X_FORWARDED_FOR": "203.0.113.9",
        "HTTP_X_FORWARDED_PROTO": "https",
        "HTTP_X_FORWARDED_TLS_CLIENT_CERT": "pem",
        "HTTP_FORWARDED": "for=203.0.113.9",
        "HTTP_AUTHORIZATION": "kept",
    }
    list(NamedProxies(app, read_networks(networks))(environ, lambda *_: lambda _b: None))
    return seen


@pytest.mark.parametrize("address", ["10.0.0.7", "192.168.1.1", "fd00::1"])
def test_a_named_proxy_is_believed(address: str) -> None:
    seen = seen_from(address, "10.0.0.7, 192.168.0.0/16, fd00::/8")
    assert seen["REMOTE_ADDR"] == "203.0.113.9"
    assert seen["wsgi.url_scheme"] == "https"
    assert seen["HTTP_X_FORWARDED_TLS_CLIENT_CERT"] == "pem"


@pytest.mark.parametrize("networks", ["", "10.0.0.8"])
@pytest.mark.parametrize("address", ["10.0.0.7", "", "unix:"])
def test_what_anyone_else_says_of_themselves_is_stripped(address: str, networks: str) -> None:
    seen = seen_from(address, networks)
    assert seen["REMOTE_ADDR"] == address
    assert seen["wsgi.url_scheme"] == "http"
    assert not [name for name in seen if "FORWARDED" in name]
    assert seen["HTTP_AUTHORIZATION"] == "kept"


def test_a_proxy_that_is_no_address_is_named() -> None:
    with pytest.raises(SettingInvalid, match="AWGP_TRUSTED_PROXIES"):
        read_networks("10.0.0.1, traefik")


def test_a_valid_trace_goes_on() -> None:
    header = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    assert traceparent_of(header) == header


@given(header=st.none() | st.text() | st.from_regex(r"00-[0-9a-f]{32}-0{16}-01", fullmatch=True))
def test_anything_else_begins_a_new_one(header: str | None) -> None:
    made = traceparent_of(header)
    assert made != header
    assert traceparent_of(made) == made


def test_opened_secrets_are_forgotten_in_time_also_of_a_source_nobody_asks_for() -> None:
    now = [0.0]
    remembered = RememberedSources(monotonic=lambda: now[0])

    def source(number: int) -> Source:
        return Source(
            source_id=UUID(int=number),
            assistant_id=UUID(int=0),
            scheme_name="standard-webhooks",
            scheme=StandardWebhooks(),
            scheme_version=1,
            unsigned=False,
            active=True,
            secret_ids=(UUID(int=number),),
            secrets=(b"opened",),
        )

    for number in (1, 2, 1):  # the first is read again, and lives on
        remembered.put(source(number))
        now[0] += REMEMBERED_SECONDS / 2
    assert remembered.get(UUID(int=3)) is None
    assert list(remembered._found) == [UUID(int=1)]
    assert remembered.get(UUID(int=1)) == source(1)
    now[0] += REMEMBERED_SECONDS
    assert remembered.get(UUID(int=3)) is None
    assert not remembered._found
