"""Looks again, while they watch, whether those who watch still may."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol
from uuid import UUID

import structlog

from pipeline.outbox import Outbox
from pipeline.refusal import Refusal
from web.access import WATCHERS, Doors, Role, caller_in, roles_in
from web.live_client import Client, Subscription
from web.live_hub import Hub
from web.live_speech import CHANGED, NO_RIGHT, SIGN_IN, Closing
from web.session_guard import SessionEnded, SessionGuard, identity_of
from web.session_store import PERSON, Data

log = structlog.get_logger()

LOOK_SECONDS: Final = 15.0


class Standing(Protocol):
    """Says who may watch no longer, and why; whoever is not named stays."""

    def __call__(self, watching: Sequence[Subscription]) -> Mapping[Subscription, Closing]: ...


class StandingWatch:
    """Starts its thread with the first `begin`; asks now and then, and when it is told to."""

    def __init__(
        self, hub: Hub, standings: Sequence[Standing], *, look_seconds: float = LOOK_SECONDS
    ) -> None:
        self._hub = hub
        self._standings = standings
        self._look_seconds = look_seconds
        self._told = threading.Event()
        self._stopped = False
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="live-standing", daemon=True)
                self._thread.start()

    def look_now(self) -> None:
        """Someone's rights may have changed."""
        self._told.set()

    def stop(self) -> None:
        self._stopped = True
        self._told.set()

    def look(self) -> None:
        """Send away who may not watch any more."""
        clients = self._hub.clients()
        watching = list({client.subscription: None for client in clients})
        closings: dict[Subscription, Closing] = {}
        for standing in self._standings:
            closings |= standing(watching)
        by_closing: dict[Closing, list[Client]] = {}
        for client in clients:
            closing = closings.get(client.subscription)
            if closing is not None:
                by_closing.setdefault(closing, []).append(client)
        for closing, leaving in by_closing.items():
            self._hub.send_away(leaving, closing)

    def _run(self) -> None:
        while True:
            self._told.wait(self._look_seconds)
            if self._stopped:
                return
            self._told.clear()
            try:
                self.look()
            except Exception as error:  # noqa: BLE001  # it looks again in a moment
                log.warning("live_standing_unknown", error=type(error).__name__)


def by_the_clock(clock: Callable[[], float] = time.time) -> Standing:
    """Who came with a token that has expired meanwhile signs in again."""

    def expired(watching: Sequence[Subscription]) -> Mapping[Subscription, Closing]:
        now = clock()
        return {
            each: SIGN_IN
            for each in watching
            if each.expires_at is not None and each.expires_at <= now
        }

    return expired


def by_the_tenant(outbox: Outbox) -> Standing:
    """Whom a tenant has taken away watches it no longer."""

    def removed(watching: Sequence[Subscription]) -> Mapping[Subscription, Closing]:
        found: dict[Subscription, Closing] = {}
        by_tenant: dict[UUID, list[Subscription]] = {}
        for each in watching:
            by_tenant.setdefault(each.tenant_id, []).append(each)
        for tenant_id, there in by_tenant.items():
            gone = _removed(outbox, tenant_id, {each.person for each in there})
            found |= {each: NO_RIGHT for each in there if each.person in gone}
        return found

    return removed


def _removed(
    outbox: Outbox, tenant_id: UUID, persons: set[tuple[str, str]]
) -> set[tuple[str, str]]:
    with outbox.work(tenant_id) as work:
        rows = work.execute(
            "SELECT issuer, subject FROM persons WHERE removed_at IS NOT NULL"
            " AND issuer = ANY (:issuers) AND subject = ANY (:subjects)",
            issuers=sorted({issuer for issuer, _ in persons}),
            subjects=sorted({subject for _, subject in persons}),
        ).all()
    return {(row[0], row[1]) for row in rows} & persons


def by_the_session(guard: SessionGuard) -> Standing:
    """Whose session has ended signs in again; whose rights are others now comes in anew.

    Watching is no use of a session: one that does nothing else ends by itself.
    """

    def ended(watching: Sequence[Subscription]) -> Mapping[Subscription, Closing]:
        by_session: dict[str, list[Subscription]] = {}
        for each in watching:
            if each.session_id is not None:
                by_session.setdefault(each.session_id, []).append(each)
        kept = guard.store.load_all(by_session)
        found: dict[Subscription, Closing] = {}
        for session_id, theirs in by_session.items():
            closings = _session(guard, session_id, kept.get(session_id), theirs)
            found |= {each: closing for each, closing in closings.items() if closing is not None}
        return found

    return ended


def _session(
    guard: SessionGuard,
    session_id: str,
    kept: tuple[Data, float] | None,
    theirs: Sequence[Subscription],
) -> dict[Subscription, Closing | None]:
    if kept is None:
        return dict.fromkeys(theirs, SIGN_IN)
    try:
        identity = identity_of(guard.current(session_id, {PERSON: kept[0][PERSON]}))
    except SessionEnded:
        return dict.fromkeys(theirs, SIGN_IN)
    except Refusal:  # what they may cannot be found out now; coming in anew, they are told so
        return dict.fromkeys(theirs, CHANGED)
    rights = (identity.groups, identity.roles)
    return {
        each: None
        if rights == (each.identity.groups, each.identity.roles)
        else (CHANGED if roles_in(identity, each.tenant) else NO_RIGHT)
        for each in theirs
    }


def by_the_door(doors: Doors) -> Standing:
    """Whose visit has begun or ended comes in anew: they are something else now."""

    def changed(watching: Sequence[Subscription]) -> Mapping[Subscription, Closing]:
        found: dict[Subscription, Closing] = {}
        for each in watching:
            if Role.HOLDING not in each.roles:
                continue
            try:
                now = caller_in(each.tenant, each.identity, WATCHERS, doors.enter)
            except Refusal:
                found[each] = NO_RIGHT
                continue
            if now.roles != each.roles:
                found[each] = CHANGED
        return found

    return changed
