"""The demo's Acme with a real N8N beside it, our flows in it, and what the flows reach."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import httpx

from ops.demo.clients import Person, expect
from ops.demo.stage import DemoStage
from ops.embedded.oidc import issuer_url
from ops.embedded.oidc_login import token_for
from tests.e2e.n8n_owner import Flow, N8nOwner, post_json, read_flow, set_fields
from tests.integration.processes import PATIENCE_SECONDS, wait_until

CALLER: Final = {"X-Key": "let-me-in"}
SETTINGS: Final = {
    "allow_private": True,
    # What `--n8n` says.
    "expect": {"body_lacks": "n8n is starting up"},
    "retry_status": [404],
    "retry_seconds": [6] * 30,
}
BODY: Final = "$('Called').item.json.body"
KEPT: Final = "RE-2"
ENDED: Final = frozenset({"completed", "denied", "rejected", "expired", "failed", "cancelled"})


@dataclass(slots=True, kw_only=True)
class Desk:
    """Somewhere flows do their work and tell of it. While `open` is clear it keeps who comes."""

    url: str
    told: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    tokens: int = 0
    open: threading.Event = field(default_factory=threading.Event)

    def of(self, path: str, **members: Any) -> list[dict[str, Any]]:
        """What was told there, with these members in it."""
        return [
            body
            for where, body in list(self.told)
            if where == path and members.items() <= body.items()
        ]


@contextmanager
def open_desk() -> Iterator[Desk]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Clerk)
    server.daemon_threads = True
    desk = Desk(url=f"http://127.0.0.1:{server.server_address[1]}")
    desk.open.set()
    server.desk = desk  # type: ignore[attr-defined]  # the handler's way to it
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield desk
    finally:
        desk.open.set()
        server.shutdown()
        server.server_close()


class _Clerk(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        desk: Desk = self.server.desk  # type: ignore[attr-defined]  # see above
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/token":
            desk.tokens += 1
            self._answer(200, {"access_token": f"token-{desk.tokens}", "token_type": "bearer"})
            return
        desk.told.append((self.path, json.loads(body)))
        desk.open.wait(PATIENCE_SECONDS)
        self._answer(200, {})

    def do_GET(self) -> None:
        """Be an AWGP whose first access token has expired, is restarted then, and has no run."""
        desk: Desk = self.server.desk  # type: ignore[attr-defined]  # see above
        desk.asked.append(self.headers["Authorization"])
        match len(desk.asked):
            case 1:
                self._answer(401, {"type": "urn:awgp:problem:bearer-invalid", "status": 401})
            case 2:
                self._answer(503, {"type": "urn:awgp:problem:database-away", "status": 503})
            case _:
                told = {"title": "Run not found", "status": 404, "detail": "there is no such run"}
                self._answer(404, {"type": "urn:awgp:problem:run-not-found", **told})

    def _answer(self, status: int, body: Mapping[str, Any]) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_: object) -> None:
        """Nothing: the tests look at `told`."""


@dataclass(slots=True, kw_only=True)
class N8nStage:
    """Everything that runs, and who acts."""

    stage: DemoStage
    owner: N8nOwner
    desk: Desk
    people: dict[str, Person] = field(default_factory=dict)
    flows: dict[str, Flow] = field(default_factory=dict)
    secret: str = field(default="", repr=False)
    approvals: dict[str, str] = field(default_factory=dict)

    def person(self, name: str) -> Person:
        if name not in self.people:
            data = self.stage.data
            token = token_for(data, name, data.secret(f"person-{name}")).access_token
            urls = self.stage.urls
            self.people[name] = Person(
                name=name, ingest=urls["ingest"], web=urls["web"], token=token
            )
        return self.people[name]

    def invoice(self, number: str, **members: Any) -> dict[str, Any]:
        lines = [{"quantity": 2, "unit_cents": 21_000}]
        known = {"number": number, "supplier": "Brenner Stahl", "currency": "EUR"}
        return {**known, "amount_cents": 42_000, "lines": lines, **members}

    def call(self, flow: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Call a flow by its webhook, as who may."""
        url = f"{self.owner.url}{self.flows[flow].url}"
        answer = httpx.post(url, json=body, headers=CALLER, timeout=PATIENCE_SECONDS)
        assert answer.is_success, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def held(self, run: str) -> dict[str, Any]:
        """Wait until people are asked about a run, and return the question."""
        ben = self.person("ben")
        wait_until(lambda: ben.run(run)["status"] == "held", f"run {run} to be held")
        return ben.open_approval(run)

    def approve(self, run: str) -> None:
        approval = self.held(run)
        self.approvals[run] = approval["id"]
        expect(self.person("ben").vote(approval, "approve", "order 4711"), 200)

    def told_in_chat(self, run: str, text: str) -> bool:
        """Whether the flow that tells of approvals told this of a run that people decided."""
        approval = self.approvals[run]
        page = f"{self.stage.urls['web']}/t/acme/approvals/{approval}"
        return any(each["text"].startswith(text) for each in self.desk.of("/chat", url=page))

    def ended(self, run: str, *, seconds: float = PATIENCE_SECONDS) -> dict[str, Any]:
        ben = self.person("ben")
        wait_until(lambda: ben.run(run)["status"] in ENDED, f"run {run} to end", seconds=seconds)
        return ben.run(run)


def set_up(stage: N8nStage) -> None:
    """Put in the flows we ship, each with what it needs in AWGP, and one that tries the node."""
    _keep_credentials(stage)
    stage.flows["submit"] = stage.owner.switch_on("submit-and-wait", lambda f: _tell(stage, f))
    stage.secret = _target(stage, "n8n-results", "take-a-result-once")
    stage.flows["take"] = stage.owner.switch_on("take-a-result-once", lambda f: _work(stage, f))
    _target(stage, "n8n-approvals", "tell-of-an-approval")
    stage.flows["tell"] = stage.owner.switch_on("tell-of-an-approval", lambda f: _chat(stage, f))
    stage.flows["node"] = stage.owner.publish(node_flow())
    _deliver_to(stage, "n8n-results")
    cleo = stage.person("cleo")
    events = ["approval.opened", "run.completed", "run.failed"]
    channel = {"name": "n8n", "kind": "webhook", "target": "n8n-approvals", "events": events}
    expect(cleo.post(f"{cleo.web}/v1/notice-channels", channel), 201)


def _keep_credentials(stage: N8nStage) -> None:
    data, urls, erp = stage.stage.data, stage.stage.urls, stage.stage.demo.acme.senders["erp"]
    client = {
        "ingestUrl": urls["ingest"],
        "webUrl": urls["web"],
        "accessTokenUrl": f"{issuer_url(data)}/token",
        "clientId": "acme-erp",
        "clientSecret": data.secret("oidc-client-acme-erp"),
    }
    fixed = {"tenant": "", "scope": "", "grantType": "clientCredentials"}
    stage.owner.keep(
        "AWGP machine client", "awgpOAuth2Api", {**client, **fixed, "authentication": "header"}
    )
    ((name, value),) = CALLER.items()
    stage.owner.keep("Who may call", "httpHeaderAuth", {"name": name, "value": value})
    hook = f"{urls['ingest']}/v1/hooks/{erp.source_id}"
    stage.owner.keep("AWGP source", "awgpSourceApi", {"hookUrl": hook, "secret": erp.whsec})


def _target(stage: N8nStage, name: str, flow: str) -> str:
    """Make a flow that is not in N8N yet a target of Acme's; N8N is given its secret."""
    cleo = stage.person("cleo")
    body = {"name": name, "url": f"{stage.owner.url}{read_flow(flow).url}", "settings": SETTINGS}
    secret: str = expect(cleo.post(f"{cleo.web}/v1/targets", body), 201)["secret"]
    stage.owner.keep("AWGP target", "awgpTargetApi", {"secret": secret})
    return secret


def _deliver_to(stage: N8nStage, target: str) -> None:
    cleo = stage.person("cleo")
    url = f"{cleo.web}/v1/assistants/invoice-booker"
    found = cleo.get(url)
    body = {"bundle": expect(found, 200)["bundle"], "targets": [target]}
    headers = {"Authorization": f"Bearer {cleo.token}", "If-Match": found.headers["ETag"]}
    answer = httpx.post(f"{url}/versions", json=body, headers=headers, timeout=PATIENCE_SECONDS)
    assert answer.is_success, answer.text


def _tell(stage: N8nStage, flow: Flow) -> None:
    # Of all but one it waits itself; of that one N8N is killed while N8N keeps it.
    flow.set("Wait for it", waitSeconds=f"={{{{ {BODY}.number === '{KEPT}' ? 0 : 120 }}}}")
    flow.set("Look again later", amount=70, unit="seconds")
    told = post_json(f"{stage.desk.url}/outcome", "={{ $json }}")
    flow.add_after("Outcome", "Tell", "n8n-nodes-base.httpRequest", 4.2, told)


def _work(stage: N8nStage, flow: Flow) -> None:
    told = post_json(f"{stage.desk.url}/work", "={{ $('A result comes').item.json }}")
    flow.replace("Your work", "n8n-nodes-base.httpRequest", 4.2, told)
    # What was begun and not done is begun again after so long: a flow of this test takes no more.
    was = flow.node("Being done?")["parameters"]["conditions"]["conditions"][0]
    was["leftValue"] = was["leftValue"].replace("60000", "3000")


def _chat(stage: N8nStage, flow: Flow) -> None:
    flow.set("An approval is requested", events=["approvalRequested", "runCompleted", "runFailed"])
    flow.set("Tell the chat", url=f"{stage.desk.url}/chat")


def flow_at_the_desk(stage: N8nStage) -> Flow:
    """A flow that waits for a run of an AWGP that the desk plays, and goes on where that fails."""
    kept, url = dict(stage.owner.credentials), stage.desk.url
    client = {"clientId": "x", "clientSecret": "y", "grantType": "clientCredentials"}
    urls = {"ingestUrl": url, "webUrl": url, "accessTokenUrl": f"{url}/token"}
    fixed = {"tenant": "", "scope": "", "authentication": "header"}
    stage.owner.keep("AWGP played", "awgpOAuth2Api", {**client, **urls, **fixed})
    flow = Flow({"name": "AWGP: the desk", "nodes": [], "connections": {}, "settings": {}})
    hook = {"httpMethod": "POST", "path": "awgp-desk", "responseMode": "lastNode"}
    flow.add("Called", "n8n-nodes-base.webhook", 2.1, {**hook, "authentication": "headerAuth"})
    flow.node("Called")["credentials"] = {"httpHeaderAuth": {"name": "Who may call"}}
    wait = {"resource": "run", "operation": "wait", "runId": "4711", "waitSeconds": 0}
    flow.add_after("Called", "Wait", "n8n-nodes-awgp.awgp", 1, wait)
    flow.node("Wait").update(onError="continueRegularOutput")
    flow.node("Wait")["credentials"] = {"awgpOAuth2Api": {"name": "AWGP played"}}
    stage.owner.publish(flow)
    stage.owner.credentials |= kept
    return flow


def node_flow() -> Flow:
    """Each operation of the node that the flows we ship leave out."""
    node, machine = "n8n-nodes-awgp.awgp", {"awgpOAuth2Api": {"name": "AWGP machine client"}}
    flow = Flow({"name": "AWGP: the node", "nodes": [], "connections": {}, "settings": {}})
    hook = {"httpMethod": "POST", "path": "awgp-node", "responseMode": "lastNode"}
    flow.add("Called", "n8n-nodes-base.webhook", 2.1, {**hook, "authentication": "headerAuth"})
    flow.node("Called")["credentials"] = {"httpHeaderAuth": {"name": "Who may call"}}
    signed = {"operation": "submit", "authentication": "source", "payload": "={{ $json.body }}"}
    flow.add_after("Called", "Send", node, 1, {"resource": "run", **signed})
    flow.node("Send")["credentials"] = {"awgpSourceApi": {"name": "AWGP source"}}
    flow.add_after("Send", "Look", node, 1, {"resource": "run", "operation": "get"})
    flow.add_after(
        "Look",
        "Short wait",
        node,
        1,
        {"resource": "run", "operation": "wait", "waitSeconds": 1},
    )
    listed = {"resource": "approval", "operation": "getAll", "returnAll": True}
    flow.add_after("Short wait", "Waiting", node, 1, listed)
    shown = {"run": "={{ $('Short wait').item.json }}", "waiting": "={{ $input.all() }}"}
    flow.add_after("Waiting", "Shown", "n8n-nodes-base.set", 3.4, set_fields(shown))
    flow.node("Shown")["executeOnce"] = True
    for name in ("Look", "Short wait", "Waiting"):
        flow.node(name)["credentials"] = machine
    return flow
