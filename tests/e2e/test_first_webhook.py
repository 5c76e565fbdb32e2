"""What the documents tell a newcomer to type, typed into a shell, on everything at once."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from dramatiq.brokers.stub import StubBroker
from sqlalchemy import text

from ops.cli import run
from ops.embedded.data_folder import DataFolder, existing_data_folder
from ops.first_logins import first_login
from ops.first_run import SetUpBefore, set_up_first
from ops.first_tenant import FirstRun, Wanted
from ops.login_engine import login_engine
from ops.operator_actor import operator
from ops.provision import add_tenant, close_tenant
from ops.runtime_folder import runtime_digest
from ops.source_probe import source_probe
from pipeline.outbox import Outbox
from tests.e2e.sender_how_tos import SENDERS, HowTo

pytestmark = [pytest.mark.runsc, pytest.mark.services, pytest.mark.timeout(600)]

ROOT = Path(__file__).parents[2]
TUTORIAL = (ROOT / "docs/tutorials/your-first-webhook.md").read_text(encoding="utf-8")
HEADING = "## Your own first webhook in five minutes\n"
PATIENCE_SECONDS = 120
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
LISTED = re.compile(r"^([0-9a-f-]{36})\s.*\s([0-9a-f]{16})\s*$", re.MULTILINE)
ON_THEIR_WAY = """
    SELECT count(*) FROM runs
    WHERE status <> 'held' AND sealed_at IS NULL"""
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
    folder: Path
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

    def follow(self, document: str) -> None:
        """Type every command of a document; what init printed is pasted where it says so."""
        for kind, block in BLOCK.findall(document):
            for command in [pasted(self, block)] if kind == "text" else block.splitlines():
                if command.startswith("awgp runs"):
                    self.settle()  # as a person would, who looks again
                done = self.type(command)
                assert done.status == 0, f"{command}: {done.output}"

    def settle(self) -> None:
        """Wait until no run is on its way."""
        holding = login_engine(self.data, "awgp_holding")
        deadline = time.monotonic() + PATIENCE_SECONDS
        with holding.connect() as connection:
            while connection.execute(text(ON_THEIR_WAY)).scalar_one():
                assert time.monotonic() < deadline, "a run did not come to its end"
                connection.rollback()
                time.sleep(0.05)
        holding.dispose()

    @property
    def data(self) -> DataFolder:
        return existing_data_folder(self.folder / "data")

    def told_by(self, words: str) -> str:
        """What the last command with these words in it said."""
        return next(each.output for each in reversed(self.typed) if words in each.command)


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
    kept = {
        name: value
        for name, value in os.environ.items()
        # Runtimes are the machine's; who keeps them elsewhere has them there.
        if not name.startswith("AWGP_") or name == "AWGP_RUNTIME_FOLDER"
    }
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
        shell = Shell(process, folder)
        try:
            shell.follow(five_minutes())
            yield shell
        finally:
            stopped = shell.type("awgp down")
            assert process.stdin is not None
            process.stdin.close()
    assert stopped.status == 0, stopped.output
    shutil.rmtree(folder)


def test_the_tutorial_says_what_the_readme_says() -> None:
    assert five_minutes() in TUTORIAL


def test_five_minutes_lead_to_two_completed_runs_and_a_trail_that_verifies(shell: Shell) -> None:
    listed = shell.told_by("awgp runs list").splitlines()[1:]
    runs = [UUID(line.split()[0]) for line in listed if " completed " in line]
    with source_probe(shell.data, {}) as probe:
        inbox = probe.find("inbox", "my-company")
        large, small = [probe.view(inbox.tenant_id, run) for run in runs]
    assert (large["approval"]["status"], small["approval"]) == ("approved", None)
    assert large["execution"]["result"]["amount"] == "2500.00"
    assert small["execution"]["result"]["amount"] == "42.00"
    assert "my-company: verified" in shell.told_by("awgp audit verify")


def test_the_rest_of_the_tutorial_works_too(shell: Shell) -> None:
    shell.follow(TUTORIAL.partition(HEADING)[2].partition("\n## ")[2])
    assert "the same again, the same run: 202" in shell.told_by("--duplicate")
    assert "401 signature-invalid" in shell.told_by("--bad-signature")
    assert "approvals list --as approver" in shell.told_by("awgp source test shop")
    assert "Order 4711 is late" in shell.told_by("awgp runs show")


Captured = pytest.CaptureFixture[str]


def test_what_does_not_end_well_is_status_one(
    shell: Shell, capsys: Captured, tmp_path: Path
) -> None:
    def tested(payload: str, *options: str) -> dict[str, Any]:
        (tmp_path / "payload").write_text(payload)
        arguments = ("--payload", str(tmp_path / "payload"), "--tenant", "my-company", "--json")
        data = ("--data", str(shell.data.root))
        assert run(["source", "test", "inbox", *arguments, *options, *data]) == 1
        told: dict[str, Any] = json.loads(capsys.readouterr().out)
        assert not told["good"]
        return told

    assert tested('{"amount_cents": 1}')["reason"] == "agent error: exit code 1"
    assert tested('{"amount_cents": 1}', "--wait", "0")["status"] != "completed"
    assert tested("[1]")["answers"][0]["problem"] == "json-not-an-object"


def test_two_at_once_make_one_tenant_beside_the_others(shell: Shell, capsys: Captured) -> None:
    wanted = Wanted(
        tenant="beside",
        tenant_name="Beside",
        owner="owner",
        approver="approver",
        template="echo",
    )
    digest = runtime_digest(os.environ)
    assert digest is not None
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(set_up_first, shell.data, wanted, runtime=digest) for _ in range(2)]
        made, before = sorted((each.result() for each in both), key=lambda r: type(r).__name__)
    assert isinstance(made, FirstRun)
    assert isinstance(before, SetUpBefore)
    names = (made.logins.owner.username, made.logins.approver.username)
    assert (names, made.logins.signed_in) == (("owner-beside", "approver-beside"), True)
    data = ("--data", str(shell.data.root))
    assert run(["source", "test", "inbox", "--tenant", "beside", "--json", *data]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["result"]["fields"] == ["amount_cents", "subject"]
    assert run(["init", "--tenant", "beside", *data]) == 0
    assert "nothing was changed" in capsys.readouterr().out


def test_a_run_that_was_cut_short_is_finished(shell: Shell, capsys: Captured) -> None:
    owner = login_engine(shell.data, "awgp_owner")
    add_tenant(Outbox(owner, StubBroker(middleware=[])), slug="half", name="Half")
    owner.dispose()
    lost = first_login(shell.data, "half", "owner")
    assert run(["init", "--tenant", "half", "--json", "--data", str(shell.data.root)]) == 0
    made = json.loads(capsys.readouterr().out)
    assert made["logins"]["owner"]["password"] not in (None, lost.password)
    assert made["signed_in"]
    assert not (shell.data.root / "init-begun.json").exists()


def test_a_password_is_read_from_stdin_and_counts(shell: Shell) -> None:
    found = re.search(r"^login +owner +(\S+)$", shell.told_by("awgp init"), re.MULTILINE)
    assert found is not None
    for password, status in ((found[1], 0), ("wrong", 2)):
        done = shell.type(f"awgp login --person owner <<'END'\n{password}\nEND")
        assert done.status == status, done.output


@pytest.mark.parametrize("slug", ["holding", "closed-one"])
def test_a_tenant_that_is_not_fit_is_refused(shell: Shell, slug: str, capsys: Captured) -> None:
    if slug == "closed-one":
        owner = login_engine(shell.data, "awgp_owner")
        tenant = add_tenant(Outbox(owner, StubBroker(middleware=[])), slug=slug, name="Closed")
        close_tenant(Outbox(owner, StubBroker(middleware=[])), tenant, actor=operator())
        owner.dispose()
    assert run(["init", "--tenant", slug, "--data", str(shell.data.root)]) == 2
    assert "choose another with --tenant" in capsys.readouterr().err


@pytest.mark.parametrize("how_to", SENDERS, ids=str)
def test_what_a_how_to_says_to_type_makes_a_source_and_is_accepted(
    shell: Shell, how_to: HowTo, capsys: Captured, tmp_path: Path
) -> None:
    asked = ("--tenant", "my-company", "--data", str(shell.data.root))
    theirs = tmp_path / "secret"
    theirs.write_text("whsec_" + "k" * 32)
    for command in how_to.commands(theirs):
        assert run([*command, *asked, "--json"]) == 0, capsys.readouterr().err
        made = json.loads(capsys.readouterr().out)
        if how_to.sender_makes_the_secret:
            rotate = ("source", "rotate", made["name"], "--secret-file", str(theirs))
            assert run([*rotate, *asked]) == 0
        for sample in how_to.samples():
            answer = sample.typed(hook=made["url"], secret=made["secret"] or theirs.read_text())
            assert "/v1/runs/" in answer, f"{sample.text}{answer}"
