"""Browsers' sessions: one's own, and those of a tenant's people for its admins."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import redis
from marshmallow import Schema, fields

from pipeline.identity import actor_of, ensure_person
from pipeline.refusal import ProblemTable, Refusal
from pipeline.work import Work
from web.access import (
    PEOPLE_WHO_ADMINISTER,
    SIGNED_IN,
    came_by_session,
    current_caller,
    current_doors,
    current_identity,
)
from web.endpoint import endpoint, make_blueprint
from web.schemas import Nothing
from web.services import acting, reading
from web.session_cookie import current_session
from web.session_guard import store_unavailable
from web.session_store import PERSON, SessionStore

blueprint = make_blueprint("sessions", "Browsers that are signed in")


class SessionNotFound(Refusal):
    """The caller has no such session."""


class PersonNotFound(Refusal):
    """The tenant has no such person."""


PROBLEMS: Final[ProblemTable] = {
    SessionNotFound: (404, "session-not-found"),
    PersonNotFound: (404, "person-not-found"),
}


class SessionView(Schema):
    id = fields.String(required=True)
    began_at = fields.AwareDateTime(required=True)
    seen_at = fields.AwareDateTime(required=True, metadata={"description": "To the minute."})
    browser = fields.String(
        required=True, metadata={"description": "What it said it was, shortened."}
    )
    current = fields.Boolean(required=True, metadata={"description": "The one that asks."})


class SessionList(Schema):
    items = fields.List(fields.Nested(SessionView), required=True)


@endpoint(blueprint, "/v1/sessions", access=SIGNED_IN, status=200, answer=SessionList)
def list_mine() -> dict[str, Any]:
    """List the caller's own sessions, the newest first"""
    identity = current_identity()
    with sessions() as store:
        return {"items": shown(store, identity.issuer, identity.subject)}


@endpoint(
    blueprint,
    "/v1/sessions/<session_id>",
    method="DELETE",
    access=SIGNED_IN,
    status=204,
    answer=Nothing,
    problems=[404],
)
def end_mine(session_id: str) -> None:
    """End one of the caller's own sessions"""
    identity = current_identity()
    with sessions() as store:
        if session_id not in store.of_person(identity.issuer, identity.subject):
            raise SessionNotFound("you have no such session")
        store.end(session_id)


@endpoint(blueprint, "/v1/sessions", method="DELETE", access=SIGNED_IN, status=204, answer=Nothing)
def end_others() -> None:
    """End all of the caller's sessions but the one that asks"""
    identity = current_identity()
    with sessions() as store:
        mine = store.of_person(identity.issuer, identity.subject).keys()
        store.end(*(mine - {_current()}))


@endpoint(
    blueprint,
    "/v1/persons/<uuid:person_id>/sessions",
    access=PEOPLE_WHO_ADMINISTER,
    status=200,
    answer=SessionList,
    problems=[404],
)
def list_of_person(person_id: UUID) -> dict[str, Any]:
    """List the sessions of one of the tenant's people"""
    with reading() as work:
        issuer, subject = _person(work, person_id)
    with sessions() as store:
        return {"items": shown(store, issuer, subject)}


@endpoint(
    blueprint,
    "/v1/persons/<uuid:person_id>/sessions",
    method="DELETE",
    access=PEOPLE_WHO_ADMINISTER,
    status=204,
    answer=Nothing,
    problems=[404],
)
def end_of_person(person_id: UUID) -> None:
    """Sign one of the tenant's people out of every browser; the provider may let them in again"""
    caller = current_caller()
    with acting() as work:
        issuer, subject = _person(work, person_id)
        admin = actor_of(caller.identity, ensure_person(work, caller.identity))
        with sessions() as store:
            found = store.of_person(issuer, subject)
            store.end(*found)
        work.record(
            admin,
            "web:sessions:ended",
            ("person", str(person_id)),
            metadata={"count": len(found)},
        )


def shown(store: SessionStore, issuer: str, subject: str) -> Sequence[dict[str, Any]]:
    found = store.of_person(issuer, subject)
    newest = sorted(found.items(), key=lambda each: each[1][0][PERSON]["began"], reverse=True)
    return [
        {
            "id": session_id,
            "began_at": datetime.fromtimestamp(data[PERSON]["began"], UTC),
            "seen_at": datetime.fromtimestamp(seen, UTC),
            "browser": data[PERSON]["agent"],
            "current": session_id == _current(),
        }
        for session_id, (data, seen) in newest
    ]


@contextmanager
def sessions() -> Iterator[SessionStore]:
    """Raises: SessionStoreUnavailable."""
    try:
        yield current_doors().sessions.store
    except redis.RedisError as error:
        raise store_unavailable() from error


def _current() -> str | None:
    return current_session().id if came_by_session() else None


def _person(work: Work, person_id: UUID) -> tuple[str, str]:
    row = work.execute(
        "SELECT issuer, subject FROM persons WHERE person_id = :person", person=person_id
    ).one_or_none()
    if row is None:
        raise PersonNotFound("the tenant has no such person")
    return row.issuer, row.subject
