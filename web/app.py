"""The control-plane API: what people see and decide. `gunicorn 'web.app:from_environ()'`.

It takes an access token, or the session of a browser that signed in here (web/session_guard.py);
what a session changes carries a token of its own, so no other site's page can act for anyone.
"""

import os
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

import httpx
import redis
from dramatiq import Broker
from flask import Flask, Response
from flask_smorest import Api
from sqlalchemy import URL, Engine

from pipeline.bearer import BearerVerifier
from pipeline.cancel import NotCancellable
from pipeline.database import REQUEST_ANSWER_SECONDS, make_engine
from pipeline.envelope import KeyRing
from pipeline.event_log import configure_event_log
from pipeline.fast_path import make_fast_path, quick_client
from pipeline.identity import IDENTITY_PROBLEMS
from pipeline.kill_signal import make_kill_signal
from pipeline.live_publisher import make_publisher
from pipeline.outbox import Outbox
from pipeline.problem import document_problems, install_problem_handlers
from pipeline.refusal import ProblemTable
from pipeline.request_body import BodyCutShort, BodyTooLarge
from pipeline.request_label import MediaTypeUnsupported
from pipeline.run import IllegalMove
from pipeline.run_store import RunChanged, RunNotFound
from pipeline.settings import SettingInvalid, Settings, read_settings
from pipeline.strict_json import JsonInvalid, JsonNotAnObject, JsonTooDeep
from pipeline.visit import VISIT_PROBLEMS
from web import (
    approval_reads,
    approvals,
    assistants,
    audit,
    author_keys,
    bundles,
    credentials,
    dead_letters,
    decision_links,
    decisions,
    delegations,
    deliveries,
    exports,
    health,
    live,
    me,
    notices,
    operations,
    persons,
    policies,
    queues,
    reviews,
    rules,
    run_calls,
    runs,
    sandboxes,
    schedules,
    sessions,
    setup_schemas,
    sign_in,
    sign_out,
    source_proof,
    source_taking,
    sources,
    targets,
    tenant_setup,
    tenants,
)
from web.access import ACCESS_PROBLEMS, ANYONE, install_access
from web.doors import make_doors
from web.edited_payload import EditedPayload, PayloadInvalid, PayloadTooLarge
from web.endpoint import MAX_JSON_DEPTH
from web.hold_problems import HOLD_PROBLEMS
from web.live import install_live
from web.names import install_names
from web.operations import Operations, make_operations
from web.preconditions import PRECONDITION_PROBLEMS
from web.services import Services, install_services
from web.trace_viewer import trace_url
from web.ui_files import install_ui

# Every error of ours that an answer may name, with its status and its name.
PROBLEMS: Final[ProblemTable] = {
    **IDENTITY_PROBLEMS,
    **ACCESS_PROBLEMS,
    **PRECONDITION_PROBLEMS,
    **HOLD_PROBLEMS,
    **decisions.PROBLEMS,
    RunNotFound: (404, "run-not-found"),
    IllegalMove: (409, "run-not-replayable"),
    NotCancellable: (409, "run-not-cancellable"),
    RunChanged: (409, "run-changed"),
    PayloadInvalid: (422, "payload-invalid"),
    PayloadTooLarge: (413, "payload-too-large"),
    JsonInvalid: (400, "json-invalid"),
    JsonTooDeep: (422, "json-too-deep"),
    JsonNotAnObject: (422, "json-not-an-object"),
    MediaTypeUnsupported: (415, "media-type-unsupported"),
    BodyTooLarge: (413, "body-too-large"),
    BodyCutShort: (400, "body-cut-short"),
    **setup_schemas.PROBLEMS,
    **bundles.PROBLEMS,
    **author_keys.PROBLEMS,
    **policies.PROBLEMS,
    **sign_in.PROBLEMS,
    **live.PROBLEMS,
    **operations.PROBLEMS,
    **dead_letters.PROBLEMS,
    **deliveries.PROBLEMS,
    **audit.PROBLEMS,
    **exports.PROBLEMS,
    **sessions.PROBLEMS,
    **VISIT_PROBLEMS,
}
BLUEPRINTS: Final = (
    me.blueprint,
    tenants.blueprint,
    sessions.blueprint,
    approval_reads.blueprint,
    approvals.blueprint,
    decisions.blueprint,
    decision_links.blueprint,
    delegations.blueprint,
    reviews.blueprint,
    runs.blueprint,
    run_calls.blueprint,
    assistants.blueprint,
    sandboxes.blueprint,
    bundles.blueprint,
    author_keys.blueprint,
    credentials.blueprint,
    policies.blueprint,
    rules.blueprint,
    source_proof.blueprint,
    source_taking.blueprint,
    sources.blueprint,
    schedules.blueprint,
    tenant_setup.blueprint,
    targets.blueprint,
    persons.blueprint,
    queues.blueprint,
    dead_letters.blueprint,
    deliveries.blueprint,
    audit.blueprint,
    exports.blueprint,
    notices.blueprint,
    health.blueprint,
)
# Endpoints flask-smorest adds.
FURTHER_ACCESS: Final = {"api-docs.openapi_json": ANYONE}
# A payload may be sent as base64, within an object.
BODY_FACTOR: Final = 4 / 3
BODY_MARGIN_BYTES: Final = 16 * 1024
SECURITY_HEADERS: Final[Mapping[str, str]] = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
DESCRIPTION: Final = """What waits for people, and what became of it.

Every answer but a problem is `application/json`; problems are RFC 9457. Reading never decides."""


def from_environ() -> Flask:
    """Make the app from AWGP_* variables.

    Raises:
        SettingInvalid: Names the variable.
    """
    settings = read_settings(os.environ)
    configure_event_log(settings.env)
    return create_app(settings)


def create_app(
    settings: Settings,
    *,
    engine: Engine | None = None,
    holding: Engine | None = None,
    broker: Broker | None = None,
    verifier: BearerVerifier | None = None,
    session_store: "redis.Redis | None" = None,
    operations: Operations | None = None,
) -> Flask:
    """Make the app; it connects to nothing before the first request.

    Args:
        engine: Of the login awgp_web; made from the settings where not given, as are the others.
        holding: Of the login awgp_holding.
        session_store: Where browsers' sessions are.
        operations: The machine, the signer and the store of exports.

    Raises:
        SettingInvalid: Names the variable.
        AccessUndeclared: An endpoint does not say who may use it.
    """
    broker = broker or make_fast_path(settings)
    outbox = Outbox(
        engine or engine_of(settings, settings.database), broker, make_publisher(settings)
    )
    looking_in = Outbox(holding or engine_of(settings, settings.holding_database), broker)
    app = Flask(__name__, static_folder=None)
    app.config |= configuration(settings)
    install_services(
        app,
        Services(
            outbox=outbox,
            holding=looking_in,
            keyring=make_keyring(settings),
            payloads=EditedPayload(
                max_bytes=settings.max_body_bytes, max_depth=settings.max_json_depth
            ),
            ingest_url=settings.ingest_url,
            trace_url=trace_url(settings),
            operations=operations or make_operations(settings),
            live_log=quick_client(settings) if settings.redis_url else None,
            kills=make_kill_signal(settings),
        ),
    )
    register(app)
    doors = make_doors(app, settings, outbox, verifier or make_verifier(settings), session_store)
    app.register_blueprint(sign_in.blueprint)
    app.register_blueprint(sign_out.blueprint)
    install_live(app, settings, outbox, doors)
    install_access(app, doors, FURTHER_ACCESS)
    install_ui(app)
    app.after_request(add_security_headers)
    return app


def engine_of(settings: Settings, url: URL) -> Engine:
    return make_engine(
        url, pool_size=settings.database_pool_size, answer_seconds=REQUEST_ANSWER_SECONDS
    )


def configuration(settings: Settings) -> dict[str, object]:
    return {
        "API_TITLE": "AWGP control plane",
        "API_VERSION": "v1",
        "OPENAPI_VERSION": "3.1.0",
        "OPENAPI_URL_PREFIX": "/v1",
        "OPENAPI_JSON_PATH": "openapi.json",
        "API_SPEC_OPTIONS": {"info": {"description": DESCRIPTION}},
        "MAX_CONTENT_LENGTH": int(settings.max_body_bytes * BODY_FACTOR) + BODY_MARGIN_BYTES,
        # The payload may nest this deep, inside the body's own object.
        MAX_JSON_DEPTH: settings.max_json_depth + 1,
    }


def register(app: Flask) -> None:
    """Add the endpoints, their description, and what their errors are called."""
    app.json.sort_keys = False  # type: ignore[attr-defined]  # of Flask's default provider
    api = Api(app)
    api.DEFAULT_ERROR_RESPONSE_NAME = None  # each endpoint lists its own
    document_problems(api.spec)
    api.spec.components.security_scheme(
        "bearer", {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    )
    install_names(app, api)
    api.spec.components.security_scheme(
        "session",
        {
            "type": "apiKey",
            "in": "cookie",
            "name": "__Host-awgp_session",
            "description": "Of a browser that signed in at /login. What changes something carries"
            " `X-CSRF-Token` too, and comes from a page of this address.",
        },
    )
    for blueprint in BLUEPRINTS:
        api.register_blueprint(blueprint)
    install_problem_handlers(app, PROBLEMS)


def make_keyring(settings: Settings) -> KeyRing:
    """Raises: SettingInvalid, KeyRingInvalid."""
    if not settings.kek:
        raise SettingInvalid("AWGP_KEK is not set (or name a file in AWGP_KEK_FILE)")
    return KeyRing.from_text(settings.kek)


def make_verifier(settings: Settings) -> BearerVerifier:
    """Raises: SettingInvalid."""
    if not settings.oidc_issuer:
        raise SettingInvalid("AWGP_OIDC_ISSUER is not set")
    return BearerVerifier(settings.oidc_issuer, settings.oidc_audience, http=httpx.Client())


def add_security_headers(response: Response) -> Response:
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    if response.status_code == HTTPStatus.NO_CONTENT:
        # No content has no type (RFC 9110, section 15.3.5).
        response.headers.pop("Content-Type", None)
    return response
