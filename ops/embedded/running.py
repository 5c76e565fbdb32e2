"""One server under the caller's own hand: started, probed, killed and started again.

Tests and one-off commands use this; `awgp up` uses a supervisor with the same `Program` values.
"""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

from ops.embedded.data_folder import DataFolder
from ops.embedded.program import (
    Program,
    base_environment,
    launch_command,
    program_environment,
)
from pipeline.errors import AwgpError

POLL_SECONDS = 0.03
START_SECONDS = 150.0
"""On a machine with much else to do; one that ended is told of at once."""


class ServerDidNotStart(AwgpError):
    """A server ended, or never answered, while starting."""


class Running:
    """A running server.

    Attributes:
        url: Where clients find it; see each server's own module for its form.
        data: The data folder it lives in.
    """

    def __init__(
        self, *, data: DataFolder, program: Program, url: str, ready: Callable[[], bool]
    ) -> None:
        self.data = data
        self.url = url
        self._program = program
        self._ready = ready
        self._process = self._spawn()

    @property
    def pid(self) -> int:
        """The server's process id; it changes on a restart."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def wait_until_ready(self, *, seconds: float = START_SECONDS) -> None:
        """Return once the server answers.

        Raises:
            ServerDidNotStart: It ended, or the seconds passed; the message quotes its log.
        """
        wait_until_ready(
            self._ready,
            is_alive=lambda: self.is_alive,
            log=log_file(self.data, self._program.name),
            name=self._program.name,
            seconds=seconds,
        )

    def kill(self) -> None:
        """End the whole process group at once, as a power cut would."""
        self._signal_group(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        """End it in an orderly way, or by force when its time is up."""
        if self.is_alive:
            self._process.send_signal(self._program.stop_signal)
            try:
                self._process.wait(self._program.stop_seconds)
            except subprocess.TimeoutExpired:
                self._signal_group(signal.SIGKILL)
        self._process.wait()

    def restart(self) -> None:
        """Stop it if it runs, start it on the same folder and port, and wait until it answers."""
        self.stop()
        self._process = self._spawn()
        self.wait_until_ready()

    def _spawn(self) -> subprocess.Popen[bytes]:
        # The kernel's parent-death signal follows the *thread* that started the child, so only a
        # start from the main thread, which lives as long as the process, may ask for it.
        in_main_thread = threading.current_thread() is threading.main_thread()
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        log = os.open(log_file(self.data, self._program.name), flags, 0o600)
        try:
            return subprocess.Popen(
                launch_command(self.data, self._program, die_with_parent=in_main_thread),
                cwd=self._program.folder or self.data.root,
                env={**base_environment(os.environ), **program_environment(self._program)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        finally:
            os.close(log)

    def _signal_group(self, number: signal.Signals) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, number)


def log_file(data: DataFolder, name: str) -> Path:
    """Return a program's log file."""
    return data.logs / f"{name}.log"


def wait_until_ready(
    ready: Callable[[], bool],
    *,
    is_alive: Callable[[], bool],
    log: Path,
    name: str,
    seconds: float = START_SECONDS,
) -> None:
    """Poll a probe until it says yes.

    Raises:
        ServerDidNotStart: The process ended, or the seconds passed.
    """
    deadline = time.monotonic() + seconds
    while not ready():
        if not is_alive():
            raise ServerDidNotStart(f"{name} ended while starting: {last_words(log)}")
        if time.monotonic() > deadline:
            message = f"{name} did not answer within {seconds:.0f} s: {last_words(log)}"
            raise ServerDidNotStart(message)
        time.sleep(POLL_SECONDS)


def last_words(log: Path, *, lines: int = 3) -> str:
    """Return the last lines of a log as one line, or where the log would be.

    Node ends with its version; what went wrong stands above the stack, in a line that says so.
    """
    try:
        told = log.read_bytes()[-4096:].decode(errors="replace").strip().splitlines()
    except OSError:
        told = []
    errors = [line for line in told if line.startswith("Error: ")]
    tail = errors[-1:] if errors and told[-1].startswith("Node.js ") else told[-lines:]
    return " | ".join(tail) if tail else f"nothing in {log}"
