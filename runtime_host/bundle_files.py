"""Look into packed bundles: their files, the text of one, and what changed between two.

A bundle's bytes come from whoever wrote it: everything read here stays within the bounds of
`runtime_host.inside.ustar`, and what is shown of it within those below. Only text is shown; it is
still its author's, to be shown as text and never as markup.
"""

import difflib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from pipeline.errors import AwgpError
from runtime_host.bundle import BundleRefused, digest_of
from runtime_host.inside import ustar

MAX_SHOWN_BYTES: Final = 256 * 1024
# What difflib compares in well under a second; it is quadratic in lines.
MAX_COMPARED_LINES: Final = 2000
MAX_DIFF_BYTES: Final = 64 * 1024
MAX_DIFFS_BYTES: Final = 1024 * 1024
MAX_DIFF_SECONDS: Final = 2.0


class BundleFileNotFound(AwgpError):
    """The bundle has no file of this name."""


class Change(StrEnum):
    """What became of a file from one bundle to the next."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleFile:
    """One file of a bundle. `size` is bytes, `digest` `sha256:` over them."""

    path: str
    size: int
    executable: bool
    digest: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class FileText:
    """A file as people read it; `text` is None where it is none. `cut` says that more follows."""

    path: str
    size: int
    digest: str
    text: str | None
    cut: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChange:
    """A file that is not the same in both. Sizes are bytes, None where it is not there.

    `diff` is unified text, None for files that are no text or too long to be compared; `cut` says
    that it goes on.
    """

    path: str
    change: Change
    old_size: int | None
    new_size: int | None
    diff: str | None
    cut: bool


def read_files(packed: bytes) -> dict[str, BundleFile]:
    """Every file by its path, in the archive's order.

    Raises:
        BundleRefused: The archive is not sound; one that was pushed is.
    """
    try:
        return {
            entry.name: BundleFile(
                path=entry.name,
                size=len(entry.data),
                executable=entry.executable,
                digest=digest_of(entry.data),
                content=entry.data,
            )
            for entry in ustar.entries(packed)
            if not entry.folder
        }
    except ustar.ArchiveRefused as exc:
        raise BundleRefused(str(exc)) from exc


def file_text(packed: bytes, path: str) -> FileText:
    """One file as text, its first MAX_SHOWN_BYTES.

    Raises:
        BundleFileNotFound: As it says.
    """
    found = read_files(packed).get(path)
    if found is None:
        raise BundleFileNotFound("the bundle has no file of this name")
    shown = found.content[:MAX_SHOWN_BYTES]
    text = _text(found.content)
    if text is not None:
        # Cut within a character, the half of it is left out.
        text = shown.decode("utf-8", "ignore")
    return FileText(
        path=path,
        size=found.size,
        digest=found.digest,
        text=text,
        cut=found.size > len(shown),
    )


def diff_bundles(
    old: bytes, new: bytes, *, monotonic: Callable[[], float] = time.monotonic
) -> tuple[FileChange, ...]:
    """What is not the same in two bundles, by path. Sizes and time are bounded.

    Raises:
        BundleRefused: An archive is not sound.
    """
    was, now = read_files(old), read_files(new)
    budget = _Budget(bytes_left=MAX_DIFFS_BYTES, until=monotonic() + MAX_DIFF_SECONDS)
    return tuple(
        _change(was.get(path), now.get(path), budget, monotonic)
        for path in sorted({*was, *now})
        if path not in was or path not in now or was[path].digest != now[path].digest
    )


def diff_files(old: bytes, new: bytes, path: str) -> FileChange | None:
    """What became of one file; None where nothing did, or neither bundle has it.

    Raises:
        BundleRefused: An archive is not sound.
    """
    was, now = read_files(old).get(path), read_files(new).get(path)
    if (was and was.digest) == (now and now.digest):
        return None
    budget = _Budget(bytes_left=MAX_DIFF_BYTES, until=time.monotonic() + MAX_DIFF_SECONDS)
    return _change(was, now, budget, time.monotonic)


@dataclass(slots=True)
class _Budget:
    bytes_left: int
    until: float


def _change(
    was: BundleFile | None, now: BundleFile | None, budget: _Budget, monotonic: Callable[[], float]
) -> FileChange:
    there = now or was
    assert there is not None  # noqa: S101  # a path comes from one of the two
    kind = Change.CHANGED if was and now else (Change.ADDED if now else Change.REMOVED)
    diff, cut = None, False
    if budget.bytes_left > 0 and monotonic() < budget.until:
        diff, cut = _diff(was, now, min(MAX_DIFF_BYTES, budget.bytes_left))
        budget.bytes_left -= len((diff or "").encode())
    return FileChange(
        path=there.path,
        change=kind,
        old_size=was.size if was else None,
        new_size=now.size if now else None,
        diff=diff,
        cut=cut,
    )


def _diff(was: BundleFile | None, now: BundleFile | None, most: int) -> tuple[str | None, bool]:
    """A unified diff of at most so many bytes, and whether it goes on."""
    old = _text(was.content) if was else ""
    new = _text(now.content) if now else ""
    if old is None or new is None:
        return None, False
    before, after = old.splitlines(), new.splitlines()
    if max(len(before), len(after)) > MAX_COMPARED_LINES:
        return None, False
    lines: list[str] = []
    size = 0
    for line in _unified(before, after):
        size += len(line.encode()) + 1
        if size > most:
            return "\n".join(lines), True
        lines.append(line)
    return "\n".join(lines), False


def _unified(before: list[str], after: list[str]) -> Iterator[str]:
    yield from difflib.unified_diff(before, after, "before", "after", lineterm="")


def _text(content: bytes) -> str | None:
    """UTF-8 without NUL, as people's editors take text to be; None for anything else."""
    if b"\0" in content:
        return None
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return None
