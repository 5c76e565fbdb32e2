"""No sandbox outlives its host, however busy it keeps itself and its launcher."""

from pathlib import Path

import pytest

from pipeline.execution import ExitReason
from tests.attacks.bombs import BOMBS
from tests.attacks.site import PLACES, site_at
from tests.attacks.test_neighbours import Beside
from tests.integration.own_host import INNOCENT, start, until, wait_until_serving

pytestmark = [pytest.mark.runsc, pytest.mark.attacks, pytest.mark.timeout(1200)]

SAY = "import os\nprint('here', flush=True)\n"
ORPHANS = BOMBS["orphans without end"].program
BUSY = {
    "makes orphans": SAY + ORPHANS,
    "makes orphans in many processes": f"{SAY}for _ in range(2): os.fork()\n{ORPHANS}",
    "spins": SAY + "for _ in range(3): os.fork()\nwhile True: pass",
    "is stopped": SAY + "os.kill(os.getpid(), 19)",
    "is silent": SAY + "import time\nos.close(1)\nos.close(2)\ntime.sleep(999)",
    "forks": SAY + "while True:\n    try: os.fork()\n    except OSError: pass",
    "talks": SAY + "import time\nwhile True: os.write(1, b'y'); time.sleep(0.001)",
}


@pytest.mark.parametrize("place", PLACES)
def test_every_sandbox_ends_with_its_host(tmp_path: Path, runtimes: Path, place: str) -> None:
    with site_at(place, tmp_path, runtimes, AWGP_SANDBOXES=str(len(BUSY))) as site:
        host = site.host
        running = [Beside(site, program, until="here") for program in BUSY.values()]
        host.process.kill()
        host.process.wait()
        until(lambda: not site.machine.enclosure.processes() | set(host.processes()), "their end")
        ended = dict(zip(BUSY, (each.joined() for each in running), strict=True))
        assert [n for n, e in ended.items() if e.reason is not ExitReason.HOST_LOST] == [], ended
        entering = site.machine.enclosure.entry_files
        host.process = start(host.folder, runtimes, host.way, entering=entering)
        wait_until_serving(host)
        assert host.run(host.spec(INNOCENT)).reason is ExitReason.OK
        assert site.witness.came() == []
