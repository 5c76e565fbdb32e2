"""When a schedule ticks, and which of the ticks that have passed become runs. Arithmetic alone.

A cron expression of five fields is read in a time zone of the IANA's, as Debian's cron does it
(cronsim): what names an hour runs once a day, whatever the clocks do. One whose time is skipped
runs when they have moved forward; one whose time comes twice runs the first time. What runs by the
minute or every hour goes by real time.

A tick is the planned moment, in UTC, and is what its run is known by. It is sent later by its
jitter, which follows from the source and the tick and so is the same for everyone who asks.
"""

import hashlib
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import islice
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from pipeline.registry_names import FieldInvalid

FIELDS: Final = 5
MOST_CHARACTERS: Final = 200
MOST_ZONE_CHARACTERS: Final = 64
MOST_JITTER_SECONDS: Final = 3600
# A tick sent this long after its time was missed: nobody was there to send it.
LATE: Final = timedelta(minutes=5)
# How many missed ticks `all` makes up for, the latest of them.
MOST_MADE_UP: Final = 100
# Nobody counts further back.
LOOKS_BACK: Final = timedelta(days=31)
SHOWN: Final = 5


class Missed(StrEnum):
    """What becomes of ticks that nobody was there to send."""

    SKIP = "skip"
    ONCE = "once"
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """When a schedule sends. `check_timing` makes one of what people write."""

    expression: str
    zone: str
    jitter_seconds: int = 0
    missed: Missed = Missed.SKIP


@dataclass(frozen=True, slots=True, kw_only=True)
class Reckoning:
    """What of a schedule is to be done now.

    Attributes:
        run: Ticks to make runs of, the oldest first.
        missed: How many that passed are not among them.
        next_tick: The one to wait for; None where there is none in the next fifty years.
    """

    run: tuple[datetime, ...]
    missed: int
    next_tick: datetime | None


def check_timing(timing: Timing) -> Timing:
    """Return it with its blanks in order.

    Raises:
        FieldInvalid: Names what cannot be kept.
    """
    fields = timing.expression.split()
    if len(fields) != FIELDS or len(timing.expression) > MOST_CHARACTERS:
        raise FieldInvalid(
            "cron", "a cron expression has five fields: minute, hour, day, month, weekday"
        )
    if not 0 <= timing.jitter_seconds <= MOST_JITTER_SECONDS:
        raise FieldInvalid("jitter_seconds", f"jitter is 0 to {MOST_JITTER_SECONDS} seconds")
    read_zone(timing.zone)
    found = Timing(
        expression=" ".join(fields),
        zone=timing.zone,
        jitter_seconds=timing.jitter_seconds,
        missed=timing.missed,
    )
    if next(ticks_after(found, datetime.now(UTC)), None) is None:
        raise FieldInvalid("cron", "this never comes")
    return found


def read_zone(name: str) -> ZoneInfo:
    """Raises: FieldInvalid."""
    try:
        if name and len(name) <= MOST_ZONE_CHARACTERS and name.isascii():
            return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        pass
    raise FieldInvalid("zone", "there is no such time zone; one is Europe/Berlin, another UTC")


def ticks_after(timing: Timing, after: datetime) -> Iterator[datetime]:
    """The ticks later than an aware moment, in UTC and in order.

    Raises:
        FieldInvalid: The expression or the zone is none.
    """
    try:
        local = CronSim(timing.expression, after.astimezone(read_zone(timing.zone)))
    except (CronSimError, ValueError, AssertionError, TypeError, OverflowError) as error:
        raise FieldInvalid("cron", f"this is no cron expression: {error}") from error
    return _in_order(local, after.astimezone(UTC))


def _in_order(local: Iterator[datetime], last: datetime) -> Iterator[datetime]:
    # In the hour that comes twice, a local time can name a moment that has passed.
    for each in local:
        tick = each.astimezone(UTC)
        if tick > last:
            yield tick
            last = tick


def send_at(timing: Timing, source_id: UUID, tick: datetime) -> datetime:
    """When a tick is sent: with its jitter, the same whoever asks."""
    seed = hashlib.sha256(source_id.bytes + b"\0" + name_of(tick).encode()).digest()
    late = int.from_bytes(seed[:8], "big") % (timing.jitter_seconds + 1)
    return tick + timedelta(seconds=late)


def name_of(tick: datetime) -> str:
    """A tick as its run is known by it: RFC 3339, UTC, whole seconds."""
    return tick.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def words_of(timing: Timing) -> str:
    """When it ticks, in English; of the zone nothing is said.

    Raises:
        FieldInvalid: The expression is none.
    """
    try:
        return CronSim(timing.expression, datetime.now(UTC)).explain()
    except (CronSimError, AssertionError) as error:
        raise FieldInvalid("cron", f"this is no cron expression: {error}") from error


def next_ticks(timing: Timing, after: datetime, count: int = SHOWN) -> list[datetime]:
    return list(islice(ticks_after(timing, after), count))


def reckon(timing: Timing, source_id: UUID, first: datetime, now: datetime) -> Reckoning:
    """Say which ticks from `first` on are to be sent now, and which comes next."""
    begin = max(first - timedelta(seconds=1), now - LOOKS_BACK)
    passed: deque[datetime] = deque(maxlen=MOST_MADE_UP)
    count, coming = 0, None
    for tick in ticks_after(timing, begin):
        if send_at(timing, source_id, tick) > now:
            coming = tick
            break
        passed.append(tick)
        count += 1
    run = _chosen(timing, source_id, tuple(passed), now)
    return Reckoning(run=run, missed=count - len(run), next_tick=coming)


def _chosen(
    timing: Timing, source_id: UUID, passed: tuple[datetime, ...], now: datetime
) -> tuple[datetime, ...]:
    if timing.missed is Missed.ALL:
        return passed
    latest = passed[-1:]
    if timing.missed is Missed.ONCE:
        return latest
    return tuple(each for each in latest if now - send_at(timing, source_id, each) <= LATE)
