"""Puts together the two ways into the control plane: access tokens, and sessions of browsers."""

from typing import Final

import redis
from flask import Flask
from redis.backoff import NoBackoff
from redis.retry import Retry

from pipeline.bearer import BearerVerifier
from pipeline.identity import (
    Identity,
    PersonRemoved,
    TenantClosed,
    TenantForbidden,
    is_of_the_holding,
    refuse_removed,
    remember_person,
    tenant_id_of,
    tenants_of,
)
from pipeline.issuer_tokens import IssuerTokens
from pipeline.outbox import Outbox
from pipeline.settings import SettingInvalid, Settings
from pipeline.visit import is_visiting
from web.access import Doors, Entered, voting_groups
from web.provider import Provider
from web.public_address import PublicAddress
from web.session_cookie import SessionCookies
from web.session_guard import SessionGuard
from web.session_store import MIN_KEY_CHARACTERS, SessionSeal, SessionStore
from web.sign_in import SignIn, install_sign_in

CONNECT_SECONDS: Final = 0.5
ANSWER_SECONDS: Final = 2.0


def make_doors(
    app: Flask,
    settings: Settings,
    outbox: Outbox,
    verifier: BearerVerifier,
    client: "redis.Redis | None" = None,
) -> Doors:
    """Install what signing in takes.

    Raises:
        SettingInvalid: Names the variable.
    """
    address = PublicAddress.of(settings)
    provider = Provider(app, settings)
    store = SessionStore(
        client or make_client(settings),
        make_seal(settings),
        idle=settings.session_idle_seconds,
        lifetime=settings.session_seconds,
    )
    guard = SessionGuard(
        store=store,
        address=address,
        provider=provider,
        tokens=IssuerTokens(settings.oidc_issuer, provider.client_id, verifier.keys),
        verifier=verifier,
        remember=lambda identity, email: remember(outbox, identity, email),
    )
    app.config |= {
        "SESSION_COOKIE_NAME": address.cookie_name,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": address.secure,
        "SESSION_COOKIE_PATH": "/",
        "SESSION_COOKIE_DOMAIN": None,
        "SESSION_REFRESH_EACH_REQUEST": False,
    }
    install_sign_in(app, SignIn(guard=guard, cookies=SessionCookies(app, store)))
    return Doors(
        verifier=verifier,
        sessions=guard,
        enter=lambda identity, slug: enter(outbox, identity, slug),
    )


def enter(outbox: Outbox, identity: Identity, slug: str) -> Entered:
    """Raises: TenantForbidden, PersonRemoved."""
    tenant_id = tenant_id_of(outbox.engine, slug)
    with outbox.work(tenant_id) as work:
        refuse_removed(work, identity)
        visiting = is_of_the_holding(identity) and is_visiting(work, identity)
    return Entered(tenant_id=tenant_id, visiting=visiting)


def remember(outbox: Outbox, identity: Identity, email: str | None) -> None:
    """Keep, in each tenant of someone who signed in, what they are in there."""
    for slug in tenants_of(identity):
        try:
            with outbox.work(tenant_id_of(outbox.engine, slug)) as work:
                remember_person(work, identity, groups=voting_groups(identity, slug), email=email)
        except (TenantForbidden, TenantClosed, PersonRemoved):
            continue  # a group without a tenant, or a tenant without them: nothing to keep


def make_seal(settings: Settings) -> SessionSeal:
    """Raises: SettingInvalid."""
    if len(settings.session_key) < MIN_KEY_CHARACTERS:
        raise SettingInvalid(
            f"AWGP_SESSION_KEY is not set, or shorter than {MIN_KEY_CHARACTERS} characters"
        )
    return SessionSeal(settings.session_key)


def make_client(settings: Settings) -> "redis.Redis":
    """Raises: SettingInvalid."""
    if not settings.redis_url:
        raise SettingInvalid("AWGP_REDIS_URL is not set")
    pool = redis.ConnectionPool.from_url(
        settings.redis_url,
        socket_connect_timeout=CONNECT_SECONDS,
        socket_timeout=ANSWER_SECONDS,
        # One more try: a pooled connection may have died since it was last used.
        retry=Retry(NoBackoff(), 1),
    )
    if settings.redis_password:
        pool.connection_kwargs["password"] = settings.redis_password
    return redis.Redis(connection_pool=pool)
