"""What the edge is measured against, served by the same gunicorn with the same configuration.

`bare`: a view that parses JSON and answers 202. `uncoalesced`: a view as one would write it at
first: it verifies the HMAC, then commits the same five rows under the same tenant setting, a
statement a row and a transaction a request. It knows the senders' secrets beforehand, sends no
message, and checks neither depth nor times nor another body under the same key.
"""

import base64
import hashlib
import hmac
import json
import os
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from flask import Flask, Response, jsonify, request
from psycopg import Connection
from psycopg.types.json import Jsonb
from psycopg_pool import ConnectionPool

from ops import gunicorn_conf
from pipeline.ids import uuid7

SENDERS_FILE: Final = "BENCH_SENDERS_FILE"
DATABASE_URL_FILE: Final = "BENCH_DATABASE_URL_FILE"
THREADS: Final = gunicorn_conf.threads
"""One connection each."""

_KEY: Final = (
    "INSERT INTO idempotency_keys (tenant_id, scope, key, request_digest, run_id)"
    " VALUES (%s, %s, %s, %s, %s)"
)
_RUN: Final = (
    "INSERT INTO runs (tenant_id, run_id, assistant_id, source_id, requester_kind, origin,"
    " traceparent) VALUES (%s, %s, %s, %s, 'source', %s, %s)"
)
_PAYLOAD: Final = (
    "INSERT INTO run_payloads (tenant_id, run_id, epoch, content_type, payload, digest_key)"
    " VALUES (%s, %s, 1, 'application/json', %s, %s)"
)
_HANDOFF: Final = (
    "INSERT INTO handoffs (tenant_id, handoff_id, run_id, epoch, stage, next_send_at, traceparent)"
    " VALUES (%s, %s, %s, 1, 'policy', clock_timestamp() + interval '5 seconds', %s)"
)
_PENDING: Final = "INSERT INTO audit_pending (tenant_id, record) VALUES (%s, %s)"


def bare() -> Flask:
    """Make the app that does nothing but HTTP and JSON."""
    app = Flask("bare", static_folder=None)

    @app.post("/v1/hooks/<uuid:source>")
    def receive(source: UUID) -> tuple[Response, int]:
        del source
        json.loads(request.get_data())
        return jsonify(status="received"), 202

    @app.get("/readyz")
    def readyz() -> str:
        return "ready"

    return app


def uncoalesced() -> Flask:
    """Make the app that commits each request by itself; settings come from two files."""
    url = Path(os.environ[DATABASE_URL_FILE]).read_text(encoding="utf-8")
    listed = json.loads(Path(os.environ[SENDERS_FILE]).read_text(encoding="utf-8"))
    senders = {UUID(each["source"]): each for each in listed}
    pool = ConnectionPool(
        url,
        min_size=THREADS,
        max_size=THREADS,
        kwargs={"prepare_threshold": 2, "options": "-csearch_path=awgp,pg_temp"},
        open=True,
    )
    app = Flask("uncoalesced", static_folder=None)

    @app.post("/v1/hooks/<uuid:source>")
    def receive(source: UUID) -> tuple[Response, int]:
        sender, body = senders[source], request.get_data()
        event = request.headers["webhook-id"]
        content = f"{event}.{request.headers['webhook-timestamp']}.".encode() + body
        mac = hmac.new(base64.b64decode(sender["secret"]), content, hashlib.sha256).digest()
        expected = "v1," + base64.b64encode(mac).decode()
        if not hmac.compare_digest(expected, request.headers["webhook-signature"]):
            return jsonify(error="signature"), 401
        json.loads(body)
        with pool.connection() as connection:
            run_id = _commit(connection, sender, source, event, body)
        return jsonify(run=str(run_id), status="received"), 202

    @app.get("/readyz")
    def readyz() -> str:
        with pool.connection() as connection:
            connection.execute("SELECT 1")
        return "ready"

    return app


def _commit(
    connection: "Connection[Any]", sender: dict[str, str], source: UUID, event: str, body: bytes
) -> UUID:
    """The pool commits when this returns."""
    tenant, assistant = UUID(sender["tenant"]), UUID(sender["assistant"])
    run_id, trace = uuid7(), f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"
    origin = {"kind": "webhook", "scheme": "standard-webhooks", "event": event}
    digest_key = secrets.token_bytes(32)
    connection.execute("SELECT set_config('app.current_tenant', %s, true)", [str(tenant)])
    digest = hashlib.sha256(body).digest()
    connection.execute(_KEY, [tenant, f"source:{source}", event, digest, run_id])
    connection.execute(_RUN, [tenant, run_id, assistant, source, Jsonb(origin), trace])
    connection.execute(_PAYLOAD, [tenant, run_id, body, digest_key])
    record = _record(sender, source, run_id, body, digest_key)
    connection.execute(_PENDING, [tenant, Jsonb(record)])
    connection.execute(_HANDOFF, [tenant, uuid7(), run_id, trace])
    return run_id


def _record(
    sender: dict[str, str], source: UUID, run_id: UUID, body: bytes, digest_key: bytes
) -> dict[str, Any]:
    return {
        "id": str(uuid7()),
        "occurred_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "tenant": sender["tenant"],
        "actor": {"type": "source", "id": str(source)},
        "action": "ingest:run:received",
        "resource": {"type": "run", "id": str(run_id)},
        "before": None,
        "after": {"status": "received", "epoch": 1},
        "metadata": {
            "assistant": sender["assistant"],
            "commitment": hmac.new(digest_key, body, hashlib.sha256).hexdigest(),
            "content_type": "application/json",
            "size": len(body),
            "origin": "webhook",
        },
    }
