"""Who is calling: an OIDC access token, checked, and what it lets its bearer do.

The identity provider answers who someone is and which groups and roles they have; nothing here
asks the database. Groups name tenants: `<slug>-operators` and `<slug>-admins`. A machine's token
(client credentials) names its one tenant in the claim `tenant`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal
from uuid import UUID

from psycopg.types.json import Jsonb
from sqlalchemy import Engine, text

from pipeline.ids import uuid7
from pipeline.refusal import ProblemTable, Refusal
from pipeline.work import Actor, Work

TENANT_HEADER: Final = "AWGP-Tenant"
APPROVER: Final = "approver"
AUDITOR: Final = "auditor"
BREAK_GLASS: Final = "break-glass"
HOLDING_ADMINS: Final = "holding-admins"

# A person seen again within this is not written down again.
SEEN_EVERY: Final = timedelta(minutes=5)
MAX_EMAIL: Final = 254  # characters: RFC 5321, section 4.5.3.1.3, less its brackets

_CLOSED: Final = "this tenant is closed: nothing new begins in it"
_REMOVED: Final = "you were removed from this tenant; its administrators can add you again"
_MEMBERSHIP = re.compile(r"([a-z][a-z0-9-]{1,38})-(?:operators|admins)")


class BearerInvalid(Refusal):
    """No access token, or one that does not count; the message never quotes it."""


class ProviderUnavailable(Refusal):
    """The identity provider's keys cannot be fetched, so no new token can be checked."""


class TenantForbidden(Refusal):
    """The caller has no part in this tenant, or may not do this in it."""


class TenantNotChosen(Refusal):
    """The caller belongs to several tenants and named none."""


class TenantClosed(Refusal):
    """The tenant was closed: what it did can be read, nothing new begins."""


class PersonRemoved(Refusal):
    """The tenant has taken this person away, whatever their token says."""


IDENTITY_PROBLEMS: Final[ProblemTable] = {
    BearerInvalid: (401, "bearer-invalid"),
    ProviderUnavailable: (503, "identity-provider-unavailable"),
    TenantForbidden: (403, "tenant-forbidden"),
    TenantNotChosen: (400, "tenant-not-chosen"),
    TenantClosed: (403, "tenant-closed"),
    PersonRemoved: (403, "person-removed"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A person or a machine. (issuer, subject) is who it is; the rest is what the token grants.

    Args:
        authenticated_at: Seconds since 1970 of the person's last proof of who they are
            (`auth_time`); None where the token does not say.
        acr: How they proved it (OpenID Connect Core, section 2).
    """

    issuer: str
    subject: str
    kind: Literal["human", "client"]
    name: str = ""
    groups: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    tenant: str | None = None  # a client's own tenant, by slug; never set for a human
    authenticated_at: int | None = None
    acr: str | None = None


def tenants_of(identity: Identity) -> tuple[str, ...]:
    """The slugs of the tenants an identity belongs to, sorted. They may not all exist."""
    found = {match[1] for group in identity.groups if (match := _MEMBERSHIP.fullmatch(group))}
    if identity.kind == "client" and identity.tenant:
        found.add(identity.tenant)
    return tuple(sorted(found))


def is_of_the_holding(identity: Identity) -> bool:
    """Whether someone looks after every tenant; a machine never does."""
    return identity.kind == "human" and HOLDING_ADMINS in identity.groups


def choose_tenant(identity: Identity, wanted: str | None) -> str:
    """The tenant a request is about: the one the header names, or the only one there is.

    Args:
        wanted: The value of the header AWGP-Tenant, a slug; None where it was not sent.

    Raises:
        TenantForbidden: The identity has no part in it, or in none at all.
        TenantNotChosen: It belongs to several and named none.
    """
    tenants = tenants_of(identity)
    if is_of_the_holding(identity):
        return _chosen_by_the_holding(tenants, wanted)
    if not tenants:
        raise TenantForbidden("you belong to no tenant")
    if wanted is None and len(tenants) == 1:
        return tenants[0]
    if wanted is None:
        raise TenantNotChosen(
            f"you belong to several tenants: name one in the header {TENANT_HEADER}"
            f" ({', '.join(tenants)})",
            field=TENANT_HEADER,
        )
    if wanted not in tenants:
        raise TenantForbidden("you have no part in this tenant", field=TENANT_HEADER)
    return wanted


def _chosen_by_the_holding(tenants: tuple[str, ...], wanted: str | None) -> str:
    if wanted is not None:
        return wanted
    if len(tenants) != 1:
        raise TenantNotChosen(
            f"you look after every tenant: name one in the header {TENANT_HEADER}",
            field=TENANT_HEADER,
        )
    return tenants[0]


def tenant_id_of(engine: Engine, slug: str) -> UUID:
    """Look a chosen tenant up.

    Raises:
        TenantForbidden: There is no such tenant; a group may name one that was never made.
    """
    with engine.begin() as connection:
        found: UUID | None = connection.execute(
            text("SELECT resolve_tenant(:slug)"), {"slug": slug}
        ).scalar()
    if found is None:
        raise TenantForbidden("you have no part in this tenant", field=TENANT_HEADER)
    return found


def ensure_person(work: Work, identity: Identity) -> UUID:
    """Return the tenant's row for this identity, made at its first appearance.

    Whoever does something new comes through here.

    Raises:
        TenantClosed: Nothing new begins in this tenant.
        PersonRemoved: This person was taken away.
    """
    closed, person_id, removed = work.execute(
        "SELECT t.closed_at IS NOT NULL, p.person_id, p.removed_at IS NOT NULL"
        " FROM tenants t LEFT JOIN persons p ON p.tenant_id = t.tenant_id"
        " AND p.issuer = :issuer AND p.subject = :subject WHERE t.tenant_id = :tenant",
        tenant=work.tenant_id,
        issuer=identity.issuer,
        subject=identity.subject,
    ).one()
    if closed:
        raise TenantClosed(_CLOSED)
    if removed:
        raise PersonRemoved(_REMOVED)
    return _add_person(work, identity) if person_id is None else UUID(str(person_id))


def remember_person(
    work: Work, identity: Identity, *, groups: Iterable[str] | None = None, email: str | None = None
) -> UUID:
    """`ensure_person`, and keep what they are in as of now: for who could vote, and for notices.

    Called at sign-in and at votes; it writes only what changed, and that they were seen at most
    once in SEEN_EVERY.

    Args:
        groups: Their voting groups in this tenant; None keeps what is known.
        email: None, or what is no address, keeps what is known.

    Raises:
        TenantClosed, PersonRemoved: As `ensure_person`.
    """
    person_id = ensure_person(work, identity)
    work.execute(
        "UPDATE persons SET display_name = coalesce(nullif(:name, ''), display_name),"
        " groups = coalesce(:groups, groups), email = coalesce(:email, email),"
        " seen_at = clock_timestamp() WHERE person_id = :person AND ("
        "  seen_at IS NULL OR seen_at < clock_timestamp() - :every"
        "  OR display_name <> coalesce(nullif(:name, ''), display_name)"
        "  OR groups <> coalesce(:groups, groups) OR email <> coalesce(:email, email))",
        person=person_id,
        name=identity.name,
        groups=None if groups is None else Jsonb(sorted(set(groups))),
        email=email if email is not None and 3 <= len(email) <= MAX_EMAIL else None,
        every=SEEN_EVERY,
    )
    return person_id


def person_id_of(work: Work, identity: Identity) -> UUID | None:
    """The tenant's row for this identity; None for who has not done anything here yet."""
    found: UUID | None = work.execute(
        "SELECT person_id FROM persons WHERE issuer = :issuer AND subject = :subject",
        issuer=identity.issuer,
        subject=identity.subject,
    ).scalar_one_or_none()
    return found


def ask_open(work: Work) -> None:
    """Raises, at the latest when the transaction ends: TenantClosed."""
    work.ask(
        "SELECT 1 FROM tenants WHERE tenant_id = :id AND closed_at IS NULL",
        unless=TenantClosed(_CLOSED),
        id=work.tenant_id,
    )


def refuse_removed(work: Work, identity: Identity) -> None:
    """Let an identity pass that the tenant has not taken away; one it never saw passes too.

    Raises:
        PersonRemoved: As it says.
    """
    found = work.execute(
        "SELECT 1 FROM persons WHERE issuer = :issuer AND subject = :subject"
        " AND removed_at IS NOT NULL",
        issuer=identity.issuer,
        subject=identity.subject,
    ).one_or_none()
    if found is not None:
        raise PersonRemoved(_REMOVED)


def _add_person(work: Work, identity: Identity) -> UUID:
    values = {"issuer": identity.issuer, "subject": identity.subject}
    made: UUID | None = work.execute(
        "INSERT INTO persons (tenant_id, person_id, kind, issuer, subject, display_name)"
        " VALUES (:tenant, :person, :kind, :issuer, :subject, :name)"
        " ON CONFLICT (tenant_id, issuer, subject) DO NOTHING RETURNING person_id",
        **values,
        tenant=work.tenant_id,
        person=uuid7(),
        kind=identity.kind,
        name=identity.name,
    ).scalar()
    # Nothing returned: another request made it between our two statements, and has committed.
    if made is None:
        made = work.execute(
            "SELECT person_id FROM persons WHERE issuer = :issuer AND subject = :subject", **values
        ).scalar_one()
    return made


def actor_of(identity: Identity, person_id: UUID) -> Actor:
    """Who the audit trail says it was: an opaque id, never a name."""
    return Actor(type="person" if identity.kind == "human" else "client", id=str(person_id))
