"""`python -m ops.bench lists`: how long lists take with a million runs and ten thousand open holds.

The product's own app answers, in this process: what is timed is all it does from the request to
the answer's bytes, without a network, and what of that was this process's own processor time, which
other work on the machine does not add to. Rounds go through all endpoints and all tenants in turn.
Beside them stand a request that only checks the token, and one row read by its key. At the end the
database is asked how it found the rows: by index, or the bench fails.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any, Final

import click
import httpx
from dramatiq.brokers.stub import StubBroker
from flask import Flask
from joserfc import jwt
from joserfc.jwk import RSAKey
from rich.console import Console
from sqlalchemy import Engine, text

from ops.bench.lists_world import ISSUER, RARE, ListTenant, furnish
from ops.bench.report import percentile, print_report, read_settings
from ops.bench.servers import BenchServers, throwaway_servers
from ops.bench.trunk_rounds import BenchFailed
from ops.database import admin_engine
from ops.embedded.postgres import login_url
from pipeline.approval_list import Asked, Sort
from pipeline.approval_list import statement_for as approvals_statement
from pipeline.approval_position import Viewer
from pipeline.bearer import BearerVerifier
from pipeline.database import database_url, make_engine, tenant_transaction
from pipeline.outbox import Outbox
from pipeline.run_list import Wanted
from pipeline.run_list import statement_for as runs_statement
from pipeline.settings import Settings
from web.app import create_app

LIMIT_MS: Final = 200.0
WARM_UPS: Final = 3
DEEP: Final = 20
"""Pages that are turned before the deep one is timed."""

# Nothing listens there: who comes with a token needs neither the provider nor sessions.
SETTINGS: Final = Settings(
    kek="bench:QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVowMTIzNDU=",
    oidc_issuer=ISSUER,
    oidc_client_id="awgp",
    oidc_client_secret="not asked for",  # noqa: S106  # it is not
    public_url="http://localhost",
    session_key="k" * 43,
    redis_url="redis://127.0.0.1:1",
)

Tenants = list[ListTenant]
# Endpoint -> its address, of a tenant's own ids.
ENDPOINTS: Final[Mapping[str, str]] = {
    "inbox": "/v1/approvals?for=me",
    "inbox, deep": "/v1/approvals?for=me&cursor={inbox_cursor}",
    "inbox, a source": "/v1/approvals?for=me&source={source}",
    "count": "/v1/approvals/count",
    "approvals": "/v1/approvals",
    "approvals, decided": "/v1/approvals?status=approved&status=rejected",
    "approvals, an assistant": "/v1/approvals?status=approved&assistant=booker-1",
    "approvals, nothing found": "/v1/approvals?status=approved&rule=never",
    "approval": "/v1/approvals/{approval}",
    "runs": "/v1/runs",
    "runs, deep": "/v1/runs?cursor={run_cursor}",
    "runs, a status": "/v1/runs?status=failed",
    "runs, five statuses": "/v1/runs?status=failed&status=held&status=denied&status=expired"
    "&status=rejected",
    "runs, an assistant": "/v1/runs?assistant=booker-2",
    "runs, a rare one": f"/v1/runs?assistant={RARE}",
    "runs, a source": "/v1/runs?source={source}",
    "runs, a requester": "/v1/runs?requester={person}",
    "runs, dead letters": "/v1/runs?has_dead_letter=true",
    "runs, a prefix": "/v1/runs?q={prefix}",
    "runs, several filters": "/v1/runs?status=failed&assistant=booker-3&source={source}",
    "run": "/v1/runs/{run}",
}
BASELINE: Final = "token alone"
ONE_ROW: Final = "one row"


@click.command("lists")
@click.option("--runs", default=1_000_000, show_default=True, help="Runs in all.")
@click.option("--held", default=10_000, show_default=True, help="Open approvals in all.")
@click.option("--tenants", default=50, show_default=True)
@click.option("--rounds", default=100, show_default=True, help="Requests of each kind.")
def command(runs: int, held: int, tenants: int, rounds: int) -> None:
    """Measure how long lists take in a large database.

    \b
    Examples:
      python -m ops.bench lists
      python -m ops.bench lists --runs 100000 --held 1000 --rounds 20
    """
    if min(runs, held, tenants, rounds) <= 0:
        raise click.UsageError("every option takes a number above 0")
    with throwaway_servers() as servers:
        console = Console(stderr=True)
        console.print(f"loading {runs:,} runs and {held:,} open approvals", highlight=False)
        admin = admin_engine(database_url(servers.postgres.url).render_as_string(False))
        made = furnish(servers.data, admin, tenants=tenants, runs=runs, held=held)
        admin.dispose()
        with _engine(servers, "awgp_web") as web, _engine(servers, "awgp_holding") as holding:
            times, processor = _measure(web, holding, made, rounds)
            scans = look_at_plans(web, made[0])
            if scans:
                raise BenchFailed(f"tables were read whole: {scans}")
            _print(times, processor, web, runs=runs, held=held, tenants=tenants)


@contextmanager
def _engine(servers: BenchServers, login: str) -> Iterator[Engine]:
    engine = make_engine(database_url(login_url(servers.data, login)))
    try:
        yield engine
    finally:
        engine.dispose()


def _measure(
    web: Engine, holding: Engine, tenants: Tenants, rounds: int
) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Milliseconds by the clock, and of this process's own processor time."""
    key = RSAKey.generate_key(2048, {"kid": "bench", "use": "sig"})
    app = create_app(
        SETTINGS,
        engine=web,
        holding=holding,
        broker=StubBroker(middleware=[]),
        verifier=_verifier(key),
    )
    visits = [_Visit(app, key, each) for each in tenants]
    for visit in visits[:WARM_UPS]:
        for name in ENDPOINTS:
            visit.ask(name)
    processor: dict[str, list[float]] = {name: [] for name in (*ENDPOINTS, BASELINE, ONE_ROW)}
    times: dict[str, list[float]] = {name: [] for name in processor}
    outbox = Outbox(web, StubBroker(middleware=[]))
    for number in range(rounds):
        visit = visits[number % len(visits)]
        asked: dict[str, Callable[[], object]] = {
            **{name: partial(visit.ask, name) for name in ENDPOINTS},
            BASELINE: partial(visit.get, "/v1/me"),
            ONE_ROW: partial(_one_row, outbox, visit.tenant),
        }
        for name, do in asked.items():
            used = time.process_time()
            times[name].append(_timed(do))
            processor[name].append((time.process_time() - used) * 1000)
    return times, processor


def _one_row(outbox: Outbox, tenant: ListTenant) -> None:
    with outbox.work(tenant.tenant_id) as work:
        work.execute("SELECT * FROM runs WHERE run_id = :run", run=tenant.model).one()


def _timed(do: Callable[[], object]) -> float:
    began = time.perf_counter()
    do()
    return (time.perf_counter() - began) * 1000


class _Visit:
    """An approver of one tenant, with what its addresses name."""

    def __init__(self, app: Flask, key: RSAKey, tenant: ListTenant) -> None:
        self.tenant = tenant
        self._client = app.test_client()
        self._headers = {"Authorization": f"Bearer {_token(key, tenant.slug)}"}
        inbox, inbox_cursor = self._turned("/v1/approvals?for=me&limit=5")
        runs, run_cursor = self._turned("/v1/runs?limit=100")
        self._ids = {
            "source": tenant.source_id,
            "person": tenant.person_id,
            "approval": inbox[0]["id"],
            "run": runs[0]["id"],
            "prefix": runs[0]["id"][:10],
            "inbox_cursor": inbox_cursor,
            "run_cursor": run_cursor,
        }

    def ask(self, name: str) -> Any:
        return self.get(ENDPOINTS[name].format(**self._ids))

    def get(self, path: str) -> Any:
        """Raises: BenchFailed."""
        answer = self._client.get(path, headers=self._headers)
        if answer.status_code != 200:
            raise BenchFailed(f"{path} answered {answer.status_code}: {answer.text[:200]}")
        return json.loads(answer.data)

    def _turned(self, path: str) -> tuple[list[dict[str, Any]], str]:
        """The first page, and the cursor DEEP pages on or as far as they go."""
        page = first = self.get(path)
        cursor = str(first["next"])
        for _ in range(DEEP):
            page = self.get(f"{path}&cursor={cursor}")
            if page["next"] is None:
                break
            cursor = str(page["next"])
        return first["items"], cursor


def _token(key: RSAKey, slug: str) -> str:
    claims = {
        "iss": ISSUER,
        "aud": "awgp",
        "sub": f"{slug}-pia",
        "name": "Pia",
        "azp": "awgp-cli",
        "exp": int(time.time()) + 7200,
        "groups": [f"{slug}-operators"],
        "realm_access": {"roles": ["approver"]},
    }
    return jwt.encode({"alg": "RS256", "kid": "bench", "typ": "at+jwt"}, claims, key)


def _verifier(key: RSAKey) -> BearerVerifier:
    """An issuer on no network."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/openid-configuration"):
            return httpx.Response(200, json={"issuer": ISSUER, "jwks_uri": f"{ISSUER}/jwks"})
        return httpx.Response(200, json={"keys": [key.as_dict(private=False)]})

    http = httpx.Client(transport=httpx.MockTransport(answer))
    return BearerVerifier(ISSUER, "awgp", http=http)


def look_at_plans(web: Engine, tenant: ListTenant) -> list[str]:
    """Which of the large tables the lists' statements read whole."""
    viewer = Viewer(person_id=tenant.person_id, groups=frozenset({"approver"}), is_person=True)
    asked = [
        approvals_statement(tenant.tenant_id, viewer, Asked(for_viewer=True, sort=Sort.EXPIRES)),
        approvals_statement(tenant.tenant_id, viewer, Asked(statuses=("approved", "open"))),
        approvals_statement(tenant.tenant_id, viewer, Asked(assistant="booker-1")),
        *(
            each
            for wanted in (
                Wanted(),
                Wanted(statuses=("failed", "held")),
                Wanted(assistant=RARE),
                Wanted(source_id=tenant.source_id),
                Wanted(requester_person_id=tenant.person_id),
                Wanted(has_dead_letter=True),
            )
            if (each := runs_statement(tenant.tenant_id, wanted)) is not None
        ),
    ]
    found: list[str] = []
    with ExitStack() as stack:
        connection = stack.enter_context(tenant_transaction(web, tenant.tenant_id))
        for statement, values in asked:
            (plan,) = connection.execute(text(f"EXPLAIN (FORMAT JSON) {statement}"), values).one()
            found += [each for each in whole_scans(plan[0]["Plan"]) if each in LARGE]
    return found


LARGE: Final = frozenset({"runs", "approvals", "run_payloads", "actions", "policy_decisions"})


def whole_scans(plan: Mapping[str, Any]) -> Iterator[str]:
    """The tables a plan reads from end to end."""
    if plan["Node Type"] == "Seq Scan":
        yield str(plan["Relation Name"])
    for each in plan.get("Plans", ()):
        yield from whole_scans(each)


def _print(
    times: Mapping[str, list[float]],
    processor: Mapping[str, list[float]],
    web: Engine,
    *,
    runs: int,
    held: int,
    tenants: int,
) -> None:
    middle = {name: percentile(values, 0.5) for name, values in times.items()}
    slow = {name: percentile(values, 0.99) for name, values in times.items()}
    rows = [
        [
            name,
            f"{middle[name]:.1f}",
            f"{slow[name]:.1f}",
            f"{percentile(processor[name], 0.5):.1f}",
            f"{middle[name] / middle[ONE_ROW]:.1f}",
            "" if name not in ENDPOINTS else "yes" if slow[name] < LIMIT_MS else "NO",
        ]
        for name in times
    ]
    print_report(
        "lists",
        columns=[
            "request",
            "p50 ms",
            "p99 ms",
            "own processor ms",
            "x one row",
            f"under {LIMIT_MS:.0f} ms",
        ],
        rows=rows,
        figures={
            "runs": runs,
            "held": held,
            "tenants": tenants,
            "n": len(times[BASELINE]),
            "inbox_p50_ms": middle["inbox"],
            "inbox_p99_ms": slow["inbox"],
            "runs_p50_ms": middle["runs"],
            "runs_p99_ms": slow["runs"],
            "baseline_p50_ms": middle[BASELINE],
            "one_row_p50_ms": middle[ONE_ROW],
            "inbox_processor_ms": percentile(processor["inbox"], 0.5),
            "runs_processor_ms": percentile(processor["runs"], 0.5),
            "slowest_p99_ms": max(slow[name] for name in ENDPOINTS),
            "over_the_limit": sum(slow[name] >= LIMIT_MS for name in ENDPOINTS),
        },
        settings=read_settings(web),
    )
