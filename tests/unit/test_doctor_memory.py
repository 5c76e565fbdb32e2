"""What the doctor says of what agents remember with: the real engine, and servers of every kind."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from ops.doctor import memory
from ops.doctor.check import Check, State
from ops.doctor.run import run_probes
from ops.doctor.system import System
from pipeline.settings import read_settings

MOUNTS = """\
/dev/vda1 / ext4 rw 0 0
tmpfs /tmp tmpfs rw 0 0
files:/x /srv/with\\040space nfs4 rw 0 0
"""
TELLS = {"title": "qdrant - vector search engine", "version": "1.17.2"}


def shown(**environ: str) -> System:
    return System(environ=environ, data=None, settings=read_settings({}))


def states(checks: Iterator[Check]) -> dict[str, State]:
    return {each.name: each.state for each in checks}


@contextmanager
def server(about: dict[str, str], key: str | None) -> Iterator[str]:
    """What Qdrant says at its root to anybody, and of its collections to who has the key."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # as the server looks for it
            refused = self.path != "/" and key not in {None, self.headers["api-key"]}
            told = json.dumps(about).encode()
            self.send_response(401 if refused else 200)
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        def log_message(self, *_: object) -> None:
            """Not to stderr."""

    with HTTPServer(("127.0.0.1", 0), Answers) as listening:
        thread = threading.Thread(target=listening.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.server_address[1]}"
        listening.shutdown()
        thread.join()


def test_the_embedded_engine_really_keeps_an_entry(tmp_path: Path) -> None:
    system = shown(AWGP_MEMORY_FOLDER=str(tmp_path / "memory"))
    (check,) = memory.engine(system)
    assert (check.state, check.found.partition(" kept")[0]) == (State.OK, "Qdrant Edge 0.9.0")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("about", "key", "sent", "found"),
    [
        (TELLS, "right", "right", {"engine": State.OK, "key": State.OK}),
        (TELLS, None, "", {"engine": State.OK, "key": State.OK}),
        (TELLS, "right", "wrong", {"engine": State.OK, "key": State.FAIL}),
        (TELLS, "right", "", {"engine": State.OK, "key": State.FAIL}),
        (TELLS, "right", "not\none line", {"key": State.FAIL}),
        (TELLS | {"version": "1.9.7"}, None, "", {"engine": State.FAIL, "key": State.OK}),
        ({"version": "8.19"}, None, "", {"engine": State.FAIL, "key": State.OK}),
    ],
)
def test_a_server_is_asked_what_it_is_and_whether_it_lets_us_in(
    tmp_path: Path, about: dict[str, str], key: str | None, sent: str, found: dict[str, State]
) -> None:
    (tmp_path / "key").write_text(sent)
    with server(about, key) as url:
        keyed = {"AWGP_QDRANT_API_KEY_FILE": str(tmp_path / "key")} if sent else {}
        checks = list(memory.engine(shown(AWGP_QDRANT_URL=url, **keyed)))
    assert states(iter(checks)) == found
    assert not sent or sent not in repr(checks)


def test_a_server_that_is_away_is_a_finding_and_so_is_a_wrong_setting() -> None:
    with server(TELLS, None) as url:
        pass
    (away,) = memory.engine(shown(AWGP_QDRANT_URL=url))
    assert (away.state, url in away.found) == (State.FAIL, True)
    found = list(run_probes(shown(AWGP_MEMORY_MIB="lots"), memory.PROBES))
    assert [each.state for each in found] == [State.FAIL] + 3 * [State.SKIPPED]
    assert found[0].found.startswith("AWGP_MEMORY_MIB must be")


def test_a_folder_is_told_by_what_is_in_it_and_what_it_is_on(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a file")
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "others").write_text("theirs")
    (tmp_path / "ours").mkdir()
    for name in ("lock", "others"):
        (tmp_path / "ours" / name).touch()
    for name, state in {
        "file": State.FAIL,
        "taken": State.FAIL,
        "ours": State.OK,
        "not/yet/there": State.OK,
    }.items():
        system = shown(AWGP_MEMORY_FOLDER=str(tmp_path / name))
        assert states(memory.folder(system, MOUNTS))["folder"] is state
    for mount, state in (("ext4", State.OK), ("tmpfs", State.WARN), ("nfs4", State.FAIL)):
        system = shown(AWGP_RUNTIME_STATE=str(tmp_path))
        assert states(memory.folder(system, f"x {tmp_path} {mount} rw 0 0"))["disk"] is state
    for path, kind in {"/var": "ext4", "/tmp/x": "tmpfs", "/srv/with space/y": "nfs4"}.items():  # noqa: S108  # never made
        assert memory.file_system(Path(path), MOUNTS) == kind
    assert states(memory.folder(shown(), MOUNTS)) == {"folder": State.SKIPPED}
    assert states(memory.folder(shown(AWGP_QDRANT_URL="http://localhost"), MOUNTS)) == {}


def test_a_cap_is_told_with_whether_it_holds() -> None:
    for held, mib, state in (
        (frozenset({"memory", "pids"}), "128", State.OK),
        (frozenset({"memory"}), "1048576", State.WARN),
        (frozenset[str](), "128", State.WARN),
    ):
        assert states(memory.cap(shown(AWGP_MEMORY_MIB=mib), held)) == {"cap": state}
