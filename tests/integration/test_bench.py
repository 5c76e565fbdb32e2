"""The benches run: real servers and workers, few runs, no figure judged."""

import json

import pytest
from click.testing import CliRunner

from ops.bench.live import command as live
from ops.bench.pipeline import command

pytestmark = pytest.mark.services


def test_the_pipeline_bench_completes_its_runs_and_says_so_in_a_last_line_of_json() -> None:
    done = CliRunner().invoke(command, ["--runs", "20", "--rounds", "1", "--tenants", "2"])
    assert done.exception is None, done.output
    said = json.loads(done.output.splitlines()[-1])
    assert said["bench"] == "pipeline"
    assert said["n"] == 20
    assert {"runs_per_s", "baseline_runs_per_s", "ratio", "seconds"} <= set(said)
    assert said["settings"] == {
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
    }


def test_the_live_bench_brings_every_vote_to_every_socket_of_its_tenant() -> None:
    options = ["--sockets", "8", "--votes", "4", "--rounds", "1", "--rate", "20", "--lines", "0"]
    done = CliRunner().invoke(live, options)
    assert done.exception is None, done.output
    said = json.loads(done.output.splitlines()[-1])
    assert (said["bench"], said["sockets"], said["n"]) == ("live", 8, 16)
    assert {"p50_ms", "p99_ms", "ratio", "kib_per_socket"} <= set(said)
