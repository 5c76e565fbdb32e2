"""How the commands that set things up read their options, ask, and show what they did."""

import io
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest

from ops.embedded.data_folder import open_data_folder
from ops.limit_options import ceiling
from ops.setup_options import NobodyToAsk, cell, confirm
from ops.time_options import SECONDS, Moment, span
from ops.webhook_peer import hook_url
from pipeline.execution import RANGES
from pipeline.registry_names import (
    FieldInvalid,
    check_issuer,
    check_name,
    check_slug,
    check_subject,
    check_text,
)
from pipeline.registry_sources import whsec


@pytest.mark.parametrize(
    ("written", "seconds", "shown"),
    [
        ("90", 90, "90s"),
        ("90s", 90, "90s"),
        ("30m", 1800, "30m"),
        ("24h", 86_400, "1d"),
        ("7d", 604_800, "7d"),
        ("25h", 90_000, "25h"),
    ],
)
def test_a_span_of_time_is_read_and_shown_in_its_largest_unit(
    written: str, seconds: int, shown: str
) -> None:
    assert SECONDS.convert(written, None, None) == seconds
    assert span(seconds) == shown


@pytest.mark.parametrize("written", ["", "0", "-1h", "1.5h", "1y", "h", "1 h", "1h30m", "٣h"])
def test_what_is_no_span_is_refused(written: str) -> None:
    with pytest.raises(click.BadParameter, match="say 90s, 30m, 24h or 7d"):
        SECONDS.convert(written, None, None)


@pytest.mark.parametrize("written", ["", "yesterday", "999999w", "2026-13-01", "-2h"])
def test_what_is_no_moment_is_refused(written: str) -> None:
    with pytest.raises(click.BadParameter, match="neither like 30m"):
        Moment().convert(written, None, None)


def test_a_moment_is_so_long_ago_or_a_date_in_utc() -> None:
    week = Moment().convert("1w", None, None)
    assert timedelta(days=7) <= datetime.now(UTC) - week < timedelta(days=8)
    assert Moment().convert("2026-11-23T06:00", None, None) == datetime(2026, 11, 23, 6, tzinfo=UTC)


def test_a_ceiling_is_open_where_nothing_was_said() -> None:
    found = ceiling(["memory_bytes=64MiB", "wall_seconds=0.5", "output_bytes=4096"])
    assert (found["memory_bytes"], found["wall_ms"], found["output_bytes"]) == (2**26, 500, 4096)
    assert (found["processes"], found["open_files"]) == (
        RANGES["processes"][1],
        RANGES["open_files"][1],
    )


@pytest.mark.parametrize(
    "given",
    [
        ["memory=1"],
        ["memory_bytes"],
        ["memory_bytes="],
        ["memory_bytes=64MB"],
        ["memory_bytes=1.5MiB"],
        ["memory_bytes=-1"],
        ["memory_bytes=1"],
        ["processes=1MiB"],
        ["wall_seconds=1MiB"],
        ["processes=2", "processes=3"],
        ["processes=1e3"],
    ],
)
def test_a_limit_that_is_none_is_refused_by_its_field(given: list[str]) -> None:
    with pytest.raises(FieldInvalid, match=r"^limit: "):
        ceiling(given)


def test_names_that_policies_and_addresses_can_carry_pass() -> None:
    check_slug("a1")
    check_name("name", "x")
    check_text("name", "Zoë & Söhne, 東京")
    check_subject("auth0|4f1c")
    check_issuer("https://id.example/realms/x")
    check_issuer("http://127.0.0.1:8080/realms/x")


@pytest.mark.parametrize("slug", ["", "a", "A1", "1a", "a_b", "a b", "a" * 40, "a\n", "ä1"])
def test_a_slug_that_is_none_is_refused(slug: str) -> None:
    with pytest.raises(FieldInvalid, match=r"^slug: "):
        check_slug(slug)


@pytest.mark.parametrize("text", ["", "  ", "a\nb", "\x1b[31m", "\u202eevil", "x" * 201])
def test_a_text_a_terminal_would_act_on_is_refused(text: str) -> None:
    with pytest.raises(FieldInvalid, match=r"^name: "):
        check_text("name", text)


class Terminal(io.StringIO):
    """Somebody who answers."""

    def isatty(self) -> bool:
        return True


def test_what_cannot_be_undone_is_asked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    confirm("It will be gone.", yes=True)
    monkeypatch.setattr(sys, "stdin", Terminal("y\n"))
    confirm("It will be gone.", yes=False)
    monkeypatch.setattr(sys, "stdin", Terminal("\n"))
    with pytest.raises(click.Abort):
        confirm("It will be gone.", yes=False)
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    with pytest.raises(NobodyToAsk, match="say --yes"):
        confirm("It will be gone.", yes=False)


def test_cells_are_safe_on_a_terminal() -> None:
    assert cell("name", "a\x1b[2J\nb") == "a\\u001b[2J b"
    assert cell("targets", []) == cell("url", None) == "-"
    assert cell("active", value=True) == "yes"
    assert cell("targets", ["a", "b"]) == "a, b"


def test_a_secret_is_written_as_the_standard_says() -> None:
    assert whsec(bytes(3)) == "whsec_AAAA"


def test_a_source_is_addressed_where_senders_reach_ingest(tmp_path: Path) -> None:
    data = open_data_folder(tmp_path / "data")
    elsewhere = {"AWGP_INGEST_URL": "https://hooks.example/"}
    assert hook_url(data, elsewhere, "0f") == "https://hooks.example/v1/hooks/0f"
    assert hook_url(data, {}, "0f") == f"http://127.0.0.1:{data.ports['ingest']}/v1/hooks/0f"
