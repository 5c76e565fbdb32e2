"""How each kind of part is killed, and how one knows that it is back.

`kill -9` always, of a whole process tree or of one process in it, as the seed decides: an operating
system that is out of memory takes a worker, a power cut takes all.
"""

import random
import shutil
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from os import kill as send_signal
from typing import Final

import httpx
import psycopg
import redis

from ops.chaos.plan import CLOCK, STAGES
from ops.chaos.processes import children_of, kill_now
from ops.chaos.system import System, SystemBroken
from ops.embedded.oidc import oidc_ready
from ops.embedded.postgres import postgres_ready, superuser_url
from ops.embedded.s3 import s3_ready
from ops.embedded.valkey import valkey_ready, valkey_url
from ops.processes import runtime_socket, web_urls

READY_SECONDS: Final = 90.0
POLL_SECONDS: Final = 0.1
AWAY_SECONDS: Final = (4.0, 12.0)
"""How long S3 is kept away."""

LARGEST_STEP_SECONDS: Final = 25.0
"""The clock's distance from the machine's, either way: within what a login is allowed, or nobody
could approve anything while the identity provider's clock is further from ours."""

PROGRAM: Final = {
    "ingest": "ingest",
    "ingest_worker": "ingest",
    "web": "web",
    "relay": "relay",
    "runtime_host": "runtime-host",
    **{stage: f"{stage}-1" for stage in STAGES},
    "postgres": "postgres",
    "postgres_backend": "postgres",
    "valkey": "valkey",
    "valkey_wiped": "valkey",
    "s3": "s3",
    "oidc": "oidc",
}
"""Each kind's name at the supervisor."""


@dataclass(slots=True, kw_only=True)
class Kill:
    """One kill. Moments are of time.time on the machine's own clock.

    Args:
        how: What exactly was done.
        struck_at: Not done yet by then; `killed_at` where that is not known.
        killed_at: Done by then.
        ready_at: When the part was there again.
        ack_seconds: From then to the first acknowledgement of a request sent since.
        run_seconds: From then to the first end of a run accepted since.
    """

    kind: str
    how: str
    killed_at: float
    struck_at: float | None = None
    ready_at: float | None = None
    ack_seconds: float | None = None
    run_seconds: float | None = None

    @property
    def back_seconds(self) -> float | None:
        """How long after the part's return the service was back; None when it never was."""
        if self.ack_seconds is None or self.run_seconds is None:
            return None
        return max(self.ack_seconds, self.run_seconds)


class Killer:
    """Kills parts of one system."""

    def __init__(self, system: System, seed: int) -> None:
        self._system = system
        self._data = system.data
        self._chance = random.Random(f"kills {seed}")  # noqa: S311  # repeatable
        self._ready: dict[int, Callable[[], bool]] = {}
        self.clock_offsets: list[tuple[float, float]] = [(0.0, 0.0)]

    def strike(self, kind: str) -> Kill:
        """Kill one part of this kind now.

        Raises:
            SystemBroken: There is nothing of it to kill.
        """
        began = time.time()
        if kind == CLOCK:
            how, ready = self._step_clock()
        elif kind == "postgres_backend":
            how, ready = self._kill_backend()
        elif kind == "s3":
            how, ready = self._take_s3_away()
        else:
            how, ready = self._kill_program(kind)
        kill = Kill(kind=kind, how=how, struck_at=began, killed_at=time.time())
        self._ready[id(kill)] = ready
        return kill

    def wait_until_ready(self, kill: Kill) -> None:
        """Return once the part is back, or not within READY_SECONDS: `ready_at` says."""
        ready = self._ready.pop(id(kill))
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            if ready():
                kill.ready_at = time.time()
                return
            time.sleep(POLL_SECONDS)

    # The kills.

    def _kill_program(self, kind: str) -> tuple[str, Callable[[], bool]]:
        name = PROGRAM[kind]
        pid = self._pid(name)
        below = children_of(pid)
        how, victims = self._victims(kind, pid, below)
        if kind == "valkey_wiped":
            self._wipe_valkey(pid)
        kill_now(*victims)
        return how, self._probe(kind, name, pid, below)

    def _victims(self, kind: str, pid: int, below: list[int]) -> tuple[str, list[int]]:
        if kind == "ingest_worker":
            return "one worker", [self._chance.choice(below)]
        if kind == "postgres":
            return "postmaster", [pid]
        if kind == "runtime_host":
            return "the process", [pid]  # its sandboxes stay behind, for it to sweep
        # The edge's worker is a kind of its own.
        hows = ("tree", "master") if kind == "ingest" else ("tree", "master", "child")
        how = self._chance.choice(hows) if below else "tree"
        chosen = {
            "tree": [pid, *below],
            "master": [pid],
            "child": below[-1:],
        }
        return how, chosen[how]

    def _wipe_valkey(self, pid: int) -> None:
        # It cannot write in between, nor be started anew on what is about to go.
        send_signal(pid, signal.SIGSTOP)
        shutil.rmtree(self._data.folder("valkey") / "appendonlydir", ignore_errors=True)

    def _kill_backend(self) -> tuple[str, Callable[[], bool]]:
        with psycopg.connect(superuser_url(self._data), autocommit=True) as connection:
            rows = connection.execute(
                "SELECT pid, usename FROM pg_stat_activity"
                " WHERE usename LIKE 'awgp\\_%' AND backend_type = 'client backend' ORDER BY pid"
            ).fetchall()
        if not rows:
            raise SystemBroken("PostgreSQL has no client to kill a backend of")
        pid, login = self._chance.choice(rows)
        kill_now(pid)
        return f"a backend of {login}", lambda: postgres_ready(self._data)

    def _take_s3_away(self) -> tuple[str, Callable[[], bool]]:
        away = self._chance.uniform(*AWAY_SECONDS)
        pid = self._pid("s3")
        kill_now(pid, *children_of(pid))
        self._system.supervisor.stop(["s3"])
        returns_at = time.monotonic() + away
        asked = False

        def ready() -> bool:
            nonlocal asked
            if time.monotonic() < returns_at:
                return False
            if not asked:
                self._system.supervisor.start("s3")
                asked = True
            return s3_ready(self._data)

        return f"away for {away:.0f} s", ready

    def _step_clock(self) -> tuple[str, Callable[[], bool]]:
        before = self.clock_offsets[-1][1]
        after = round(self._chance.uniform(-LARGEST_STEP_SECONDS, LARGEST_STEP_SECONDS), 1)
        self.set_clock(after)
        return f"stepped by {after - before:+.0f} s", lambda: True

    def set_clock(self, offset: float) -> None:
        """Put AWGP's clock this many seconds from the machine's."""
        if self._system.clock is None:
            raise SystemBroken("this system's clock is the machine's, which is not ours to step")
        self._system.clock.step_to(offset)
        self.clock_offsets.append((time.time(), offset))

    # Being back.

    def _probe(self, kind: str, name: str, old: int, below: list[int]) -> Callable[[], bool]:
        ready: dict[str, Callable[[], bool]] = {
            "ingest": lambda: self._answers("ingest"),
            "web": lambda: self._answers("web"),
            "relay": lambda: self._has_backend("awgp_relay"),
            "runtime_host": self._host_accepts,
            "postgres": lambda: postgres_ready(self._data),
            "valkey": lambda: valkey_ready(self._data),
            "valkey_wiped": lambda: valkey_ready(self._data),
            "oidc": lambda: oidc_ready(self._data),
        }
        if kind == "ingest_worker" or (kind == "web" and below):
            # The master stays and forks another.
            count = len(below)
            return lambda: (
                (now := self._pid_or_none(name)) is not None
                and set(children_of(now)) != set(below)
                and len(children_of(now)) >= count
                and self._answers(name)
            )
        if kind in STAGES:
            return lambda: self._worker_beats(name, {old, *below})
        return lambda: self._pid_or_none(name) not in {None, old} and ready[kind]()

    def _pid(self, name: str) -> int:
        pid = self._pid_or_none(name)
        if pid is None:
            raise SystemBroken(f"{name} does not run; its log is in {self._data.logs}")
        return pid

    def _pid_or_none(self, name: str) -> int | None:
        states = {each.name: each for each in self._system.supervisor.states()}
        found = states.get(name)
        return found.pid if found is not None and found.pid else None

    def _worker_beats(self, name: str, before: set[int]) -> bool:
        """Whether a process that was not there before serves the queue: it says so in Valkey."""
        master = self._pid_or_none(name)
        if master is None:
            return False
        new = set(children_of(master)) - before
        return any(self._has_key(f"awgp:worker:{socket.gethostname()}:{pid}") for pid in new)

    def _has_key(self, key: str) -> bool:
        with (
            suppress(redis.RedisError),
            redis.Redis.from_url(valkey_url(self._data, "admin")) as client,
        ):
            return bool(client.exists(key))
        return False

    def _has_backend(self, login: str) -> bool:
        with suppress(psycopg.OperationalError):
            url = superuser_url(self._data)
            with psycopg.connect(url, autocommit=True, connect_timeout=2) as connection:
                found = connection.execute(
                    "SELECT 1 FROM pg_stat_activity WHERE usename = %s LIMIT 1", [login]
                )
                return found.fetchone() is not None
        return False

    def _answers(self, room: str) -> bool:
        with suppress(httpx.TransportError):
            answer = httpx.get(f"{web_urls(self._data)[room]}/readyz", timeout=2)
            return answer.status_code == HTTPStatus.OK
        return False

    def _host_accepts(self) -> bool:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe, suppress(OSError):
            probe.connect(str(runtime_socket(self._data)))
            return True
        return False
