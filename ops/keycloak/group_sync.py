"""Which groups a realm should have for the tenants there are, and how it gets there.

Each open tenant has `<slug>-admins` and `<slug>-operators`; the holding has `holding-admins`. A
closed tenant keeps the groups it has, for its people still read what it did. A group of a tenant
nobody knows is told of; only one that bears our mark is ever removed, and only when asked to.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from ops.keycloak.realm import Group
from pipeline.identity import HOLDING_ADMINS

KINDS: Final = ("admins", "operators")
_LOOKS_LIKE_A_TENANTS: Final = re.compile(r"[a-z][a-z0-9-]{1,38}-(?:admins|operators)")


class Groups(Protocol):
    """A realm's groups."""

    def groups(self) -> Iterable[Group]: ...

    def add_group(self, name: str) -> bool: ...

    def remove_group(self, group: Group) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What differs.

    Attributes:
        surplus: Ours, of tenants that are not there: what --prune removes.
        foreign: Named like a tenant's, of no tenant, made by someone else: left alone.
    """

    missing: tuple[str, ...]
    surplus: tuple[Group, ...]
    foreign: tuple[str, ...]


def plan_groups(tenants: Mapping[str, bool], there: Iterable[Group]) -> Plan:
    """Compare.

    Args:
        tenants: Whether each is open, by slug.
    """
    found = {each.name: each for each in there}
    wanted = {HOLDING_ADMINS, *_names(slug for slug, open_ in tenants.items() if open_)}
    known = {HOLDING_ADMINS, *_names(tenants)}
    others = [found[name] for name in sorted(found.keys() - known)]
    return Plan(
        missing=tuple(sorted(wanted - found.keys())),
        surplus=tuple(each for each in others if each.ours),
        foreign=tuple(
            each.name
            for each in others
            if not each.ours and _LOOKS_LIKE_A_TENANTS.fullmatch(each.name)
        ),
    )


def carry_out(plan: Plan, realm: Groups, *, prune: bool) -> tuple[list[str], list[str]]:
    """Make what is missing and, where asked to, remove what is ours and surplus.

    Returns:
        The names of what this call made and of what it removed.
    """
    made = [name for name in plan.missing if realm.add_group(name)]
    gone = [each.name for each in plan.surplus if prune and realm.remove_group(each)]
    return made, gone


def _names(slugs: Iterable[str]) -> set[str]:
    return {f"{slug}-{kind}" for slug in slugs for kind in KINDS}
