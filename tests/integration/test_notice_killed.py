"""A worker killed while it tells a notice: everybody is told all the same, by the next.

Real worker and relay processes, a real broker, a real mail server and receiver.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from ops.embedded.running import Running
from ops.embedded.valkey import start_valkey
from tests.integration.conftest import Database
from tests.integration.control_plane import HELD, KEK, open_control_plane
from tests.integration.mailbox import start_mailbox
from tests.integration.processes import (
    PATIENCE_SECONDS,
    relay_process,
    wait_until,
    worker_process,
)
from tests.integration.receiver import start_receiver
from tests.integration.test_notices import channel, notices, webhook
from tests.integration.world import World

pytestmark = pytest.mark.services

AT_A_NOTICE = ("post_action.notice_taken", "post_action.notice_sent")
ADDRESSES = ("one@acme.example", "two@acme.example")


@pytest.fixture(scope="module")
def valkey(server_folder: Path) -> Iterator[Running]:
    with start_valkey(server_folder / "valkey-notices") as running:
        yield running


def let_leases_end(database: Database) -> None:
    with database.admin.begin() as connection:
        connection.execute(
            text(
                "UPDATE awgp.due SET next_send_at = clock_timestamp()"
                " WHERE kind = 'post_action.notice'"
            )
        )


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
            let_leases_end(database)
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
