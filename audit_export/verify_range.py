"""Verify a stretch of one tenant's log where it lives, a bounded piece at a time.

What verify_database.py does for a whole log, from any entry on, in pieces short enough for a web
request: each entry and its columns, the chain, every checkpoint and every exported segment that
ends in the stretch, and, where it reaches the log's end, its head.

A piece begins where the one before it ended (`State`), or, without one, at any entry: then the
chain is taken up from the entry before, and the tree from the log's own (log_tree.py); the first
checkpoint after it shows whether what lies before is what was signed.
"""

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Row, text

from audit_export.checkpoint import SignerKey
from audit_export.log_tree import LogTorn, LogTree
from audit_export.verify_database import (
    SEGMENTS,
    STRETCH,
    Bad,
    Finding,
    Walk,
    check_head,
    check_note,
    check_segment_end,
    follow_entry,
    keep_state,
    read_note,
)
from pipeline.audit import genesis, read_time, write_time
from pipeline.errors import AwgpError
from pipeline.merkle import Frontier

PIECE: Final = 5000  # entries: about a second
_NOTES: Final = (
    "SELECT checkpoint_id, tree_size, note FROM audit_checkpoints WHERE tenant_id = :tenant"
    " AND tree_size BETWEEN :first AND :last ORDER BY checkpoint_id"
)
_NEWEST: Final = (
    "SELECT checkpoint_id, tree_size, note FROM audit_checkpoints WHERE tenant_id = :tenant"
    " ORDER BY checkpoint_id DESC LIMIT 1"
)


class StateInvalid(AwgpError):
    """This is not where a piece of a verification ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Where a piece ended: after `size` entries, on the way to entry `last`."""

    size: int
    last: int
    chain: bytes
    frontier: Frontier
    sealed_at: datetime | None

    def to_text(self) -> str:
        """As a client carries it from one request to the next. It holds hashes, no content."""
        members = {
            "size": self.size,
            "last": self.last,
            "chain": self.chain.hex(),
            "frontier": self.frontier.to_bytes().hex(),
            "sealed_at": write_time(self.sealed_at) if self.sealed_at else None,
        }
        return base64.urlsafe_b64encode(json.dumps(members).encode()).decode()

    @classmethod
    def from_text(cls, written: str) -> "State":
        """Read what `to_text` wrote.

        Raises:
            StateInvalid: Anything else.
        """
        try:
            members = json.loads(base64.urlsafe_b64decode(written.encode()))
            found = cls(
                size=int(members["size"]),
                last=int(members["last"]),
                chain=bytes.fromhex(members["chain"]),
                frontier=Frontier.from_bytes(bytes.fromhex(members["frontier"])),
                sealed_at=read_time(members["sealed_at"]) if members["sealed_at"] else None,
            )
        except (ValueError, KeyError, TypeError, binascii.Error, AwgpError) as exc:
            raise StateInvalid("this is not where a verification ended") from exc
        if found.frontier.size != found.size or len(found.chain) != 32 or found.last < 0:
            raise StateInvalid("this is not where a verification ended")
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeReport:
    """What was found in one piece.

    Args:
        first, last: The entries that were looked at; `last` is below `first` where there were none.
        covered: Up to which entry a checkpoint in this piece signs; 0 for none.
        reached_end: Whether the log's end was reached and its head compared.
        next: Where the next piece begins; None when all that was asked for is verified.
    """

    first: int
    last: int
    checkpoints: int
    segments: int
    covered: int
    signer_known: bool
    reached_end: bool
    first_bad: Finding | None
    next: State | None

    @property
    def verdict(self) -> str:
        """`verified`, `signer-unknown` (all holds, but no signature was checked) or `failed`."""
        if self.first_bad is not None:
            return "failed"
        return "verified" if self.signer_known else "signer-unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """What one piece is to look at: entries after `begin.size`, to `upto`; `end` ends the log."""

    begin: State
    upto: int
    end: int


def verify_range(
    connection: Connection,
    tenant_id: UUID,
    public: SignerKey | None,
    *,
    first: int,
    last: int | None,
    state: State | None = None,
    piece: int = PIECE,
) -> RangeReport:
    """Verify entries `first` to `last`, or as many as one piece holds, in the tenant's transaction.

    Args:
        last: None for the log's end. It is taken on to the next checkpoint, so that what was asked
            for is covered by a signature.
        state: Where the piece before ended; `first` and `last` are its own then.

    Raises:
        TreeNotReady: The tree before `first` is not worked out yet; `grow_tiles` does it.
    """
    walk = Walk(connection=connection, tenant_id=tenant_id, public=public)
    bad, following = None, None
    began = first
    try:
        planned = _plan(walk, state or _begin(walk, first, last), piece)
        began = planned.begin.size + 1
        following = _verify(walk, planned)
    except Bad as error:
        bad = error.finding
    signed = walk.signed
    return RangeReport(
        first=began,
        last=walk.size,
        checkpoints=walk.checkpoints,
        segments=walk.segments,
        covered=signed.size if signed else 0,
        signer_known=public is not None,
        reached_end=bad is None and following is None and walk.size >= _end_of(walk),
        first_bad=bad,
        next=following,
    )


def _begin(walk: Walk, first: int, last: int | None) -> State:
    """Take the log up before entry `first`."""
    end = _end_of(walk)
    upto = end if last is None else _next_checkpoint(walk, min(last, end))
    before = min(first - 1, end)
    if before == 0:
        chain, sealed_at = genesis(walk.tenant_id), None
        return State(size=0, last=upto, chain=chain, frontier=Frontier(), sealed_at=sealed_at)
    rows = walk.rows(
        'SELECT integrity_hash, "timestamp" FROM audit_log'
        " WHERE tenant_id = :tenant AND sequence = :before",
        before=before,
    )
    if len(rows) != 1:
        raise Bad("audit_log", f"entry {before} is missing", before)
    tree = LogTree(connection=walk.connection, tenant_id=walk.tenant_id, size=before)
    try:
        frontier = tree.frontier()
    except LogTorn as exc:
        raise Bad("audit_log", f"before entry {first}: {exc}", None) from exc
    return State(
        size=before,
        last=upto,
        chain=bytes.fromhex(rows[0][0]),
        frontier=frontier,
        sealed_at=rows[0][1],
    )


def _plan(walk: Walk, begin: State, piece: int) -> _Piece:
    walk.chain, walk.frontier, walk.sealed_at = begin.chain, begin.frontier, begin.sealed_at
    return _Piece(begin=begin, upto=min(begin.last, begin.size + piece), end=_end_of(walk))


def _verify(walk: Walk, planned: _Piece) -> State | None:
    """Look at one piece; returns where the next begins."""
    stretch = {"first": max(1, planned.begin.size), "last": planned.upto}
    notes, segments = walk.rows(_NOTES, **stretch), _segments(walk, planned)
    wanted = {row.tree_size for row in notes} | {row.last_sequence for row in segments}
    keep_state(walk, wanted)
    for row in walk.rows(STRETCH, first=planned.begin.size + 1, last=planned.upto):
        follow_entry(walk, row)
        keep_state(walk, wanted)
    if walk.size < planned.upto:
        missing = walk.size + 1
        upto = f" to {planned.upto}" if planned.upto > missing else ""
        raise Bad("audit_log", f"entry {missing}{upto} is missing", missing)
    _check_notes(walk, notes)
    for row in segments:
        walk.segments += 1
        check_segment_end(walk, row)
    if walk.size < planned.begin.last:
        return State(
            size=walk.size,
            last=planned.begin.last,
            chain=walk.chain,
            frontier=walk.frontier,
            sealed_at=walk.sealed_at,
        )
    if walk.size >= planned.end:
        check_head(walk)
    return None


def _check_notes(walk: Walk, notes: list[Row[*tuple[Any, ...]]]) -> None:
    """Each is signed and this tenant's; those since the last rewind state what the log was."""
    newest = walk.rows(_NEWEST)
    rewinds = read_note(walk, newest[0]).rewinds if newest else 0
    for row in notes:
        found = read_note(walk, row)
        place = f"checkpoint {row.checkpoint_id}"
        walk.checkpoints += 1
        if found.tenant_id != walk.tenant_id:
            raise Bad(place, f"it is tenant {found.tenant_id}'s")
        if found.size != row.tree_size:
            raise Bad(place, f"tree_size is not {found.size}, which the note says")
        if found.rewinds == rewinds:
            check_note(walk, place, found)
            walk.signed = found


def _segments(walk: Walk, planned: _Piece) -> list[Row[*tuple[Any, ...]]]:
    return walk.rows(
        f"{SEGMENTS} AND last_sequence BETWEEN :first AND :last ORDER BY first_sequence",
        first=planned.begin.size + 1,
        last=planned.upto,
    )


def _end_of(walk: Walk) -> int:
    """Where the log should end: where its head says, or where more was signed."""
    found = walk.connection.execute(
        text(
            "SELECT greatest((SELECT sequence FROM audit_heads WHERE tenant_id = :tenant),"
            " (SELECT tree_size FROM audit_checkpoints WHERE tenant_id = :tenant"
            " ORDER BY checkpoint_id DESC LIMIT 1), 0)"
        ),
        {"tenant": walk.tenant_id},
    ).scalar_one()
    return int(found)


def _next_checkpoint(walk: Walk, last: int) -> int:
    found = walk.rows(
        "SELECT min(tree_size) FROM audit_checkpoints"
        " WHERE tenant_id = :tenant AND tree_size >= :last",
        last=last,
    )[0][0]
    return last if found is None else min(int(found), _end_of(walk))
