"""What a bundle asks for and a tenant allows: nothing is granted that only one of them says."""

from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.named_proxies import STRIPPED, STRIPPED_PREFIXES
from pipeline.approval_risk import allows_network
from pipeline.gateway_scope import BUDGET_RANGES, Budget, Grant, SandboxPolicyInvalid, Scope
from pipeline.llm_scope import Llm
from pipeline.memory_scope import MAX_ENTRIES, Memory
from pipeline.reach import METHODS, Reach, ReachInvalid, meet, read_reach, read_visit
from pipeline.sandbox_explain import explain
from pipeline.sandbox_policy import Allowed, Asked, granted
from pipeline.sandbox_words import in_words
from pipeline.sent_headers import is_reserved
from runtime_host.manifest import ManifestInvalid, parse_manifest

# Few of each, so that rules meet often.
REACHES: Final = st.builds(
    Reach,
    scheme=st.just("https"),
    host=st.sampled_from(["api.example.com", "example.com"]),
    port=st.sampled_from([443, 8443]),
    path=st.lists(st.sampled_from(["v1", "v", "a"]), max_size=3).map(tuple),
    methods=st.frozensets(st.sampled_from(["GET", "POST"]), min_size=1),
)
GRANTS: Final = st.builds(Grant, reach=REACHES, private=st.booleans())
BUDGETS: Final = st.builds(
    Budget, **{name: st.integers(low, high) for name, (low, high) in BUDGET_RANGES.items()}
)
NAMES: Final = st.sampled_from(["REGION", "STAGE", "MODE"])
ASKED: Final = st.builds(
    Asked,
    reaches=st.lists(REACHES, max_size=4).map(tuple),
    variables=st.frozensets(NAMES),
    budget=BUDGETS,
    tokens=st.integers(0, 3),
    entries=st.integers(0, 3),
)
LLMS: Final = st.builds(
    Llm,
    grant=st.builds(
        Grant,
        reach=st.just(read_reach("https://llm.example.com/v1/", ["POST"])),
        credential=st.sampled_from(["", "erp"]),
    ),
    models=st.just(("small",)),
    tokens=st.integers(1, 3),
)
ALLOWED: Final = st.builds(
    Allowed,
    grants=st.lists(GRANTS, max_size=4).map(tuple),
    variables=st.dictionaries(NAMES, st.text("ab", max_size=3)),
    budget=BUDGETS,
    llm=st.none() | LLMS,
)
VISITS: Final = st.builds(
    lambda host, port, path: read_visit(f"https://{host}:{port}/{'/'.join(path)}"),
    st.sampled_from(["api.example.com", "example.com"]),
    st.sampled_from([443, 8443]),
    st.lists(st.sampled_from(["v1", "v", "a", "v1a"]), max_size=4),
)


@given(ASKED, ALLOWED, VISITS, st.sampled_from(["GET", "POST", "PUT"]))
def test_what_is_granted_is_what_both_say(
    asked: Asked, allowed: Allowed, visit: Any, how: str
) -> None:
    given_ = granted(asked, allowed)
    wanted = any(reach.allows(how, visit) for reach in asked.reaches)
    permitted = [each for each in allowed.grants if each.reach.allows(how, visit)]
    found = given_.scope.grant_for(how, visit)
    assert (found is not None) == (wanted and bool(permitted))
    if found is not None and found.private:
        assert any(each.private for each in permitted)
    llm = given_.scope.llm
    assert (llm is not None) == (asked.tokens > 0 and allowed.llm is not None)
    if llm is not None and allowed.llm is not None:
        assert llm.tokens == min(asked.tokens, allowed.llm.tokens)
        assert (llm.grant, llm.models) == (allowed.llm.grant, allowed.llm.models)
    assert set(given_.variables) == set(allowed.variables) & asked.variables
    for name in BUDGET_RANGES:
        lower = min(getattr(asked.budget, name), getattr(allowed.budget, name))
        assert getattr(given_.scope.budget, name) == lower
    assert Scope.from_json(given_.scope.as_json()) == (given_.scope or Scope())


@given(REACHES, REACHES, REACHES)
def test_rules_meet_the_same_way_whoever_comes_first(one: Reach, two: Reach, three: Reach) -> None:
    assert meet(one, two) == meet(two, one)
    assert meet(one, one) == one
    left, right = meet(one, two), meet(two, three)
    assert (left and meet(left, three)) == (right and meet(one, right))
    assert left is None or (one.covers(left) and two.covers(left))


@given(ASKED, ALLOWED)
def test_what_is_kept_is_what_was_said(asked: Asked, allowed: Allowed) -> None:
    assert Asked.from_mapping(asked.as_json()) == asked
    assert Allowed.from_mapping(allowed.as_json()) == allowed
    told = explain(asked, allowed)
    assert (told.may[0] == "It reaches no other machine.") is not bool(
        granted(asked, allowed).scope
    )


def test_nobody_says_through_a_gateway_who_a_proxys_caller_is() -> None:
    believed = [*STRIPPED_PREFIXES, STRIPPED]
    names = [name.removeprefix("HTTP_").strip("_").replace("_", "-") for name in believed]
    for name in (*(f"{name}-x" for name in names), "Forwarded", "X_Forwarded_For", "Proxy-X", "Te"):
        assert is_reserved(name), name
    assert not any(map(is_reserved, ("Authorization", "Cookie", "X-Api-Key", "Accept")))


@pytest.mark.parametrize("path", [
    "/v1/../admin", "/v1/..", "/v1/.", "/v1/%2e%2e/admin", "/v1/%2E%2e/admin", "/v1/.%2e/admin",
    "/v1/%252e%252e/admin", "/v1/..;/admin", "/v1/..;a=b/admin", "/v1/%2e%2e%3b/admin",
    "/v1/a%2fb", "/v1/..%2fadmin", "/v1/..%5cadmin", "/v1/a%5cb", "/v1//admin", "//v1/a",
    "/v1/%c0%ae%c0%ae/admin", "/v1/%ef%bc%8e%ef%bc%8e/admin", "/v1/a%ef%bc%8fb", "/v1/%00",
    "/v1/a%0d%0ab", "/v1/%", "/v1/%2", "/v1/%zz", "/v1/%20/a", "/v1/a%e2%84%80",
    "/v1/..%20/x", "/v1/%20../x", "/v1/..%c2%a0/x", "/v1/..%20;a/x", "/v1/.%20/x",
])  # fmt: skip
def test_a_path_that_may_be_read_otherwise_is_refused(path: str) -> None:
    with pytest.raises(ReachInvalid):
        # What "a/c" is a compatibility form of, among them.
        read_visit(f"https://api.example.com{path}")


@pytest.mark.parametrize("path", ["/v1x", "/V1", "/v", "/", "", "/v1;x/a", "/%761x", "/a/v1/"])
def test_a_path_beside_the_rule_is_outside(path: str) -> None:
    rule = read_reach("https://api.example.com/v1/")
    assert not rule.allows("GET", read_visit(f"https://api.example.com{path}"))


@pytest.mark.parametrize("url", [
    "https://api.example.com/v1", "https://API.Example.com./v1/", "https://api.example.com:443/v1/a/",
    "https://api.example.com:0443/v1/x.json?next=/../..", "https://api.example.com/%761/a%20b",
])  # fmt: skip
def test_what_means_the_same_is_inside(url: str) -> None:
    visit = read_visit(url)
    assert read_reach("https://api.example.com/v1/").allows("GET", visit)
    assert visit.url.startswith("https://api.example.com/")


@pytest.mark.parametrize("url", [
    "https://user@api.example.com/v1/", "https://api.example.com@evil.com/v1/",
    "https://evil.com#@api.example.com/v1/", "https://evil.com\\@api.example.com/v1/",
    "https:/api.example.com/v1", "https:api.example.com/v1", "//api.example.com/v1",
    "https:///api.example.com/v1", "ftp://api.example.com/v1", "file:///etc/passwd",
    "https://api.example.com:0/v1", "https://api.example.com:99999/v1", "https://api.example.com:a/",
    "https://api.example.com/v1#x", "https://api.example.com/v1#", "https://äpi.example.com/",
    "https://api.exam\tple.com/v1", "https://api.example.com/v1\r\nHost: evil", " https://a.com/",
    "https://127.1/", "https://0x7f.0.0.1/", "https://2130706433/", "https://0177.0.0.1/",
    "https://1.2.3.4.5/", "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://a..b/",
    "https://.a/", "https://-a.com/", "https://a.com../", "https://%61.com/", "https://a_.com/", "",
    "https://" + "a" * 64 + ".com/", "https://a.com/" + "a" * 5000,
])  # fmt: skip
def test_a_url_without_one_meaning_is_refused(url: str) -> None:
    with pytest.raises(ReachInvalid):
        read_visit(url)


@given(st.text(max_size=40), st.sampled_from(["https://api.example.com/v1/", "https://", ""]))
def test_no_text_gets_out_of_a_rule(text: str, before: str) -> None:
    try:
        visit = read_visit(before + text)
    except ReachInvalid:
        return
    if read_reach("https://api.example.com/v1/").allows("GET", visit):
        assert visit.url.startswith("https://api.example.com/")
        assert visit.segments[0] == "v1"
        assert not {".", "..", ""} & set(visit.segments)


@pytest.mark.parametrize("rule", [
    {"url": "https://api.example.com/v1/*"}, {"url": "https://*.example.com/"}, {"url": "http://a.b/"},
    {"url": "https://a.b/?x=1"}, {"url": "https://a.b/", "methods": []}, {"methods": ["GET"]},
    {"url": "https://a.b/", "methods": ["CONNECT"]}, {"url": "https://a.b/", "methods": "GET"},
    {"url": "https://a.b/", "private": 1}, {"url": "https://a.b/", "paths": []}, "https://a.b/",
    {"url": "https://a.b/%20"}, {"url": "https://a.b/../x"},
])  # fmt: skip
def test_a_rule_that_says_more_than_it_can_hold_is_refused(rule: Any) -> None:
    with pytest.raises(SandboxPolicyInvalid):
        Allowed.from_mapping({"network": [rule]})


@pytest.mark.parametrize(
    "name", ["PATH", "AWGP_RUN_ID", "LD_PRELOAD", "PYTHONPATH", "lower", "A B", ""]
)
def test_a_variable_of_the_hosts_own_is_refused(name: str) -> None:
    with pytest.raises(SandboxPolicyInvalid, match="environment"):
        Allowed.from_mapping({"environment": {name: "x"}})
    with pytest.raises(SandboxPolicyInvalid, match="environment"):
        Asked.from_mapping({"environment": [name]})


MANIFEST: Final = """
[bundle]
name = "rates"
version = "1"
environment = ["REGION"]
[[network]]
url = "https://api.example.com/v1/"
[gateway]
calls = 5
[llm]
tokens = 20000
[memory]
entries = 1000
"""


def test_a_manifest_asks() -> None:
    asked = parse_manifest(MANIFEST.encode()).asked
    assert asked.reaches == (read_reach("https://api.example.com/v1/"),)
    assert (asked.variables, asked.budget.calls) == (frozenset({"REGION"}), 5)
    assert (asked.tokens, asked.entries) == (20000, 1000)
    assert Asked.from_mapping(asked.as_json()) == asked
    for wrong in ('methods = ["TRACE"]', "private = true", "x = 1"):
        with pytest.raises(ManifestInvalid, match="network"):
            parse_manifest(MANIFEST.replace("[gateway]", wrong + "\n[gateway]").encode())
    with pytest.raises(ManifestInvalid, match=r"gateway\.calls"):
        parse_manifest(MANIFEST.replace("calls = 5", "calls = true").encode())


def test_a_memory_is_what_both_say_and_no_way_out() -> None:
    asked, words = Asked(entries=1000), "It remembers from run to run, 20 entries at most"
    allowed = Allowed.from_mapping({"memory": {"entries": 20}})
    assert Allowed.from_mapping(allowed.as_json()) == allowed
    scope = granted(asked, allowed).scope
    assert (scope.memory, bool(scope), scope.goes_out) == (Memory(entries=20), True, False)
    assert Scope.from_json(scope.as_json()) == scope
    assert not allows_network({"gateway_scopes": scope.as_json()})
    may = explain(asked, allowed).may
    assert may[0] == "It reaches no other machine."
    assert may[1].startswith(words)
    assert not granted(Asked(), allowed).scope
    assert not granted(asked, Allowed()).scope
    assert explain(Asked(), allowed).allowed_only[0].startswith(words)
    assert explain(asked, Allowed()).asked_only == ("a memory",)
    llm = {"url": "https://llm.example.com/", "models": ["embed"]}
    both = Allowed.from_mapping({"llm": llm, "memory": {"model": "embed"}})
    assert both.memory == Memory(entries=MAX_ENTRIES, model="embed")
    for wrong in ({"entries": 0}, {"entries": True}, {"model": "embed"}, {"tenant": "x"}, ["x"]):
        with pytest.raises(SandboxPolicyInvalid, match="memory"):
            Allowed.from_mapping({"memory": wrong})
    for unheard in ({"entries": 0}, {"model": "embed"}, {"entries": 1, "model": "x"}, 1):
        with pytest.raises(SandboxPolicyInvalid, match="memory"):
            Asked.from_mapping({"memory": unheard})


def test_who_approves_reads_every_rule() -> None:
    allowed = Allowed.from_mapping(
        {"network": [{"url": f"https://api.example.com/{n}/", "private": n == 3} for n in range(9)]}
    )
    asked = Asked(reaches=(read_reach("https://api.example.com/", METHODS),))
    limits = {
        "wall_ms": 1, "memory_bytes": 1, "processes": 1, "disk_bytes": 1, "open_files": 1,
        "output_bytes": 1,
    }  # fmt: skip
    told = in_words(
        {
            "gateway_scopes": granted(asked, allowed).scope.as_json(),
            "sandbox_policy": {"environment": {"REGION": "eu"}},
            "limits": limits,
        }
    )
    assert len(told.network) == 1 + 9 + 1
    assert "GET https://api.example.com/3/" in told.network[4]
    assert "own network" in told.network[4]
    assert "own network" not in told.network[3]
    assert any("REGION=eu" in line for line in told.files)
