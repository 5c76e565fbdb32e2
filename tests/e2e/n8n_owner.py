"""N8N as its owner: our flows put in, with the credentials they need, and switched on.

By the calls its own canvas makes; they are those of the one version we install.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

import httpx

from ops.embedded.data_folder import DataFolder
from ops.embedded.n8n import OWNER, n8n_url
from ops.n8n_packages import HOME
from tests.integration.processes import wait_until

FLOWS: Final = HOME / "workflows"
SECONDS: Final = 60
WEBHOOK: Final = "n8n-nodes-base.webhook"
TRIGGER: Final = "n8n-nodes-awgp.awgpTrigger"


@dataclass(slots=True, kw_only=True)
class N8nOwner:
    """The owner, signed in."""

    url: str
    browser: httpx.Client
    credentials: dict[str, str] = field(default_factory=dict)

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        answer = self.browser.request(method, f"/rest{path}", json=body)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        return answer.json().get("data")

    def keep(self, name: str, kind: str, data: Mapping[str, Any]) -> None:
        """Keep a credential, under the id our flows know it by."""
        body = {"name": name, "type": kind, "data": data}
        self.credentials[kind] = self.call("POST", "/credentials", body)["id"]

    def switch_on(self, name: str, change: "Callable[[Flow], None] | None" = None) -> "Flow":
        """Put one of the flows we ship into N8N, as it is or a little changed, and publish it."""
        flow = read_flow(name)
        if change is not None:
            change(flow)
        return self.publish(flow)

    def publish(self, flow: "Flow") -> "Flow":
        for node in flow.told["nodes"]:
            for kind, known in node.get("credentials", {}).items():
                known["id"] = self.credentials[kind]
        flow.told.pop("id", None)
        made = self.call("POST", "/workflows", flow.told)
        body = {"versionId": made["versionId"]}
        self.call("POST", f"/workflows/{made['id']}/activate", body)
        flow.told = made
        # It publishes when it gets to it.
        url = f"{self.url}{flow.url}"
        wait_until(lambda: httpx.post(url, timeout=SECONDS).status_code != 404, f"{url} to listen")
        return flow


@dataclass(slots=True)
class Flow:
    """A flow as its file says it."""

    told: dict[str, Any]

    def node(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = next(n for n in self.told["nodes"] if n["name"] == name)
        return found

    def set(self, name: str, **parameters: Any) -> None:
        self.node(name)["parameters"] |= parameters

    def replace(self, name: str, kind: str, version: float, parameters: Mapping[str, Any]) -> None:
        """Put other work in the place of a node."""
        self.node(name).update(type=kind, typeVersion=version, parameters=dict(parameters))

    def add(self, name: str, kind: str, version: float, parameters: Mapping[str, Any]) -> None:
        place = [220 * len(self.told["nodes"]), 300]
        node = {"id": str(uuid4()), "name": name, "type": kind, "typeVersion": version}
        if kind in (WEBHOOK, TRIGGER):
            node["webhookId"] = str(uuid4())
        self.told["nodes"].append({**node, "position": place, "parameters": dict(parameters)})

    def add_after(
        self, before: str, name: str, kind: str, version: float, parameters: Mapping[str, Any]
    ) -> None:
        """Let one more node follow on what ends the flow now."""
        self.add(name, kind, version, parameters)
        link = {"node": name, "type": "main", "index": 0}
        self.told["connections"][before] = {"main": [[link]]}

    @property
    def url(self) -> str:
        """Where it listens, below N8N's own."""
        (trigger,) = (n for n in self.told["nodes"] if n["type"] in (WEBHOOK, TRIGGER))
        if trigger["type"] == TRIGGER:
            return f"/webhook/{trigger['webhookId']}/awgp"
        return f"/webhook/{trigger['parameters']['path']}"


def sign_in(data: DataFolder) -> N8nOwner:
    """As the owner whom `awgp up --with-n8n` made."""
    browser = httpx.Client(base_url=n8n_url(data), timeout=SECONDS)
    account = {"emailOrLdapLoginId": OWNER, "password": data.secret("n8n-owner")}
    owner = N8nOwner(url=n8n_url(data), browser=browser)
    owner.call("POST", "/login", account)
    return owner


def read_flow(name: str) -> Flow:
    """One of those we ship, by its file's name."""
    return Flow(json.loads((FLOWS / f"{name}.json").read_text(encoding="utf-8")))


def post_json(url: str, body: str) -> dict[str, Any]:
    """An HTTP Request node's parameters: POST this expression."""
    return {
        "method": "POST",
        "url": url,
        "sendBody": True,
        "specifyBody": "json",
        "jsonBody": body,
        "options": {},
    }


def set_fields(fields: Mapping[str, str]) -> dict[str, Any]:
    """An Edit Fields node's parameters: these expressions, as objects and lists."""
    rows = [
        {
            "id": name,
            "name": name,
            "value": value,
            "type": "array" if "all()" in value else "object",
        }
        for name, value in fields.items()
    ]
    return {"assignments": {"assignments": rows}, "options": {}}
