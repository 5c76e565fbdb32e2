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

from ops.embedded.data_folder import existing_data_folder
from ops.first_logins import first_login
from ops.login_engine import login_engine
from ops.provision import add_tenant
from ops.setup_desk import quiet_outbox

pytestmark = [pytest.mark.runsc, pytest.mark.services, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[2]
TUTORIAL = (ROOT / "docs/tutorials/your-first-webhook.md").read_text(encoding="utf-8")
HEADING = "## Your own first webhook in five minutes\n"
BESIDE = ("--tenant", "beside", "--template", "echo")
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
        """What a reader takes from the screen: the newest approval, the run told of last."""
        found: dict[str, str] = {}
        for each in self.typed:
            if runs := RUN.findall(each.output):
                found["RUN"] = runs[-1]
            if rows := LISTED.findall(each.output):
                found |= {"APPROVAL": rows[0][0], "DIGEST": rows[0][1]}
        return found

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
    begins = block.split("=", maxsplit=1)[0] if block.startswith("HOOK=") else "curl"
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
    large = shown(shell, f"awgp runs show {runs[0]['id']} --as owner")
    assert large["approval"]["status"] == "approved"
    assert large["execution"]["result"]["amount"] == "2500.00"
    verified = next(each for each in shell.typed if each.command == "awgp audit verify")
    assert "my-company: verified" in verified.output


def test_the_rest_of_the_tutorial_works_too(shell: Shell) -> None:
    shell.follow(TUTORIAL.partition(HEADING)[2].partition("\n## ")[2])
    assert "the same again, the same run: 202" in told_by(shell, "--duplicate")
    assert "401 signature-invalid" in told_by(shell, "--bad-signature")
    assert "a person decides now" in told_by(shell, "awgp source test shop")
    last = shell.until("awgp runs list --as owner", settled).output
    assert len(re.findall(r" completed .* late-orders ", last)) == 1, last


def told_by(shell: Shell, words: str) -> str:
    return next(each.output for each in shell.typed if words in each.command)


def test_a_run_that_fails_and_one_that_is_not_followed_to_its_end_say_so(shell: Shell) -> None:
    failed = shell.type("""echo '{"amount_cents": 1}' | awgp source test inbox --payload -""")
    assert (failed.status, "failed: agent error: exit code 1" in failed.output) == (1, True)
    early = shell.type("awgp source test inbox --wait 0")
    assert (early.status, "after 0 s the run is still" in early.output) == (1, True)
    refused = shell.type("echo '[1]' | awgp source test inbox --payload -")
    assert (refused.status, "422 json-not-an-object" in refused.output) == (1, True)


def test_two_at_once_make_one_tenant_beside_the_others(shell: Shell) -> None:
    both = [
        subprocess.Popen(
            [sys.executable, "-m", "ops.cli", "init", *BESIDE, "--json", "--data", data_of(shell)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    answers = [json.loads(each.communicate()[0]) for each in both]
    assert [each.returncode for each in both] == [0, 0]
    assert sorted(each["made"] for each in answers) == [False, True]
    made = next(each for each in answers if each["made"])
    assert [each["username"] for each in made["logins"].values()] == [
        "owner-beside",
        "approver-beside",
    ]
    tested = shown(shell, "awgp source test inbox --tenant beside")
    assert (tested["status"], tested["result"]["fields"]) == (
        "completed",
        ["amount_cents", "subject"],
    )
    again = shell.type("awgp init")
    assert (again.status, "nothing was changed" in again.output) == (0, True)


def test_a_run_that_was_cut_short_is_finished(shell: Shell) -> None:
    data = existing_data_folder(Path(data_of(shell)))
    owner = login_engine(data, "awgp_owner")
    add_tenant(quiet_outbox(owner), slug="half", name="Half")
    owner.dispose()
    lost = first_login(data, "half", "owner")
    made = shown(shell, "awgp init --tenant half")
    assert made["made"]
    assert made["logins"]["owner"]["password"] not in (None, lost.password)
    assert made["signed_in"]
    assert not (data.root / "init-begun.json").exists()


def test_a_password_comes_by_stdin_and_a_wrong_one_is_refused(shell: Shell) -> None:
    secret = re.search(r"^login +owner +(\S+)$", told_by(shell, "awgp init"), re.MULTILINE)
    assert secret is not None
    for password, status in ((secret[1], 0), ("wrong", 2)):
        done = shell.type(f"awgp login --person owner <<'END'\n{password}\nEND")
        assert done.status == status, done.output


def data_of(shell: Shell) -> str:
    return shell.type('printf %s "$AWGP_DATA_DIR"').output.strip()
