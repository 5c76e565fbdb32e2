"""The agent's process: a copy of the launcher's interpreter, made before that has read anything.

An interpreter's start is most of a sandbox's, so there is one. It has the very flags and the
environment that the agent's program gets, and nothing of a job yet. The copy is the agent's from
then on; the launcher gives up its rights and goes its own way.
"""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

AGENT_UID = AGENT_GID = 65534
JOB = 3
# As the host gives it for each run, apart from the run's own names.
ENVIRONMENT = {
    "HOME": "/tmp",  # noqa: S108  # a path inside
    "LANG": "C.UTF-8",
    "PATH": "/usr/bin",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
    "PYTHONNOUSERSITE": "1",
    "PYTHONUNBUFFERED": "1",
    "PYTHONUTF8": "1",
    "TZ": "UTC",
}


class AgentProcess:
    """Waits as the agent's user, without rights, for the job to be handed over.

    Args:
        main: What the process does; there, nothing returns.
    """

    def __init__(self, main: "Callable[[], NoReturn]") -> None:
        job_in, self._job_out = os.pipe()
        self.stdout, agent_stdout = os.pipe()
        self.stderr, agent_stderr = os.pipe()
        self._ready = False
        self.pid = os.fork()
        if self.pid == 0:
            _give_up_rights()
            _take_descriptors(job_in, agent_stdout, agent_stderr)
            _be_the_agent(main)
        for descriptor in (job_in, agent_stdout, agent_stderr):
            os.close(descriptor)

    def await_ready(self) -> None:
        """Return once it waits for its job; end the sandbox where it has ended instead."""
        if not self._ready and not os.read(self.stdout, 1):
            os._exit(1)
        self._ready = True

    def start(self, job: bytes) -> None:
        """Hand over the job; the end of the pipe is the signal to go."""
        rest = memoryview(job)
        try:
            while rest:
                rest = rest[os.write(self._job_out, rest) :]
        except BrokenPipeError:
            pass  # it has ended, which is told as any end is
        os.close(self._job_out)


def _give_up_rights() -> None:
    os.setgroups([])
    os.setresgid(AGENT_GID, AGENT_GID, AGENT_GID)
    os.setresuid(AGENT_UID, AGENT_UID, AGENT_UID)
    os.setsid()
    os.umask(0o022)
    os.chdir("/bundle")


def _take_descriptors(job_in: int, stdout: int, stderr: int) -> None:
    # Out of the way of the numbers they get; what is 4 and above is closed.
    job, out, err = (os.dup(descriptor) for descriptor in (job_in, stdout, stderr))
    os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
    os.dup2(out, 1)
    os.dup2(err, 2)
    os.dup2(job, JOB)
    os.closerange(JOB + 1, 256)
    os.set_inheritable(JOB, False)


def _be_the_agent(main: "Callable[[], NoReturn]") -> "NoReturn":
    """Wait for the program and run it, and end as an interpreter ends that ran it."""
    for name in [each for each in sys.modules if each.startswith("runtime_host")]:
        del sys.modules[name]
    main()
