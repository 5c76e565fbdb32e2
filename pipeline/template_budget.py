"""What one rendering of a body's template may take, and what no value in it may outgrow."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

from pipeline.errors import AwgpError

MAX_WEIGHT: Final = 1024 * 1024
MAX_STEPS: Final = 50_000
MAX_SECONDS: Final = 1.0
LARGEST: Final = 2**256


class TemplateFailed(AwgpError):
    """A template made no body of these values; the message quotes none of them."""


class _Budget:
    """What is left to one rendering."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._ends_at = clock() + MAX_SECONDS
        self._steps = 0

    def step(self) -> None:
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise TemplateFailed(f"the template takes more than {MAX_STEPS} steps")
        if self._clock() > self._ends_at:
            raise TemplateFailed(f"the template takes longer than {MAX_SECONDS:g} s")


_budget: ContextVar[_Budget] = ContextVar("template_budget")


@contextmanager
def budget(clock: Callable[[], float] = time.monotonic) -> Iterator[None]:
    """Give what is done within as much as one rendering may take, and no more."""
    token = _budget.set(_Budget(clock))
    try:
        yield
    finally:
        _budget.reset(token)


def step() -> None:
    """Take a step of the rendering under way.

    Raises:
        TemplateFailed: It was the last, or its time is over.
    """
    _budget.get().step()


def weigh(value: Any) -> Any:
    """Let a value pass that is not too much, counted as often as it stands in itself.

    Raises:
        TemplateFailed: It is.
    """
    weight, left = 0, [value]
    while left:
        each = left.pop()
        weight += 1
        if isinstance(each, str):
            weight += len(each)
        elif isinstance(each, Mapping):
            left.extend(each)
            left.extend(each.values())
        elif isinstance(each, list | tuple):
            left.extend(each)
        if weight + len(left) > MAX_WEIGHT:
            raise TemplateFailed(f"a value in the template weighs more than {MAX_WEIGHT}")
    return value
