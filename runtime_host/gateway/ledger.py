"""What one execution used of its gateway: refused when it is too much, told when it happens."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace

from pipeline.gateway_call import UNFINISHED, GatewayCall, Refused, response_digest
from pipeline.gateway_scope import Budget
from runtime_host.gateway.refusal import CallRefused


class Ledger:
    """Counts calls and bytes of several threads.

    Args:
        tell: Called when a call begins and when it ended, so that none is lost when this process
            is killed in between.
    """

    def __init__(
        self,
        budget: Budget,
        tell: Callable[[GatewayCall], None],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._budget = budget
        self._tell = tell
        self._clock = clock
        self._began = clock()
        self._lock = threading.Lock()
        self._calls = 0
        self._bytes = 0
        self._told_spent = False

    def begin(self, method: str, destination: str, request: str, bytes_out: int) -> GatewayCall:
        """Note a call down before it leaves.

        Raises:
            CallRefused: The calls or the bytes are used up; nothing may leave. That is noted too,
                of calls once.
        """
        with self._lock:
            call = GatewayCall(
                number=self._calls + 1,
                offset_ms=self._since(self._began),
                method=method,
                destination=destination,
                request=request,
                bytes_out=bytes_out,
                error=UNFINISHED,
            )
            if self._calls >= self._budget.calls:
                self._tell_spent(call)
                raise _spent(f"its {self._budget.calls} calls are used up")
            self._calls += 1
            if self._bytes + bytes_out > self._budget.bytes:
                self._tell(_unsent(call))
                raise _spent(f"its {self._budget.bytes} bytes are used up")
            self._bytes += bytes_out
            self._tell(call)
        return call

    def room(self) -> int:
        """Bytes an answer may have now."""
        with self._lock:
            return min(self._budget.answer_bytes, self._budget.bytes - self._bytes)

    def take(self, count: int) -> None:
        """Count bytes of an answer as they come.

        Raises:
            CallRefused: They are used up.
        """
        with self._lock:
            self._bytes += count
            if self._bytes > self._budget.bytes:
                raise _spent(f"its {self._budget.bytes} bytes are used up")

    def answered(self, call: GatewayCall, status: int, body: bytes, tokens: int = 0) -> None:
        """Note how a call ended."""
        self._end(
            call,
            status=status,
            error="",
            response=response_digest(status, body),
            bytes_in=len(body),
            tokens=tokens,
        )

    def failed(
        self, call: GatewayCall, why: Refused, *, status: int | None = None, bytes_in: int = 0
    ) -> None:
        """Note that a call brought nothing back.

        Args:
            status: Of an answer that was cut off.
            bytes_in: Of its body, that came.
        """
        self._end(call, error=why.value, status=status, bytes_in=bytes_in)

    def left(self) -> dict[str, int]:
        """What may still be used."""
        with self._lock:
            return {
                "calls": self._budget.calls - self._calls,
                "bytes": max(0, self._budget.bytes - self._bytes),
            }

    def _tell_spent(self, call: GatewayCall) -> None:
        if not self._told_spent:
            self._told_spent = True
            self._tell(_unsent(call))

    def _end(self, call: GatewayCall, **changes: object) -> None:
        took = self._since(self._began) - call.offset_ms
        ended = replace(call, duration_ms=took, **changes)  # type: ignore[arg-type]  # its fields
        with self._lock:
            self._tell(ended)

    def _since(self, moment: float) -> int:
        return round((self._clock() - moment) * 1000)


def _unsent(call: GatewayCall) -> GatewayCall:
    return replace(call, bytes_out=0, error=Refused.BUDGET_SPENT.value)


def _spent(detail: str) -> CallRefused:
    return CallRefused(Refused.BUDGET_SPENT, f"the execution's budget: {detail}")
