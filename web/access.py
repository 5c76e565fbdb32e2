"""Who may do what here. Every endpoint says it; one that does not keeps the app from starting.

A role holds within one tenant: groups `<tenant>-operators` and `<tenant>-admins` make an operator
and an admin; the realm's roles `approver`, `auditor` and `break-glass` count in the tenants their
bearer belongs to; `holding-admins` look into every tenant, and act in one they visit.

Machines have roles as people do, and are refused wherever a person's judgement is asked for.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, TypeVar, cast
from uuid import UUID

from flask import Flask, Request, current_app, g, request

from pipeline.bearer import BearerVerifier
from pipeline.errors import AwgpError
from pipeline.identity import (
    APPROVER,
    AUDITOR,
    BREAK_GLASS,
    HOLDING_ADMINS,
    TENANT_HEADER,
    Identity,
    choose_tenant,
    is_of_the_holding,
    tenants_of,
)
from pipeline.refusal import ProblemTable, Refusal
from web.session_cookie import current_session
from web.session_guard import SESSION_PROBLEMS, SessionGuard

View = TypeVar("View", bound=Callable[..., Any])


class Role(StrEnum):
    """What someone is in one tenant."""

    OPERATOR = "operator"
    ADMIN = "admin"
    APPROVER = "approver"
    AUDITOR = "auditor"
    BREAK_GLASS = "break-glass"
    HOLDING = "holding"
    """Looks into every tenant, through a database login of its own, and changes nothing there."""


class RoleMissing(Refusal):
    """The caller belongs to the tenant but may not do this in it."""


class PersonNeeded(Refusal):
    """A machine asked for what only a person may do."""


class AccessUndeclared(AwgpError):
    """An endpoint does not say who may use it; the app does not start."""


ACCESS_PROBLEMS: Final[ProblemTable] = {
    RoleMissing: (403, "role-missing"),
    PersonNeeded: (403, "person-needed"),
    **SESSION_PROBLEMS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """An endpoint's declaration. Without roles no tenant is chosen.

    Args:
        in_path: The tenant is named by the address (`<tenant>`), not by a header.
        of_the_holding: For the holding's own people, whatever tenant it is about.
    """

    authenticated: bool = True
    roles: frozenset[Role] = frozenset()
    people_only: bool = False
    tenant_in_address: bool = False
    """Browsers cannot send a header with what they watch: `?tenant=` counts there, too."""
    in_path: bool = False
    of_the_holding: bool = False


# What a visit makes of someone of the holding: they act, they never approve.
VISITOR: Final = frozenset({Role.OPERATOR, Role.ADMIN})
ANYONE: Final = Access(authenticated=False)
SIGNED_IN: Final = Access()
READERS: Final = Access(roles=frozenset(Role))
WATCHERS: Final = Access(roles=frozenset(Role), tenant_in_address=True)
# Which groups a vote needs is the approval's own requirement, checked where it is cast.
# The holding looks in; to act it visits, and is an operator and an admin then.
PEOPLE_OF_THE_TENANT: Final = Access(roles=frozenset(Role) - {Role.HOLDING}, people_only=True)
# Tenants themselves are the holding's; the one that is meant may not be there yet.
THE_HOLDING_ITSELF: Final = Access(of_the_holding=True, people_only=True)
PEOPLE_OF_THE_HOLDING: Final = Access(roles=frozenset({Role.HOLDING}), people_only=True)
PEOPLE_WHO_OPERATE: Final = Access(roles=frozenset({Role.OPERATOR, Role.ADMIN}), people_only=True)
PEOPLE_WHO_ADMINISTER: Final = Access(roles=frozenset({Role.ADMIN}), people_only=True)
THE_TRAIL: Final = Access(roles=frozenset({Role.AUDITOR, Role.ADMIN, Role.HOLDING}))
PEOPLE_OF_THE_TRAIL: Final = Access(roles=frozenset({Role.AUDITOR, Role.ADMIN}), people_only=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who is calling, and in which tenant."""

    identity: Identity
    tenant: str
    tenant_id: UUID
    roles: frozenset[Role]

    @property
    def voting_groups(self) -> frozenset[str]:
        return voting_groups(self.identity, self.tenant)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """What someone finds behind a tenant's slug.

    Args:
        visiting: They are of the holding, and said why they act here for a while.
    """

    tenant_id: UUID
    visiting: bool = False


def roles_in(identity: Identity, slug: str) -> frozenset[Role]:
    """The roles an identity has in a tenant by its token; none where it does not belong."""
    of_the_holding = frozenset({Role.HOLDING} if is_of_the_holding(identity) else ())
    if slug not in tenants_of(identity):
        return of_the_holding
    found = {Role(role) for role in (APPROVER, AUDITOR, BREAK_GLASS) if role in identity.roles}
    if f"{slug}-admins" in identity.groups:
        found.add(Role.ADMIN)
    if f"{slug}-operators" in identity.groups or identity.tenant == slug:
        found.add(Role.OPERATOR)
    return frozenset(found) | of_the_holding


def voting_groups(identity: Identity, slug: str) -> frozenset[str]:
    """The names a rule may ask for: `finance` for acme's `acme-finance`, full names, realm roles.

    Memberships of other tenants are left out: a vote is kept, and this tenant's people read it.
    """
    mine = tenants_of(identity)
    tenants = {slug, *mine}
    # Who only visits is no approver there, whatever they are at home.
    found = {*(identity.roles if slug in mine else ()), *({HOLDING_ADMINS} & set(identity.groups))}
    for group in identity.groups:
        # One slug may begin with another: `acme-eu-finance` is acme-eu's, not acme's.
        owner = max((each for each in tenants if group.startswith(f"{each}-")), key=len, default="")
        if owner == slug:
            found.add(group.removeprefix(f"{slug}-"))
        if owner in {slug, ""}:
            found.add(group)
    return frozenset(found)


def declare(access: Access) -> Callable[[View], View]:
    """Say who may use a view; outermost, above its route."""

    def mark(view: View) -> View:
        setattr(view, _MARK, access)
        return view

    return mark


_MARK: Final = "awgp_access"
_DOORS: Final = "awgp_doors"


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """The two ways in: a bearer's access token, or a browser's session.

    Args:
        enter: What someone finds behind a tenant's slug; raises TenantForbidden, PersonRemoved.
    """

    verifier: BearerVerifier
    sessions: SessionGuard
    enter: Callable[[Identity, str], Entered]

    def identify(self, request: Request) -> Identity:
        """Who sent a request. Where a token is sent, the token alone counts.

        Raises:
            BearerInvalid, ProviderUnavailable: As BearerVerifier.identify.
            SessionEnded, SessionStoreUnavailable, CsrfRefused: As SessionGuard.identify.
        """
        authorization = request.headers.get("Authorization")
        if authorization is None and self.sessions.address.cookie_name in request.cookies:
            return self.sessions.identify(request, current_session())
        return self.verifier.identify(authorization)


def install_access(app: Flask, doors: Doors, further: Mapping[str, Access]) -> None:
    """Guard every endpoint of an app by its declaration; call it when all are registered.

    Args:
        further: Declarations of endpoints that are not ours, by name.

    Raises:
        AccessUndeclared: Names the endpoints without one.
    """
    declared = declarations(app, further)
    hang(app, doors)

    def guard() -> None:
        access = declared.get(request.endpoint or "")
        if access is None or not access.authenticated:
            return  # an address nobody serves is answered by the router
        doors = current_doors()
        g.identity = doors.identify(request)
        if access.of_the_holding:
            _refuse_outsiders(g.identity, access)
        if access.roles:
            named = (request.view_args or {}).get("tenant") if access.in_path else None
            wanted = named or request.headers.get(TENANT_HEADER)
            if wanted is None and access.tenant_in_address:
                wanted = request.args.get("tenant")
            g.caller = caller_in(wanted, g.identity, access, doors.enter)

    app.before_request(guard)


def declarations(app: Flask, further: Mapping[str, Access]) -> Mapping[str, Access]:
    """Every endpoint's access, by name.

    Raises:
        AccessUndeclared: Names the endpoints without one.
    """
    names = {rule.endpoint for rule in app.url_map.iter_rules()}
    found = {name: getattr(app.view_functions[name], _MARK, further.get(name)) for name in names}
    missing = sorted(name for name, access in found.items() if access is None)
    if missing:
        raise AccessUndeclared(f"these endpoints do not say who may use them: {missing}")
    return {name: access for name, access in found.items() if access is not None}


def came_by_session() -> bool:
    """Whether it was a browser's session that let the caller in."""
    return "Authorization" not in request.headers


def current_identity() -> Identity:
    identity: Identity = g.identity
    return identity


def hang(app: Flask, doors: Doors) -> None:
    """Give an app its doors."""
    app.extensions[_DOORS] = doors


def current_doors() -> Doors:
    return cast("Doors", current_app.extensions[_DOORS])


def current_caller() -> Caller:
    caller: Caller = g.caller
    return caller


def caller_in(
    wanted: str | None,
    identity: Identity,
    access: Access,
    enter: Callable[[Identity, str], Entered],
) -> Caller:
    """Let an identity into a tenant by a declaration.

    Raises:
        TenantForbidden, TenantNotChosen, PersonRemoved, PersonNeeded, RoleMissing: As they say.
    """
    slug = choose_tenant(identity, wanted)
    _refuse_machines(identity, access)
    roles = roles_in(identity, slug)
    if not access.roles & roles and Role.HOLDING not in roles:
        raise _role_missing(slug, access)
    entered = enter(identity, slug)
    if entered.visiting:
        roles |= VISITOR
    if not access.roles & roles:
        raise _role_missing(slug, access)
    return Caller(identity=identity, tenant=slug, tenant_id=entered.tenant_id, roles=roles)


def _refuse_outsiders(identity: Identity, access: Access) -> None:
    _refuse_machines(identity, access)
    if not is_of_the_holding(identity):
        raise RoleMissing(f"this needs a member of {HOLDING_ADMINS}")


def _refuse_machines(identity: Identity, access: Access) -> None:
    if access.people_only and identity.kind != "human":
        raise PersonNeeded("this takes a person's own judgement; a machine's token cannot do it")


def _role_missing(slug: str, access: Access) -> RoleMissing:
    wanted = ", ".join(sorted(access.roles))
    return RoleMissing(f"in {slug} this needs one of the roles {wanted}")
