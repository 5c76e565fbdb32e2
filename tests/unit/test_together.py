"""Which tests share a worker."""

import pytest

from tests.conftest import Together


@pytest.mark.parametrize(
    ("test", "shares"),
    [
        ("tests/e2e/browser/test_pages.py::test_a[x/y.py::z]", "browser"),
        ("tests/e2e/browser/test_inbox.py::test_b", "browser"),
        ("tests/integration/test_faults.py::test_c", "browser"),
        ("tests/e2e/test_main_job.py::test_d", "tests/e2e/test_main_job.py"),
    ],
)
def test_what_shares_a_running_system_shares_a_worker(test: str, shares: str) -> None:
    assert object.__new__(Together)._split_scope(test) == shares
