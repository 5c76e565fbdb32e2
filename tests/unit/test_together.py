"""Which tests share a worker, and when they begin."""

from collections import OrderedDict
from pathlib import Path

import pytest

from tests.together import (
    BROWSER,
    LINKS,
    LONGEST_FIRST,
    LOOK_AT_PAGES,
    MAKE_LINKS,
    SandboxesTogether,
    Together,
)

DEEDS, PAGES = f"{BROWSER}deeds", f"{BROWSER}pages"
Work = dict[str, dict[str, bool]]
TESTS = Path(__file__).parents[1]


@pytest.mark.parametrize(
    ("test", "shares"),
    [
        ("tests/e2e/browser/test_pages.py::test_a[x/y.py::z]", PAGES),
        ("tests/e2e/browser/test_inbox.py::test_b", DEEDS),
        ("tests/integration/test_faults.py::test_c", LINKS),
        ("tests/attacks/test_words.py::test_e[runsc-cold]", "attacks"),
        ("tests/e2e/test_main_job.py::test_d", "tests/e2e/test_main_job.py"),
    ],
)
def test_what_shares_a_running_system_shares_a_worker(test: str, shares: str) -> None:
    assert object.__new__(Together)._split_scope(test) == shares


@pytest.mark.parametrize(
    ("test", "shares"),
    [
        ("tests/attacks/test_matrix.py::test_a[docker-warm-bomb: runsc-cold]", "docker-warm"),
        ("tests/attacks/test_gateway.py::test_b[runsc-cold]", "runsc-cold"),
        ("tests/integration/test_host_killed.py::test_c[docker-never-20]", "docker"),
        ("tests/integration/test_runtime_host.py::test_d[2-runsc]", "runsc"),
        ("tests/attacks/test_words.py::test_e[no-runscript]", "tests/attacks/test_words.py"),
    ],
)
def test_what_attacks_one_kind_of_sandbox_shares_a_worker(test: str, shares: str) -> None:
    assert object.__new__(SandboxesTogether)._split_scope(test) == shares


def test_what_is_named_there_is() -> None:
    names = {each.name for each in TESTS.rglob("test_*.py")}
    assert names >= MAKE_LINKS | LOOK_AT_PAGES
    groups = {LINKS, DEEDS, PAGES}
    assert all((TESTS.parent / each).is_file() for each in LONGEST_FIRST if each not in groups)


def begun(*, waiting: list[str], here: Work | None = None, there: Work | None = None) -> str | None:
    """What a worker begins next, where it and another are busy with something."""
    plan = object.__new__(Together)
    plan.workqueue = OrderedDict((each, {}) for each in waiting)
    plan.assigned_work = {"here": here or {}, "there": there or {}}
    return plan._next_scope("here")


def test_the_longest_begins_first_and_the_rest_in_its_order() -> None:
    assert begun(waiting=["tests/b.py", PAGES, DEEDS, LINKS]) == LINKS
    assert begun(waiting=["tests/b.py", PAGES, DEEDS]) == DEEDS
    assert begun(waiting=["tests/b.py", "tests/a.py"]) == "tests/b.py"


def test_no_browser_begins_beside_what_disturbs_it() -> None:
    links = {LINKS: {"x": True, "y": False}}
    assert begun(waiting=[PAGES, "tests/a.py"], there=links) == "tests/a.py"
    assert begun(waiting=[PAGES], there=links) is None
    assert begun(waiting=[PAGES], here=links) == PAGES  # after it, then
    assert begun(waiting=[PAGES], there={LINKS: {"x": True, "y": True}}) == PAGES
