"""The trail over the API: found, proven, verified in place, revealed, exported, taken away."""

import base64
import hashlib
import io
import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from actors.export import Export, run_export
from audit_export.checkpoint import verify_checkpoint
from audit_export.object_store import ObjectReader
from audit_export.s3_store import S3Store
from audit_export.signer import Signer
from audit_export.verify_range import State, verify_range
from ops.embedded.running import Running
from ops.embedded.s3 import AUDIT_BUCKET, REGION, start_s3
from pipeline.database import tenant_transaction
from pipeline.merkle import leaf_hash, verify_inclusion
from tests.integration.conftest import Database, stub_broker
from tests.integration.control_plane import (
    HELD,
    ControlPlane,
    machine,
    open_control_plane,
    person,
    token,
)
from tests.integration.driving import deny, make_signer, seal_all
from tests.integration.setting_up import ADMIN, AUDITOR, FOREIGN, OPERATOR, problem, send
from tests.integration.test_seal import note_down
from tests.integration.world import World
from web.operations import Operations

pytestmark = pytest.mark.services

HANA = token("hana", groups=["holding-admins"], roles=[])
WHY = {"reason": "a question of the person's"}


@pytest.fixture(scope="module")
def s3() -> Iterator[Running]:
    path = Path(tempfile.mkdtemp(prefix="awgp-web-audit-"))
    with start_s3(path) as server:
        yield server
    shutil.rmtree(path)


def store_of(s3: Running, prefix: str) -> S3Store:
    return S3Store(
        endpoint=s3.url,
        bucket=AUDIT_BUCKET,
        region=REGION,
        access_key=s3.data.secret(f"{prefix}access-key"),
        secret_key=s3.data.secret(f"{prefix}secret-key"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """Two tenants' sealed and signed trails, and the control plane over them."""

    plane: ControlPlane
    database: Database
    world: World
    signer: Signer

    def get(self, path: str, bearer: str = AUDITOR) -> Any:
        return self.plane.get(path, bearer)

    def verify(self, body: dict[str, Any] | None = None, bearer: str = AUDITOR) -> Any:
        """Go on until all is verified or something is bad; returns every answer."""
        answers = [send(self.plane, "POST", "/v1/audit/verify", bearer, body or {}).get_json()]
        while answers[-1]["next"] is not None:
            going_on = {"cursor": answers[-1]["next"]}
            answers.append(
                send(self.plane, "POST", "/v1/audit/verify", bearer, going_on).get_json()
            )
        return answers

    def tamper(self, statement: str) -> None:
        """As a superuser with every trigger off."""
        with self.database.admin.begin() as connection:
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
            connection.exec_driver_sql("SET LOCAL search_path = awgp")
            done = connection.execute(text(statement), {"acme": self.world.acme.tenant_id})
            assert done.rowcount == 1

    def seal(self) -> None:
        seal_all(self.database, self.signer, self.world.acme, self.world.globex)

    def with_store(self, store: ObjectReader | None) -> "Trail":
        operations = Operations(signer=self.signer.public, store=store)
        plane = open_control_plane(self.database, self.world, operations=operations)
        return Trail(plane=plane, database=self.database, world=self.world, signer=self.signer)


@pytest.fixture
def trail(database: Database, world: World, tmp_path: Path) -> Trail:
    signer = make_signer(tmp_path / "signer")
    plane = open_control_plane(database, world, operations=Operations(signer=signer.public))
    made = Trail(plane=plane, database=database, world=world, signer=signer)
    for count in (30, 300, 40):
        note_down(database.outbox("awgp_web"), world.acme.tenant_id, count)
        made.seal()
    deny(database, world.globex)
    made.seal()
    return made


def test_an_entry_can_be_checked_with_the_answer_alone(trail: Trail) -> None:
    entry = trail.get("/v1/audit/200").get_json()
    body = base64.b64decode(entry["body_base64"])
    assert body.decode() == entry["body"]
    chained = b"awgp.audit.v1\0" + bytes.fromhex(entry["previous_hash"]) + body
    assert hashlib.sha256(chained).hexdigest() == entry["hash"]
    proof = entry["proof"]
    assert proof["leaf_hash"] == leaf_hash(body).hex()
    verify_inclusion(
        leaf=leaf_hash(body),
        index=199,
        size=proof["tree_size"],
        proof=[bytes.fromhex(each) for each in proof["path"]],
        root=bytes.fromhex(proof["root"]),
    )
    signed = verify_checkpoint(proof["checkpoint"]["note"], trail.signer.public)
    assert signed.root.hex() == proof["root"]
    assert entry["signer"]["fingerprint"] == trail.signer.public.fingerprint
    assert "another way" in entry["signer"]["warning"]


def test_a_runs_entries_can_be_checked_with_the_answer_alone(trail: Trail) -> None:
    held = trail.plane.held(HELD)
    trail.seal()
    shown = trail.get(f"/v1/runs/{held['run_id']}/audit", OPERATOR).get_json()
    assert shown["items"]
    for entry in shown["items"]:
        body = base64.b64decode(entry["body_base64"])
        assert json.loads(body)["sequence"] == str(entry["sequence"])
        verify_inclusion(
            leaf=leaf_hash(body),
            index=entry["proof"]["index"],
            size=shown["checkpoint"]["size"],
            proof=[bytes.fromhex(each) for each in entry["proof"]["path"]],
            root=bytes.fromhex(shown["checkpoint"]["root"]),
        )
    verify_checkpoint(shown["checkpoint"]["note"], trail.signer.public)


def test_entries_are_found_by_what_narrows_them_page_by_page(trail: Trail) -> None:
    first = trail.get("/v1/audit?action=test:&limit=100").get_json()
    sequences = [each["sequence"] for each in first["items"]]
    assert sequences == sorted(sequences, reverse=True)
    cursor, found = first["next"], len(sequences)
    while cursor is not None:
        page = trail.get(f"/v1/audit?action=test:&limit=100&cursor={cursor}").get_json()
        cursor, found = page["next"], found + len(page["items"])
    assert found == 370
    one = trail.get("/v1/audit?resource_type=thing&resource_id=thing-7&first=100").get_json()
    assert [each["resource"]["id"] for each in one["items"]] == ["thing-7"]
    every = trail.get("/v1/audit?resource_id=thing-7").get_json()
    assert (len(every["items"]), every["next"]) == (3, None)
    assert trail.get("/v1/audit?action=hold:").get_json()["items"] == []
    assert trail.get("/v1/audit?colour=red").status_code == 422


def test_only_the_trails_readers_read_and_only_their_own(trail: Trail) -> None:
    for path in ("/v1/audit", "/v1/audit/1", "/v1/audit/checkpoints", "/v1/exports"):
        assert problem(trail.get(path, OPERATOR))[:2] == (403, "role-missing")
        assert trail.get(path, ADMIN).status_code == 200
    mine, theirs = trail.get("/v1/audit/1", ADMIN), trail.get("/v1/audit/1", FOREIGN)
    assert mine.get_json()["hash"] != theirs.get_json()["hash"]
    assert problem(trail.get("/v1/audit/300", FOREIGN))[:2] == (404, "audit-entry-not-found")
    headers = {"Authorization": f"Bearer {HANA}", "AWGP-Tenant": "globex"}
    held = trail.plane.app.test_client().get("/v1/audit/1", headers=headers)
    assert held.get_json()["hash"] == theirs.get_json()["hash"]
    assert held.get_json()["proof"] is not None


def test_an_untouched_log_is_verified(trail: Trail) -> None:
    (whole,) = trail.verify()
    assert (whole["verdict"], whole["first_bad"], whole["reached_end"]) == ("verified", None, True)
    assert whole["covered"] == whole["last"] >= 370
    (part,) = trail.verify({"first": 40, "last": 50})
    assert (part["first"], part["verdict"], part["reached_end"]) == (40, "verified", False)
    assert part["covered"] == part["last"] >= 50


def test_a_log_is_verified_piece_by_piece_as_it_is_whole(trail: Trail) -> None:
    state, sizes = None, []
    while True:
        with tenant_transaction(
            trail.database.engine("awgp_web"), trail.world.acme.tenant_id
        ) as connection:
            found = verify_range(
                connection,
                trail.world.acme.tenant_id,
                trail.signer.public,
                first=1,
                last=None,
                state=state,
                piece=70,
            )
        assert found.first_bad is None
        sizes.append(found.last)
        if found.next is None:
            break
        state = State.from_text(found.next.to_text())
    assert sizes[:3] == [70, 140, 210]
    assert found.reached_end


@pytest.mark.parametrize(
    ("statement", "sequence"),
    [
        ("UPDATE audit_log SET actor_id = 'nobody' WHERE sequence = 77", 77),
        ("UPDATE audit_log SET integrity_hash = repeat('0', 64) WHERE sequence = 78", 78),
        ("DELETE FROM audit_log WHERE sequence = 79", 79),
        (
            "UPDATE audit_log SET body = convert_to(replace(convert_from(body, 'UTF8'),"
            " 'test:thing:done', 'test:thing:gone'), 'UTF8') WHERE sequence = 80",
            80,
        ),
    ],
    ids=["a column", "a hash", "an entry gone", "the sealed bytes"],
)
def test_tampering_is_named(trail: Trail, statement: str, sequence: int) -> None:
    trail.get("/v1/audit/1")  # works the tree out, while it is whole
    trail.tamper(f"{statement} AND tenant_id = :acme")
    found = trail.verify()[-1]
    assert (found["verdict"], found["first_bad"]["sequence"]) == ("failed", sequence)
    assert trail.verify(bearer=FOREIGN)[-1]["verdict"] == "verified"


def test_a_rewritten_tail_is_found_by_what_was_signed(trail: Trail) -> None:
    trail.tamper(
        "UPDATE audit_checkpoints SET note = replace(note, 'time 2', 'time 1')"
        " WHERE tenant_id = :acme AND checkpoint_id = (SELECT max(checkpoint_id)"
        " FROM audit_checkpoints WHERE tenant_id = :acme)"
    )
    found = trail.verify()[-1]
    assert found["verdict"] == "failed"
    assert "checkpoint" in found["first_bad"]["place"]


def test_an_entry_of_an_altered_log_has_no_proof_and_says_why(trail: Trail) -> None:
    trail.tamper(
        "UPDATE audit_log SET body = body || ' ' WHERE sequence = 80 AND tenant_id = :acme"
    )
    entry = trail.get("/v1/audit/81").get_json()
    assert entry["proof"] is None
    assert "altered" in entry["proof_problem"]


def test_a_verification_is_taken_up_only_where_one_ended(trail: Trail) -> None:
    for cursor in ("x", base64.urlsafe_b64encode(b"{}").decode(), "e30"):
        answer = send(trail.plane, "POST", "/v1/audit/verify", AUDITOR, {"cursor": cursor})
        assert problem(answer)[:2] == (422, "cursor-invalid")


def test_personal_data_is_shown_to_auditors_on_record_until_its_key_is_erased(
    trail: Trail,
) -> None:
    approval = trail.plane.held(HELD)
    trail.plane.vote(approval, person("acme", "ben"), reason="looks right")
    trail.seal()
    (vote,) = trail.get("/v1/audit?action=hold:vote:cast").get_json()["items"]
    path = f"/v1/audit/{vote['sequence']}"
    assert trail.get(path).get_json()["has_personal"] is True
    assert "looks right" not in trail.get(path).get_data(as_text=True)

    shown = send(trail.plane, "POST", f"{path}/reveal", AUDITOR, WHY).get_json()
    assert shown["erased"] is False
    assert "looks right" in json.dumps(shown["content"])
    for refused in (OPERATOR, machine("acme"), HANA):
        assert send(trail.plane, "POST", f"{path}/reveal", refused, WHY).status_code in (400, 403)
    trail.seal()
    (seen,) = trail.get("/v1/audit?action=audit:personal:revealed").get_json()["items"]
    assert seen["metadata"]["reason"] == WHY["reason"]
    nothing = send(trail.plane, "POST", "/v1/audit/1/reveal", AUDITOR, WHY)
    assert problem(nothing)[:2] == (404, "nothing-personal")

    with trail.database.outbox("awgp_web").work(trail.world.acme.tenant_id) as work:
        work.execute("UPDATE subject_keys SET envelope = NULL, erased_at = clock_timestamp()")
    gone = send(trail.plane, "POST", f"{path}/reveal", AUDITOR, WHY).get_json()
    assert gone == {"erased": True, "content": None}
    assert trail.verify()[-1]["verdict"] == "verified"


def test_the_verifier_and_the_fingerprint_are_handed_out(trail: Trail) -> None:
    answer = trail.get("/v1/audit/verifier", OPERATOR)
    assert answer.content_type.startswith("text/x-python")
    assert b"Verify an exported AWGP audit trail" in answer.data
    named = trail.get("/v1/audit/fingerprint").get_json()
    assert named["fingerprint"] == trail.signer.public.fingerprint
    listed = trail.get("/v1/audit/checkpoints?limit=1").get_json()
    assert verify_checkpoint(listed["items"][0]["note"], trail.signer.public)
    assert listed["next"] is not None


def test_an_export_is_asked_for_once_downloaded_and_proven_offline(
    trail: Trail, s3: Running, tmp_path: Path
) -> None:
    reader = trail.with_store(store_of(s3, "s3-reader-"))
    for _ in range(2):
        asked = send(reader.plane, "POST", "/v1/exports", AUDITOR)
        assert asked.status_code == 202
    nothing = reader.get("/v1/exports/trail/download")
    assert problem(nothing)[:2] == (404, "export-not-found")
    exporter = trail.database.outbox("awgp_exporter")
    exporter.broker = stub_broker()
    plan = Export(
        signer=trail.signer.public,
        store=store_of(s3, "s3-"),
        retention=timedelta(hours=1),
        interval=timedelta(hours=1),
    )
    run_export(exporter, plan, trail.world.acme.tenant_id)
    trail.seal()  # what nobody exported yet is in no download

    listed = reader.get("/v1/exports").get_json()
    (segment,) = listed["items"]
    assert (segment["id"], segment["entries"]) == (1, segment["last_sequence"])
    assert segment["bytes"] > 1000
    assert segment["locked_until"] is not None
    assert listed["schedule"]["exported"] == segment["last_sequence"]
    answer = reader.get("/v1/exports/trail/download")
    assert answer.status_code == 200
    folder = tmp_path / "trail"
    zipfile.ZipFile(io.BytesIO(answer.data)).extractall(folder)
    verifier = tmp_path / "awgp_verify.py"
    verifier.write_bytes(reader.get("/v1/audit/verifier").data)
    root = trail.signer.public.fingerprint
    run = subprocess.run(
        [sys.executable, "-I", "-S", str(verifier), str(folder), "--trust-root", root, "--json"],
        capture_output=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    (proven,) = json.loads(run.stdout)["tenants"]
    assert (proven["verdict"], proven["entries"]) == ("proven", segment["entries"])

    wrong = S3Store(
        endpoint="http://127.0.0.1:1",
        bucket=AUDIT_BUCKET,
        region=REGION,
        access_key="a",
        secret_key="b",
        attempts=1,
    )
    away = trail.with_store(wrong).get("/v1/exports/trail/download")
    assert problem(away)[:2] == (503, "export-store-unavailable")
    one = reader.get("/v1/exports/1/download")
    names = zipfile.ZipFile(io.BytesIO(one.data)).namelist()
    assert {f"{trail.world.acme.tenant_id}/{each}" for each in segment["files"]} < set(names)
    assert problem(reader.get("/v1/exports/2/download"))[:2] == (404, "export-not-found")
    assert reader.get("/v1/exports", FOREIGN).get_json()["items"] == []
    trail.seal()
    taken = trail.get("/v1/audit?action=audit:export:downloaded").get_json()["items"]
    # Also the one that failed: it may have given bytes away.
    assert [each["metadata"]["what"] for each in taken] == [
        f"1-{segment['last_sequence']}",
        "trail",
        "trail",
    ]


def test_without_a_store_or_a_signer_it_says_so(trail: Trail) -> None:
    bare = trail.with_store(None)
    assert problem(bare.get("/v1/exports/trail/download"))[:2] == (503, "export-store-unset")
    assert bare.get("/v1/exports").get_json()["store"] is False
    unsigned = open_control_plane(trail.database, trail.world, operations=Operations())
    assert problem(unsigned.get("/v1/audit/fingerprint", AUDITOR))[:2] == (503, "signer-unknown")
    answer = send(unsigned, "POST", "/v1/audit/verify", AUDITOR, {})
    assert answer.get_json()["verdict"] == "signer-unknown"


def test_the_readers_keys_write_nothing(s3: Running) -> None:
    reader = store_of(s3, "s3-reader-")
    with pytest.raises(Exception, match=r"AccessDenied|Forbidden|403"):
        reader._client.put_object(Bucket=AUDIT_BUCKET, Key="x/y", Body=b"z")
