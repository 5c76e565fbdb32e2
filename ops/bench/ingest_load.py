"""A load, sent by a process of its own."""

import json
import subprocess
import sys
from dataclasses import asdict

from ops.bench.load_client import Load, Plan
from pipeline.errors import AwgpError


class BenchFailed(AwgpError):
    """A figure would be wrong: a request was refused, or acknowledged and is not there."""


def load(plan: Plan) -> Load:
    """Run the client; the secrets reach it on stdin.

    Raises:
        BenchFailed: It could not do what was planned.
    """
    ended = subprocess.run(
        [sys.executable, "-m", "ops.bench.load_client"],
        input=json.dumps(asdict(plan)),
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode != 0:
        raise BenchFailed(f"the load client failed: {ended.stderr.strip()[-300:]}")
    return Load(**json.loads(ended.stdout))
