"""Mail by SMTP: one server, told by the settings; every step has a time limit.

STARTTLS is insisted on, or TLS from the start; in the clear only to this machine. The password is
sent only within TLS. A server's answer may quote what it was sent, so what is kept of a failure is
its code and the first line.
"""

import smtplib
import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formataddr, parseaddr
from typing import Final

from pipeline.errors import AwgpError
from pipeline.notice import is_address
from pipeline.settings import SettingInvalid, Settings

LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
LONGEST_ERROR: Final = 200
TLS: Final = ("starttls", "tls", "none")


class MailNotSent(AwgpError):
    """It could not be sent now; it may be later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """Where mail goes out.

    Args:
        sender: `Name <address>` or an address.
        tls: starttls, tls from the first byte, or none (this machine alone).
        timeout_seconds: For each step: connecting, a command and its answer.
    """

    host: str
    port: int
    sender: str
    tls: str = "starttls"
    user: str = ""
    password: str = field(default="", repr=False)
    timeout_seconds: float = 10

    @property
    def address(self) -> str:
        """How it is named where servers take turns."""
        return f"smtp://{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One mail to one address. The same `message_id` at every attempt tells a copy."""

    to: str
    subject: str
    text: str
    page: str
    message_id: str


def mail_server(settings: Settings) -> MailServer | None:
    """The server the settings name; None where they name none.

    Raises:
        SettingInvalid: Names the variable.
    """
    if not settings.smtp_host:
        return None
    tls = settings.smtp_tls
    if tls not in TLS:
        raise SettingInvalid(f"AWGP_SMTP_TLS is {tls!r}; use starttls, tls or none")
    if tls == "none" and settings.smtp_host not in LOOPBACK:
        raise SettingInvalid("AWGP_SMTP_TLS is none: mail goes in the clear to this machine alone")
    if not is_address(parseaddr(settings.smtp_from)[1]):
        raise SettingInvalid("AWGP_SMTP_FROM is no address such as awgp@example.com")
    return MailServer(
        host=settings.smtp_host,
        port=settings.smtp_port,
        sender=settings.smtp_from,
        tls=tls,
        user=settings.smtp_user,
        password=settings.smtp_password,
        timeout_seconds=settings.delivery_timeout_seconds,
    )


class Mailer:
    """Sends letters, one after another over one connection.

    Args:
        tls: In place of the system's trust.
    """

    def __init__(self, server: MailServer, *, tls: ssl.SSLContext | None = None) -> None:
        self.server = server
        self._tls = tls

    def send(self, letters: Iterable[Letter]) -> Iterator[tuple[Letter, str | None]]:
        """Send each; yields it with None, or with why the server will never take it.

        Raises:
            MailNotSent: The server cannot be used now; those not yielded yet were not sent.
        """
        try:
            with self._connection() as smtp:
                for letter in letters:
                    yield letter, self._send_one(smtp, letter)
        except smtplib.SMTPResponseException as error:
            raise MailNotSent(_said(error.smtp_code, error.smtp_error)) from error
        except (smtplib.SMTPException, ssl.SSLError, OSError) as error:
            raise MailNotSent(_named(error)) from error

    @contextmanager
    def _connection(self) -> Iterator[smtplib.SMTP]:
        server, context = self.server, self._tls or ssl.create_default_context()
        wait = server.timeout_seconds
        opened = (
            smtplib.SMTP_SSL(server.host, server.port, timeout=wait, context=context)
            if server.tls == "tls"
            else smtplib.SMTP(server.host, server.port, timeout=wait)
        )
        with opened as smtp:
            if server.tls == "starttls":
                # Raises where the server does not offer it: nothing goes in the clear.
                smtp.starttls(context=context)
            if server.user:
                smtp.login(server.user, server.password)
            yield smtp

    def _send_one(self, smtp: smtplib.SMTP, letter: Letter) -> str | None:
        try:
            smtp.send_message(self._message(letter), to_addrs=[letter.to])
        except smtplib.SMTPRecipientsRefused as error:
            return self._refusal(smtp, *next(iter(error.recipients.values())))
        except smtplib.SMTPDataError as error:
            return self._refusal(smtp, error.smtp_code, error.smtp_error)
        return None

    def _refusal(self, smtp: smtplib.SMTP, code: int, said: bytes | str) -> str:
        """Why it is refused for good; a server that says "not now" says it to all."""
        if code < 500:
            raise MailNotSent(_said(code, said))
        smtp.rset()
        return _said(code, said)

    def _message(self, letter: Letter) -> EmailMessage:
        message = EmailMessage(policy=SMTP)
        message["From"] = formataddr(parseaddr(self.server.sender))
        message["To"] = letter.to
        message["Subject"] = letter.subject
        message["Message-ID"] = letter.message_id
        # RFC 3834: nobody's holiday answers this.
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(letter.text)
        message.add_alternative(letter.page, subtype="html")
        return message


def _said(code: int, said: bytes | str) -> str:
    text = said.decode("ascii", "replace") if isinstance(said, bytes) else said
    first = "".join(c for c in text.partition("\n")[0] if c.isprintable())
    return f"the mail server said {code} {first}"[:LONGEST_ERROR]


def _named(error: Exception) -> str:
    # The class says it; a text may quote what the other side sent.
    return f"the mail server cannot be used: {type(error).__name__}"
