"""One thread a process that reads the streams of all tenants somebody here watches.

It alone knows how far each stream was read, and it alone lets clients join: so what a client missed
and what comes next meet without a gap and without anything twice.
"""

import contextlib
import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID, uuid4

import redis
import structlog

from pipeline.live import (
    RESET,
    SESSIONS_ENDED,
    TELEMETRY,
    Event,
    now,
    stream_key,
    telemetry_key,
    watched_key,
)
from pipeline.live_publisher import LOOK_SECONDS, MOST_EVENTS, PAUSE_SECONDS, STREAM_SECONDS
from web.live_client import Client
from web.live_hub import Hub, Told
from web.live_places import Places

log = structlog.get_logger()

BLOCK_MS: Final = 1000
MOST_AT_ONCE: Final = 200
MOST_MISSED: Final = 500
"""Who missed more than this reads everything again, which is less to read."""

WATCHED_SECONDS: Final = 120
REFRESH_SECONDS: Final = 30.0
AGAIN_SECONDS: Final = 1.0
STOP_SECONDS: Final = 3.0
WAKE_SECONDS: Final = 60
# Publishers have learned by then that the tenant is watched, or that the server is back.
SETTLED_SECONDS: Final = LOOK_SECONDS * 2
RECOVERED_SECONDS: Final = PAUSE_SECONDS + LOOK_SECONDS
BEGINNING: Final = "0-0"
# Kinds that may change what someone may see.
RIGHTS: Final = frozenset({"person.changed", "tenant.changed", "visit.changed"})
RESET_TEXT: Final = f'{{"kind":"{RESET}"}}'


@dataclass(slots=True, kw_only=True)
class _Tenant:
    """How far the streams of a tenant were read."""

    events: str
    telemetry: str


class Reader:
    """Starts its thread with the first client that joins.

    Args:
        client: A server's client that waits longer than BLOCK_MS for an answer.
        rights_changed: Called when someone's rights may have changed.
    """

    def __init__(
        self,
        client: "redis.Redis",
        hub: Hub,
        places: Places,
        *,
        rights_changed: Callable[[], None],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._hub = hub
        self._places = places
        self._rights_changed = rights_changed
        self._monotonic = monotonic
        self._joining: deque[tuple[Client, str | None]] = deque()
        self._tenants: dict[UUID, _Tenant] = {}
        self._resets: dict[UUID, float] = {}
        self._refresh_at = float("-inf")
        self._wake_key = f"awgp:live:wake:{uuid4()}"
        # How far the streams were read that are of no tenant.
        self._others = {self._wake_key: BEGINNING, SESSIONS_ENDED: BEGINNING}
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def join(self, client: Client, last: str | None) -> None:
        """Let a client be told what comes, and before that what came since `last`."""
        self._joining.append((client, last))
        if self._stopped.is_set():
            self._turn_away()
            return
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="live-reader", daemon=True)
                self._thread.start()
        self._wake()

    def _wake(self) -> None:
        with contextlib.suppress(redis.RedisError, OSError):  # then it looks by itself
            pipeline = self._client.pipeline(transaction=False)
            pipeline.xadd(self._wake_key, {"w": b""}, maxlen=1)
            pipeline.expire(self._wake_key, WAKE_SECONDS)
            pipeline.execute()

    def stop(self) -> None:
        """Let it end, at the latest when the server has answered."""
        self._stopped.set()
        if self._thread is not None:
            self._wake()
            self._thread.join(STOP_SECONDS)
        self._turn_away()
        self._client.close()

    def _turn_away(self) -> None:
        """Who comes too late is the hub's to close."""
        with contextlib.suppress(IndexError):
            while True:
                self._hub.add(self._joining.popleft()[0], [])

    # In the reader's own thread.

    def _run(self) -> None:
        is_away = False
        while not self._stopped.is_set():
            try:
                if is_away:
                    self._client.ping()
                    self._begin_again()
                    is_away = False
                self._turn()
            except (redis.RedisError, OSError) as error:
                if not is_away:
                    log.warning("live_events_out_of_reach", error=type(error).__name__)
                is_away = True
                self._stopped.wait(AGAIN_SECONDS)

    def _turn(self) -> None:
        self._let_join()
        if self._monotonic() >= self._refresh_at:
            self._refresh()
        self._send_resets()
        self._read()

    def _begin_again(self) -> None:
        """The server was away: what happened meanwhile was told to nobody."""
        at = self._monotonic()
        self._refresh_at = at
        for tenant_id in self._tenants:
            self._hub.tell(tenant_id, [reset()])
            self._resets[tenant_id] = at + RECOVERED_SECONDS

    def _let_join(self) -> None:
        joining: list[tuple[Client, str | None]] = []
        while self._joining:
            joining.append(self._joining.popleft())
        try:
            self._watch({client.subscription.tenant_id for client, _ in joining})
            missed = self._missed(joining)
        except (redis.RedisError, OSError):
            self._joining.extendleft(reversed(joining))
            raise
        for (client, _), told in zip(joining, missed, strict=True):
            at = self._tenants[client.subscription.tenant_id].events
            self._hub.add(client, [hello(at), *told])

    def _watch(self, tenants: Iterable[UUID]) -> None:
        """Begin to read tenants nobody watched here before."""
        fresh = [each for each in tenants if each not in self._tenants]
        if not fresh:
            return
        pipeline = self._client.pipeline(transaction=False)
        for each in fresh:
            pipeline.set(watched_key(each), 1, ex=WATCHED_SECONDS, get=True)
            pipeline.xrevrange(stream_key(each), count=1)
            pipeline.xrevrange(telemetry_key(each), count=1)
        answers: list[Any] = pipeline.execute()
        for at, each in enumerate(fresh):
            watched, events, telemetry = answers[3 * at : 3 * at + 3]
            self._tenants[each] = _Tenant(events=_last(events), telemetry=_last(telemetry))
            if watched is None:
                # Nothing was published of it until now, and perhaps not for a moment yet.
                self._resets[each] = self._monotonic() + SETTLED_SECONDS

    def _missed(self, joining: list[tuple[Client, str | None]]) -> list[list[Told]]:
        pipeline = self._client.pipeline(transaction=False)
        asking = []
        for client, last in joining:
            until = self._tenants[client.subscription.tenant_id].events
            asks = last is not None and last != until
            asking.append(asks)
            if asks:
                key = stream_key(client.subscription.tenant_id)
                pipeline.xrange(key, min=str(last), max=until, count=MOST_MISSED + 1)
        answers = iter(pipeline.execute() if any(asking) else [])
        return [
            since(str(last), next(answers)) if asks else []
            for (_, last), asks in zip(joining, asking, strict=True)
        ]

    def _refresh(self) -> None:
        """Say again who is watched, and stop reading where nobody is here any more."""
        self._refresh_at = self._monotonic() + REFRESH_SECONDS
        self._tenants = {each: at for each, at in self._tenants.items() if self._places.taken(each)}
        pipeline = self._client.pipeline(transaction=False)
        for each in self._tenants:
            pipeline.set(watched_key(each), 1, ex=WATCHED_SECONDS, get=True)
        for each, watched in zip(list(self._tenants), pipeline.execute(), strict=True):
            if watched is None:
                self._resets.setdefault(each, self._monotonic() + SETTLED_SECONDS)

    def _send_resets(self) -> None:
        due = [each for each, at in self._resets.items() if at <= self._monotonic()]
        for each in due:
            # Through the stream, so that who resumes from before it reads everything again, too.
            entry: Any = {"e": Event(kind=RESET).write(now())}
            self._client.xadd(stream_key(each), entry, maxlen=MOST_EVENTS, approximate=True)
            self._client.expire(stream_key(each), STREAM_SECONDS)
            del self._resets[each]

    def _read(self) -> None:
        places: dict[str, tuple[UUID | None, str]] = {
            key: (None, last) for key, last in self._others.items()
        }
        for tenant_id, at in self._tenants.items():
            places[stream_key(tenant_id)] = (tenant_id, at.events)
            places[telemetry_key(tenant_id)] = (tenant_id, at.telemetry)
        found: Any = self._client.xread(
            {key: last for key, (_, last) in places.items()},
            count=MOST_AT_ONCE,
            block=self._patience_ms(),
        )
        for raw_key, entries in found or ():
            key = raw_key.decode()
            self._take(key, places[key][0], entries)

    def _take(self, key: str, tenant_id: UUID | None, entries: list[Any]) -> None:
        last = entries[-1][0].decode()
        if tenant_id is None:
            self._others[key] = last
            if key == SESSIONS_ENDED:
                self._rights_changed()
            return
        at = self._tenants[tenant_id]
        resumes = key == stream_key(tenant_id)
        told = [each for each in (read_told(entry, resumes=resumes) for entry in entries) if each]
        if resumes:
            at.events = last
        else:
            at.telemetry = last
        self._hub.tell(tenant_id, told)
        if any(each.kind in RIGHTS for each in told):
            self._rights_changed()

    def _patience_ms(self) -> int:
        nearest = min([self._refresh_at, *self._resets.values()]) - self._monotonic()
        return max(1, min(BLOCK_MS, int(nearest * 1000)))


def since(last: str, entries: list[Any]) -> list[Told]:
    """What came after `last`; a reset where it is gone, so that nobody knows what came after it.

    Args:
        entries: From `last` on; more than MOST_MISSED after it are too many.
    """
    if not entries or entries[0][0].decode() != last or len(entries) > MOST_MISSED:
        return [reset()]
    return [each for each in (read_told(entry, resumes=True) for entry in entries[1:]) if each]


def read_told(entry: tuple[bytes, dict[bytes, bytes]], *, resumes: bool) -> Told | None:
    """An event of a stream; None for an entry that is none."""
    event_id = entry[0].decode() if resumes else ""
    try:
        written = entry[1][b"e"].decode()
        event = json.loads(written)
        kind, run_id = event["kind"], event.get("run_id")
    except (KeyError, ValueError, TypeError, AttributeError):
        log.warning("live_event_unreadable", event_id=event_id)
        return None
    text = f'{{"id":"{event_id}",{written[1:]}' if resumes else written
    of_run = run_id if kind == TELEMETRY else None
    return Told(event_id=event_id, kind=kind, text=text, run_id=of_run)


def reset() -> Told:
    return Told(event_id="", kind=RESET, text=RESET_TEXT)


def hello(last: str) -> Told:
    """The first thing a client is told: from where it resumes if nothing else comes."""
    return Told(event_id=last, kind="hello", text=f'{{"id":"{last}","kind":"hello"}}')


def _last(entries: list[Any] | None) -> str:
    return entries[0][0].decode() if entries else BEGINNING
