"""The audit trail: search it, prove an entry of it, verify it where it lives."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from flask import Response
from sqlalchemy import Connection

from audit_export import awgp_verify
from audit_export.entries import (
    EntryNotFound,
    Wanted,
    find_entries,
    ids_of_run,
    list_signed,
    load_entry,
)
from audit_export.log_tree import TreeNotReady
from audit_export.verify_database import Finding
from audit_export.verify_range import RangeReport, State, StateInvalid, verify_range
from pipeline.database import enter_tenant
from pipeline.personal import Personal
from pipeline.personal_store import open_for
from pipeline.refusal import ProblemTable, Refusal
from pipeline.work import Work
from web.access import PEOPLE_OF_THE_TRAIL, SIGNED_IN, THE_TRAIL, current_caller
from web.audit_proofs import (
    TreeGrowing,
    checkpoint_view,
    entry_views,
    proven_entry,
    ready_tree,
    signer_view,
)
from web.audit_schemas import (
    LARGEST_SEQUENCE,
    AuditQuery,
    CheckpointPage,
    CheckpointsQuery,
    EntryPage,
    PersonalView,
    ProvenEntry,
    RevealBody,
    SignerView,
    VerificationView,
    VerifyBody,
)
from web.endpoint import endpoint, make_blueprint
from web.services import acting, reading, reading_engine, services
from web.setup_schemas import acting_person

blueprint = make_blueprint("audit", "What happened, sealed and provable")


class SignerUnknown(Refusal):
    """This control plane was not told whose signatures count."""


class NothingPersonal(Refusal):
    """The entry holds nothing personal."""


PROBLEMS: Final[ProblemTable] = {
    EntryNotFound: (404, "audit-entry-not-found"),
    NothingPersonal: (404, "nothing-personal"),
    SignerUnknown: (503, "signer-unknown"),
    StateInvalid: (422, "cursor-invalid"),
    TreeGrowing: (503, "tree-growing"),
}
ONE: Final = f"/v1/audit/<int(min=1,max={LARGEST_SEQUENCE}):sequence>"
VERIFIER: Final = Path(awgp_verify.__file__)
VERIFIER_TYPE: Final = "text/x-python"
REVEALED: Final = "audit:personal:revealed"


@endpoint(blueprint, "/v1/audit", access=THE_TRAIL, status=200, answer=EntryPage, query=AuditQuery)
def search(query: dict[str, Any]) -> dict[str, Any]:
    """Find entries of the trail, newest first"""
    with reading() as work:
        wanted = Wanted(
            action=query["action"],
            actor=query["actor"],
            resource_type=query["resource_type"],
            resource_ids=_resources(work, query),
            since=query["since"],
            until=query["until"],
            first=query["first"],
            last=query["last"],
        )
        found = find_entries(work, wanted, before=query["cursor"], limit=query["limit"])
    return {"items": entry_views(found.entries), "next": found.next}


@endpoint(
    blueprint,
    "/v1/audit/checkpoints",
    access=THE_TRAIL,
    status=200,
    answer=CheckpointPage,
    query=CheckpointsQuery,
)
def checkpoints(query: dict[str, Any]) -> dict[str, Any]:
    """List signed heads of the log, newest first"""
    with reading() as work:
        rows = list_signed(work, before=query["cursor"], limit=query["limit"] + 1)
    items = [checkpoint_view(each) for each in rows[: query["limit"]]]
    return {"items": items, "next": items[-1]["id"] if len(rows) > len(items) else None}


@endpoint(
    blueprint,
    "/v1/audit/fingerprint",
    access=THE_TRAIL,
    status=200,
    answer=SignerView,
    problems=[503],
)
def fingerprint() -> dict[str, str]:
    """Name the signer's key, to be compared with what you got another way"""
    found = signer_view(services().operations.signer)
    if found is None:
        raise SignerUnknown(
            "this control plane knows no signer: AWGP_CHECKPOINT_PUBLIC_KEY is not set;"
            " `awgp audit fingerprint` on the machine prints it"
        )
    return found


@endpoint(
    blueprint,
    "/v1/audit/verifier",
    access=SIGNED_IN,
    status=200,
    answer={"type": "string"},
    media_type=VERIFIER_TYPE,
)
def verifier() -> Response:
    """Download the offline verifier: one file, Python's standard library alone

    Who must not trust this system gets it, as the fingerprint, by another way.
    """
    answer = Response(VERIFIER.read_bytes(), content_type=f"{VERIFIER_TYPE}; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{VERIFIER.name}"'
    return answer


@endpoint(
    blueprint,
    "/v1/audit/verify",
    method="POST",
    access=THE_TRAIL,
    status=200,
    answer=VerificationView,
    body=VerifyBody,
    problems=[503],
)
def verify(body: dict[str, Any]) -> dict[str, Any]:
    """Recompute a stretch of the log where it lives, and name the first thing that does not hold

    A call looks at some thousand entries; go on with `cursor` until `next` is null. Each entry and
    its columns, the chain, each checkpoint and each exported segment that ends in the stretch are
    checked, and at the log's end its head.
    """
    state = State.from_text(body["cursor"]) if body["cursor"] else None
    if state is None and body["first"] > 1:
        ready_tree()
    signer = services().operations.signer
    try:
        with _snapshot() as connection:
            report = verify_range(
                connection,
                current_caller().tenant_id,
                signer,
                first=body["first"],
                last=body["last"],
                state=state,
            )
    except TreeNotReady as growing:
        raise TreeGrowing(str(growing), headers={"Retry-After": "1"}) from growing
    return _verification(report) | {"signer": signer_view(signer)}


@endpoint(blueprint, ONE, access=THE_TRAIL, status=200, answer=ProvenEntry, problems=[404, 503])
def show(sequence: int) -> dict[str, Any]:
    """Show one entry with its sealed bytes and the proof that they are in the signed log

    A browser can check it by itself: `hash` over the chain, `leaf_hash` over the body, the path up
    to `root`, the root in the note, the note's signature by the key.
    """
    return proven_entry(sequence)


@endpoint(
    blueprint,
    f"{ONE}/reveal",
    method="POST",
    access=PEOPLE_OF_THE_TRAIL,
    status=200,
    answer=PersonalView,
    body=RevealBody,
    problems=[404],
)
def reveal(body: dict[str, Any], sequence: int) -> dict[str, Any]:
    """Decrypt what an entry says of a person; that you did is on record

    Where the person's key was erased, nobody can any more, and `erased` says so.
    """
    with acting() as work:
        _, actor = acting_person(work)
        entry, sealed = load_entry(work, sequence)
        if "personal" not in sealed.members:
            raise NothingPersonal(f"entry {sequence} holds nothing personal")
        personal = Personal.from_json(sealed.members["personal"])
        content = open_for(work, services().keyring, personal, record_id=entry.id)
        work.record(
            actor,
            REVEALED,
            ("audit_entry", str(entry.id)),
            metadata={
                "sequence": str(sequence),
                "reason": body["reason"],
                "erased": content is None,
            },
        )
    return {"erased": content is None, "content": content}


def _resources(work: Work, query: dict[str, Any]) -> list[str] | None:
    """Which resources are meant; None for any."""
    if query["run"] is None:
        return None if query["resource_id"] is None else [query["resource_id"]]
    of_run = ids_of_run(work, query["run"])
    if query["resource_id"] is None:
        return of_run
    return [each for each in of_run if each == query["resource_id"]]


@contextmanager
def _snapshot() -> Iterator[Connection]:
    """One view of the tenant, so that nothing that is sealed meanwhile is taken for a fault."""
    engine = reading_engine().execution_options(isolation_level="REPEATABLE READ")
    with engine.begin() as connection:
        enter_tenant(connection, current_caller().tenant_id)
        yield connection


def _verification(report: RangeReport) -> dict[str, Any]:
    bad: Finding | None = report.first_bad
    return {
        "verdict": report.verdict,
        "first": report.first,
        "last": report.last,
        "checkpoints": report.checkpoints,
        "segments": report.segments,
        "covered": report.covered,
        "reached_end": report.reached_end,
        "first_bad": bad,
        "next": report.next.to_text() if report.next else None,
    }
