"""Merkle trees as RFC 6962 hashes them, proofs as RFC 9162 checks them.

leaf hash = SHA-256(0x00 || data), node hash = SHA-256(0x01 || left || right); the empty tree's
root is SHA-256 of nothing. A `Frontier` is what must be remembered of a tree to go on growing
it: the roots of its perfect subtrees, largest first, one for each bit set in its size.
"""

import hashlib
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline.errors import AwgpError

HASH_BYTES = 32
MAX_SIZE = 2**63 - 1
EMPTY_ROOT = hashlib.sha256(b"").digest()


class FrontierInvalid(AwgpError):
    """These bytes are not a frontier this module wrote."""


class ProofInvalid(AwgpError):
    """A proof does not show what it is said to show."""


def leaf_hash(data: bytes) -> bytes:
    """Hash one entry as a leaf; the prefix keeps leaves and nodes apart."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two subtrees into their parent."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Frontier:
    """The right edge of a tree of `size` leaves: enough to append and to know the root."""

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        """Refuse an edge that no tree of this size has.

        Raises:
            FrontierInvalid: The size or the hashes are wrong.
        """
        if not 0 <= self.size <= MAX_SIZE:
            raise FrontierInvalid(f"a tree cannot have {self.size} leaves")
        if len(self.hashes) != self.size.bit_count():
            raise FrontierInvalid(
                f"a tree of {self.size} leaves has {self.size.bit_count()} perfect subtrees, "
                f"not {len(self.hashes)}"
            )
        if any(len(value) != HASH_BYTES for value in self.hashes):
            raise FrontierInvalid(f"every hash of a frontier has {HASH_BYTES} bytes")

    def append(self, leaf: bytes) -> "Frontier":
        """Return the frontier with one more leaf hash."""
        return self.extend((leaf,))

    def extend(self, leaves: Iterable[bytes]) -> "Frontier":
        """Return the frontier with more leaf hashes, in order."""
        size, hashes = self.size, list(self.hashes)
        for leaf in leaves:
            carry, bits = leaf, size
            while bits & 1:
                carry = node_hash(hashes.pop(), carry)
                bits >>= 1
            hashes.append(carry)
            size += 1
        return Frontier(size=size, hashes=tuple(hashes))

    def root(self) -> bytes:
        """Return the tree's root hash."""
        if not self.hashes:
            return EMPTY_ROOT
        root = self.hashes[-1]
        for subtree in reversed(self.hashes[:-1]):
            root = node_hash(subtree, root)
        return root

    def to_bytes(self) -> bytes:
        """Write the size as 8 big-endian bytes, then the hashes."""
        return struct.pack(">Q", self.size) + b"".join(self.hashes)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Frontier":
        """Read what `to_bytes` wrote.

        Raises:
            FrontierInvalid: The bytes are cut, too long, or disagree with their size.
        """
        if len(data) < 8 or (len(data) - 8) % HASH_BYTES:
            raise FrontierInvalid(f"{len(data)} bytes are no frontier")
        (size,) = struct.unpack_from(">Q", data)
        hashes = tuple(data[at : at + HASH_BYTES] for at in range(8, len(data), HASH_BYTES))
        return cls(size=size, hashes=hashes)


def tree_root(leaves: Iterable[bytes]) -> bytes:
    """Return the root over leaf hashes."""
    return Frontier().extend(leaves).root()


def _split(size: int) -> int:
    """Return the largest power of two smaller than `size` (RFC 6962, 2.1), size > 1."""
    return 1 << ((size - 1).bit_length() - 1)


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Return the audit path of leaf `index` (RFC 9162, 2.1.3.1), nearest sibling first.

    Raises:
        ValueError: There is no such leaf.
    """
    if not 0 <= index < len(leaves):
        raise ValueError(f"a tree of {len(leaves)} leaves has no leaf {index}")
    if len(leaves) == 1:
        return []
    split = _split(len(leaves))
    if index < split:
        return [*inclusion_proof(leaves[:split], index), tree_root(leaves[split:])]
    return [*inclusion_proof(leaves[split:], index - split), tree_root(leaves[:split])]


def verify_inclusion(
    *, leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Check that `leaf` stands at `index` in the tree of `size` with `root` (RFC 9162, 2.1.3.2).

    Raises:
        ProofInvalid: It does not, or the proof has the wrong length.
    """
    if not 0 <= index < size:
        raise ProofInvalid(f"a tree of {size} leaves has no leaf {index}")
    at, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise ProofInvalid("the inclusion proof is too long")
        if at & 1 or at == last:
            found = node_hash(sibling, found)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        at, last = at >> 1, last >> 1
    if last:
        raise ProofInvalid("the inclusion proof is too short")
    if found != root:
        raise ProofInvalid(f"leaf {index} does not lead to the root of {size} leaves")


def consistency_proof(leaves: Sequence[bytes], first: int) -> list[bytes]:
    """Return the proof that the tree of `first` leaves is a prefix (RFC 9162, 2.1.4.1).

    Raises:
        ValueError: `first` is not within 1 .. len(leaves).
    """
    if not 1 <= first <= len(leaves):
        raise ValueError(f"no tree of {first} leaves begins one of {len(leaves)}")
    return _subproof(leaves, first, whole=True)


def _subproof(leaves: Sequence[bytes], first: int, *, whole: bool) -> list[bytes]:
    if first == len(leaves):
        return [] if whole else [tree_root(leaves)]
    split = _split(len(leaves))
    if first <= split:
        return [*_subproof(leaves[:split], first, whole=whole), tree_root(leaves[split:])]
    return [
        *_subproof(leaves[split:], first - split, whole=False),
        tree_root(leaves[:split]),
    ]


def verify_consistency(
    *, first: int, second: int, first_root: bytes, second_root: bytes, proof: Sequence[bytes]
) -> None:
    """Check that the tree of `first` leaves is a prefix of that of `second` (RFC 9162, 2.1.4.2).

    Raises:
        ProofInvalid: It is not, or the proof has the wrong length.
    """
    if not 1 <= first <= second:
        raise ProofInvalid(f"no tree of {first} leaves begins one of {second}")
    if first == second:
        if proof or first_root != second_root:
            raise ProofInvalid("two trees of one size differ, or a needless proof was given")
        return
    path = [first_root, *proof] if first.bit_count() == 1 else list(proof)
    if not path:
        raise ProofInvalid("the consistency proof is too short")
    old, new = _fold_consistency(first - 1, second - 1, path)
    if old != first_root:
        raise ProofInvalid(f"the proof does not lead to the root of {first} leaves")
    if new != second_root:
        raise ProofInvalid(f"the proof does not lead to the root of {second} leaves")


def _fold_consistency(at: int, last: int, path: Sequence[bytes]) -> tuple[bytes, bytes]:
    """Fold a path into the roots of both trees; `at` and `last` are their last leaves."""
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise ProofInvalid("the consistency proof is too long")
        if at & 1 or at == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        at, last = at >> 1, last >> 1
    if last:
        raise ProofInvalid("the consistency proof is too short")
    return old, new
