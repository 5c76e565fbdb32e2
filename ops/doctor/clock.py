"""How far a server's clock is from this machine's."""

import time
from typing import Final

from ops.doctor.check import Check, fail, ok, warn

WARN_SECONDS: Final = 1.0
FAIL_SECONDS: Final = 30.0
MEND: Final = "keep both machines on NTP (`timedatectl`, chrony); the later one is not always right"


def compare(name: str, server: float, asked_at: float, answered_at: float, grain: float) -> Check:
    """Judge one reading.

    Args:
        server: Its clock, seconds since 1970.
        asked_at: Ours before the question; `answered_at` after the answer.
        grain: Seconds; how coarse the server's reading is, rounded down.
    """
    ours = (asked_at + answered_at) / 2
    apart = server + grain / 2 - ours
    certain = max(0.0, abs(apart) - grain / 2 - (answered_at - asked_at) / 2)
    direction = "ahead of" if apart > 0 else "behind"
    said = f"{abs(apart):.1f} s {direction} this machine"
    if certain > FAIL_SECONDS:
        why = "leases, expiry and signatures go by the clock"
        return fail(name, f"{said}: {why}", MEND)
    if certain > WARN_SECONDS:
        return warn(name, said, MEND)
    return ok(name, f"within {max(certain, 0.1, grain):.1f} s of this machine")


def now() -> float:
    return time.time()
