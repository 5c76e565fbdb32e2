"""Give up what a gateway does not need: it talks to the network, and does nothing else.

The owner of memories gives up less: it writes files, in one folder.
"""

import ctypes
import os
import resource
from typing import Final

PR_SET_DUMPABLE: Final = 4
PR_SET_NO_NEW_PRIVS: Final = 38
OPEN_FILES: Final = 64
MEMORY_BYTES: Final = 1024 * 1024 * 1024


def give_up_rights(user: int) -> None:
    """Become another user without groups, who starts no process and writes no file.

    Args:
        user: 0 stays who it is, for a host that is nobody itself.
    """
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    become(user)
    if user:
        # Counted by user: it has its threads already, and gets no further one.
        resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))


def become(user: int) -> None:
    """Become another user without groups, who gets no rights again and whom nobody reads.

    Args:
        user: 0 stays who it is.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if user:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    for option, value in ((PR_SET_NO_NEW_PRIVS, 1), (PR_SET_DUMPABLE, 0)):
        if prctl(option, value, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl")
