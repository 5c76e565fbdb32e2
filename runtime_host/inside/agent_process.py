"""The agent's process, forked first of all, so that its start and the launcher's go side by side.

By then the launcher has read nothing and has only the rights it gives up next.
"""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

AGENT_UID = AGENT_GID = 65534
WAITING = "/usr/lib/awgp/runtime_host/inside/agent.py"
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
        interpreter: Executed at once; it runs the program later.
    """

    def __init__(self, interpreter: str) -> None:
        job_in, self._job_out = os.pipe()
        self.stdout, agent_stdout = os.pipe()
        self.stderr, agent_stderr = os.pipe()
        self._ready = False
        self.pid = os.fork()
        if self.pid == 0:
            try:
                _become(interpreter, job_in, agent_stdout, agent_stderr)
            except BaseException as exc:  # noqa: BLE001  # nothing may return into the parent's code
                os.write(agent_stderr, f"cannot start: {exc}\n".encode())
            os._exit(126)
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


def _become(interpreter: str, job_in: int, stdout: int, stderr: int) -> "NoReturn":
    os.setgroups([])
    os.setresgid(AGENT_GID, AGENT_GID, AGENT_GID)
    os.setresuid(AGENT_UID, AGENT_UID, AGENT_UID)
    os.setsid()
    os.umask(0o022)
    os.chdir("/bundle")
    # Out of the way of the numbers they get; what is 4 and above is closed.
    job, out, err = (os.dup(descriptor) for descriptor in (job_in, stdout, stderr))
    os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
    os.dup2(out, 1)
    os.dup2(err, 2)
    os.dup2(job, JOB)
    os.closerange(JOB + 1, 256)
    os.execve(interpreter, [interpreter, WAITING], ENVIRONMENT)  # noqa: S606  # no shell, on purpose
