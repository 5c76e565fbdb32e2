"""Roles and voting groups: what a token makes of someone in one tenant."""

import pytest
from flask import Flask

from pipeline.identity import Identity
from web.access import (
    ANYONE,
    AccessUndeclared,
    Role,
    declarations,
    declare,
    roles_in,
    voting_groups,
)


def someone(*groups: str, roles: tuple[str, ...] = (), tenant: str | None = None) -> Identity:
    return Identity(
        issuer="https://login.example",
        subject="1",
        kind="client" if tenant else "human",
        groups=groups,
        roles=roles,
        tenant=tenant,
    )


def test_a_realms_role_counts_only_where_its_bearer_belongs() -> None:
    ben = someone("acme-operators", roles=("approver", "auditor", "offline_access"))
    assert roles_in(ben, "acme") == {Role.OPERATOR, Role.APPROVER, Role.AUDITOR}
    assert roles_in(ben, "globex") == frozenset()
    assert roles_in(someone(roles=("approver",)), "acme") == frozenset()
    assert roles_in(someone("acme-admins"), "acme") == {Role.ADMIN}
    assert roles_in(someone(tenant="acme"), "acme") == {Role.OPERATOR}


def test_a_rule_may_ask_for_a_group_by_its_short_name_its_full_name_or_a_role() -> None:
    groups = voting_groups(someone("acme-operators", "acme-finance", roles=("approver",)), "acme")
    assert groups == {"acme-operators", "operators", "acme-finance", "finance", "approver"}


def test_another_tenants_groups_neither_count_nor_are_told() -> None:
    both = someone("acme-operators", "globex-admins", "globex-finance", "holding-admins")
    assert voting_groups(both, "acme") == {"acme-operators", "operators", "holding-admins"}


@pytest.mark.parametrize(
    ("slug", "expected"),
    [
        ("acme", {"acme-operators", "operators"}),
        ("acme-eu", {"acme-eu-operators", "operators", "acme-eu-finance", "finance"}),
    ],
)
def test_a_slug_that_begins_with_another_keeps_its_groups(slug: str, expected: set[str]) -> None:
    both = someone("acme-operators", "acme-eu-operators", "acme-eu-finance")
    assert voting_groups(both, slug) == expected


def test_what_is_declared_is_found_and_what_is_not_stops_the_start() -> None:
    app = Flask("some", static_folder=None)
    app.add_url_rule("/said", "said", declare(ANYONE)(lambda: ""))
    assert declarations(app, {}) == {"said": ANYONE}
    app.add_url_rule("/unsaid", "unsaid", lambda: "")
    with pytest.raises(AccessUndeclared, match="unsaid"):
        declarations(app, {})
