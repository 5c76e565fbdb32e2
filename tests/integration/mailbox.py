"""A real SMTP server on loopback that keeps what it is sent, or says what a test tells it to."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any
from warnings import catch_warnings, simplefilter

from aiosmtpd.controller import Controller

from tests.integration.processes import free_port


@dataclass(slots=True)
class Mailbox:
    """What came in. `refused` and `busy` are addresses it does not take, ever or now.

    Args:
        in_the_clear: How many letters came without TLS.
    """

    port: int
    letters: list[tuple[str, EmailMessage]] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    busy: set[str] = field(default_factory=set)
    in_the_clear: int = 0

    @property
    def to(self) -> list[str]:
        return [address for address, _ in self.letters]

    async def handle_RCPT(  # noqa: N802  # the library's name
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        if address in self.refused:
            return "550 5.1.1 nobody here"
        if address in self.busy:
            return "451 4.3.0 try again"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802  # the library's name
        self, _server: Any, session: Any, envelope: Any
    ) -> str:
        self.in_the_clear += session.ssl is None
        letter = message_from_bytes(envelope.content, policy=default)
        assert isinstance(letter, EmailMessage)
        self.letters += [(address, letter) for address in envelope.rcpt_tos]
        return "250 OK"


@contextmanager
def start_mailbox(port: int = 0, **further: Any) -> Iterator[Mailbox]:
    """Serve; `further` goes to aiosmtpd."""
    mailbox = Mailbox(port=port or free_port())
    controller = Controller(mailbox, hostname="127.0.0.1", port=mailbox.port, **further)
    controller.start()
    try:
        yield mailbox
    finally:
        controller.stop()
        _forget_connections()


def _forget_connections() -> None:
    """aiosmtpd stops its loop under open connections, which a later test would be told of."""
    with catch_warnings():
        simplefilter("ignore", ResourceWarning)
        gc.collect()
