"""A runtime: the root file system a sandbox runs in, named by the digest of what it holds.

`<folder>/<name>/rootfs/` is the tree and `<folder>/<name>/runtime.json` its record. The digest
is SHA-256 over one line per path in byte order,

    <kind> <mode in octal> <sha256 of content, or the link's target, or -> <path>\\n

kind being `f`, `d` or `l`, so that the same packages give the same digest on every machine.
Owner, times and the folder's own place are no part of it.
"""

import hashlib
import json
import os
import stat
from dataclasses import asdict, dataclass
from importlib import resources
from pathlib import Path

from pipeline.errors import AwgpError

FORMAT = "awgp.runtime.v1"
MAX_RECORD_BYTES = 64 * 1024
INSIDE_FILES = (
    "__init__.py",
    "agent.py",
    "agent_process.py",
    "confine.py",
    "launch.py",
    "ustar.py",
)
# What an agent may import of ours.
AGENT_LIBRARY = "awgp_agent"
AGENT_FILES = (
    "__init__.py",
    "_errors.py",
    "_fetch.py",
    "memory.py",
    "py.typed",
    "telemetry.py",
)


class RuntimeInvalid(AwgpError):
    """A runtime is missing, incomplete, or not what its record says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeRecord:
    """What was built.

    Args:
        digest: `sha256:` over the tree, as the module says.
        interpreter: Path inside, of the launcher's Python.
        packages: Version of each package unpacked, by name.
        launcher: SHA-256 of the launcher's source inside; a host runs only its own launcher.
        program: Put before a bundle's entrypoint; empty where that is executed itself, None for
            the interpreter.
        lock: SHA-256 of the lock file its wheels are from; empty without one.
    """

    name: str
    digest: str
    interpreter: str
    packages: dict[str, str]
    launcher: str
    program: tuple[str, ...] | None = None
    lock: str = ""

    @property
    def runs_python(self) -> bool:
        """Whether bundles are run by the launcher's own Python."""
        return self.program in (None, (self.interpreter,))


def tree_digest(root: Path) -> str:
    """Digest of a tree; it is read whole, a second or so for 40 MB.

    Raises:
        RuntimeInvalid: The tree holds a device, socket or pipe.
    """
    listing = hashlib.sha256()
    base = os.fsencode(root)
    for path in sorted(_paths_below(base)):
        listing.update(_line(path, path[len(base) + 1 :]))
    return "sha256:" + listing.hexdigest()


def launcher_digest() -> str:
    """SHA-256 of what this version would put into a runtime, the agent's library included."""
    digest = hashlib.sha256()
    for name, source in {**launcher_sources(), **agent_library()}.items():
        digest.update(f"{name} {len(source)}\n".encode() + source)
    return digest.hexdigest()


def agent_library() -> dict[str, bytes]:
    """The files of `awgp_agent` by name, below the interpreter's own modules."""
    folder = resources.files("runtime_host.inside") / AGENT_LIBRARY
    return {f"{AGENT_LIBRARY}/{name}": (folder / name).read_bytes() for name in AGENT_FILES}


def launcher_sources() -> dict[str, bytes]:
    """The launcher's files by name, as they go into a runtime."""
    folder = resources.files("runtime_host.inside")
    return {name: (folder / name).read_bytes() for name in INSIDE_FILES}


def write_record(folder: Path, record: RuntimeRecord) -> None:
    """Write `runtime.json` beside the tree."""
    body = {"format": FORMAT, **asdict(record)}
    (folder / "runtime.json").write_text(json.dumps(body, indent=2, sort_keys=True) + "\n")


def read_record(folder: Path) -> RuntimeRecord:
    """Read a runtime's record; the tree itself is not looked at.

    Raises:
        RuntimeInvalid: There is none, or it is of another format.
    """
    path = folder / "runtime.json"
    try:
        with path.open("rb") as file:
            body = json.loads(file.read(MAX_RECORD_BYTES))
        if body.pop("format") != FORMAT:
            raise RuntimeInvalid(f"{path} is of another format; run: awgp runtime build")
        if body.get("program") is not None:
            body["program"] = tuple(body["program"])
        return RuntimeRecord(**body)
    except FileNotFoundError as exc:
        raise RuntimeInvalid(f"there is no runtime at {folder}; run: awgp runtime build") from exc
    except (ValueError, TypeError, KeyError, AttributeError) as exc:
        raise RuntimeInvalid(f"{path} is not a runtime's record; run: awgp runtime build") from exc


def runtimes(folder: Path) -> dict[str, RuntimeRecord]:
    """Every runtime below a folder, by name.

    Raises:
        RuntimeInvalid: A record cannot be read or carries another name than its folder.
    """
    found = {}
    for record_path in sorted(folder.glob("*/runtime.json")):
        record = read_record(record_path.parent)
        if record.name != record_path.parent.name:
            raise RuntimeInvalid(f"{record_path} is the record of a runtime named {record.name}")
        found[record.name] = record
    return found


def verify(folder: Path) -> RuntimeRecord:
    """Read a record and prove that the tree is what it says, launcher included.

    Raises:
        RuntimeInvalid: The tree was changed, or built for another version of this product.
    """
    record = read_record(folder)
    if record.launcher != launcher_digest():
        raise RuntimeInvalid(
            f"runtime {record.name} was built by another version; run: awgp runtime build"
        )
    if tree_digest(folder / "rootfs") != record.digest:
        raise RuntimeInvalid(
            f"runtime {record.name} is not what was built; run: awgp runtime build"
        )
    return record


def same_tree(root: Path) -> tuple[int, int]:
    """What tells a tree from one that was built in its place: its device and number."""
    info = root.stat()
    return info.st_dev, info.st_ino


def _paths_below(base: bytes) -> list[bytes]:
    found = []
    for folder, folders, files in os.walk(base):
        found += [folder + b"/" + name for name in (*folders, *files)]
    return found


def _line(path: bytes, shown: bytes) -> bytes:
    info = os.lstat(path)
    if stat.S_ISREG(info.st_mode):
        with open(path, "rb") as file:  # noqa: PTH123  # names are bytes here
            kind, content = b"f", hashlib.file_digest(file, "sha256").hexdigest().encode()
    elif stat.S_ISDIR(info.st_mode):
        kind, content = b"d", b"-"
    elif stat.S_ISLNK(info.st_mode):
        kind, content = b"l", os.readlink(path)  # noqa: PTH115  # names are bytes here
    else:
        raise RuntimeInvalid(f"{os.fsdecode(path)} is neither file, folder nor link")
    mode = b"-" if kind == b"l" else f"{stat.S_IMODE(info.st_mode):o}".encode()
    return b" ".join((kind, mode, content, shown)) + b"\n"
