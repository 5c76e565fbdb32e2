"""Two exports of one tenant at once: one waits, and no segments overlap."""

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from actors.export import Export, run_export
from audit_export.awgp_verify import verify_folder
from audit_export.object_store import StoredObject
from tests.audit_trail import FolderStore
from tests.integration import driving
from tests.integration.conftest import Database
from tests.integration.stages import rows
from tests.integration.world import World

PATIENCE_SECONDS = 60.0


class SlowStore(FolderStore):
    """Stops in its first put until it is told to go on."""

    began = threading.Event()
    go_on = threading.Event()

    def put_locked(
        self, key: str, body: bytes | Path, retain_until: datetime, sha256: str
    ) -> StoredObject:
        self.began.set()
        assert self.go_on.wait(PATIENCE_SECONDS)
        return FolderStore.put_locked(self, key, body, retain_until, sha256)


def segments(folder: Path) -> Iterator[str]:
    return (path.name for path in sorted(folder.rglob("*.jsonl.gz")))


def test_a_second_export_waits_for_the_first_and_continues_it(
    database: Database, world: World, tmp_path: Path
) -> None:
    (tmp_path / "signer").mkdir()
    signer = driving.make_signer(tmp_path / "signer")
    exporter = database.outbox("awgp_exporter")
    tenant = world.acme

    def export(store: FolderStore) -> threading.Thread:
        plan = Export(
            signer=signer.public,
            store=store,
            retention=timedelta(days=1),
            interval=timedelta(hours=1),
        )
        thread = threading.Thread(target=run_export, args=(exporter, plan, tenant.tenant_id))
        thread.start()
        return thread

    driving.seal_all(database, signer, tenant)
    slow = SlowStore(folder=tmp_path / "export")
    first = export(slow)
    assert slow.began.wait(PATIENCE_SECONDS)
    # The log grows, and is signed, while the first is under way.
    driving.deny(database, tenant)
    driving.seal_all(database, signer, tenant)
    second = export(FolderStore(folder=tmp_path / "export"))
    second.join(0.5)
    assert second.is_alive()
    assert list(segments(tmp_path / "export")) == []
    slow.go_on.set()
    first.join(PATIENCE_SECONDS)
    second.join(PATIENCE_SECONDS)

    kept = rows(
        database,
        tenant,
        "SELECT first_sequence, last_sequence FROM audit_segments ORDER BY first_sequence",
    )
    assert len(kept) == 2
    assert kept[1][0] == kept[0][1] + 1
    (report,) = verify_folder(tmp_path / "export", [signer.public.fingerprint])
    assert report.verdict == "proven"
