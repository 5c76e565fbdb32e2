"""Chaos in its short form: every stage's worker, the edge, the relay, the host and the servers.

What is asserted is what became of the requests, never how long anything took.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ops.chaos.plan import SHORT_KINDS

pytestmark = [pytest.mark.runsc, pytest.mark.services, pytest.mark.timeout(900)]


def chaos(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "ops.chaos", *arguments],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
        env={name: value for name, value in os.environ.items() if not name.startswith("AWGP_")},
    )


def test_nothing_is_lost_and_nothing_happens_twice_whatever_is_killed() -> None:
    done = chaos("--short", "--json-only")
    said = done.stdout + done.stderr
    verdict: dict[str, Any] = json.loads(done.stdout)
    assert list(verdict)[:8] == [
        "acknowledged",
        "completed",
        "outcome_unknown",
        "lost",
        "duplicate_effects",
        "kills",
        "receiver_requests",
        "requests_per_key",
    ]
    assert (verdict["lost"], verdict["duplicate_effects"]) == (0, 0), said
    assert verdict["broken"] == [], said
    assert done.returncode == 0, said
    assert verdict["kills"].keys() == set(SHORT_KINDS)
    assert verdict["acknowledged"] >= 150
    stopped = verdict["statuses"].get("cancelled (killed by a person)", 0)
    ended = verdict["completed"] + verdict["outcome_unknown"] + stopped
    assert ended == verdict["acknowledged"]
    assert stopped >= verdict["stopped"]  # an answer may have been lost
    assert verdict["receiver_requests"] >= verdict["completed"]
    assert verdict["in_gvisor"] > 0


@pytest.mark.parametrize(
    "arguments",
    [("--minutes", "0"), ("--short", "--minutes", "5"), ("--seed", "x"), ("--data", "/etc")],
)
def test_a_wrong_call_is_one_line_and_breaks_nothing(arguments: tuple[str, ...]) -> None:
    done = chaos(*arguments, "--json-only")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
