"""Mail over TLS, to a real SMTP server with a certificate made on the spot."""

import ssl
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword

from pipeline.mail import Letter, Mailer, MailNotSent, MailServer
from tests.integration.certificates import DAY, Authority, make_authority
from tests.integration.mailbox import Mailbox, start_mailbox

HERE = "127.0.0.1"
LETTER = Letter(
    to="duty@acme.example",
    subject="A decision is needed",
    text="plain",
    page="<p>page</p>",
    message_id="<one@awgp>",
)
PASSWORD = "correct horse"  # of this server alone


class Guard:
    """Lets one user in and notes with what everybody came."""

    def __init__(self) -> None:
        self.came: list[bytes] = []

    def __call__(self, _server: Any, _session: Any, _envelope: Any, _how: str, data: Any) -> Any:
        assert isinstance(data, LoginPassword)
        self.came.append(data.password)
        return AuthResult(success=data.password == PASSWORD.encode(), handled=False)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return make_authority(tmp_path)


@pytest.fixture
def guard() -> Guard:
    return Guard()


@pytest.fixture
def mailbox(authority: Authority, guard: Guard) -> Iterator[Mailbox]:
    shown = authority.server(HERE)
    further: dict[str, Any] = {
        "authenticator": guard,
        "auth_required": True,
        "require_starttls": True,
    }
    with start_mailbox(tls_context=shown, **further) as started:
        yield started


def send(mailbox: Mailbox, trust: ssl.SSLContext | None, **changed: Any) -> list[str | None]:
    given: dict[str, Any] = {"host": HERE, "user": "awgp", "password": PASSWORD} | changed
    server = MailServer(port=mailbox.port, sender="AWGP <awgp@holding.example>", **given)
    return [refused for _, refused in Mailer(server, tls=trust).send([LETTER])]


def test_after_starttls_the_password_and_the_mail_go_through(
    mailbox: Mailbox, authority: Authority, guard: Guard
) -> None:
    assert send(mailbox, authority.trust()) == [None]
    assert (mailbox.to, guard.came) == ([LETTER.to], [PASSWORD.encode()])
    assert mailbox.in_the_clear == 0


def test_tls_from_the_first_byte_goes_through(authority: Authority) -> None:
    with start_mailbox(ssl_context=authority.server(HERE)) as mailbox:
        assert send(mailbox, authority.trust(), tls="tls", user="") == [None]
        with pytest.raises(MailNotSent, match="cannot be used"):
            send(mailbox, None, tls="tls", user="")
    assert mailbox.to == [LETTER.to]


@pytest.mark.parametrize("wrong", ["unknown authority", "another address", "expired"])
def test_a_server_that_is_not_who_it_says_gets_neither_the_password_nor_the_mail(
    authority: Authority, guard: Guard, wrong: str
) -> None:
    address = "127.0.0.2" if wrong == "another address" else HERE
    lasts = timedelta(seconds=-1) if wrong == "expired" else DAY
    trust = None if wrong == "unknown authority" else authority.trust()
    shown = authority.server(address, lasts=lasts)
    with (
        start_mailbox(tls_context=shown, authenticator=guard) as mailbox,
        pytest.raises(MailNotSent, match="SSLCertVerificationError"),
    ):
        send(mailbox, trust)
    assert (mailbox.letters, guard.came) == ([], [])


def test_a_wrong_password_is_said_without_it(
    mailbox: Mailbox, authority: Authority, guard: Guard
) -> None:
    with pytest.raises(MailNotSent, match="the mail server said 535") as refused:
        send(mailbox, authority.trust(), password="tr0ub4dor")
    assert (mailbox.letters, set(guard.came)) == ([], {b"tr0ub4dor"})
    assert "tr0ub4dor" not in str(refused.value)


def test_starttls_is_insisted_on_and_without_it_nothing_is_said(guard: Guard) -> None:
    with (
        start_mailbox(authenticator=guard, auth_require_tls=False) as mailbox,
        pytest.raises(MailNotSent, match="SMTPNotSupportedError"),
    ):
        send(mailbox, None)
    assert (mailbox.letters, guard.came) == ([], [])
