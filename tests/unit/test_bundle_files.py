"""What people are shown of a bundle: text alone, within bounds, and what changed."""

import pytest

from runtime_host.bundle import BundleRefused, pack
from runtime_host.bundle_files import (
    MAX_COMPARED_LINES,
    MAX_DIFF_BYTES,
    MAX_DIFFS_BYTES,
    MAX_SHOWN_BYTES,
    BundleFileNotFound,
    Change,
    diff_bundles,
    file_text,
    read_files,
)


def test_files_are_listed_with_sizes_and_digests() -> None:
    found = read_files(pack({"main.py": b"print(1)\n", "data/x.bin": b"\0\1"}))
    assert {path: each.size for path, each in found.items()} == {"data/x.bin": 2, "main.py": 9}
    assert all(each.digest.startswith("sha256:") for each in found.values())


def test_text_is_shown_and_anything_else_is_not() -> None:
    packed = pack({"a.py": "größe = 1\n".encode(), "b.bin": b"a\0b", "c.bin": b"\xff\xfe"})
    assert file_text(packed, "a.py").text == "größe = 1\n"
    assert [file_text(packed, path).text for path in ("b.bin", "c.bin")] == [None, None]
    with pytest.raises(BundleFileNotFound):
        file_text(packed, "../a.py")


def test_a_long_file_is_cut_between_characters() -> None:
    packed = pack({"long.txt": ("x" + "é" * MAX_SHOWN_BYTES).encode()})
    shown = file_text(packed, "long.txt")
    assert shown.cut
    assert shown.text is not None
    assert len(shown.text.encode()) == MAX_SHOWN_BYTES - 1
    assert "\ufffd" not in shown.text


def test_what_changed_is_named_with_its_lines() -> None:
    old = pack({"same": b"1", "gone": b"old\n", "main.py": b"a\nb\n", "x.bin": b"\0"})
    new = pack({"same": b"1", "new": b"fresh\n", "main.py": b"a\nc\n", "x.bin": b"\0\0"})
    found = {each.path: each for each in diff_bundles(old, new)}
    assert {path: each.change for path, each in found.items()} == {
        "gone": Change.REMOVED,
        "new": Change.ADDED,
        "main.py": Change.CHANGED,
        "x.bin": Change.CHANGED,
    }
    assert (found["main.py"].diff or "").splitlines()[-2:] == ["-b", "+c"]
    assert (found["gone"].new_size, found["new"].old_size) == (None, None)
    assert found["x.bin"].diff is None
    assert diff_bundles(old, old) == ()


def test_a_diff_is_bounded_in_lines_bytes_and_time() -> None:
    lines = b"x\n" * (MAX_COMPARED_LINES + 1)
    wide = b"y" * 1000 + b"\n"
    old = pack({"many": b"", "wide": b""})
    new = pack({"many": lines, "wide": b"".join(b"%d" % n + wide for n in range(200))})
    many, broad = diff_bundles(old, new)
    assert (many.diff, many.cut) == (None, False)
    assert broad.cut
    assert len((broad.diff or "").encode()) <= MAX_DIFF_BYTES
    ticks = iter([0.0, 10.0, 10.0])
    assert [each.diff for each in diff_bundles(old, new, monotonic=lambda: next(ticks))] == [
        None,
        None,
    ]


def test_all_diffs_together_are_bounded() -> None:
    body = b"".join(b"%d" % n + b"z" * 500 + b"\n" for n in range(110))
    new = pack({f"f{n}": body for n in range(30)} | {"awgp.toml": b""})
    total = sum(len((each.diff or "").encode()) for each in diff_bundles(pack({"a": b""}), new))
    assert MAX_DIFFS_BYTES - MAX_DIFF_BYTES <= total <= MAX_DIFFS_BYTES


def test_what_is_no_bundle_is_refused() -> None:
    with pytest.raises(BundleRefused):
        diff_bundles(b"", pack({"a": b""}))
