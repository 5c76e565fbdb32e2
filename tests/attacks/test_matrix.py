"""Every attack alone, one sandbox each. What is cheap and tells most is in `make test` too."""

import pytest

from tests.attacks.archives import ARCHIVES
from tests.attacks.attack import Attack
from tests.attacks.bombs import BOMBS
from tests.attacks.results import RESULTS
from tests.attacks.site import Site

pytestmark = pytest.mark.runsc

ALL = {
    **{f"bomb: {name}": attack for name, attack in BOMBS.items()},
    **{f"result: {name}": attack for name, attack in RESULTS.items()},
    **{f"archive: {name}": attack for name, attack in ARCHIVES.items()},
}
# One of each limit, and of what is read by others than the unit tests read it.
ALWAYS = {
    "bomb: heap",
    "bomb: forks without end",
    "bomb: spins",
    "bomb: fills /tmp",
    "bomb: opens files without end",
    "bomb: floods stdout",
    "bomb: leaves children behind",
    "result: a symbolic link",
    "result: a socket",
    "result: deep",
    "archive: a name traversal",
    "archive: a bomb of zeros",
}


@pytest.mark.parametrize(
    "attack",
    [
        pytest.param(attack, id=name, marks=() if name in ALWAYS else pytest.mark.attacks)
        for name, attack in ALL.items()
    ],
)
def test_an_attack_ends_as_it_must_and_harms_nobody(site: Site, attack: Attack) -> None:
    attack.check(site.run_bundle(attack.packed(), **attack.limits))
