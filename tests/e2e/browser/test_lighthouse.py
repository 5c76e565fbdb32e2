"""Every page, as Lighthouse judges it: accessibility and best practices, without a fault."""

import json
from pathlib import Path
from typing import Any, Final

import pytest

from ops.install_chromium import CHROMIUM
from ops.node_packages import NodeUnavailable, install_packages, run_node
from tests.conftest import missing
from tests.e2e.browser.addresses import address, pages
from tests.e2e.browser.conftest import OUTPUT, Visit
from tests.e2e.browser.visitor import LAUNCH_ARGUMENTS

HERE: Final = Path(__file__).parent / "lighthouse"
# On a phone too: what one decides there.
ON_A_PHONE: Final = ("inbox", "approvals/$approval", "runs", "runs/$run", "policies/edit")
WANTED: Final = {"accessibility": 1, "best-practices": 1}


@pytest.mark.lighthouse
@pytest.mark.timeout(3600)  # on a busy machine a page takes half a minute
def test_lighthouse_finds_nothing_wrong_with_any_page(
    visit: Visit, seen: dict[str, str], tmp_path: Path
) -> None:
    try:
        modules = install_packages("lighthouse", HERE)
    except NodeUnavailable as error:
        missing(f"Lighthouse ({error})")
    cleo = visit("cleo")
    routes = [each for each in pages() if each != "tenants"]  # the holding's alone
    asked = [(each, False) for each in routes] + [(each, True) for each in ON_A_PHONE]
    job = {
        "browser": str(CHROMIUM),
        "arguments": LAUNCH_ARGUMENTS,
        "cookies": [_cookie(dict(each)) for each in cleo.context.cookies()],
        "pages": [
            {"url": f"{cleo.world.web}{address(route, seen)}", "phone": phone}
            for route, phone in asked
        ],
    }
    (tmp_path / "job.json").write_text(json.dumps(job), encoding="utf-8")
    found = json.loads(
        run_node((str(HERE / "judge.mjs"), str(modules), str(tmp_path / "job.json")), tmp_path)
    )
    OUTPUT.mkdir(exist_ok=True)
    (OUTPUT / "lighthouse.json").write_text(json.dumps(found, indent=1), encoding="utf-8")
    assert len(found) == len(asked)
    wrong = [each for each in found if each["scores"] != WANTED or each["failed"]]
    assert not wrong, json.dumps(wrong, indent=1)


def _cookie(kept: dict[str, Any]) -> dict[str, Any]:
    """As Puppeteer takes what Playwright gives."""
    names = ("name", "value", "domain", "path", "httpOnly", "secure", "sameSite")
    return {name: kept[name] for name in names}
