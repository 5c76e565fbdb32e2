"""Runs as people see them: the list, one with all that became of it, its log, its trail."""

import base64
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from audit_export.entries import (
    Entry,
    Signed,
    bodies_of,
    entries_of_run,
    inclusion_proofs,
    newest_signed,
)
from audit_export.log_tree import InclusionProof, LogTorn, TreeNotReady
from pipeline.cancel import CANCELLABLE, KILLED, Canceller, cancel_run
from pipeline.identity import actor_of, ensure_person
from pipeline.run import Status
from pipeline.run_detail import MOST_PAYLOAD_BYTES, load_story
from pipeline.run_list import Wanted, find_runs
from pipeline.run_log import RunLog, load_log, with_live_lines
from pipeline.run_store import StoredRun, load_run, replay
from pipeline.run_timeline import timeline
from pipeline.work import Work
from web.access import PEOPLE_WHO_OPERATE, READERS, current_caller
from web.approvals import shown_payload
from web.audit_proofs import signer_view
from web.endpoint import endpoint, make_blueprint
from web.run_schemas import (
    CancelBody,
    MovedView,
    RunLogQuery,
    RunLogView,
    RunPage,
    RunsQuery,
    RunView,
)
from web.services import acting, reading, services
from web.trail_schemas import TrailQuery, TrailView

blueprint = make_blueprint("runs", "Requests on their way through the stages")


@endpoint(blueprint, "/v1/runs", access=READERS, status=200, answer=RunPage, query=RunsQuery)
def list_runs(query: dict[str, Any]) -> dict[str, Any]:
    """List the tenant's runs, newest first"""
    limit = query["limit"]
    with reading() as work:
        rows = find_runs(work, _wanted(query, limit + 1))
    items = rows[:limit]
    return {"items": items, "next": items[-1].run_id if len(rows) > limit else None}


@endpoint(
    blueprint, "/v1/runs/<uuid:run_id>", access=READERS, status=200, answer=RunView, problems=[404]
)
def show_run(run_id: UUID) -> dict[str, Any]:
    """Show a run with all that became of it"""
    with reading() as work:
        story = load_story(work, run_id)
    status = Status(story["status"])
    return story | {
        "status": status,
        "stages": timeline(story),
        "payload": _payload(story["payload"]),
        "can_replay": status is Status.FAILED and story["sealed_at"] is not None,
        "can_cancel": status in CANCELLABLE and not _is_ending(story),
    }


@endpoint(
    blueprint,
    "/v1/runs/<uuid:run_id>/log",
    access=READERS,
    status=200,
    answer=RunLogView,
    query=RunLogQuery,
    problems=[404],
)
def show_log(query: dict[str, Any], run_id: UUID) -> RunLog:
    """Show what the agent printed, from a line on; while it runs, as far as it has come"""
    with reading() as work:
        log = load_log(work, run_id, execution_id=query["execution"], after=query["after"])
    client = services().live_log
    if client is None:
        return log
    return with_live_lines(log, client, current_caller().tenant_id, query["after"])


@endpoint(
    blueprint,
    "/v1/runs/<uuid:run_id>/audit",
    access=READERS,
    status=200,
    answer=TrailView,
    query=TrailQuery,
    problems=[404],
)
def show_trail(query: dict[str, Any], run_id: UUID) -> dict[str, Any]:
    """Show what the sealed trail says of a run, newest first, each entry with its proof"""
    with reading() as work:
        load_run(work, run_id)
        found = entries_of_run(work, run_id, before=query["before"], limit=query["limit"])
        bodies = bodies_of(work, [each.sequence for each in found.entries])
        signed = newest_signed(work)
        proofs, why_not = _prove(work, found.entries, signed)
    return {
        "items": [
            _entry(each, bodies[each.sequence], proofs.get(each.sequence)) for each in found.entries
        ],
        "next": found.next,
        "checkpoint": None if signed is None or why_not else _checkpoint(signed),
        "why_no_proof": why_not,
        "signer": signer_view(services().operations.signer),
    }


@endpoint(
    blueprint,
    "/v1/runs/<uuid:run_id>/replay",
    method="POST",
    access=PEOPLE_WHO_OPERATE,
    status=202,
    answer=MovedView,
    problems=[404, 409],
)
def replay_run(run_id: UUID) -> StoredRun:
    """Send a failed run through policy and hold again, in its next epoch"""
    caller = current_caller()
    with acting() as work:
        person_id = ensure_person(work, caller.identity)
        return replay(work, run_id, actor_of(caller.identity, person_id))


@endpoint(
    blueprint,
    "/v1/runs/<uuid:run_id>/cancel",
    method="POST",
    access=PEOPLE_WHO_OPERATE,
    status=202,
    answer=MovedView,
    body=CancelBody,
    problems=[404, 409],
)
def cancel(body: dict[str, Any], run_id: UUID) -> StoredRun:
    """End a run that is held, approved or executing, also one's own

    Nothing runs any more. The sandbox of one that is executing is killed: the answer says
    `executing`, and it is cancelled a moment later. Asking again changes nothing. The body may be
    left out.
    """
    caller = current_caller()
    with acting() as work:
        by = Canceller(
            person_id=ensure_person(work, caller.identity),
            display_name=caller.identity.name,
            reason=body["reason"],
        )
        run = cancel_run(work, services().keyring, run_id, by)
    kills = services().kills
    # Where its lease ran out a sandbox may be left, which its worker ends a moment later by itself.
    if kills is not None and (run.status is Status.EXECUTING or run.reason == KILLED):
        kills.send(run_id)
    return run


def _is_ending(story: Mapping[str, Any]) -> bool:
    return bool(story["handoff"] and story["handoff"]["kill_asked_at"])


def _wanted(query: Mapping[str, Any], limit: int) -> Wanted:
    return Wanted(
        statuses=tuple(sorted(set(query["status"]))),
        assistant=query["assistant"],
        source_id=query["source"],
        requester_person_id=query["requester"],
        since=query["since"],
        until=query["until"],
        prefix=query["q"],
        has_dead_letter=query["has_dead_letter"],
        before=query["cursor"],
        limit=limit,
    )


def _payload(row: Mapping[str, Any]) -> dict[str, Any]:
    content = bytes(row["content"])
    whole = row["size"] <= MOST_PAYLOAD_BYTES
    shown = shown_payload(content, row["content_type"])
    if not whole:
        shown.pop("json", None)
    named = {name: row[name] for name in ("size", "epoch", "editor")}
    return shown | named | {"whole": whole}


def _prove(
    work: Work, entries: Sequence[Entry], signed: Signed | None
) -> tuple[Mapping[int, InclusionProof], str | None]:
    """The proofs there are, or why there are none."""
    if signed is None:
        return {}, "no checkpoint is signed yet"
    try:
        return inclusion_proofs(work, [each.sequence for each in entries], signed), None
    except (LogTorn, TreeNotReady) as error:
        return {}, str(error)


def _entry(entry: Entry, body: bytes, proof: InclusionProof | None) -> dict[str, Any]:
    shown: dict[str, Any] = {name: getattr(entry, name) for name in Entry.__slots__}
    shown |= {"body_base64": base64.b64encode(body).decode(), "proof": None}
    if proof is not None:
        shown["proof"] = {
            "index": proof.index,
            "leaf_hash": proof.leaf.hex(),
            "path": [each.hex() for each in proof.path],
        }
    return shown


def _checkpoint(signed: Signed) -> dict[str, Any]:
    return {
        "note": signed.note,
        "size": signed.checkpoint.size,
        "root": signed.checkpoint.root.hex(),
        "signed_at": signed.signed_at,
    }
