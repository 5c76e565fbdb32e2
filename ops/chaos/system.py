"""A real `awgp up` on a throwaway folder, with chaos's own doors: an executor and a clock.

Two things differ from any other `awgp up`: `execute` reaches its runtime host through `host.py`,
and AWGP's processes and PostgreSQL read their time of day from `clock.py`, if it is to be stepped.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from ops.chaos.clock import SteppedClock
from ops.embedded.data_folder import DataFolder, open_data_folder, write_atomically
from ops.embedded.postgres import postgres_program
from ops.embedded.program import Program
from ops.embedded.users import choose_users
from ops.processes import app_programs, runtime_socket
from ops.supervisor_client import Supervisor
from pipeline.errors import AwgpError

HOST: Final = "chaos-host"
NOT_STEPPED: Final = frozenset({"runtime-host"})
"""It has its own clock only: everything it bounds in time is monotonic."""


class SystemBroken(AwgpError):
    """A command of ours did not do what it says; the message quotes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """What runs.

    Args:
        folder: Throwaway: the data folder and chaos's own files lie in it.
        clock: What AWGP's time of day is read from; None where it is the machine's.
    """

    folder: Path
    data: DataFolder
    supervisor: Supervisor
    clock: SteppedClock | None

    def file(self, name: str) -> Path:
        """Where a file of chaos's own lies."""
        return self.folder / name

    @property
    def ledger(self) -> Path:
        return self.file("launches.jsonl")


def awgp(data: Path, *arguments: str, environ: Mapping[str, str] | None = None) -> str:
    """Run the command as a person does; returns what it says.

    Raises:
        SystemBroken: It failed.
    """
    done = subprocess.run(
        [sys.executable, "-m", "ops.cli", *arguments, "--data", str(data)],
        capture_output=True,
        text=True,
        check=False,
        env={**_bare(os.environ), **(environ or {})},
    )
    if done.returncode != 0:
        said = " ".join((done.stderr or done.stdout).split())[-600:]
        raise SystemBroken(f"awgp {' '.join(arguments)} ended with {done.returncode}: {said}")
    return done.stdout


def awgp_json(data: Path, *arguments: str) -> Any:
    return json.loads(awgp(data, *arguments, "--json"))


@contextmanager
def running_system(
    folder: Path, *, lease_seconds: int, steps_clock: bool, seed: int
) -> Iterator[System]:
    """Bring everything up, and down again in the end.

    Args:
        folder: Empty.
        steps_clock: Whether the clock shall be stepped, where that is possible.

    Raises:
        AwgpError: It did not come up.
    """
    root = folder / "awgp"
    told = {
        "AWGP_LEASE_SECONDS": str(lease_seconds),
        "AWGP_SEAL_INTERVAL_SECONDS": "2",
        "AWGP_EXPORT_INTERVAL_SECONDS": "15",
    }
    awgp(root, "up", "--detach", environ=told)
    try:
        data = open_data_folder(root)
        system = System(
            folder=folder,
            data=data,
            supervisor=Supervisor(data),
            clock=SteppedClock.build(folder) if steps_clock else None,
        )
        _change_programs(system, told, seed)
        yield system
    finally:
        awgp(root, "down")


def _change_programs(system: System, told: Mapping[str, str], seed: int) -> None:
    """Start again what chaos needs otherwise, as the supervisor's own new programs."""
    users = choose_users(system.data)
    programs = app_programs(system.data, operator=told, users=users)
    owner = users.of("execute")
    _add_host(system, owner, seed)
    if system.clock is not None:
        system.supervisor.stop([each.name for each in programs])
        _exchange(system, system.clock.under(postgres_program(system.data)))
    for each in programs:
        changed = each
        if each.name.startswith("execute"):
            socket = {"AWGP_RUNTIME_SOCKET": str(_socket(system.data))}
            changed = replace(each, environment={**each.environment, **socket})
        if system.clock is not None and each.name not in NOT_STEPPED:
            changed = system.clock.under(changed)
        if changed is not each:
            _exchange(system, changed)
        elif system.clock is not None:
            system.supervisor.start(each.name)


def _exchange(system: System, program: Program) -> None:
    system.supervisor.remove(program.name)
    system.supervisor.add(program)


def _add_host(system: System, owner: int | None, seed: int) -> None:
    config = {
        "socket": str(_socket(system.data)),
        "owner": owner,
        "real": str(runtime_socket(system.data)),
        "ledger": str(system.ledger),
        "seed": seed,
    }
    path = system.file("host.json")
    write_atomically(path, json.dumps(config))
    command = (sys.executable, "-m", "ops.chaos.host", str(path))
    system.supervisor.add(Program(name=HOST, command=command))


def _socket(data: DataFolder) -> Path:
    return data.sockets / "chaos-host.sock"


def _bare(environ: Mapping[str, str]) -> dict[str, str]:
    """Servers and settings named in the environment are not chaos's to break."""
    kept = {name: value for name, value in environ.items() if not name.startswith("AWGP_")}
    return kept | {
        name: environ[name] for name in ("AWGP_RUNSC", "AWGP_RUNTIME_FOLDER") if name in environ
    }
