"""Format v1 is frozen: everything it writes for fixed inputs is in tests/vectors/audit_v1.json.

The file was written once. A change that makes this test fail changes the format, and a changed
format is another version with vectors of its own.
"""

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit_export import awgp_verify
from audit_export.checkpoint import Checkpoint, Rewind, SignerKey, sign_checkpoint
from audit_export.segment import FileDigest, GzipWriter, SegmentManifest
from pipeline.audit import AuditRecord, body, chain_hash, genesis
from pipeline.envelope import KeyRing
from pipeline.merkle import Frontier, leaf_hash
from pipeline.personal import SubjectKey, commitment, seal_personal

VECTORS = Path(__file__).parents[1] / "vectors" / "audit_v1.json"

TENANT = UUID("6f1e4a52-3c1b-4c58-9d0a-0f4f6c1d2e3f")
SIGNING_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEY_NAME = "awgp.example/holding"
SUBJECT = SubjectKey(subject_ref="subject-1", key_id="subject-1.k1", key=bytes(range(32, 64)))
NONCE = bytes(range(12))
TIME = datetime(2026, 11, 23, 6, 0, 0, 1, tzinfo=UTC)


def fixed_nonce(size: int) -> bytes:
    return NONCE[:size]


def ids(number: int) -> UUID:
    return UUID(f"01930000-0000-7000-8000-{number:012d}")


def records() -> list[AuditRecord]:
    """A plain record, one at every edge of the JSON form, one with personal content."""
    common: dict[str, Any] = {"tenant_id": TENANT, "resource_type": "run", "resource_id": "r-1"}
    plain = AuditRecord(
        id=ids(1), occurred_at=TIME, actor_type="service", actor_id="policy",
        action="policy:run:permitted", before={"status": "received"},
        after={"status": "permitted"}, metadata={"policy_version": "12"}, **common,
    )  # fmt: skip
    edges = AuditRecord(
        id=ids(2), occurred_at=TIME - timedelta(hours=1), actor_type="source", actor_id="s-ü-1",
        action="hold:approval:requested",
        metadata={
            "\ufb33": "after the surrogate pair, by UTF-16 code units",
            "\U0001f600": "before U+FB33",
            "escapes": '\b\t\n\f\r"\\/\x01\x1f\x7f\u2028é€',
            "integers": [0, -1, 9007199254740991, -9007199254740991],
            "int64": "9223372036854775807",
            "empty": [{}, [], "", None, True, False],
            "1": 1, "10": 10, "2": 2,
        },
        **common,
    )  # fmt: skip
    personal = AuditRecord(
        id=ids(3), occurred_at=TIME, actor_type="person", actor_id="p-1",
        action="hold:approval:granted", before={"status": "held"}, after={"status": "approved"},
        metadata={"email_commitment": commitment(SUBJECT, b"ada@example.com")},
        personal=seal_personal(
            SUBJECT, {"name": "Ada Lovelace", "email": "ada@example.com"},
            tenant_id=TENANT, record_id=ids(3), random_bytes=fixed_nonce,
        ),
        **common,
    )  # fmt: skip
    return [plain, edges, personal]


def computed() -> dict[str, Any]:
    """Everything the format writes for these inputs."""
    chain, frontier, entries, packed = genesis(TENANT), Frontier(), [], io.BytesIO()
    segment, listed = GzipWriter(packed), b""
    for sequence, record in enumerate(records(), start=1):
        sealed = body(record, sequence=sequence, sealed_at=TIME + timedelta(seconds=sequence))
        chain, frontier = chain_hash(chain, sealed), frontier.append(leaf_hash(sealed))
        segment.write(sealed + b"\n")
        listed += leaf_hash(sealed)
        entries.append(
            {
                "pending": record.to_json(),
                "body": sealed.decode(),
                "leaf_hash": leaf_hash(sealed).hex(),
                "chain_hash": chain.hex(),
                "root": frontier.root().hex(),
                "frontier": frontier.to_bytes().hex(),
            }
        )
    segment.close()
    checkpoint = Checkpoint(
        tenant_id=TENANT, size=3, root=frontier.root(), chain_hash=chain, time=TIME
    )
    left = Rewind(from_size=5, from_root=bytes(32), reason="restored a backup")
    rewind = Checkpoint(
        tenant_id=TENANT, size=3, root=frontier.root(), chain_hash=chain, time=TIME, rewinds=1,
        rewind=left,
    )  # fmt: skip
    signer = SignerKey(key_name=KEY_NAME, public_key=SIGNING_KEY.public_key().public_bytes_raw())
    ring = KeyRing(keys={"kek-2026": bytes(range(64, 96))}, random_bytes=fixed_nonce)
    return {
        "tenant": str(TENANT),
        "genesis": genesis(TENANT).hex(),
        "entries": entries,
        "signer": signer.to_bytes().decode(),
        "fingerprint": signer.fingerprint,
        "checkpoint": sign_checkpoint(checkpoint, SIGNING_KEY, KEY_NAME),
        "rewind": sign_checkpoint(rewind, SIGNING_KEY, KEY_NAME),
        "manifest": manifest(chain, segment, listed).to_bytes().decode(),
        "secret_envelope": ring.seal(
            b"whsec_secret", tenant_id=TENANT, row_id=ids(9), purpose="source-secret"
        ).hex(),
    }


def manifest(chain: bytes, segment: GzipWriter, listed: bytes) -> SegmentManifest:
    """A manifest whose packed bytes are a stand-in: zlib, not the format, decides those."""
    stem = f"segments/{1:020d}-{3:020d}"
    return SegmentManifest(
        tenant_id=TENANT,
        first_sequence=1,
        last_sequence=3,
        data=FileDigest(name=f"{stem}.jsonl.gz", size=1, sha256="00" * 32),
        leaves=FileDigest(name=f"{stem}.leaves", size=len(listed), sha256="11" * 32),
        content_bytes=segment.size,
        content_sha256=segment.hash.hexdigest(),
        previous_hash=genesis(TENANT),
        last_hash=chain,
        checkpoint=FileDigest(name=f"checkpoints/{3:020d}-{0:016x}.note", size=1, sha256="22" * 32),
        checkpoint_size=3,
    )


def test_the_format_still_writes_its_golden_vectors() -> None:
    assert computed() == json.loads(VECTORS.read_text("utf-8"))


def test_the_golden_pending_rows_are_still_read() -> None:
    golden = json.loads(VECTORS.read_text("utf-8"))
    for record, entry in zip(records(), golden["entries"], strict=True):
        assert AuditRecord.from_json(entry["pending"]) == record


def test_the_offline_verifier_reads_the_golden_bytes() -> None:
    golden = json.loads(VECTORS.read_text("utf-8"))
    for sequence, entry in enumerate(golden["entries"], start=1):
        found = awgp_verify.parse_body(entry["body"].encode())
        assert found["sequence"] == str(sequence)
    key = awgp_verify.Key(KEY_NAME, SIGNING_KEY.public_key().public_bytes_raw())
    for name in ("checkpoint", "rewind"):
        note = awgp_verify.read_checkpoint(golden[name].encode(), name, [key])
        assert note.root.hex() == golden["entries"][-1]["root"]
        assert note.chain.hex() == golden["entries"][-1]["chain_hash"]
