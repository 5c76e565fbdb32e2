"""The gateway without a sandbox: what it fetches, what it refuses, how it reads a request."""

import base64
import json
import os
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, unquote

import pytest

from pipeline.gateway_call import UNFINISHED, GatewayCall, GatewayCallInvalid, Refused
from pipeline.gateway_scope import Injection, Scope
from runtime_host.gateway.beside import SOCKET, Gateway, GatewaySettings
from runtime_host.gateway.door import Handle, Knock, answer_one, guarded
from runtime_host.gateway.fetching import IN_PRODUCTION, Desk, Fetch, Fetched, Fetcher
from runtime_host.gateway.ledger import Ledger
from runtime_host.gateway.lookups import Lookups
from runtime_host.gateway.own_machine import is_own
from runtime_host.gateway.refusal import CallRefused
from runtime_host.gateway.requests import handler, read_fetch
from runtime_host.gateway.told import MAX_CALLS, Told, ToldNonsense
from tests.integration.certificates import DAY, make_authority
from tests.integration.gateway_server import MOVED, Server, answering
from tests.integration.own_host import until

BUDGET: Final = {"calls": 20, "bytes": 100_000, "answer_bytes": 10_000, "call_seconds": 5}
INSIDE: Final = ("127.0.0.1",)
METADATA: Final = "169.254.169.254"


class Outside:
    """A server, the names that lead to it, and a gateway's fetching with a resolver of ours."""

    def __init__(self, port: int, asked: list[tuple[str, dict[str, str]]]) -> None:
        self.port = port
        self.asked = asked
        self.calls: list[GatewayCall] = []
        self.resolved: list[str] = []
        self.addresses: dict[str, Iterator[Iterable[str]]] = {}
        self.ledger: Ledger | None = None

    def fetcher(
        self,
        *rules: dict[str, Any],
        credentials: Mapping[str, Injection] | None = None,
        own_machine: bool = True,
        desk: Desk = IN_PRODUCTION,
        tls: ssl.SSLContext | None = None,
        **budget: int,
    ) -> Fetcher:
        scope = Scope.from_json({"fetch": list(rules), "budget": {**BUDGET, **budget}})
        self.ledger = Ledger(scope.budget, self.calls.append)
        return Fetcher(
            scope,
            self.ledger,
            credentials=credentials,
            own_machine=own_machine,
            desk=desk,
            tls=tls,
            resolve=self._resolve,
        )

    def rule(self, host: str = "api.test", path: str = "/v1/", **more: Any) -> dict[str, Any]:
        url = f"http://{host}:{self.port}{path}"
        return {"url": url, "methods": ["GET", "HEAD", "POST"], "private": True} | more

    def url(self, path: str = "/v1/x", host: str = "api.test") -> str:
        return f"http://{host}:{self.port}{path}"

    def _resolve(self, host: str, _port: int, _seconds: float) -> Iterable[str]:
        self.resolved.append(host)
        return next(self.addresses[host]) if host in self.addresses else INSIDE


@pytest.fixture(scope="module")
def server() -> Iterator[int]:
    with answering() as port:
        yield port


@pytest.fixture
def outside(server: int) -> Outside:
    Server.asked.clear()
    return Outside(server, Server.asked)


def refused(act: Callable[[], object]) -> Refused:
    with pytest.raises(CallRefused) as caught:
        act()
    return caught.value.why


def test_it_fetches_what_is_granted_and_nothing_beside_it(outside: Outside) -> None:
    fetcher = outside.fetcher(outside.rule())
    got = fetcher.fetch(Fetch(method="POST", url=outside.url(), body=b"hello"))
    assert (got.status, got.body) == (200, b"hello")
    assert "connection" not in dict(got.headers)
    for method, url in (
        ("GET", outside.url("/v2/x")),
        ("GET", outside.url("/v1/../v2/x")),
        ("PUT", outside.url()),
        ("GET", outside.url(host="other.test")),
        ("GET", f"http://api.test:{outside.port + 1}/v1/x"),
        ("GET", f"https://api.test:{outside.port}/v1/x"),
        ("GET", f"http://api.test@evil.test:{outside.port}/v1/x"),
    ):
        asked = Fetch(method=method, url=url)
        assert refused(partial(fetcher.fetch, asked)) is Refused.NOT_ALLOWED
    assert [path for path, _ in outside.asked] == ["/v1/x"]
    assert outside.resolved == ["api.test"]


def test_at_an_authors_desk_it_tells_where_requests_go_and_may_be_open(outside: Outside) -> None:
    visits: list[tuple[str, str]] = []
    desk = Desk(visited=lambda method, url: visits.append((method, url)))
    asked = partial(Fetch, method="GET")
    inside, beyond = outside.url("/v1/x?secret=1"), "http://away.test/y?z=1"
    fetch = outside.fetcher(outside.rule(), desk=desk).fetch
    assert fetch(asked(url=inside)).status == 200
    assert refused(partial(fetch, asked(url=beyond))) is Refused.NOT_ALLOWED
    # Open, too, it leads to no address inside.
    fetch = outside.fetcher(desk=replace(desk, open=True)).fetch
    assert refused(partial(fetch, asked(url=beyond))) is Refused.ADDRESS_REFUSED
    assert visits == [("GET", inside[:-9]), *[("GET", "http://away.test/y")] * 2]


def test_every_call_is_told_of_before_it_leaves_and_when_it_ended(outside: Outside) -> None:
    fetcher = outside.fetcher(outside.rule())
    fetcher.fetch(Fetch(method="POST", url=outside.url(), body=b"hello"))
    refused(lambda: fetcher.fetch(Fetch(method="GET", url=outside.url("/v1/broken"))))
    refused(lambda: fetcher.fetch(Fetch(method="GET", url=outside.url("/v1/cut"))))
    refused(lambda: fetcher.fetch(Fetch(method="GET", url=outside.url("/v1/../x"))))
    begun, ended, _, broken, _, cut, _, unread = outside.calls
    assert (begun.number, begun.error, ended.number) == (1, UNFINISHED, 1)
    assert (ended.status, ended.error, ended.bytes_out, ended.bytes_in) == (200, "", 5, 5)
    assert (broken.status, broken.error) == (None, Refused.ANSWER_BROKEN)
    assert (cut.status, cut.error, cut.bytes_in) == (200, Refused.ANSWER_BROKEN, 3)
    assert (unread.number, unread.destination, unread.error) == (4, "", Refused.NOT_ALLOWED)
    told = ended.as_json()
    assert GatewayCall.from_json(told) == ended
    assert "hello" not in json.dumps(told)
    for name, wrong in (("error", "x\n"), ("request", "x"), ("status", "200"), ("number", True)):
        with pytest.raises(GatewayCallInvalid):
            GatewayCall.from_json(told | {name: wrong})


def test_the_budget_ends_it(outside: Outside) -> None:
    few = outside.fetcher(outside.rule(), calls=2)
    for _ in range(2):
        few.fetch(Fetch(method="GET", url=outside.url()))
    for url in (outside.url(), outside.url("/v1/../x"), outside.url()):
        asked = Fetch(method="GET", url=url)
        assert refused(partial(few.fetch, asked)) is Refused.BUDGET_SPENT
    # Told once, however often it is tried.
    assert [(call.number, call.error) for call in outside.calls[4:]] == [(3, Refused.BUDGET_SPENT)]
    assert outside.ledger is not None
    assert outside.ledger.left()["calls"] == 0
    small = outside.fetcher(outside.rule(), bytes=25_000)
    too_large = Fetch(method="GET", url=outside.url("/v1/large"))
    assert refused(lambda: small.fetch(too_large)) is Refused.ANSWER_TOO_LARGE
    post = Fetch(method="POST", url=outside.url(), body=b"x" * 20_000)
    assert refused(lambda: small.fetch(post)) is Refused.BUDGET_SPENT
    assert (outside.calls[-1].number, outside.calls[-1].error) == (2, Refused.BUDGET_SPENT)
    assert len(outside.asked) == 3


def test_what_is_sent_is_what_was_asked_for(outside: Outside) -> None:
    fetcher = outside.fetcher(outside.rule())
    for path in ("/v1/orders;status=open", "/v1/a;b/c;d?e=;f", "/v1/x"):
        fetcher.fetch(Fetch(method="GET", url=outside.url(path)))
        assert outside.asked[-1][0] == path
    assert "content-length" not in outside.asked[-1][1]
    fetcher.fetch(Fetch(method="POST", url=outside.url()))
    assert outside.asked[-1][1]["content-length"] == "0"


@pytest.mark.parametrize(
    ("address", "private"),
    [
        (METADATA, True),
        ("0.0.0.0", True),  # noqa: S104  # an address, not a listener
        ("::ffff:127.0.0.1", True),
        ("100.100.100.200", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("fd00::1", False),
        ("::1", False),
    ],
)
def test_a_name_that_leads_inside_is_refused(outside: Outside, address: str, private: bool) -> None:
    scheme = "http" if private else "https"
    fetcher = outside.fetcher({"url": f"{scheme}://api.test/", "private": private})
    # One bad one among good ones is enough.
    outside.addresses["api.test"] = iter([("8.8.8.8", address)])
    asked = Fetch(method="GET", url=f"{scheme}://api.test/")
    assert refused(lambda: fetcher.fetch(asked)) is Refused.ADDRESS_REFUSED
    assert outside.calls[-1].error == Refused.ADDRESS_REFUSED


def test_this_machine_itself_is_refused_unless_its_host_lets_one(outside: Outside) -> None:
    """Whatever the tenant allows: our own services believe who is on their machine."""
    fetcher = outside.fetcher(outside.rule(), own_machine=False)
    own = ("127.0.0.1", "127.9.9.9", _outward())
    outside.addresses["api.test"] = iter([(address,) for address in own])
    for _ in own:
        asked = Fetch(method="GET", url=outside.url())
        assert refused(partial(fetcher.fetch, asked)) is Refused.ADDRESS_REFUSED
    assert outside.asked == []
    assert is_own("::1")
    assert not is_own("8.8.8.8")


def _outward() -> str:
    """The address this machine is known by, if it has one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("8.8.8.8", 9))
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])


def test_http_stays_inside(outside: Outside) -> None:
    fetcher = outside.fetcher(outside.rule())
    outside.addresses["api.test"] = iter([("8.8.8.8",)])
    asked = Fetch(method="GET", url=outside.url())
    assert refused(lambda: fetcher.fetch(asked)) is Refused.ADDRESS_REFUSED


@pytest.mark.parametrize(
    ("shown", "trusted", "answered"),
    [
        ({"address": "api.test"}, True, True),
        ({"address": "other.test"}, True, False),
        ({"address": "127.0.0.1"}, True, False),  # where it leads, but not who was asked for
        ({"address": "api.test", "lasts": -DAY}, True, False),
        ({"address": "api.test"}, False, False),
    ],
    ids=["good", "of another name", "of its address alone", "over", "of an authority unknown here"],
)
def test_https_is_spoken_with_who_was_asked_for_alone(
    tmp_path: Path, shown: dict[str, Any], trusted: bool, answered: bool
) -> None:
    authority = make_authority(tmp_path)
    with answering(authority.server(**shown)) as port:
        outside = Outside(port, Server.asked)
        url = f"https://api.test:{port}/v1/"
        rule = {"url": url, "methods": ["POST"], "private": True}
        fetcher = outside.fetcher(rule, tls=authority.trust() if trusted else None)
        asked = partial(fetcher.fetch, Fetch(method="POST", url=f"{url}x", body=b"secret"))
        if answered:
            assert asked().body == b"secret"
        else:
            assert refused(asked) is Refused.UNREACHABLE
        assert [path for path, _ in Server.asked] == ["/v1/x"] * answered


def test_a_second_answer_of_a_name_server_is_never_asked_for(outside: Outside) -> None:
    """DNS rebinding: what was judged is what is connected to."""
    fetcher = outside.fetcher(outside.rule())
    outside.addresses["api.test"] = iter([INSIDE, (METADATA,)])
    assert fetcher.fetch(Fetch(method="GET", url=outside.url())).status == 200
    assert outside.resolved == ["api.test"]
    asked = Fetch(method="GET", url=outside.url())
    assert refused(lambda: fetcher.fetch(asked)) is Refused.ADDRESS_REFUSED


def test_a_name_server_that_is_slow_holds_a_call_no_longer_than_there_is_time(
    outside: Outside,
) -> None:
    says = threading.Event()

    def ask(host: str, _: int) -> Iterable[str]:
        if host == "slow.test":
            assert says.wait(60)
        return INSIDE

    lookups = Lookups(2, ask)
    scope = Scope.from_json(
        {
            "fetch": [outside.rule(), outside.rule("slow.test")],
            "budget": BUDGET | {"call_seconds": 1},
        }
    )
    calls: list[GatewayCall] = []
    ledger = Ledger(scope.budget, calls.append)
    fetcher = Fetcher(scope, ledger, own_machine=True, resolve=lookups.resolve)
    slow = Fetch(method="GET", url=outside.url(host="slow.test"))
    assert refused(lambda: fetcher.fetch(slow)) is Refused.TIMED_OUT
    assert calls[-1].error == Refused.TIMED_OUT
    # One thread is stuck, and nobody else's name waits for it.
    assert fetcher.fetch(Fetch(method="GET", url=outside.url())).status == 200
    says.set()
    assert fetcher.fetch(slow).status == 200


def test_a_redirect_leads_nowhere_the_policy_does_not(outside: Outside) -> None:
    fetcher = outside.fetcher(outside.rule(), outside.rule("meta.test"), outside.rule("b.test"))
    outside.addresses["meta.test"] = iter([(METADATA,)])
    secret = (("Authorization", "Bearer x"), ("X-Api-Key", "y"), ("Accept", "text/plain"))

    def moved(to: str, **more: Any) -> Fetched:
        url = outside.url(MOVED + quote(to, safe=""))
        return fetcher.fetch(Fetch(method="GET", url=url, headers=secret, **more))

    for to, why in (
        (outside.url(host="meta.test"), Refused.ADDRESS_REFUSED),
        (f"http://{METADATA}/latest/meta-data/", Refused.NOT_ALLOWED),
        (outside.url("/v2/x"), Refused.NOT_ALLOWED),
        ("/v2/x", Refused.NOT_ALLOWED),
        ("//evil.test/v1/x", Refused.NOT_ALLOWED),
        ("file:///etc/passwd", Refused.NOT_ALLOWED),
        ("http://[", Refused.ANSWER_BROKEN),
    ):
        assert refused(partial(moved, to)) is why
    assert {path for path, _ in outside.asked if not path.startswith(MOVED)} == set()
    assert moved("/v1/x#top").body == b'{"rate": 7}'
    assert {"authorization", "x-api-key"} <= set(outside.asked[-1][1])
    assert moved(outside.url(host="b.test")).url == outside.url(host="b.test")
    # What only its author could say is no credential goes along.
    sent = {"host", "accept", "accept-encoding", "user-agent"}
    assert set(outside.asked[-1][1]) == sent
    assert moved("/v1/x", follow=False).status == 302


SECRET: Final = "s3cret-of/the+erp"


def test_a_credential_goes_where_its_rule_says_and_never_comes_back(outside: Outside) -> None:
    fetcher = outside.fetcher(
        outside.rule(credential="erp"),
        outside.rule("b.test"),
        outside.rule("c.test", credential="gone"),
        credentials={"erp": Injection(header="Authorization", value=f"Bearer {SECRET}")},
    )
    own = (("authorization", "Bearer mine"),)
    # A server that says all it knows: in its body, in headers, as base64, JSON and part of a URL.
    packed = base64.b64encode(b"user:" + SECRET.encode() + b"!").decode()
    echo = json.dumps({"a": SECRET, "b": packed, "c": quote(SECRET), "d": SECRET.encode().hex()})
    for text in (echo, echo.replace("/", "\\/"), SECRET, f"x{SECRET}x"):
        got = fetcher.fetch(
            Fetch(method="POST", url=outside.url(), headers=own, body=text.encode("utf-16-le"))
        )
        assert SECRET.encode("utf-16-le") not in got.body
        got = fetcher.fetch(
            Fetch(method="POST", url=outside.url(), headers=own, body=text.encode())
        )
        assert len(got.body) == len(text)
        shown = [got.body, unquote(got.body.decode()).encode()]
        shown += [base64.b64decode(packed) for packed in _packed(got.body)]
        assert not any(SECRET.encode() in each or b"cret-of" in each for each in shown), got
    assert {asked[1]["authorization"] for asked in outside.asked} == {f"Bearer {SECRET}"}
    moved = Fetch(method="GET", url=outside.url(MOVED + quote(f"/v1/x?{SECRET}", safe="")))
    assert SECRET not in fetcher.fetch(moved).url
    away = Fetch(method="GET", url=outside.url(MOVED + quote(outside.url(host="b.test"), safe="")))
    fetcher.fetch(away)
    assert "authorization" not in outside.asked[-1][1]
    missing = Fetch(method="GET", url=outside.url(host="c.test"))
    assert refused(partial(fetcher.fetch, missing)) is Refused.CREDENTIAL_MISSING
    packed_answer = Fetch(method="GET", url=outside.url("/v1/packed"))
    assert refused(partial(fetcher.fetch, packed_answer)) is Refused.ANSWER_BROKEN


def test_a_model_is_asked_within_its_tokens(outside: Outside) -> None:
    rule = outside.rule(credential="erp")
    del rule["methods"]
    llm = rule | {"models": ["small", "silent"], "tokens": 100}
    erp = {"erp": Injection(header="Authorization", value=f"Bearer {SECRET}")}
    scope = Scope.from_json({"fetch": [], "budget": BUDGET, "llm": llm})
    assert Scope.from_json(scope.as_json()) == scope
    assert scope
    ledger = Ledger(scope.budget, outside.calls.append)
    fetcher = Fetcher(scope, ledger, credentials=erp, own_machine=True, resolve=lambda *_: INSIDE)
    handle = handler(scope, ledger, fetcher)

    def ask(path: str = "/v1/llm/chat/completions", **said: Any) -> dict[str, Any]:
        body = json.dumps({"model": "small", "messages": []} | said).encode()
        answer = handle(Knock(method="POST", path=path, body=body))
        asked: dict[str, Any] = json.loads(base64.b64decode(answer["body"]))["asked"]
        return asked

    for wrong, why in (
        ({"model": "large"}, Refused.NOT_ALLOWED),
        ({"stream": True}, Refused.MALFORMED),
        ({"n": 2}, Refused.MALFORMED),
    ):
        assert refused(partial(ask, **wrong)) is why
    # What may be answered is what is left.
    assert ask()["max_tokens"] == 100
    assert outside.asked[-1][1]["authorization"] == f"Bearer {SECRET}"
    assert ask(max_completion_tokens=5000) == {
        "model": "small",
        "messages": [],
        "max_completion_tokens": 40,
    }
    assert refused(ask) is Refused.BUDGET_SPENT
    assert handle(Knock(method="GET", path="/v1/scope", body=b""))["left"]["tokens"] == 0
    assert [call.tokens for call in outside.calls if call.status] == [60, 60]
    # It is a model's endpoint, and not a place to fetch from.
    other = Fetch(method="POST", url=outside.url())
    assert refused(partial(fetcher.fetch, other)) is Refused.NOT_ALLOWED
    silent = handler(scope, ledger, fetcher)
    body = json.dumps({"model": "silent", "messages": []}).encode()
    knock = Knock(method="POST", path="/v1/llm/chat/completions", body=body)
    silent(knock)
    assert refused(partial(silent, knock)) is Refused.BUDGET_SPENT
    # An answer that is cut off took tokens all the same.
    tight = Scope.from_json({"fetch": [], "budget": BUDGET | {"answer_bytes": 1}, "llm": llm})
    fetcher = Fetcher(
        tight,
        Ledger(tight.budget, outside.calls.append),
        credentials=erp,
        own_machine=True,
        resolve=lambda *_: INSIDE,
    )
    cut = handler(tight, ledger, fetcher)
    odd = json.dumps({"model": "silent", "max_tokens": "x"}).encode()
    embed = replace(knock, path="/v1/llm/embeddings", body=odd)
    for each in (embed, knock):
        assert refused(partial(cut, each)) is Refused.ANSWER_TOO_LARGE
    assert refused(partial(cut, knock)) is Refused.BUDGET_SPENT
    without = handler(Scope.from_json({}), ledger, fetcher)
    assert refused(partial(without, knock)) is Refused.NOT_ALLOWED


def _packed(body: bytes) -> list[bytes]:
    """What of a body is base64."""
    return [text[: len(text) // 4 * 4] for text in re.findall(rb"[A-Za-z0-9+/]{12,}={0,2}", body)]


@pytest.mark.parametrize("body", [
    b"", b"[]", b"{", b'{"url": 1}', b'{"url": "https://a.b/", "method": "TRACE"}',
    b'{"url": "https://a.b/", "method": []}', b'{"url": "https://a.b/", "method": {}}',
    b'{"url": "https://a.b/", "method": null}', b'{"url": null}',
    b'{"url": "https://a.b/", "extra": 1}', b'{"url": "https://a.b/", "url": "https://c.d/"}',
    b'{"url": "https://a.b/", "body": "%"}', b'{"url": "https://a.b/", "body": "eA=="}',
    b'{"url": "https://a.b/", "headers": {"a": "b"}}',
    b'{"url": "https://a.b/", "headers": [["Host", "evil"]]}',
    b'{"url": "https://a.b/", "headers": [["Content-Length", "5"]]}',
    b'{"url": "https://a.b/", "headers": [["transfer-encoding", "chunked"]]}',
    b'{"url": "https://a.b/", "headers": [["Proxy-X", "a"]]}',
    b'{"url": "https://a.b/", "headers": [["Forwarded", "for=1.2.3.4"]]}',
    b'{"url": "https://a.b/", "headers": [["X_Forwarded-For", "1.2.3.4"]]}',
    b'{"url": "https://a.b/", "headers": [["X-Amzn-Mtls-Clientcert", "a"]]}',
    b'{"url": "https://a.b/", "headers": [["A b", "c"]]}',
    b'{"url": "https://a.b/", "headers": [["a", "b\\r\\nHost: evil"]]}',
    b'{"url": "https://a.b/", "headers": [["a", " b"]]}',
])  # fmt: skip
def test_a_malformed_fetch_is_refused(body: bytes) -> None:
    assert refused(lambda: read_fetch(body)) is Refused.MALFORMED


HEAD: Final = b"POST /v1/fetch HTTP/1.1\r\nHost: gateway\r\n"


@pytest.mark.parametrize("sent", [
    HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    HEAD + b"Transfer-Encoding: chunked, identity\r\n\r\n",
    HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    HEAD + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
    HEAD + b"Content-Length: 2, 2\r\n\r\n{}",
    HEAD + b"Content-Length: +2\r\n\r\n{}",
    HEAD + b"Content-Length : 2\r\n\r\n{}",
    HEAD + b"\r\n{}",
    HEAD + b"Content-Length: 2\n\r\n{}",
    HEAD + b"A: b\nContent-Length: 2\r\n\r\n{}",
    HEAD + b"Content-Length: 2\r\nHost: other\r\n\r\n{}",
    HEAD + b"Content-Length: 2\r\nUpgrade: h2c\r\n\r\n{}",
    HEAD + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n{}",
    HEAD + b"Content-Length: 2\r\n\r\n{}" + HEAD + b"Content-Length: 2\r\n\r\n{}",
    HEAD + b"Content-Length: 0\r\n\r\nGET /v1/scope HTTP/1.1\r\nHost: gateway\r\n\r\n",
    HEAD.replace(b"1.1", b"1.0") + b"Content-Length: 2\r\n\r\n{}",
    HEAD + b"X: a\r\n b\x00\r\nContent-Length: 2\r\n\r\n{}",
    HEAD + b"X: " + b"a" * 40_000, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
])  # fmt: skip
def test_a_request_that_may_be_read_otherwise_is_refused(sent: bytes) -> None:
    knocked, said = _say(sent)
    assert knocked == []
    assert said.startswith(b"HTTP/1.1 400 ")
    assert b"urn:awgp:gateway:malformed" in said
    assert said.count(b"HTTP/1.1") <= 2  # one answer, which may name what to speak


def test_a_request_is_answered_once_and_the_connection_ends() -> None:
    knocked, said = _say(HEAD + b"Content-Length: 2\r\n\r\n{}")
    assert [(each.method, each.path, each.body) for each in knocked] == [
        ("POST", "/v1/fetch", b"{}")
    ]
    assert said.startswith(b"HTTP/1.1 200 ")
    assert _say(HEAD + b"Content-Length: 99999999\r\n\r\n")[1].startswith(b"HTTP/1.1 413 ")
    knocked, said = _say(HEAD + b"Content-Length: 5\r\n\r\n{}")
    assert (knocked, said[:13]) == ([], b"HTTP/1.1 400 ")


def test_a_failure_of_the_gateway_is_told_of_and_answered() -> None:
    failures: list[Exception] = []

    def fails(knock: Knock) -> object:
        raise KeyError(knock.path)

    said = _say(HEAD + b"Content-Length: 2\r\n\r\n{}", guarded(fails, failures.append))[1]
    assert said.startswith(b"HTTP/1.1 500 ")
    assert b"urn:awgp:gateway:failed" in said
    assert [type(each) for each in failures] == [KeyError]


def test_a_flood_of_failures_hides_no_call() -> None:
    told = Told({})
    for number in (1, 2, MAX_CALLS):
        for _ in range(2 * MAX_CALLS):
            told.hear(b'{"failed": "TypeError"}')
        begun = _called(number, error=UNFINISHED)
        told.hear(json.dumps(begun).encode())
        told.hear(json.dumps(begun | {"error": "", "status": 200}).encode())
    assert [(each.number, each.status) for each in told.calls()] == [
        (1, 200), (2, 200), (MAX_CALLS, 200)
    ]  # fmt: skip
    for line in (
        b"[]",
        b"x",
        b"1",
        b"[" * 8000,
        b'"failed"',
        b"null",
        json.dumps(_called(1)).encode(),
    ):
        with pytest.raises(ToldNonsense):
            told.hear(line)
    for number in (0, -1, MAX_CALLS + 1):
        with pytest.raises(ToldNonsense):
            told.hear(json.dumps(_called(number)).encode())
    assert len(told.calls()) == 3


def _called(number: int, **more: Any) -> dict[str, Any]:
    call = GatewayCall(
        number=number, offset_ms=0, method="GET", destination="", request="", bytes_out=0
    )
    return call.as_json() | more


def _say(sent: bytes, handle: Handle | None = None) -> tuple[list[Knock], bytes]:
    """What the door makes of bytes, and answers to them."""
    ours, its = socket.socketpair()
    knocked: list[Knock] = []

    def noted(knock: Knock) -> object:
        knocked.append(knock)
        return {}

    with ours:
        ours.settimeout(60)
        ours.sendall(sent)
        ours.shutdown(socket.SHUT_WR)
        answer_one(its, handle or noted)
        return knocked, b"".join(iter(lambda: ours.recv(65536), b""))


@contextmanager
def gateway_in(folder: Path) -> Iterator[Gateway]:
    gateway = Gateway(folder, [], GatewaySettings(own_machine=True))
    try:
        gateway.await_ready(30)
        yield gateway
    finally:
        gateway.end()


@contextmanager
def at_socket(folder: Path) -> Iterator[str]:
    """A name of the socket there that is short enough to be connected to."""
    descriptor = os.open(folder, os.O_PATH)
    try:
        yield f"/proc/self/fd/{descriptor}/{SOCKET}"
    finally:
        os.close(descriptor)


def test_its_process_has_few_rights_and_ends_with_its_host(
    outside: Outside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "00ff00ff00ff00ff"
    folder.mkdir()
    rule = outside.rule("localhost")
    with gateway_in(folder) as gateway, at_socket(folder / "gateway") as address:
        status = Path(f"/proc/{gateway.process.pid}/status").read_text()
        shown = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        assert shown["NoNewPrivs"] == "1"
        if os.geteuid() == 0:
            assert "0" not in shown["Uid"].split() + shown["Gid"].split()
            assert (int(shown["CapEff"], 16), shown["Groups"].strip()) == (0, "")
        gateway.attach(Scope.from_json({"fetch": [rule], "budget": BUDGET}))
        monkeypatch.chdir(folder / "gateway")  # its path may be longer than a socket's
        hostiles: list[dict[str, Any]] = [{"method": []}, {"method": None}, {"url": "http://["}]
        for hostile in hostiles:
            assert ask(address, hostile).startswith(b"HTTP/1.1 4"), hostile
        said = ask(address, {"url": outside.url(host="localhost")})
        assert said.startswith(b"HTTP/1.1 200 "), said
        assert gateway.process.stdin is not None
        gateway.process.stdin.close()
        until(lambda: not gateway.lives(), "the gateway to go")
        with socket.socket(socket.AF_UNIX) as late, pytest.raises(ConnectionRefusedError):
            late.connect(address)
    assert [(call.status, call.destination, call.error) for call in gateway.calls()] == [
        (None, "", Refused.NOT_ALLOWED),
        (200, f"http://localhost:{outside.port}", ""),
    ]


def ask(address: str, values: dict[str, Any]) -> bytes:
    """What is answered to a fetch."""
    with socket.socket(socket.AF_UNIX) as asking:
        asking.connect(address)
        body = json.dumps(values).encode()
        asking.sendall(HEAD + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        return b"".join(iter(lambda: asking.recv(65536), b""))
