"""The `awgp` command itself: its table of commands, and how it says no."""

from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import NoReturn

import click
import httpx
import pytest
from sqlalchemy.exc import OperationalError

from ops.cli import (
    COMMANDS,
    COMMANDS_FOLDER,
    LONGEST_LINE,
    CommandTable,
    awgp,
    exported,
    no_file,
    out_of_reach,
    run,
)
from pipeline.errors import AwgpError


class Broken(AwgpError):
    """Of this test."""


def raising(error: BaseException) -> Callable[[], NoReturn]:
    def command() -> NoReturn:
        raise error

    return command


@pytest.fixture
def broken() -> Iterator[Callable[[Callable[[], object]], None]]:
    """Add the command `broken`, doing what it is given."""

    def add(callback: Callable[[], object]) -> None:
        awgp.add_command(click.Command("broken", callback=callback))

    yield add
    awgp.commands.pop("broken", None)


def test_the_table_lists_every_command_as_its_module_has_it() -> None:
    found = {
        command.name: (path.stem, command.get_short_help_str(LONGEST_LINE))
        for path in COMMANDS_FOLDER.glob("*.py")
        if not path.stem.startswith("_")
        for command in exported(import_module(f"ops.commands.{path.stem}"))
    }
    assert {name: found[name] for name in sorted(found, key=str)} == dict(sorted(COMMANDS.items()))


def test_a_module_nobody_listed_is_found_all_the_same() -> None:
    table = CommandTable(listed={})
    assert set(table.short_helps()) <= set(COMMANDS)
    assert table.load("login") is not None
    assert table.load("nothing") is None


def test_a_listed_module_that_is_not_there_is_no_command(tmp_path: Path) -> None:
    table = CommandTable(folder=tmp_path)
    assert table.short_helps() == {}
    assert table.load("login") is None


def test_what_a_module_exposes_may_be_one_command_or_several() -> None:
    one, two = click.Command("one"), click.Command("two")
    assert list(exported(SimpleNamespace(command=one))) == [one]  # type: ignore[arg-type]
    assert list(exported(SimpleNamespace(commands=(one, two)))) == [one, two]  # type: ignore[arg-type]
    assert list(exported(SimpleNamespace(command=print))) == []  # type: ignore[arg-type]


@pytest.mark.parametrize("arguments", [["bogus"], ["--bogus"], ["approvals", "show", "x"]])
def test_a_wrong_call_is_one_line_and_status_two(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("awgp: ")
    assert said.err.count("\n") == 1


@pytest.mark.parametrize(
    ("callback", "message"),
    [
        (raising(Broken("the disk is\nfull")), "awgp: the disk is full"),
        (raising(ConnectionRefusedError(111, "refused")), "awgp: the server cannot be reached"),
        (raising(httpx.ConnectError("refused")), "awgp: the server cannot be reached: refused"),
        (raising(click.ClickException("no")), "awgp: no"),
        (
            raising(OperationalError("SELECT 'hush'", {}, Exception("connection\nrefused"))),
            "awgp: the database cannot be used: connection refused",
        ),
        (raising(Broken("what\x1b[2J\u202e")), "awgp: what\\u001b[2J\\u202e"),
    ],
)
def test_what_goes_wrong_is_one_line_without_a_traceback(
    broken: Callable[[Callable[[], object]], None],
    callback: Callable[[], object],
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    broken(callback)
    assert run(["broken"]) == 2
    said = capsys.readouterr().err
    assert said.startswith(message)
    assert (said.count("\n"), "hush" in said, "SELECT" in said) == (1, False, False)


@pytest.mark.parametrize(
    ("error", "status"),
    [(KeyboardInterrupt(), 130), (click.Abort(), 130), (click.exceptions.Exit(1), 1)],
)
def test_an_interrupt_and_a_chosen_status_are_kept(
    broken: Callable[[Callable[[], object]], None], error: BaseException, status: int
) -> None:
    broken(raising(error))
    assert run(["broken"]) == status


def test_a_bug_is_not_dressed_up(broken: Callable[[Callable[[], object]], None]) -> None:
    broken(raising(ZeroDivisionError()))
    with pytest.raises(ZeroDivisionError):
        run(["broken"])


def test_an_error_of_a_driver_says_what_happened_and_not_the_statement() -> None:
    error = OperationalError("SELECT secret", {}, Exception("server closed the connection"))
    said = out_of_reach(error)
    assert said is not None
    assert said.startswith("the database cannot be used: server closed the connection; ")


def test_a_file_that_cannot_be_used_is_named() -> None:
    assert no_file(FileNotFoundError(2, "No such file or directory", "/nope/x")) == (
        "/nope/x cannot be used: No such file or directory"
    )
    assert no_file(OSError("no file at all")) is None


def test_a_wrong_call_names_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["runs", "show", "x"]) == 2
    assert capsys.readouterr().err.endswith("See `awgp runs show --help`.\n")


def test_every_command_comes_with_an_example() -> None:
    lacking = []

    def visit(path: str, command: click.Command) -> None:
        if "Example" not in (command.help or "") or f"awgp {path}" not in (command.help or ""):
            lacking.append(path)
        if isinstance(command, click.Group):
            for name, each in command.commands.items():
                visit(f"{path} {name}", each)

    table = CommandTable()
    for name in table.listed:
        command = table.load(name)
        assert command is not None
        visit(name, command)
    assert lacking == []
