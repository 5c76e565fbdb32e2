"""Inclusion proofs over a tenant's log where it lives, without reading all of it.

The tree is RFC 6962's. Roots of perfect subtrees of 256, 65,536, ... entries ("tiles") are kept in
`audit_tiles`, worked out from the log the first time they are needed and never changed, as what
they cover never is. A proof of one entry among a million then reads some thousand hashes.

Nothing kept is believed: every proof is checked against the root the signer signed before it is
returned, so a tile or an entry that was tampered with yields no proof, and says so.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, text

from audit_export.checkpoint import Checkpoint
from pipeline.errors import AwgpError
from pipeline.merkle import (
    Frontier,
    ProofInvalid,
    node_hash,
    verify_inclusion,
)
from pipeline.work import Work

WIDTH: Final = 256
BITS: Final = 8
GROWN_AT_ONCE: Final = 64  # tiles of one statement: 16,384 entries
# What a proof may work out by itself where tiles are missing.
MOST_LEAVES: Final = 65_536
LEAVES: Final = text(
    "SELECT sha256(decode('00', 'hex') || body) FROM audit_log"
    " WHERE tenant_id = :tenant AND sequence BETWEEN :first AND :last ORDER BY sequence"
)
TILES: Final = text(
    "SELECT tile, hash FROM audit_tiles WHERE tenant_id = :tenant AND level = :level"
    " AND tile BETWEEN :first AND :last ORDER BY tile"
)


class LogTorn(AwgpError):
    """Entries are missing from the log, or do not lead to the root that was signed."""


class TreeNotReady(AwgpError):
    """The tree of a large log is still being worked out; ask again in a moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InclusionProof:
    """That one entry is in the log a checkpoint signs; RFC 9162, 2.1.3.2 says how to check it."""

    index: int
    size: int
    leaf: bytes
    path: tuple[bytes, ...]
    root: bytes


@dataclass(slots=True, kw_only=True)
class LogTree:
    """The tree over the first `size` entries of a tenant's log, read as far as it is asked for."""

    connection: Connection
    tenant_id: UUID
    size: int
    _blocks: dict[tuple[int, int], list[bytes]] = field(default_factory=dict)
    _leaves_read: int = 0

    def proof(self, sequence: int, checkpoint: Checkpoint) -> InclusionProof:
        """Prove that an entry is in the tree a checkpoint signs.

        Args:
            checkpoint: Of this size, its signature checked or not.

        Raises:
            LogTorn: The log does not lead to the signed root.
            TreeNotReady: Too much of the tree is not worked out yet.
        """
        index = sequence - 1
        leaf = self._block(0, index // WIDTH)[index % WIDTH]
        path = tuple(self._path(index, 0, self.size))
        try:
            verify_inclusion(
                leaf=leaf, index=index, size=self.size, proof=path, root=checkpoint.root
            )
        except ProofInvalid as exc:
            raise LogTorn(
                f"entry {sequence} does not lead to the root that was signed of {self.size}"
                " entries: the log, or what is kept of its tree, was altered"
            ) from exc
        return InclusionProof(
            index=index, size=self.size, leaf=leaf, path=path, root=checkpoint.root
        )

    def frontier(self) -> Frontier:
        """The right edge of the tree.

        Raises:
            LogTorn, TreeNotReady: As `proof` does.
        """
        hashes, begin = [], 0
        for bit in range(self.size.bit_length() - 1, -1, -1):
            if self.size >> bit & 1:
                hashes.append(self._perfect(bit, begin >> bit))
                begin += 1 << bit
        return Frontier(size=self.size, hashes=tuple(hashes))

    def _path(self, index: int, begin: int, end: int) -> list[bytes]:
        if end - begin == 1:
            return []
        middle = begin + _split(end - begin)
        if index < middle:
            return [*self._path(index, begin, middle), self._root(middle, end)]
        return [*self._path(index, middle, end), self._root(begin, middle)]

    def _root(self, begin: int, end: int) -> bytes:
        size = end - begin
        if size & (size - 1) == 0:
            bits = size.bit_length() - 1
            return self._perfect(bits, begin >> bits)
        middle = begin + _split(size)
        return node_hash(self._root(begin, middle), self._root(middle, end))

    def _perfect(self, bits: int, index: int) -> bytes:
        level, within = divmod(bits, BITS)
        first, count = index << within, 1 << within
        block = self._block(level, first // WIDTH)
        at = first % WIDTH
        return _fold(block[at : at + count])

    def _block(self, level: int, number: int) -> list[bytes]:
        """The hashes of up to 256 neighbours of a level: entries, or tiles that are full."""
        if (level, number) not in self._blocks:
            first = number * WIDTH
            last = min(first + WIDTH, self.size >> level * BITS) - 1
            self._blocks[level, number] = (
                self._read_leaves(first, last) if level == 0 else self._tiles(level, first, last)
            )
        return self._blocks[level, number]

    def _read_leaves(self, first: int, last: int) -> list[bytes]:
        self._leaves_read += last - first + 1
        if self._leaves_read > MOST_LEAVES:
            raise TreeNotReady("the tree of this log is still being worked out; ask again")
        return read_leaves(self.connection, self.tenant_id, first, last)

    def _tiles(self, level: int, first: int, last: int) -> list[bytes]:
        values = {"tenant": self.tenant_id, "level": level, "first": first, "last": last}
        kept = {row[0]: bytes(row[1]) for row in self.connection.execute(TILES, values)}
        return [
            kept[tile] if tile in kept else _fold(self._block(level - 1, tile))
            for tile in range(first, last + 1)
        ]


def grow_tiles(work: Work, size: int, *, seconds: float) -> bool:
    """Work out and keep the tiles a log of `size` entries has; as awgp_web.

    Args:
        seconds: About how long it may take; call again, in a transaction of its own, while it
            returns False.

    Raises:
        LogTorn: Entries are missing from the log.
    """
    until = time.monotonic() + seconds
    for level in range(1, 8):
        wanted = size >> level * BITS
        if not wanted:
            break
        have: int = work.execute(
            "SELECT coalesce(max(tile) + 1, 0) FROM audit_tiles"
            " WHERE tenant_id = :tenant AND level = :level",
            tenant=work.tenant_id,
            level=level,
        ).scalar_one()
        while have < wanted:
            upto = min(wanted, have + GROWN_AT_ONCE)
            _keep_tiles(work, level, have, _hashes_below(work, level, have, upto))
            have = upto
            if time.monotonic() >= until:
                return False
    return True


def read_leaves(connection: Connection, tenant_id: UUID, first: int, last: int) -> list[bytes]:
    """The leaf hashes of entries `first` to `last`, counted from 0 as a tree does.

    Raises:
        LogTorn: Some are missing, or are there twice.
    """
    values = {"tenant": tenant_id, "first": first + 1, "last": last + 1}
    found = [bytes(row[0]) for row in connection.execute(LEAVES, values)]
    if len(found) != last - first + 1:
        raise LogTorn(
            f"of entries {first + 1} to {last + 1} the log has {len(found)}, which is not all"
        )
    return found


def _hashes_below(work: Work, level: int, first: int, upto: int) -> list[bytes]:
    begin, end = first * WIDTH, upto * WIDTH - 1
    if level == 1:
        return read_leaves(work.connection, work.tenant_id, begin, end)
    values = {"tenant": work.tenant_id, "level": level - 1, "first": begin, "last": end}
    return [bytes(row[1]) for row in work.connection.execute(TILES, values)]


def _keep_tiles(work: Work, level: int, first: int, hashes: Sequence[bytes]) -> None:
    roots = [_fold(hashes[at : at + WIDTH]) for at in range(0, len(hashes), WIDTH)]
    work.execute(
        "INSERT INTO audit_tiles (tenant_id, level, tile, hash)"
        " SELECT :tenant, :level, tile, hash FROM"
        " unnest(CAST(:tiles AS bigint[]), CAST(:roots AS bytea[])) AS t (tile, hash)"
        " ON CONFLICT DO NOTHING",
        tenant=work.tenant_id,
        level=level,
        tiles=list(range(first, first + len(roots))),
        roots=roots,
    )


def _fold(hashes: Sequence[bytes]) -> bytes:
    """The root of a perfect subtree, of its leaves or of subtrees of one size."""
    level = list(hashes)
    while len(level) > 1:
        level = [node_hash(level[at], level[at + 1]) for at in range(0, len(level), 2)]
    return level[0]


def _split(size: int) -> int:
    return 1 << ((size - 1).bit_length() - 1)
