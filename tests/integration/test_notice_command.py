"""`awgp notice`: channels added, listed, shown, tested and removed at the command line."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.command_line import CommandLine, at_the_machine, everything
from tests.integration.conftest import Database
from tests.integration.mailbox import start_mailbox
from tests.integration.test_notices import sender, work_off
from tests.integration.world import World

pytestmark = pytest.mark.services

AT = ("--tenant", "acme")
MAIL = ("--mail", "duty@acme.example")


@pytest.fixture
def awgp(
    database: Database,
    world: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[CommandLine]:
    with at_the_machine(database, tmp_path, monkeypatch, capsys) as line:
        yield line


def test_a_channel_is_added_tested_shown_and_removed(
    awgp: CommandLine, database: Database, world: World
) -> None:
    assert "acme tells nobody yet; `awgp notice add" in awgp("notice", "list", *AT).out
    awgp.told("target", "add", "n8n", "--url", "https://n8n.example/hook", *AT, "--as", "axel")
    chat = awgp.told("notice", "add", "chat", "--target", "n8n", "--rule", "two-approvers", *AT)
    wanted = ("--to-people", "--event", "run.failed", "--event", "run.failed")
    said = awgp("notice", "add", "duty", *MAIL, *wanted, *AT, "--as", "axel")
    assert said.out == "notice channel duty added; next: awgp notice test duty\n"
    axel = str(world.acme.persons["axel"])
    assert [who for _, who, what in awgp.audit() if what == "setup:notice_channel:added"][1] == axel

    told = awgp.told("notice", "test", "duty", *AT)
    with start_mailbox() as mailbox:
        assert work_off(database, sender(database, mailbox)) == 1
    assert mailbox.to == ["duty@acme.example"]
    listed = {each["name"]: each for each in awgp.told("notice", "list", *AT)}
    assert {name: each["last_status"] for name, each in listed.items()} == {
        "chat": None,
        "duty": "delivered",
    }
    assert listed["chat"]["id"] == chat["id"]
    assert (listed["chat"]["to"], listed["chat"]["rules"]) == (["n8n"], ["two-approvers"])
    assert listed["duty"]["to"] == ["duty@acme.example", "those it is up to"]
    assert listed["duty"]["events"] == ["run.failed"]
    shown = awgp.told("notice", "show", "duty", *AT)
    ((notice),) = shown["notices"]
    assert (notice["event"], notice["status"], notice["attempts"]) == (
        "channel.test",
        "delivered",
        1,
    )
    assert told["channel"] == "duty"
    for words in ("duty@acme.example", "those it is up to", "channel.test", "delivered"):
        assert words in awgp("notice", "show", "duty", *AT).out

    assert "say --yes" in awgp.refused("notice", "remove", "duty", *AT)
    gone = awgp.told("notice", "remove", "duty", "--yes", *AT)
    assert (gone["name"], gone["removed"]) == ("duty", True)
    assert [each["name"] for each in awgp.told("notice", "list", *AT)] == ["chat"]
    awgp.told("notice", "add", "duty", *MAIL, *AT)  # its name is free


def test_what_cannot_be_is_one_line_and_changes_nothing(
    awgp: CommandLine, database: Database
) -> None:
    awgp.told("notice", "add", "duty", *MAIL, *AT)
    before = everything(database)
    for arguments, words in (
        (("add", "chat"), "say where it goes: --target, --mail or --to-people"),
        (("add", "Chat", *MAIL), "name"),
        (("add", "duty", *MAIL), "there is a notice channel 'duty' already"),
        (("add", "chat", "--target", "nowhere"), "nowhere"),
        (("add", "chat", "--mail", "no address"), "such as ada@example.com"),
        (("add", "chat", "--mail", "a@b\nBcc: c@d"), "such as ada@example.com"),
        (("add", "chat", "--target", "n8n", *MAIL), "a webhook has none"),
        (("add", "chat", *MAIL, "--event", "channel.test"), "'channel.test' is not one of"),
        (("add", "chat", *MAIL, "--rule", "No Rule"), "rules"),
        (("add", "chat", *MAIL, "--as", "nobody"), "nobody"),
        (("add",), "Missing argument 'NAME'"),
        (("show", "chat"), "there is no notice channel 'chat'; there are duty"),
        (("test", "chat"), "there is no notice channel 'chat'; there are duty"),
        (("remove", "chat", "--yes"), "there is no notice channel 'chat'; there are duty"),
    ):
        said = awgp.refused("notice", *arguments, *AT, before=before)
        assert words in said, said
    assert "there is no tenant 'nowhere'" in awgp.refused(
        "notice", "list", "--tenant", "nowhere", before=before
    )
