"""The audit trail of every tenant, proven twice: in the database, and from an export, offline."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from audit_export import awgp_verify
from ops.chaos.system import System, SystemBroken, awgp, awgp_json

VERIFIER: Final = Path(awgp_verify.__file__)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailProof:
    """What was proven; `broken` is empty where all of it was."""

    entries: int
    verified: bool
    exported_verified: bool
    broken: tuple[str, ...]


def prove_trail(system: System) -> TrailProof:
    """Verify every chain, export what is signed, download it, verify it with the one-file tool."""
    broken = []
    entries, verified = 0, False
    try:
        report = awgp_json(system.data.root, "audit", "verify")
        entries = sum(each["entries"] for each in report["tenants"])
        verified = report["verified"]
    except SystemBroken as error:
        broken.append(f"the audit trail does not verify in the database: {error}")
    exported = _prove_export(system)
    if exported is not None:
        broken.append(f"the exported audit trail does not verify: {exported}")
    return TrailProof(
        entries=entries,
        verified=verified,
        exported_verified=exported is None,
        broken=tuple(broken),
    )


def _prove_export(system: System) -> str | None:
    root, folder = system.data.root, system.file("trail")
    try:
        awgp(root, "audit", "export")
        awgp(root, "audit", "download", str(folder))
        trusted = awgp(root, "audit", "fingerprint").strip()
    except SystemBroken as error:
        return str(error)
    done = subprocess.run(
        [sys.executable, "-I", str(VERIFIER), str(folder), "--trust-root", trusted, "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 0:
        return None
    return " ".join((done.stdout or done.stderr).split())[-400:]


def as_json(proof: TrailProof) -> dict[str, object]:
    said = {
        "entries": proof.entries,
        "verified": proof.verified,
        "export_verified": proof.exported_verified,
    }
    return dict(json.loads(json.dumps(said)))
