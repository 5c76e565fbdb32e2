"""The policy a first tenant starts under: small amounts run, a person sees the rest.

It is a start to change (docs/how-to/write-a-policy.md), and says why it decides as it does.
"""

from typing import Any, Final

from pipeline.approval import Reason, Rule

SOURCE: Final = "inbox"
RULE: Final = "second-person"
SMALL_CENTS: Final = 10_000
"""Up to this nobody is asked: 100.00."""

FIELDS: Final = {"amount_cents": {"pointer": "/amount_cents", "type": "long"}}

_SET: Final = """\
// Small amounts run by themselves, everything else waits for a second person.
@id("small-amounts")
@auto("up to 100.00 and sent by the source inbox")
permit (
  principal == Source::"inbox",
  action == Action::"run",
  resource in Tenant::"tenant-slug"
) when {
  context.payload has amount_cents &&
  context.payload.amount_cents >= 0 && context.payload.amount_cents <= 10000
};

@id("everything-else")
@hold("second-person")
@description("Larger amounts, none at all, requests by people and by other sources.")
permit (
  principal,
  action == Action::"run",
  resource in Tenant::"tenant-slug"
) unless {
  principal == Source::"inbox" && context.payload has amount_cents &&
  context.payload.amount_cents >= 0 && context.payload.amount_cents <= 10000
};
"""


def first_rule() -> Rule:
    """Return the rule larger amounts wait under: one approver, a day, an hour to launch."""
    return Rule(
        name=RULE,
        version=1,
        quorum=1,
        groups=("approver",),
        reason=Reason.OPTIONAL,
        expires_in_seconds=24 * 3600,
        execution_expires_in_seconds=3600,
    )


def first_policy(tenant: str) -> str:
    """Return the set for a tenant's assistants, as Cedar source; `tenant` is its slug."""
    return _SET.replace("tenant-slug", tenant)


def first_tests(tenant: str, assistant: str) -> list[dict[str, Any]]:
    """Return what the set is kept by: its own tests, run whenever it is added anew."""
    held = {"verdict": "hold", "rules": [RULE]}
    cases: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
        ("a small amount passes", {"amount_cents": SMALL_CENTS}, {"verdict": "auto"}),
        ("a larger one is held", {"amount_cents": SMALL_CENTS + 1}, held),
        ("a negative one is held", {"amount_cents": -1}, held),
        ("none at all is held", {}, held),
    ]
    return [
        {
            "name": name,
            "request": {
                "principal": {"type": "Source", "id": SOURCE},
                "assistant": {"tenant": tenant, "name": assistant, "version": 1},
                "payload": payload,
                "received_at": "2026-11-23T09:00:00Z",
                "origin": "webhook",
            },
            "expect": expected,
        }
        for name, payload, expected in cases
    ]
