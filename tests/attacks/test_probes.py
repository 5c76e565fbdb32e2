"""What an agent may try without doing harm is tried at once, by one bundle in one sandbox."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.attacks.machine import Witness
from tests.attacks.site import AGENTS, Site, got_through

pytestmark = pytest.mark.runsc

# What is there to be found by anybody on the machine itself, where no sandbox holds.
FOUND_OUTSIDE = {"tcp_out", "unix_sockets", "reads_of_the_machine", "ways_up", "links"}


def test_nothing_gets_through(site: Site) -> None:
    report = site.probe()
    assert got_through(report, site.host.way) == {}
    assert len(report) >= 28


def test_the_probes_find_what_they_look_for_where_nothing_holds_them(tmp_path: Path) -> None:
    (tmp_path / "witness").mkdir()
    with Witness.there(tmp_path / "witness") as witness:
        asked, told = tmp_path / "request.json", tmp_path / "result.json"
        asked.write_text(json.dumps(witness.request))
        subprocess.run(
            [sys.executable, "-B", str(AGENTS / "main.py"), "udp_out", *sorted(FOUND_OUTSIDE)],
            env={
                "PROBE_REQUEST": str(asked),
                "PROBE_RESULT": str(told),
            },
            check=True,
        )
        report = json.loads(told.read_text())
        assert {name for name in FOUND_OUTSIDE if report[name]} == FOUND_OUTSIDE, report
        came = witness.came()
        assert len(came) == len(witness.listeners), came
        witness.processes[0].kill()
        witness.processes[0].wait()
        (witness.folder / "secret").write_text("changed")
        assert len(witness.came()) == 2
