"""The edge: what comes in over HTTP. `gunicorn 'ingest.app:from_environ()'`."""

import os
from collections.abc import Callable
from datetime import UTC, datetime

import dramatiq
import httpx
from flask import Flask, Response, jsonify
from flask_smorest import Api
from sqlalchemy import Engine, text

from ingest.api_schemas import BEARER_SCHEME
from ingest.edge import PROBLEMS, Edge
from ingest.following import make_following
from ingest.gate import SILENCE_SECONDS, Gate, install_gate
from ingest.hooks import hooks_blueprint
from ingest.named_proxies import NamedProxies, read_networks
from ingest.notebook import Notebook
from ingest.rates import Rates
from ingest.runs import runs_blueprint
from ingest.short_way import ShortWay
from ingest.source_rates import SourceRates
from ingest.sources import SourceTenants
from ingest.taking import Limits
from ingest.together import Together
from ingest.traceparent import trace_requests
from pipeline.bearer import BearerVerifier
from pipeline.database import REQUEST_ANSWER_SECONDS, make_engine
from pipeline.envelope import KeyRing
from pipeline.event_log import configure_event_log
from pipeline.fast_path import PAUSE_SECONDS, make_fast_path, quick_client
from pipeline.live_publisher import make_publisher
from pipeline.outbox import Outbox
from pipeline.problem import document_problems, install_problem_handlers
from pipeline.rate import Rate
from pipeline.respite import Respite
from pipeline.schemes import Means
from pipeline.schemes.known_issuers import KnownIssuers, guarded_client
from pipeline.settings import SettingInvalid, Settings, read_settings

API_VERSION = "1"
# What ops/gunicorn_conf.py tells that its worker ends.
STOPPED_WITH_THE_WORKER = "awgp_live"


def from_environ() -> Flask:
    """Make the app of this process.

    Raises:
        AwgpError: A setting is missing or wrong; the message names it.
    """
    settings = read_settings(os.environ)
    configure_event_log(settings.env)
    return create_app(settings)


def create_app(
    settings: Settings,
    *,
    engine: Engine | None = None,
    broker: dramatiq.Broker | None = None,
    http: httpx.Client | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    notebook: Callable[[Outbox], Notebook] = Notebook,
    silence_seconds: float = SILENCE_SECONDS,
) -> Flask:
    """Make the app; nothing is connected to yet.

    Args:
        engine: In place of one made for AWGP_DATABASE_URL, as the login awgp_ingest.
        broker: In place of one made for AWGP_REDIS_URL.
        http: The client that asks the identity provider for its keys.
        notebook: Makes what notes refusals, given a way to the database.
        silence_seconds: How much of the database's silence a request bears.

    Raises:
        SettingInvalid: A setting is missing or wrong.
        KeyRingInvalid: AWGP_KEK is not a key ring.
    """
    if not settings.oidc_issuer:
        raise SettingInvalid("AWGP_OIDC_ISSUER is not set")
    http = http or httpx.Client()
    engine = engine or make_engine(
        settings.database,
        pool_size=settings.database_pool_size,
        answer_seconds=REQUEST_ANSWER_SECONDS,
        lend_seconds=silence_seconds,
    )
    respite = Respite(PAUSE_SECONDS)
    broker = broker or make_fast_path(settings, respite=respite)
    live = make_publisher(settings, respite=respite)
    outbox = Outbox(engine, broker, live)
    notes = notebook(outbox)
    limits = Limits(max_body_bytes=settings.max_body_bytes, max_json_depth=settings.max_json_depth)
    rates = make_rates(settings, respite)
    edge = Edge(
        outbox=outbox,
        notebook=notes,
        together=Together(
            engine,
            limits=limits,
            rates=rates,
            broker=broker,
            live=live,
            used=notes.used,
        ),
        source_tenants=SourceTenants(engine),
        keyring=KeyRing.from_text(settings.kek),
        verifier=BearerVerifier(settings.oidc_issuer, settings.oidc_audience, http=http),
        means=Means(
            issuers=KnownIssuers(own=settings.oidc_issuer, own_http=http, http=guarded_client())
        ),
        following=make_following(settings, outbox),
        limits=limits,
        rates=rates,
        now=now,
    )
    app = Flask("ingest", static_folder=None)
    app.extensions[STOPPED_WITH_THE_WORKER] = edge.following
    _configure(app)
    trace_requests(app)
    gate = Gate(silence_seconds)
    install_gate(app, gate)
    _add_api(app, edge)
    _add_health(app, engine)
    app.wsgi_app = NamedProxies(  # type: ignore[method-assign]  # Flask's own way to wrap it
        ShortWay(app.wsgi_app, edge, gate), read_networks(settings.trusted_proxies)
    )
    return app


def make_rates(settings: Settings, respite: Respite) -> SourceRates:
    """The limits; shared by all edges where there is a Valkey. Connects to nothing yet."""
    client = quick_client(settings) if settings.redis_url else None
    return SourceRates(
        Rates(client, respite),
        source_rate=_rate(settings.source_rate_per_minute),
        tenant_rate=_rate(settings.tenant_rate_per_minute),
    )


def _rate(per_minute: int) -> Rate:
    return Rate(per_minute=per_minute, burst=per_minute)


def _configure(app: Flask) -> None:
    app.config.update(
        API_TITLE="AWGP ingest",
        API_VERSION=API_VERSION,
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/v1",
        OPENAPI_JSON_PATH="openapi.json",
    )
    # One spelling of a path: no redirect tells that another one exists.
    app.url_map.strict_slashes = True
    app.json.sort_keys = False  # type: ignore[attr-defined]  # of Flask's default provider


def _add_api(app: Flask, edge: Edge) -> None:
    api = Api(app)
    api.DEFAULT_ERROR_RESPONSE_NAME = None  # each operation lists its own
    document_problems(api.spec)
    api.spec.components.security_scheme("bearer", dict(BEARER_SCHEME))
    api.register_blueprint(hooks_blueprint(edge))
    api.register_blueprint(runs_blueprint(edge))
    install_problem_handlers(app, PROBLEMS)


def _add_health(app: Flask, engine: Engine) -> None:
    @app.get("/healthz")
    def healthz() -> Response:
        """The process answers."""
        return jsonify(status="ok")

    @app.get("/readyz")
    def readyz() -> Response:
        """It can accept: the database answers. The broker may be down; accepting goes on."""
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
        return jsonify(status="ready")
