"""What is kept stays within its bytes, and is what was used last."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.recent_bytes import RecentBytes


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 12)), max_size=60))
def test_what_is_kept_is_right_and_within_its_bytes(steps: list[tuple[int, int]]) -> None:
    kept = RecentBytes[int](10)
    said: dict[int, bytes] = {}
    for key, size in steps:
        content = said.setdefault(key, bytes([key]) * size)
        found = kept.get(key)
        assert found in (None, content)
        if found is None:
            assert kept.keep(key, content) == content
        assert sum(len(each) for each in map(kept.get, range(10)) if each) <= 10


def test_what_was_used_last_stays() -> None:
    kept = RecentBytes[str](2)
    kept.keep("a", b"1")
    kept.keep("b", b"2")
    assert kept.get("a") == b"1"
    kept.keep("c", b"3")
    assert [kept.get(key) for key in "abc"] == [b"1", None, b"3"]


def test_what_is_too_large_is_handed_on_and_not_kept() -> None:
    kept = RecentBytes[str](2)
    kept.keep("a", b"1")
    assert kept.keep("b", b"222") == b"222"
    assert (kept.get("a"), kept.get("b")) == (b"1", None)
