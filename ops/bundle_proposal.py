"""The smallest policy a bundle needs, by what one run of it did: sections of its manifest."""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from ops.traced_calls import Traced
from pipeline.errors import AwgpError
from pipeline.execution import KIB, MIB, RANGES, ExecutionResult, Limits
from pipeline.gateway_scope import BUDGET_RANGES, MAX_RULES
from pipeline.llm_scope import MAX_TOKENS
from pipeline.reach import Reach, ReachInvalid, read_reach
from runtime_host.manifest import parse_manifest

SECTIONS: Final = ("limits", "network", "gateway", "llm", "memory", "syscalls")
# Head-room: another request takes longer, and more.
TIMES: Final = 2
LEAST_WALL_SECONDS: Final = 5
MEMORY_STEP: Final = 16 * MIB
LEAST_PROCESSES: Final = 4
OUTPUT_STEP: Final = 64 * KIB
LEAST_CALLS: Final = 10
BYTES_STEP: Final = MIB
TOKENS_STEP: Final = 1000
MODEL: Final = "/v1/llm/"
MEMORY: Final = "/v1/memory/"
USUAL_ENTRIES: Final = 1000

_HEADER: Final = re.compile(r"\s*\[\[?\s*\"?([A-Za-z0-9_-]+)")
# A part of a path that means one thing among many: what holds a digit, but versions.
_ONE_OF_MANY: Final = re.compile(r"(?!v\d+$).*\d.*|.{33,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one run did.

    Args:
        visits: Method and URL of each request to the gateway, or the path of what else was asked.
        entries: What its manifest asks for of a memory.
    """

    limits: Limits
    result: ExecutionResult
    traced: Traced
    visits: Sequence[tuple[str, str]]
    entries: int = 0

    def asked(self, service: str) -> bool:
        """Whether it asked its gateway for this, by how the paths of it begin."""
        return any(url.startswith(service) for _, url in self.visits)


class ManifestNotWritten(AwgpError):
    """The proposal does not fit into the manifest; it is as it was."""


def limits_for(seen: Seen) -> Limits:
    """Room for twice what was used; what is not measured stays."""
    result = seen.result
    written = sum(len(line.text.encode()) + 1 for line in result.lines)
    wall = max(LEAST_WALL_SECONDS, math.ceil(TIMES * result.duration_ms / 1000))
    proposed = replace(
        seen.limits,
        wall_seconds=float(wall),
        processes=max(LEAST_PROCESSES, TIMES * seen.traced.tasks),
        output_bytes=_stepped(TIMES * written, OUTPUT_STEP),
    )
    if result.peak_memory_bytes is not None:
        # The sandbox's own is among it, so this is more than twice the agent's.
        memory = _stepped(TIMES * result.peak_memory_bytes, MEMORY_STEP)
        proposed = replace(proposed, memory_bytes=min(memory, int(RANGES["memory_bytes"][1])))
    return proposed


def reaches_for(visits: Iterable[tuple[str, str]]) -> tuple[Reach, ...]:
    """Rules for what was asked for: each path, without what means one thing among many."""
    found: dict[str, Reach] = {}
    for method, url in visits:
        reach = None if url.startswith("/") else _reach(method, url)
        if reach is not None:
            before = found.get(reach.url, reach)
            found[reach.url] = replace(reach, methods=before.methods | reach.methods)
    kept = [
        each
        for each in found.values()
        if not any(other != each and other.covers(each) for other in found.values())
    ]
    while len(kept) > MAX_RULES and any(each.path for each in kept):
        longest = max(len(each.path) for each in kept)
        cut = [(m, _url(each, longest - 1)) for each in kept for m in each.methods]
        kept = list(reaches_for(cut))
    return tuple(sorted(kept, key=lambda each: each.url))


def block(seen: Seen) -> str:
    """Sections of a manifest, as TOML."""
    parts = [_limits(limits_for(seen))]
    for reach in reaches_for(seen.visits):
        methods = ", ".join(f'"{each}"' for each in reach.sorted_methods)
        parts.append(f'[[network]]\nurl = "{reach.url}"\nmethods = [{methods}]\n')
    if calls := seen.result.calls:
        count = min(max(LEAST_CALLS, TIMES * len(calls)), BUDGET_RANGES["calls"][1])
        carried = sum(each.bytes_in + each.bytes_out for each in calls)
        size = min(_stepped(TIMES * carried, BYTES_STEP), BUDGET_RANGES["bytes"][1])
        parts.append(f"[gateway]\ncalls = {count}\nbytes = {size}\n")
    if seen.asked(MODEL):
        used = sum(each.tokens for each in seen.result.calls)
        tokens = min(_stepped(TIMES * used, TOKENS_STEP), MAX_TOKENS)
        parts.append(f"[llm]\ntokens = {tokens}\n")
    if seen.asked(MEMORY):
        parts.append(f"[memory]\nentries = {seen.entries or USUAL_ENTRIES}\n")
    syscalls = seen.traced.syscalls
    if syscalls.strict:
        added = ", ".join(f'"{each}"' for each in sorted(syscalls.additions))
        parts.append('[syscalls]\nprofile = "strict"\n' + (f"add = [{added}]\n" if added else ""))
    return "\n".join(parts)


def with_block(manifest: str, proposed: str) -> str:
    """A manifest with these sections in place of its own.

    Raises:
        ManifestNotWritten: It would be no sound one.
    """
    kept, drops = list[str](), False
    for line in manifest.splitlines():
        if header := _HEADER.match(line):
            drops = header[1] in SECTIONS
        if not drops:
            kept.append(line)
    written = "\n".join(kept).rstrip() + "\n\n" + proposed
    try:
        parse_manifest(written.encode())
    except AwgpError as exc:
        raise ManifestNotWritten(f"the manifest would not be sound: {exc}") from exc
    return written


def _limits(limits: Limits) -> str:
    said = {
        "wall_seconds": f"{limits.wall_seconds:g}",
        "memory_bytes": f"{limits.memory_bytes}  # {limits.memory_bytes // MIB} MiB",
        "processes": str(limits.processes),
        "output_bytes": str(limits.output_bytes),
    }
    for name in ("disk_bytes", "open_files"):
        if getattr(limits, name) != getattr(Limits(), name):
            said[name] = str(getattr(limits, name))
    return "[limits]\n" + "".join(f"{name} = {value}\n" for name, value in said.items())


def _reach(method: str, url: str) -> Reach | None:
    origin, segments = _parts(url)
    kept: list[str] = []
    for segment in segments:
        try:
            read_reach(f"{origin}/{segment}/")
        except ReachInvalid:
            break  # what a rule cannot say
        if _ONE_OF_MANY.fullmatch(segment):
            break
        kept.append(segment)
    try:
        return read_reach(f"{origin}/" + "".join(f"{each}/" for each in kept), [method])
    except ReachInvalid:
        return None


def _parts(url: str) -> tuple[str, list[str]]:
    scheme, _, rest = url.partition("://")
    host, *segments = rest.split("/")
    return f"{scheme}://{host}", [each for each in segments if each]


def _url(reach: Reach, parts: int) -> str:
    origin, segments = _parts(reach.url)
    return f"{origin}/" + "".join(f"{each}/" for each in segments[:parts])


def _stepped(count: int, step: int) -> int:
    return max(1, math.ceil(count / step)) * step
