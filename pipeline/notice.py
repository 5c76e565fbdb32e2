"""What a tenant is told of, by which channel, and how a channel is asked for.

A channel is a target of the tenant's (a signed webhook) or mail: to addresses, and to the people
it is up to. It names the events it wants and, where it likes, the rules and assistants they are
about.
"""

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from pipeline.registry_names import FieldInvalid, check_name

KEPT: Final = timedelta(days=90)
"""How long after its end a notice can be looked at, unless AWGP_NOTICE_RETENTION_DAYS says."""

MAX_RECIPIENTS: Final = 50
MAX_NAMED: Final = 50
LONGEST_ADDRESS: Final = 254  # RFC 5321, section 4.5.3.1.3, without the brackets
# Neither quoted local parts nor comments: nothing that a header could be made of.
ADDRESS: Final = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?"
)


class Event(StrEnum):
    """What can be told of. The database turns audit actions into these (`notice_event`)."""

    OPENED = "approval.opened"
    REMINDED = "approval.reminded"
    ESCALATED = "approval.escalated"
    APPROVED = "approval.approved"
    REJECTED = "approval.rejected"
    EXPIRED = "approval.expired"
    CANCELLED = "approval.cancelled"
    GLASS_BROKEN = "break_glass.used"
    RUN_COMPLETED = "run.completed"
    RUN_FAILED = "run.failed"
    TARGET_DISABLED = "target.disabled"
    TEST = "channel.test"


WANTABLE: Final = tuple(event for event in Event if event is not Event.TEST)
BY_DEFAULT: Final = tuple(event for event in WANTABLE if event is not Event.RUN_COMPLETED)
"""What a channel tells of that names no events: a success is told where it is asked for."""
ASKS: Final = frozenset({Event.OPENED, Event.REMINDED, Event.ESCALATED})
"""Those after which somebody has to decide."""


class Kind(StrEnum):
    """How a channel tells."""

    WEBHOOK = "webhook"
    EMAIL = "email"


class NoticeStatus(StrEnum):
    """What became of a notice; the value is what the database says."""

    DUE = "due"
    DELIVERED = "delivered"
    GIVEN_UP = "given_up"
    NOBODY = "nobody"
    """Nobody was left to be told: mail to the people it is up to, and there are none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelWanted:
    """A channel as it is asked for. `target` is a name, for a webhook alone.

    Args:
        to_people: Mail those who can still decide; of what is decided, who asked and who voted.
        rules, assistants: Names; empty means any.
        with_payload: The payload goes along; by default it never leaves.
    """

    name: str
    kind: Kind
    target: str | None = None
    recipients: tuple[str, ...] = ()
    to_people: bool = False
    events: tuple[Event, ...] = BY_DEFAULT
    rules: tuple[str, ...] = ()
    assistants: tuple[str, ...] = ()
    with_payload: bool = False
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A channel as it is kept."""

    channel_id: UUID
    kind: Kind
    target_id: UUID | None
    recipients: tuple[str, ...]
    to_people: bool
    with_payload: bool
    active: bool


def check_channel(wanted: ChannelWanted) -> None:
    """Let a channel pass that can be kept.

    Raises:
        FieldInvalid: Names what cannot be kept, and what it takes.
    """
    check_name("name", wanted.name)
    if not wanted.events or Event.TEST in wanted.events:
        raise FieldInvalid("events", f"one or more of {', '.join(WANTABLE)}")
    for field, names in (("rules", wanted.rules), ("assistants", wanted.assistants)):
        if len(names) > MAX_NAMED:
            raise FieldInvalid(field, f"{MAX_NAMED} names at most")
        for name in names:
            check_name(field, name)
    if wanted.kind is Kind.WEBHOOK:
        _check_webhook(wanted)
    else:
        _check_mail(wanted)


def _check_webhook(wanted: ChannelWanted) -> None:
    if wanted.target is None:
        raise FieldInvalid("target", "a webhook names the target it goes to")
    if wanted.recipients or wanted.to_people:
        raise FieldInvalid("recipients", "a webhook has none; its target is where it goes")


def _check_mail(wanted: ChannelWanted) -> None:
    if wanted.target is not None:
        raise FieldInvalid("target", "mail has none; it goes to recipients, or to people")
    if not wanted.recipients and not wanted.to_people:
        raise FieldInvalid("recipients", "mail needs addresses, or goes to the people it is up to")
    if len(wanted.recipients) > MAX_RECIPIENTS:
        raise FieldInvalid("recipients", f"{MAX_RECIPIENTS} addresses at most")
    for address in wanted.recipients:
        if not is_address(address):
            raise FieldInvalid("recipients", "each is an address such as ada@example.com")


def is_address(text: str) -> bool:
    """Whether mail can be sent there, and nothing but mail."""
    return len(text) <= LONGEST_ADDRESS and ADDRESS.fullmatch(text) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What there is to say. Texts of other people's stand in it as they are: escape them.

    Args:
        why: Of what is asked, a policy and its rules; of what failed, the reason.
        until: ISO 8601, UTC; of what is still asked.
        payload: Only where the channel says so.
    """

    event: Event
    tenant: str
    tenant_name: str
    channel: str
    run_id: UUID | None = None
    approval_id: UUID | None = None
    requester: str = ""
    assistant: str = ""
    bundle: str = ""
    rules: tuple[str, ...] = ()
    why: str = ""
    until: str | None = None
    payload: Any = None
