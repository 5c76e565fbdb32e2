"""Which tests share a worker, which come first, and which may not run beside one another."""

import re
from pathlib import PurePosixPath
from typing import Final

from xdist.scheduler import LoadFileScheduling, LoadScopeScheduling
from xdist.workermanage import WorkerController

LINKS: Final = "links"
BROWSER: Final = "browser: "
ATTACKS: Final = "attacks"
# As the tests' parameters name it: a driver, and whether sandboxes are started ahead.
KIND_OF_SANDBOX: Final = re.compile(r"\[(?:.*?-)??((?:runsc|docker)(?:-cold|-warm)?)\b")
# They add network links, and a browser then drops what it is loading (ERR_NETWORK_CHANGED).
MAKE_LINKS: Final = frozenset({"test_fault_proxy.py", "test_faults.py"})
# A running system is dear, and so is a worker that goes on alone: two for all browser tests, of
# about the same length.
LOOK_AT_PAGES: Final = frozenset({"test_pages.py", "test_hostile_pages.py"})
LONGEST_FIRST: Final = (
    LINKS,
    f"{BROWSER}deeds",
    f"{BROWSER}pages",
    "tests/integration/test_web_api.py",
    "tests/e2e/test_main_job.py",
    "tests/e2e/test_first_webhook.py",
    "tests/integration/test_chaos.py",
)


class Together(LoadFileScheduling):  # type: ignore[misc]  # xdist has no types
    """What shares a running system goes to one worker: a file, half of the browser tests, attacks.

    The longest begin first, or the last worker would go on alone. What would disturb a browser is
    done before there is one.

    Not by `xdist_group`, which pytest 9.2 no longer heeds: each test would go its own way, and
    each worker start everything anew.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = PurePosixPath(nodeid.partition("::")[0])
        if file.name in MAKE_LINKS:
            return LINKS
        if file.parent.name == "browser":
            return f"{BROWSER}{'pages' if file.name in LOOK_AT_PAGES else 'deeds'}"
        return ATTACKS if file.parent.name == "attacks" else str(file)

    def mark_test_complete(
        self, node: WorkerController, item_index: int, duration: float = 0
    ) -> None:
        super().mark_test_complete(node, item_index, duration)
        for each in self.nodes:  # one may have waited for this
            self._reschedule(each)

    def _assign_work_unit(self, node: WorkerController) -> None:
        if (scope := self._next_scope(node)) is not None:
            self.workqueue.move_to_end(scope, last=False)
            super()._assign_work_unit(node)

    def _next_scope(self, node: WorkerController) -> str | None:
        """The longest of what may begin; the first in order among those of no known length."""
        disturbed = any(
            False in work.get(LINKS, {}).values()
            for other, work in self.assigned_work.items()
            if other is not node
        )
        free = [each for each in self.workqueue if not (disturbed and each.startswith(BROWSER))]
        return next((each for each in LONGEST_FIRST if each in free), next(iter(free), None))


class SandboxesTogether(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """For `make attacks`: the tests of one kind of sandbox share a host, and so go to one worker.

    Those of a driver whose tests start hosts of their own go together, too, with their engine.
    """

    def _split_scope(self, nodeid: str) -> str:
        kind = KIND_OF_SANDBOX.search(nodeid)
        return kind[1] if kind else nodeid.partition("::")[0]
