"""Attacks through the whole pipeline: webhook, policy, hold, execute, post-action, audit.

Each run waits for a person, who approves it; then it ends as it must, is told to whom it concerns,
and stands in an audit trail that verifies. After each, an honest invoice is booked.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Final

import psycopg
import pytest

from ops.demo.proof import output_lines, timeline
from ops.embedded.postgres import superuser_url
from ops.processes import runtime_socket
from pipeline.execution import ExitReason
from runtime_host.bundle import pack
from runtime_host.client import HostClient
from tests.attacks.attacked_pipeline import MANIFEST, Attacker, Pipeline, pipeline_at
from tests.attacks.machine import Witness
from tests.attacks.site import AGENTS, SMALL, got_through
from tests.attacks.test_matrix import ALL
from tests.attacks.test_words import SAID, TELL
from tests.integration.gateway_server import Server, answering
from tests.integration.own_engine import DRIVERS

pytestmark = [
    pytest.mark.runsc,
    pytest.mark.services,
    pytest.mark.attacks,
    pytest.mark.timeout(600),
]

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
# By the name of its assistant.
MATRIX: Final = {f"attack-{number}": attack for number, attack in enumerate(ALL.values())}
WRONG: Final = f"attack-{list(ALL).index('result: deep')}"


@pytest.fixture(scope="module", params=DRIVERS)
def pipeline(request: pytest.FixtureRequest) -> Iterator[Pipeline]:
    with (
        answering() as port,
        pipeline_at(
            request.param,
            _attackers(port),
            credentials={"erp": ERP},
            # The server that agents are let out to is on this machine.
            AWGP_GATEWAY_OWN_MACHINE="1",
        ) as pipeline,
    ):
        yield pipeline


def _attackers(port: int) -> dict[str, Attacker]:
    rule = {"url": f"http://127.0.0.1:{port}/v1/", "methods": ["GET"]}
    return {
        **{
            name: Attacker(
                files={"main.py": each.program},
                bundle=each.bundle,
                limits={**SMALL, **each.limits},
            )
            for name, each in MATRIX.items()
        },
        "probes": Attacker(files={path.name: path.read_text() for path in AGENTS.glob("*.py")}),
        "words": Attacker(files={"main.py": TELL, "said.json": json.dumps(SAID)}),
        "swapped": Attacker(files={"main.py": "print('approved')"}),
        "rates": Attacker(
            files={"main.py": FETCHES.format(port=port)},
            asks=[rule],
            allowed=[{**rule, "private": True, "credential": "erp"}],
        ),
    }


@pytest.mark.parametrize(
    "name", [pytest.param(n, id=each) for n, each in zip(MATRIX, ALL, strict=True)]
)
def test_an_attack_ends_as_it_must_is_told_why_and_delivered_nowhere(
    pipeline: Pipeline, name: str
) -> None:
    attack = MATRIX[name]
    run, view = pipeline.attack(name, {})
    ended = view["execution"]
    assert ended["exit_reason"] in attack.reasons, view
    assert attack.says in pipeline.detail(run)
    if ended["exit_reason"] == ExitReason.OK:
        assert view["status"] == "completed", view
        assert pipeline.told(run) is not None
    else:
        assert (view["status"], ended["result"], view["deliveries"]) == ("failed", None, [])
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
    run, view = pipeline.attack(WRONG, {})
    assert view["status"] == "failed"
    actions = [action for action, _ in timeline(pipeline.stage.data, pipeline.tenant_id, run)]
    assert "execute:run:failed" in actions
    assert actions[-1] == "audit:run:sealed"
    done = awgp("audit", "verify", "--all", "--json", "--data", str(pipeline.stage.data.root))
    assert done.returncode == 0, done.stdout + done.stderr
    ahead = HostClient(runtime_socket(pipeline.stage.data)).describe().ahead
    sandboxes = pipeline.stage.data.folder("runtime-state") / "sandboxes"
    assert {path.name for path in sandboxes.iterdir()} <= ahead
