"""The owner of a machine's memories: `python -I -m runtime_host.memory CONTROL FOLDER USER DATA`.

CONTROL is the number of the host's socket it inherits, FOLDER where the embedded engine keeps its
data, USER whom to become (0 stays), DATA how many bytes of memory it may take that are no file.
With AWGP_QDRANT_URL it asks that server instead, with the key in the file
AWGP_QDRANT_API_KEY_FILE. It says `ready`, and then why not, or that it is.

The host sends one end of a connection at a time, with whose memory it is for; a gateway has the
other end. So a gateway cannot say whose memory it means, whoever took it over. When CONTROL ends,
the host is gone, and so is this.
"""

import json
import os
import resource
import socket
import sys
import threading
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack, nullcontext, suppress
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from pipeline.errors import AwgpError
from pipeline.gateway_call import Refused
from pipeline.strict_json import parse_object
from runtime_host.gateway.least_rights import become
from runtime_host.gateway.refusal import CallRefused
from runtime_host.memory.engine import Engine
from runtime_host.memory.requests import (
    MAX_ASKED_BYTES,
    MAX_DEPTH,
    OPERATIONS,
    malformed,
    read,
)
from runtime_host.memory.space import Space
from runtime_host.wire import Decoder, Frame, WireBroken, encode, receive

MAX_ORDER_BYTES: Final = 4096
LARGE_BYTES: Final = 1024 * 1024


class FolderRefused(AwgpError):
    """The folder is not one for memories."""


class Owner:
    """Does what the host orders and what gateways ask.

    Args:
        engine: Where the vectors are.
        control: The host's.
    """

    def __init__(self, engine: Engine, control: socket.socket) -> None:
        self._engine = engine
        self._control = control
        self._writing: defaultdict[tuple[UUID, UUID], threading.Lock] = defaultdict(threading.Lock)
        self._lent: dict[socket.socket, Space] = {}
        self._lock = threading.Lock()
        # As numbers of Python's a request takes ten times its bytes: one of the large at a time.
        self._large = threading.Lock()

    def serve(self) -> None:
        """Take orders until the host is gone. Each comes with a connection of its own."""
        while True:
            order, descriptors, _, _ = socket.recv_fds(self._control, MAX_ORDER_BYTES, 1)
            if not order:
                return
            said = json.loads(order)
            connection = socket.socket(fileno=descriptors[0])
            try:
                self._begin(connection, said)
            except RuntimeError:  # there are no more threads for it
                self._let_go(connection)

    def _begin(self, connection: socket.socket, said: dict[str, Any]) -> None:
        if "entries" not in said:
            _begin(self._forget, connection, said)
            return
        with self._lock:
            space = self._space(said)
            self._lent[connection] = space
        _begin(self._answer, connection, space)

    def _let_go(self, connection: socket.socket) -> None:
        with self._lock:
            self._lent.pop(connection, None)
            connection.close()

    def _space(self, said: dict[str, Any]) -> Space:
        tenant, assistant = UUID(said["tenant"]), UUID(said["assistant"])
        return Space(
            self._engine,
            tenant=tenant,
            assistant=assistant,
            entries=said["entries"],
            writing=self._writing[tenant, assistant],
        )

    def _forget(self, connection: socket.socket, said: dict[str, Any]) -> None:
        """Whoever remembers something there now does not any more, so that it stays forgotten."""
        tenant = UUID(said["tenant"])
        assistant = None if said["assistant"] is None else UUID(said["assistant"])
        with connection:
            try:
                with ExitStack() as held:
                    for writing in self._end_lent(tenant, assistant):
                        held.enter_context(writing)
                    told: dict[str, Any] = {"forgotten": self._engine.forget(tenant, assistant)}
            except Exception as error:  # noqa: BLE001  # the engine's, whatever they are
                told = {"failed": type(error).__name__}
            with suppress(OSError):
                connection.sendall(json.dumps(told).encode())

    def _end_lent(self, tenant: UUID, assistant: UUID | None) -> list[threading.Lock]:
        """What whoever still puts something in holds."""
        with self._lock:
            for each, space in self._lent.items():
                if space.tenant == tenant and assistant in {None, space.assistant}:
                    space.over = True
                    with suppress(OSError):
                        each.shutdown(socket.SHUT_RDWR)
            return [
                writing
                for (whose, who), writing in sorted(self._writing.items())
                if whose == tenant and assistant in {None, who}
            ]

    def _answer(self, connection: socket.socket, space: Space) -> None:
        decoder = Decoder(MAX_ASKED_BYTES)
        try:
            while True:
                frame = receive(connection, decoder)
                connection.sendall(self._answered(frame, space))
        except (WireBroken, OSError):
            return  # its execution is over
        finally:
            self._let_go(connection)

    def _answered(self, frame: Frame, space: Space) -> bytes:
        number = frame.body.get("number")
        try:
            if frame.type not in OPERATIONS:
                raise malformed("there is no such operation")
            with self._large if len(frame.blob) > LARGE_BYTES else nullcontext():
                answer = space.answer(read(frame.type, _values(frame.blob)))
            return encode(
                {"type": "answer", "number": number},
                json.dumps(answer, ensure_ascii=False).encode(),
            )
        except CallRefused as error:
            refused = {"why": error.why.value, "detail": str(error)}
        except Exception as error:  # noqa: BLE001  # its text may quote what an agent keeps
            sys.stderr.write(f"{type(error).__name__}\n")
            refused = {"why": Refused.FAILED.value, "detail": "the memory failed at this request"}
        return encode({"type": "refused", "number": number, **refused})


def _begin(act: Callable[..., None], *of: object) -> None:
    threading.Thread(target=act, args=of, daemon=True).start()


def _values(unverified: bytes) -> dict[str, Any]:
    try:
        return parse_object(unverified, max_depth=MAX_DEPTH)
    except AwgpError as error:
        raise malformed("the body is no sound JSON object") from error


def main(control: socket.socket, folder: Path, user: int, data_bytes: int) -> None:
    """Serve until the host is gone."""
    # Beyond it the engine, or a request, comes to nothing.
    resource.setrlimit(resource.RLIMIT_DATA, (data_bytes, data_bytes))
    try:
        engine = _engine(folder, user)
    except Exception as error:  # noqa: BLE001  # said to the host, which says it to people
        control.sendall(json.dumps({"refuses": f"{type(error).__name__}: {error}"[:500]}).encode())
        return
    control.sendall(b'{"ready": true}')
    try:
        Owner(engine, control).serve()
    finally:
        engine.close()
        os._exit(0)  # threads that wait for gateways, and theirs, are nobody's now


def _engine(folder: Path, user: int) -> Engine:
    """Where the vectors are; loads what it needs, and then becomes who it is to be."""
    if url := os.environ.get("AWGP_QDRANT_URL"):
        # Heavy, and of no use where there is no server.
        from runtime_host.memory.server import ServerEngine, connect  # noqa: PLC0415

        key_file = os.environ.get("AWGP_QDRANT_API_KEY_FILE")
        client = connect(url, Path(key_file).read_text().strip() if key_file else None)
        become(user)
        return ServerEngine(client)
    from runtime_host.memory.edge import EdgeEngine  # noqa: PLC0415

    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    _give(folder, user)
    os.chdir(folder)
    if user:
        # It is all of the machine's files that this process has from here on.
        os.chroot(folder)
        folder = Path("/")
    become(user)
    return EdgeEngine(folder)


def _give(folder: Path, user: int) -> None:
    """Let a folder, and all in it, be a user's.

    Raises:
        FolderRefused: It has what is not of a memory.
    """
    if not user or folder.stat().st_uid == user:
        return
    if any(folder.iterdir()) and not (folder / "lock").is_file():
        raise FolderRefused(f"{folder} holds something else: name an empty folder")
    for path in folder.rglob("*"):
        os.chown(path, user, user, follow_symlinks=False)
    os.chown(folder, user, user)


if __name__ == "__main__":
    number, folder, user, data_bytes = sys.argv[1:]
    main(socket.socket(fileno=int(number)), Path(folder), int(user), int(data_bytes))
