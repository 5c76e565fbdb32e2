"""The kinds of runtimes there are, and which of them a runtime's name means.

Every tree has the launcher and the Python that runs it. `node` and `static` have no more of Python
than that.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pipeline.errors import AwgpError
from runtime_host.manifest import RuntimeUnknown, kind_of

INTERPRETER: Final = "/usr/bin/python3.11"
NODE: Final = "/usr/bin/node"
NODE_LOCK: Final = Path(__file__).parent / "runtimes" / "node.lock"
_LAUNCHER: Final = (
    "libc6",
    "libexpat1",
    "libffi8",
    "libgcc-s1",
    "libpython3.11-minimal",
    "libpython3.11-stdlib",
    "python3.11-minimal",
    "zlib1g",
)
_LIBRARIES: Final = (
    "libbz2-1.0",
    "libcrypt1",
    "liblzma5",
    "libsqlite3-0",
    "libssl3",
    "libuuid1",
)


class LockMisplaced(AwgpError):
    """A lock file where none is taken, or none where one is needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How a runtime is made.

    Args:
        packages: Of Debian, unpacked into the tree.
        program: Put before a bundle's entrypoint; empty where that is executed itself.
        lean: Nothing of Python stays but what the launcher needs.
    """

    packages: tuple[str, ...]
    program: tuple[str, ...]
    lean: bool


KINDS: Final = {
    "python3": Kind(
        packages=tuple(sorted(_LAUNCHER + _LIBRARIES)), program=(INTERPRETER,), lean=False
    ),
    "node": Kind(packages=tuple(sorted((*_LAUNCHER, "libstdc++6"))), program=(NODE,), lean=True),
    "static": Kind(packages=_LAUNCHER, program=(), lean=True),
}


def kind_for(name: str, lock: Path | None) -> Kind:
    """The kind that a runtime's name means: `python3-data` is a Python with wheels of a lock file.

    Raises:
        LockMisplaced: As it says.
        RuntimeUnknown: The name means none.
    """
    try:
        kind = kind_of(name)
    except RuntimeUnknown as exc:
        raise RuntimeUnknown(f"the name of a runtime {exc}") from exc
    own = name != kind
    if own and lock is None:
        raise LockMisplaced(f"runtime {name} is made of a lock file: say --lock FILE")
    if lock is not None and not own:
        raise LockMisplaced(f"runtime {name} has no lock file; name yours python3-SOMETHING")
    return KINDS[kind]
