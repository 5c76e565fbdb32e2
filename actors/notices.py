"""Tell a tenant's channels what happened, beside the post-actions: the same doors, the same turns.

Each channel is told at least once (actors/telling.py): a webhook under one message id, mail under
one Message-ID an address, and an address that has it is not written to again. A webhook goes to a
target of the tenant's, so it waits where that target's circuit is open, and counts in it.

A mail server, like a target, has so many of a process's threads and no more (`fairness`): one that
hangs holds up no post-action.
"""

import hashlib
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog

from actors.fairness import FairTurns
from actors.sender import NO_TURN, Sender, Waits
from actors.telling import DELIVERED, GIVEN_UP, Again, Over, Teller, judged
from pipeline import metrics
from pipeline.courier import Courier
from pipeline.delivery_store import TargetSecretMissing
from pipeline.envelope import KeyRing
from pipeline.fault_points import reached
from pipeline.mail import Letter, Mailer, MailNotSent
from pipeline.notice import Event, Facts, Kind, NoticeStatus
from pipeline.notice_delivery import (
    Notice,
    Recipient,
    begin_attempt,
    destination,
    end_notice,
    facts_of,
    note_failure,
    note_told,
    recipients,
    take_back_attempt,
)
from pipeline.notice_link import link_for, page_of
from pipeline.notice_text import mail_html, mail_text, subject, webhook_body
from pipeline.outbox import Outbox
from pipeline.registry_names import NotSetUp
from pipeline.work import Work

NOTICE: Final = "post_action.notice"
SWITCHED_OFF: Final = "the channel was removed or switched off"
NO_MAIL: Final = "no mail server is set up (AWGP_SMTP_HOST)"


class NoticeSender(Teller[Notice]):
    """Tells one notice after another, one a thread.

    Args:
        mailer: None where no mail server is set up.
        public_url: Where people reach the web; empty leaves links out.
        turns: Shared with the post-actions of this process.
    """

    def __init__(
        self,
        outbox: Outbox,
        keyring: KeyRing,
        courier: Courier,
        *,
        mailer: Mailer | None,
        public_url: str,
        turns: FairTurns,
        max_attempts: int,
    ) -> None:
        super().__init__(outbox, kind=NOTICE, max_attempts=max_attempts)
        self._keyring = keyring
        self._sender = Sender(outbox, courier, turns)
        self._mailer = mailer
        self._public_url = public_url
        self._turns = turns

    def begin(self, work: Work, subject_id: UUID) -> Notice | None:
        return begin_attempt(work, subject_id)

    def attempt(self, tenant_id: UUID, told: Notice) -> Over | Again | Waits:
        if not told.channel.active and told.event is not Event.TEST:
            return Over(status=NoticeStatus.NOBODY, said=SWITCHED_OFF)
        structlog.contextvars.bind_contextvars(notice_id=str(told.notice_id))
        reached("post_action.notice_taken")
        by_kind = self._post if told.channel.kind is Kind.WEBHOOK else self._mail
        return by_kind(tenant_id, told)

    def take_back(self, work: Work, told: Notice, why: str) -> None:
        take_back_attempt(work, told.notice_id, why)

    def note(self, work: Work, told: Notice, came_to: Over | Again) -> None:
        if isinstance(came_to, Over):
            end_notice(work, told, NoticeStatus(came_to.status), came_to.said)
        else:
            note_failure(work, told, came_to.said)

    def count(self, told: Notice, over: Over, lasted: timedelta) -> None:
        del lasted
        metrics.NOTICES.labels(told.channel.kind.value, over.status).inc()

    def _post(self, tenant_id: UUID, notice: Notice) -> Over | Again | Waits:
        try:
            with self._outbox.work(tenant_id) as work:
                to = destination(work, self._keyring, notice)
                facts = facts_of(work, notice)
        except (NotSetUp, TargetSecretMissing) as error:
            return Over(status=GIVEN_UP, said=str(error))
        body = webhook_body(facts, page_of(self._public_url, facts))
        sent = self._sender.send(tenant_id, to, body=body, run_id=notice.run_id)
        reached("post_action.notice_sent")
        return judged(sent)

    def _mail(self, tenant_id: UUID, notice: Notice) -> Over | Again | Waits:
        with self._outbox.work(tenant_id) as work:
            to = recipients(work, notice)
            facts = facts_of(work, notice)
            # Made for each attempt: only what a link hashes to is kept.
            letters = [self._letter(work, notice, facts, each) for each in to]
        if not to:
            return Over(status=DELIVERED if notice.told else NoticeStatus.NOBODY)
        if self._mailer is None:
            return Again(said=NO_MAIL)
        turn = self._turns.begin(self._mailer.server.address)
        if isinstance(turn, timedelta):
            return Waits(delay=turn, why=NO_TURN, for_target=False)
        try:
            refused = self._deliver(tenant_id, notice, self._mailer, letters)
        except MailNotSent as error:
            return Again(said=str(error))
        finally:
            self._turns.end(turn)
        return Over(status=GIVEN_UP if refused else DELIVERED, said=refused)

    def _letter(self, work: Work, notice: Notice, facts: Facts, to: Recipient) -> Letter:
        link = link_for(work, self._public_url, facts, to.person_id)
        return Letter(
            to=to.address,
            subject=subject(facts),
            text=mail_text(facts, link),
            page=mail_html(facts, link),
            message_id=f"<{notice.notice_id.hex}.{_told_apart(to.address)}@awgp>",
        )

    def _deliver(
        self, tenant_id: UUID, notice: Notice, mailer: Mailer, letters: list[Letter]
    ) -> str | None:
        """Send each and note who has it; returns why some never will, None where all have it."""
        said = None
        for letter, refused in mailer.send(letters):
            reached("post_action.notice_sent")
            if refused is not None:
                said = refused
                continue
            with self._outbox.work(tenant_id) as work:
                note_told(work, notice.notice_id, letter.to)
        return said


def _told_apart(address: str) -> str:
    """The same at every attempt, and another for another address."""
    return hashlib.sha256(address.encode()).hexdigest()[:16]
