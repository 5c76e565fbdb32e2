"""Exporting to a real S3 server with a real Object Lock, and verifying what comes back."""

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from botocore.exceptions import ClientError

from audit_export import awgp_verify
from audit_export.export import ExportReport, export_tenant
from audit_export.object_store import (
    ObjectDiffers,
    ObjectMissing,
    StoredObject,
    StoreUnavailable,
)
from audit_export.s3_store import S3Store
from audit_export.signer import Signer
from ops.embedded.running import Running
from ops.embedded.s3 import AUDIT_BUCKET, REGION, s3_admin_client, s3_client, start_s3
from tests.audit_trail import MemoryLog, make_signer

pytestmark = pytest.mark.services

RETENTION = timedelta(hours=1)


@pytest.fixture(scope="module")
def s3() -> Iterator[Running]:
    path = Path(tempfile.mkdtemp(prefix="awgp-s3-export-"))
    with start_s3(path) as server:
        yield server
    shutil.rmtree(path)


@pytest.fixture
def store(s3: Running) -> S3Store:
    return bucket_store(s3, AUDIT_BUCKET)


def bucket_store(s3: Running, bucket: str, *, admin: bool = False) -> S3Store:
    prefix = "s3-admin-" if admin else "s3-"
    return S3Store(
        endpoint=s3.url,
        bucket=bucket,
        region=REGION,
        access_key=s3.data.secret(f"{prefix}access-key"),
        secret_key=s3.data.secret(f"{prefix}secret-key"),
    )


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    return make_signer(tmp_path / "signer")


@pytest.fixture
def log(signer: Signer) -> MemoryLog:
    """Seven entries of a tenant nobody has exported, signed."""
    grown = MemoryLog(tenant_id=uuid4())
    grown.grow(7)
    grown.sign(signer)
    return grown


def export(log: MemoryLog, signer: Signer, store: S3Store) -> ExportReport:
    return export_tenant(
        log.tenant_id,
        log=log,
        signer=signer.public,
        store=store,
        retention=RETENTION,
        max_entries=3,
    )


def put(store: S3Store, key: str, data: bytes, *, hours: int = 1) -> StoredObject:
    until = datetime.now(UTC) + timedelta(hours=hours)
    return store.put_locked(key, data, until, hashlib.sha256(data).hexdigest())


def test_an_export_is_locked_downloaded_and_proven_by_the_verifier_alone(
    log: MemoryLog, signer: Signer, store: S3Store, tmp_path: Path
) -> None:
    # Given a log exported in three segments
    report = export(log, signer, store)
    assert (report.entries, report.objects, report.locked) == (7, 11, True)

    # When an auditor downloads it and runs the one file with nothing but Python
    folder = tmp_path / "downloaded"
    assert len(store.download_folder(f"{log.tenant_id}/", folder)) == report.objects
    command = [sys.executable, "-I", "-S", str(Path(awgp_verify.__file__)), str(folder), "--json"]
    root = signer.public.fingerprint
    run = subprocess.run([*command, "--trust-root", root], capture_output=True, check=False)

    # Then it is proven, and without the fingerprint it is not
    assert run.returncode == 0, run.stdout + run.stderr
    (found,) = json.loads(run.stdout)["tenants"]
    assert (found["verdict"], found["entries"]) == ("proven", 7)
    unknown = subprocess.run(command, capture_output=True, check=False)
    assert unknown.returncode == 1
    assert json.loads(unknown.stdout)["tenants"][0]["verdict"] == "signer-unknown"


def test_several_tenants_are_downloaded_and_verified_together(
    signer: Signer, store: S3Store, tmp_path: Path
) -> None:
    tenants: list[UUID] = []
    for _ in range(2):
        log = MemoryLog(tenant_id=uuid4())
        log.grow(2)
        log.sign(signer)
        export(log, signer, store)
        tenants.append(log.tenant_id)
        store.download_folder(f"{log.tenant_id}/", tmp_path / "all")
    reports = awgp_verify.verify_folder(tmp_path / "all", [signer.public.fingerprint])
    assert [(r.tenant, r.verdict) for r in reports] == [
        (str(tenant), "proven") for tenant in sorted(tenants, key=str)
    ]


def test_exporting_again_writes_nothing_new(
    log: MemoryLog, signer: Signer, store: S3Store, s3: Running
) -> None:
    export(log, signer, store)
    prefix = f"{log.tenant_id}/"
    before = versions(s3, prefix)
    log.exported.clear()
    assert export(log, signer, store).entries == 7
    assert versions(s3, prefix) == before


def versions(s3: Running, prefix: str) -> list[tuple[str, str]]:
    found = s3_admin_client(s3.data).list_object_versions(Bucket=AUDIT_BUCKET, Prefix=prefix)
    return sorted((entry["Key"], entry["VersionId"]) for entry in found.get("Versions", []))


def test_a_log_that_grows_is_exported_from_where_it_stopped(
    log: MemoryLog, signer: Signer, store: S3Store, tmp_path: Path
) -> None:
    export(log, signer, store)
    log.grow(4)
    log.sign(signer)
    assert [s.first_sequence for s in export(log, signer, store).segments] == [8, 11]
    store.download_folder(f"{log.tenant_id}/", tmp_path / "downloaded")
    (found,) = awgp_verify.verify_folder(tmp_path / "downloaded", [signer.public.fingerprint])
    assert (found.verdict, found.entries, found.checkpoints) == ("proven", 11, 2)


def test_a_locked_object_is_not_deleted_even_by_the_admin(
    log: MemoryLog, signer: Signer, store: S3Store, s3: Running
) -> None:
    export(log, signer, store)
    key, version = versions(s3, f"{log.tenant_id}/")[0]
    admin = s3_admin_client(s3.data)
    with pytest.raises(ClientError, match=r"AccessDenied|Locked|denied"):
        admin.delete_object(Bucket=AUDIT_BUCKET, Key=key, VersionId=version)
    assert (key, version) in versions(s3, f"{log.tenant_id}/")


def test_other_bytes_under_a_taken_key_are_refused(store: S3Store) -> None:
    key = f"{uuid4()}/segments/x"
    assert put(store, key, b"first").created is True
    assert put(store, key, b"first").created is False
    with pytest.raises(ObjectDiffers):
        put(store, key, b"second")
    assert b"".join(store.read_back(key)) == b"first"


def test_a_lock_that_is_too_short_is_lengthened(store: S3Store, s3: Running) -> None:
    key = f"{uuid4()}/segments/x"
    put(store, key, b"data", hours=1)
    longer = put(store, key, b"data", hours=3)
    assert longer.locked_until is not None
    held = s3_client(s3.data).get_object_retention(Bucket=AUDIT_BUCKET, Key=key)["Retention"]
    assert held["Mode"] == "COMPLIANCE"
    assert abs(held["RetainUntilDate"] - longer.locked_until) < timedelta(seconds=2)
    assert held["RetainUntilDate"] > datetime.now(UTC) + timedelta(hours=2)


def test_bytes_damaged_on_the_way_are_refused_by_the_server(store: S3Store) -> None:
    key, until = f"{uuid4()}/segments/x", datetime.now(UTC) + RETENTION
    with pytest.raises(StoreUnavailable):
        store.put_locked(key, b"data", until, hashlib.sha256(b"other").hexdigest())
    with pytest.raises(ObjectMissing):
        b"".join(store.read_back(key))


def test_a_bucket_without_object_lock_is_said_to_have_none(
    s3: Running, log: MemoryLog, signer: Signer
) -> None:
    s3_admin_client(s3.data).create_bucket(Bucket="plain")
    store = bucket_store(s3, "plain", admin=True)
    assert store.has_object_lock is False
    assert export(log, signer, store).locked is False


def test_a_bucket_that_cannot_be_asked_is_not_taken_for_unlocked(s3: Running) -> None:
    with pytest.raises(StoreUnavailable):
        assert bucket_store(s3, "no-such-bucket", admin=True).has_object_lock


def test_a_missing_object_is_called_missing(store: S3Store) -> None:
    with pytest.raises(ObjectMissing):
        b"".join(store.read_back(f"{uuid4()}/nothing"))


def test_the_secret_key_is_not_shown(store: S3Store) -> None:
    assert store.secret_key not in repr(store)
