"""Writing policies and approval rules in the browser."""

import re
from typing import Final

from playwright.sync_api import expect

from tests.e2e.browser.conftest import Visit
from tests.e2e.browser.visitor import Visitor

WRONG: Final = """@id("first")
permit (principal, action, resource)
when { context.cents > 5 };
"""
RIGHT: Final = """@id("first")
@hold("two-people")
permit (principal, action, resource);
"""
# The editor's own styles are there though the content policy lets no <style> be.
STYLED: Final = """(node) => getComputedStyle(node).display === 'flex'
  && document.querySelectorAll('style').length === 0"""


def test_a_policy_says_what_is_wrong_where_it_is_wrong_while_it_is_written(visit: Visit) -> None:
    cleo = visit("cleo")
    cleo.open("/t/acme/policies/edit", "New policy version")
    page, editor = cleo.page, cleo.page.get_by_role("textbox", name="Cedar policies")
    expect(editor).to_have_attribute("aria-invalid", "false")
    assert page.locator(".cm-editor").evaluate(STYLED)

    editor.fill(WRONG)
    marked = page.locator(".cm-lintRange-error")
    expect(marked.first).to_be_visible()
    expect(page.locator(".cm-lint-marker-error")).to_have_count(1)
    expect(editor).to_have_attribute("aria-invalid", "true")
    page.get_by_role("button", name=re.compile("^Line 3")).first.click()
    expect(editor).to_be_focused()
    page.keyboard.press("F8")
    expect(page.locator(".cm-diagnostic")).to_contain_text("cents")
    page.keyboard.press("Escape")
    expect(page.locator(".cm-diagnostic")).to_have_count(0)
    page.keyboard.press("Tab")
    expect(editor).not_to_be_focused()

    # As a person does: the editor gives what it had selected back to whoever comes into it anew.
    editor.focus()
    expect(page.locator(".cm-editor.cm-focused")).to_be_visible()
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.insert_text(RIGHT)
    expect(page.get_by_text("It would be accepted: 1 policies")).to_be_visible()
    expect(marked).to_have_count(0)
    page.get_by_role("button", name="Save as a new version").click()
    expect(page.get_by_role("heading", name="Policy version", level=1)).to_be_visible()


def test_a_rule_is_written_in_a_form_which_says_at_the_field_what_the_server_refuses(
    visit: Visit,
) -> None:
    cleo = visit("cleo")
    cleo.expects("status of 422")
    cleo.open("/t/acme/policies?tab=rules", "Policies")
    page = cleo.page
    page.get_by_role("button", name="Add a rule").click()
    page.get_by_label("Name").fill("month-end")
    page.get_by_label("Stage 1: people").fill("2")
    page.get_by_role("button", name="Add a stage").click()
    second = page.get_by_label("Stage 2: of these groups")
    second.fill("cfo!")
    save(cleo)
    expect(second).to_be_focused()
    expect(second).to_have_attribute("aria-invalid", "true")
    expect(second).to_have_accessible_description(re.compile("a group is letters"))

    second.fill("cfo, board")
    page.get_by_label("Once approved, it must start within", exact=True).fill("30")
    page.get_by_label("Once approved, it must start within: unit").select_option("minutes")
    page.get_by_role("tab", name="JSON").click()
    written = page.get_by_label("Rule", exact=True)
    expect(written).to_have_value(re.compile('"execution_expires_in_seconds": 1800'))
    written.fill(written.input_value().replace('"optional"', '"required"'))
    page.get_by_role("tab", name="Form").click()
    expect(page.get_by_label("A reason with each vote")).to_have_value("required")
    save(cleo)
    rule = page.get_by_role("region", name="month-end")
    expect(rule).to_contain_text("Then one person of cfo or board.")

    status, kept = cleo.call("GET", "/v1/approval-rules/month-end")
    assert status == 200
    assert kept["rule"]["stages"] == [{"quorum": 1, "groups": ["cfo", "board"]}]
    assert (kept["rule"]["quorum"], kept["rule"]["reason"]) == (2, "required")


def save(visitor: Visitor) -> None:
    visitor.page.get_by_role("dialog").get_by_role("button", name="Add the rule").click()
