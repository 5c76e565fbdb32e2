"""The one way out, attacked from inside: it leads where it was granted, and nowhere else."""

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final
from uuid import uuid4

import pytest

from pipeline.execution import ExecutionResult, ExecutionSpec, ExitReason
from pipeline.gateway_scope import Injection, Scope
from tests.attacks.machine import arguments_of
from tests.attacks.site import Site
from tests.attacks.test_neighbours import Beside
from tests.integration.gateway_server import MOVED, Server, answering
from tests.integration.own_host import until

pytestmark = pytest.mark.runsc

BUDGET: Final = {"calls": 50, "bytes": 100_000, "answer_bytes": 10_000, "call_seconds": 5}
# What each says got through; silence is right.
HONEST: Final = """
from awgp_agent import chat, fetch, memory, scope
assert fetch(OUT + "/v1/x", method="POST", json=[1]).json() == [1]
assert fetch(OUT + "/v1/moved?to=/v1/y").json() == {"rate": 7}
assert chat([], model="small").json()["usage"] == {"total_tokens": 60}
assert scope()["left"]["calls"] < 50
assert scope()["left"]["tokens"] == 40
assert memory.upsert([{"id": "a", "text": "the rate was seven", "payload": {"year": 2026}}]) == 1
(hit,) = memory.search("which rate?", filter={"year": {"gte": 2026}})
assert (hit.id, hit.text, hit.payload) == ("a", "the rate was seven", {"year": 2026})
assert memory.get(["a", "b"]).keys() == {"a"} and memory.count() == memory.delete(["a"]) == 1
"""
KEEPS: Final = """
from awgp_agent import memory
if memory.count() == 0:
    memory.upsert([{"id": "a", "text": "everybody looks for this: of-the-clerk"}])
    memory.upsert([{"id": "a", "vector": [1, 0]}], collection="vectors")
else:
    assert memory.get(["a"])["a"]["text"].endswith("of-the-clerk")
    assert memory.count() == memory.count(collection="vectors") == 1
"""
# Says what it was told of the clerk's; silence is right.
ANOTHERS: Final = """
import json
from awgp_agent import GatewayError, memory
from awgp_agent._fetch import _call
def told(what, ask):
    try:
        said = ask()
    except GatewayError as error:
        said = error
    if "of-the-clerk" in repr(getattr(said, "__dict__", said)) or said in (1, {"count": 1}):
        print(what, said)
def texts(**more):
    return [hit.text for hit in memory.search("everybody looks for this", limit=100, **more)]
told("search", texts)
told("vectors", lambda: [h.id for h in memory.search(vector=[1, 0], collection="vectors")] != [])
for whose in (TENANT, ASSISTANT):
    for key in ("tenant", "assistant", "payload.tenant", "../tenant", "collection"):
        told(key, lambda: texts(filter={key: whose}))
        told(key, lambda: memory.count(filter={key: {"any": [whose]}}))
        told(key, lambda: memory.delete(filter={key: whose}))
for name in (f"../{ASSISTANT}/default", f"../../{TENANT}/{ASSISTANT}/default", "default.words",
             f"awgp-{TENANT.replace('-', '')}-{ASSISTANT.replace('-', '')}-default", "*", "."):
    told(name, lambda: texts(collection=name))
    told(name, lambda: memory.get(["a"], collection=name))
    told(name, lambda: memory.delete(["a"], collection=name))
for more in ({"tenant": TENANT, "assistant": ASSISTANT}, {"payload": {"tenant": TENANT}}):
    body = {"collection": "default", "ids": ["a"], **more}
    told(more, lambda: _call("POST", "/v1/memory/get", json.dumps(body).encode()))
    told(more, lambda: _call("POST", "/v1/memory/delete", json.dumps(body).encode()))
told("get", lambda: memory.get(["a", f"{TENANT}/{ASSISTANT}/default/a"]))
told("delete", lambda: memory.delete(["a"]))
memory.upsert([{"id": "a", "text": "mine", "payload": {"tenant": TENANT, "assistant": ASSISTANT}}])
assert memory.count() == 1
"""
# The largest that can be asked, of texts that are all different words, and more, at once.
OVERFILLS: Final = """
import threading
from awgp_agent import GatewayError, memory
def entries(count, most):
    words = " ".join(str(n) for n in range(10_000, 10_000 + most // 6))
    return [{"id": str(n), "text": f"{n} {words}"} for n in range(count)]
def ask(count, most, name):
    try:
        memory.upsert(entries(count, most))
        told.append("kept")
    except GatewayError as error:
        told.append(error.name)
        if error.name != name:
            print(count, most, repr(error))
told = []
sizes = [(64, 16_000, "budget-spent"), (256, 16_000, "too-large")] * 3
threads = [threading.Thread(target=ask, args=size) for size in sizes]
for each in threads: each.start()
for each in threads: each.join()
assert len(told) == len(sizes) and memory.count() == 0
"""
# Each with what must refuse it: a rule that is not there, a URL that may be read in two ways, or
# the address it leads to. The rules of `let_out` are such that no other would.
LED_AWAY: Final = """
from awgp_agent import GatewayError, fetch
GRANT, READ, ADDRESS = "not among what", "the ", "an address that is refused"
def here(host):
    return OUT.replace("127.0.0.1", host) + "/v1/x"
for url, why in (
    (OUT + "/v2/secret", GRANT), (OUT + "/v1/moved?to=/v2/secret", GRANT),
    (OUT + "/v1/moved?to=http:%2f%2f10.0.0.1%2f", GRANT),
    (OUT + "/v1/%2e%2e/v2/secret", READ), (OUT + "/v1/..;/v2/secret", READ),
    (OUT + "/v1/..%20/v2/secret", READ), (OUT + "/v1/moved?to=file:%2f%2f%2fetc%2fpasswd", READ),
    (here("127.1"), READ), (here("0x7f000001"), READ), (here("user@127.0.0.1"), READ),
    ("https://[::1]/", READ), ("https://localhost/", ADDRESS),
    ("http://169.254.169.254/latest/meta-data/", ADDRESS),
    (OUT + "/v1/moved?to=http:%2f%2f169.254.169.254%2flatest%2f", ADDRESS),
):
    try:
        print("reached", url, fetch(url))
    except GatewayError as error:
        expected = "address-refused" if why is ADDRESS else "not-allowed"
        read = why is READ and str(error).startswith(READ)
        if error.name != expected or not (read or why is not READ and why in str(error)):
            print(url, repr(error), error.name)
"""
SMUGGLES: Final = """
import json, socket
body = json.dumps({"url": OUT + "/v1/smuggled"}).encode()
head = b"POST /v1/fetch HTTP/1.1\\r\\nHost: g\\r\\n"
evil = head + b"Content-Length: %d\\r\\n\\r\\n%s" % (len(body), body)
for sent in (
    head + b"Content-Length: 0\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n0\\r\\n\\r\\n" + evil,
    head + b"Transfer-Encoding: chunked\\r\\nContent-Length: 5\\r\\n\\r\\n0\\r\\n\\r\\n" + evil,
    head + b"Content-Length: 0\\r\\n\\r\\n" + evil,
    head + b"Content-Length: 0\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(evil) + evil,
    head + b"Content-Length: 2\\n\\r\\n{}" + evil,
    head + b"X: " + b"x" * 90_000 + b"\\r\\n\\r\\n" + evil,
    b"CONNECT 127.0.0.1:22 HTTP/1.1\\r\\nHost: g\\r\\n\\r\\n" + evil,
    b"GET http://169.254.169.254/ HTTP/1.1\\r\\nHost: g\\r\\n\\r\\n",
):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect("/run/awgp/gateway.sock")
        try:
            s.sendall(sent)
        except BrokenPipeError:
            continue
        said = b"".join(iter(lambda: s.recv(65536), b""))
        if said.count(b"HTTP/1.1 ") > 1 or not said.startswith((b"HTTP/1.1 400", b"HTTP/1.1 404")):
            print(sent[:60], said[:60])
"""
BEYOND: Final = """
import os, socket
G = "/run/awgp"
def tries(what, do):
    try:
        do()
    except OSError:
        return
    print("could", what)
tries("list", lambda: os.listdir(G))
tries("unlink", lambda: os.unlink(G + "/gateway.sock"))
tries("rename", lambda: os.rename(G + "/gateway.sock", G + "/other"))
tries("write", lambda: open(G + "/x", "w"))
tries("bind", lambda: socket.socket(socket.AF_UNIX).bind(G + "/x"))
tries("link", lambda: os.link(G + "/gateway.sock", "/tmp/x"))
tries("open", lambda: open(G + "/gateway.sock", "rb"))
tries("chmod", lambda: os.chmod(G + "/gateway.sock", 0o777))
for path in (OTHER, G + "/../../" + OTHER, G + "/..", "/run/other"):
    tries("reach " + path, lambda: socket.socket(socket.AF_UNIX).connect(path))
PORT = int(OUT.rpartition(":")[2])
tries("reach the net", lambda: socket.create_connection(("127.0.0.1", PORT), 1))
tries("resolve", lambda: socket.getaddrinfo("example.com", 80))
"""


@pytest.fixture(scope="module", autouse=True)
def remembering(shared_site: Site, port: int) -> None:
    """The owner of memories is there before anybody looks what the machine is like."""
    assert said(shared_site.host.run(let_out(shared_site, port, KEEPS))) == []


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with answering() as port:
        yield port


def let_out(
    site: Site, port: int, program: str, *, other: str = "/x", **budget: int
) -> ExecutionSpec:
    rules: list[dict[str, Any]] = [
        {"url": f"http://127.0.0.1:{port}/v1/", "methods": ["GET", "POST"], "private": True},
        # What the policy allows still leads nowhere it must not.
        {"url": "https://localhost/", "methods": ["GET"]},
        {"url": "http://169.254.169.254/", "methods": ["GET"], "private": True},
    ]
    llm = {"url": rules[0]["url"], "models": ["small"], "tokens": 100, "private": True}
    said = {"fetch": rules, "budget": {**BUDGET, **budget}, "llm": llm, "memory": {"entries": 9}}
    scope = Scope.from_json(said)
    text = f'OUT, OTHER = "http://127.0.0.1:{port}", {other!r}\n{program}'
    return replace(site.spec_of(text, memory_bytes=64 * 1024 * 1024), scope=scope)


def said(result: ExecutionResult) -> list[str]:
    assert result.reason is ExitReason.OK, result
    return [line.text for line in result.lines]


def test_the_gateway_leads_where_it_was_granted_and_nowhere_else(site: Site, port: int) -> None:
    Server.asked.clear()
    result = site.launch(let_out(site, port, HONEST + LED_AWAY + SMUGGLES + BEYOND))
    assert said(result) == []
    paths = [path for path, _ in Server.asked if not path.startswith(MOVED)]
    assert paths == ["/v1/x", "/v1/y", "/v1/chat/completions"]
    assert [call.number for call in result.calls] == [*range(1, len(result.calls) + 1)]
    answered = [call for call in result.calls if not call.error]
    remembered = [call for call in answered if call.destination == "memory:"]
    assert (len(answered) - len(remembered), len(remembered)) == (len(Server.asked), 5)
    assert {call.error for call in result.calls} == {"", "not-allowed", "address-refused"}
    # The host's log has them as they happened, and nothing a guess could be tested by.
    log = (site.host.folder / "log").read_text()
    assert log.count("gateway_call_begun") >= len(result.calls)
    digests = {digest for call in answered for digest in (call.request, call.response)}
    assert not any(digest in log for digest in digests)


def test_another_sandboxs_socket_is_out_of_reach(site: Site, port: int) -> None:
    waits = let_out(site, port, "import time\nprint('here', flush=True)\ntime.sleep(99)")
    beside = Beside(site, waits, until="here")
    # Others may be about to be parked.
    alone: list[str] = []

    def is_alone() -> bool:
        alone[:] = _running(site)
        return len(alone) == 1

    until(is_alone, "the other sandbox alone")
    (name,) = alone
    other = site.host.folder / "state/sandboxes" / name / "gateway/gateway.sock"
    assert other.is_socket()
    assert said(site.launch(let_out(site, port, BEYOND, other=str(other)))) == []
    assert beside.kill().reason is ExitReason.KILLED


def test_without_its_gateway_a_sandbox_has_no_way_out(site: Site, port: int) -> None:
    program = """
import sys, time
from awgp_agent import NoGateway, fetch
fetch(OUT + "/v1/x")
print("out", flush=True)
while True:
    try:
        fetch(OUT + "/v1/x")
        time.sleep(0.05)
    except NoGateway:
        break
"""
    killed: list[int] = []

    def is_alone() -> bool:
        found = _gateways(site)
        if len(found) == 1:
            killed.extend(found)
        return bool(killed)

    def kill(line: object) -> None:
        if not killed:
            until(is_alone, "its gateway alone")
            os.kill(killed[0], signal.SIGKILL)

    with site.host.client.launch(let_out(site, port, program + BEYOND, calls=1000), 600) as run:
        result = run.wait(kill)
    assert said(result) == ["out"]


def test_a_sandbox_that_was_granted_nothing_has_no_socket(site: Site) -> None:
    program = "import os\nfrom awgp_agent import NoGateway, fetch\nprint(os.listdir('/run/awgp'))\n"
    program += "try: fetch('https://example.com/')\nexcept NoGateway: print('none')\n"
    assert said(site.run(program)) == ["[]", "none"]


@pytest.mark.attacks
def test_a_credential_that_is_echoed_is_struck_out(site: Site, port: int) -> None:
    """The server answers with what it is sent; the agent guesses, and is told nothing."""
    program = """
import glob, os
from awgp_agent import fetch
answer = fetch(OUT + "/v1/echoed")
print("told" if "of-the-erp" in repr(vars(answer)) else "not told", answer.text().count("*"))
for path in glob.glob("/proc/*/environ") + glob.glob("/proc/*/cmdline") + ["/input/request.json"]:
    try:
        if b"of-the-erp" in open(path, "rb").read():
            print("found in", path)
    except OSError:
        pass
"""
    spec = let_out(site, port, program)
    (rule, *_) = spec.scope.grants
    scope = replace(spec.scope, grants=(replace(rule, credential="erp"),))
    erp = Injection(header="Authorization", value="Bearer of-the-erp")
    result = site.launch(replace(spec, scope=scope, credentials={"erp": erp}))
    assert said(result) == ["not told 17"]
    assert Server.asked[-1][1]["authorization"] == erp.value
    assert "of-the-erp" not in repr(result)
    assert "of-the-erp" not in (site.host.folder / "log").read_text()


@pytest.mark.attacks
def test_a_flood_of_calls_ends_with_the_budget(site: Site, port: int) -> None:
    program = """
import threading
from awgp_agent import BudgetSpent, GatewayError, fetch
def flood():
    for n in range(200):
        try:
            fetch(OUT + "/v1/x", method="POST", body=b"x" * 1000)
        except BudgetSpent:
            pass
threads = [threading.Thread(target=flood) for _ in range(8)]
for each in threads: each.start()
for each in threads: each.join()
"""
    Server.asked.clear()
    result = site.launch(let_out(site, port, program))
    assert said(result) == []
    # And that it was spent is told once.
    assert (len(Server.asked), len(result.calls)) == (50, 51)
    assert [call.number for call in result.calls if call.error] == [51]


@pytest.mark.attacks
def test_nobody_reaches_anothers_memory(site: Site, port: int) -> None:
    """Neither another assistant of the tenant, nor one of the same id in another tenant."""
    clerk = let_out(site, port, KEEPS)
    ids = f"TENANT, ASSISTANT = {str(clerk.tenant_id)!r}, {str(clerk.assistant_id)!r}\n"
    assert said(site.launch(clerk)) == []
    attacker = replace(
        let_out(site, port, ids + ANOTHERS, calls=200),
        tenant_id=clerk.tenant_id,
        assistant_id=clerk.assistant_id,
    )
    for other in (replace(attacker, tenant_id=uuid4()), replace(attacker, assistant_id=uuid4())):
        assert said(site.launch(other)) == []
    assert said(site.launch(clerk)) == []
    assert site.host.client.forget(clerk.tenant_id, clerk.assistant_id) == 2


@pytest.mark.attacks
def test_no_request_to_its_memory_ends_a_gateway(site: Site, port: int) -> None:
    spec = let_out(site, port, OVERFILLS, bytes=100_000_000)
    assert said(site.launch(spec)) == []


def _running(site: Site) -> set[str]:
    """Names of sandboxes that something runs in."""
    return set(site.host.sandboxes()) - site.host.ahead()


def _gateways(site: Site) -> list[int]:
    """Gateways of sandboxes that are not parked."""
    found = []
    for pid in site.machine.enclosure.processes():
        arguments = arguments_of(pid).split("\0")  # of one that is about to go, none
        if "runtime_host.gateway" in arguments and not set(arguments) & set(site.host.parked()):
            found.append(pid)
    return found
