"""What a sandbox allows, in words: for who decides whether something may run in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pipeline.execution import KIB, MIB
from pipeline.gateway_scope import Budget, Scope
from pipeline.plain_text import one_line
from pipeline.syscalls import FIELD, Syscalls

MOST_OF_A_RULE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxWords:
    """A list of sentences a subject."""

    network: tuple[str, ...]
    files: tuple[str, ...]
    syscalls: tuple[str, ...]
    limits: tuple[str, ...]


def in_words(action: Mapping[str, Any]) -> SandboxWords:
    """Of what an action covers."""
    limits = action["limits"]
    return SandboxWords(
        network=_network(action),
        files=(
            "It reads its own bundle, its runtime and the request; nothing else of the machine.",
            *_variables(action["sandbox_policy"].get("environment", {})),
            (
                f"It writes to /output and to /tmp, {_size(limits['disk_bytes'])} at most there."
                " All of it is gone afterwards but the result and what it printed."
            ),
        ),
        syscalls=(
            (
                "Its system calls end in gVisor's own kernel, behind a seccomp filter; none"
                " reaches the machine's."
            ),
            *Syscalls.from_mapping(action["sandbox_policy"].get(FIELD, {})).in_words(),
            "It runs as a user without rights or capabilities.",
        ),
        limits=(
            f"It is stopped after {_seconds(limits['wall_ms'])}.",
            (
                f"{_size(limits['memory_bytes'])} of memory, {limits['processes']} processes,"
                f" {limits['open_files']} open files a process."
            ),
            f"{_size(limits['output_bytes'])} of output.",
        ),
    )


def _network(action: Mapping[str, Any]) -> tuple[str, ...]:
    scope = Scope.from_json(action.get("gateway_scopes", {}))
    ways = [*scope.grants, *(() if scope.llm is None else (scope.llm,))]
    rules = [one_line(each.in_words(), MOST_OF_A_RULE) for each in ways]
    if scope.memory is not None:
        rules.append(scope.memory.in_words())
    first = "Through the gateway alone:" if ways else "None: it reaches no other machine."
    return (first, *rules, *((budget_in_words(scope.budget),) if scope else ()))


def budget_in_words(budget: Budget) -> str:
    """How much of the gateway an execution may use."""
    return (
        f"{budget.calls} calls, {_size(budget.bytes)} both ways, {_size(budget.answer_bytes)} and"
        f" {budget.call_seconds} seconds a call at most."
    )


def _variables(given: Mapping[str, str]) -> tuple[str, ...]:
    if not given:
        return ()
    told = ", ".join(f"{name}={one_line(value, 80)}" for name, value in given.items())
    return (f"It is given of these variables those its bundle asks for: {told}.",)


def _size(count: int) -> str:
    unit, name = (MIB, "MiB") if count >= MIB else (KIB, "KiB")
    return f"{count / unit:.4g} {name}"


def _seconds(milliseconds: int) -> str:
    return f"{milliseconds / 1000:.4g} seconds"
