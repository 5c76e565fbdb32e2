"""Runs as operators see them: the list, and the replay of one that failed."""

from typing import Any
from uuid import UUID

from pipeline.identity import actor_of, ensure_person
from pipeline.run import Status
from pipeline.run_store import StoredRun, replay
from pipeline.work import Work
from web.access import PEOPLE_WHO_OPERATE, READERS, current_caller
from web.endpoint import endpoint, make_blueprint
from web.schemas import ReplayView, RunPage, RunsQuery
from web.services import services

blueprint = make_blueprint("runs", "Requests on their way through the stages")

COLUMNS = (
    "run_id",
    "epoch",
    "status",
    "reason",
    "assistant",
    "requester",
    "received_at",
    "changed_at",
    "sealed",
)


@endpoint(blueprint, "/v1/runs", access=READERS, status=200, answer=RunPage, query=RunsQuery)
def list_runs(query: dict[str, Any]) -> dict[str, Any]:
    """List the tenant's runs, newest first"""
    with services().outbox.work(current_caller().tenant_id) as work:
        rows = newest_runs(work, query["status"], query["cursor"], query["limit"] + 1)
    items = rows[: query["limit"]]
    return {"items": items, "next": items[-1]["run_id"] if len(rows) > len(items) else None}


@endpoint(
    blueprint,
    "/v1/runs/<uuid:run_id>/replay",
    method="POST",
    access=PEOPLE_WHO_OPERATE,
    status=202,
    answer=ReplayView,
    problems=[404, 409],
)
def replay_run(run_id: UUID) -> StoredRun:
    """Send a failed run through policy and hold again, in its next epoch"""
    caller = current_caller()
    with services().outbox.work(caller.tenant_id) as work:
        person_id = ensure_person(work, caller.identity)
        return replay(work, run_id, actor_of(caller.identity, person_id))


def newest_runs(
    work: Work, status: str | None, before: UUID | None, limit: int
) -> list[dict[str, Any]]:
    """Run ids sort by time, so the id is the cursor."""
    rows = work.execute(
        "SELECT r.run_id, r.epoch, r.status, r.reason, a.name,"
        " r.requester_kind || ':' || coalesce(r.source_id, r.requester_person_id),"
        " r.received_at, r.changed_at, r.sealed_at IS NOT NULL"
        " FROM runs r JOIN assistants a USING (tenant_id, assistant_id)"
        " WHERE (CAST(:status AS text) IS NULL OR r.status = :status)"
        " AND (CAST(:before AS uuid) IS NULL OR r.run_id < :before)"
        " ORDER BY r.run_id DESC LIMIT :limit",
        status=status,
        before=before,
        limit=limit,
    )
    return [dict(zip(COLUMNS, row, strict=True)) | {"status": Status(row.status)} for row in rows]
