"""Follow a run: `Prefer: wait=20` on its address (RFC 7240), or server-sent events.

Whoever waits is judged like any other request; then its connection goes to the watch
(ingest/run_watch.py), so that a thousand who wait cost no thread of those who send. Where there is
no place left, or the server does not let go of its connections, the answer comes at once: a
preference may be passed over, and a stream may end early and be asked for again.
"""

import hashlib
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from flask import Response, json, request
from werkzeug.datastructures import Headers

from ingest import api_schemas as api
from ingest.follower import EVENTS_TYPE, JSON_TYPE, Events, Follower, Poll, Speech, State, event_of
from ingest.run_events import BLOCK_MS, RunEvents
from ingest.run_view import view_run
from ingest.run_watch import RunWatch
from pipeline.fast_path import quick_client
from pipeline.identity import Identity, refuse_removed
from pipeline.outbox import Outbox
from pipeline.run import Status
from pipeline.settings import Settings
from pipeline.taken_connection import Taken, connection_of, take_over
from pipeline.work import Work

# When somebody asks again whose stream could not stay open.
AGAIN_MS: Final = 5000
TAG: Final = re.compile(r"[0-9a-f]{32}")
_WAIT: Final = re.compile(r'wait\s*=\s*"?([0-9]{1,9})"?', re.IGNORECASE)
_GLANCE: Final = """
    SELECT r.run_id, concat_ws(' ', r.status, r.epoch, r.changed_at, r.sealed_at,
        (SELECT count(*) FROM deliveries d WHERE d.run_id = r.run_id),
        (SELECT concat_ws('/', count(*), count(e.finished_at))
            FROM executions e WHERE e.run_id = r.run_id),
        (SELECT string_agg(a.status, '/' ORDER BY a.epoch)
            FROM approvals a WHERE a.run_id = r.run_id))
    FROM runs r WHERE r.run_id = ANY (:runs)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks, about which tenant, and until when it may (seconds since 1970)."""

    identity: Identity
    tenant_id: UUID
    expires_at: float


class RunLooks:
    """What the watch reads, under the rights of who follows."""

    def __init__(self, outbox: Outbox, *, max_json_depth: int) -> None:
        self._outbox = outbox
        self._max_json_depth = max_json_depth

    def glance(self, tenant_id: UUID, runs: Iterable[UUID]) -> Mapping[UUID, str]:
        with self._outbox.work(tenant_id) as work:
            return {row[0]: row[1] for row in work.execute(_GLANCE, runs=list(runs))}

    def read(self, tenant_id: UUID, run_id: UUID, identity: Identity) -> State:
        with self._outbox.work(tenant_id) as work:
            refuse_removed(work, identity)
            return state_of(work, run_id, max_depth=self._max_json_depth)


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """What the views need to let somebody wait; made once per app."""

    watch: RunWatch
    looks: RunLooks
    most_seconds: int
    clock: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic

    def stop(self) -> None:
        self.watch.stop()


def make_following(settings: Settings, outbox: Outbox) -> Following:
    """Connects to nothing yet. Without AWGP_REDIS_URL it looks by itself."""
    looks = RunLooks(outbox, max_json_depth=settings.max_json_depth)
    watch = RunWatch(looks, places=settings.followers)
    if settings.redis_url:
        client = quick_client(settings, answer_seconds=BLOCK_MS / 1000 + 2)
        watch.listen_to(RunEvents(client, watch.changed))
    return Following(watch=watch, looks=looks, most_seconds=settings.follow_wait_seconds)


def state_of(work: Work, run_id: UUID, *, max_depth: int) -> State:
    """Raises: RunNotFound."""
    view = view_run(work, run_id, max_depth=max_depth)
    body = json.dumps(api.RunView().dump(view), separators=(",", ":")).encode() + b"\n"
    return State(
        status=Status(view["status"]),
        sealed=view["sealed_at"] is not None,
        tag=hashlib.sha256(body).hexdigest()[:32],
        body=body,
    )


def answer_poll(following: Following, caller: Caller, run_id: UUID, state: State) -> Response:
    """The run as it is, or once it changes where the caller would rather wait."""
    seconds = wait_asked(request.headers, most=following.most_seconds)
    applied = f"wait={seconds}"
    if seconds and request.method == "GET":
        poll = Poll(request.if_none_match, applied)
        if not poll.is_answer(state):
            taken = _let_wait(following, caller, run_id, state, poll, seconds=seconds)
            if taken is not None:
                return taken
            applied = ""
    headers = state.headers | ({"Preference-Applied": applied} if seconds and applied else {})
    response = Response(state.body, content_type=JSON_TYPE, headers=headers)
    return response.make_conditional(request)  # type: ignore[return-value]  # it returns itself


def answer_events(following: Following, caller: Caller, run_id: UUID, state: State) -> Response:
    """The run's states from now on; 204, at which a browser stops asking, where it had the last."""
    last = request.headers.get("Last-Event-ID", "")
    if state.over and last == state.tag:
        return Response(status=204)
    events = Events(last if TAG.fullmatch(last) else None)
    if request.method == "GET" and not state.over:
        taken = _let_wait(following, caller, run_id, state, events, seconds=None)
        if taken is not None:
            return taken
    first = b"" if last == state.tag else event_of(state)
    return Response(
        f"retry: {AGAIN_MS}\n\n".encode() + first,
        content_type=EVENTS_TYPE,
        headers={"Cache-Control": "no-store", "Vary": "Accept, Prefer"},
    )


def wait_asked(headers: Headers, *, most: int) -> int:
    """The seconds of `Prefer: wait`, at most so many; 0 where there is none that can be read."""
    for preference in ",".join(headers.getlist("Prefer")).split(","):
        found = _WAIT.fullmatch(preference.partition(";")[0].strip())
        if found is not None:
            return min(int(found[1]), most)
    return 0


def wants_events() -> bool:
    """Whether a stream was asked for rather than JSON."""
    best = request.accept_mimetypes.best_match([JSON_TYPE, EVENTS_TYPE], default=JSON_TYPE)
    return best == EVENTS_TYPE


def _let_wait(
    following: Following,
    caller: Caller,
    run_id: UUID,
    state: State,
    speech: Speech,
    *,
    seconds: int | None,
) -> Response | None:
    """Hand the connection to the watch; None where the answer must come at once."""
    connection = connection_of(request.environ)
    if connection is None or not following.watch.take_place(caller.tenant_id):
        return None
    # Who waits does so under the token it showed, and no longer.
    left = caller.expires_at - following.clock()
    until = following.monotonic() + max(0.0, left if seconds is None else min(seconds, left))
    try:
        taken = take_over(connection)
    except OSError:
        following.watch.give_place_back(caller.tenant_id)
        return None
    following.watch.hold(
        Follower(
            connection=taken,
            tenant_id=caller.tenant_id,
            run_id=run_id,
            identity=caller.identity,
            speech=speech,
            until=until,
            state=state,
        )
    )
    return Taken()
