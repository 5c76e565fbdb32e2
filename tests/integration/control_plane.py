"""The control plane over a real database, with tokens of an issuer on no network."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from unittest.mock import patch
from uuid import UUID

import fakeredis
import httpx
from flask import Flask
from flask_smorest import Blueprint
from joserfc import jwt
from joserfc.jwk import RSAKey
from psycopg.types.json import Jsonb
from sqlalchemy import create_engine
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from actors.hold import hold_run
from actors.policy import decide_run
from actors.stage import Step, in_one_transaction
from pipeline.bearer import BearerVerifier
from pipeline.ids import uuid7
from pipeline.outbox import Outbox
from pipeline.run import Stage
from pipeline.settings import Settings
from tests.integration.conftest import Database, stub_broker
from tests.integration.world import ISSUER, TenantWorld, World
from web.app import create_app
from web.operations import Operations

KEY = RSAKey.generate_key(2048, {"kid": "test", "use": "sig"})
KEK = "test:QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVowMTIzNDU="
# Nothing listens there: who comes with a token needs neither the provider nor sessions.
SETTINGS = Settings(
    kek=KEK,
    oidc_issuer=ISSUER,
    oidc_client_id="awgp",
    oidc_client_secret="not asked for",
    public_url="http://localhost",
    session_key="k" * 43,
    redis_url="redis://127.0.0.1:1",
)
HELD = {"amount_cents": 20_000}
HELD_BY_TWO = {"amount_cents": 600_000}


def issuer_answers(request: httpx.Request) -> httpx.Response:
    if request.url.path.endswith("/openid-configuration"):
        return httpx.Response(200, json={"issuer": ISSUER, "jwks_uri": f"{ISSUER}/jwks"})
    return httpx.Response(200, json={"keys": [KEY.as_dict(private=False)]})


def verifier() -> BearerVerifier:
    http = httpx.Client(transport=httpx.MockTransport(issuer_answers))
    return BearerVerifier(ISSUER, "awgp", http=http)


def token(subject: str, *, groups: list[str], roles: list[str], **further: Any) -> str:
    claims = {
        "iss": ISSUER,
        "aud": "awgp",
        "sub": subject,
        "name": subject.partition("-")[2].title(),
        "azp": "awgp-cli",
        # As long as the longest session of tests.
        "exp": int(time.time()) + 7200,
        "groups": groups,
        "realm_access": {"roles": roles},
    }
    header = {"alg": "RS256", "kid": "test", "typ": "at+jwt"}
    return jwt.encode(header, claims | further, KEY)


def person(slug: str, name: str, *, roles: tuple[str, ...] = ("approver",)) -> str:
    """A token of someone of the world: an operator who may approve."""
    return token(f"{slug}-{name}", groups=[f"{slug}-operators"], roles=list(roles))


def machine(slug: str) -> str:
    return token("erp", groups=[f"{slug}-operators"], roles=["approver"], azp="erp", tenant=slug)


@dataclass(slots=True, kw_only=True)
class ControlPlane:
    """The app, and how runs come before it."""

    app: Flask
    database: Database
    world: World
    outboxes: dict[str, Outbox] = field(default_factory=dict)

    def outbox(self, login: str) -> Outbox:
        if login not in self.outboxes:
            self.outboxes[login] = self.database.outbox(login)
        return self.outboxes[login]

    def get(self, path: str, bearer: str | None = None, **further: Any) -> TestResponse:
        return self.app.test_client().get(path, headers=_headers(bearer), **further)

    def post(
        self, path: str, bearer: str | None, body: Mapping[str, Any] | None = None
    ) -> TestResponse:
        return self.app.test_client().post(path, headers=_headers(bearer), json=body)

    def vote(
        self, approval: Mapping[str, Any], bearer: str, verdict: str = "approve", **body: Any
    ) -> TestResponse:
        sent = {"verdict": verdict, "digest": approval["digest"]} | body
        return self.post(f"/v1/approvals/{approval['id']}/votes", bearer, sent)

    def held(
        self,
        payload: Mapping[str, Any] = HELD,
        *,
        tenant: TenantWorld | None = None,
        requester: str = "ada",
    ) -> dict[str, Any]:
        """Let a person's request pass policy and hold; return the approval as the API lists it."""
        tenant = tenant or self.world.acme
        run_id = self.submit(payload, tenant, requester)
        self.pass_stage(tenant, run_id, Stage.POLICY, decide_run)
        self.pass_stage(tenant, run_id, Stage.HOLD, hold_run)
        listed = self.get("/v1/approvals?limit=100", person(tenant.slug, "ben")).get_json()
        found: dict[str, Any] = next(
            each for each in listed["items"] if each["run_id"] == str(run_id)
        )
        return found

    def submit(self, payload: Mapping[str, Any], tenant: TenantWorld, requester: str) -> UUID:
        run_id = uuid7()
        with self.outbox("awgp_ingest").work(tenant.tenant_id) as work:
            work.execute(
                "INSERT INTO runs (tenant_id, run_id, assistant_id, requester_kind,"
                " requester_person_id, origin)"
                " VALUES (:tenant, :run, :assistant, 'person', :person, :origin)",
                tenant=tenant.tenant_id,
                run=run_id,
                assistant=tenant.assistant_id,
                person=tenant.persons[requester],
                origin=Jsonb({}),
            )
            work.execute(
                "INSERT INTO run_payloads (tenant_id, run_id, epoch, content_type, payload,"
                " digest_key) VALUES (:tenant, :run, 1, 'application/json', :payload, :key)",
                tenant=tenant.tenant_id,
                run=run_id,
                payload=json.dumps(payload).encode(),
                key=bytes(32),
            )
            work.hand_off(run_id, 1, Stage.POLICY)
        return run_id

    def pass_stage(self, tenant: TenantWorld, run_id: UUID, stage: Stage, step: Step) -> None:
        outbox = self.outbox("awgp_worker")
        with outbox.work(tenant.tenant_id) as work:
            handoff_id = work.execute(
                "SELECT handoff_id FROM handoffs WHERE run_id = :run", run=run_id
            ).scalar_one()
        in_one_transaction(outbox, stage, step)(tenant.tenant_id, handoff_id)

    def status_of(self, run_id: str, tenant: TenantWorld | None = None) -> str:
        with self.outbox("awgp_worker").work((tenant or self.world.acme).tenant_id) as work:
            status: str = work.execute(
                "SELECT status FROM runs WHERE run_id = :run", run=run_id
            ).scalar_one()
        return status


def open_control_plane(
    database: Database,
    world: World,
    *,
    pool_size: int = 8,
    operations: Operations | None = None,
) -> ControlPlane:
    """The control plane of one test; its OpenAPI document is empty, see `documented_app`."""
    # Describing every endpoint takes longer than most tests do, and so does compiling its address.
    with (
        patch.object(Blueprint, "register_views_in_doc"),
        patch.object(Rule, "_compile_builder", _address_builder),
    ):
        app = create_app(
            SETTINGS,
            engine=database.engine("awgp_web", pool_size=pool_size),
            holding=database.engine("awgp_holding", pool_size=pool_size),
            broker=stub_broker(),
            verifier=verifier(),
            session_store=fakeredis.FakeStrictRedis(),
            operations=operations,
        )
    return ControlPlane(app=app, database=database, world=world)


_COMPILE: Final = Rule._compile_builder
_BUILDERS: Final[dict[tuple[str, bool, str], Callable[..., tuple[str, str]]]] = {}


def _address_builder(rule: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
    """Werkzeug's function that writes a rule's address, compiled once for all apps.

    It is given the rule it writes for, so that what one app compiled serves every other.
    """
    key = (rule.rule, append_unknown, repr(rule.defaults))
    if key not in _BUILDERS:
        _BUILDERS[key] = _COMPILE(rule, append_unknown)
    return _BUILDERS[key]


def documented_app() -> Flask:
    """An app that has its whole OpenAPI document, and no database."""
    nowhere = create_engine("postgresql+psycopg://127.0.0.1:1/none")
    return create_app(
        SETTINGS,
        engine=nowhere,
        holding=nowhere,
        broker=stub_broker(),
        verifier=verifier(),
        session_store=fakeredis.FakeStrictRedis(),
    )


def _headers(bearer: str | None) -> dict[str, str]:
    return {} if bearer is None else {"Authorization": f"Bearer {bearer}"}
