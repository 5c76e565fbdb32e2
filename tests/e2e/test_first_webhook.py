"""What the documents tell a newcomer to type, typed into a shell, on everything at once."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ops.assistant_template import TEMPLATES

pytestmark = [pytest.mark.runsc, pytest.mark.services, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[2]
TUTORIAL = (ROOT / "docs/tutorials/your-first-webhook.md").read_text(encoding="utf-8")
HEADING = "## Your own first webhook in five minutes\n"
PATIENCE_SECONDS = 60
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
LISTED = re.compile(r"^([0-9a-f-]{36})\s.*\s([0-9a-f]{16})\s*$", re.MULTILINE)
RUN = re.compile(r"^run ([0-9a-f-]{36})$", re.MULTILINE)


def section(document: str, heading: str) -> str:
    """What stands under a heading, up to the next one."""
    return document.partition(heading)[2].partition("\n## ")[0]


def five_minutes() -> str:
    """The README's own text once it has one; the tutorial's until then."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    return section(readme if HEADING in readme else TUTORIAL, HEADING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """One command and what came of it."""

    command: str
    status: int
    output: str


@dataclass(slots=True)
class Shell:
    """A newcomer's shell: one process, so that what is sourced and set stays."""

    process: "subprocess.Popen[str]"
    typed: list[Typed] = field(default_factory=list)

    def type(self, command: str) -> Typed:
        """Run a command, in which APPROVAL, DIGEST and RUN are what was shown last."""
        known = self.known()
        command = re.sub(r"\b(APPROVAL|DIGEST|RUN)\b", lambda found: known[found[1]], command)
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{{\n{command}\n}} </dev/null\nprintf '\\n<<%s>>\\n' $?\n")
        self.process.stdin.flush()
        lines: list[str] = []
        while not (ended := re.fullmatch(r"<<(\d+)>>\n", line := self.process.stdout.readline())):
            assert line, f"the shell ended: {''.join(lines)}"
            lines.append(line)
        done = Typed(command=command, status=int(ended[1]), output="".join(lines))
        self.typed.append(done)
        return done

    def known(self) -> dict[str, str]:
        told = "".join(each.output for each in self.typed)
        rows, runs = LISTED.findall(told), RUN.findall(told)
        found = {"RUN": runs[-1]} if runs else {}
        return found | ({"APPROVAL": rows[-1][0], "DIGEST": rows[-1][1]} if rows else {})

    def until(self, command: str, fits: Callable[[str], bool]) -> Typed:
        """Type a command again until its output fits, as a person would."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not fits((done := self.type(command)).output):
            assert time.monotonic() < deadline, done.output
            time.sleep(0.05)
        return done

    def follow(self, document: str) -> None:
        """Type every command of a document; what init printed is pasted where it says so."""
        for kind, block in BLOCK.findall(document):
            for command in [pasted(self, block)] if kind == "text" else block.splitlines():
                done = self.type(command)
                assert done.status == 0, f"{command}: {done.output}"
                if command.startswith("awgp runs list"):
                    self.until(command, settled)


def settled(output: str) -> bool:
    """Whether every run of a list has ended or waits for a person."""
    statuses = [line.split()[1] for line in output.splitlines()[1:] if line.strip()]
    return bool(statuses) and set(statuses) <= {"completed", "held"}


def pasted(shell: Shell, block: str) -> str:
    """The part of what `awgp init` printed that begins as a block does."""
    told = next(each.output for each in shell.typed if each.command == "awgp init")
    begins = block.split("=")[0] if block.startswith("HOOK=") else "curl"
    parts = [part for part in told.split("\n\n") if part.startswith(begins)]
    assert len(parts) == 1, told
    return parts[0]


@pytest.fixture(scope="module")
def shell() -> Iterator[Shell]:
    """Everything runs, set up and used as the section of five minutes says."""
    folder = Path(tempfile.mkdtemp(prefix="awgp-first-"))
    folder.chmod(0o711 if os.getuid() == 0 else 0o700)  # other users' servers pass through
    (folder / "clone").mkdir()
    (folder / "clone" / ".venv").symlink_to(sys.prefix)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWGP_")}
    outside = [p for p in kept["PATH"].split(":") if not p.startswith(sys.prefix)]
    environment = kept | {"AWGP_DATA_DIR": str(folder / "data"), "PATH": ":".join(outside)}
    with subprocess.Popen(
        ["bash", "--norc"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=folder / "clone",
        env=environment,
    ) as process:
        shell = Shell(process)
        try:
            shell.follow(five_minutes())
            yield shell
        finally:
            stopped = shell.type("awgp down")
            assert process.stdin is not None
            process.stdin.close()
    assert stopped.status == 0, stopped.output
    shutil.rmtree(folder)


def shown(shell: Shell, command: str) -> Any:
    done = shell.type(f"{command} --json")
    assert done.status == 0, done.output
    return json.loads(done.output)


def test_the_tutorial_says_what_the_readme_says() -> None:
    assert five_minutes() in TUTORIAL


def test_five_minutes_lead_to_two_completed_runs_and_a_trail_that_verifies(shell: Shell) -> None:
    runs = shown(shell, "awgp runs list --as owner")
    assert [each["status"] for each in runs] == ["completed", "completed"]
    views = [shown(shell, f"awgp runs show {each['id']} --as owner") for each in runs]
    assert [bool(view["approval"]) for view in views] == [True, False]
    assert [view["execution"]["result"]["amount"] for view in views] == ["2500.00", "42.00"]
    verified = shown(shell, "awgp audit verify")
    assert verified["verified"]


def test_the_rest_of_the_tutorial_works_too(shell: Shell) -> None:
    shell.follow(TUTORIAL.partition(HEADING)[2].partition("\n## ")[2])
    last = shown(shell, "awgp runs list --as owner")
    shell.until("awgp runs list --as owner", settled)
    assert {each["assistant"] for each in last} == {"summarise", "late-orders"}
