"""Every event there is, from what happens to who is told of it, by webhook and by mail over TLS."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from actors.hold import on_due
from actors.notices import NoticeSender
from pipeline.approval import Escalation, Verdict
from pipeline.cancel import Canceller, cancel_run
from pipeline.notice import WANTABLE, Event
from pipeline.notice_text import SAYS
from pipeline.registry import add_target
from pipeline.target_gate import disable_target
from tests.integration.certificates import make_authority
from tests.integration.conftest import Database
from tests.integration.driving import deliver, fail, make_signer, seal_all
from tests.integration.mailbox import Mailbox, start_mailbox
from tests.integration.receiver import Receiver, start_receiver
from tests.integration.stages import rows
from tests.integration.test_hold import make_late
from tests.integration.test_notices import ADDRESSES, channel, sender, webhook, work_off
from tests.integration.test_whole_hold import (
    BASE,
    LARGE,
    Hold,
    due_rows,
    grow_older,
    let_its_time_pass,
)
from tests.integration.world import KEYRING, SECRET, TenantWorld, World, submit

pytestmark = pytest.mark.services

RULE = replace(BASE, remind=(60,), escalate=(Escalation(after_seconds=600, to=("night",)),))
BEN, CLEO, ADA = (ADDRESSES[name] for name in ("ben", "cleo", "ada"))


class Told:
    """What came since it was asked last: events posted, and to whom each was mailed."""

    def __init__(self, database: Database, by: NoticeSender, to: Receiver, mailbox: Mailbox):
        self.database, self.by, self.to, self.mailbox = database, by, to, mailbox
        self.events: set[str] = set()

    def __call__(self) -> dict[Event, set[str]]:
        work_off(self.database, self.by)
        posted = {Event(json.loads(each.body)["type"]) for each in self.to.received}
        found: dict[Event, set[str]] = {event: set() for event in posted}
        for address, letter in self.mailbox.letters:
            found[self._event(letter["Subject"])].add(address)
        self.to.received.clear()
        self.mailbox.letters.clear()
        self.events |= set(posted)
        return found

    def _event(self, subject: str) -> Event:
        said = re.sub(r"^\[AWGP acme\] ", "", subject)
        (event,) = [each for each, words in SAYS.items() if said in {words, f"{words}: booker"}]
        return event


@pytest.fixture
def told(database: Database, world: World, tmp_path: Path) -> Iterator[Told]:
    authority = make_authority(tmp_path)
    shown = authority.server("127.0.0.1")
    with (
        start_receiver() as receiver,
        start_mailbox(tls_context=shown, require_starttls=True) as mailbox,
    ):
        webhook(database, world.acme, receiver.url, name="everything", events=WANTABLE)
        channel(database, world.acme, name="people", recipients=(), to_people=True)
        by = sender(database, mailbox, trust=authority.trust(), tls="starttls")
        yield Told(database, by, receiver, mailbox)
        assert mailbox.in_the_clear == 0


def question(database: Database, acme: TenantWorld) -> Hold:
    """Ben and cleo may decide it, ada too once it has waited for long; each can be written to."""
    held = Hold(database, acme, replace(RULE, version=versions(database, acme) + 1))
    groups = {"ben": ("break-glass", "finance"), "cleo": ("finance",), "ada": ("night",)}
    for name, own in groups.items():
        held.give_groups(name, *own)
        held.rows(
            "UPDATE persons SET email = :email WHERE person_id = :person RETURNING 1",
            email=ADDRESSES[name],
            person=held.person(name),
        )
    return held


def versions(database: Database, tenant: TenantWorld) -> int:
    statement = "SELECT max(version) FROM approval_rules WHERE name = :name"
    newest: int = rows(database, tenant, statement, name=RULE.name)[0][0]
    return newest


def let_it_be_due(held: Hold, kind: str) -> None:
    for row in due_rows(held, kind):
        on_due(held.database.outbox("awgp_worker"), held.tenant.tenant_id, row.due_id)


def test_every_event_is_told_by_webhook_and_by_mail_to_whom_it_concerns(
    told: Told, database: Database, world: World, tmp_path: Path
) -> None:
    acme = world.acme
    with database.outbox("awgp_web").work(acme.tenant_id) as work:
        gone = add_target(
            work,
            KEYRING,
            name="gone",
            url="https://gone.example/hook",
            secret=SECRET,
            by=acme.persons["axel"],
        )
    held = question(database, acme)
    assert told() == {Event.OPENED: {BEN, CLEO}}
    let_it_be_due(held, "hold.remind")
    assert told() == {Event.REMINDED: {BEN, CLEO}}
    grow_older(held, 601)
    let_it_be_due(held, "hold.escalate")
    assert told() == {Event.ESCALATED: {BEN, CLEO, ADA}}
    held.break_glass("ben")
    assert told() == {Event.GLASS_BROKEN: {BEN, CLEO}, Event.APPROVED: set()}
    on_due(database.outbox("awgp_worker"), acme.tenant_id, let_its_time_pass(held))
    assert told() == {Event.EXPIRED: set()}

    ends: dict[Event, Callable[[Hold], object]] = {
        Event.APPROVED: lambda held: held.vote("cleo", "finance"),
        Event.REJECTED: lambda held: held.vote("cleo", "finance", verdict=Verdict.REJECT),
        Event.EXPIRED: expire,
        Event.CANCELLED: cancel,
    }
    for event, end in ends.items():
        held = question(database, acme)
        end(held)
        voted = {CLEO} if event in {Event.APPROVED, Event.REJECTED} else set()
        # Whoever is asked meanwhile is told too late to decide: of the end alone, if at all.
        assert told() == {Event.OPENED: set(), event: voted}

    completed = deliver(database, acme)
    assert Event.RUN_COMPLETED not in told()
    seal_all(database, make_signer(tmp_path), acme)
    # By mail, ben would have it, who voted: a channel that names no events tells of no success.
    assert told() == {Event.RUN_COMPLETED: set()}
    asked = "SELECT run_id FROM notices WHERE event = 'run.completed'"
    assert rows(database, acme, asked) == [(completed,)]

    fail(database, acme, submit(database.outbox("awgp_ingest"), acme, LARGE))
    assert told() == {Event.RUN_FAILED: set()}
    with database.outbox("awgp_worker").work(acme.tenant_id) as work:
        assert disable_target(work, gone, "410 Gone")
    assert told() == {Event.TARGET_DISABLED: set()}
    assert told.events == set(WANTABLE)


def expire(held: Hold) -> None:
    make_late(held.database, held.approval_id)
    let_it_be_due(held, "hold.expire")


def cancel(held: Hold) -> None:
    with held.web.work(held.tenant.tenant_id) as work:
        cancel_run(work, KEYRING, held.run_id, Canceller(person_id=held.person("ada")))
