"""Identifiers: sorted by time where that helps, telling nothing where it would not."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from uuid import RFC_4122

import pytest

from pipeline.ids import source_id, uuid7


def test_a_run_id_has_the_layout_of_rfc_9562_and_names_its_millisecond() -> None:
    before = time.time_ns() // 1_000_000
    made = uuid7()
    after = time.time_ns() // 1_000_000
    assert (made.version, made.variant) == (7, RFC_4122)
    # One tick of slack: ids made in the same tick borrow from the next.
    assert before <= made.int >> 80 <= after + 1


def test_run_ids_of_one_process_sort_in_the_order_they_were_made() -> None:
    made = [uuid7() for _ in range(20_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_run_ids_keep_their_order_when_the_clock_steps_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = uuid7()
    monkeypatch.setattr(time, "time_ns", lambda: 1_000_000_000_000_000_000)
    assert uuid7() > first


def test_threads_never_share_a_run_id() -> None:
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda _: uuid7(), range(4_000)))
    assert len(set(made)) == len(made)


def test_every_bit_of_a_source_id_is_random() -> None:
    made = [source_id().int for _ in range(400)]
    always = ~0
    ever = 0
    for one in made:
        always &= one
        ever |= one
    assert always & (2**128 - 1) == 0
    assert ever == 2**128 - 1
