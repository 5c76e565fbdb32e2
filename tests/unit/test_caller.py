"""Where the command line sends a token, and what a stranger's text may do to a terminal."""

import base64
import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ops.approval_text import MOST_LINES, payload_text
from ops.caller import ServerUnknown, find_place
from ops.control_plane import AnswerUntrue, check_digest
from ops.terminal_text import moment, one_line, plain
from pipeline.action import ACTION_TAG

REMOTE = {
    "AWGP_WEB_URL": "https://awgp.example/",
    "AWGP_OIDC_ISSUER": "https://login.example/realms/x",
    "XDG_STATE_HOME": "/state",
}


def test_a_server_elsewhere_is_named_by_url() -> None:
    place = find_place(REMOTE)
    assert (place.web_url, place.ingest_url) == ("https://awgp.example",) * 2
    assert (place.issuer, place.sessions) == (
        "https://login.example/realms/x",
        Path("/state/awgp/sessions"),
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AWGP_WEB_URL", "http://awgp.example"),
        ("AWGP_WEB_URL", "https://user:hush@awgp.example"),
        ("AWGP_WEB_URL", "awgp.example"),
        ("AWGP_OIDC_ISSUER", "http://login.example"),
        ("AWGP_INGEST_URL", "ftp://127.0.0.1"),
        ("AWGP_INGEST_URL", "http://127.0.0.1.evil.example"),
    ],
)
def test_a_token_is_not_sent_where_others_could_read_it(name: str, value: str) -> None:
    with pytest.raises(ServerUnknown, match=name) as caught:
        find_place(REMOTE | {name: value})
    assert "hush" not in str(caught.value)


def test_a_server_without_its_issuer_is_refused() -> None:
    with pytest.raises(ServerUnknown, match="AWGP_OIDC_ISSUER"):
        find_place({"AWGP_WEB_URL": "https://awgp.example"})


def test_an_approval_whose_digest_does_not_cover_it_is_not_believed() -> None:
    action = b'{"epoch":1}'
    shown: dict[str, Any] = {
        "action": json.loads(action),
        "action_base64": base64.b64encode(action).decode(),
        "digest": hashlib.sha256(ACTION_TAG + action).hexdigest(),
    }
    check_digest(shown)
    other = base64.b64encode(b'{"epoch":2}').decode()
    for lie in ({"action": {"epoch": 2}}, {"action_base64": other}, {"digest": "0" * 64}):
        with pytest.raises(AnswerUntrue):
            check_digest(shown | lie)
    with pytest.raises(AnswerUntrue):
        check_digest(shown | {"action_base64": "%"})


@pytest.mark.parametrize(
    "sly", ["\x1b[2J", "\x9b2J", "\r", "\x07", "\u202e", "\u2066", "\u200b", "\x00", "\ud800"]
)
def test_nothing_from_elsewhere_moves_the_cursor_or_hides(sly: str) -> None:
    assert plain(f"a{sly}b").isprintable()
    assert plain("grüße\nund 価格") == "grüße\nund 価格"
    assert one_line(f"a\n{sly}  b").isprintable()


def test_a_payload_is_shown_as_text_where_it_is_text() -> None:
    def shown(content: bytes) -> str:
        encoded = base64.b64encode(content).decode()
        return payload_text({"content_type": "text/x", "size": len(content), "base64": encoded})

    assert shown(b"one\ntwo") == "text/x, 7 bytes\none\ntwo"
    assert shown(b"\xff") == "text/x, 1 bytes, not text"
    assert shown(b"x\n" * (MOST_LINES + 5)).endswith("... 5 more lines: `--json` shows them")


@pytest.mark.parametrize(
    ("at", "away"),
    [
        ("2026-01-01T00:00:00+00:00", "12 h ago"),
        ("2026-01-01T12:00:30.5+00:00", "in 30 s"),
        ("2026-01-01T14:30:00+02:00", "in 30 min"),
        ("2026-01-04T12:00:00+00:00", "in 3 d"),
    ],
)
def test_a_time_says_how_far_away_it_is(at: str, away: str) -> None:
    assert away in moment(at, datetime(2026, 1, 1, 12, tzinfo=UTC))
