"""What the process supervisor reads: one file for itself, one per process.

Each process is a group of its own with a file of its own, so that one can be added or removed
while the others run.
"""

import os
import re
import shlex
from collections.abc import Mapping
from pathlib import Path

from ops.embedded.data_folder import DataFolder, write_atomically
from ops.embedded.program import Program, launch_command, program_environment
from ops.embedded.running import log_file
from pipeline.errors import AwgpError

_NAME = re.compile(r"[a-z][a-z0-9_-]*")
_UNWRITABLE = re.compile(r"[\x00-\x1f]|\s[;#]")
"""What the supervisor's file format cannot hold: control characters, and what starts a comment."""


class ProgramUnwritable(AwgpError):
    """A program's name, argument or variable does not fit the supervisor's file format."""


def control_socket(data: DataFolder) -> Path:
    """Return the supervisor's socket; 0600, so only this user commands it."""
    return data.sockets / "supervisor.sock"


def configuration_file(data: DataFolder) -> Path:
    return data.folder("supervisor") / "supervisord.conf"


def program_file(data: DataFolder, name: str) -> Path:
    return data.folder("supervisor") / "programs" / f"{name}.conf"


def write_supervisor_files(data: DataFolder, programs: list[Program]) -> None:
    """Write the supervisor's files anew: these programs and no others.

    Raises:
        ProgramUnwritable: A program does not fit the format; nothing is changed for it.
    """
    folder = data.folder("supervisor") / "programs"
    folder.mkdir(exist_ok=True, mode=0o700)
    for stale in folder.glob("*.conf"):
        stale.unlink()
    for program in programs:
        write_program_file(data, program)
    write_atomically(configuration_file(data), supervisor_section(data))


def write_program_file(data: DataFolder, program: Program) -> None:
    """Write one program's file; the supervisor sees it at its next `reloadConfig`."""
    write_atomically(program_file(data, program.name), program_section(data, program))


def supervisor_section(data: DataFolder) -> str:
    """Return `supervisord.conf` without any program."""
    # Saying `user=root` is how supervisord is told that staying root is meant.
    user = "user=root\n" if os.getuid() == 0 else ""
    return f"""[supervisord]
nodaemon=true
{user}umask=077
identifier=awgp-{data.folder_id}
directory={_value(str(data.root))}
logfile={_value(str(data.logs / "supervisor.log"))}
logfile_maxbytes=5MB
logfile_backups=1
pidfile={_value(str(data.folder("run") / "supervisord.pid"))}
childlogdir={_value(str(data.logs))}

[unix_http_server]
file={_value(str(control_socket(data)))}
chmod=0600

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface

[include]
files=programs/*.conf
"""


def program_section(data: DataFolder, program: Program) -> str:
    """Return one program's file.

    Raises:
        ProgramUnwritable: A name, argument or variable does not fit the format.
    """
    if not _NAME.fullmatch(program.name):
        raise ProgramUnwritable(f"{program.name!r} is no name for a process")
    command = shlex.join(launch_command(data, program))
    return f"""[program:{program.name}]
command={_value(command)}
directory={_value(str(program.folder or data.root))}
environment={_value(_environment(program_environment(program)))}
autostart=false
autorestart={str(program.autorestart).lower()}
startsecs=1
startretries=5
stopsignal={program.stop_signal.name.removeprefix("SIG")}
stopwaitsecs={program.stop_seconds}
killasgroup=true
redirect_stderr=true
stdout_logfile={_value(str(log_file(data, program.name)))}
stdout_logfile_maxbytes=10MB
stdout_logfile_backups=2
"""


def _environment(variables: Mapping[str, str]) -> str:
    for name, value in variables.items():
        if '"' in value or "\\" in value:
            raise ProgramUnwritable(f"the variable {name} holds a quote or a backslash")
    return ",".join(f'{name}="{value}"' for name, value in sorted(variables.items()))


def _value(text: str) -> str:
    if _UNWRITABLE.search(text):
        raise ProgramUnwritable(f"{text!r} cannot be written into the supervisor's file")
    return text.replace("%", "%%")
