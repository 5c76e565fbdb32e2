"""The fault injector itself: what it promises of connections, before anything relies on it."""

import json
import os
import select
import socket
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ops.faults import namespaces
from ops.faults.control import controlled, obey, tell
from ops.faults.plan import Direction, Ending, Fault, FaultUnknown
from ops.faults.proxy import FaultProxy, fault_proxy
from tests.conftest import missing
from tests.integration.processes import wait_until

pytestmark = pytest.mark.services

SHORT = 0.2
PATIENCE_SECONDS = 60.0


class Echo(socketserver.BaseRequestHandler):
    """Says everything back, until its client is gone."""

    def handle(self) -> None:
        try:
            while said := self.request.recv(4096):
                self.request.sendall(said)
        except OSError:
            return


@contextmanager
def echo_at(host: str) -> Iterator[tuple[str, int]]:
    with socketserver.ThreadingTCPServer((host, 0), Echo) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server.server_address[0], int(server.server_address[1])  # type: ignore[misc]
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def echo() -> Iterator[tuple[str, int]]:
    with echo_at("127.0.0.1") as address:
        yield address


@pytest.fixture
def proxy(echo: tuple[str, int]) -> Iterator[FaultProxy]:
    with fault_proxy(echo) as running:
        yield running


@pytest.fixture
def client(proxy: FaultProxy) -> Iterator[socket.socket]:
    with connected(proxy) as opened:
        assert say(opened, b"first") == b"first"
        yield opened


def connected(proxy: FaultProxy) -> socket.socket:
    opened = socket.create_connection((proxy.host, proxy.port), PATIENCE_SECONDS)
    opened.settimeout(PATIENCE_SECONDS)
    return opened


def say(client: socket.socket, said: bytes) -> bytes:
    client.sendall(said)
    return hear(client, len(said))


def hear(client: socket.socket, size: int) -> bytes:
    """Up to so many bytes; fewer where the other end closed."""
    heard = b""
    while len(heard) < size and (piece := client.recv(size - len(heard))):
        heard += piece
    return heard


def hears_nothing(client: socket.socket) -> bool:
    client.settimeout(SHORT)
    try:
        client.recv(1)
    except TimeoutError:
        return True
    finally:
        client.settimeout(PATIENCE_SECONDS)
    return False


def test_without_a_fault_bytes_pass(proxy: FaultProxy, client: socket.socket) -> None:
    large = os.urandom(1 << 20)
    sender = threading.Thread(target=client.sendall, args=(large,))
    sender.start()
    assert hear(client, len(large)) == large
    sender.join()


def test_a_half_open_connection_says_nothing_and_delivers_late(
    proxy: FaultProxy, client: socket.socket
) -> None:
    proxy.half_open()
    client.sendall(b"second")
    with connected(proxy) as fresh:
        fresh.sendall(b"third")
        assert hears_nothing(client)
        assert hears_nothing(fresh)
        proxy.heal()
        assert (hear(client, 6), hear(fresh, 5)) == (b"second", b"third")


def test_one_direction_can_be_silent_alone(proxy: FaultProxy, client: socket.socket) -> None:
    proxy.half_open(Direction.DOWN)
    client.sendall(b"second")
    assert hears_nothing(client)
    proxy.heal()
    assert hear(client, 6) == b"second"


def test_a_silent_connection_hides_that_its_client_left(proxy: FaultProxy) -> None:
    with connected(proxy) as opened:
        say(opened, b"x")
        proxy.half_open()
    with connected(proxy):
        assert proxy.open_connections >= 1
    proxy.heal()


def test_a_reset_ends_what_is_connected_and_nothing_else(
    proxy: FaultProxy, client: socket.socket
) -> None:
    proxy.reset()
    with pytest.raises(ConnectionResetError):
        hear(client, 1)
    with connected(proxy) as fresh:
        assert say(fresh, b"again") == b"again"


def test_refusing_refuses_until_it_is_healed(proxy: FaultProxy, client: socket.socket) -> None:
    proxy.refuse()
    with pytest.raises(ConnectionRefusedError):
        connected(proxy)
    assert say(client, b"still") == b"still"
    proxy.heal()
    with connected(proxy) as fresh:
        assert say(fresh, b"again") == b"again"


def test_a_cut_ends_the_connection_in_the_middle_of_a_message(
    proxy: FaultProxy, client: socket.socket
) -> None:
    proxy.cut_after(4, Direction.DOWN)
    client.sendall(b"truncated")
    assert hear(client, 9) == b"trun"
    # Every connection has so many bytes.
    with connected(proxy) as fresh:
        fresh.sendall(b"truncated")
        assert hear(fresh, 9) == b"trun"


def test_a_cut_waits_for_its_word_even_in_two_pieces(
    proxy: FaultProxy, client: socket.socket
) -> None:
    proxy.cut_once_seen(b"COMMIT", Direction.UP)
    assert say(client, b"BEGIN COM") == b"BEGIN COM"
    client.sendall(b"MIT;")
    with pytest.raises(ConnectionResetError):
        hear(client, 100)


def test_a_cut_may_leave_silence_that_healing_does_not_end(
    proxy: FaultProxy, client: socket.socket
) -> None:
    proxy.cut_once_seen(b"COMMIT", Direction.UP, ending=Ending.SILENCE)
    client.sendall(b"COMMIT")
    assert hears_nothing(client)
    proxy.heal()
    assert hears_nothing(client)


def test_slowness_and_width_delay_and_lose_nothing(
    proxy: FaultProxy, client: socket.socket
) -> None:
    proxy.slow(SHORT, jitter=0.01, direction=Direction.DOWN)
    sent_at = time.monotonic()
    client.sendall(b"late")
    assert hear(client, 4) == b"late"
    assert time.monotonic() - sent_at > SHORT / 2  # a busy machine only adds to it
    proxy.throttle(10_000)
    assert say(client, b"x" * 1000) == b"x" * 1000


def test_faults_that_are_none_are_refused() -> None:
    with pytest.raises(FaultUnknown):
        Fault(latency_seconds=-1)


@pytest.mark.parametrize(
    "line",
    ["", "half-closed", "slow", "slow x", "cut-after 3", "cut-after 3 sideways", "slow -1", "_run"],
)
def test_a_command_that_is_none_is_answered_and_changes_nothing(
    proxy: FaultProxy, client: socket.socket, line: str
) -> None:
    assert obey(proxy, line)["ok"] is False
    assert say(client, b"same") == b"same"


@pytest.mark.parametrize(
    "line",
    [
        "slow 0.01 0.01 up",
        "throttle 1000000",
        "half-open down",
        "cut-after 3 up silence",
        "cut-once-seen COMMIT up close",
        "reset",
        "refuse",
        "status",
    ],
)
def test_every_command_is_obeyed_over_the_socket(
    proxy: FaultProxy, tmp_path: Path, line: str
) -> None:
    path = tmp_path / "control"
    with controlled(proxy, path):
        assert tell(path, line)["ok"] is True
        assert tell(path, "heal")["port"] == proxy.port
    assert not path.exists()


def test_a_proxy_of_its_own_process_is_told_by_the_command(
    echo: tuple[str, int], tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "ops.faults"]
    control = str(tmp_path / "control")
    target = f"{echo[0]}:{echo[1]}"
    with subprocess.Popen(
        [*command, "proxy", "--to", target, "--control", control], stdout=subprocess.PIPE
    ) as running:
        assert running.stdout is not None
        host, port = json.loads(running.stdout.readline())["listen"].split(":")
        with socket.create_connection((host, int(port)), PATIENCE_SECONDS) as client:
            assert say(client, b"hello") == b"hello"
            told = subprocess.run([*command, "tell", control, "half-open", "up"], check=False)
            assert told.returncode == 0
            client.sendall(b"lost")
            assert hears_nothing(client)
        wrong = subprocess.run([*command, "tell", control, "explode"], check=False)
        assert wrong.returncode == 2
        running.terminate()
        assert running.wait(PATIENCE_SECONDS) == 0


def test_production_has_no_faults(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "ops.faults", "proxy", "--to", "a:1", "--control", str(tmp_path)],
        env={**os.environ, "AWGP_ENV": "production"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 2
    assert "AWGP_ENV is production" in ran.stderr


def require_namespaces() -> None:
    why = namespaces.why_none()
    if why is not None:
        missing(why)


ASK = """
import socket, sys
with socket.create_connection((sys.argv[1], int(sys.argv[2])), 20) as client:
    for line in sys.stdin:
        client.sendall(line.encode())
        print(client.recv(100).decode().strip(), flush=True)
"""


def test_a_partition_loses_everything_silently_until_it_is_mended() -> None:
    require_namespaces()
    with namespaces.partition() as split, echo_at(split.ours) as (host, port):
        command = ["ip", "netns", "exec", split.namespace, sys.executable, "-c", ASK]
        with subprocess.Popen(
            [*command, host, str(port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
        ) as inside:
            assert inside.stdin is not None
            assert inside.stdout is not None
            inside.stdin.write(b"before\n")
            assert inside.stdout.readline() == b"before\n"
            split.cut()
            inside.stdin.write(b"meanwhile\n")
            assert select.select([inside.stdout], [], [], SHORT)[0] == []
            assert inside.poll() is None
            split.mend()
            # TCP sends again what was lost.
            assert inside.stdout.readline() == b"meanwhile\n"
            inside.stdin.close()
    assert split.namespace not in subprocess.check_output(["ip", "netns", "list"], text=True)


def has_ended(pid: str) -> bool:
    try:
        return "Z" in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_what_a_killed_owner_left_is_swept_with_what_runs_in_it() -> None:
    require_namespaces()
    program = (
        "import sys; from ops.faults.namespaces import partition\n"
        "with partition() as split:\n"
        "    inside = split.popen(['sleep', '600'], environ={'PATH': '/usr/bin:/bin'})\n"
        "    print(split.namespace, inside.pid, flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as owner:
        assert owner.stdout is not None
        name, pid = owner.stdout.readline().decode().split()
        owner.kill()
    assert name in namespaces.sweep()  # others of this machine may have left some
    # It was told to die; when it is gone is up to the kernel.
    wait_until(lambda: has_ended(pid), "what ran in it to end")
    assert name not in namespaces.sweep()
