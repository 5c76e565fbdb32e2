"""Where work is long, a tenant's line: the broker gets a few of its runs at a time, not all.

The broker's queue is first come, first served, so whoever puts ten thousand runs into it makes
everybody else wait for ten thousand. At the stages below, a tenant has at most PLACES runs on their
way that nobody works on yet; more wait in `handoffs` for the relay, which lets the next ones in as
these begin. Others so wait for PLACES runs of each tenant at most, whatever is waiting behind.

A row in the line is due at no time ('infinity') until it is let in. One that was begun before, and
was sent STUBBORN times, holds no place any more, so that runs that come to nothing again and again
keep none of their tenant's others out. One that nobody began is waiting in the broker: it keeps its
place, however often it was sent.
"""

from typing import Final

from pipeline.run import Stage

LINED: Final = frozenset({Stage.EXECUTE, Stage.POST_ACTION})
PLACES: Final = 32
STUBBORN: Final = 4

# Of rows of `handoffs`: those that hold a place or wait for one.
IN_LINE: Final = (
    f"(fence = 0 OR sends < {STUBBORN})"
    " AND (lease_until IS NULL OR lease_until < clock_timestamp())"
    " AND (not_before IS NULL OR not_before <= clock_timestamp())"
)
# Whether a tenant's line at a stage has a place. Two at once may both take the last: it is no law.
PLACE_AHEAD: Final = f"""
    SELECT count(*) < {PLACES}
    FROM (SELECT 1 FROM handoffs WHERE stage = {{stage}} AND {IN_LINE} LIMIT {PLACES}) ahead"""  # noqa: S608  # constant parts
# Answers with whether to send it now.
TAKE_PLACE: Final = f"""
    INSERT INTO handoffs (tenant_id, handoff_id, run_id, epoch, stage, next_send_at, traceparent)
    SELECT :tenant, :id, :run, :epoch, :stage, CASE WHEN ({PLACE_AHEAD.format(stage=":stage")})
        THEN clock_timestamp() + :delay ELSE 'infinity' END, :traceparent
    RETURNING next_send_at < 'infinity'
    """  # constant parts
