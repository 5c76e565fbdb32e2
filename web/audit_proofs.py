"""Entries of the trail as answers, with their proofs. The trail's pages and a run's use it."""

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from audit_export.checkpoint import SignerKey
from audit_export.entries import Entry, Signed, inclusion_proofs, load_entry, newest_signed
from audit_export.log_tree import WIDTH, LogTorn, TreeNotReady, grow_tiles
from pipeline.refusal import Refusal
from web.access import current_caller
from web.audit_schemas import HOW_TO_COMPARE
from web.services import reading, services

GROWING_SECONDS: Final = 1.5
PEOPLE: Final = frozenset({"person", "client"})


class TreeGrowing(Refusal):
    """The tree of a large log is worked out for the first time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proofs:
    """Proofs of entries, by sequence, as answers show them.

    Args:
        problem: Why the log does not lead to what was signed; None where it does. Entries no
            checkpoint covers yet have no proof, and there is nothing wrong with them.
    """

    proofs: Mapping[int, dict[str, Any]] = field(default_factory=dict)
    problem: str | None = None


def ready_tree() -> Signed | None:
    """Work out what proofs will need of the tree, for about GROWING_SECONDS.

    What is worked out is the same whoever asks first. Not to be called within a transaction, as
    none of this module is: a request holds one connection at a time.

    Returns:
        The newest checkpoint, None before the first.
    """
    with reading() as work:
        signed = newest_signed(work)
    if signed is not None and signed.checkpoint.size >= WIDTH:
        with services().outbox.work(current_caller().tenant_id) as growing:
            grow_tiles(growing, signed.checkpoint.size, seconds=GROWING_SECONDS)
    return signed


def proofs_of(sequences: Sequence[int]) -> Proofs:
    """Prove entries in the newest checkpoint.

    Raises:
        TreeGrowing: Ask again in a moment.
    """
    try:
        signed = ready_tree()
        if signed is None:
            return Proofs()
        with reading() as work:
            found = inclusion_proofs(work, sequences, signed)
    except LogTorn as torn:
        return Proofs(problem=str(torn))
    except TreeNotReady as growing:
        raise TreeGrowing(str(growing), headers={"Retry-After": "1"}) from growing
    shown = checkpoint_view(signed)
    return Proofs(
        proofs={
            sequence: {
                "index": proof.index,
                "tree_size": proof.size,
                "leaf_hash": proof.leaf,
                "path": proof.path,
                "root": proof.root,
                "checkpoint": shown,
            }
            for sequence, proof in found.items()
        }
    )


def entry_views(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """Entries by their columns, with the names their tenant knows people by."""
    names = _names({each.actor_id for each in entries if each.actor_type in PEOPLE})
    return [
        {name: getattr(each, name) for name in Entry.__slots__}
        | {
            "actor": {
                "type": each.actor_type,
                "id": each.actor_id,
                "name": names.get(each.actor_id),
            },
            "resource": {"type": each.resource_type, "id": each.resource_id},
        }
        for each in entries
    ]


def proven_entry(sequence: int) -> dict[str, Any]:
    """One entry with its bytes and its proof.

    Raises:
        EntryNotFound: As it says.
        TreeGrowing: Ask again in a moment.
    """
    with reading() as work:
        entry, sealed = load_entry(work, sequence)
    proofs = proofs_of([sequence])
    (shown,) = entry_views([entry])
    return shown | {
        "body": sealed.body.decode(),
        "body_base64": base64.b64encode(sealed.body).decode(),
        "previous_hash": sealed.previous_hash,
        "has_personal": "personal" in sealed.members,
        "proof": proofs.proofs.get(sequence),
        "proof_problem": proofs.problem,
        "signer": signer_view(services().operations.signer),
    }


def signer_view(signer: SignerKey | None) -> dict[str, str] | None:
    """Whose signatures count here."""
    if signer is None:
        return None
    return {
        "fingerprint": signer.fingerprint,
        "key_name": signer.key_name,
        "public_key": base64.b64encode(signer.public_key).decode(),
        "warning": HOW_TO_COMPARE,
    }


def checkpoint_view(signed: Signed) -> dict[str, Any]:
    found = signed.checkpoint
    return {
        "id": signed.checkpoint_id,
        "size": found.size,
        "root": found.root,
        "chain_hash": found.chain_hash,
        "time": found.time,
        "rewinds": found.rewinds,
        "note": signed.note,
    }


def _names(ids: Iterable[str]) -> dict[str, str]:
    persons = [UUID(each) for each in ids if _is_uuid(each)]
    if not persons:
        return {}
    # By its own login: names are the tenant's, whoever of the trail's readers looks.
    with services().outbox.work(current_caller().tenant_id) as work:
        rows = work.execute(
            "SELECT person_id, display_name FROM persons WHERE person_id = ANY (:ids)",
            ids=persons,
        )
        return {str(row[0]): row[1] for row in rows}


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False
