"""What a command that sets something up in a tenant works with: the tenant, and who does it.

Everything within a tenant goes through the login awgp_web, so that least rights and row-level
security judge what the command does; awgp_owner makes and closes tenants and nothing else.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from uuid import UUID

from dramatiq.brokers.stub import StubBroker
from sqlalchemy import text

from ops.embedded.data_folder import DataFolder
from ops.embedded.oidc import issuer_url
from ops.embedded.subjects import subject_of
from ops.live_events import events_of_folder
from ops.login_engine import login_engine
from ops.operator_actor import operator
from pipeline.envelope import KeyRing
from pipeline.errors import AwgpError
from pipeline.outbox import Outbox
from pipeline.registry_find import KnownPerson, find_person, known_persons
from pipeline.work import Actor, Work

MOST_NAMED: Final = 12


class TenantNotNamed(AwgpError):
    """Several tenants could be meant, or none is there."""


class PersonNotNamed(AwgpError):
    """A person has to stand behind this, and several could."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownTenant:
    """A tenant, as the holding sees it."""

    tenant_id: UUID
    slug: str
    name: str
    kind: str
    closed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One open transaction of a tenant that is not closed, and who makes it."""

    work: Work
    actor: Actor
    acting: KnownPerson | None
    desk: "Desk"

    def person(self, named: str) -> KnownPerson:
        """Raises: NotSetUp."""
        return self.desk.person(self.work, named)

    def behind(self, named: str | None, option: str) -> KnownPerson:
        """Who a row names: the one that was named, else who acts, else the only person there is.

        Raises:
            NotSetUp: The tenant has no such person.
            PersonNotNamed: Nobody was named and several could be meant, or there is nobody.
        """
        if named is not None:
            return self.person(named)
        if self.acting is not None:
            return self.acting
        people = [each for each in known_persons(self.work) if each.kind == "human"]
        if len(people) == 1:
            return people[0]
        if not people:
            raise PersonNotNamed(f"{self.desk.slug} has no people yet; `awgp person add` first")
        listed = ", ".join(str(each) for each in people[:MOST_NAMED])
        raise PersonNotNamed(f"say whose it is with {option}: {listed}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """One tenant of a data folder, opened for setting up."""

    data: DataFolder
    environ: Mapping[str, str] = field(repr=False)
    tenant: KnownTenant
    acting: str | None
    outbox: Outbox

    @property
    def slug(self) -> str:
        return self.tenant.slug

    @property
    def issuer(self) -> str:
        """Of the identity provider in use: the embedded one unless AWGP_OIDC_ISSUER names one."""
        return self.environ.get("AWGP_OIDC_ISSUER") or issuer_url(self.data)

    @property
    def embedded_provider(self) -> bool:
        return self.issuer == issuer_url(self.data)

    def keyring(self) -> KeyRing:
        """Raises: KeyRingInvalid."""
        named = self.environ.get("AWGP_KEK_FILE")
        return KeyRing.from_files(Path(named) if named else self.data.secret_file("kek"))

    def person(self, work: Work, named: str) -> KnownPerson:
        """Raises: NotSetUp."""
        return find_person(work, named, also_subject=subject_of(self.data, named))

    @contextmanager
    def looking(self) -> Iterator[Work]:
        """Read; a closed tenant can be looked at."""
        with self.outbox.work(self.tenant.tenant_id) as work:
            yield work

    @contextmanager
    def changing(self, *, also_closed: bool = False) -> Iterator[Change]:
        """Change something; all of it commits, with its audit records, or nothing does.

        Args:
            also_closed: Of a closed tenant, too: what is left of it is taken away.

        Raises:
            TenantNotNamed: The tenant is closed.
            NotSetUp: --as names nobody of the tenant.
        """
        with self.outbox.work(self.tenant.tenant_id) as work:
            closed = work.execute(
                "SELECT closed_at IS NOT NULL FROM tenants WHERE tenant_id = :id",
                id=self.tenant.tenant_id,
            ).scalar_one()
            if closed and not also_closed:
                raise TenantNotNamed(f"{self.slug} is closed: nothing is set up in it any more")
            acting = None if self.acting is None else self.person(work, self.acting)
            yield Change(work=work, actor=self._actor(acting), acting=acting, desk=self)

    def _actor(self, acting: KnownPerson | None) -> Actor:
        if acting is None:
            return operator()
        kind = "client" if acting.kind == "client" else "person"
        return Actor(type=kind, id=str(acting.person_id))


@contextmanager
def open_desk(
    data: DataFolder, environ: Mapping[str, str], *, slug: str | None, acting: str | None
) -> Iterator[Desk]:
    """Open a tenant for setting up.

    Args:
        slug: None is the only subsidiary there is.
        acting: A person of the tenant, for whom it is done; None for the operator.

    Raises:
        TenantNotNamed: There is no such tenant; or none was named and it is not clear which.
    """
    tenant = choose_tenant(all_tenants(data, environ), slug)
    with setting_up(data, "awgp_web", environ) as outbox:
        yield Desk(data=data, environ=environ, tenant=tenant, acting=acting, outbox=outbox)


@contextmanager
def setting_up(data: DataFolder, login: str, environ: Mapping[str, str]) -> Iterator[Outbox]:
    """Units of work for setting up: who looks on is told, and nothing is handed off."""
    engine = login_engine(data, login, environ)
    try:
        with events_of_folder(data, environ) as live:
            yield Outbox(engine, StubBroker(middleware=[]), live)
    finally:
        engine.dispose()


def all_tenants(data: DataFolder, environ: Mapping[str, str]) -> list[KnownTenant]:
    """Every tenant, also closed ones, by slug."""
    engine = login_engine(data, "awgp_holding", environ)
    try:
        with engine.connect() as connection:
            rows = connection.execute(
                text(
                    "SELECT tenant_id, slug, name, kind, closed_at IS NOT NULL FROM tenants"
                    " ORDER BY slug"
                )
            ).all()
    finally:
        engine.dispose()
    names = KnownTenant.__slots__
    return [KnownTenant(**dict(zip(names, row, strict=True))) for row in rows]


def choose_tenant(tenants: list[KnownTenant], slug: str | None) -> KnownTenant:
    """Raises: TenantNotNamed."""
    if slug is not None:
        found = [each for each in tenants if each.slug == slug]
        if not found:
            raise TenantNotNamed(f"there is no tenant {slug!r}; {_listed(tenants)}")
        return found[0]
    open_ = [each for each in tenants if each.kind == "subsidiary" and not each.closed]
    if len(open_) == 1:
        return open_[0]
    if open_:
        raise TenantNotNamed(f"say which tenant with --tenant; {_listed(open_)}")
    raise TenantNotNamed("there is no tenant yet; `awgp tenant add SLUG --name NAME` makes one")


def _listed(tenants: list[KnownTenant]) -> str:
    if not tenants:
        return "there are none yet, `awgp tenant add` makes one"
    more = ", ..." if len(tenants) > MOST_NAMED else ""
    return f"there are {', '.join(each.slug for each in tenants[:MOST_NAMED])}{more}"
