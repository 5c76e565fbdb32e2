"""Every line of a process's log is one JSON object, whoever wrote it."""

import io
import json
import logging
import re
import sys
from collections.abc import Iterator

import pytest
import structlog

from pipeline.event_log import configure_event_log


@pytest.fixture(autouse=True)
def _put_back() -> Iterator[None]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def test_events_carry_what_is_bound_and_nothing_that_is_none(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_event_log("production")
    structlog.contextvars.bind_contextvars(run_id="1", trace_id=None)
    structlog.get_logger().info("approval_decided", verdict="approve")
    line = json.loads(capsys.readouterr().err)
    assert line.pop("time")
    assert line == {
        "event": "approval_decided",
        "verdict": "approve",
        "run_id": "1",
        "level": "info",
    }


def test_what_a_library_logs_has_the_same_form(capsys: pytest.CaptureFixture[str]) -> None:
    configure_event_log("production")
    logging.getLogger("dramatiq").info("not worth a line")
    try:
        raise ValueError("why")
    except ValueError:
        logging.getLogger("dramatiq").warning("%s failed", "it", exc_info=True)
    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["logger"], line["level"]) == ("it failed", "dramatiq", "warning")
    assert "ValueError: why" in line["exception"]


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("env", "stream"), [("production", io.StringIO()), ("development", _Terminal())]
)
def test_nothing_that_is_logged_begins_a_line_or_moves_a_cursor(
    env: str, stream: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", stream)
    configure_event_log(env)
    evil = "\x1b]0;gone\x07\x1b[2J\nlevel=critical\r\u202e\u2028\x9b31m"
    structlog.get_logger().info("client_lost", why=evil, count=1)
    logging.getLogger("library").warning(evil)
    said = stream.getvalue()
    assert len(said.splitlines()) == 2
    without_colours = re.sub("\x1b\\[[0-9]*m", "", said)
    assert not any(c in without_colours for c in "\x1b\x07\r\u202e\u2028\x9b")
    assert said.count("critical") == 2
