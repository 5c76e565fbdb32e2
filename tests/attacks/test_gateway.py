"""The one way out, attacked from inside: it leads where it was granted, and nowhere else."""

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

import pytest

from pipeline.execution import ExecutionResult, ExecutionSpec, ExitReason
from pipeline.gateway_scope import Injection, Scope
from tests.attacks.site import Site
from tests.attacks.test_neighbours import Beside
from tests.integration.gateway_server import MOVED, Server, answering
from tests.integration.own_host import until

pytestmark = pytest.mark.runsc

BUDGET: Final = {"calls": 50, "bytes": 100_000, "answer_bytes": 10_000, "call_seconds": 5}
# What each says got through; silence is right.
HONEST: Final = """
from awgp_agent import chat, fetch, scope
assert fetch(OUT + "/v1/x", method="POST", json=[1]).json() == [1]
assert fetch(OUT + "/v1/moved?to=/v1/y").json() == {"rate": 7}
assert chat([], model="small").json()["usage"] == {"total_tokens": 60}
assert scope()["left"]["calls"] < 50
assert scope()["left"]["tokens"] == 40
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
    scope = Scope.from_json({"fetch": rules, "budget": {**BUDGET, **budget}, "llm": llm})
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
    assert len(answered) == len(Server.asked)
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
    until(lambda: len(_running(site)) == 1, "the other sandbox alone")
    (name,) = _running(site)
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

    def kill(line: object) -> None:
        if not killed:
            until(lambda: len(_gateways(site)) == 1, "its gateway alone")
            killed.extend(_gateways(site))
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


def _running(site: Site) -> set[str]:
    """Names of sandboxes that are not parked."""
    return set(site.host.sandboxes()) - set(site.host.parked())


def _gateways(site: Site) -> list[int]:
    """Gateways of sandboxes that are not parked."""
    found = []
    for pid in site.machine.enclosure.processes():
        with open(f"/proc/{pid}/cmdline", "rb") as file:  # noqa: PTH123
            arguments = file.read().decode().split("\0")
        if "runtime_host.gateway" in arguments and not set(arguments) & set(site.host.parked()):
            found.append(pid)
    return found
