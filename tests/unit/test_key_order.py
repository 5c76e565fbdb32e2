"""Which key of the ring is the newest, wherever it stands, so that rotating twice is harmless."""

import base64
import stat
from pathlib import Path

import pytest

from ops.commands.keys import KeyUnusable, command, newest_line
from pipeline.envelope import KeyRing

KEY = base64.b64encode(bytes(32)).decode()


@pytest.mark.parametrize(
    ("names", "newest"),
    [
        (["k1"], "k1"),
        (["k1", "k2-a3aa", "k3-dc15"], "k3-dc15"),
        (["k3-dc15", "k1", "k2-a3aa"], "k3-dc15"),
        (["k9", "k10-ffff"], "k10-ffff"),
        (["k10-ffff", "k9"], "k10-ffff"),
        (["own", "k1-0000"], "k1-0000"),
        (["2025", "2026"], "2026"),
    ],
)
def test_the_newest_key_is_found_wherever_it_stands(names: list[str], newest: str) -> None:
    assert newest_line([f"{name}:{KEY}" for name in names]) == f"{newest}:{KEY}"


@pytest.fixture
def ring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A ring as an operator may have written it, in a folder that is a data folder."""
    path = tmp_path / "kek"
    path.write_text(f"# made by hand\nk3-dc15:{KEY}\n\n")
    path.chmod(stat.S_IRUSR | stat.S_IWUSR)
    monkeypatch.setenv("AWGP_KEK_FILE", str(path))
    monkeypatch.setattr("ops.commands.keys.existing_data_folder", lambda root: root)
    return path


def call(name: str) -> None:
    found = command.commands[name]
    found.main(args=[], standalone_mode=False)


def test_an_added_key_stands_last_under_the_next_number(ring: Path) -> None:
    call("add")
    names = list(KeyRing.from_files(ring).keys)
    assert names[0] == "k3-dc15"
    assert names[1].startswith("k4-")


def test_a_key_that_does_not_seal_yet_is_not_retired(ring: Path) -> None:
    call("add")
    with pytest.raises(KeyUnusable, match="run `awgp keys rotate` first"):
        call("retire")
    assert len(KeyRing.from_files(ring).keys) == 2
