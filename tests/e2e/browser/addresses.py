"""Every page of the web UI, and what its address holds when it is of the world of these tests."""

import re
from typing import Final

from dramatiq.brokers.stub import StubBroker

from ops.login_engine import login_engine
from ops.web_ui import FOLDER
from pipeline.ids import uuid7
from pipeline.outbox import Outbox
from tests.e2e.browser.world import Asked, BrowserWorld, lines

ROUTES: Final = FOLDER / "src" / "app" / "routes"
PATH: Final = re.compile(r"path: '([^']+)'")
# What leads on to another page, or is the frame around all of them.
NO_PAGES: Final = {"/", "/t/$tenant", "/approvals/$approval"}


def pages() -> list[str]:
    """Every page of a tenant, as the router has them."""
    files = (file.read_text("utf-8") for file in sorted(ROUTES.glob("*.tsx")))
    return [path for text in files for path in PATH.findall(text) if path not in NO_PAGES]


def address(route: str, seen: dict[str, str]) -> str:
    parts = (seen[part] if part.startswith("$") else part for part in route.split("/"))
    return "/t/acme/" + "/".join(parts)


def things_to_see(world: BrowserWorld) -> dict[str, str]:
    """What stands in the addresses of pages that show one thing: made here, or found."""
    waiting = world.ask("ada", "scribe", lines("to be looked at", "twice"))
    done = world.ask("ada", "scribe", lines("looked at"))
    ben = world.client("ben")
    assert ben.vote(done.approval, "approve", "it is what was ordered").status_code == 200
    done.ends_as("completed")
    erp = {"name": "erp", "value": "Bearer of-the-erp"}
    world.client("cleo").post(f"{world.web}/v1/credentials", erp)
    return {
        "$approval": waiting.approval_id,
        "$run": done.run,
        "$version": "2",
        "$assistant": "scribe",
        "$source": str(world.stage.demo.acme.senders["erp"].source_id),
        "$target": "ledger",
        "$rule": "two-people",
        "$bundle": first(world, "bundles", "digest"),
        "$sequence": "1",
        "$person": first(world, "persons", "id"),
        "$letter": dead_letter(world, done),
    }


def first(world: BrowserWorld, noun: str, member: str) -> str:
    found: str = world.client("cleo").get(f"{world.web}/v1/{noun}").json()["items"][0][member]
    return found


def dead_letter(world: BrowserWorld, asked: Asked) -> str:
    """Write one down, as a stage does that gave up."""
    owner = login_engine(world.data, "awgp_owner")
    found = uuid7()
    with Outbox(owner, StubBroker(middleware=[])).work(world.stage.demo.acme.tenant_id) as work:
        work.execute(
            "INSERT INTO dead_letters (tenant_id, dead_letter_id, run_id, epoch, stage, error,"
            " failures) VALUES (:tenant, :id, :run, 1, 'post_action', 'TargetDown', 5)",
            tenant=work.tenant_id,
            id=found,
            run=asked.run,
        )
    owner.dispose()
    return str(found)
