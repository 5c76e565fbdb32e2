"""When the service was back after a kill, as the outside sees it."""

import time
from collections.abc import Callable, Sequence
from typing import Final

from ops.chaos.killers import Kill
from ops.chaos.outside import Acknowledgements
from ops.chaos.records import Records

PATIENCE_SECONDS: Final = 60.0
POLL_SECONDS: Final = 0.1
LOOKED_AT: Final = 200
"""Runs accepted since; more of them make the question slower, not better."""


def wait_until_back(
    kills: Sequence[Kill],
    acknowledgements: Acknowledgements,
    records: Records,
    told: Callable[[], None],
) -> None:
    """Measure until a request sent since the parts' return is acknowledged, and a run has ended.

    A run counts that was accepted since the return: what had been under way proves nothing of the
    part that was away. Kills of one moment share their return, the last one's.
    """
    returned = [kill.ready_at for kill in kills if kill.ready_at is not None]
    if len(returned) < len(kills):
        return
    ready_at = max(returned)
    deadline = time.monotonic() + PATIENCE_SECONDS
    ack_seconds = run_seconds = None
    while run_seconds is None and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
        told()
        since = [each for each in acknowledgements.read()[-2000:] if each.sent_at >= ready_at]
        accepted = [each for each in since if each.run is not None]
        if not accepted:
            continue
        ack_seconds = min(each.acked_at for each in accepted) - ready_at
        runs = [each.run for each in accepted[:LOOKED_AT] if each.run is not None]
        if records.ended_among(runs):
            run_seconds = time.time() - ready_at
    for kill in kills:
        kill.ack_seconds, kill.run_seconds = ack_seconds, run_seconds
