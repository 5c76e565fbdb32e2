"""Running all of AWGP on one machine under one supervisor.

The order up: leftovers of a crash ended, servers, what the database needs, AWGP's own processes.
The order down is the reverse. Restarting what dies in between is the supervisor's work; ours is the
order, the probes, and that a supervisor which itself was killed blocks nothing.
"""

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from ops.bytecode import share_bytecode
from ops.embedded.data_folder import DataFolder, give_folder, hold_data_folder, is_held
from ops.embedded.ports import is_free
from ops.embedded.program import (
    Program,
    base_environment,
    end_recorded_processes,
    forget_handed_secrets,
    launch_command,
)
from ops.embedded.running import POLL_SECONDS, log_file, wait_until_ready
from ops.embedded.s3 import remove_left_sockets
from ops.embedded.users import AS_OURSELVES, Users
from ops.instances import kind_of
from ops.processes import (
    scalable_programs,
)
from ops.program_templates import keep_templates
from ops.readiness import Report, wait_for, wait_for_apps
from ops.services import Service, embedded_services
from ops.supervisor_client import (
    Supervisor,
    SupervisorUnreachable,
    prepare_metrics_folder,
)
from ops.supervisor_files import (
    configuration_file,
    control_socket,
    write_supervisor_files,
)
from pipeline.errors import AwgpError

SUPERVISOR = "supervisord"


class PortTaken(AwgpError):
    """Another program listens where one of ours always does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AwgpUp:
    """A running AWGP: its supervisor's process, and its parts in the order they started."""

    data: DataFolder
    process: subprocess.Popen[bytes]
    supervisor: Supervisor
    names: tuple[str, ...]


def bring_up(
    data: DataFolder,
    *,
    lock: int,
    operator: Mapping[str, str],
    prepare: Callable[[DataFolder], None],
    apps: Sequence[Program],
    report: Report,
    users: Users = AS_OURSELVES,
    guests: Sequence[Service] = (),
) -> AwgpUp:
    """Start everything and return when every part answers; on failure stop what was started.

    Args:
        lock: The descriptor of the held data folder; the supervisor keeps it for its own life.
        operator: The operator's environment; servers named there are not started here.
        prepare: Called once the servers answer and before AWGP's own processes: migrations.
        apps: AWGP's own processes, in order.
        users: Who runs the servers, and owns what the processes write.
        guests: What runs beside AWGP, from when `prepare` is done.

    Raises:
        AwgpError: A part did not start; the message quotes its last words.
    """
    for name in end_recorded_processes(data):
        report(f"ended a leftover {name}", 0.0)
    services = embedded_services(operator)
    for name in [*(each.name for each in (*services, *guests)), *(app.name for app in apps)]:
        _refuse_taken_port(data, name)
    forget_handed_secrets(data)
    programs = _prepare(data, [*services, *guests], users)
    shutil.rmtree(data.folder("run") / "metrics", ignore_errors=True)
    for app in apps:
        prepare_metrics_folder(app)
    keep_templates(data, scalable_programs(data, operator=operator, users=users) if apps else [])
    write_supervisor_files(data, [*programs, *apps])
    process = _start_supervisor(data, lock)
    supervisor = Supervisor(data)
    names = tuple(program.name for program in (*programs, *apps))
    try:
        if users.separate and apps:
            share_bytecode()  # while the supervisor starts
        wait_until_ready(
            supervisor.is_answering,
            is_alive=lambda: process.poll() is None,
            log=log_file(data, SUPERVISOR),
            name=SUPERVISOR,
        )
        _start_services(data, supervisor, services, report)
        _timed("database schema", lambda: prepare(data), report)
        for guest in guests:
            guest.furnish(data)
            supervisor.start(guest.name)
        _start_apps(data, supervisor, apps, report)
        _await_services(data, supervisor, guests, report)
    except BaseException:
        _stop_everything(supervisor, process, names)
        _clear_away(data)
        raise
    return AwgpUp(data=data, process=process, supervisor=supervisor, names=names)


def bring_down(data: DataFolder, *, patience_seconds: float = 120) -> bool:
    """Stop everything in reverse order and keep the data; False when nothing was running.

    Raises:
        SupervisorUnreachable: Something holds the folder that cannot be asked to stop.
    """
    supervisor = Supervisor(data)
    if supervisor.is_answering():
        _stop_in_order(supervisor, _start_order(supervisor))
        with contextlib.suppress(SupervisorUnreachable):
            supervisor.shutdown()
    elif not is_held(data):
        return False
    deadline = time.monotonic() + patience_seconds
    while is_held(data):
        if time.monotonic() > deadline:
            message = f"something still holds {data.root}, though no supervisor answers there"
            raise SupervisorUnreachable(message)
        time.sleep(POLL_SECONDS)
    with hold_data_folder(data):
        end_recorded_processes(data)
        _clear_away(data)
    return True


def stop(up: AwgpUp) -> None:
    """Stop a running AWGP in reverse order, and wait for it."""
    _stop_everything(up.supervisor, up.process, up.names)
    _clear_away(up.data)


def _clear_away(data: DataFolder) -> None:
    """Remove what only a running system needs."""
    forget_handed_secrets(data)
    remove_left_sockets(data)


def _prepare(data: DataFolder, services: Sequence[Service], users: Users) -> list[Program]:
    give_folder(data.folder("signer"), users.of("audit"))
    programs = []
    for service in services:
        user = users.of(service.name)
        service.prepare(data, user)
        program = service.program(data, user)
        programs.append(program if user is None else replace(program, shown=users.shown))
    return programs


def _start_supervisor(data: DataFolder, lock: int) -> subprocess.Popen[bytes]:
    control_socket(data).unlink(missing_ok=True)
    command = (sys.executable, "-m", "supervisor.supervisord", "-c", str(configuration_file(data)))
    program = Program(name=SUPERVISOR, command=command)
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    log = os.open(log_file(data, SUPERVISOR), flags, 0o600)
    try:
        return subprocess.Popen(
            launch_command(data, program, die_with_parent=False),
            cwd=data.root,
            env=base_environment(os.environ),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # a Ctrl-C at the terminal is ours to handle, in order
            pass_fds=(lock,),
        )
    finally:
        os.close(log)


def _start_services(
    data: DataFolder, supervisor: Supervisor, services: Sequence[Service], report: Report
) -> None:
    for service in services:
        supervisor.start(service.name)
    _await_services(data, supervisor, services, report)


def _await_services(
    data: DataFolder, supervisor: Supervisor, services: Sequence[Service], report: Report
) -> None:
    for service in services:
        began = time.monotonic()
        ready = partial(service.ready, data)
        wait_for(data, supervisor, service.name, ready, seconds=service.patience_seconds)
        service.finish(data)
        report(service.name, time.monotonic() - began)


def _start_apps(
    data: DataFolder, supervisor: Supervisor, apps: Sequence[Program], report: Report
) -> None:
    # Whoever needs the runtime host finds its socket from its first job on; the others need not
    # wait while it proves its sandboxes.
    names = [program.name for program in apps]
    waiting = [name for name in names if kind_of(name) == "execute"]
    for name in names:
        if name not in waiting:
            supervisor.start(name)
    if "runtime-host" in names:
        wait_for_apps(data, ["runtime-host"], report)
    for name in waiting:
        supervisor.start(name)
    wait_for_apps(data, [name for name in names if name != "runtime-host"], report)


def _stop_everything(
    supervisor: Supervisor, process: subprocess.Popen[bytes], names: Sequence[str]
) -> None:
    try:
        _stop_in_order(supervisor, names)
        supervisor.shutdown()
    except SupervisorUnreachable:
        # It is gone, and has taken its children along; or it is too slow to answer, so that nobody
        # would ever ask it to end.
        process.terminate()
    process.wait()


def _stop_in_order(supervisor: Supervisor, names: Sequence[str]) -> None:
    services = [name for name in names if name in _SERVICE_NAMES]
    supervisor.stop([name for name in names if name not in _SERVICE_NAMES])
    for name in reversed(services):
        supervisor.stop([name])


def _start_order(supervisor: Supervisor) -> list[str]:
    return sorted(
        (each.name for each in supervisor.states()),
        key=lambda name: _SERVICE_NAMES.index(name) if name in _SERVICE_NAMES else -1,
    )


def _refuse_taken_port(data: DataFolder, name: str) -> None:
    for each, port in data.ports.items():
        if (each == name or each.startswith(f"{name}-")) and not is_free(port):
            message = f"port {port}, which is {each}'s in {data.root}, is taken by another program"
            raise PortTaken(message)


def _timed(name: str, step: Callable[[], None], report: Report) -> None:
    began = time.monotonic()
    step()
    report(name, time.monotonic() - began)


_SERVICE_NAMES = tuple(service.name for service in embedded_services({}))
