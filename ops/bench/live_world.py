"""Tenants with questions that wait for people, and an issuer whose tokens the people have."""

import contextlib
import json
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from uuid import UUID

from dramatiq.brokers.stub import StubBroker
from joserfc import jwt
from joserfc.jwk import RSAKey

from actors.hold import hold_run
from actors.policy import decide_run
from actors.stage import in_one_transaction
from ops.bench.trunk_tenants import BenchTenant, accept_runs
from ops.embedded.data_folder import DataFolder
from ops.login_engine import login_engine
from pipeline.outbox import Outbox
from pipeline.run import Stage

SOCKETS_OF_ONE: Final = 10
"""Of one person; there may be 20 in a process."""

HELD: Final = json.dumps({"event": "invoice.received", "amount_cents": 20_000}).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """An open approval, and what a vote on it must name."""

    approval_id: str
    digest: str
    tenant: str


class Issuer:
    """An identity provider of two documents."""

    def __init__(self) -> None:
        self._key = RSAKey.generate_key(2048, {"kid": "bench", "use": "sig"})
        self.url = ""

    def token(self, tenant: str, name: str, *roles: str) -> str:
        """An access token of an operator of a tenant."""
        claims = {
            "iss": self.url,
            "aud": "awgp",
            "sub": f"{tenant}-{name}",
            "name": name.title(),
            "azp": "awgp-cli",
            "exp": int(time.time()) + 3600,
            "groups": [f"{tenant}-operators"],
            "realm_access": {"roles": list(roles)},
        }
        return jwt.encode({"alg": "RS256", "kid": "bench", "typ": "at+jwt"}, claims, self._key)

    @contextlib.contextmanager
    def served(self) -> Iterator[None]:
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                content = json.dumps(issuer.document(self.path)).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            self.url = f"http://127.0.0.1:{server.server_port}/bench"
            thread = threading.Thread(target=server.serve_forever, daemon=True)
            thread.start()
            try:
                yield
            finally:
                server.shutdown()
                thread.join()

    def document(self, path: str) -> dict[str, Any]:
        if path.endswith("/openid-configuration"):
            return {"issuer": self.url, "jwks_uri": f"{self.url}/jwks"}
        return {"keys": [self._key.as_dict(private=False)]}


def tokens_of_watchers(issuer: Issuer, tenants: Sequence[BenchTenant], sockets: int) -> list[str]:
    """A token for each socket, the tenants in turn."""
    found: dict[tuple[str, int], str] = {}
    tokens = []
    for number in range(sockets):
        tenant = tenants[number % len(tenants)].slug
        person = (tenant, number // (SOCKETS_OF_ONE * len(tenants)))
        if person not in found:
            found[person] = issuer.token(tenant, f"watcher-{person[1]}")
        tokens.append(found[person])
    return tokens


def questions(data: DataFolder, tenants: Sequence[BenchTenant], count: int) -> list[Question]:
    """Open so many questions, by policy and hold as their stages do it, the tenants in turn."""
    messages = accept_runs(data, tenants, count, payload=HELD)
    engine = login_engine(data, "awgp_worker")
    outbox = Outbox(engine, _broker())
    for message in messages:
        tenant_id, handoff_id = map(UUID, message.args)
        in_one_transaction(outbox, Stage.POLICY, decide_run)(tenant_id, handoff_id)
    for tenant in tenants:
        for handoff_id in _handoffs(outbox, tenant.tenant_id):
            in_one_transaction(outbox, Stage.HOLD, hold_run)(tenant.tenant_id, handoff_id)
    found = [_open(outbox, tenant) for tenant in tenants]
    engine.dispose()
    return [question for turn in zip(*found, strict=True) for question in turn]


def _handoffs(outbox: Outbox, tenant_id: UUID) -> list[UUID]:
    with outbox.work(tenant_id) as work:
        rows = work.execute("SELECT handoff_id FROM handoffs WHERE stage = 'hold'").all()
    return [row[0] for row in rows]


def _open(outbox: Outbox, tenant: BenchTenant) -> list[Question]:
    with outbox.work(tenant.tenant_id) as work:
        rows = work.execute(
            "SELECT approval_id, action_digest FROM approvals WHERE status = 'open'"
        ).all()
    return [
        Question(approval_id=str(row[0]), digest=bytes(row[1]).hex(), tenant=tenant.slug)
        for row in rows
    ]


def _broker() -> StubBroker:
    broker = StubBroker(middleware=[])
    for stage in Stage:
        broker.declare_queue(stage.value)
    return broker
