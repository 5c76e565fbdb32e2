"""What a gateway tells its host of, line by line: its calls, and that something in it failed.

It talks to whoever attacks us, and may be an attacker's. So calls are kept by their number, of
which there are so many at most and whose end is told once, and failures, of which there may be any
number, take no call's place. What makes no sense ends it.
"""

import json
from collections.abc import Callable, Mapping
from typing import Final

import structlog

from pipeline.errors import AwgpError
from pipeline.gateway_call import UNFINISHED, VISIT, GatewayCall, GatewayCallInvalid, Refused
from pipeline.gateway_scope import BUDGET_RANGES

log = structlog.get_logger()

# With the one that is told of when all are used up.
MAX_CALLS: Final = BUDGET_RANGES["calls"][1] + 1
NOT_OURS: Final = (ValueError, TypeError, AttributeError, RecursionError)
# Kept of a gateway's own words.
MAX_ERROR: Final = 80
# A digest without a key lets whoever reads the log test a guess; the trail has commitments.
NOT_LOGGED: Final = frozenset({"request", "response"})


class ToldNonsense(AwgpError):
    """A gateway said what none of ours says."""


class Told:
    """Hears one gateway, and logs what it hears when it hears it.

    Args:
        ids: Whose calls they are, for the log; filled in once that is known.
        visits: Told of where they go; None where nobody asked for that.
    """

    def __init__(
        self, ids: Mapping[str, str], visits: Callable[[str, str], None] | None = None
    ) -> None:
        self._ids = ids
        self._visits = visits
        self._calls: dict[int, GatewayCall] = {}
        self._failures = 0

    def hear(self, line: bytes) -> None:
        """Keep a line.

        Raises:
            ToldNonsense: It is none of a gateway's, or changes what was told.
        """
        try:
            told = json.loads(line)
            if Refused.FAILED in told:
                self._note_failure(str(told[Refused.FAILED]))
                return
            if VISIT in told and self._visits is not None:
                method, url = told[VISIT]
                self._visits(str(method), str(url))
                return
            self._keep(GatewayCall.from_json(told))
        except (*NOT_OURS, GatewayCallInvalid) as error:
            raise ToldNonsense("a gateway told nonsense") from error

    def calls(self) -> tuple[GatewayCall, ...]:
        """Each as it was told of last, in their order."""
        return tuple(self._calls[number] for number in sorted(self._calls))

    def _note_failure(self, error: str) -> None:
        self._failures += 1
        if self._failures == 1:  # an agent may cause any number of them
            log.error("gateway_failed", error=error[:MAX_ERROR], **self._ids)

    def _keep(self, call: GatewayCall) -> None:
        before = self._calls.get(call.number)
        if not 1 <= call.number <= MAX_CALLS or (before and before.error != UNFINISHED):
            raise ToldNonsense(f"a gateway told of call {call.number} once too often")
        self._calls[call.number] = call
        event = "gateway_call_begun" if call.error == UNFINISHED else "gateway_call"
        shown = {name: each for name, each in call.as_json().items() if name not in NOT_LOGGED}
        log.info(event, **shown, **self._ids)
