"""The bundle an approval is about: its files, and how it differs from the last approved one."""

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import Final
from uuid import UUID

from pipeline.approval_detail import load_bundle
from pipeline.work import Work
from runtime_host.bundle import BundleRefused
from runtime_host.bundle_files import (
    BundleFileNotFound,
    FileChange,
    FileText,
    diff_files,
    file_text,
    read_files,
)

MOST_KEPT: Final = 128
"""Listings of bundles, which never change, that are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A file as a list names it."""

    path: str
    size: int
    executable: bool
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedFile:
    """A file and what became of it; `change` is None where nothing did or nothing is compared."""

    path: str
    size: int
    executable: bool
    change: str | None


class Listings:
    """What bundles hold, read once a process: unpacking one takes longer than all the rest."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[UUID, str], tuple[Listed, ...] | None] = OrderedDict()
        self._lock = Lock()

    def files(self, work: Work, digest: str) -> tuple[Listed, ...] | None:
        """The files of one of the tenant's bundles; None where it cannot be read."""
        key = (work.tenant_id, digest)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        found = _read(work, digest)
        with self._lock:
            self._kept[key] = found
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        return found


def _read(work: Work, digest: str) -> tuple[Listed, ...] | None:
    packed = load_bundle(work, digest)
    if packed is None:
        return None
    try:
        files = read_files(packed).values()
    except BundleRefused:
        return None
    return tuple(
        Listed(path=each.path, size=each.size, executable=each.executable, digest=each.digest)
        for each in files
    )


def compare(
    now: tuple[Listed, ...] | None, before: tuple[Listed, ...] | None
) -> tuple[ComparedFile, ...]:
    """Every file of both, by path; without a bundle before, nothing has changed."""
    new = {each.path: each for each in now or ()}
    old = new if before is None else {each.path: each for each in before}
    return tuple(_compared(path, new.get(path), old.get(path)) for path in sorted({*new, *old}))


def _compared(path: str, new: Listed | None, old: Listed | None) -> ComparedFile:
    there = new or old
    assert there is not None  # noqa: S101  # a path comes from one of the two
    change = None
    if new is None or old is None:
        change = "removed" if new is None else "added"
    elif new.digest != old.digest:
        change = "changed"
    return ComparedFile(path=path, size=there.size, executable=there.executable, change=change)


def show_file(
    work: Work, path: str, *, digest: str, before: str | None
) -> tuple[FileText | None, FileChange | None]:
    """One file's text now, and its change since the bundle before; None where there is none.

    Raises:
        BundleFileNotFound: Neither bundle has it.
        BundleRefused: A bundle cannot be read.
    """
    packed = load_bundle(work, digest)
    earlier = None if before is None else load_bundle(work, before)
    change = None
    if earlier is not None and packed is not None and before != digest:
        change = diff_files(earlier, packed, path)
    text = None
    try:
        text = None if packed is None else file_text(packed, path)
    except BundleFileNotFound:
        if change is None:
            raise
    if text is None and change is None:
        raise BundleFileNotFound("the bundle has no file of this name")
    return text, change
