"""Notices on a real database: who is told of what, by a real SMTP server and a real receiver."""

import json
import re
import ssl
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import fakeredis
import pytest
from sqlalchemy import text
from standardwebhooks import Webhook

from actors.fairness import FairTurns
from actors.notices import NO_MAIL, SWITCHED_OFF, NoticeSender
from actors.relay import Relay
from actors.sender import CIRCUIT_OPEN
from actors.telling import STUMBLED
from pipeline.courier import Courier
from pipeline.decision_link import read_token
from pipeline.mail import Mailer, MailServer
from pipeline.notice import WANTABLE, ChannelWanted, Event, Kind
from pipeline.notice_channels import add_channel, remove_channel, tell_a_test
from pipeline.registry import add_target
from pipeline.run import Stage, Status
from pipeline.run_store import load_run, move
from pipeline.work import Actor
from tests.integration.conftest import Database, stub_broker
from tests.integration.control_plane import (
    HELD,
    HELD_BY_TWO,
    ControlPlane,
    open_control_plane,
    person,
)
from tests.integration.mailbox import Mailbox, start_mailbox
from tests.integration.receiver import Receiver, Reply, start_receiver
from tests.integration.world import KEYRING, SECRET, TenantWorld, World

pytestmark = pytest.mark.services

BEN = person("acme", "ben")
ADDRESSES = {"ada": "ada@acme.example", "ben": "ben@acme.example", "cleo": "cleo@acme.example"}
SYSTEM = Actor(type="system", id="test")
PUBLIC_URL = "https://awgp.example"
LINK = re.compile(rf"{PUBLIC_URL}/d/([A-Za-z0-9_.-]+)")


@pytest.fixture
def plane(database: Database, world: World) -> ControlPlane:
    return open_control_plane(database, world)


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with start_mailbox() as started:
        yield started


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with start_receiver() as started:
        yield started


def channel(
    database: Database, tenant: TenantWorld, name: str = "approvers", **changed: Any
) -> UUID:
    given: dict[str, Any] = {"kind": Kind.EMAIL, "recipients": ("duty@acme.example",)} | changed
    with database.outbox("awgp_web").work(tenant.tenant_id) as work:
        return add_channel(work, ChannelWanted(name=name, **given), actor=SYSTEM)


def webhook(
    database: Database, tenant: TenantWorld, url: str, *, patience: int = 10, **changed: Any
) -> UUID:
    with database.outbox("awgp_web").work(tenant.tenant_id) as work:
        add_target(
            work,
            KEYRING,
            name="n8n",
            url=url,
            secret=SECRET,
            by=tenant.persons["axel"],
            settings={"allow_private": True, "circuit": {"failures": patience}},
        )
    return channel(database, tenant, kind=Kind.WEBHOOK, target="n8n", recipients=(), **changed)


def people_have_addresses(database: Database, tenant: TenantWorld) -> None:
    """And were seen as approvers, as their sign-in would leave it."""
    with database.outbox("awgp_web").work(tenant.tenant_id) as work:
        for name, address in ADDRESSES.items():
            work.execute(
                "UPDATE persons SET email = :email, groups = '[\"approver\"]'"
                " WHERE person_id = :person",
                email=address,
                person=tenant.persons[name],
            )


def sender(
    database: Database,
    mailbox: Mailbox | None = None,
    *,
    attempts: int = 3,
    trust: ssl.SSLContext | None = None,
    **server: Any,
) -> NoticeSender:
    mail = None
    if mailbox is not None:
        given: dict[str, Any] = {"host": "127.0.0.1", "port": mailbox.port, "tls": "none"} | server
        mail = Mailer(MailServer(sender="AWGP <awgp@holding.example>", **given), tls=trust)
    return NoticeSender(
        database.outbox("awgp_worker"),
        KEYRING,
        Courier(timeout_seconds=5),
        mailer=mail,
        public_url=PUBLIC_URL,
        turns=FairTurns(),
        max_attempts=attempts,
    )


def work_off(database: Database, by: NoticeSender) -> int:
    """Send everything that is due, whenever it is due, as the relay does; returns how many."""
    with database.admin.begin() as connection:
        due = connection.execute(
            text(
                "UPDATE awgp.due SET sends = 1 WHERE kind = 'post_action.notice'"
                " RETURNING tenant_id, due_id"
            )
        ).all()
    for tenant_id, due_id in due:
        by.tell(tenant_id, due_id)
    return len(due)


def notices(database: Database, *columns: str) -> list[tuple[Any, ...]]:
    with database.admin.connect() as connection:
        found = connection.execute(
            text(f"SELECT {', '.join(columns)} FROM awgp.notices ORDER BY notice_id")
        )
        return [tuple(row) for row in found]


def test_a_held_run_is_told_to_those_who_can_decide_it_and_to_nobody_else(
    plane: ControlPlane, database: Database, world: World, mailbox: Mailbox
) -> None:
    people_have_addresses(database, world.acme)
    people_have_addresses(database, world.globex)
    channel(database, world.acme, recipients=(), to_people=True, events=(Event.OPENED,))
    held = plane.held(HELD_BY_TWO)
    assert work_off(database, sender(database, mailbox)) == 1
    # Ada asked, and is excluded.
    assert sorted(mailbox.to) == [ADDRESSES["ben"], ADDRESSES["cleo"]]
    letter = mailbox.letters[0][1]
    assert letter["Subject"] == "[AWGP acme] A decision is needed: booker"
    for kind in ("plain", "html"):
        body = letter.get_body((kind,))
        assert body is not None
        said = body.get_content()
        for wanted in ("Ada", "booker 1.0.0", "two-approvers", "large-invoices"):
            assert wanted in said
        # A link of their own, which only they can use; the notice keeps nothing of it.
        token = read_token(LINK.search(said)[1])  # type: ignore[index]  # it is there
        assert (token.tenant, str(token.approval_id)) == ("acme", held["id"])
        assert "600000" not in said
    assert notices(database, "event", "status", "attempts") == [("approval.opened", "delivered", 1)]
    assert work_off(database, sender(database, mailbox)) == 0


def test_who_has_voted_is_not_asked_again(
    plane: ControlPlane, database: Database, world: World, mailbox: Mailbox
) -> None:
    people_have_addresses(database, world.acme)
    channel(database, world.acme, recipients=(), to_people=True, events=(Event.OPENED,))
    held = plane.held(HELD_BY_TWO)
    assert plane.vote(held, BEN).status_code == 200
    people_have_addresses(database, world.acme)
    work_off(database, sender(database, mailbox))
    assert mailbox.to == [ADDRESSES["cleo"]]


def test_a_decision_is_told_to_who_asked_and_who_voted(
    plane: ControlPlane, database: Database, world: World, mailbox: Mailbox
) -> None:
    people_have_addresses(database, world.acme)
    channel(database, world.acme, recipients=(), to_people=True, events=(Event.REJECTED,))
    plane.vote(plane.held(HELD), BEN, "reject", reason="no")
    people_have_addresses(database, world.acme)
    work_off(database, sender(database, mailbox))
    assert sorted(mailbox.to) == [ADDRESSES["ada"], ADDRESSES["ben"]]


def test_where_nobody_can_be_told_the_notice_says_so(
    plane: ControlPlane, database: Database, world: World, mailbox: Mailbox
) -> None:
    channel(database, world.acme, recipients=(), to_people=True)
    plane.held(HELD)
    work_off(database, sender(database, mailbox))
    assert notices(database, "status") == [("nobody",)]
    assert mailbox.letters == []


def test_a_target_gets_a_signed_message_under_one_id_at_every_attempt(
    plane: ControlPlane, database: Database, world: World, receiver: Receiver
) -> None:
    webhook(database, world.acme, receiver.url, patience=1)
    receiver.answer(Reply(status=503), Reply())
    held = plane.held(HELD)
    by = sender(database)
    assert work_off(database, by) == 1
    assert notices(database, "status", "last_error") == [("due", "HTTP 503")]
    # That opened its target's circuit: nothing is sent, and no attempt counted, until it is over.
    work_off(database, by)
    waiting = notices(database, "status", "attempts", "last_error")
    assert waiting == [("due", 1, CIRCUIT_OPEN)]
    with database.admin.begin() as connection:
        connection.exec_driver_sql("UPDATE awgp.target_circuits SET open_until = clock_timestamp()")
    work_off(database, by)
    assert notices(database, "status", "attempts") == [("delivered", 2)]
    first, second = receiver.received
    assert first.body == second.body
    assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"]
    said = Webhook(SECRET).verify(second.body, dict(second.headers))
    assert (said["type"], said["approval"]) == ("approval.opened", held["id"])
    assert said["url"].endswith(f"/t/acme/approvals/{held['id']}")
    assert "payload" not in said


def test_the_payload_goes_along_where_the_channel_says_so(
    plane: ControlPlane, database: Database, world: World, receiver: Receiver
) -> None:
    webhook(database, world.acme, receiver.url, with_payload=True)
    plane.held(HELD)
    work_off(database, sender(database))
    assert json.loads(receiver.received[0].body)["payload"] == HELD


def test_what_a_policy_let_through_by_itself_is_no_news(
    plane: ControlPlane, database: Database, world: World
) -> None:
    channel(database, world.acme)
    run_id = plane.submit(HELD, world.acme, "ada")
    with database.outbox("awgp_worker").work(world.acme.tenant_id) as work:
        passed = {"auto": "below 100.00"}
        work.record(SYSTEM, "hold:run:approved", ("run", str(run_id)), metadata=passed)
    assert notices(database, "event") == []


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"rules": ("two-approvers",)}, 1),
        ({"rules": ("default",)}, 2),
        ({"assistants": ("booker",)}, 2),
        ({"assistants": ("another",)}, 0),
        ({"active": False}, 0),
        ({"events": (Event.REMINDED,)}, 0),
    ],
)
def test_a_channel_is_told_only_of_what_it_asked_for(
    plane: ControlPlane, database: Database, world: World, changed: dict[str, Any], told: int
) -> None:
    channel(database, world.acme, **changed)
    plane.held(HELD)
    plane.held(HELD_BY_TWO)
    assert len(notices(database, "event")) == told


def test_one_tenant_is_not_told_of_the_others(
    plane: ControlPlane, database: Database, world: World, mailbox: Mailbox
) -> None:
    channel(database, world.acme)
    channel(database, world.globex, recipients=("duty@globex.example",))
    plane.held(HELD, tenant=world.globex)
    assert work_off(database, sender(database, mailbox)) == 1
    assert mailbox.to == ["duty@globex.example"]
    assert mailbox.letters[0][1]["Subject"].startswith("[AWGP globex]")


def test_an_address_that_has_the_mail_is_not_written_to_again(
    plane: ControlPlane, database: Database, world: World, mailbox: Mailbox
) -> None:
    both = ("one@acme.example", "two@acme.example")
    channel(database, world.acme, recipients=both)
    plane.held(HELD)
    mailbox.busy = {both[1]}
    by = sender(database, mailbox)
    work_off(database, by)
    ((status, error, told),) = notices(database, "status", "last_error", "told")
    assert (status, told) == ("due", [both[0]])
    assert "451" in error
    mailbox.busy = set()
    work_off(database, by)
    assert mailbox.to == list(both)
    assert notices(database, "status") == [("delivered",)]


def test_an_address_nobody_has_is_given_up_and_the_others_have_it(
    plane: ControlPlane, database: Database, world: World, mailbox: Mailbox
) -> None:
    channel(database, world.acme, recipients=("gone@acme.example", "duty@acme.example"))
    plane.held(HELD)
    mailbox.refused = {"gone@acme.example"}
    work_off(database, sender(database, mailbox))
    ((status, error),) = notices(database, "status", "last_error")
    assert status == "given_up"
    assert "550" in error
    assert mailbox.to == ["duty@acme.example"]


def test_a_mail_server_that_is_away_is_tried_so_often_and_no_more(
    plane: ControlPlane, database: Database, world: World
) -> None:
    channel(database, world.acme)
    plane.held(HELD)
    with start_mailbox() as mailbox:
        pass
    by = sender(database, mailbox, attempts=2)
    assert work_off(database, by) == 1
    assert notices(database, "status", "attempts") == [("due", 1)]
    assert work_off(database, by) == 1
    ((status, attempts, error),) = notices(database, "status", "attempts", "last_error")
    assert (status, attempts) == ("given_up", 2)
    assert "ConnectionRefusedError" in error
    assert work_off(database, by) == 0


def test_a_notice_whose_attempts_are_all_broken_off_is_given_up(
    plane: ControlPlane, database: Database, world: World, mailbox: Mailbox
) -> None:
    channel(database, world.acme)
    plane.held(HELD)
    with database.admin.begin() as connection:
        connection.execute(text("UPDATE awgp.notices SET attempts = 3"))
    work_off(database, sender(database, mailbox, attempts=3))
    assert notices(database, "status", "last_error") == [("given_up", STUMBLED)]
    assert mailbox.letters == []


def test_without_a_mail_server_the_notice_says_what_to_set(
    plane: ControlPlane, database: Database, world: World
) -> None:
    channel(database, world.acme)
    plane.held(HELD)
    work_off(database, sender(database))
    assert notices(database, "status", "last_error") == [("due", NO_MAIL)]


def test_nothing_goes_in_the_clear_to_a_server_without_starttls(
    plane: ControlPlane, database: Database, world: World, mailbox: Mailbox
) -> None:
    channel(database, world.acme)
    plane.held(HELD)
    work_off(database, sender(database, mailbox, tls="starttls", user="u", password="secret"))
    assert mailbox.letters == []
    ((status, error),) = notices(database, "status", "last_error")
    assert status == "due"
    assert "secret" not in error


def test_a_removed_channel_is_told_nothing_more(
    plane: ControlPlane, database: Database, world: World, mailbox: Mailbox
) -> None:
    channel_id = channel(database, world.acme)
    plane.held(HELD)
    with database.outbox("awgp_web").work(world.acme.tenant_id) as work:
        remove_channel(work, channel_id, actor=SYSTEM)
    work_off(database, sender(database, mailbox))
    assert notices(database, "status", "last_error") == [("nobody", SWITCHED_OFF)]
    assert mailbox.letters == []


def test_a_test_is_told_also_where_the_channel_is_off(
    database: Database, world: World, mailbox: Mailbox
) -> None:
    channel_id = channel(database, world.acme, active=False)
    with database.outbox("awgp_web").work(world.acme.tenant_id) as work:
        tell_a_test(work, channel_id)
    work_off(database, sender(database, mailbox))
    assert mailbox.to == ["duty@acme.example"]
    assert "the channel works" in mailbox.letters[0][1]["Subject"]


def test_a_mail_server_that_keeps_others_waiting_gets_no_turn(
    plane: ControlPlane, database: Database, world: World, mailbox: Mailbox
) -> None:
    channel(database, world.acme)
    plane.held(HELD)
    by = sender(database, mailbox)
    by._turns._threads = 1
    turn = by._turns.begin(f"smtp://127.0.0.1:{mailbox.port}")
    work_off(database, by)
    # Not an attempt: nothing was sent, and nothing counts against the notice.
    assert notices(database, "status", "attempts") == [("due", 0)]
    by._turns.end(turn)  # type: ignore[arg-type]  # the first gets one
    work_off(database, by)
    assert notices(database, "status", "attempts") == [("delivered", 1)]


def test_the_database_and_python_know_the_same_events(database: Database) -> None:
    with database.admin.connect() as connection:
        source = connection.execute(
            text("SELECT pg_get_functiondef('awgp.notice_event(text)'::regprocedure)")
        ).scalar_one()
    assert [each for each in WANTABLE if f"'{each}'" not in source] == []


def test_a_record_that_is_rolled_back_is_told_to_nobody(
    plane: ControlPlane, database: Database, world: World
) -> None:
    channel(database, world.acme, events=(Event.CANCELLED,))
    run_id = UUID(plane.held(HELD)["run_id"])

    def cancel_and_fail() -> None:
        with database.outbox("awgp_worker").work(world.acme.tenant_id) as work:
            move(work, load_run(work, run_id, lock=True), Status.CANCELLED, stage=Stage.HOLD)
            work.complete()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        cancel_and_fail()
    assert notices(database, "event") == []


def test_notices_that_are_over_for_long_are_forgotten_in_every_tenant_and_no_others(
    plane: ControlPlane, database: Database, world: World, mailbox: Mailbox
) -> None:
    for tenant in (world.acme, world.globex):
        channel(database, tenant)
        plane.held(HELD, tenant=tenant)  # told, and long ago
        plane.held(HELD, tenant=tenant)  # told lately
    work_off(database, sender(database, mailbox))
    plane.held(HELD)  # never told, and due for long
    with database.admin.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE awgp.notices SET created_at = created_at - interval '100 days',"
            " finished_at = finished_at - interval '90 days 1 second' WHERE notice_id IN"
            " (SELECT DISTINCT ON (tenant_id, status) notice_id FROM awgp.notices"
            " ORDER BY tenant_id, status, notice_id)"
        )
    client, broker = fakeredis.FakeStrictRedis(), stub_broker()
    relay_engine = database.engine("awgp_relay")
    Relay(relay_engine, broker, client).keep_house()
    left = notices(database, "tenant_id", "status")
    acme, globex = world.acme.tenant_id, world.globex.tenant_id
    assert sorted(left) == sorted([(acme, "delivered"), (acme, "due"), (globex, "delivered")])
    # What was set to nothing keeps them for a day all the same.
    Relay(relay_engine, broker, client, notices_kept=timedelta(0)).keep_house()
    assert len(notices(database, "status")) == 3
