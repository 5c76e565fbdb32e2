"""How senders prove that a message is theirs.

A scheme is one module here and one entry in `registry.py`. It is set up with settings, which are
checked by name (`settings.py`), and with secrets (`secret_forms.py`), of which a source has up to
two at once. It holds no state and reads no clock.

A stranger gets one answer whatever was wrong (`SignatureInvalid` says the same to all); the kind
and the hint that an error carries are for the source's own people (pipeline/source_refusals.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import ClassVar, Final, Protocol, Self, runtime_checkable

from pipeline.bearer import BearerVerifier
from pipeline.errors import AwgpError
from pipeline.refusal import Refusal
from pipeline.schemes.secret_forms import SecretForm
from pipeline.schemes.settings import Setting
from pipeline.source_refusals import RefusalKind

MAX_EVENT_ID: Final = 255


class SignatureInvalid(Refusal):
    """Nothing proves who sent this. Its sender is told no more than that.

    Args:
        kind: What the source's own people are told, with
        hint: a remark of ours; never anything of the request's.
    """

    def __init__(
        self, kind: RefusalKind = RefusalKind.SIGNATURE_WRONG, hint: str | None = None
    ) -> None:
        super().__init__("nothing in this request proves that it comes from the source's sender")
        self.kind = kind
        self.hint = hint


class TimestampOutOfRange(SignatureInvalid):
    """Rightly signed, but for another time."""

    def __init__(self, hint: str | None = None) -> None:
        super().__init__(RefusalKind.TIMESTAMP_OUT_OF_RANGE, hint)


class CannotSign(AwgpError):
    """Only the sender can make such a proof; the message says why."""


@runtime_checkable
class Message(Protocol):
    """A request as it came, nothing of it verified."""

    @property
    def headers(self) -> Mapping[str, str]:
        """By name in lower case."""
        ...

    @property
    def body(self) -> bytes:
        """As received."""
        ...

    @property
    def url(self) -> str:
        """As its sender asked for it: scheme, host, path and query."""
        ...

    @property
    def through_proxy(self) -> bool:
        """Whether a proxy named in the settings handed it on."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a sender wants to hear once, before it sends events: a JSON object of `members`."""

    members: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What a proof covers besides the body.

    Attributes:
        event_id: The sender's own name of the event, the same at every retry, where the scheme
            has one.
        fingerprint: Names the exact signed message; what repeats share where nothing else does.
            None where the proof covers no message (a token, a password): each is one of its own.
        timestamp: When it was signed, where that is signed too.
        caller: Who the proof names, where it does.
        reply: What the sender wants back instead of a run (Slack's challenge).
    """

    event_id: str | None = None
    fingerprint: str | None = None
    timestamp: datetime | None = None
    caller: str | None = None
    reply: Reply | None = None

    @property
    def key(self) -> str | None:
        """What two sends of one event share."""
        return self.event_id or self.fingerprint


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is to be sent: to where, a JSON body, and the event's id where there is one."""

    url: str
    body: bytes = field(repr=False)
    event_id: str
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """What a sender sends: where to, and with which headers."""

    url: str
    headers: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What schemes that ask someone else work with."""

    issuers: "Issuers"


class Issuers(Protocol):
    """Checks the access tokens of any issuer."""

    def verifier(self, issuer: str, audience: str) -> BearerVerifier: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """A scheme as people choose and set it up.

    Attributes:
        secret: The form of its secrets; None where a source of it has none.
        where: Where the sender is given the secret, or gives it, in a sentence.
        guide: The page in docs/how-to.
    """

    name: str
    title: str
    secret: SecretForm | None
    where: str
    guide: str
    settings: tuple[Setting, ...] = ()


class Scheme(Protocol):
    """One way to prove, as one source has set it up."""

    about: ClassVar[About]

    @classmethod
    def build(cls, values: Mapping[str, object], means: Means | None) -> Self:
        """Make it of checked settings.

        Args:
            means: None where it is only looked at, and verifies nothing.
        """
        del means
        return cls(**values)

    def verify(self, message: Message, secret: bytes, now: datetime) -> Verified:
        """Check a message against one secret.

        Args:
            secret: As its form keeps it; empty where the scheme has none.
            now: Aware.

        Raises:
            SignatureInvalid: A part is missing or malformed, or this secret did not make it.
            TimestampOutOfRange: The proof is right and its time is not.
        """
        ...

    def sign(self, request: Request, secret: bytes) -> Signed:
        """Do as the sender does, to try a source out.

        Raises:
            CannotSign: Nobody but the sender can.
        """
        ...

    def form(self) -> SecretForm | None:
        """The form of its secrets, as its settings have it."""
        return self.about.secret


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainMessage:
    """A message made by hand."""

    headers: Mapping[str, str]
    body: bytes = field(default=b"", repr=False)
    url: str = ""
    through_proxy: bool = False


def whole_seconds(now: datetime) -> str:
    """Seconds since 1970, as most schemes write a time."""
    return str(int(now.astimezone(UTC).timestamp()))
