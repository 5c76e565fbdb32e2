"""The keys: there, nobody else's to read, and the ones that what is stored was sealed under."""

import base64
import re
import stat
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from audit_export.from_settings import make_signer_key
from ops.doctor.check import Check, fail, listed, ok, skipped, warn
from ops.doctor.run import Probe
from ops.doctor.system import System
from ops.embedded.secret_files import SECRETS
from ops.rewrap import SEALED
from ops.supervisor_files import program_file
from pipeline.envelope import KeyRing
from pipeline.settings import Settings

SUBJECT: Final = "keys"
RING: Final = "key ring"
SIGNING: Final = "checkpoint key"
DATABASE: Final = "database: reachable"
FROM_BACKUP: Final = (
    "restore it from your backup before anything starts: `awgp up` would make a new one, under"
    " which nothing that is sealed opens"
)
# envelope = version, length of the key id, key id, ... (pipeline/envelope.py)
_KEY_ID: Final = "convert_from(substring(envelope FROM 3 FOR get_byte(envelope, 1)), 'SQL_ASCII')"
_EXPORTED_KEY: Final = re.compile(r'AWGP_CHECKPOINT_PUBLIC_KEY="([^"]*)"')


def files(system: System) -> Iterator[Check]:
    """Every secret of the data folder: present, and readable by its owner alone."""
    if system.data is None:
        yield skipped("secret files", "no data folder on this machine")
        return
    folder = system.data.root / "secrets"
    missing = [name for name in SECRETS if not (folder / name).is_file()]
    ordinary = [name for name in missing if name not in ("kek", "checkpoint.key")]
    if ordinary:
        mend = "`awgp up` makes them; where a server has them already, restore them instead"
        yield fail("secret files", f"{listed(ordinary)} missing", mend)
    loose = [name for name in SECRETS if name not in missing and _is_loose(folder / name)]
    for name in loose:
        mode = stat.S_IMODE((folder / name).stat().st_mode)
        yield fail(
            f"secret file {name}",
            f"mode {mode:04o}: others may use it",
            f"chmod 600 {folder / name}",
        )
    if not ordinary and not loose:
        yield ok("secret files", f"{len(SECRETS) - len(missing)} there, readable by us alone")


def _is_loose(path: Path) -> bool:
    return bool(path.stat().st_mode & 0o077)


def key_file(system: System, setting: str, secret: str) -> Path | None:
    """Where a key is, by the operator's word or in the data folder."""
    if setting in system.environ:
        return Path(system.environ[setting])
    return None if system.data is None else system.data.secret_file(secret)


def ring(system: System) -> Iterator[Check]:
    path = key_file(system, "AWGP_KEK_FILE", "kek")
    if path is None:
        yield skipped(RING, "no data folder and no AWGP_KEK_FILE here")
        return
    if not path.is_file():
        yield fail(RING, f"{path} is missing", FROM_BACKUP)
        return
    found = KeyRing.from_files(path)
    if "AWGP_KEK_FILE" in system.environ and _is_loose(path):
        yield warn("key ring's file", f"others may read {path}", f"chmod 600 {path}")
    yield ok(RING, f"{listed(list(found.keys))}; {found.sealing_key_id} seals")


def envelopes(system: System) -> Iterator[Check]:
    """Under which keys secrets are sealed; each must be on the ring."""
    path = key_file(system, "AWGP_KEK_FILE", "kek")
    known = frozenset(KeyRing.from_files(path).keys) if path is not None else frozenset()
    counts = _sealed_under(system)
    lost = {key: count for key, count in counts.items() if key not in known}
    shown = ", ".join(f"{count} under {key}" for key, count in sorted(counts.items()))
    if lost:
        said = f"{shown}; {listed(list(lost))} not on the ring: what it sealed is lost without it"
        yield fail("envelopes", said, "put the key's line back into the ring from your backup")
    else:
        yield ok("envelopes", shown or "nothing is sealed yet")


def _sealed_under(system: System) -> Counter[str]:
    queries = [
        f"SELECT {_KEY_ID}, count(*) FROM {table} WHERE envelope IS NOT NULL GROUP BY 1"  # noqa: S608  # our own names
        for table, *_ in SEALED
    ]
    counts: Counter[str] = Counter()
    with system.as_login("awgp_owner") as connection:
        for tenant_id in tenants(system):
            with connection.transaction():
                connection.execute(
                    "SELECT set_config('app.current_tenant', %s, true)", [str(tenant_id)]
                )
                for query in queries:
                    counts.update(dict(connection.execute(query).fetchall()))
    return counts


def tenants(system: System) -> list[str]:
    with system.as_login("awgp_holding") as connection:
        return [str(row[0]) for row in connection.execute("SELECT tenant_id FROM tenants")]


def checkpoint_key(system: System) -> Iterator[Check]:
    """The signer's key, and that exports trust the same one."""
    path = key_file(system, "AWGP_CHECKPOINT_KEY_FILE", "checkpoint.key")
    if path is None:
        yield skipped(SIGNING, "no data folder and no AWGP_CHECKPOINT_KEY_FILE here")
        return
    if not path.is_file():
        yield fail(SIGNING, f"{path} is missing", FROM_BACKUP)
        return
    name = system.settings.checkpoint_key_name
    key = make_signer_key(
        Settings(checkpoint_key=path.read_text(encoding="utf-8"), checkpoint_key_name=name)
    )
    yield ok(SIGNING, f"{name} {key.fingerprint}: the auditors' trust root")
    trusted = _trusted_by_exports(system)
    if trusted is not None and trusted != base64.b64encode(key.public_key).decode():
        mend = "set AWGP_CHECKPOINT_PUBLIC_KEY to the signer's, and restart the export worker"
        yield fail("exports' key", "exports trust another key: they would refuse", mend)


def _trusted_by_exports(system: System) -> str | None:
    if system.settings.checkpoint_public_key:
        return system.settings.checkpoint_public_key
    if system.data is None:
        return None
    try:
        told = program_file(system.data, "export-1").read_text(encoding="utf-8")
    except OSError:
        return None
    found = _EXPORTED_KEY.search(told)
    return found[1] if found else None


PROBES: Final = (
    Probe(subject=SUBJECT, name="secret files", ask=files),
    Probe(subject=SUBJECT, name=RING, ask=ring, mend=FROM_BACKUP),
    Probe(subject=SUBJECT, name="envelopes", ask=envelopes, needs=(RING, DATABASE), limit=30.0),
    Probe(subject=SUBJECT, name=SIGNING, ask=checkpoint_key, mend=FROM_BACKUP),
)
