"""What the web says of who is there."""

from collections.abc import Mapping
from typing import Any

import httpx

from tests.e2e.provider_pages import Visitor


def me(web: str, token: str) -> Mapping[str, Any]:
    """What it knows of a token's bearer."""
    answer = httpx.get(f"{web}/v1/me", headers={"Authorization": f"Bearer {token}"}, timeout=60)
    assert answer.status_code == httpx.codes.OK, answer.text
    found: dict[str, Any] = answer.json()
    return found


def tenants(shown: Mapping[str, Any]) -> dict[str, set[str]]:
    return {each["tenant"]: set(each["roles"]) for each in shown["tenants"]}


def said_of(web: str, visitor: Visitor) -> dict[str, Any]:
    """What it knows of who sits at this browser."""
    answer = visitor.web.get(f"{web}/v1/me")
    found: dict[str, Any] = answer.json()
    return found | {"answered": answer.status_code}
