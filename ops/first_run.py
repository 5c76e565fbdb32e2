"""Set up a newcomer's own first assistant: tenant, two people, policy, rule, assistant, source.

    1. the holding, where there is none                a transaction
    2. the tenant                                      a transaction
    3. two logins of the embedded identity provider    files of the data folder
    4. everything else of the tenant                   one transaction, the last

Each step finds what an earlier, cut-short run left of it, so running again finishes. A tenant that
has anything of step 4 is left as it is. A lock in the data folder lets one `awgp init` in at a
time.

Two people, because nobody may approve what they made or asked for: the owner makes and asks, the
approver decides. Both get the same groups and role, so either can do the other's part next time.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from ops.embedded.data_folder import DataFolder
from ops.first_logins import end_making, first_login, signed_in
from ops.first_tenant import FirstRun, Wanted, check_target_url, fill_tenant
from ops.operator_actor import operator
from ops.provision import add_tenant
from ops.setup_desk import all_tenants, setting_up
from pipeline.errors import AwgpError
from pipeline.outbox import Outbox
from pipeline.registry_names import check_name, check_slug, check_text

HOLDING: Final = ("holding", "Holding")

_ANYTHING: Final = """
    SELECT (SELECT count(*) FROM sources) + (SELECT count(*) FROM assistants)
        + (SELECT count(*) FROM policy_sets) + (SELECT count(*) FROM approval_rules)
        + (SELECT count(*) FROM targets)"""


class TenantUnfit(AwgpError):
    """The tenant is not one a first assistant can be set up in."""


class OnePerson(AwgpError):
    """Owner and approver are the same, so nobody could approve anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetUpBefore:
    """The tenant has something already, so nothing was changed. Names of what it has."""

    tenant_id: UUID
    assistants: tuple[str, ...]
    sources: tuple[str, ...]


def set_up_first(data: DataFolder, wanted: Wanted, *, runtime: str) -> FirstRun | SetUpBefore:
    """Set everything up, or finish what was begun; whatever is complete is left alone.

    Args:
        data: A folder AWGP runs on.
        runtime: Digest of the runtime `python3`.

    Raises:
        TenantUnfit: The slug is the holding's, or the tenant was closed.
        FieldInvalid: A name or address cannot be kept; the message names it.
        OnePerson: As it says.
    """
    _check(wanted)
    with _alone(data):
        tenant_id = _tenant(data, wanted)
        with setting_up(data, "awgp_web", {}) as outbox:
            before = _set_up_before(outbox, tenant_id)
            if before is not None:
                return before
            # Before the last step: what comes after it is showing the secrets, and nothing else.
            logins = signed_in(
                data,
                owner=first_login(data, wanted.tenant, wanted.owner),
                approver=first_login(data, wanted.tenant, wanted.approver),
            )
            with outbox.work(tenant_id) as work:
                made = fill_tenant(work, data, wanted, logins, runtime=runtime)
            end_making(data, wanted.tenant)
            return made


def _check(wanted: Wanted) -> None:
    """Refuse what later steps would refuse before the first one changes anything."""
    check_slug(wanted.tenant)
    check_text("name", wanted.tenant_name)
    check_name("--person", wanted.owner)
    check_name("--approver", wanted.approver)
    if wanted.target_url is not None:
        check_target_url(wanted.target_url)
    if wanted.owner == wanted.approver:
        raise OnePerson("--person and --approver are the same; it takes two to approve anything")


@contextmanager
def _alone(data: DataFolder) -> Iterator[None]:
    """Wait for another `awgp init` on this folder to be over."""
    descriptor = os.open(data.root / "init.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _tenant(data: DataFolder, wanted: Wanted) -> UUID:
    """Find the tenant, or add it and before it the holding; the tables' owner does this alone."""
    there = all_tenants(data, {})
    for each in there:
        if each.slug == wanted.tenant and (each.kind == "holding" or each.closed):
            what = "the holding" if each.kind == "holding" else "closed"
            raise TenantUnfit(f"{each.slug} is {what}; choose another with --tenant")
        if each.slug == wanted.tenant:
            return each.tenant_id
    if wanted.tenant == HOLDING[0]:
        raise TenantUnfit(f"{HOLDING[0]} is the holding's name; choose another with --tenant")
    with setting_up(data, "awgp_owner", {}) as outbox:
        if not any(each.kind == "holding" and not each.closed for each in there):
            slug, name = HOLDING
            add_tenant(outbox, slug=slug, name=name, kind="holding", actor=operator())
        return add_tenant(outbox, slug=wanted.tenant, name=wanted.tenant_name, actor=operator())


def _set_up_before(outbox: Outbox, tenant_id: UUID) -> SetUpBefore | None:
    with outbox.work(tenant_id) as work:
        if not work.execute(_ANYTHING).scalar_one():
            return None
        assistants = work.execute("SELECT name FROM assistants WHERE active ORDER BY name")
        sources = work.execute("SELECT name FROM sources WHERE removed_at IS NULL ORDER BY name")
        return SetUpBefore(
            tenant_id=tenant_id,
            assistants=tuple(assistants.scalars()),
            sources=tuple(sources.scalars()),
        )
