"""The edge as its callers meet it: senders who sign, people and machines with tokens."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import dramatiq
import httpx
from dramatiq.brokers.stub import StubBroker
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import RSAKey
from sqlalchemy import Engine, text
from werkzeug.test import TestResponse

from ingest.app import create_app
from ingest.notebook import Notebook
from pipeline.outbox import Outbox
from pipeline.run import Stage
from pipeline.settings import Settings
from tests.integration.world import ISSUER, SECRET, TenantWorld, World

KEY = RSAKey.generate_key(2048, {"kid": "test", "use": "sig"})
KEK = "test:QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVowMTIzNDU="
WRITTEN = ("runs", "run_payloads", "idempotency_keys", "handoffs", "audit_pending", "persons")


def token(subject: str = "acme-ada", *, tenant: str = "acme", **changed: Any) -> str:
    """A person's access token; `groups` and every other claim can be changed."""
    claims = {
        "iss": ISSUER,
        "aud": "awgp",
        "sub": subject,
        "azp": "awgp-web",
        "name": "Ada",
        # As long as the longest session of tests.
        "exp": int(time.time()) + 7200,
        "groups": [f"{tenant}-operators"],
        "realm_access": {"roles": []},
    }
    return jwt.encode({"alg": "RS256", "kid": "test", "typ": "at+jwt"}, claims | changed, KEY)


def bearer(*args: Any, **changed: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {token(*args, **changed)}"}


def signed(
    body: bytes, *, event: str = "evt_1", at: int | None = None, secret: bytes = SECRET
) -> dict[str, str]:
    """Headers of Standard Webhooks, made by the letter of its specification."""
    stamp = str(int(time.time()) if at is None else at)
    mac = hmac.new(secret, f"{event}.{stamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": event,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{base64.b64encode(mac).decode()}",
        "Content-Type": "application/json",
    }


def identity_provider(request: httpx.Request) -> httpx.Response:
    if request.url.path.endswith("/openid-configuration"):
        return httpx.Response(200, json={"issuer": ISSUER, "jwks_uri": f"{ISSUER}/jwks"})
    return httpx.Response(200, json={"keys": [KEY.as_dict(private=False)]})


def settings(**changed: Any) -> Settings:
    known: dict[str, Any] = {
        "oidc_issuer": ISSUER,
        "kek": KEK,
        "max_body_bytes": 4096,
        "max_json_depth": 8,
    }
    return Settings(**(known | changed))


def stub_broker() -> StubBroker:
    """Keeps what is sent in memory."""
    broker = StubBroker(middleware=[])
    for stage in Stage:
        broker.declare_queue(stage.value)
    return broker


@dataclass(slots=True)
class Door:
    """One app over a real database, and the superuser's eye on what it wrote."""

    engine: Engine
    admin: Engine
    broker: dramatiq.Broker = field(default_factory=stub_broker)
    changed: Mapping[str, Any] = field(default_factory=dict)
    # A machine with more to do than a test makes PostgreSQL silent for longer than the edge bears.
    silence_seconds: float = 60.0
    client: FlaskClient = field(init=False)
    notebook: Notebook = field(init=False)

    def __post_init__(self) -> None:
        app = create_app(
            settings(**self.changed),
            engine=self.engine,
            broker=self.broker,
            http=httpx.Client(transport=httpx.MockTransport(identity_provider)),
            now=lambda: datetime.now(UTC),
            notebook=self._take_notes,
            silence_seconds=self.silence_seconds,
        )
        self.client = app.test_client()

    def _take_notes(self, outbox: Outbox) -> Notebook:
        """Written when a test asks for it."""
        self.notebook = Notebook(outbox, background=False)
        return self.notebook

    def hook(self, tenant: TenantWorld, body: bytes, **signing: Any) -> TestResponse:
        return self.client.post(
            f"/v1/hooks/{tenant.source_id}", data=body, headers=signed(body, **signing)
        )

    def ask(
        self, body: Any, headers: Mapping[str, str] | None = None, **changed: Any
    ) -> TestResponse:
        return self.client.post(
            "/v1/runs", json=body, headers=bearer(**changed) | dict(headers or {})
        )

    def counts(self) -> dict[str, int]:
        """Rows by table, of every tenant."""
        with self.admin.connect() as connection:
            return {
                table: connection.execute(
                    text(f"SELECT count(*) FROM awgp.{table}")
                ).scalar_one()  # our own names
                for table in WRITTEN
            }

    def stored_payload(self, run: str) -> bytes:
        with self.admin.connect() as connection:
            return bytes(
                connection.execute(
                    text("SELECT payload FROM awgp.run_payloads WHERE run_id = :run"),
                    {"run": UUID(run)},
                ).scalar_one()
            )

    def audit_of(self, run: str) -> list[dict[str, Any]]:
        with self.admin.connect() as connection:
            rows = connection.execute(
                text("SELECT record FROM awgp.audit_pending ORDER BY pending_id")
            ).scalars()
            return [row for row in rows if row["resource"]["id"] == run]


def problem(response: TestResponse) -> tuple[int, str]:
    """Status and slug; it must be a whole problem and hold nothing of ours."""
    assert response.content_type == "application/problem+json"
    body = json.loads(response.data)
    assert body["status"] == response.status_code
    assert body["title"]
    assert body["detail"]
    assert "Traceback" not in response.text
    assert SECRET.decode() not in response.text
    return response.status_code, str(body["type"]).removeprefix("urn:awgp:problem:")


@contextmanager
def nothing_left_behind(door: Door) -> Iterator[None]:
    before = door.counts()
    yield
    assert door.counts() == before


def held_key(door: Door, world: World, scope: str, key: str) -> Any:
    """Another request, between its insert and its commit."""
    connection = door.admin.connect()
    connection.execute(
        text(
            "INSERT INTO awgp.idempotency_keys (tenant_id, scope, key, request_digest, run_id)"
            " VALUES (:tenant, :scope, :key, 'x', gen_random_uuid())"
        ),
        {"tenant": world.acme.tenant_id, "scope": scope, "key": key},
    )
    return connection
