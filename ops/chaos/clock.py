"""A clock that can be stepped under AWGP and PostgreSQL, and under nobody else.

A container cannot step the kernel's clock, and Linux has no namespace for the time of day. So a
small library (`stepped_clock.c`) is compiled and loaded before libc into each process; it adds an
offset to the time of day they read, from memory they share. Monotonic clocks go on, as they do
under a real step. Where there is no C compiler, the clock is not stepped, and the verdict says so.
"""

import os
import shutil
import struct
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Self

from ops.embedded.program import Program
from pipeline.errors import AwgpError

SOURCE: Final = Path(__file__).with_name("stepped_clock.c")
NANOSECONDS: Final = 1_000_000_000


class ClockNotBuilt(AwgpError):
    """The compiler refused the library; the message quotes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SteppedClock:
    """The library and the offset it reads."""

    library: Path
    offset: Path

    @classmethod
    def build(cls, folder: Path) -> Self | None:
        """Compile it into a folder that AWGP's users can pass through; None without a compiler.

        Raises:
            ClockNotBuilt: There is a compiler that refuses it.
        """
        compiler = shutil.which("cc")
        if compiler is None:
            return None
        library, offset = folder / "stepped_clock.so", folder / "clock"
        arguments = ("-shared", "-fPIC", "-O2", "-o", str(library), str(SOURCE))
        done = subprocess.run([compiler, *arguments], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            said = " ".join(done.stderr.split())[-300:]
            raise ClockNotBuilt(f"the stepped clock cannot be compiled: {said}")
        offset.write_bytes(struct.pack("q", 0))
        library.chmod(0o755)
        offset.chmod(0o644)
        return cls(library=library, offset=offset)

    def step_to(self, seconds: float) -> None:
        """Put the clock this far from the machine's, at once and for every process."""
        handle = os.open(self.offset, os.O_WRONLY)
        try:
            os.pwrite(handle, struct.pack("q", round(seconds * NANOSECONDS)), 0)
        finally:
            os.close(handle)

    def under(self, program: Program) -> Program:
        """The same program, reading its time of day from this clock."""
        told = {"LD_PRELOAD": str(self.library), "STEPPED_CLOCK": str(self.offset)}
        return replace(program, environment={**program.environment, **told})
