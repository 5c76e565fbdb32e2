"""The signer: remembers, outside PostgreSQL, what it signed, and signs only what follows from it.

Per tenant a state file `<tenant>.head` holds the last signed head and the tree's frontier. Before
it signs, the signer recomputes both from the new entries' bodies; a head that does not follow is
refused, so whoever rewrites the database cannot have the rewriting signed. A restore that truly
goes back is an explicit, signed, counted `rewind`.

The state is on disk before the note is returned. Where no state exists yet, the signer
recomputes from the genesis hash; keep the folder with the private key, not with the database.
"""

import base64
import binascii
import fcntl
import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit_export.checkpoint import (
    Checkpoint,
    Rewind,
    SignerKey,
    check_reason,
    sign_checkpoint,
)
from pipeline.audit import (
    AuditBodyInvalid,
    Head,
    chain_hash,
    genesis,
    place,
    read_time,
    write_time,
)
from pipeline.errors import AwgpError
from pipeline.merkle import Frontier, leaf_hash

STATE_FORMAT = "awgp.signer-state.v1"
BATCH = 1024  # leaf hashes held before they are folded into the frontier

Bodies = Callable[[int, int], Iterable[bytes]]


class InconsistentHistory(AwgpError):
    """The log's head does not follow from what was signed before; names the sequence."""

    def __init__(self, message: str, *, sequence: int) -> None:
        """Keep the first entry that cannot be accounted for."""
        super().__init__(message)
        self.sequence = sequence


class RewindRefused(AwgpError):
    """The log is shorter than what was signed; only an explicit rewind may say so."""


class SignerStateInvalid(AwgpError):
    """The signer's own state file cannot be read; it is never guessed anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerState:
    """What the signer knows of one tenant's log."""

    tenant_id: UUID
    frontier: Frontier
    chain_hash: bytes
    signed_at: datetime | None = None
    rewinds: int = 0

    @classmethod
    def beginning(cls, tenant_id: UUID) -> "SignerState":
        """Return the state of a log without entries that was never signed."""
        return cls(tenant_id=tenant_id, frontier=Frontier(), chain_hash=genesis(tenant_id))

    def to_bytes(self) -> bytes:
        """Write the state file."""
        return rfc8785.dumps(
            {
                "format": STATE_FORMAT,
                "tenant": str(self.tenant_id),
                "size": str(self.frontier.size),
                "root": self.frontier.root().hex(),
                "frontier": base64.b64encode(self.frontier.to_bytes()).decode(),
                "chain": self.chain_hash.hex(),
                "signed_at": write_time(self.signed_at) if self.signed_at else None,
                "rewinds": self.rewinds,
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes, tenant_id: UUID) -> "SignerState":
        """Read a tenant's state file.

        Raises:
            SignerStateInvalid: Damaged, or another tenant's.
        """
        try:
            members = json.loads(data)
            signed_at = members["signed_at"]
            state = cls(
                tenant_id=UUID(members["tenant"]),
                frontier=Frontier.from_bytes(base64.b64decode(members["frontier"])),
                chain_hash=bytes.fromhex(members["chain"]),
                signed_at=read_time(signed_at) if signed_at is not None else None,
                rewinds=members["rewinds"],
            )
        except (ValueError, KeyError, TypeError, binascii.Error, AwgpError) as exc:
            raise SignerStateInvalid(f"the signer's state of {tenant_id} is damaged") from exc
        if state.tenant_id != tenant_id or state.to_bytes() != data:
            raise SignerStateInvalid(f"the signer's state of {tenant_id} does not hold together")
        return state


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """Signs checkpoints for many tenants with one Ed25519 key.

    Args:
        folder: Where the last signed heads are kept: outside the database and its backups.
    """

    private_key: Ed25519PrivateKey
    key_name: str
    folder: Path
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    @property
    def public(self) -> SignerKey:
        """The public side, for exports and for the auditor's trust root."""
        return SignerKey(
            key_name=self.key_name, public_key=self.private_key.public_key().public_bytes_raw()
        )

    def sign(self, tenant_id: UUID, head: Head | Callable[[], Head], bodies_since: Bodies) -> str:
        """Sign a head that follows from the last one signed; the same head is a heartbeat.

        Args:
            head: The committed head, or how to read it. Give the latter where several processes
                sign: it is read while the tenant is locked here, so none comes with an old one.
            bodies_since: Given the first and last sequence, the bodies between, in order.

        Raises:
            InconsistentHistory: The new entries do not lead from the last head to this one.
            RewindRefused: The log has become shorter.
            SignerStateInvalid: The signer's own memory is damaged.
        """
        with self._locked(tenant_id):
            state = self._load(tenant_id)
            size, present = state.frontier.size, head() if callable(head) else head
            if present.size < size:
                raise RewindRefused(
                    f"the log of {tenant_id} has {present.size} entries but {size} were signed: "
                    f"entries {present.size + 1} to {size} are gone; a restore needs a rewind"
                )
            grown = _follow(state, present, bodies_since)
            return self._sign(grown, rewind=None)

    def rewind(self, tenant_id: UUID, head: Head, reason: str, bodies_since: Bodies) -> str:
        """Sign that the log was restored to an earlier or another head, and count it.

        The whole log is recomputed from its genesis hash, for a frontier cannot shrink.

        Raises:
            InconsistentHistory: The restored entries do not lead to this head.
            CheckpointInvalid: The reason does not fit a line.
        """
        with self._locked(tenant_id):
            state = self._load(tenant_id)
            grown = _follow(SignerState.beginning(tenant_id), head, bodies_since)
            left = Rewind(
                from_size=state.frontier.size,
                from_root=state.frontier.root(),
                reason=check_reason(reason),
            )
            restored = replace(grown, signed_at=state.signed_at, rewinds=state.rewinds + 1)
            return self._sign(restored, rewind=left)

    def rewind_notes(self, tenant_id: UUID) -> list[str]:
        """Return every rewind this signer signed for a tenant, oldest first, for the export."""
        with self._locked(tenant_id):
            count = self._load(tenant_id).rewinds
        return [self._rewind_path(tenant_id, at + 1).read_text("utf-8") for at in range(count)]

    def last_signed(self, tenant_id: UUID) -> Head | None:
        """Return the last head signed for a tenant, None before the first."""
        with self._locked(tenant_id):
            state = self._load(tenant_id)
        if state.signed_at is None:
            return None
        frontier = state.frontier
        return Head(size=frontier.size, root=frontier.root(), chain_hash=state.chain_hash)

    def _sign(self, state: SignerState, *, rewind: Rewind | None) -> str:
        """Sign, and have the memory on disk before the note leaves.

        A crash in between loses a note, never the memory of it. A rewind's note is kept too,
        and written first: history counted as rewound without its note could never be proven.
        """
        now = self.clock()
        moment = max(now, state.signed_at) if state.signed_at else now
        checkpoint = Checkpoint(
            tenant_id=state.tenant_id,
            size=state.frontier.size,
            root=state.frontier.root(),
            chain_hash=state.chain_hash,
            time=moment,
            rewinds=state.rewinds,
            rewind=rewind,
        )
        note = sign_checkpoint(checkpoint, self.private_key, self.key_name)
        if rewind is not None:
            _write(self._rewind_path(state.tenant_id, state.rewinds), note.encode())
        signed = replace(state, signed_at=moment)
        _write(self.folder / f"{state.tenant_id}.head", signed.to_bytes())
        return note

    def _rewind_path(self, tenant_id: UUID, count: int) -> Path:
        return self.folder / f"{tenant_id}.rewind-{count}.note"

    def _load(self, tenant_id: UUID) -> SignerState:
        try:
            data = (self.folder / f"{tenant_id}.head").read_bytes()
        except FileNotFoundError:
            return SignerState.beginning(tenant_id)
        return SignerState.from_bytes(data, tenant_id)

    @contextmanager
    def _locked(self, tenant_id: UUID) -> Iterator[None]:
        """Hold the tenant's file lock: two signers with one folder take turns."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.folder / f"{tenant_id}.lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _write(path: Path, data: bytes) -> None:
    """Replace a file atomically and durably."""
    draft = path.with_name(path.name + ".draft")
    with draft.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _follow(state: SignerState, head: Head, bodies_since: Bodies) -> SignerState:
    """Grow a state over the new entries and require that it arrives at `head`."""
    first, chain, frontier = state.frontier.size + 1, state.chain_hash, state.frontier
    leaves: list[bytes] = []
    if head.size >= first:
        for sealed in bodies_since(first, head.size):
            _require_next(state.tenant_id, frontier.size + len(leaves) + 1, head.size, sealed)
            chain = chain_hash(chain, sealed)
            leaves.append(leaf_hash(sealed))
            if len(leaves) == BATCH:
                frontier, leaves = frontier.extend(leaves), []
    frontier = frontier.extend(leaves)
    if frontier.size != head.size:
        missing = frontier.size + 1
        raise InconsistentHistory(
            f"entry {missing} of {state.tenant_id} is missing: the head says {head.size}",
            sequence=missing,
        )
    if chain != head.chain_hash or frontier.root() != head.root:
        first = min(first, head.size)
        raise InconsistentHistory(
            f"entries {first} to {head.size} of {state.tenant_id} do not lead from the signed "
            f"head of {state.frontier.size} entries to the log's head",
            sequence=first,
        )
    return replace(state, frontier=frontier, chain_hash=chain)


def _require_next(tenant_id: UUID, expected: int, last: int, sealed: bytes) -> None:
    try:
        found = place(sealed)
    except AuditBodyInvalid as exc:
        raise InconsistentHistory(
            f"entry {expected} of {tenant_id} is no audit body", sequence=expected
        ) from exc
    if expected > last or found != (tenant_id, expected):
        raise InconsistentHistory(
            f"entry {expected} of {tenant_id} is missing or out of place: "
            f"found entry {found[1]} of {found[0]}",
            sequence=expected,
        )
