"""The committed table of who may do what is what the guard answers."""

import pytest

from tests.unit.access_table import (
    CALLERS,
    OF_THE_HOLDING,
    PAGE,
    answers,
    changes_something,
    make_app,
    page,
)

# For everybody: the door itself, and what tells no tenant's business.
OPEN = {
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/v1/openapi.json"),
    ("GET", "/login"),
    ("GET", "/authorize"),
    ("GET", "/logout"),
    ("POST", "/backchannel-logout"),
    # Only redirects, and asks nobody anything.
    ("GET", "/d/{token}"),
}
# What only says who one is.
ONES_OWN = {
    ("GET", "/v1/me"),
    ("POST", "/logout"),
    ("GET", "/v1/sessions"),
    ("DELETE", "/v1/sessions"),
    ("DELETE", "/v1/sessions/{session_id}"),
    ("GET", "/v1/tenants"),
}
# A program to verify exports with, the same for all.
OF_NOBODY = {("GET", "/v1/audit/verifier")}
# The queues are the machine's, not a tenant's: the holding's people look after them.
OF_THE_MACHINE = {
    ("POST", "/v1/queues/{queue}/pause"),
    ("POST", "/v1/queues/{queue}/resume"),
    ("POST", "/v1/queues/{queue}/drain"),
    ("PUT", "/v1/queues/{queue}/scale"),
}
# So are the tenants themselves.
OF_THE_HOLDING_ITSELF = {
    ("POST", "/v1/tenants"),
    ("PUT", "/v1/tenants/{tenant}/rate"),
    ("POST", "/v1/tenants/{tenant}/close"),
}
# They read: one takes its time, the others look at what their bodies say.
READS = {
    ("POST", "/v1/audit/verify"),
    ("POST", "/v1/deliveries/replay/preview"),
    ("POST", "/v1/sources/{source_id}/mapping-tests"),
}
VISITING = {
    ("POST", "/v1/tenants/{tenant}/visits"),
    ("DELETE", "/v1/tenants/{tenant}/visits/{visit_id}"),
}

Answers = dict[tuple[str, str], dict[str, str]]


@pytest.fixture(scope="module")
def told() -> Answers:
    return answers(make_app())


def test_the_committed_table_is_what_the_guard_answers() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(make_app()), (
        "run `python -m tests.unit.access_table` and commit docs/reference/access.md"
    )


def test_nobody_gets_in_but_where_everybody_does(told: Answers) -> None:
    assert {route for route, got in told.items() if got["nobody"] != "sign in"} == OPEN


def test_nobody_gets_into_a_tenant_of_others(told: Answers) -> None:
    assert {
        route for route, got in told.items() if got["of others"] != "tenant"
    } == OPEN | ONES_OWN | OF_NOBODY | OF_THE_HOLDING_ITSELF


def test_who_looks_in_changes_nothing(told: Answers) -> None:
    changing = {
        route
        for route, got in told.items()
        if got["holding"] == "yes" and changes_something(route[0])
    }
    for_all = {route for route in OPEN | ONES_OWN if changes_something(route[0])}
    assert changing == for_all | VISITING | OF_THE_MACHINE | OF_THE_HOLDING_ITSELF | READS


def test_who_visits_can_do_no_more_than_an_admin_or_an_operator(told: Answers) -> None:
    more = {
        route
        for route, got in told.items()
        if got["visiting"] == "yes" and "yes" not in {got["admin"], got["operator"], got["holding"]}
    }
    assert more == set()


def test_every_caller_gets_one_of_the_answers_the_page_explains(told: Answers) -> None:
    for route, got in told.items():
        each = set(", ".join(got.values()).split(", "))
        assert each <= {"yes", "sign in", "role", "person", "tenant"}, route
    assert set(OF_THE_HOLDING) < set(CALLERS)
