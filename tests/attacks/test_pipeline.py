"""Attacks through the whole pipeline: webhook, policy, hold, execute, post-action, audit.

Each run waits for a person, who approves it; then it ends as it must, is told to whom it concerns,
and stands in an audit trail that verifies. After each, an honest invoice is booked.
"""

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import psycopg
import pytest
from dramatiq.brokers.stub import StubBroker
from rich.console import Console

from ops.demo.clients import Person, expect, send_event
from ops.demo.proof import output_lines, timeline
from ops.demo.seed import Sender
from ops.demo.stage import DemoStage, prepare_parts, running_demo
from ops.demo.story import ENDED, INVOICE, Story
from ops.embedded.postgres import superuser_url
from ops.login_engine import login_engine
from ops.processes import runtime_socket
from pipeline.credentials import save_credential
from pipeline.envelope import KeyRing
from pipeline.outbox import Outbox
from pipeline.policy_store import activate_policy_set, add_policy_set
from pipeline.registry import (
    add_assistant,
    add_bundle,
    add_source,
    add_source_secret,
    new_webhook_secret,
)
from pipeline.work import Actor, Work
from runtime_host.bundle import inspect, pack
from runtime_host.client import HostClient
from tests.attacks.bombs import BOMBS
from tests.attacks.machine import Witness
from tests.attacks.results import RESULTS
from tests.attacks.site import AGENTS, got_through
from tests.attacks.test_words import SAID, TELL
from tests.integration.gateway_server import Server, answering
from tests.integration.own_engine import DRIVERS, way_of
from tests.integration.own_host import Way

pytestmark = [
    pytest.mark.runsc,
    pytest.mark.services,
    pytest.mark.attacks,
    pytest.mark.timeout(600),
]

MANIFEST: Final = """
[bundle]
name = "attacker"
version = "{name}"
[limits]
wall_seconds = {wall}
memory_bytes = {memory}
processes = 32
disk_bytes = 16777216
"""
POLICY: Final = """
@id("all")
@hold("finance")
@description("Everything, once somebody has looked.")
permit (principal, action == Action::"run", resource);
"""
ERP: Final = "Bearer of-the-erp"
FETCHES: Final = """
import json
from awgp_agent import NotAllowed, fetch
echo = fetch("http://127.0.0.1:{port}/v1/echoed").text()
try:
    fetch("http://127.0.0.1:{port}/v2/x")
except NotAllowed as error:
    json.dump(dict(echo=echo, beside=error.name), open("/output/result.json", "w"))
"""
BAD: Final = {
    "memory": BOMBS["heap"].program,
    "processes": BOMBS["forks without end"].program,
    "disk": BOMBS["fills /tmp"].program,
    "output": BOMBS["floods stdout"].program,
    "timeout": BOMBS["ignores signals"].program,
    "error": RESULTS["deep"].program,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """The demo's system, with assistants that attack it."""

    stage: DemoStage
    story: Story
    senders: dict[str, Sender]
    way: Way

    @property
    def tenant_id(self) -> UUID:
        return self.stage.demo.acme.tenant_id

    def held(self, name: str, payload: Mapping[str, Any]) -> str:
        """A run that waits for a person."""
        answer = send_event(self.story.ingest, self.senders[name], payload)
        run: str = expect(answer, 202)["run"]
        self.ada.wait(run, lambda seen: seen["status"] == "held", lambda _: None)
        return run

    def approve(self, run: str) -> dict[str, Any]:
        """Ben lets it happen; how it ended."""
        ben = self.story.sign_in("ben")
        expect(ben.vote(ben.open_approval(run), "approve", "let us see"), 200)
        return self.ada.wait(
            run, lambda seen: seen["status"] in ENDED and seen["sealed_at"], lambda _: None
        )

    def attack(self, name: str, payload: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        run = self.held(name, payload)
        return run, self.approve(run)

    @property
    def ada(self) -> Person:
        return self.story.sign_in("ada")

    def told(self, run: str) -> dict[str, Any] | None:
        """What the receiver was sent of it."""
        return self.stage.receiver.received.messages.get(f"msg_{run.replace('-', '')}_0")

    def honest(self) -> None:
        """The next innocent run succeeds at once, and is told of."""
        run, view = self.attack("erp", INVOICE)
        assert view["status"] == "completed", (view["reason"], view["execution"])
        assert self.told(run) is not None


@contextmanager
def set_for(way: Way) -> Iterator[None]:
    """What an operator would set."""
    with pytest.MonkeyPatch.context() as environment:
        for name, value in way.settings.items():
            environment.setenv(name, value)
        yield


@pytest.fixture(scope="module", params=DRIVERS)
def pipeline(request: pytest.FixtureRequest) -> Iterator[Pipeline]:
    with (
        _agents_let_to_this_machine(),
        answering() as port,
        way_of(request.param) as way,
        set_for(way),
        running_demo(prepare_parts(lambda _: None), lambda _name, _seconds: None) as stage,
    ):
        story = Story(stage, Console(file=io.StringIO()))
        senders = {"erp": stage.demo.acme.senders["erp"], **_attackers(stage, port)}
        yield Pipeline(stage=stage, story=story, senders=senders, way=way)


@contextmanager
def _agents_let_to_this_machine() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWGP_GATEWAY_OWN_MACHINE", "1")
        yield


def _attackers(stage: DemoStage, port: int) -> dict[str, Sender]:
    owner = login_engine(stage.data, "awgp_owner")
    keyring = KeyRing.from_text(stage.data.secret("kek"))
    try:
        with Outbox(owner, StubBroker(middleware=[])).work(stage.demo.acme.tenant_id) as work:
            people = {
                name.partition(" ")[0]: person
                for name, person in work.execute("SELECT display_name, person_id FROM persons")
            }
            ada, cleo = people["Ada"], people["Cleo"]
            version = add_policy_set(work, source=POLICY, author=ada, context_fields={})
            activate_policy_set(work, version, by=cleo)
            files = {
                **{name: {"main.py": program} for name, program in BAD.items()},
                "probes": {path.name: path.read_text() for path in AGENTS.glob("*.py")},
                "words": {"main.py": TELL, "said.json": json.dumps(SAID)},
                "swapped": {"main.py": "print('approved')"},
                "rates": {"main.py": FETCHES.format(port=port)},
            }
            save_credential(
                work,
                keyring,
                name="erp",
                header="Authorization",
                value=ERP,
                by=cleo,
                actor=Actor(type="person", id=str(cleo)),
            )
            rule = {"url": f"http://127.0.0.1:{port}/v1/", "methods": ["GET"]}
            allowed = {"network": [{**rule, "private": True, "credential": "erp"}]}
            asks = {"rates": ({"network": [rule]}, allowed)}
            return {
                name: _attacker(work, keyring, name, each, ada, cleo, *asks.get(name, ({}, {})))
                for name, each in files.items()
            }
    finally:
        owner.dispose()


def _attacker(
    work: Work,
    keyring: KeyRing,
    name: str,
    files: dict[str, str],
    ada: UUID,
    cleo: UUID,
    asked: dict[str, Any],
    allowed: dict[str, Any],
) -> Sender:
    wall = 2 if name == "timeout" else 60
    manifest = MANIFEST.format(name=name, wall=wall, memory=64 << 20)
    packed = pack({n: t.encode() for n, t in {**files, "awgp.toml": manifest}.items()})
    info = inspect(packed)
    add_bundle(
        work,
        digest=info.digest,
        manifest=info.manifest.as_json() | asked,
        content=packed,
        author=ada,
    )
    known = work.execute("SELECT runtime_digest FROM assistant_versions LIMIT 1").scalar_one()
    ledger = work.execute("SELECT target_id FROM targets WHERE name = 'ledger'").scalar_one()
    assistant = add_assistant(
        work,
        name=f"attacker-{name}",
        bundle_digest=info.digest,
        runtime=("python3", known),
        by=ada,
        targets=[ledger],
        sandbox_policy=allowed,
    )
    source_id = add_source(
        work, name=name, scheme="standard-webhooks", assistant_id=assistant, owner=cleo
    )
    secret = new_webhook_secret()
    add_source_secret(work, keyring, source_id=source_id, secret=secret, by=cleo)
    return Sender(name=name, source_id=source_id, secret=secret)


@pytest.mark.parametrize("name", BAD)
def test_what_takes_too_much_fails_for_that_and_is_delivered_nowhere(
    pipeline: Pipeline, name: str
) -> None:
    run, view = pipeline.attack(name, {})
    assert view["status"] == "failed", view
    assert view["execution"]["exit_reason"] == name
    assert view["execution"]["result"] is None
    assert view["deliveries"] == []
    assert pipeline.told(run) is None
    pipeline.honest()


def test_nothing_gets_through(pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> None:
    with Witness.there(tmp_path_factory.mktemp("witness")) as witness:
        _, view = pipeline.attack("probes", witness.request)
        assert view["status"] == "completed", view
        assert got_through(view["execution"]["result"], pipeline.way) == {}
        assert witness.came() == []
    pipeline.honest()


def test_what_an_agent_says_is_told_on_as_it_is_and_enters_no_log(pipeline: Pipeline) -> None:
    run, view = pipeline.attack("words", {})
    assert view["status"] == "completed", view
    assert view["execution"]["result"] == {"said": list(SAID)}
    told = pipeline.told(run)
    assert told is not None
    assert list(SAID) == told["result"]["said"]
    assert output_lines(pipeline.stage.data, pipeline.tenant_id, run)[: len(SAID)]
    shown = awgp("runs", "show", run, "--as", "ada", "--data", str(pipeline.stage.data.root))
    assert shown.returncode == 0, shown.stderr
    assert all(c.isprintable() or c == "\n" for c in shown.stdout)
    logs = [path.read_text() for path in pipeline.stage.data.logs.iterdir()]
    assert not any("owned" in log or "jndi" in log or "\x1b" in log for log in logs)
    pipeline.honest()


def test_an_agent_is_let_out_with_a_credential_it_never_has(pipeline: Pipeline) -> None:
    run, view = pipeline.attack("rates", {})
    assert view["status"] == "completed", (view["reason"], view["execution"])
    assert view["execution"]["result"] == {"echo": "*" * len(ERP), "beside": "not-allowed"}
    assert Server.asked[-1][1]["authorization"] == ERP
    actions = [action for action, _ in timeline(pipeline.stage.data, pipeline.tenant_id, run)]
    assert "execute:gateway:called" in actions
    logs = [path.read_text() for path in pipeline.stage.data.logs.iterdir()]
    assert not any("of-the-erp" in log for log in logs)
    pipeline.honest()


def test_a_bundle_swapped_after_the_approval_was_asked_for_is_not_run(pipeline: Pipeline) -> None:
    run = pipeline.held("swapped", {})
    evil = pack({"main.py": b"print('swapped')", "awgp.toml": MANIFEST.encode()})
    swap = "UPDATE awgp.bundles SET content = %s WHERE manifest ->> 'version' = 'swapped'"
    with psycopg.connect(superuser_url(pipeline.stage.data), autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        with pytest.raises(psycopg.errors.CheckViolation):
            connection.execute(swap, [evil])
        # Not even who may change the schema gets other bytes run.
        connection.execute("ALTER TABLE awgp.bundles DROP CONSTRAINT bundles_check")
        assert connection.execute(swap, [evil]).rowcount == 1
    view = pipeline.approve(run)
    assert (view["status"], view["reason"]) == ("failed", "launch refused: bundle_digest_mismatch")
    assert view["deliveries"] == []
    assert pipeline.told(run) is None
    pipeline.honest()


def awgp(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "ops.cli", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "NO_COLOR": "1"},
    )


def test_the_trail_of_all_this_verifies_and_names_every_end(pipeline: Pipeline) -> None:
    run, view = pipeline.attack("error", {})
    assert view["status"] == "failed"
    actions = [action for action, _ in timeline(pipeline.stage.data, pipeline.tenant_id, run)]
    assert "execute:run:failed" in actions
    assert actions[-1] == "audit:run:sealed"
    done = awgp("audit", "verify", "--all", "--json", "--data", str(pipeline.stage.data.root))
    assert done.returncode == 0, done.stdout + done.stderr
    parked = HostClient(runtime_socket(pipeline.stage.data)).describe().parked
    sandboxes = pipeline.stage.data.folder("runtime-state") / "sandboxes"
    assert {path.name for path in sandboxes.iterdir()} <= set(parked)
