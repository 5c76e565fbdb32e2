"""A link that brings one person to one question, once. Whoever only opens it decides nothing.

    token = tenant's short name "." base64url(approval's id, 16 bytes || secret, 32 bytes)

The database keeps SHA-256 of the secret. What the address needs (which page, which tenant) stands
in the token itself, so opening it asks nobody and tells nothing. The person it was made for signs
in as ever; the link says which question and which digest, and not who they are.
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.exc import DBAPIError

from pipeline.approval_errors import AlreadyDecided
from pipeline.approval_lock import check_not_excluded
from pipeline.approval_view import load_approval
from pipeline.errors import AwgpError
from pipeline.ids import uuid7
from pipeline.work import SYSTEM, Actor, Work

SECRET_BYTES: Final = 32
LASTS: Final = timedelta(days=7)
_TOKEN: Final = re.compile(r"([a-z][a-z0-9-]{1,38})\.([A-Za-z0-9_-]{64})")


class LinkUnknown(AwgpError):
    """No such link in this tenant."""


class LinkNotYours(AwgpError):
    """It was made for another person."""


class LinkOver(AwgpError):
    """It was used, or its time has passed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionToken:
    """What a token says; its text is never logged."""

    tenant: str
    approval_id: UUID
    secret: bytes = field(repr=False)

    @property
    def text(self) -> str:
        packed = base64.urlsafe_b64encode(self.approval_id.bytes + self.secret)
        return f"{self.tenant}.{packed.decode()}"

    @property
    def digest(self) -> bytes:
        """What is kept of it."""
        return hashlib.sha256(self.secret).digest()


def read_token(text: str) -> DecisionToken:
    """Raises: LinkUnknown."""
    found = _TOKEN.fullmatch(text)
    if found is None:
        raise LinkUnknown("this is no decision link")
    try:
        packed = base64.urlsafe_b64decode(found[2])
    except binascii.Error as error:
        raise LinkUnknown("this is no decision link") from error
    return DecisionToken(tenant=found[1], approval_id=UUID(bytes=packed[:16]), secret=packed[16:])


def make_decision_link(
    work: Work, approval_id: UUID, *, person_id: UUID, lasts: timedelta = LASTS
) -> str:
    """Make a link for one person and what is asked now; returns its token, kept nowhere.

    It ends with the question, or after `lasts`. Its address is `/d/<token>`.

    Raises:
        ApprovalNotFound, AlreadyDecided, VoterExcluded: Nothing was made.
    """
    approval = load_approval(work, approval_id)
    if approval.status != "open":
        raise AlreadyDecided(f"this approval is {approval.status}; nothing is left to decide")
    check_not_excluded(approval, person_id)
    slug = work.execute("SELECT slug FROM tenants").scalar_one()
    token = DecisionToken(
        tenant=slug, approval_id=approval_id, secret=secrets.token_bytes(SECRET_BYTES)
    )
    link_id = uuid7()
    work.execute(
        "INSERT INTO decision_links (tenant_id, link_id, token_hash, approval_id, action_digest,"
        " person_id, expires_at) VALUES (:tenant, :id, :hash, :approval, :digest, :person,"
        " least(:ends, clock_timestamp() + :lasts))",
        tenant=work.tenant_id,
        id=link_id,
        hash=token.digest,
        approval=approval_id,
        digest=approval.digest,
        person=person_id,
        ends=approval.expires_at,
        lasts=lasts,
    )
    work.record(
        Actor(type="system", id=SYSTEM),
        "hold:link:made",
        ("approval", str(approval_id)),
        metadata={"link": str(link_id), "for": str(person_id)},
    )
    return token.text


def use_link(work: Work, token: DecisionToken, *, person_id: UUID, digest: bytes) -> UUID:
    """Use a link up, in the transaction of the vote it brings; returns its approval's id.

    Raises:
        LinkUnknown, LinkNotYours, LinkOver: Nothing may be decided.
    """
    row = work.execute(
        "SELECT link_id, token_hash, approval_id, action_digest, person_id FROM decision_links"
        " WHERE token_hash = :hash",
        hash=token.digest,
    ).one_or_none()
    known = row is not None and hmac.compare_digest(bytes(row.token_hash), token.digest)
    if row is None or not known or row.approval_id != token.approval_id:
        raise LinkUnknown("no such link")
    if row.person_id != person_id:
        raise LinkNotYours("this link was made for another person; open the question yourself")
    if not hmac.compare_digest(bytes(row.action_digest), digest):
        raise LinkOver("this link was made for what was asked before; look at the question")
    try:
        used = work.execute(
            "UPDATE decision_links SET used_at = clock_timestamp() WHERE link_id = :id"
            " AND used_at IS NULL AND expires_at > clock_timestamp()",
            id=row.link_id,
        )
    except DBAPIError as error:
        raise LinkOver("this link was used, or has ended") from error
    if used.rowcount == 0:
        raise LinkOver("this link was used, or has ended")
    work.record(
        Actor(type="person", id=str(person_id)),
        "hold:link:used",
        ("approval", str(row.approval_id)),
        metadata={"link": str(row.link_id)},
    )
    approval_id: UUID = row.approval_id
    return approval_id
