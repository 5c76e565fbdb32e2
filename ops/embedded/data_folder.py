"""The one folder an embedded AWGP keeps everything in.

    .awgp/                 0700 (0711 for root, whose parts run as users of their own)
      lock                 held by a running `awgp up`, shared by single servers
      state.json           the folder's id and its ports, chosen once
      secrets/             0700, one 0600 file per secret
      run/                 sockets, process records, and while AWGP runs as root what each part
                           may read of the secrets; 0711 for root
      logs/                one file per process
      supervisor/          what the process supervisor reads
      postgres/ valkey/ s3/ oidc/ signer/ runtime/ runtime-state/ n8n/

All state is in here, so deleting the folder is a complete reset and copying it while AWGP is down
is a complete backup. Only sockets lie elsewhere: SeaweedFS puts its own in /tmp (0700, and left
there by a kill), and a folder too deep for a socket's address has a private one beside them.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ops.embedded.ports import choose_ports
from ops.embedded.secret_files import SECRETS
from pipeline.errors import AwgpError

DEFAULT_FOLDER = ".awgp"
UNPRIVILEGED_ID = 65534
"""The uid and gid root gives PostgreSQL, which refuses to run as root."""

LONGEST_SOCKET_PATH = 107
"""Bytes; `sun_path` of unix(7) less its terminating zero."""

_LONGEST_SOCKET_NAME = "supervisor.sock.1234567890"
_FOLDERS = (
    "run",
    "logs",
    "supervisor",
    "postgres",
    "valkey",
    "s3",
    "oidc",
    "signer",
    "runtime",
    "runtime-state",
    "n8n",
)


class DataFolderUnusable(AwgpError):
    """The folder cannot be made, read or trusted."""


class DataFolderBusy(AwgpError):
    """Another `awgp up` holds this folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFolder:
    """An opened data folder: paths, secrets and ports, all of which outlive a restart."""

    root: Path
    folder_id: str
    ports: Mapping[str, int]

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def sockets(self) -> Path:
        """A folder whose socket names fit in `sun_path`, however deep the data folder lies."""
        inside = self.root / "run"
        if len(os.fsencode(inside / _LONGEST_SOCKET_NAME)) <= LONGEST_SOCKET_PATH:
            return inside
        digest = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:12]
        return _own_folder(Path(tempfile.gettempdir()) / f"awgp-{os.getuid()}-{digest}")

    def folder(self, name: str) -> Path:
        """Return the named part's own folder, e.g. `postgres`."""
        return self.root / name

    def handed_secrets(self, part: str) -> Path:
        """Return the folder of what a part with a user of its own may read of the secrets."""
        return self.root / "run" / "secrets" / part

    def secret_file(self, name: str) -> Path:
        """Return where a secret lies; the value itself never travels in arguments or environment.

        Raises:
            KeyError: No such secret exists in this layout.
        """
        if name not in SECRETS:
            raise KeyError(name)
        return self.root / "secrets" / name

    def secret(self, name: str) -> str:
        """Return a secret's value.

        Raises:
            KeyError: No such secret exists in this layout.
        """
        return self.secret_file(name).read_text(encoding="utf-8").strip()


def data_folder_path(environ: Mapping[str, str], option: str | None = None) -> Path:
    """Return the folder to use: `--data`, else `AWGP_DATA_DIR`, else `.awgp` here."""
    return Path(option or environ.get("AWGP_DATA_DIR") or DEFAULT_FOLDER).expanduser().absolute()


def open_data_folder(root: Path) -> DataFolder:
    """Make the folder, its secrets and its ports where they are missing; change nothing else.

    Raises:
        DataFolderUnusable: It belongs to someone else, or cannot be written.
    """
    root = root.absolute()
    try:
        root.mkdir(parents=True, exist_ok=True)
        _refuse_a_strangers_folder(root)
        root.chmod(_folder_mode())
        with _locked(root / "state.lock", fcntl.LOCK_EX):
            for name in _FOLDERS:
                (root / name).mkdir(exist_ok=True, mode=0o700)
            (root / "run").chmod(_folder_mode())
            _create_missing_secrets(root / "secrets")
            folder_id, ports = _load_or_create_state(root / "state.json")
    except OSError as exc:
        raise DataFolderUnusable(f"the data folder {root} cannot be used: {exc}") from exc
    return DataFolder(root=root, folder_id=folder_id, ports=ports)


def existing_data_folder(root: Path) -> DataFolder:
    """Open a folder without creating one.

    Raises:
        DataFolderUnusable: Nothing was ever started there.
    """
    if not (root / "state.json").is_file():
        raise DataFolderUnusable(f"{root} is not an AWGP data folder; `awgp up` makes one")
    return open_data_folder(root)


@contextlib.contextmanager
def hold_data_folder(data: DataFolder, *, shared: bool = False) -> Iterator[int]:
    """Hold the folder's lock and yield its descriptor, which a child may inherit to keep holding.

    Args:
        shared: True for a single server started by a test; several of those may share a folder.

    Raises:
        DataFolderBusy: Someone else holds it.
    """
    descriptor = os.open(data.root / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            message = f"AWGP is already running on {data.root}; see `awgp status`, or `awgp down`"
            raise DataFolderBusy(message) from exc
        yield descriptor
    finally:
        os.close(descriptor)


def is_held(data: DataFolder) -> bool:
    """Tell whether anyone holds the folder now."""
    try:
        with hold_data_folder(data):
            return False
    except DataFolderBusy:
        return True


def write_atomically(
    path: Path, content: str | bytes, *, mode: int = 0o600, owner: int | None = None
) -> None:
    """Replace a file as a whole: a reader, or a power cut, sees the old or the new one.

    Args:
        owner: The uid and gid it is for; None for our own.
    """
    _replace(path, content, mode, owner)
    _sync_folder(path.parent)


def give_folder(path: Path, owner: int | None) -> None:
    """Make a folder where it is missing, and give it to a user with all that is in it.

    Only a folder that changes hands is walked through, itself last: from then on its owner alone
    decides what is in it, and root follows none of the names found there. Its parent is ours, so a
    link in its place is the operator's own.

    Args:
        owner: The uid and gid it is for; None for our own.
    """
    path.mkdir(exist_ok=True, mode=0o700)
    wanted = os.getuid() if owner is None else owner
    if os.getuid() != 0 or path.stat().st_uid == wanted:
        return
    folder = path.resolve()
    for _, folders, files, descriptor in os.fwalk(folder):
        for name in (*folders, *files):
            os.chown(name, wanted, wanted, dir_fd=descriptor, follow_symlinks=False)
    os.chown(folder, wanted, wanted)


def _replace(path: Path, content: str | bytes, mode: int, owner: int | None = None) -> None:
    raw = content.encode() if isinstance(content, str) else content
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(raw)
            stream.flush()
            if owner is not None:
                os.fchown(stream.fileno(), owner, owner)
            os.fchmod(stream.fileno(), mode)
            os.fsync(stream.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _refuse_a_strangers_folder(root: Path) -> None:
    owner = root.stat().st_uid
    if owner != os.getuid():
        message = f"the data folder {root} belongs to uid {owner}; choose another with --data"
        raise DataFolderUnusable(message)


def _folder_mode() -> int:
    """Root's parts run as other users, who pass through; what they may open says each file."""
    return 0o711 if os.getuid() == 0 else 0o700


def _own_folder(path: Path) -> Path:
    path.mkdir(mode=0o700, exist_ok=True)
    status = path.lstat()
    if path.is_symlink() or status.st_uid != os.getuid() or status.st_mode & 0o066:
        raise DataFolderUnusable(f"{path} is not this user's alone; remove it")
    path.chmod(_folder_mode())
    return path


@contextlib.contextmanager
def _locked(path: Path, operation: int) -> Iterator[None]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, operation)
        yield
    finally:
        os.close(descriptor)


def _create_missing_secrets(folder: Path) -> None:
    folder.mkdir(exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    missing = [name for name in SECRETS if not (folder / name).exists()]
    for name in missing:
        _replace(folder / name, SECRETS[name](), 0o600)
    if missing:
        _sync_folder(folder)


def _load_or_create_state(path: Path) -> tuple[str, Mapping[str, int]]:
    state = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    folder_id = state.get("id") or str(uuid.uuid4())
    ports = choose_ports(keep=state.get("ports", {}))
    wanted = {"format": 1, "id": folder_id, "ports": ports}
    if state != wanted:
        write_atomically(path, json.dumps(wanted, indent=2) + "\n")
    return folder_id, ports
