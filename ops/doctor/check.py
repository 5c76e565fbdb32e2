"""One thing looked at: what was found, and how to mend it."""

from dataclasses import dataclass, replace
from enum import StrEnum


class State(StrEnum):
    """How a check ended. Only `fail` makes the doctor's exit status 1."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One finding. `mend` says what to do; it is empty where nothing is to be done."""

    name: str
    state: State
    found: str
    mend: str = ""
    subject: str = ""

    def of(self, subject: str) -> "Check":
        return replace(self, subject=subject)


def ok(name: str, found: str) -> Check:
    return Check(name=name, state=State.OK, found=found)


def warn(name: str, found: str, mend: str) -> Check:
    return Check(name=name, state=State.WARN, found=found, mend=mend)


def fail(name: str, found: str, mend: str) -> Check:
    return Check(name=name, state=State.FAIL, found=found, mend=mend)


def skipped(name: str, why: str) -> Check:
    return Check(name=name, state=State.SKIPPED, found=why)


def listed(names: list[str], most: int = 6) -> str:
    """Name a few of many."""
    shown = ", ".join(sorted(names)[:most])
    more = len(names) - most
    return f"{shown} and {more} more" if more > 0 else shown
