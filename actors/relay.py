"""Sends again what is overdue: the reason a lost broker costs seconds and never a run.

A turn:
  1. Ask the broker for its incarnation mark. Gone: everything it held is lost, so make every
     handoff that nobody is working on due now, then set the mark.
  2. Let the next ones of each tenant's line in (pipeline/waiting_line.py).
  3. Pick overdue rows of `handoffs` and `due` (SKIP LOCKED: several relays share the work) of the
     queues that take work, push their next sending away with backoff, commit.
  4. Send. A message that is lost after this is overdue again soon.

It reads these two tables and the queues' states, and works on nothing itself. Beside that it ends
drains and keeps figures (actors/queue_history.py).
"""

import threading
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from uuid import uuid4

import dramatiq
import redis
import structlog
from dramatiq.errors import DramatiqError
from sqlalchemy import Engine, TextClause, exc, text

from actors.queue_history import QueueKeeper
from pipeline import metrics
from pipeline.database import patiently
from pipeline.fault_points import reached
from pipeline.handoff import FAST_PATH_GRACE, RESEND_CEILING, due_message, message
from pipeline.notice import KEPT
from pipeline.run import Stage
from pipeline.waiting_line import IN_LINE, LINED, PLACES

log = structlog.get_logger()

INTERVAL_SECONDS = 0.5
LINE_INTERVAL_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 2.0
BATCH = 500
HOUSEKEEPING_SECONDS = 3600.0
# What goes through a whole table may take long on a large one.
WHOLE_TABLE_SECONDS = 300.0
# What was sent this long before a broker came back may have been lost with its last second.
LATELY = timedelta(seconds=30)
INCARNATION_KEY = "awgp:relay:incarnation"
OUT_OF_REACH = (exc.SQLAlchemyError, redis.RedisError, DramatiqError, OSError)

# Every kind of a row of `due`, as its table allows them.
DUE_KINDS = (
    "policy.tick",
    "hold.expire",
    "hold.remind",
    "hold.escalate",
    "hold.lapse",
    "post_action.notice",
    "post_action.resend",
    "post_action.wake",
    "post_action.callback",
    "audit.checkpoint",
    "export.run",
)

# The n-th sending waits first * 2^n for an answer, at most the ceiling, with jitter over the upper
# half. Taking the oldest first and pushing what was taken away keeps a stubborn row from starving
# the others.
_PUSHED_AWAY = (
    "clock_timestamp() + least(:first * (2 ^ least(t.sends, 16)), :ceiling) * (0.5 + random() / 2)"
)
# A queue at a time, by an index that begins with it: what piles up in one that is paused is not
# looked at. A draining queue is sent only what was due before (pipeline/queue_state.py). What was
# picked is found again by its place in the table, for which no plan can be a bad one.
PICK_HANDOFFS = text(f"""
    WITH picked AS (
        SELECT h.place FROM queue_states q CROSS JOIN LATERAL (
            SELECT ctid AS place FROM handoffs
            WHERE stage = q.queue AND next_send_at <= (SELECT clock_timestamp())
                AND (q.state = 'running' OR created_at <= q.changed_at)
            ORDER BY next_send_at LIMIT :batch FOR UPDATE SKIP LOCKED) h
        WHERE q.state <> 'paused')
    UPDATE handoffs t SET sends = t.sends + 1, next_send_at = {_PUSHED_AWAY}
    WHERE t.ctid = ANY (ARRAY (SELECT place FROM picked))
    RETURNING t.stage, t.tenant_id, t.handoff_id, t.traceparent
    """)  # noqa: S608  # constant parts
# Of every tenant that has handoffs, whoever waits among the first PLACES of its line.
LET_IN = text(f"""
    WITH RECURSIVE tenant (tenant_id) AS (
        (SELECT tenant_id FROM handoffs ORDER BY tenant_id LIMIT 1)
        UNION ALL
        SELECT (SELECT h.tenant_id FROM handoffs h WHERE h.tenant_id > t.tenant_id
            ORDER BY h.tenant_id LIMIT 1)
        FROM tenant t WHERE t.tenant_id IS NOT NULL),
    line AS (
        SELECT first.place FROM queue_states q
        JOIN tenant t ON t.tenant_id IS NOT NULL
        CROSS JOIN LATERAL (
            SELECT ctid AS place, next_send_at FROM handoffs
            WHERE tenant_id = t.tenant_id AND stage = q.queue AND {IN_LINE}
                AND (q.state = 'running' OR created_at <= q.changed_at)
            ORDER BY created_at LIMIT {PLACES}) first
        WHERE q.queue = ANY (:queues) AND q.state <> 'paused'
            AND first.next_send_at = 'infinity'),
    locked AS (
        SELECT ctid AS place FROM handoffs WHERE ctid = ANY (ARRAY (SELECT place FROM line))
        FOR UPDATE SKIP LOCKED)
    UPDATE handoffs t SET sends = t.sends + 1, next_send_at = {_PUSHED_AWAY}
    WHERE t.ctid = ANY (ARRAY (SELECT place FROM locked)) AND t.next_send_at = 'infinity'
    RETURNING t.stage, t.tenant_id, t.handoff_id, t.traceparent
    """)  # noqa: S608  # constant parts
PICK_DUE = text(f"""
    WITH picked AS (
        SELECT d.place FROM queue_states q
        JOIN unnest(CAST(:kinds AS text[])) AS k (kind) ON split_part(k.kind, '.', 1) = q.queue
        CROSS JOIN LATERAL (
            SELECT ctid AS place FROM due
            WHERE kind = k.kind AND next_send_at <= (SELECT clock_timestamp())
                AND (q.state = 'running' OR sends > 0 OR next_send_at <= q.changed_at)
            ORDER BY next_send_at LIMIT :batch FOR UPDATE SKIP LOCKED) d
        WHERE q.state <> 'paused')
    UPDATE due t SET sends = t.sends + 1, next_send_at = {_PUSHED_AWAY}
    WHERE t.ctid = ANY (ARRAY (SELECT place FROM picked))
    RETURNING t.kind, t.tenant_id, t.due_id
    """)  # noqa: S608  # constant parts
# Never earlier than a retry was asked for, and never what is not yet due for the first time, or
# waits in its tenant's line (pipeline/waiting_line.py).
LOST_HANDOFFS = text("""
    UPDATE handoffs SET next_send_at = greatest(clock_timestamp(), not_before), sends = 0
    WHERE (lease_until IS NULL OR lease_until < clock_timestamp())
        AND next_send_at > clock_timestamp() AND next_send_at < 'infinity'
    """)
# A broker that was killed has lost up to its last second of messages, and still has its mark.
LOST_LATELY = text(f"{LOST_HANDOFFS.text} AND created_at > clock_timestamp() - :lately")
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
        client: Of the same server the broker sends to, for this relay alone: where another thread
            held its connection, the next would look like one to a broker that came back.
        notices_kept: How long after its end a notice or callback is kept; a day at the least.
    """

    def __init__(
        self,
        engine: Engine,
        broker: dramatiq.Broker,
        client: "redis.Redis",
        *,
        clock: Callable[[], float] = time.monotonic,
        notices_kept: timedelta = KEPT,
    ) -> None:
        self._engine = engine
        self._broker = broker
        self._client = client
        self._clock = clock
        self._notices_kept = notices_kept
        self._keeper = QueueKeeper(engine, client, clock=clock)
        self._housekeeping_at = clock()
        self._line_moves = False
        self._broker_was_away = False
        self._connection: int | None = None

    def run(self, stop: threading.Event) -> None:
        """Take turns until told to stop; outages are logged, waited out and survived."""
        pause = 0.0
        while not stop.wait(pause):
            try:
                pause = 0.0 if self.turn() >= BATCH else self._interval()
                self.keep_house()
            except OUT_OF_REACH as error:
                log.warning("relay_waits", error=type(error).__name__)
                pause = min(max(pause, INTERVAL_SECONDS) * 2, LONGEST_PAUSE_SECONDS)
        log.info("relay_stopped")

    def _interval(self) -> float:
        # Where a line moves, the workers are nearly through with what was let in.
        return LINE_INTERVAL_SECONDS if self._line_moves else INTERVAL_SECONDS

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
        try:
            mark = self._client.get(INCARNATION_KEY)
            connection = self._connection_id()
        except redis.RedisError:
            self._broker_was_away = True
            raise
        # A server may be killed and back between two looks: then its connection is another.
        changed = self._connection not in {None, connection}
        if mark is None:
            self._send_everything_again()
        elif self._broker_was_away or changed:
            self._send_what_was_sent_lately()
        self._broker_was_away, self._connection = False, connection

    def _connection_id(self) -> int | None:
        """None where the server does not say."""
        try:
            return int(self._client.client_id())
        except redis.ResponseError:
            return None

    def _send_what_was_sent_lately(self) -> None:
        with self._engine.begin() as connection:
            handoffs = connection.execute(LOST_LATELY, {"lately": LATELY}).rowcount
        log.info("broker_came_back", handoffs=handoffs)

    def _send_everything_again(self) -> None:
        with self._engine.begin() as connection, patiently(connection, WHOLE_TABLE_SECONDS):
            handoffs = connection.execute(LOST_HANDOFFS).rowcount
            due = connection.execute(LOST_DUE).rowcount
        # After the commit: a relay that dies in between leaves it to the next.
        self._client.set(INCARNATION_KEY, str(uuid4()), nx=True)
        log.warning("broker_was_empty", handoffs=handoffs, due=due)

    def keep_house(self) -> None:
        self._keeper.keep()
        if self._clock() < self._housekeeping_at:
            return
        self._housekeeping_at = self._clock() + HOUSEKEEPING_SECONDS
        with self._engine.begin() as connection, patiently(connection, WHOLE_TABLE_SECONDS):
            keys = connection.execute(text("SELECT forget_idempotency_keys()")).scalar_one()
            kept = {"kept": self._notices_kept}
            told = connection.execute(text("SELECT forget_notices(:kept)"), kept).scalar_one()
            called = connection.execute(text("SELECT forget_callbacks(:kept)"), kept).scalar_one()
        log.info("idempotency_keys_forgotten", count=keys)
        log.info("notices_forgotten", count=told)
        log.info("callbacks_forgotten", count=called)

    def _pick(self) -> tuple[list["dramatiq.Message[None]"], list["dramatiq.Message[None]"]]:
        wait = {"first": FAST_PATH_GRACE, "ceiling": RESEND_CEILING, "batch": BATCH}
        kinds = {"kinds": list(DUE_KINDS)}
        with self._engine.begin() as connection:
            queues = {"queues": [queue.value for queue in LINED]}
            let_in = connection.execute(LET_IN, wait | queues).all()
            handoffs = connection.execute(PICK_HANDOFFS, wait).all()
            due = connection.execute(PICK_DUE, wait | kinds).all()
        self._line_moves = bool(let_in)
        both = [*let_in, *handoffs]
        return (
            [message(Stage(stage), tenant, each, trace) for stage, tenant, each, trace in both],
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
