"""Requests that share a commit: each gets its own answer, whatever becomes of the others."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.coalesce import Coalescer

PATIENCE_SECONDS = 60.0
FOR_EVER = 3600.0


@dataclass
class Committer:
    """Doubles each number. It can be held at the door, and told to fail."""

    batches: list[list[int]] = field(default_factory=list)
    told: list[tuple[list[int], list[int | None]]] = field(default_factory=list)
    fails: Callable[[Sequence[int]], BaseException | None] = lambda _items: None
    undone: frozenset[int] = frozenset()
    entered: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    door: threading.Semaphore | None = None

    def commit(self, items: Sequence[int]) -> list[int | None]:
        self.batches.append(list(items))
        self.entered.release()
        if self.door is not None:
            assert self.door.acquire(timeout=PATIENCE_SECONDS)
        error = self.fails(items)
        if error is not None:
            raise error
        return [None if each in self.undone else each * 2 for each in items]

    def after(self, items: Sequence[int], answers: Sequence[int | None]) -> None:
        self.told.append((list(items), list(answers)))


class Gathering(Coalescer[int, int]):
    """Nobody's patience begins before all have come, however long that takes."""

    def __init__(self, *given: Any, **settings: Any) -> None:
        super().__init__(*given, **settings)
        self.all_there = threading.Event()
        self.all_there.set()

    def _is_to_lead(self, waiter: Any) -> bool:
        assert self.all_there.wait(PATIENCE_SECONDS)
        return super()._is_to_lead(waiter)


def coalescer(
    committer: Committer, *, most: int = 100, patience: float = FOR_EVER, leaves: bool = True
) -> Gathering:
    return Gathering(
        committer.commit,
        after=committer.after,
        most=most,
        patience_seconds=patience,
        leaves_batches=leaves,
    )


def wait_until(condition: Callable[[], bool]) -> None:
    waited = threading.Event()
    for _ in range(int(PATIENCE_SECONDS / 0.005)):
        if condition():
            return
        waited.wait(0.005)
    raise AssertionError("waited in vain")


def behind_one(
    committer: Committer, one: Gathering, pool: ThreadPoolExecutor, numbers: Sequence[int]
) -> list[Future[int | None]]:
    """Submit the first, which is held in its commit, then the others, which wait."""
    one.all_there.clear()
    committer.door = threading.Semaphore(0)
    submitted = [pool.submit(one.submit, numbers[0])]
    assert committer.entered.acquire(timeout=PATIENCE_SECONDS)
    for position, number in enumerate(numbers[1:], start=1):
        submitted.append(pool.submit(one.submit, number))
        wait_until(lambda position=position: len(one._waiting) == position)  # type: ignore[misc]
    one.all_there.set()
    return submitted


def test_one_alone_is_a_batch_of_its_own() -> None:
    committer = Committer()
    assert coalescer(committer).submit(3) == 6
    assert committer.batches == [[3]]
    assert committer.told == [([3], [6])]


def test_who_comes_during_a_commit_shares_the_next_in_the_order_of_coming() -> None:
    committer = Committer()
    one = coalescer(committer)
    with ThreadPoolExecutor(8) as pool:
        submitted = behind_one(committer, one, pool, [1, 2, 3, 4])
        assert committer.door is not None
        committer.door.release(2)
        assert [each.result(PATIENCE_SECONDS) for each in submitted] == [2, 4, 6, 8]
    assert committer.batches == [[1], [2, 3, 4]]


def test_a_batch_takes_no_more_than_it_may() -> None:
    committer = Committer()
    one = coalescer(committer, most=2)
    with ThreadPoolExecutor(8) as pool:
        submitted = behind_one(committer, one, pool, [1, 2, 3, 4, 5])
        assert committer.door is not None
        committer.door.release(3)
        assert [each.result(PATIENCE_SECONDS) for each in submitted] == [2, 4, 6, 8, 10]
    assert [len(batch) for batch in committer.batches] == [1, 2, 2]


def test_a_batch_that_fails_leaves_everyone_in_it_to_themselves_and_no_one_else() -> None:
    committer = Committer(fails=lambda items: ValueError("spoilt") if 3 in items else None)
    one = coalescer(committer)
    with ThreadPoolExecutor(8) as pool:
        submitted = behind_one(committer, one, pool, [1, 2, 3, 4])
        assert committer.door is not None
        committer.door.release(2)
        assert [each.result(PATIENCE_SECONDS) for each in submitted] == [2, None, None, None]
    committer.door = None
    assert one.submit(5) == 10


def test_a_leader_that_is_killed_wakes_everybody_and_the_next_leads() -> None:
    committer = Committer(fails=lambda items: SystemExit(1) if 2 in items else None)
    one = coalescer(committer)
    with ThreadPoolExecutor(8) as pool:
        submitted = behind_one(committer, one, pool, [1, 2, 3])
        assert committer.door is not None
        committer.door.release(2)
        assert submitted[0].result(PATIENCE_SECONDS) == 2
        with pytest.raises(SystemExit):
            submitted[1].result(PATIENCE_SECONDS)
        assert submitted[2].result(PATIENCE_SECONDS) is None
    committer.door = None
    assert one.submit(7) == 14


@pytest.mark.parametrize("answers", [[], [1, 2, 3]])
def test_a_committer_that_miscounts_is_not_believed(answers: list[int]) -> None:
    one: Coalescer[int, int] = Coalescer(
        lambda _items: answers, after=lambda *_: None, most=9, patience_seconds=1
    )
    assert one.submit(1) is None


def test_nobody_waits_long_for_a_batch_that_hangs() -> None:
    committer = Committer()
    one = coalescer(committer, patience=0.05)
    with ThreadPoolExecutor(8) as pool:
        submitted = behind_one(committer, one, pool, [1, 2])
        # The second leads in place of the first, which still hangs.
        assert committer.entered.acquire(timeout=PATIENCE_SECONDS)
        assert committer.door is not None
        committer.door.release(2)
        assert [each.result(PATIENCE_SECONDS) for each in submitted] == [2, 4]
    committer.door = None
    assert one.submit(3) == 6


def test_who_has_not_heard_yet_that_it_leads_may_be_taken_along_by_another() -> None:
    committer = Committer()
    awake = threading.Event()

    class HardOfHearing(Gathering):
        def _is_to_lead(self, waiter: Any) -> bool:
            assert waiter.item != 2 or awake.wait(PATIENCE_SECONDS)
            return super()._is_to_lead(waiter)

    one = HardOfHearing(committer.commit, after=committer.after, most=9, patience_seconds=0.05)
    with ThreadPoolExecutor(8) as pool:
        submitted = behind_one(committer, one, pool, [1, 2])
        assert committer.door is not None
        committer.door.release(2)
        assert submitted[0].result(PATIENCE_SECONDS) == 2  # ... and the second is to lead
        submitted.append(pool.submit(one.submit, 3))
        try:
            assert submitted[2].result(PATIENCE_SECONDS) == 6
        finally:
            awake.set()
        assert submitted[1].result(PATIENCE_SECONDS) == 4
    assert committer.batches == [[1], [3, 2]]


def test_who_hears_late_that_it_leads_waits_for_the_batch_that_took_it_along() -> None:
    committer = Committer()
    awake = threading.Event()

    class HardOfHearing(Gathering):
        def _is_to_lead(self, waiter: Any) -> bool:
            if waiter.item == 2:
                assert awake.wait(PATIENCE_SECONDS)
            self._patience_seconds = FOR_EVER if waiter.item == 2 else 0.05
            return super()._is_to_lead(waiter)

    one = HardOfHearing(committer.commit, after=committer.after, most=9, patience_seconds=FOR_EVER)
    with ThreadPoolExecutor(8) as pool:
        submitted = behind_one(committer, one, pool, [1, 2])
        assert committer.door is not None
        committer.door.release(1)
        assert submitted[0].result(PATIENCE_SECONDS) == 2  # ... and the second is to lead
        submitted.append(pool.submit(one.submit, 3))
        wait_until(lambda: committer.batches == [[1], [3, 2]])
        awake.set()
        assert wait([submitted[1]], timeout=0.2).done == set()
        committer.door.release(1)
        assert [each.result(PATIENCE_SECONDS) for each in submitted] == [2, 4, 6]


def test_two_who_lose_patience_at_once_are_done_once_each() -> None:
    committer = Committer()
    both = threading.Barrier(2)

    class AtOnce(Gathering):
        def _lead(self, leader: Any) -> None:
            if leader.item != 1:
                both.wait(PATIENCE_SECONDS)
            super()._lead(leader)

    one = AtOnce(
        committer.commit,
        after=committer.after,
        most=9,
        patience_seconds=0.05,
        leaves_batches=False,
    )
    with ThreadPoolExecutor(8) as pool:
        submitted = behind_one(committer, one, pool, [1, 2, 3])
        assert committer.door is not None
        committer.door.release(9)
        assert [each.result(PATIENCE_SECONDS) for each in submitted[1:]] == [4, 6]
    assert sorted(each for batch in committer.batches for each in batch) == [1, 2, 3]


def test_who_is_in_a_batch_that_hangs_goes_by_itself() -> None:
    committer = Committer()
    one = coalescer(committer, patience=0.2)
    with ThreadPoolExecutor(8) as pool:
        submitted = behind_one(committer, one, pool, [1, 2, 3])
        assert committer.door is not None
        committer.door.release(1)
        wait_until(lambda: len(committer.batches) == 2)
        follower = submitted[2] if committer.batches[1][0] == 2 else submitted[1]
        assert follower.result(timeout=PATIENCE_SECONDS) is None
        committer.door.release(9)
    assert submitted[0].result(PATIENCE_SECONDS) == 2


@settings(max_examples=30, deadline=None)
@given(
    numbers=st.lists(st.integers(0, 30), min_size=1, max_size=24),
    undone=st.frozensets(st.integers(0, 30), max_size=5),
    spoilt=st.integers(0, 40),
    most=st.integers(1, 8),
)
def test_everyone_gets_an_answer_of_their_own(
    numbers: list[int], undone: frozenset[int], spoilt: int, most: int
) -> None:
    committer = Committer(undone=undone, fails=lambda items: OSError() if spoilt in items else None)
    one = coalescer(committer, most=most)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(one.submit, numbers))
    for number, answer in zip(numbers, answers, strict=True):
        assert answer in ({None} if number in undone | {spoilt} else {None, number * 2})
    # Whoever was not in a batch with the spoilt one was answered.
    whole = [each for batch in committer.batches if spoilt not in batch for each in batch]
    expected = sorted(number * 2 for number in whole if number not in undone)
    assert sorted(answer for answer in answers if answer is not None) == expected
    assert sorted(each for batch in committer.batches for each in batch) == sorted(numbers)
    assert all(len(batch) <= most for batch in committer.batches)


def test_who_may_not_be_done_twice_stays_in_a_batch_that_hangs() -> None:
    committer = Committer()
    one = coalescer(committer, patience=0.05, leaves=False)
    with ThreadPoolExecutor(8) as pool:
        submitted = behind_one(committer, one, pool, [1, 2, 3])
        assert committer.door is not None
        committer.door.release(1)
        wait_until(lambda: len(committer.batches) == 2)
        time.sleep(0.2)
        assert not submitted[1].done()
        assert not submitted[2].done()
        committer.door.release(9)
        assert [each.result(PATIENCE_SECONDS) for each in submitted] == [2, 4, 6]
