"""Exports: what was written to the store, one more when asked for, and all of it to take away."""

import hashlib
from typing import Any, Final

from flask import Response

from audit_export.download import begin, trail_files, zip_stream
from audit_export.export_view import (
    ExportNotFound,
    Schedule,
    ask_for_export,
    exported_ranges,
    list_segments,
    load_segment,
    schedule_of,
)
from audit_export.object_store import ObjectMissing, StoreUnavailable
from pipeline.identity import TenantClosed
from pipeline.refusal import ProblemTable
from pipeline.work import Actor
from web.access import PEOPLE_OF_THE_TRAIL, THE_TRAIL, current_caller
from web.endpoint import endpoint, make_blueprint
from web.exports_schemas import ExportAskedView, ExportPage, ExportsQuery
from web.services import acting, reading, services
from web.setup_schemas import acting_person

blueprint = make_blueprint("exports", "The trail as files that never change again")

PROBLEMS: Final[ProblemTable] = {
    ExportNotFound: (404, "export-not-found"),
    ObjectMissing: (502, "export-file-missing"),
    StoreUnavailable: (503, "export-store-unavailable"),
}
ZIP: Final = "application/zip"
BINARY: Final = {"type": "string", "format": "binary"}
DISPOSITION: Final = {
    "Content-Disposition": {"description": "A file's name.", "schema": {"type": "string"}}
}
ASKED: Final = "audit:export:requested"
DOWNLOADED: Final = "audit:export:downloaded"
HOW_TO_VERIFY: Final = (
    "Get the signer's fingerprint from a person or a system other than this one.",
    "Get awgp_verify.py from a release, or from GET /v1/audit/verifier; it needs Python alone.",
    "Download the trail (GET /v1/exports/trail/download) and unpack it into an empty folder.",
    "Run: python awgp_verify.py FOLDER --trust-root FINGERPRINT. Exit status 0 means proven.",
)


@endpoint(
    blueprint,
    "/v1/exports",
    access=THE_TRAIL,
    status=200,
    answer=ExportPage,
    query=ExportsQuery,
)
def list_exports(query: dict[str, Any]) -> dict[str, Any]:
    """List what was exported, newest first, with how to verify it offline"""
    tenant_id = current_caller().tenant_id
    with reading() as work:
        rows = list_segments(work, before=query["cursor"], limit=query["limit"] + 1)
    items = rows[: query["limit"]]
    return {
        "items": items,
        "next": items[-1].first_sequence if len(rows) > len(items) else None,
        "schedule": _schedule(),
        "folder": f"{tenant_id}/",
        "store": services().operations.store is not None,
        "how_to_verify": HOW_TO_VERIFY,
    }


@endpoint(
    blueprint,
    "/v1/exports",
    method="POST",
    access=PEOPLE_OF_THE_TRAIL,
    status=202,
    answer=ExportAskedView,
)
def ask() -> dict[str, Any]:
    """Ask for an export now, instead of at the next full hour

    Asked again while one is due or under way, it changes nothing. What is exported is what the
    newest checkpoint covers; `schedule` of GET /v1/exports says how far it is.
    """
    with acting() as work:
        _, actor = acting_person(work)
        if ask_for_export(work):
            work.record(actor, ASKED, ("tenant", str(work.tenant_id)))
    return {"schedule": _schedule()}


@endpoint(
    blueprint,
    "/v1/exports/trail/download",
    access=THE_TRAIL,
    status=200,
    answer=BINARY,
    media_type=ZIP,
    headers=DISPOSITION,
    problems=[404, 502, 503],
)
def download_trail() -> Response:
    """Download everything that was exported, as one zip file the offline verifier reads"""
    store = services().operations.exports
    tenant_id = current_caller().tenant_id
    with reading() as work:
        ranges = exported_ranges(work)
    if not ranges:
        raise ExportNotFound("nothing was exported yet; POST /v1/exports asks for it")
    _note_download("trail")
    return _zip(f"{current_caller().tenant}-trail", trail_files(store, tenant_id, ranges))


@endpoint(
    blueprint,
    "/v1/exports/<int(min=1,max=9223372036854775806):first>/download",
    access=THE_TRAIL,
    status=200,
    answer=BINARY,
    media_type=ZIP,
    headers=DISPOSITION,
    problems=[404, 502, 503],
)
def download_segment(first: int) -> Response:
    """Download one export's files, the checkpoint that covers it and the signers

    On its own it adds to a folder that has what lies before; the verifier needs that too.
    """
    store = services().operations.exports
    tenant_id = current_caller().tenant_id
    with reading() as work:
        segment = load_segment(work, first)
    _note_download(f"{first}-{segment.last_sequence}")
    signers = [key.removeprefix(f"{tenant_id}/") for key in store.keys(f"{tenant_id}/signers/")]
    checkpoint = segment.checkpoint_key.removeprefix(f"{tenant_id}/")
    name = f"{current_caller().tenant}-{first}-{segment.last_sequence}"
    return _zip(name, [*segment.files, checkpoint, *signers])


def _zip(name: str, files: list[str]) -> Response:
    """Sent as it is packed: no connection to the database is held meanwhile."""
    stream = zip_stream(services().operations.exports, current_caller().tenant_id, files)
    answer = Response(begin(stream)(), content_type=ZIP)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.zip"'
    return answer


def _note_download(what: str) -> None:
    """Who took the trail away is on record, also of a tenant in which nothing new begins."""
    with acting() as work:
        try:
            _, actor = acting_person(work)
        except TenantClosed:
            identity = current_caller().identity
            who = hashlib.sha256(f"{identity.issuer}\0{identity.subject}".encode()).hexdigest()
            actor = Actor(type="person", id=f"sha256:{who}")
        work.record(actor, DOWNLOADED, ("tenant", str(work.tenant_id)), metadata={"what": what})


def _schedule() -> Schedule:
    # By its own login: the schedule is of the tenant's, and no content.
    with services().outbox.work(current_caller().tenant_id) as work:
        return schedule_of(work)
