"""Names that change where they lead, from a bundle through the whole pipeline to a real resolver.

Each name leads somewhere harmless at the first lookup and somewhere it must not at any further
one, at the same URL an agent was granted. One lookup more than a fetch needs, or a connection to
what was not judged, and somebody is reached who listens there.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlsplit

import pytest

from ops.demo.clients import expect
from tests.attacks.attacked_pipeline import Attacker, Pipeline, pipeline_at
from tests.attacks.own_network import INSIDE, METADATA, PUBLIC, OwnNetwork, own_network
from tests.integration.gateway_server import MOVED
from tests.integration.own_engine import DRIVERS

pytestmark = [
    pytest.mark.runsc,
    pytest.mark.services,
    pytest.mark.attacks,
    pytest.mark.timeout(600),
]

FETCHES: Final = """
import json
from awgp_agent import GatewayError, fetch
said = []
for url in json.load(open("/input/request.json"))["urls"]:
    try:
        said.append(str(fetch(url).status))
    except GatewayError as error:
        said.append(error.name)
json.dump(said, open("/output/result.json", "w"))
"""
ELSEWHERE: Final[dict[str, Sequence[str]]] = {
    "loopback": ["127.0.0.1"],
    "loopback6": ["::1"],
    "mapped": ["::ffff:127.0.0.1"],
    "metadata": [METADATA],
    "alias": ["localhost."],
}
# Of a rule that leads outside, and of one that leads inside, where another machine is right.
OUTSIDE: Final = ELSEWHERE | {
    "inside": [INSIDE],
    "mixed": [PUBLIC, INSIDE],
    "mixed6": [PUBLIC, "::1"],
    "translated": ["64:ff9b::7f00:1"],
}
WITHIN: Final = ELSEWHERE | {
    "outside": [PUBLIC],
    "mixed": [INSIDE, METADATA],
    "unset": ["0.0.0.0"],  # noqa: S104  # an address, not a listener
}
REBINDS: Final[dict[str, Sequence[Sequence[str]]]] = {
    **{f"https://{name}.open.test/v1/x": [[PUBLIC], then] for name, then in OUTSIDE.items()},
    **{f"http://{name}.within.test/v1/x": [[INSIDE], then] for name, then in WITHIN.items()},
}
TO: Final = "http://moved.test/v1/x"
AGAIN: Final = "http://again.test/v1/x"
# A redirect to a name that rebinds, and one to the same name, which may have changed meanwhile.
REDIRECTS: Final[dict[str, Sequence[Sequence[str]]]] = {
    f"http://moves.test{MOVED}{quote(TO, safe='')}": [[INSIDE]],
    TO: [[INSIDE], ["127.0.0.1"]],
    f"http://again.test{MOVED}{quote(AGAIN, safe='')}": [[INSIDE], [METADATA]],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Led:
    """An AWGP whose runtime host believes our name server."""

    pipeline: Pipeline
    network: OwnNetwork

    def fetch(self, urls: Sequence[str]) -> tuple[list[str], list[tuple[str, str]]]:
        """What its agent was answered, and the calls that the sealed trail has, in its words."""
        run, view = self.pipeline.attack("rebinds", {"urls": list(urls)})
        assert view["status"] == "completed", view
        ada = self.pipeline.ada
        shown = expect(ada.get(f"{ada.web}/v1/runs/{run}/calls"), 200)
        assert shown["complete"], shown
        calls = shown["calls"]
        assert [each["number"] for each in calls] == [*range(1, len(calls) + 1)]
        return view["execution"]["result"], [
            (each["destination"], each["error"] or str(each["status"])) for each in calls
        ]

    def asked(self, names: Iterable[str]) -> dict[tuple[str, str], int]:
        """How often the name server was asked for these, by kind."""
        wanted = set(names)
        return {key: times for key, times in self.network.names.asked.items() if key[0] in wanted}


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, str(parts.hostname)


def _called(url: str) -> str:
    """As a trail has it."""
    scheme, host = _origin(url)
    return f"{scheme}://{host}:{443 if scheme == 'https' else 80}"


def _lookups(names: Mapping[str, int]) -> dict[tuple[str, str], int]:
    """What a name server is asked then."""
    return {(name, kind): times for name, times in names.items() for kind in ("A", "AAAA")}


@pytest.fixture(params=DRIVERS, scope="module")
def led(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Led]:
    script = {_origin(url)[1]: leads for url, leads in (REBINDS | REDIRECTS).items()}
    asks = [
        {"url": f"{scheme}://{host}/", "methods": ["GET"]}
        for scheme, host in map(_origin, REBINDS | REDIRECTS)
    ]
    # What is inside may be there without TLS, and nothing else.
    allowed = [{**each, "private": "http:" in each["url"]} for each in asks]
    attacker = Attacker(files={"main.py": FETCHES}, asks=asks, allowed=allowed)
    with (
        own_network(tmp_path_factory.mktemp("network"), script) as network,
        pipeline_at(
            request.param, {"rebinds": attacker}, behind={"runtime-host": network.behind}
        ) as pipeline,
    ):
        yield Led(pipeline=pipeline, network=network)


def test_a_name_that_changes_its_mind_leads_nowhere_else(led: Led) -> None:
    before = led.network.came()
    said, calls = led.fetch([url for url in REBINDS for _ in range(2)])
    # Who listens outside speaks no TLS, and was reached all the same.
    first = {url: "200" if url.startswith("http:") else "unreachable" for url in REBINDS}
    wanted = {url: [first[url], "address-refused"] for url in REBINDS}
    pairs = dict(zip(REBINDS, _pairs(said), strict=True))
    assert {url: pair for url, pair in pairs.items() if pair != wanted[url]} == {}
    assert calls == [(_called(url), why) for url, both in wanted.items() for why in both]
    reached = {INSIDE: len(WITHIN), PUBLIC: len(OUTSIDE)}
    assert led.network.came() - before == Counter(reached)
    # Resolved once for each fetch.
    names = [_origin(url)[1] for url in REBINDS]
    assert led.asked(names) == _lookups(dict.fromkeys(names, 2))
    led.pipeline.honest()


def test_a_redirect_to_a_name_that_changes_its_mind_leads_nowhere_else(led: Led) -> None:
    before = led.network.came()
    moves, to, again = REDIRECTS
    said, calls = led.fetch([moves, moves, again, again])
    refused = "address-refused"
    assert said == ["200", refused, refused, refused]
    there, back, round_ = _called(moves), _called(to), _called(again)
    assert calls == [
        *((there, "302"), (back, "200")),
        *((there, "302"), (back, refused)),
        *((round_, "302"), (round_, refused)),
        (round_, refused),
    ]
    assert led.network.came() - before == Counter({INSIDE: 4})
    names = {"moves.test": 2, "moved.test": 2, "again.test": 3}
    assert led.asked(names) == _lookups(names)
    led.pipeline.honest()


def _pairs(said: Sequence[str]) -> list[list[str]]:
    return [list(said[at : at + 2]) for at in range(0, len(said), 2)]
