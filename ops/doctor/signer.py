"""The signer's memory against the log: neither may have gone back without the other."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from audit_export.checkpoint import (
    CheckpointInvalid,
    SignerKey,
    parse_checkpoint,
    verify_checkpoint,
)
from audit_export.from_settings import make_signer_key
from audit_export.signer import SignerState, SignerStateInvalid
from ops.doctor.check import Check, fail, ok, skipped
from ops.doctor.keys import DATABASE, SIGNING, SUBJECT, key_file, tenants
from ops.doctor.run import Probe
from ops.doctor.system import System
from pipeline.settings import Settings

NAME: Final = "signer's memory"
SET_BACK: Final = (
    "find out who set it back; if it was a restore of yours, sign a rewind"
    " (docs/how-to/run-on-real-servers.md, Backups)"
)
RESTORE: Final = "restore the signer folder from its newest backup, with the audit worker stopped"


def memory(system: System) -> Iterator[Check]:
    folder = _folder(system)
    if folder is None:
        yield skipped(NAME, "neither data folder nor AWGP_SIGNER_FOLDER here")
        return
    key, found, signed = _key(system), list[Check](), 0
    for tenant in tenants(system):
        problem, was_signed = _examine(system, folder, UUID(tenant), key)
        found += problem
        signed += was_signed
    yield from found
    if not found:
        yield ok(NAME, f"agrees with the log of {signed} tenants")


def _folder(system: System) -> Path | None:
    if system.settings.signer_folder:
        return Path(system.settings.signer_folder)
    return None if system.data is None else system.data.folder("signer")


def _key(system: System) -> SignerKey | None:
    path = key_file(system, "AWGP_CHECKPOINT_KEY_FILE", "checkpoint.key")
    if path is None:
        return None
    name = system.settings.checkpoint_key_name
    return make_signer_key(Settings(checkpoint_key=path.read_text(), checkpoint_key_name=name))


def _examine(
    system: System, folder: Path, tenant: UUID, key: SignerKey | None
) -> tuple[list[Check], bool]:
    """One tenant; also whether anything of it was ever signed.

    Read in this order: note, memory, head. Each is written before the one read earlier, so that a
    system at work looks consistent.
    """
    note = _ask(system, tenant, "SELECT note FROM audit_checkpoints ORDER BY checkpoint_id DESC")
    if note is None:
        return [], False
    state = _state(folder, tenant)
    if isinstance(state, Check):
        return [state], True
    head = _ask(system, tenant, "SELECT sequence, hash FROM audit_heads") or (0, b"")
    problem = _problem(str(note[0]), state, (int(head[0]), bytes(head[1])), key)
    return ([] if problem is None else [fail(f"{NAME} of {tenant}", *problem)]), True


def _problem(
    note: str, state: SignerState | None, head: tuple[int, bytes], key: SignerKey | None
) -> tuple[str, str] | None:
    """What does not fit together, and how it is mended."""
    noted, size = parse_checkpoint(note).size, 0 if state is None else state.frontier.size
    if key is not None and not _is_by(note, key):
        said = "the last checkpoint is not signed with this key: auditors would not trust it"
        return said, "put back the key that signed it, or hand out a new trust root"
    if size < noted:
        return f"it remembers {size} entries, but {noted} are signed", RESTORE
    if size > head[0] or (state is not None and size == head[0] and state.chain_hash != head[1]):
        said = f"{size} entries were signed, but the log's {head[0]} are not those: it was set back"
        return said, SET_BACK
    return None


def _state(folder: Path, tenant: UUID) -> SignerState | Check | None:
    try:
        return SignerState.from_bytes((folder / f"{tenant}.head").read_bytes(), tenant)
    except FileNotFoundError:
        return None
    except PermissionError:
        return skipped(f"{NAME} of {tenant}", "not ours to read; run as root")
    except SignerStateInvalid as damaged:
        return fail(f"{NAME} of {tenant}", str(damaged), RESTORE)


def _is_by(note: str, key: SignerKey) -> bool:
    try:
        verify_checkpoint(note, key)
    except CheckpointInvalid:
        return False
    return True


def _ask(system: System, tenant: UUID, query: str) -> tuple[Any, ...] | None:
    with system.as_login("awgp_auditor") as connection, connection.transaction():
        connection.execute("SELECT set_config('app.current_tenant', %s, true)", [str(tenant)])
        return connection.execute(f"{query} LIMIT 1").fetchone()


PROBES: Final = (
    Probe(subject=SUBJECT, name=NAME, ask=memory, needs=(SIGNING, DATABASE), limit=30.0),
)
