"""What the audit trail and the metrics know of the calls of an execution."""

import hashlib
import hmac
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from pipeline.gateway_call import GatewayCall
from pipeline.metrics import GATEWAY_CALLS
from pipeline.work import SYSTEM, Actor, Work

# So that one entry stays some kilobytes.
CALLS_AN_ENTRY: Final = 50
_US: Final = Actor(type="system", id=SYSTEM)


def record_calls(
    work: Work, execution_id: UUID, calls: Sequence[GatewayCall], *, digest_key: bytes
) -> None:
    """Write down what went out: to where, how much, and commitments to what was said.

    Args:
        digest_key: The run's: as with its result, nobody can test a guess once it is erased.
    """
    if not calls:
        return
    run_id = work.execute(
        "SELECT run_id FROM executions WHERE execution_id = :id", id=execution_id
    ).scalar_one()
    for start in range(0, len(calls), CALLS_AN_ENTRY):
        work.record(
            _US,
            "execute:gateway:called",
            ("execution", str(execution_id)),
            metadata={
                "run": str(run_id),
                "calls": [
                    _told(each, digest_key) for each in calls[start : start + CALLS_AN_ENTRY]
                ],
            },
        )


def count_calls(calls: Sequence[GatewayCall]) -> None:
    """Once what came of them is committed: a transaction may be tried several times."""
    for call in calls:
        GATEWAY_CALLS.labels(outcome=call.error or "answered").inc()


def _told(call: GatewayCall, digest_key: bytes) -> dict[str, Any]:
    told = call.as_json()
    for name in ("request", "response"):
        digest = told.pop(name)
        if digest:
            commitment = hmac.new(digest_key, bytes.fromhex(digest), hashlib.sha256)
            told[f"{name}_commitment"] = commitment.hexdigest()
    return told
