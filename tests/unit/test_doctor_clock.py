"""How a server's clock is judged: what the reading itself cannot resolve does not count."""

import pytest

from ops.doctor.check import State
from ops.doctor.clock import compare

ASKED = 1_000.0


@pytest.mark.parametrize(
    ("server", "took", "grain", "state"),
    [
        (ASKED, 0.0, 0.0, State.OK),
        (ASKED + 0.9, 0.0, 0.0, State.OK),
        (ASKED - 1.1, 0.0, 0.0, State.WARN),
        (ASKED + 29.0, 0.0, 0.0, State.WARN),
        (ASKED + 31.0, 0.0, 0.0, State.FAIL),
        (ASKED - 31.0, 0.0, 0.0, State.FAIL),
        # An answer that took four seconds says where its clock is to two.
        (ASKED + 4.5, 4.0, 0.0, State.OK),
        (ASKED + 5.5, 4.0, 0.0, State.WARN),
        # Whole seconds, rounded down: 999 may still be now.
        (ASKED - 1.0, 0.0, 1.0, State.OK),
        (ASKED - 2.5, 0.0, 1.0, State.WARN),
    ],
)
def test_a_clock_is_judged_by_what_is_certain(
    server: float, took: float, grain: float, state: State
) -> None:
    assert compare("clock", server, ASKED, ASKED + took, grain).state is state


def test_a_clock_far_off_says_which_way_and_what_to_do() -> None:
    behind = compare("clock", ASKED - 100, ASKED, ASKED, 0.0)
    ahead = compare("clock", ASKED + 100, ASKED, ASKED, 0.0)
    assert "100.0 s behind this machine" in behind.found
    assert "100.0 s ahead of this machine" in ahead.found
    assert "NTP" in ahead.mend
