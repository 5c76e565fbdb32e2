"""What a sandbox allows, in words: for who decides whether something may run in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pipeline.approval_risk import allows_network
from pipeline.execution import KIB, MIB
from pipeline.plain_text import one_line

MOST_SCOPES: Final = 20
MOST_OF_A_SCOPE: Final = 200


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
    if not allows_network(action):
        return ("None: it reaches no other machine.",)
    scopes = list(action["gateway_scopes"].items())
    said = [f"{name}: {one_line(str(value), MOST_OF_A_SCOPE)}" for name, value in scopes]
    more = [f"and {len(said) - MOST_SCOPES} more"] if len(said) > MOST_SCOPES else []
    return ("Through the gateway alone:", *said[:MOST_SCOPES], *more)


def _size(count: int) -> str:
    unit, name = (MIB, "MiB") if count >= MIB else (KIB, "KiB")
    return f"{count / unit:.4g} {name}"


def _seconds(milliseconds: int) -> str:
    return f"{milliseconds / 1000:.4g} seconds"
