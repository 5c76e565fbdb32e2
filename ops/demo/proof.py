"""The demo's last act: export, download, verify offline, flip a byte, verify again."""

import gzip
import json
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from sqlalchemy import Connection, Engine, text

from audit_export.checkpoint import fingerprint
from audit_export.log_store import sole_export
from audit_export.s3_store import S3Store
from audit_export.segment import GzipWriter
from ops.demo.clients import PATIENCE_SECONDS, POLL_SECONDS, DemoFailed
from ops.embedded.data_folder import DataFolder
from ops.embedded.s3 import AUDIT_BUCKET, REGION, s3_endpoint
from ops.login_engine import login_engine
from pipeline.database import tenant_transaction

VERIFIER = Path(__file__).parents[2] / "audit_export" / "awgp_verify.py"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the offline verifier said."""

    proven: bool
    report: dict[str, Any]
    said: str


def trust_root(data: DataFolder) -> str:
    """The fingerprint an auditor is given out of band."""
    key = load_pem_private_key(data.secret("checkpoint.key").encode(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise DemoFailed("the checkpoint key is not an Ed25519 key")
    return fingerprint(key.public_key())


def export_everything(data: DataFolder, tenants: Iterable[UUID]) -> int:
    """Make every tenant's export due now and wait for the exporter; returns entries exported."""
    owner = login_engine(data, "awgp_owner")
    try:
        return sum(_export(owner, tenant) for tenant in tenants)
    finally:
        owner.dispose()


def _export(owner: Engine, tenant_id: UUID) -> int:
    with tenant_transaction(owner, tenant_id) as connection:
        wanted: int = connection.execute(
            text("SELECT coalesce(max(tree_size), 0) FROM audit_checkpoints")
        ).scalar_one()
        connection.execute(
            text("UPDATE due SET next_send_at = clock_timestamp() WHERE kind = 'export.run'")
        )
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        with tenant_transaction(owner, tenant_id) as connection:
            if (exported := _exported(connection)) >= wanted:
                return exported
        time.sleep(POLL_SECONDS)
    raise DemoFailed(f"the export of tenant {tenant_id} did not finish")


def _exported(connection: Connection) -> int:
    statement = text("SELECT coalesce(max(last_sequence), 0) FROM audit_segments")
    count: int = connection.execute(statement).scalar_one()
    return count


def timeline(data: DataFolder, tenant_id: UUID, run_id: str) -> list[tuple[str, Any]]:
    """What the audit trail holds of a run: (action, when it happened), in order."""
    owner = login_engine(data, "awgp_owner")
    try:
        with tenant_transaction(owner, tenant_id) as connection:
            rows = connection.execute(
                text(
                    "SELECT action, occurred_at FROM audit_log"
                    " WHERE resource_id = :run OR metadata ->> 'run' = :run ORDER BY sequence"
                ),
                {"run": run_id},
            ).all()
    finally:
        owner.dispose()
    return [(row[0], row[1]) for row in rows]


def output_lines(data: DataFolder, tenant_id: UUID, run_id: str) -> list[str]:
    """What the run's agent wrote, line by line."""
    owner = login_engine(data, "awgp_owner")
    try:
        with tenant_transaction(owner, tenant_id) as connection:
            kept = connection.execute(
                text("SELECT output FROM executions WHERE run_id = :run"), {"run": run_id}
            ).scalar_one()
    finally:
        owner.dispose()
    return [json.loads(line)["text"] for line in bytes(kept or b"").splitlines()]


def download(data: DataFolder, folder: Path, tenants: Iterable[UUID]) -> list[Path]:
    """Fetch every exported object, as an auditor does, while no export is under way."""
    store = S3Store(
        endpoint=s3_endpoint(data),
        bucket=AUDIT_BUCKET,
        region=REGION,
        access_key=data.secret("s3-access-key"),
        secret_key=data.secret("s3-secret-key"),
    )
    owner = login_engine(data, "awgp_owner")
    try:
        with ExitStack() as stack:
            for tenant in tenants:
                stack.enter_context(sole_export(owner, tenant))
            return store.download_folder("", folder)
    finally:
        owner.dispose()


def verify(folder: Path, root: str) -> Verdict:
    """Run the one-file verifier on its own, apart from everything of ours."""
    done = subprocess.run(
        [sys.executable, "-I", str(VERIFIER), str(folder), "--trust-root", root, "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        report: dict[str, Any] = json.loads(done.stdout)
    except ValueError as error:
        raise DemoFailed(f"the verifier gave no report: {done.stderr[-300:]}") from error
    return Verdict(proven=done.returncode == 0, report=report, said=done.stdout)


def flip_a_byte(folder: Path) -> tuple[Path, int]:
    """Change one byte of one record, in the middle of a segment; returns the file and the line."""
    segment = max(folder.rglob("*.jsonl.gz"), key=lambda path: path.stat().st_size)
    lines = gzip.decompress(segment.read_bytes()).split(b"\n")
    at = len(lines) // 2
    place = lines[at].index(b'"occurred_at":"20') + len(b'"occurred_at":"20')
    altered = bytearray(lines[at])
    altered[place] ^= 1  # the year's third digit
    lines[at] = bytes(altered)
    with segment.open("wb") as file:
        packed = GzipWriter(file)
        packed.write(b"\n".join(lines))
        packed.close()
    return segment, at + 1
