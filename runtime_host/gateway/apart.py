"""A gateway whose sandbox somebody else keeps: in a folder and in groups of our own.

A Docker engine makes and removes the groups of its containers itself, and trips over a process
in them that it did not start.
"""

import contextlib
import shutil
from pathlib import Path
from typing import Final

from runtime_host.cgroups import CgroupTree
from runtime_host.gateway.beside import BYTES, Gateway, GatewaySettings
from runtime_host.sandbox import SandboxFailed
from runtime_host.sweep import remove_place

FOLDER_MODE: Final = 0o700
# Its threads and the shell that becomes it, with room.
TASKS: Final = 16


class GatewayApart(Gateway):
    """Started, in caps that are its alone; wherever there are no groups, in none.

    Args:
        place: Folder to make for it; its name is the sandbox's.

    Raises:
        SandboxFailed: It could not be started; nothing is left of it.
    """

    def __init__(self, place: Path, cgroups: CgroupTree, settings: GatewaySettings) -> None:
        self._place = place
        place.mkdir(mode=FOLDER_MODE)
        try:
            self._group = cgroups.create(place.name, memory_bytes=BYTES, tasks=TASKS)
        except OSError as exc:
            shutil.rmtree(place)
            raise SandboxFailed(f"the gateway could not be capped: {exc}") from exc
        try:
            super().__init__(place, self._group.entering, settings)
        except OSError as exc:
            with contextlib.suppress(OSError):
                remove_place(place, self._group)
            raise SandboxFailed(f"the gateway could not be started: {exc}") from exc

    def end(self) -> None:
        """Kill it, and take away what it had.

        Raises:
            SandboxFailed: Something could not be removed.
        """
        super().end()
        try:
            remove_place(self._place, self._group)
        except OSError as exc:
            raise SandboxFailed(f"what the gateway had could not be removed: {exc}") from exc
