"""AWGP and the real N8N, both ways: our node in its flows, its flows behind our post-actions."""

import os
import signal
from base64 import b64decode
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from ops.demo.stage import prepare_parts, running_demo
from ops.embedded.n8n import LOGIN
from ops.guests import n8n_guest
from ops.node_packages import NodeUnavailable
from ops.supervisor_client import Supervisor
from pipeline.delivery import signed_headers
from tests.conftest import missing
from tests.e2e.n8n_owner import sign_in
from tests.e2e.n8n_stage import KEPT, N8nStage, flow_at_the_desk, open_desk, set_up
from tests.integration.processes import PATIENCE_SECONDS, wait_until

pytestmark = [
    pytest.mark.n8n,
    pytest.mark.runsc,
    pytest.mark.services,
    pytest.mark.timeout(900),  # N8N is installed once
]

RESTART_SECONDS = 300.0
"""N8N takes half a minute to start on two busy cores, and looks for what it kept once a minute."""


@pytest.fixture(scope="module")
def n8n() -> Iterator[N8nStage]:
    """Everything runs, N8N beside it."""
    digest = prepare_parts(lambda _: None)
    guest = n8n_guest(canvas=False, progress=None)
    try:
        with (
            open_desk() as desk,
            running_demo(digest, lambda _name, _seconds: None, guests=[guest]) as stage,
        ):
            found = N8nStage(stage=stage, owner=sign_in(stage.data), desk=desk)
            with closing(found.owner.browser):
                set_up(found)
                yield found
    except NodeUnavailable as error:
        missing(f"N8N ({error})")


def test_a_flow_submits_a_run_waits_for_people_and_is_told_the_outcome(n8n: N8nStage) -> None:
    run = n8n.call("submit", n8n.invoice("RE-1"))["run"]
    n8n.approve(run)
    wait_until(lambda: n8n.desk.of("/outcome", run=run), "the flow to tell the outcome")
    (outcome,) = n8n.desk.of("/outcome", run=run)
    assert (outcome["status"], outcome["succeeded"]) == ("completed", True)
    assert outcome["result"]["booking"]["text"] == "invoice RE-1"
    # Its result was delivered to a flow, which verified it, worked, and answered.
    (work,) = n8n.desk.of("/work", run=run)
    assert work["result"]["booking"]["amount_cents"] == 42_000
    (delivery,) = n8n.ended(run)["deliveries"]
    assert (delivery["outcome"], delivery["status_code"]) == ("delivered", 200)
    wait_until(lambda: n8n.told_in_chat(run, "It is done"), "the chat to be told of the end")


def message(
    n8n: N8nStage, key: str, *, age: timedelta = timedelta(0), **body: Any
) -> httpx.Request:
    """What AWGP would send to the flow that takes results."""
    told = httpx.Request("POST", "http://n8n", json={"type": "run.executed", "run": key, **body})
    secret = b64decode(n8n.secret.removeprefix("whsec_"))
    now = datetime.now(UTC) - age
    headers = signed_headers(told.content, key=secret, message=key, at=now)
    url = f"{n8n.owner.url}{n8n.flows['take'].url}"
    return httpx.Request("POST", url, content=told.content, headers=headers)


def send(request: httpx.Request) -> httpx.Response:
    with httpx.Client(timeout=PATIENCE_SECONDS) as client:
        return client.send(request)


def test_what_comes_again_under_its_key_is_not_done_again(n8n: N8nStage) -> None:
    key = f"msg_{uuid4().hex}_0"
    answers = [send(message(n8n, key)) for _ in range(3)]
    assert [answer.json() for answer in answers] == [{"taken": key}] * 3
    assert len(n8n.desk.of("/work", key=key)) == 1
    other = f"msg_{uuid4().hex}_0"
    send(message(n8n, other))
    assert len(n8n.desk.of("/work", key=other)) == 1


@pytest.mark.parametrize(
    "tampered", ["body", "id", "timestamp", "signature", "unsigned", "late", "early", "list"]
)
def test_what_is_not_of_awgp_or_not_of_now_starts_no_flow(n8n: N8nStage, tampered: str) -> None:
    key = f"msg_{uuid4().hex}_0"
    ages = {"late": timedelta(minutes=6), "early": timedelta(minutes=-6)}
    request = message(n8n, key, age=ages.get(tampered, timedelta(0)))
    content, headers = bytes(request.content), dict(request.headers)
    match tampered:
        case "body":
            content = content.replace(b"run.executed", b"run.Executed")
        case "id":
            headers["webhook-id"] = f"msg_{uuid4().hex}_0"
        case "timestamp":
            headers["webhook-timestamp"] = str(int(headers["webhook-timestamp"]) - 1)
        case "signature":
            last = headers["webhook-signature"]
            headers["webhook-signature"] = last[:-3] + ("A" if last[-3] != "A" else "B") + last[-2:]
        case "unsigned":
            del headers["webhook-signature"]
        case "list":
            headers["webhook-signature"] = f"v1a,{headers['webhook-signature'][3:]} v1, v2,x"
    answer = send(httpx.Request("POST", request.url, content=content, headers=headers))
    assert (answer.status_code, answer.json()) == (401, {"error": "The signature does not hold"})
    assert n8n.desk.of("/work", key=key) == []


def kept_by(n8n: N8nStage) -> bool:
    """Whether N8N keeps a flow in its database, to go on later."""
    data = n8n.stage.data
    with psycopg.connect(
        host="127.0.0.1",
        port=data.ports["postgres"],
        user=LOGIN,
        password=data.secret("n8n-database"),
        dbname=LOGIN,
    ) as connection:
        waiting = "SELECT 1 FROM execution_entity WHERE status = 'waiting'"
        return connection.execute(waiting).fetchone() is not None


def test_n8n_killed_in_the_middle_of_a_delivery_loses_nothing(n8n: N8nStage) -> None:
    run = n8n.call("submit", n8n.invoice(KEPT))["run"]
    n8n.desk.open.clear()
    n8n.approve(run)
    wait_until(lambda: n8n.desk.of("/work", run=run), "the work to begin")
    wait_until(lambda: kept_by(n8n), "N8N to keep the flow that asked")
    supervisor = Supervisor(n8n.stage.data)
    (pid,) = (each.pid for each in supervisor.states() if each.name == "n8n")
    os.kill(pid, signal.SIGKILL)
    n8n.desk.open.set()
    view = n8n.ended(run, seconds=RESTART_SECONDS)
    assert view["status"] == "completed", view
    outcomes = [each["outcome"] for each in view["deliveries"]]
    assert outcomes[-1] == "delivered"
    assert set(outcomes[:-1]) == {"retry"}
    begun = n8n.desk.of("/work", run=run)
    assert {each["key"] for each in begun} == {begun[0]["key"]}
    # AWGP sends it again, as it does where an answer is lost: by now its key is known.
    again = message(n8n, begun[0]["key"], run=run)
    assert send(again).json() == {"taken": begun[0]["key"]}
    assert len(n8n.desk.of("/work", run=run)) == len(begun)
    # The flow that asked for it waited in N8N's database, which N8N looks at once a minute.
    told = partial(n8n.desk.of, "/outcome", run=run)
    wait_until(told, "the flow to tell the outcome after the restart", seconds=RESTART_SECONDS)


def test_an_approval_is_asked_for_through_a_flow_and_its_link_decides_nothing(
    n8n: N8nStage,
) -> None:
    run = n8n.call("submit", n8n.invoice("RE-3"))["run"]
    approval = n8n.held(run)
    page = f"{n8n.stage.urls['web']}/t/acme/approvals/{approval['id']}"
    wait_until(lambda: n8n.desk.of("/chat", url=page), "the chat to be told")
    told = n8n.desk.of("/chat", url=page)[0]
    assert "A decision is needed: invoice-booker" in told["text"]
    httpx.get(page, follow_redirects=True, timeout=PATIENCE_SECONDS)
    assert n8n.held(run)["status"] == "open"
    expected = n8n.person("ben").vote(n8n.held(run), "reject", "not ordered")
    assert expected.status_code == 200
    assert n8n.ended(run)["status"] == "rejected"


def test_a_failed_run_starts_a_flow_and_what_nobody_asked_for_does_not(n8n: N8nStage) -> None:
    run = n8n.call("submit", n8n.invoice("RE-4", amount_cents=1))["run"]
    n8n.approve(run)
    assert n8n.ended(run)["status"] == "failed"
    wait_until(lambda: n8n.told_in_chat(run, "It failed: invoice-booker"), "the chat to be told")
    key = f"msg_{uuid4().hex}_0"
    ignored = send(message(n8n, key, type="approval.opened"))
    assert ignored.json() == {"taken": False, "type": "approval.opened"}
    assert n8n.desk.of("/work", key=key) == []


def test_the_node_sends_as_a_source_looks_waits_and_lists_approvals(n8n: N8nStage) -> None:
    shown = n8n.call("node", n8n.invoice("RE-5"))
    run = shown["run"]
    assert (run["status"], run["finished"]) == ("held", False)
    assert run["requester"] == "source"
    waiting = [each["json"] for each in shown["waiting"]]
    (line,) = (each for each in waiting if each["run_id"] == run["run"])
    page = f"{n8n.stage.urls['web']}/t/acme/approvals/{line['id']}"
    assert line["url"] == page


def test_the_node_renews_its_token_waits_for_awgp_and_says_what_is_wrong(n8n: N8nStage) -> None:
    n8n.flows["desk"] = flow_at_the_desk(n8n)
    told = n8n.call("desk", {})
    # Refused once, with another token then; away once; and then the answer.
    assert n8n.desk.asked == ["Bearer token-1", "Bearer token-2", "Bearer token-2"]
    assert told["error"] == "Run not found"
    assert told["message"].startswith("There is no such run. Check the run ID")
    assert told["details"] == {"type": "urn:awgp:problem:run-not-found", "status": 404}


def test_n8n_has_its_own_database_and_no_way_into_ours(n8n: N8nStage) -> None:
    data = n8n.stage.data
    for database in ("awgp", "postgres", "template1"):
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            psycopg.connect(
                host="127.0.0.1",
                port=data.ports["postgres"],
                user=LOGIN,
                password=data.secret("n8n-database"),
                dbname=database,
            )
