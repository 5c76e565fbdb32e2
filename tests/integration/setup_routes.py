"""Who may use each endpoint of set-up: a line a route, with what those who may are answered.

Nothing here is kept: what is asked for is not there, or not said whole.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

VERSION: Final = "<int(min=1,max=2147483647):version>"
NO_BUNDLE: Final = "sha256:" + "0" * 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """`may` is any role of the tenant, its people, people who operate, or people who administer."""

    method: str
    rule: str
    path: str
    may: str
    status: int
    body: Mapping[str, Any] | None = None

    def expected(self, who: str) -> int:
        """What a kind of caller of test_web.py is answered."""
        if who == "no token":
            return 401
        operates = who in {"other tenant", "requester", "approver", "admin"}
        may = {
            "any": operates or who == "machine",
            "people": operates,
            "operate": operates,
            "admin": who == "admin",
        }[self.may]
        return self.status if may else 403


def _route(
    line: str, may: str, status: int, body: Mapping[str, Any] | None = None, **at: str
) -> Route:
    method, rule = line.split()
    path = rule.replace(VERSION, "1")
    for name, value in at.items():
        path = path.replace(f"<name:{name}>", value).replace(f"<digest:{name}>", value)
        path = path.replace(f"<uuid:{name}>", value)
    query = at.get("query", "")
    return Route(method=method, rule=rule, path=path + query, may=may, status=status, body=body)


_ASSISTANT: Final = "/v1/assistants/<name:assistant>"
_TARGET: Final = "/v1/targets/<name:target>"
_RULE: Final = "/v1/approval-rules/<name:rule>"
_SOURCE: Final = "/v1/sources/<uuid:source_id>"
_PERSON: Final = "/v1/persons/<uuid:person_id>"
NOBODY: Final = "00000000-0000-4000-8000-000000000000"
_BUNDLE: Final = "/v1/bundles/<digest:bundle>"
_CREDENTIAL: Final = "/v1/credentials/<name:credential>"
_CHANNEL: Final = "/v1/notice-channels/<uuid:channel_id>"
ROUTES: Final = (
    _route("GET /v1/assistants", "any", 200),
    _route("POST /v1/assistants", "admin", 422, {}),
    _route(f"GET {_ASSISTANT}", "any", 200, assistant="booker"),
    _route(f"GET {_ASSISTANT}/versions/{VERSION}", "any", 200, assistant="booker"),
    _route(f"POST {_ASSISTANT}/versions", "admin", 422, {}, assistant="booker"),
    _route("GET /v1/sandboxes", "any", 200),
    _route(f"GET {_ASSISTANT}/sandbox", "any", 200, assistant="booker"),
    _route(f"POST {_ASSISTANT}/sandbox/preview", "people", 422, {}, assistant="booker"),
    _route(f"POST {_ASSISTANT}/versions/{VERSION}/restore", "admin", 428, assistant="booker"),
    _route(f"POST {_ASSISTANT}/activate", "admin", 428, assistant="booker"),
    _route(f"POST {_ASSISTANT}/deactivate", "operate", 428, assistant="booker"),
    _route("GET /v1/bundles", "any", 200),
    _route(f"GET {_BUNDLE}", "any", 404, bundle=NO_BUNDLE),
    _route(f"GET {_BUNDLE}/file", "any", 422, bundle=NO_BUNDLE),
    _route(f"GET {_BUNDLE}/diff", "any", 422, bundle=NO_BUNDLE),
    _route(f"GET {_BUNDLE}/content", "any", 404, bundle=NO_BUNDLE),
    _route("GET /v1/author-keys", "any", 200),
    _route("POST /v1/author-keys", "admin", 422, {}),
    _route("POST /v1/author-keys/<digest:key>/revoke", "admin", 422, {}, key=NO_BUNDLE),
    _route("GET /v1/credentials", "any", 200),
    _route("POST /v1/credentials", "admin", 422, {}),
    _route(f"GET {_CREDENTIAL}", "any", 404, credential="erp"),
    _route(f"PUT {_CREDENTIAL}", "admin", 422, {}, credential="erp"),
    _route(f"DELETE {_CREDENTIAL}", "admin", 404, credential="erp"),
    _route("GET /v1/targets", "any", 200),
    _route("POST /v1/targets", "admin", 422, {}),
    _route(f"GET {_TARGET}", "any", 200, target="ledger"),
    _route(f"POST {_TARGET}/versions", "admin", 422, {}, target="ledger"),
    _route(f"POST {_TARGET}/secret", "admin", 428, target="ledger"),
    _route(f"DELETE {_TARGET}", "admin", 428, target="ledger"),
    _route("GET /v1/approval-rules", "any", 200),
    _route("POST /v1/approval-rules", "admin", 422, {}),
    _route(f"GET {_RULE}", "any", 200, rule="two-approvers"),
    _route(f"POST {_RULE}/versions", "admin", 422, {}, rule="two-approvers"),
    _route(f"DELETE {_RULE}", "admin", 428, rule="two-approvers"),
    _route("GET /v1/sources", "any", 200),
    _route("POST /v1/sources", "admin", 422, {}),
    _route("POST /v1/schedules", "admin", 422, {}),
    _route(f"PUT {_SOURCE}/schedule", "admin", 422, {}, source_id=NOBODY),
    _route(f"GET {_SOURCE}", "any", 404, source_id=NOBODY),
    _route(f"POST {_SOURCE}/secrets", "operate", 404, {}, source_id=NOBODY),
    _route(
        f"DELETE {_SOURCE}/secrets/<uuid:secret_id>",
        "operate",
        404,
        source_id=NOBODY,
        secret_id=NOBODY,
    ),
    _route(f"POST {_SOURCE}/activate", "admin", 404, source_id=NOBODY),
    _route(f"POST {_SOURCE}/deactivate", "operate", 404, source_id=NOBODY),
    _route(f"DELETE {_SOURCE}", "admin", 404, source_id=NOBODY),
    _route("GET /v1/policies", "any", 200),
    _route(f"GET /v1/policies/{VERSION}", "any", 200),
    _route(f"GET /v1/policies/{VERSION}/diff", "any", 422),
    _route("POST /v1/policies/check", "people", 422, {}),
    _route("POST /v1/policies/explain", "people", 422, {}),
    _route(f"POST /v1/policies/{VERSION}/dry-run", "people", 200, {}),
    _route("GET /v1/persons", "any", 200),
    _route(f"GET {_PERSON}", "any", 404, person_id=NOBODY),
    _route(f"POST {_PERSON}/remove", "admin", 404, {}, person_id=NOBODY),
    _route(f"POST {_PERSON}/restore", "admin", 404, person_id=NOBODY),
    _route("GET /v1/notice-channels", "any", 200),
    _route("POST /v1/notice-channels", "admin", 422, {}),
    _route(f"GET {_CHANNEL}", "any", 404, channel_id=NOBODY),
    _route(f"PUT {_CHANNEL}", "admin", 422, {}, channel_id=NOBODY),
    _route(f"DELETE {_CHANNEL}", "admin", 404, channel_id=NOBODY),
    _route(f"POST {_CHANNEL}/test", "admin", 404, channel_id=NOBODY),
    _route("GET /v1/notices", "any", 200),
)
