"""Named places between two effects, where a test kills the process to see what is left.

Outside a test nothing is installed and a fault point is an empty call. A composition root
installs one from AWGP_FAULT_POINT, which production refuses (pipeline/settings.py).
"""

import os
import signal
from typing import Final

FAULT_POINTS: Final = (
    "policy.claimed",
    "policy.before_commit",
    "policy.committed",
    "hold.claimed",
    "hold.before_commit",
    "hold.committed",
    "execute.leased",
    "execute.launched",
    "execute.finished",
    "execute.before_commit",
    "execute.committed",
    "post_action.leased",
    "post_action.before_send",
    "post_action.sent",
    "post_action.before_commit",
    "post_action.committed",
    "post_action.notice_taken",
    "post_action.notice_sent",
    "audit.claimed",
    "audit.before_commit",
    "audit.committed",
    "audit.signed",
    "relay.picked",
    "relay.before_send",
)

_armed: list[str] = []


def arm(name: str) -> None:
    """Die by SIGKILL when `name` is reached, once.

    Raises:
        ValueError: There is no such fault point.
    """
    if name not in FAULT_POINTS:
        raise ValueError(f"no fault point {name!r}; there are {', '.join(FAULT_POINTS)}")
    _armed.append(name)


def reached(name: str) -> None:
    if _armed and name in _armed:
        os.kill(os.getpid(), signal.SIGKILL)
