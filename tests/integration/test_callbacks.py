"""Callbacks from the sender's header to the signed message, with a real receiver."""

from pathlib import Path
from typing import Any

import pytest
from fakeredis import FakeStrictRedis
from prometheus_client import REGISTRY
from sqlalchemy import text
from standardwebhooks import Webhook

from actors.callbacks import Caller
from actors.fairness import FairTurns
from actors.relay import Relay
from pipeline.callback_store import CALLBACK
from pipeline.courier import Courier
from pipeline.registry import add_target
from pipeline.run import Stage
from tests.integration.conftest import Database, stub_broker
from tests.integration.control_plane import open_control_plane
from tests.integration.door import Door, nothing_left_behind, problem, signed
from tests.integration.driving import make_signer, seal_all
from tests.integration.receiver import Reply, start_receiver
from tests.integration.setting_up import ADMIN, AUDITOR, OPERATOR, edit, recorded
from tests.integration.stages import declared, work_off
from tests.integration.world import KEYRING, SECRET, World

pytestmark = pytest.mark.services


def call_back(database: Database, caller: Caller) -> int:
    """Make every callback that is due, whenever it is due; returns how many."""
    with database.admin.begin() as connection:
        due = connection.execute(
            text("UPDATE awgp.due SET sends = 1 WHERE kind = :kind RETURNING tenant_id, due_id"),
            {"kind": CALLBACK},
        ).all()
    for tenant_id, due_id in due:
        caller.tell(tenant_id, due_id)
    return len(due)


def counted(metric: str) -> float:
    return REGISTRY.get_sample_value(metric, {"outcome": "delivered"}) or 0


def test_a_sender_is_called_back_once_its_run_is_over(
    database: Database, world: World, tmp_path: Path
) -> None:
    tenant, plane = world.acme, open_control_plane(database, world)
    door = Door(database.engine("awgp_ingest"), database.admin)
    path = f"/v1/sources/{tenant.source_id}"

    def allow(entry: dict[str, str], by: str = ADMIN) -> Any:
        return edit(plane, "PUT", f"{path}/callbacks", by, {"callbacks": [entry]}, of=path)

    def send(event: str, callback: str) -> Any:
        client = door.client.application.test_client()
        headers = signed(b"{}", event=event) | {"AWGP-Callback": callback}
        return client.post(f"/v1/hooks/{tenant.source_id}", data=b"{}", headers=headers)

    with start_receiver() as receiver:
        with database.outbox("awgp_web").work(tenant.tenant_id) as work:
            add_target(
                work,
                KEYRING,
                name="flows",
                url=f"{receiver.url}/hook",
                secret=SECRET,
                by=tenant.persons["axel"],
                settings={"allow_private": True},
            )
        entry = {"url": f"{receiver.url}/done/", "target": "flows"}
        with nothing_left_behind(door):
            assert problem(send("evt_0", entry["url"])) == (422, "callback-not-allowed")
        assert allow(entry, OPERATOR).status_code == 403
        elsewhere = allow(entry | {"url": "https://elsewhere.example/"})
        assert elsewhere.get_json()["field"] == "callbacks[0].url"
        assert allow(entry).get_json()["callbacks"] == [entry]
        (change,) = recorded(database, tenant, "setup:source:changed")
        assert change[0] == {"callbacks": []}

        # The second one is accepted with what is remembered of the source.
        run, other = (
            send(f"evt_{number}", f"{receiver.url}/done/{number}").get_json()["run"]
            for number in (1, 2)
        )
        refused = send("evt_3", f"{receiver.url}/other")
        assert (problem(refused), refused.get_json()["field"]) == (
            (422, "callback-not-allowed"),
            "AWGP-Callback",
        )
        caller = Caller(
            database.outbox("awgp_worker"),
            KEYRING,
            Courier(timeout_seconds=5),
            public_url="https://awgp.example",
            turns=FairTurns(),
            max_attempts=3,
        )
        assert call_back(database, caller) == 0
        over, lasted = counted("awgp_callbacks_total"), counted("awgp_callback_seconds_count")
        work_off(database, declared(database), tenant, Stage.POLICY)
        seal_all(database, make_signer(tmp_path), tenant)

        receiver.answer(Reply(status=503), Reply(status=204))
        assert call_back(database, caller) == 2
        assert call_back(database, caller) == 1
        assert call_back(database, caller) == 0
    told = {each.path: each for each in receiver.received}
    assert sorted(told) == ["/done/1", "/done/2"]
    assert len({each.headers["webhook-id"] for each in receiver.received}) == 2
    body: Any = Webhook(SECRET).verify(told["/done/1"].body, dict(told["/done/1"].headers))
    assert body["link"] == f"https://awgp.example/t/acme/runs/{run}"
    assert (body["type"], body["run"], body["status"]) == ("run.ended", run, "denied")
    shown = [
        plane.get(f"/v1/runs/{each}", AUDITOR).get_json()["callbacks"] for each in (run, other)
    ]
    assert sorted((each["status"], each["attempts"]) for (each,) in shown) == [
        ("delivered", 1),
        ("delivered", 2),
    ]
    with database.admin.connect() as connection:
        outcomes = connection.execute(
            text(
                "SELECT record -> 'metadata' ->> 'outcome' FROM awgp.audit_pending"
                " WHERE record ->> 'action' = 'post_action:callback:attempted'"
            )
        ).scalars()
        assert sorted(outcomes) == ["delivered", "delivered", "retry"]
    assert counted("awgp_callbacks_total") == over + 2
    assert counted("awgp_callback_seconds_count") == lasted + 2

    with database.admin.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE awgp.run_callbacks SET finished_at = finished_at - interval '91 days'"
            " WHERE attempts = 2"
        )
    Relay(database.engine("awgp_relay"), stub_broker(), FakeStrictRedis()).keep_house()
    with database.admin.connect() as connection:
        left = connection.exec_driver_sql("SELECT attempts FROM awgp.run_callbacks").scalars()
        assert list(left) == [1]
