"""`awgp policy check` and `explain`, on files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ops.cli import run

FIELDS = {"amount": {"pointer": "/amount_cents", "type": "long"}}
SET = """@id("small") @auto("small") permit (principal, action, resource)
when { context.payload has amount && context.payload.amount < 1000 };
@id("large") @hold("cfo") permit (principal, action, resource)
when { context.payload has amount && context.payload.amount >= 1000 };
"""
REQUEST = {
    "principal": {"type": "Source", "id": "erp"},
    "assistant": {"tenant": "northwind", "name": "invoice-clerk", "version": 1},
    "payload": {"amount_cents": 5000},
    "received_at": "2026-11-23T09:00:00Z",
    "origin": "webhook",
}
HELD = {
    "name": "large is held",
    "request": REQUEST,
    "expect": {"verdict": "hold", "rules": ["cfo"]},
}


class Desk:
    """A folder with the files of one policy set."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.put("fields.json", json.dumps(FIELDS))
        self.put("set.cedar", SET)

    def put(self, name: str, text: str) -> str:
        (self.folder / name).write_text(text, encoding="utf-8")
        return str(self.folder / name)

    def policy(self, verb: str, *options: str) -> int:
        fields = ("--context-fields", str(self.folder / "fields.json"))
        return run(["policy", verb, str(self.folder / "set.cedar"), *fields, *options])


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


Captured = pytest.CaptureFixture[str]


def test_a_sound_set_is_accepted_and_its_tests_pass(desk: Desk, capsys: Captured) -> None:
    tests = desk.put("tests.json", json.dumps([HELD]))
    assert desk.policy("check", "--tests", tests) == 0
    out, err = capsys.readouterr()
    assert "accepted, 2 policies, approval rules named: cfo, 1 tests passed, sha256:" in out
    assert err == ""
    assert desk.policy("check", "--tests", tests, "--json") == 0
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert told["policies"] == ["small", "large"]
    assert told["tests"] == [{"name": "large is held", "passed": True, "problem": None}]


def test_every_problem_of_a_refused_set_is_a_line(desk: Desk, capsys: Captured) -> None:
    desk.put("set.cedar", 'permit (principal, action, resource);\n@id("a") @x("y") forbid;')
    assert desk.policy("check") == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "set.cedar: line 2: does not parse" in err
    desk.put("set.cedar", SET.replace('@id("small") ', "").replace('"cfo"', '"C F O"'))
    assert desk.policy("check") == 2
    err = capsys.readouterr().err
    assert [line.split("set.cedar: ")[1].split(":")[0] for line in err.splitlines()] == [
        "line 1",
        "line 3, policy 'large'",
    ]
    assert desk.policy("check", "--json") == 2
    assert len(json.loads(capsys.readouterr().out)["problems"]) == 2


def test_a_failed_test_is_a_line_and_fails_the_check(desk: Desk, capsys: Captured) -> None:
    wrong = HELD | {"expect": {"verdict": "deny"}}
    tests = desk.put("tests.json", json.dumps([HELD, wrong]))
    assert desk.policy("check", "--tests", tests) == 2
    assert capsys.readouterr().err.splitlines() == [
        f"{tests}: large is held: expected deny, got hold under cfo"
    ]


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("fields.json", '{"A": {}, "b": 1}', "field 'A'"),
        ("fields.json", "[]", "must be a JSON object"),
        ("fields.json", "{", "is not JSON"),
        ("set.cedar", "// \x00\nnonsense", "does not parse"),
    ],
)
def test_a_file_that_is_something_else_is_refused(
    desk: Desk, capsys: Captured, name: str, text: str, problem: str
) -> None:
    desk.put(name, text)
    assert desk.policy("check") == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert problem in err
    assert all(name in line for line in err.splitlines())


def test_explain_says_what_matched(desk: Desk, capsys: Captured) -> None:
    request = desk.put("request.json", json.dumps(REQUEST))
    assert desk.policy("explain", "--request", request) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "hold: permitted, and people must approve under: cfo"
    assert told[1] == '  matched permit large (line 3) @hold("cfo")'
    assert desk.policy("explain", "--request", request, "--json") == 0
    assert json.loads(capsys.readouterr().out)["hold_rules"] == ["cfo"]


def test_explain_refuses_a_faulty_request_in_one_line(desk: Desk, capsys: Captured) -> None:
    request = desk.put("request.json", json.dumps(REQUEST | {"origin": 1}))
    assert desk.policy("explain", "--request", request) == 2
    assert capsys.readouterr().err == "awgp: request.origin: must be a string\n"
