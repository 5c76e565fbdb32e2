"""Whether this process lives, and whether it can do its work."""

from sqlalchemy import text

from web.access import ANYONE
from web.endpoint import endpoint, make_blueprint
from web.schemas import StateView
from web.services import services

blueprint = make_blueprint("health", "For those who run it")


@endpoint(blueprint, "/healthz", access=ANYONE, status=200, answer=StateView)
def healthz() -> dict[str, str]:
    """Say that the process answers"""
    return {"status": "ok"}


@endpoint(blueprint, "/readyz", access=ANYONE, status=200, answer=StateView, problems=[503])
def readyz() -> dict[str, str]:
    """Say whether the database answers; the broker need not: what is decided is kept without it"""
    with services().outbox.engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    return {"status": "ready"}
