"""Ports of an embedded AWGP, while others choose theirs; and why a server did not start."""

import tempfile
from pathlib import Path

import pytest

from ops.embedded.ports import PORTS, choose_ports
from ops.embedded.running import last_words


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))
    return tmp_path


def test_no_two_choose_the_same_before_their_servers_listen() -> None:
    chosen = [port for _ in range(40) for port in choose_ports(keep={}).values()]
    assert len(set(chosen)) == len(chosen) == 40 * len(PORTS)


def test_a_port_is_kept_and_where_nothing_can_be_noted_ports_are_chosen_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert choose_ports(keep={"web": 15_001})["web"] == 15_001
    monkeypatch.setattr(tempfile, "gettempdir", lambda: "/proc/nowhere")
    assert len(choose_ports(keep={})) == len(PORTS)


def test_of_a_node_that_ended_the_error_is_told(tmp_path: Path) -> None:
    log = tmp_path / "oidc.log"
    log.write_text(
        "Error: listen EADDRINUSE: address already in use 127.0.0.1:17853\n"
        "    at Server.setupListenHandle\n  port: 17853\n}\n\nNode.js v24.19.0\n"
    )
    assert last_words(log) == "Error: listen EADDRINUSE: address already in use 127.0.0.1:17853"
    log.write_text("one\ntwo\nthree\nfour\n")
    assert last_words(log) == "two | three | four"
    assert last_words(tmp_path / "none") == f"nothing in {tmp_path / 'none'}"
