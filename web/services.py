"""What the views of one app work with, found through the app that serves the request."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, cast

import redis
from flask import Flask, current_app
from sqlalchemy import Engine

from pipeline.envelope import KeyRing
from pipeline.kill_signal import KillSignal
from pipeline.outbox import Outbox
from pipeline.work import Work
from web.access import Role, current_caller
from web.edited_payload import EditedPayload
from web.operations import Operations

_KEY: Final = "awgp_web"


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Made once per app.

    Args:
        outbox: As awgp_web.
        holding: As awgp_holding, for who looks into a tenant without belonging to it.
        ingest_url: Where senders reach ingest; empty leaves paths alone.
        trace_url: Where a trace is looked at, with a place for its id.
        operations: The machine, the signer and the store of exports.
        live_log: Where running agents' lines are; None without such a server.
        kills: Tells workers at once what was asked of them; None without such a server.
    """

    outbox: Outbox
    holding: Outbox
    keyring: KeyRing
    payloads: EditedPayload
    ingest_url: str = ""
    trace_url: str | None = None
    operations: Operations = field(default_factory=Operations)
    live_log: "redis.Redis | None" = None
    kills: KillSignal | None = None


def install_services(app: Flask, services: Services) -> None:
    app.extensions[_KEY] = services


def services() -> Services:
    return cast("Services", current_app.extensions[_KEY])


@contextmanager
def reading() -> Iterator[Work]:
    """The caller's tenant, to look at: as awgp_web, or as awgp_holding for the holding's people."""
    with _looking().work(current_caller().tenant_id) as work:
        yield work


def reading_engine() -> Engine:
    """By which login `reading` looks."""
    return _looking().engine


@contextmanager
def acting() -> Iterator[Work]:
    """The caller's tenant, to change: what was done in the block commits when it is left."""
    with services().outbox.work(current_caller().tenant_id) as work:
        yield work


def _looking() -> Outbox:
    looks_in = current_caller().roles == frozenset({Role.HOLDING})
    return services().holding if looks_in else services().outbox
