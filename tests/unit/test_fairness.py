"""Turns at targets: who hangs does not get every thread, who answers gets all but one."""

from datetime import timedelta

import pytest

from actors.fairness import LONGEST_PAUSE, SLOW_SECONDS, FairTurns, Turn

HANGS, ANSWERS, NEW = "http://hangs/a", "http://answers/a", "http://new/a"


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def turns(clock: Clock) -> FairTurns:
    """Of a process of eight threads."""
    return FairTurns(8, clock=clock)


def taken(turns: FairTurns, url: str, wanted: int = 8) -> list[Turn]:
    found = [turns.begin(url) for _ in range(wanted)]
    return [each for each in found if isinstance(each, Turn)]


def answered(turns: FairTurns, clock: Clock, url: str, seconds: float) -> None:
    turn = turns.begin(url)
    assert isinstance(turn, Turn)
    clock.now += seconds
    turns.end(turn)


def test_an_unknown_target_gets_half_a_prompt_one_all_but_one(
    turns: FairTurns, clock: Clock
) -> None:
    for turn in (first := taken(turns, NEW)):
        turns.end(turn)
    assert len(first) == 4
    assert len(taken(turns, NEW)) == 7


def test_a_slow_target_gets_a_quarter_and_all_of_them_half(turns: FairTurns, clock: Clock) -> None:
    urls = [f"http://slow-{number}/" for number in range(3)]
    for url in urls:
        answered(turns, clock, url, SLOW_SECONDS + 1)
    answered(turns, clock, ANSWERS, 0.1)
    assert [len(taken(turns, url)) for url in urls] == [2, 2, 0]
    assert len(taken(turns, ANSWERS, 4)) == 4


def test_a_target_that_begins_to_hang_gets_no_more(turns: FairTurns, clock: Clock) -> None:
    answered(turns, clock, HANGS, 0.1)
    assert len(taken(turns, HANGS)) == 7
    clock.now += SLOW_SECONDS + 1
    assert taken(turns, HANGS) == []


def test_paths_and_tenants_of_one_server_share_its_turns(turns: FairTurns) -> None:
    assert len(taken(turns, "https://n8n:5678/webhook/a")) == 4
    assert taken(turns, "https://user@N8N:5678/webhook/b") == []
    assert len(taken(turns, "https://n8n/webhook/a")) == 4


def test_one_that_answers_again_is_prompt_again(turns: FairTurns, clock: Clock) -> None:
    answered(turns, clock, HANGS, 60)
    answered(turns, clock, HANGS, 0.1)
    assert len(taken(turns, HANGS)) == 7


def test_the_pause_grows_with_each_refusal_and_begins_anew_with_a_turn(turns: FairTurns) -> None:
    held = taken(turns, NEW, 4)
    pauses = [turns.begin(NEW) for _ in range(12)]
    assert all(isinstance(each, timedelta) and each <= LONGEST_PAUSE for each in pauses)
    first, last = pauses[0], pauses[-1]
    assert isinstance(first, timedelta)
    assert isinstance(last, timedelta)
    assert first < LONGEST_PAUSE / 4 < last
    turns.end(held[0])
    assert len(taken(turns, NEW, 4)) == 4
    again = turns.begin(NEW)
    assert isinstance(again, timedelta)
    assert again < last


def test_one_thread_shares_nothing_and_none_bounds_nothing() -> None:
    assert len(taken(FairTurns(1), NEW, 3)) == 1
    assert len(taken(FairTurns(), NEW, 50)) == 50


def test_a_target_nobody_delivers_to_is_forgotten(clock: Clock) -> None:
    turns = FairTurns(8, clock=clock)
    answered(turns, clock, HANGS, 60)
    for number in range(2100):
        answered(turns, clock, f"http://{number}/", 0)
    assert len(taken(turns, HANGS)) == 4
