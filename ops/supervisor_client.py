"""Commanding the supervisor of a data folder: what runs, start, stop, add, remove."""

import time
import xmlrpc.client
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from supervisor.xmlrpc import Faults, SupervisorTransport

from ops.embedded.data_folder import DataFolder, give_folder
from ops.embedded.program import Program
from ops.embedded.running import POLL_SECONDS
from ops.supervisor_files import control_socket, program_file, write_program_file
from pipeline.errors import AwgpError
from pipeline.settings import METRICS_FOLDER

ENDED = ("STOPPED", "EXITED", "FATAL")


class SupervisorUnreachable(AwgpError):
    """The supervisor does not answer on its socket."""


class SupervisorRefuses(AwgpError):
    """The supervisor does not do what it was asked, most often because it is shutting down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessState:
    """What the supervisor says of one process. `uptime_seconds` is 0 when it is not running."""

    name: str
    state: str
    pid: int
    uptime_seconds: int


class Supervisor:
    """The supervisor of one data folder, commanded through its Unix socket."""

    def __init__(self, data: DataFolder) -> None:
        self._data = data
        self._url = f"unix://{control_socket(data)}"

    def is_answering(self) -> bool:
        try:
            self._call("getState")
        except SupervisorUnreachable:
            return False
        return True

    def states(self) -> list[ProcessState]:
        """Raises: SupervisorUnreachable."""
        return [_process_state(entry) for entry in self._call("getAllProcessInfo")]

    def state(self, name: str) -> str:
        """Raises: SupervisorUnreachable."""
        return _process_state(self._call("getProcessInfo", name)).state

    def start(self, name: str) -> None:
        """Ask for a start and return at once; the state tells how it went."""
        self._call("startProcess", name, False, fine=Faults.ALREADY_STARTED)

    def stop(self, names: Sequence[str]) -> None:
        """Stop these together, and return when all have ended."""
        running = {each.name for each in self.states() if each.state not in ENDED}
        for name in names:
            if name in running:
                self._call("stopProcess", name, False, fine=Faults.NOT_RUNNING)
        while any(each.name in names and each.state not in ENDED for each in self.states()):
            time.sleep(POLL_SECONDS)

    def add(self, program: Program) -> None:
        """Add a process to those that run, and start it; the others do not notice."""
        prepare_metrics_folder(program)
        write_program_file(self._data, program)
        self._call("reloadConfig")
        self._call("addProcessGroup", program.name, fine=Faults.ALREADY_ADDED)
        self.start(program.name)

    def remove(self, *names: str) -> None:
        """Stop processes together, and forget them."""
        self.stop(names)
        for name in names:
            self._call("removeProcessGroup", name, fine=Faults.BAD_NAME)
            program_file(self._data, name).unlink(missing_ok=True)
        self._call("reloadConfig")

    def shutdown(self) -> None:
        """Stop whatever still runs, and the supervisor itself."""
        self._call("shutdown")

    def _call(self, method: str, *arguments: object, fine: int | None = None) -> Any:
        transport = SupervisorTransport(serverurl=self._url)
        proxy = xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport)
        try:
            return getattr(proxy.supervisor, method)(*arguments)
        except (OSError, xmlrpc.client.ProtocolError) as exc:
            if isinstance(exc, xmlrpc.client.ProtocolError) and exc.errcode != HTTPStatus.NOT_FOUND:
                raise
            message = f"no supervisor answers for {self._data.root}: {exc}"
            raise SupervisorUnreachable(message) from exc
        except xmlrpc.client.Fault as exc:
            if exc.faultCode == fine:
                return None
            raise SupervisorRefuses(f"the supervisor refuses: {exc.faultString}") from exc
        finally:
            transport.close()


def prepare_metrics_folder(program: Program) -> None:
    """Make the folder a program's processes count in, for the user it runs as."""
    if METRICS_FOLDER in program.environment:
        folder = Path(program.environment[METRICS_FOLDER])
        folder.parent.mkdir(exist_ok=True)
        folder.parent.chmod(0o711)  # its programs' users pass through
        give_folder(folder, program.user)


def _process_state(entry: Mapping[str, Any]) -> ProcessState:
    running = entry["statename"] == "RUNNING"
    return ProcessState(
        name=entry["name"],
        state=entry["statename"],
        pid=entry["pid"],
        uptime_seconds=int(entry["now"] - entry["start"]) if running else 0,
    )
