"""Tell a tenant's channels what happened, beside the post-actions: the same doors, the same turns.

A notice is a row of `due` on the queue post_action. Taking it pushes the row away for longer than
an attempt can last; who dies in between is followed by the next who is sent it. So each channel is
told at least once: a webhook under one message id, mail under one Message-ID an address, and an
address that has it is not written to again.

A mail server, like a target, has so many of a process's threads and no more (`fairness`): one that
hangs holds up no post-action.
"""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import structlog

from actors.fairness import FairTurns
from actors.stage import Due, Handler, forget_due, repeat_due, take_due
from pipeline import metrics
from pipeline.courier import Answer, Courier
from pipeline.delivery import Outcome, judge_answer, retry_delay
from pipeline.delivery_store import Delivery, TargetSecretMissing
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

log = structlog.get_logger()

# Longer than one attempt: a mail server may use its time limit at every step of a letter.
LEASE: Final = timedelta(minutes=3)
NOTICE: Final = "post_action.notice"
SWITCHED_OFF: Final = "the channel was removed or switched off"
STUMBLED: Final = "every attempt at it was broken off"
NO_MAIL: Final = "no mail server is set up (AWGP_SMTP_HOST)"


class NoticeSender:
    """Tells one notice after another, one a thread.

    Args:
        mailer: None where no mail server is set up.
        public_url: Where people reach the web; empty leaves links out.
        turns: Shared with the post-actions of this process.
        max_attempts: Before a notice is given up.
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
        self._outbox = outbox
        self._keyring = keyring
        self._courier = courier
        self._mailer = mailer
        self._public_url = public_url
        self._turns = turns
        self._max_attempts = max_attempts

    def handlers(self) -> dict[str, Handler]:
        """By the kind of a row of `due`."""
        return {NOTICE: self.send}

    def send(self, tenant_id: UUID, due_id: UUID) -> None:
        """Make one attempt at what a row of `due` names."""
        with self._outbox.work(tenant_id) as work:
            due = take_due(work, due_id)
            notice = None if due is None else self._begin(work, due)
        if due is None or notice is None:
            return
        if not notice.channel.active and notice.event is not Event.TEST:
            self._end(tenant_id, due, notice, NoticeStatus.NOBODY, SWITCHED_OFF)
            return
        if notice.attempts > self._max_attempts:
            # Whoever tried died or stumbled each time: it is not tried for ever.
            self._end(tenant_id, due, notice, NoticeStatus.GIVEN_UP, STUMBLED)
            return
        structlog.contextvars.bind_contextvars(notice_id=str(notice.notice_id))
        reached("post_action.notice_taken")
        attempt = self._post if notice.channel.kind is Kind.WEBHOOK else self._mail
        attempt(tenant_id, due, notice)

    def _begin(self, work: Work, due: Due) -> Notice | None:
        """Take it for as long as an attempt lasts; what has nothing left to do goes away."""
        notice = None if due.subject_id is None else begin_attempt(work, due.subject_id)
        if notice is None:
            forget_due(work, due)
            return None
        repeat_due(work, due, after=LEASE)
        return notice

    def _post(self, tenant_id: UUID, due: Due, notice: Notice) -> None:
        try:
            with self._outbox.work(tenant_id) as work:
                to = destination(work, self._keyring, notice)
                facts = facts_of(work, notice)
        except (NotSetUp, TargetSecretMissing) as error:
            self._end(tenant_id, due, notice, NoticeStatus.GIVEN_UP, str(error))
            return
        turn = self._turns.begin(to.url)
        if isinstance(turn, timedelta):
            self._leave(tenant_id, due, notice, turn)
            return
        try:
            outcome, answer = self._exchange(facts, to)
        finally:
            self._turns.end(turn)
        reached("post_action.notice_sent")
        if outcome is Outcome.DELIVERED:
            self._end(tenant_id, due, notice, NoticeStatus.DELIVERED)
            return
        said = answer.error or f"HTTP {answer.status}"
        if outcome is Outcome.REFUSED:
            self._end(tenant_id, due, notice, NoticeStatus.GIVEN_UP, said)
        else:
            self._retry(tenant_id, due, notice, answer, said)

    def _exchange(self, facts: Facts, to: Delivery) -> tuple[Outcome, Answer]:
        body = webhook_body(facts, page_of(self._public_url, facts))
        answer = self._courier.post(
            to.url,
            body,
            to.headers(body, datetime.now(UTC)),
            allow_private=to.settings.allow_private,
            timeout_seconds=to.settings.timeout_seconds,
        )
        return judge_answer(answer, to.settings), answer

    def _mail(self, tenant_id: UUID, due: Due, notice: Notice) -> None:
        with self._outbox.work(tenant_id) as work:
            to = recipients(work, notice)
            facts = facts_of(work, notice)
            # Made for each attempt: only what a link hashes to is kept.
            letters = [self._letter(work, notice, facts, each) for each in to]
        if not to:
            ended = NoticeStatus.DELIVERED if notice.told else NoticeStatus.NOBODY
            self._end(tenant_id, due, notice, ended)
            return
        if self._mailer is None:
            self._retry(tenant_id, due, notice, Answer(status=None), NO_MAIL)
            return
        turn = self._turns.begin(self._mailer.server.address)
        if isinstance(turn, timedelta):
            self._leave(tenant_id, due, notice, turn)
            return
        try:
            refused = self._deliver(tenant_id, notice, self._mailer, letters)
        except MailNotSent as error:
            self._retry(tenant_id, due, notice, Answer(status=None), str(error))
            return
        finally:
            self._turns.end(turn)
        ended = NoticeStatus.GIVEN_UP if refused else NoticeStatus.DELIVERED
        self._end(tenant_id, due, notice, ended, refused)

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

    def _end(
        self,
        tenant_id: UUID,
        due: Due,
        notice: Notice,
        status: NoticeStatus,
        error: str | None = None,
    ) -> None:
        with self._outbox.work(tenant_id) as work:
            end_notice(work, notice, status, error)
            forget_due(work, due)
        metrics.NOTICES.labels(notice.channel.kind.value, status.value).inc()
        log.info("notice_ended", status=status.value, attempts=notice.attempts, error=error)

    def _retry(self, tenant_id: UUID, due: Due, notice: Notice, answer: Answer, said: str) -> None:
        if notice.attempts >= self._max_attempts:
            self._end(tenant_id, due, notice, NoticeStatus.GIVEN_UP, said)
            return
        delay = retry_delay(notice.attempts, answer, now=datetime.now(UTC))
        with self._outbox.work(tenant_id) as work:
            note_failure(work, notice, said)
            repeat_due(work, due, after=delay)
        log.info("notice_not_told", attempts=notice.attempts, error=said)

    def _leave(self, tenant_id: UUID, due: Due, notice: Notice, moment: timedelta) -> None:
        """Give it back for now: whoever keeps others waiting has its threads taken."""
        with self._outbox.work(tenant_id) as work:
            take_back_attempt(work, notice.notice_id)
            repeat_due(work, due, after=moment)


def _told_apart(address: str) -> str:
    """The same at every attempt, and another for another address."""
    return hashlib.sha256(address.encode()).hexdigest()[:16]
