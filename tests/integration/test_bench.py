"""The benches run: real servers and workers, few runs, no figure judged."""

import json

import pytest
from click.testing import CliRunner

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
