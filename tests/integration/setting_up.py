"""How tests set things up over the API: who they are, and edits that name what they change."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import text
from werkzeug.test import TestResponse

from runtime_host.bundle import pack
from tests.integration.conftest import Database
from tests.integration.control_plane import ControlPlane, token
from tests.integration.world import MAIN, MANIFEST, TenantWorld

ADMIN = token("acme-olga", groups=["acme-admins"], roles=[])
OTHER_ADMIN = token("acme-cleo", groups=["acme-admins"], roles=[])
OPERATOR = token("acme-ada", groups=["acme-operators"], roles=[])
AUDITOR = token("acme-ben", groups=["acme-operators"], roles=["auditor"])
FOREIGN = token("globex-olga", groups=["globex-admins"], roles=[])


def send(
    plane: ControlPlane,
    method: str,
    path: str,
    bearer: str | None,
    body: Mapping[str, Any] | None = None,
    *,
    if_match: str | None = None,
) -> TestResponse:
    headers = {} if bearer is None else {"Authorization": f"Bearer {bearer}"}
    headers |= {} if if_match is None else {"If-Match": if_match}
    return plane.app.test_client().open(path, method=method, headers=headers, json=body)


def edit(
    plane: ControlPlane,
    method: str,
    path: str,
    bearer: str,
    body: Mapping[str, Any] | None = None,
    *,
    of: str,
) -> TestResponse:
    """Send an edit of what `of` shows, as it is now."""
    etag = plane.get(of, bearer).headers["ETag"]
    return send(plane, method, path, bearer, body, if_match=etag)


def recorded(database: Database, tenant: TenantWorld, action: str) -> list[tuple[Any, Any]]:
    """Before and after of every record of an action, in their order."""
    with database.admin.connect() as connection:
        found = connection.execute(
            text(
                "SELECT record -> 'before', record -> 'after' FROM awgp.audit_pending"
                " WHERE tenant_id = :tenant AND record ->> 'action' = :action ORDER BY pending_id"
            ),
            {"tenant": tenant.tenant_id, "action": action},
        )
        return [tuple(row) for row in found]


def problem(response: TestResponse) -> tuple[int, str, str | None]:
    body = response.get_json()
    return response.status_code, body["type"].removeprefix("urn:awgp:problem:"), body.get("field")


def push(plane: ControlPlane, bearer: str, **files: str) -> str:
    """Push the world's bundle with other files in it; returns its digest."""
    content = {"awgp.toml": MANIFEST, "main.py": MAIN} | {
        name.replace("__", "."): text for name, text in files.items()
    }
    answer = plane.app.test_client().post(
        "/v1/bundles",
        data=pack({name: text.encode() for name, text in content.items()}),
        headers={"Authorization": f"Bearer {bearer}", "Content-Type": "application/gzip"},
    )
    assert answer.status_code == 201, answer.get_json()
    digest: str = answer.get_json()["digest"]
    return digest
