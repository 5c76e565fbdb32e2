"""What a program asked of its kernel, read out of gVisor's own trace of one sandbox."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from pipeline.syscalls import ANY, Syscalls
from runtime_host.confinement import DONE_WITHOUT, additions_for
from runtime_host.syscall_numbers import NUMBERS

# `[   2:   3] python3.11 E openat(AT_FDCWD /, …)`: process, thread, program, entered or left.
_ENTERED: Final = re.compile(r"\[ *(\d+): *(\d+)\] \S+ E (\w+)\((.*)$")
# Refused by the sandbox's own list, which the trace has by its number alone.
_DENIED: Final = re.compile(r"\[ *(\d+): *(\d+)\] .*Syscall (\d+): denied by seccomp")
_LAUNCHER: Final = "1"
_LIMIT, _NPROC = "prlimit64", "0x6"
_ENDS: Final = frozenset({"exit", "exit_group"})


@dataclass(slots=True)
class Traced:
    """What was seen of a program.

    Args:
        lacking: Calls no strict profile has, by name.
        tasks: The most processes and threads at one time.
    """

    additions: set[str] = field(default_factory=set)
    lacking: set[str] = field(default_factory=set)
    tasks: int = 1

    @property
    def syscalls(self) -> Syscalls:
        """The smallest profile that has all of it."""
        if self.lacking:
            return ANY
        return Syscalls(strict=True, additions=frozenset(self.additions))


def read_trace(lines: Iterable[str], machine: str, *, executes: bool) -> Traced:
    """Go through the trace of a sandbox, from where its program begins.

    Args:
        machine: As `platform.machine()` names it.
        executes: Whether the agent's process executes its program first.
    """
    traced, alive, choices = Traced(), dict[str, str](), list[frozenset[str]]()
    skip = executes
    for process, thread, name, arguments in _of_the_program(lines, machine):
        alive[thread] = process
        traced.tasks = max(traced.tasks, len(alive))
        if name in _ENDS:
            whole = name == "exit_group"
            alive = {t: p for t, p in alive.items() if t != thread and not (whole and p == process)}
        if skip and name == "execve":
            skip = False
            continue
        having = None if arguments is None else additions_for(name, arguments)
        if arguments is None and name in DONE_WITHOUT:
            continue
        if having is None:
            traced.lacking.add(name)
        elif having:
            choices.append(having)
    # What one alone has, has to be there; the rest may be in it already.
    for having in sorted(choices, key=len):
        if traced.additions.isdisjoint(having):
            traced.additions.add(max(having))
    return traced


def _of_the_program(
    lines: Iterable[str], machine: str
) -> Iterator[tuple[str, str, str, Sequence[str] | None]]:
    """Calls after the last limit that is set before a program begins.

    Without arguments where the sandbox's own list refused one.
    """
    by_number = {number: name for name, number in NUMBERS[machine].items()}
    begun = limited = False
    for line in lines:
        if found := _ENTERED.search(line):
            process, thread, name = found[1], found[2], found[3]
            arguments: Sequence[str] | None = found[4].removesuffix(")").split(", ")
        elif found := _DENIED.search(line):
            process, thread = found[1], found[2]
            name, arguments = by_number.get(int(found[3]), "unknown"), None
        else:
            continue
        if process == _LAUNCHER:
            continue
        set_to = arguments if name == _LIMIT and arguments and len(arguments) > 2 else None
        sets_limit = set_to is not None and set_to[2] != "0x0"
        limited = limited or (set_to is not None and sets_limit and set_to[1] == _NPROC)
        begun = begun or (limited and not sets_limit)
        if begun:
            yield process, thread, name, arguments
