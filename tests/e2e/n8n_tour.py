"""The pictures of docs/tutorials/awgp-and-n8n.md, taken anew on the real canvas: `make tour-n8n`.

No test by name, so that no run of the tests changes the documents.
"""

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Page, ViewportSize, expect, sync_playwright

from ops.demo.stage import prepare_parts, running_demo
from ops.embedded.n8n import OWNER
from ops.guests import n8n_guest
from ops.install_chromium import CHROMIUM
from tests.e2e.browser.visitor import LAUNCH_ARGUMENTS
from tests.e2e.n8n_owner import read_flow, sign_in
from tests.e2e.n8n_stage import N8nStage, open_desk, set_up
from tests.integration.processes import wait_until

PICTURES: Final = Path(__file__).parents[2] / "docs" / "tutorials" / "pictures" / "n8n"
SIZE: Final = ViewportSize(width=1180, height=680)
PATIENCE_MS: Final = 60_000
MOST_BYTES: Final = 700_000

pytestmark = pytest.mark.timeout(900)


@pytest.fixture
def n8n() -> Iterator[N8nStage]:
    """Everything runs, N8N with its canvas beside it."""
    digest = prepare_parts(print)
    guest = n8n_guest(canvas=True, progress=print)
    with (
        open_desk() as desk,
        running_demo(digest, lambda _name, _seconds: None, guests=[guest]) as stage,
    ):
        found = N8nStage(stage=stage, owner=sign_in(stage.data), desk=desk)
        with closing(found.owner.browser):
            set_up(found)
            yield found


@pytest.fixture
def canvas(n8n: N8nStage) -> Iterator[Page]:
    """The owner's browser."""
    with sync_playwright() as playwright:
        playwright.selectors.set_test_id_attribute("data-test-id")  # as N8N spells it
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=list(LAUNCH_ARGUMENTS)
        )
        page = browser.new_page(base_url=n8n.owner.url, viewport=SIZE, reduced_motion="reduce")
        page.set_default_timeout(PATIENCE_MS)
        page.goto("/signin")
        page.locator('input[name="emailOrLdapLoginId"]').fill(OWNER)
        page.locator('input[name="password"]').fill(n8n.stage.data.secret("n8n-owner"))
        page.get_by_role("button", name="Sign in").click()
        expect(page).not_to_have_url(re.compile("/signin"), timeout=PATIENCE_MS)
        yield page
        browser.close()


def test_the_tutorials_pictures(n8n: N8nStage, canvas: Page) -> None:
    PICTURES.mkdir(exist_ok=True)
    run = n8n.call("submit", n8n.invoice("RE-2042"))["run"]
    n8n.approve(run)
    wait_until(lambda: n8n.desk.of("/outcome", run=run), "the flow to tell the outcome")
    shipped = {name: as_shipped(n8n, name) for name in ("submit-and-wait", "take-a-result-once")}
    for name, flow in shipped.items():
        show_flow(canvas, f"/workflow/{flow}", name)
    show_node(canvas, "A result comes", "trigger")
    show_flow(canvas, f"/workflow/{shipped['submit-and-wait']}", "submit-and-wait")
    show_node(canvas, "Submit", "submit")
    show_credential(canvas, "Submit")
    show_execution(n8n, canvas)
    show_table(canvas)
    assert sum(each.stat().st_size for each in PICTURES.glob("*.png")) < MOST_BYTES


def as_shipped(n8n: N8nStage, name: str) -> str:
    """Import a flow as its file has it, beside the one these tests changed a little."""
    flow = read_flow(name)
    flow.told.pop("id")
    for node in flow.told["nodes"]:
        for kind, known in node.get("credentials", {}).items():
            known["id"] = n8n.owner.credentials[kind]
    made: str = n8n.owner.call("POST", "/workflows", flow.told)["id"]
    return made


def show_flow(canvas: Page, address: str, name: str) -> None:
    canvas.goto(address)
    expect(canvas.get_by_test_id("canvas-node").first).to_be_visible(timeout=PATIENCE_MS)
    fit(canvas)
    picture(canvas, name)


def show_node(canvas: Page, node: str, name: str) -> None:
    """A node's panel, opened as a person does."""
    canvas.get_by_test_id("canvas-node").filter(has_text=node).first.dblclick()
    expect(canvas.get_by_test_id("parameter-input").first).to_be_visible(timeout=PATIENCE_MS)
    picture(canvas, name)
    canvas.keyboard.press("Escape")


def show_credential(canvas: Page, node: str) -> None:
    canvas.get_by_test_id("canvas-node").filter(has_text=node).first.dblclick()
    canvas.get_by_test_id("credential-edit-button").click()
    token_url = canvas.get_by_test_id("parameter-input-accessTokenUrl")
    expect(token_url).to_be_visible(timeout=PATIENCE_MS)
    picture(canvas, "credential")


def show_table(canvas: Page) -> None:
    canvas.goto("/home/datatables")
    canvas.get_by_text("awgp_taken").first.click()
    expect(canvas.get_by_text("done").first).to_be_visible(timeout=PATIENCE_MS)
    picture(canvas, "taken")


def show_execution(n8n: N8nStage, canvas: Page) -> None:
    """What a run of the flow looks like afterwards."""
    canvas.goto(f"/workflow/{n8n.flows['take'].told['id']}/executions")
    expect(canvas.get_by_text("Succeeded in").last).to_be_visible(timeout=PATIENCE_MS)
    expect(canvas.get_by_test_id("canvas-node").first).to_be_visible(timeout=PATIENCE_MS)
    canvas.keyboard.press("Escape")  # N8N's checklist, which comes by itself
    picture(canvas, "execution")


def fit(canvas: Page) -> None:
    canvas.get_by_test_id("zoom-to-fit").click()


def picture(canvas: Page, name: str) -> None:
    canvas.wait_for_load_state("networkidle")
    canvas.screenshot(path=PICTURES / f"{name}.png", animations="disabled")
