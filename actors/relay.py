"""Sends again what is overdue: the reason a lost broker costs seconds and never a run.

A turn:
  1. Ask the broker for its incarnation mark. Gone: everything it held is lost, so make every
     handoff that nobody is working on due now, then set the mark.
  2. Pick overdue rows of `handoffs` and `due` (SKIP LOCKED: several relays share the work) of the
     queues that take work, push their next sending away with backoff, commit.
  3. Send. A message that is lost after this is overdue again soon.

It reads these two tables and the queues' states, and works on nothing itself.
"""

import threading
import time
from collections.abc import Callable, Sequence
from uuid import uuid4

import dramatiq
import redis
import structlog
from dramatiq.errors import DramatiqError
from sqlalchemy import Engine, TextClause, exc, text

from pipeline import metrics
from pipeline.database import patiently
from pipeline.fault_points import reached
from pipeline.handoff import FAST_PATH_GRACE, RESEND_CEILING, due_message, message
from pipeline.run import Stage

log = structlog.get_logger()

INTERVAL_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 2.0
BATCH = 500
HOUSEKEEPING_SECONDS = 3600.0
# What goes through a whole table may take long on a large one.
WHOLE_TABLE_SECONDS = 300.0
INCARNATION_KEY = "awgp:relay:incarnation"
OUT_OF_REACH = (exc.SQLAlchemyError, redis.RedisError, DramatiqError, OSError)

# Every kind of a row of `due`, as its table allows them.
DUE_KINDS = ("hold.expire", "audit.checkpoint", "export.run")

# The n-th sending waits first * 2^n for an answer, at most the ceiling, with jitter over the upper
# half. Taking the oldest first and pushing what was taken away keeps a stubborn row from starving
# the others.
_PUSHED_AWAY = (
    "clock_timestamp() + least(:first * (2 ^ least(t.sends, 16)), :ceiling) * (0.5 + random() / 2)"
)
# A queue at a time, by an index that begins with it: what piles up in one that is paused is not
# looked at. A draining queue is sent only what was due before (pipeline/queue_state.py).
PICK_HANDOFFS = text(f"""
    WITH picked AS (
        SELECT h.tenant_id, h.handoff_id FROM queue_states q CROSS JOIN LATERAL (
            SELECT tenant_id, handoff_id FROM handoffs
            WHERE stage = q.queue AND next_send_at <= (SELECT clock_timestamp())
                AND (q.state = 'running' OR created_at <= q.changed_at)
            ORDER BY next_send_at LIMIT :batch FOR UPDATE SKIP LOCKED) h
        WHERE q.state <> 'paused')
    UPDATE handoffs t SET sends = t.sends + 1, next_send_at = {_PUSHED_AWAY} FROM picked p
    WHERE t.tenant_id = p.tenant_id AND t.handoff_id = p.handoff_id
    RETURNING t.stage, t.tenant_id, t.handoff_id, t.traceparent
    """)  # noqa: S608  # constant parts
PICK_DUE = text(f"""
    WITH picked AS (
        SELECT d.tenant_id, d.due_id FROM queue_states q
        JOIN unnest(CAST(:kinds AS text[])) AS k (kind) ON split_part(k.kind, '.', 1) = q.queue
        CROSS JOIN LATERAL (
            SELECT tenant_id, due_id FROM due
            WHERE kind = k.kind AND next_send_at <= (SELECT clock_timestamp())
                AND (q.state = 'running' OR sends > 0 OR next_send_at <= q.changed_at)
            ORDER BY next_send_at LIMIT :batch FOR UPDATE SKIP LOCKED) d
        WHERE q.state <> 'paused')
    UPDATE due t SET sends = t.sends + 1, next_send_at = {_PUSHED_AWAY} FROM picked p
    WHERE t.tenant_id = p.tenant_id AND t.due_id = p.due_id
    RETURNING t.kind, t.tenant_id, t.due_id
    """)  # noqa: S608  # constant parts
# Never earlier than a retry was asked for, and never what is not yet due for the first time.
LOST_HANDOFFS = text("""
    UPDATE handoffs SET next_send_at = greatest(clock_timestamp(), not_before), sends = 0
    WHERE (lease_until IS NULL OR lease_until < clock_timestamp())
        AND next_send_at > clock_timestamp()
    """)
LOST_DUE = text("""
    UPDATE due SET next_send_at = clock_timestamp()
    WHERE sends > 0 AND next_send_at > clock_timestamp()
    """)
TAKE_BACK_HANDOFFS = text("""
    UPDATE handoffs SET next_send_at = clock_timestamp(), sends = 0
    WHERE handoff_id = ANY (:ids) AND lease_until IS NULL
    """)
TAKE_BACK_DUE = text(
    "UPDATE due SET next_send_at = clock_timestamp() WHERE due_id = ANY (:ids) AND sends > 0"
)


class Relay:
    """One of any number of relays.

    Args:
        engine: Of the login awgp_relay.
        client: Of the same server the broker sends to.
    """

    def __init__(
        self,
        engine: Engine,
        broker: dramatiq.Broker,
        client: "redis.Redis",
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._broker = broker
        self._client = client
        self._clock = clock
        self._housekeeping_at = clock()

    def run(self, stop: threading.Event) -> None:
        """Take turns until told to stop; outages are logged, waited out and survived."""
        pause = 0.0
        while not stop.wait(pause):
            try:
                pause = 0.0 if self.turn() >= BATCH else INTERVAL_SECONDS
                self.keep_house()
            except OUT_OF_REACH as error:
                log.warning("relay_waits", error=type(error).__name__)
                pause = min(max(pause, INTERVAL_SECONDS) * 2, LONGEST_PAUSE_SECONDS)
        log.info("relay_stopped")

    def turn(self) -> int:
        """Send what is overdue now; say how much there was of the fuller table."""
        self.notice_a_wiped_broker()
        handoffs, due = self._pick()
        reached("relay.picked")
        self._send(handoffs, TAKE_BACK_HANDOFFS)
        self._send(due, TAKE_BACK_DUE)
        return max(len(handoffs), len(due))

    def notice_a_wiped_broker(self) -> None:
        """Also the check that the broker is there at all: nothing is picked while it is not."""
        if self._client.get(INCARNATION_KEY) is not None:
            return
        with self._engine.begin() as connection, patiently(connection, WHOLE_TABLE_SECONDS):
            handoffs = connection.execute(LOST_HANDOFFS).rowcount
            due = connection.execute(LOST_DUE).rowcount
        # After the commit: a relay that dies in between leaves it to the next.
        self._client.set(INCARNATION_KEY, str(uuid4()), nx=True)
        log.warning("broker_was_empty", handoffs=handoffs, due=due)

    def keep_house(self) -> None:
        if self._clock() < self._housekeeping_at:
            return
        self._housekeeping_at = self._clock() + HOUSEKEEPING_SECONDS
        with self._engine.begin() as connection, patiently(connection, WHOLE_TABLE_SECONDS):
            gone = connection.execute(text("SELECT forget_idempotency_keys()")).scalar_one()
        log.info("idempotency_keys_forgotten", count=gone)

    def _pick(self) -> tuple[list["dramatiq.Message[None]"], list["dramatiq.Message[None]"]]:
        wait = {"first": FAST_PATH_GRACE, "ceiling": RESEND_CEILING, "batch": BATCH}
        kinds = {"kinds": list(DUE_KINDS)}
        with self._engine.begin() as connection:
            handoffs = connection.execute(PICK_HANDOFFS, wait).all()
            due = connection.execute(PICK_DUE, wait | kinds).all()
        return (
            [message(Stage(stage), tenant, each, trace) for stage, tenant, each, trace in handoffs],
            [due_message(kind, tenant, each) for kind, tenant, each in due],
        )

    def _send(self, messages: Sequence["dramatiq.Message[None]"], take_back: TextClause) -> None:
        for at, each in enumerate(messages):
            reached("relay.before_send")
            try:
                self._broker.enqueue(each)
            except (redis.RedisError, DramatiqError, OSError):
                unsent = [rest.args[1] for rest in messages[at:]]
                with self._engine.begin() as connection:
                    connection.execute(take_back, {"ids": unsent})
                raise
            metrics.RELAY_SENDS.labels(each.queue_name).inc()
