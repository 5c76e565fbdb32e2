"""Who exists in a new development realm: people and machines of two subsidiaries and the holding.

Groups and roles are those a production realm has, so nothing in AWGP knows that they are a demo's.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A demo person; the password lies in `secrets/person-<username>`."""

    username: str
    name: str
    tenant: str
    groups: tuple[str, ...]
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A client of its own; the secret lies in `secrets/oidc-client-<client_id>`."""

    client_id: str
    name: str
    tenant: str
    groups: tuple[str, ...]


PEOPLE = (
    Person(username="ada", name="Ada Moreau", tenant="acme", groups=("acme-operators",)),
    Person(
        username="ben",
        name="Ben Okafor",
        tenant="acme",
        groups=("acme-operators",),
        roles=("approver",),
    ),
    Person(
        username="cleo",
        name="Cleo Lindqvist",
        tenant="acme",
        groups=("acme-admins",),
        roles=("approver",),
    ),
    Person(
        username="dora",
        name="Dora Petrova",
        tenant="globex",
        groups=("globex-operators",),
        roles=("approver",),
    ),
    Person(username="emil", name="Emil Tanaka", tenant="globex", groups=("globex-admins",)),
    Person(
        username="gwen",
        name="Gwen Achterberg",
        tenant="acme",
        groups=("acme-operators",),
        roles=("break-glass",),
    ),
    Person(username="hana", name="Hana Reyes", tenant="holding", groups=("holding-admins",)),
    # A role counts in the tenants one belongs to: he audits both subsidiaries.
    Person(
        username="otto",
        name="Otto Brandt",
        tenant="holding",
        groups=("acme-operators", "globex-operators"),
        roles=("auditor",),
    ),
)

MACHINES = (
    Machine(client_id="acme-erp", name="Acme ERP", tenant="acme", groups=("acme-operators",)),
    Machine(client_id="globex-ci", name="Globex CI", tenant="globex", groups=("globex-operators",)),
)
