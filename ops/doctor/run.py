"""Run every probe within its time limit, one after another, whatever the others did."""

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from time import monotonic
from typing import Final

import botocore.exceptions
import httpx
import psycopg
import redis
import sqlalchemy.exc

from ops.doctor.check import Check, State, fail, skipped
from ops.doctor.system import System
from ops.operator_access import PasswordUnknown
from pipeline.errors import AwgpError

LIMIT_SECONDS: Final = 10.0

# Whose words can be shown: they speak of addresses, names and rights, never of rows.
SPEAKING: Final = (
    AwgpError,
    psycopg.Error,
    redis.RedisError,
    httpx.HTTPError,
    botocore.exceptions.BotoCoreError,
    botocore.exceptions.ClientError,
    OSError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One question and who answers it.

    Attributes:
        name: Of the check, where the probe itself cannot give one.
        needs: Probes ("name" of the same subject, or "subject: name"); where one failed or was
            skipped, so is this.
        mend: Said where the probe raised or took too long.
        limit: Seconds.
    """

    subject: str
    name: str
    ask: Callable[[System], Iterable[Check]]
    needs: tuple[str, ...] = ()
    mend: str = "see what the message says; `awgp status` tells what runs"
    limit: float = LIMIT_SECONDS


@dataclass(slots=True)
class _Answer:
    """What a probe's thread leaves behind."""

    checks: list[Check]
    error: Exception | None = None


def run_probes(system: System, probes: Iterable[Probe]) -> Iterator[Check]:
    """Yield each finding as it comes; no secret is in any."""
    hidden = system.known_secrets()
    unanswered: set[str] = set()
    for probe in probes:
        missing = [need for need in needed(probe) if need in unanswered]
        first = missing[0] if missing else None
        checks = [skipped(probe.name, f"see {first}")] if first else run_probe(system, probe)
        if any(each.name == probe.name and each.state in _NO_ANSWER for each in checks):
            unanswered.add(f"{probe.subject}: {probe.name}")
        yield from (_without(each.of(probe.subject), hidden) for each in checks)


def needed(probe: Probe) -> list[str]:
    """What a probe needs, each as "subject: name"."""
    return [need if ": " in need else f"{probe.subject}: {need}" for need in probe.needs]


def run_probe(system: System, probe: Probe) -> list[Check]:
    """One probe in a thread of its own: one that hangs is a finding, not a hanging doctor."""
    answer = _Answer(checks=[])

    def ask() -> None:
        try:
            answer.checks = list(probe.ask(system))
        except Exception as error:  # noqa: BLE001  # whatever it was, it is the finding
            answer.error = error

    thread = threading.Thread(target=ask, name=f"doctor {probe.name}", daemon=True)
    began = monotonic()
    thread.start()
    thread.join(probe.limit)
    if thread.is_alive():
        return [fail(probe.name, f"no answer within {monotonic() - began:.0f} s", probe.mend)]
    if isinstance(answer.error, PasswordUnknown) and system.data is None:
        return [skipped(probe.name, "no data folder: the logins' passwords are not known")]
    if answer.error is not None:
        return [fail(probe.name, what_happened(answer.error), probe.mend)]
    return answer.checks


def what_happened(error: Exception) -> str:
    """An error in one line; of a stranger's only its kind, because it may quote a row."""
    if isinstance(error, sqlalchemy.exc.DBAPIError) and error.orig is not None:
        return what_happened(error.orig) if isinstance(error.orig, Exception) else "refused"
    if isinstance(error, SPEAKING):
        return " ".join(str(error).split()) or type(error).__name__
    return f"unexpected: {type(error).__name__}"


def _without(check: Check, hidden: list[str]) -> Check:
    found, mend = check.found, check.mend
    for secret in hidden:
        found, mend = found.replace(secret, "***"), mend.replace(secret, "***")
    return replace(check, found=found, mend=mend)


_NO_ANSWER: Final = (State.FAIL, State.SKIPPED)
