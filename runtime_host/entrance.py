"""Enter a sandbox's groups ahead of its start.

Whoever moves a process to a group waits for the kernel, which first lets every processor come to
rest once: some 10 ms in which nothing of the start can go on. So a shell that has entered groups
of its own waits for the word to become runsc. It knows nothing of a run, and there is no sandbox
yet: one that starts from here starts as any other.
"""

import contextlib
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from runtime_host.cgroups import ENTER_GROUPS, Cgroup
from runtime_host.sandbox import SandboxFailed
from runtime_host.sweep import end_processes_of, remove_place

log = structlog.get_logger()

# The word is a flag's value. Its reader takes not a byte more: a job may follow. It ends with
# whoever could say the word.
ENTER_AND_WAIT: Final = f"""{ENTER_GROUPS}
IFS= read -r word || exit 96
program=$1 flag=$2; shift 2
exec "$program" "$flag=$word" "$@"
"""
# A start that needed one has gone on by then.
PAUSE_SECONDS: Final = 0.1
END_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """Where one sandbox is to be: its folder, its groups, and the process that becomes runsc."""

    folder: Path
    group: Cgroup
    process: "subprocess.Popen[bytes]"

    def lives(self) -> bool:
        """Whether it still waits, and its groups are there."""
        return self.process.poll() is None and not self.group.gone

    def become(self, word: str) -> None:
        """Say the word.

        Raises:
            OSError: It is gone.
        """
        assert self.process.stdin is not None  # noqa: S101  # it was asked for
        self.process.stdin.write(word.encode() + b"\n")

    def remove(self) -> None:
        """End it and take everything away.

        Raises:
            OSError: It did not work.
        """
        self.process.kill()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(END_SECONDS)
        if not self.group.entry_files:
            end_processes_of(self.folder)
        remove_place(self.folder, self.group)


def enter(folder: Path, group: Cgroup, command: Sequence[str]) -> Entered:
    """Start a shell that enters and waits.

    Args:
        command: What it becomes: a program, a flag whose value is the word, what follows.

    Raises:
        OSError: There is no shell.
    """
    entries = group.entry_files
    process = subprocess.Popen(
        ["/bin/sh", "-c", ENTER_AND_WAIT, "awgp", str(len(entries)), *entries, *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        cwd="/",
        start_new_session=True,
    )
    return Entered(folder=folder, group=group, process=process)


class Entrance:
    """Keeps one that waits, once one was needed.

    Args:
        make: Makes one; raises SandboxFailed.
        ahead: Whether one is kept at all; else each is made when it is needed.
    """

    def __init__(self, make: Callable[[], Entered], *, ahead: bool) -> None:
        self._make = make
        self._ahead = ahead
        self._waiting: deque[Entered] = deque()
        self._wanted = False
        self._closed = False
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def take(self) -> Entered:
        """One of one's own, that waited or was made now.

        Raises:
            SandboxFailed: It could not be made.
        """
        dead, taken = [], None
        with self._changed:
            while self._waiting and taken is None:
                each = self._waiting.popleft()
                if each.lives():
                    taken = each
                else:
                    dead.append(each)
            self._want()
        for each in dead:
            _removed(each)
        return self._make() if taken is None else taken

    def waiting(self) -> list[str]:
        """Names of the folders of those that wait."""
        with self._changed:
            return [each.folder.name for each in self._waiting]

    def close(self) -> None:
        """Take away what waits; nothing is kept any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()
        while self._waiting:
            _removed(self._waiting.popleft())

    def _want(self) -> None:
        if not self._ahead or self._closed:
            return
        self._wanted = True
        if self._thread is None:
            self._thread = threading.Thread(target=self._keep, name="entrance", daemon=True)
            self._thread.start()
        self._changed.notify_all()

    def _keep(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._wanted or self._closed)
                self._wanted = False
                self._changed.wait_for(lambda: self._closed, PAUSE_SECONDS)
                if self._closed:
                    return
                if self._waiting:
                    continue
            try:
                made = self._make()
            except SandboxFailed as exc:
                log.warning("entrance_failed", why=str(exc))  # who needs one makes it
                continue
            with self._changed:
                self._waiting.append(made)


def _removed(entered: Entered) -> None:
    try:
        entered.remove()
    except OSError as exc:
        log.error("sandbox_left", sandbox=entered.folder.name, why=str(exc))  # swept later
