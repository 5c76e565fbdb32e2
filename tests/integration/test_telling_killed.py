"""A worker killed while it tells a notice or calls back: the next does it all the same.

Real worker and relay processes, a real broker, a real mail server and receiver.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from actors.notices import NOTICE
from ops.embedded.running import Running
from ops.embedded.valkey import start_valkey
from pipeline.callback_store import CALLBACK
from pipeline.registry import add_target
from pipeline.run import Stage
from tests.integration.conftest import Database
from tests.integration.control_plane import HELD, KEK, open_control_plane
from tests.integration.driving import make_signer, seal_all
from tests.integration.mailbox import start_mailbox
from tests.integration.processes import (
    PATIENCE_SECONDS,
    relay_process,
    wait_until,
    worker_process,
)
from tests.integration.receiver import start_receiver
from tests.integration.stages import declared, work_off
from tests.integration.test_notices import channel, notices, webhook
from tests.integration.world import KEYRING, SECRET, World, submit

pytestmark = pytest.mark.services

AT_A_NOTICE = ("post_action.notice_taken", "post_action.notice_sent")
ADDRESSES = ("one@acme.example", "two@acme.example")


@pytest.fixture(scope="module")
def valkey(server_folder: Path) -> Iterator[Running]:
    with start_valkey(server_folder / "valkey-notices") as running:
        yield running


def let_leases_end(database: Database, kind: str) -> None:
    """Of what somebody took, and nobody else until now."""
    with database.admin.begin() as connection:
        held = connection.execute(
            text(
                "UPDATE awgp.due SET next_send_at = clock_timestamp() WHERE kind = :kind"
                " RETURNING old.next_send_at > clock_timestamp() + interval '2 minutes'"
            ),
            {"kind": kind},
        ).scalars()
        assert any(held)


@pytest.mark.parametrize("fault_point", AT_A_NOTICE)
def test_who_was_to_be_told_is_told_by_the_next_worker(
    database: Database, world: World, valkey: Running, fault_point: str
) -> None:
    with start_mailbox() as mailbox, start_receiver() as receiver:
        environ: dict[str, Any] = {
            "AWGP_KEK": KEK,
            "AWGP_SMTP_HOST": "127.0.0.1",
            "AWGP_SMTP_PORT": str(mailbox.port),
            "AWGP_SMTP_FROM": "awgp@holding.example",
            "AWGP_SMTP_TLS": "none",
        }
        channel(database, world.acme, recipients=ADDRESSES)
        webhook(database, world.acme, receiver.url, name="n8n")
        held = open_control_plane(database, world).held(HELD)
        with relay_process(database, valkey):
            doomed_with = {**environ, "AWGP_FAULT_POINT": fault_point}
            with worker_process(database, valkey, "post_action", **doomed_with) as doomed:
                doomed.wait(PATIENCE_SECONDS)
            let_leases_end(database, NOTICE)
            with worker_process(database, valkey, "post_action", **environ):
                wait_until(lambda: all_told(database), "both channels to be told")
        # Everybody, and nobody more than once more.
        assert set(mailbox.to) == set(ADDRESSES)
        assert all(mailbox.to.count(address) <= 2 for address in ADDRESSES)
        copies = {letter["Message-ID"] for _, letter in mailbox.letters}
        assert len(copies) == len(ADDRESSES)
        sent = {(each.headers["webhook-id"], each.body) for each in receiver.received}
        assert len(sent) == 1
        assert UUID(json.loads(receiver.received[0].body)["approval"]) == UUID(held["id"])


def all_told(database: Database) -> bool:
    return [status for (status,) in notices(database, "status")] == ["delivered"] * 2


def test_a_callback_cut_off_is_made_again_after_its_lease_and_once_taken_never_again(
    database: Database, world: World, valkey: Running, tmp_path: Path
) -> None:
    tenant = world.acme
    with start_receiver() as receiver, relay_process(database, valkey):
        with database.outbox("awgp_web").work(tenant.tenant_id) as work:
            target = add_target(
                work,
                KEYRING,
                name="flows",
                url=f"{receiver.url}/hook",
                secret=SECRET,
                by=tenant.persons["axel"],
                settings={"allow_private": True},
            )
        asked = {"callback": {"url": f"{receiver.url}/done/1", "target": str(target)}}
        submit(database.outbox("awgp_ingest"), tenant, {}, origin=asked)
        work_off(database, declared(database), tenant, Stage.POLICY)
        seal_all(database, make_signer(tmp_path), tenant)
        # Sent, and killed before it could be written down.
        doomed_with: dict[str, Any] = {"AWGP_KEK": KEK, "AWGP_FAULT_POINT": "post_action.sent"}
        with worker_process(database, valkey, "post_action", **doomed_with) as doomed:
            assert doomed.wait(PATIENCE_SECONDS) != 0
        assert len(receiver.received) == 1
        let_leases_end(database, CALLBACK)
        with worker_process(database, valkey, "post_action", AWGP_KEK=KEK):
            wait_until(lambda: callbacks(database) == [("delivered", 2)], "the second attempt")
            # Whatever message of it is still about finds nothing to do.
            with database.admin.connect() as connection:
                left = connection.execute(
                    text("SELECT 1 FROM awgp.due WHERE kind = :kind"), {"kind": CALLBACK}
                )
                assert left.all() == []
    assert [each.path for each in receiver.received] == ["/done/1"] * 2
    assert len({(each.headers["webhook-id"], each.body) for each in receiver.received}) == 1


def callbacks(database: Database) -> list[tuple[str, int]]:
    with database.admin.connect() as connection:
        found = connection.exec_driver_sql("SELECT status, attempts FROM awgp.run_callbacks")
        return [(status, attempts) for status, attempts in found]
