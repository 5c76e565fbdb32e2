"""A process keeps to the processor that the fewest of its siblings keep to."""

import json
import os
import subprocess
import sys

import pytest

PROGRAM = """
import json, os, sys
from ops.one_processor import stay_on_one_processor
chosen = stay_on_one_processor(json.loads(sys.argv[1]))
print(json.dumps([chosen, sorted(os.sched_getaffinity(0))]))
"""
MINE = sorted(os.sched_getaffinity(0))

if len(MINE) < 2:
    pytest.skip(
        "this machine has one processor: there is nothing to choose", allow_module_level=True
    )


def chosen(*siblings: int, **environ: str) -> tuple[int | None, list[int]]:
    """What a process of its own chose, and where it may run then."""
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(siblings)],
        env={**os.environ, **environ},
        capture_output=True,
        check=True,
    )
    number, kept = json.loads(ended.stdout)
    return number, kept


def test_it_goes_where_no_sibling_is_and_stays_there() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as sibling:
        os.sched_setaffinity(sibling.pid, {MINE[1]})
        found = {chosen(sibling.pid)[0] for _ in range(4)}
        sibling.communicate()
    assert MINE[1] not in found
    gone = chosen(sibling.pid)
    assert gone[1] == [gone[0]]


def test_a_sibling_that_may_run_anywhere_and_the_switch_change_nothing() -> None:
    number, kept = chosen(os.getpid())
    assert kept == [number]
    assert chosen(AWGP_ONE_PROCESSOR="off") == (None, MINE)
