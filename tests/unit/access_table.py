"""Who may do what at the control plane, asked of its guard: docs/reference/access.md.

    python -m tests.unit.access_table

writes the page anew. Every route is asked for by every kind of caller, in their own tenant and in
another; what stands behind a route is taken away first, so that only the guard answers. No server
is needed: who a tenant is and who visits it is told by a fake.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from flask import Flask
from werkzeug.routing import Rule

from pipeline.identity import Identity, TenantForbidden
from tests.integration.control_plane import SETTINGS, machine, person, token, verifier
from web.access import Entered, current_doors, hang
from web.app import create_app
from web.session_guard import SAFE_METHODS

PAGE: Final = Path(__file__).parents[2] / "docs" / "reference" / "access.md"
TENANTS: Final = {"acme": UUID(int=1), "globex": UUID(int=2)}
VISITED: Final = {("holding-vera", "acme")}

OPERATOR: Final = ["acme-operators"]
# Nobody is an approver, an auditor or may break the glass alone: they belong to the tenant first.
CALLERS: Final = {
    "nobody": None,
    "operator": token("acme-ada", groups=OPERATOR, roles=[]),
    "approver": person("acme", "ben"),
    "auditor": token("acme-otto", groups=OPERATOR, roles=["auditor"]),
    "break-glass": token("acme-gwen", groups=OPERATOR, roles=["break-glass"]),
    "admin": token("acme-cleo", groups=["acme-admins"], roles=[]),
    "machine": machine("acme"),
    "holding": token("holding-hana", groups=["holding-admins"], roles=[]),
    "visiting": token("holding-vera", groups=["holding-admins"], roles=[]),
}
# What a refusal is called in the table; any other slug stands for itself.
SHORT: Final = {
    "bearer-invalid": "sign in",
    "role-missing": "role",
    "person-needed": "person",
    "tenant-forbidden": "tenant",
}
OF_THE_HOLDING: Final = ("holding", "visiting")
# Parts of an address; the first that a route takes is used.
SAMPLES: Final = (str(UUID(int=0)), "1", f"sha256:{'0' * 64}", "0" * 64, "x", "policy")

HEADING: Final = "\n## Every endpoint\n"


def make_app() -> Flask:
    """The control plane with a guard, and nothing behind it."""
    app = create_app(SETTINGS_WITHOUT_SERVERS, verifier=verifier())
    with app.app_context():
        hang(app, replace(current_doors(), enter=enter))
    for name in app.view_functions:
        app.view_functions[name] = let_in
    return app


def enter(identity: Identity, slug: str) -> Entered:
    if slug not in TENANTS:
        raise TenantForbidden("there is no such tenant")
    return Entered(tenant_id=TENANTS[slug], visiting=(identity.subject, slug) in VISITED)


def let_in(**_: Any) -> tuple[str, int]:
    return "", 204


def routes(app: Flask) -> Iterator[tuple[str, Rule]]:
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield method, rule


def answer(app: Flask, method: str, rule: Rule, caller: str, tenant: str) -> str:
    """What one caller is told in one tenant."""
    bearer = CALLERS[caller]
    headers = {"AWGP-Tenant": tenant} | (
        {} if bearer is None else {"Authorization": f"Bearer {bearer}"}
    )
    got = app.test_client().open(path_of(rule, tenant), method=method, headers=headers)
    if got.status_code == 204:
        return "yes"
    slug: str = got.get_json()["type"].rpartition(":")[2]
    return SHORT.get(slug, slug)


def path_of(rule: Rule, tenant: str) -> str:
    values = {
        name: next(each for each in SAMPLES if re.fullmatch(converter.regex, each))
        for name, converter in sorted(rule._converters.items())
    }
    if "tenant" in values:
        values["tenant"] = tenant
    built = rule.build(values, append_unknown=False)
    assert built is not None, rule.rule
    return built[1]


def answers(app: Flask) -> dict[tuple[str, str], dict[str, str]]:
    """Every route's answers: by caller in the own tenant, and one for all in another's."""
    found = {}
    for method, rule in routes(app):
        own = {caller: answer(app, method, rule, caller, "acme") for caller in CALLERS}
        elsewhere = {
            answer(app, method, rule, caller, "globex")
            for caller in CALLERS
            if caller not in {"nobody", *OF_THE_HOLDING}
        }
        found[method, readable(rule)] = own | {"of others": ", ".join(sorted(elsewhere))}
    return found


def readable(rule: Rule) -> str:
    """A rule as the HTTP reference writes it: `/v1/runs/{run_id}`."""
    return "".join(f"{{{part}}}" if dynamic else part for dynamic, part in rule._trace).lstrip("|")


def page(app: Flask) -> str:
    """The page as it should be: its words are kept, its table is made."""
    words = PAGE.read_text(encoding="utf-8").partition(HEADING)[0]
    columns = [*CALLERS, "of others"]
    lines = [words + HEADING]
    lines += [f"| endpoint | {' | '.join(columns)} |", f"| --- |{' --- |' * len(columns)}"]
    for (method, path), got in sorted(answers(app).items(), key=lambda each: each[0][::-1]):
        cells = " | ".join(got[column] for column in columns)
        lines.append(f"| `{method} {path}` | {cells} |")
    return "\n".join(lines) + "\n"


def changes_something(method: str) -> bool:
    return method not in SAFE_METHODS


# No connection is made: the guard never asks the database here, and nothing is behind it.
SETTINGS_WITHOUT_SERVERS: Final = replace(
    SETTINGS,
    database_url="postgresql://awgp_web@127.0.0.1:1/awgp",
    holding_password="none",
)

if __name__ == "__main__":
    PAGE.write_text(page(make_app()), encoding="utf-8")
    print(f"wrote {PAGE}")
