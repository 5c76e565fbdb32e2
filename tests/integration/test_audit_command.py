"""`awgp audit` against a real database and a real S3 server, as an operator calls it."""

import base64
import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from audit_export import awgp_verify
from audit_export.signer import Signer
from ops.cli import run
from ops.embedded.data_folder import open_data_folder
from ops.embedded.running import Running
from ops.embedded.s3 import AUDIT_BUCKET, REGION, start_s3
from pipeline.database import database_url
from tests.integration.conftest import Database
from tests.integration.driving import deny, make_signer, seal_all
from tests.integration.world import World

pytestmark = pytest.mark.services


@pytest.fixture(scope="module")
def s3() -> Iterator[Running]:
    path = Path(tempfile.mkdtemp(prefix="awgp-audit-command-"))
    with start_s3(path) as server:
        yield server
    shutil.rmtree(path)


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    return make_signer(tmp_path / "signer")


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where nobody ever called `awgp up`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AWGP_DATA_DIR", raising=False)


def told(
    monkeypatch: pytest.MonkeyPatch, database: Database, login: str, signer: Signer | None
) -> None:
    url = database_url(database.url(login))
    monkeypatch.setenv("AWGP_DATABASE_URL", url.set(password=None).render_as_string())
    monkeypatch.setenv("AWGP_DATABASE_PASSWORD", str(url.password))
    if signer is not None:
        public = base64.b64encode(signer.public.public_key).decode()
        monkeypatch.setenv("AWGP_CHECKPOINT_PUBLIC_KEY", public)
        monkeypatch.setenv("AWGP_CHECKPOINT_KEY_NAME", signer.key_name)


def answer(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_a_trail_that_holds_is_verified_and_one_that_does_not_is_named(
    database: Database,
    world: World,
    signer: Signer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for tenant in (world.acme, world.globex):
        deny(database, tenant)
        seal_all(database, signer, tenant)
    told(monkeypatch, database, "awgp_auditor", signer)
    assert run(["audit", "verify"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(",")[0] for line in lines] == ["acme: verified", "globex: verified"]

    with database.admin.begin() as connection:
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        connection.execute(
            text(
                "UPDATE awgp.audit_log SET action = 'x:y:z' WHERE tenant_id = :it AND sequence = 3"
            ),
            {"it": world.globex.tenant_id},
        )
    assert run(["audit", "verify"]) == 1
    line = capsys.readouterr().out.splitlines()[1]
    assert line == (
        "globex: FAILED after 2 entries: audit_log entry 3: action is not what the body says"
    )
    assert run(["audit", "verify", "--tenant", "acme", "--json"]) == 0
    assert answer(capsys)["tenants"][0]["verdict"] == "verified"
    assert run(["audit", "verify", "--all", "--json"]) == 1
    found = answer(capsys)
    assert found["verified"] is False
    assert found["tenants"][1]["first_bad"] == {
        "place": "audit_log entry 3",
        "what": "action is not what the body says",
        "sequence": 3,
    }


def test_without_the_signers_key_nothing_is_called_verified(
    database: Database,
    world: World,
    signer: Signer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    seal_all(database, signer, world.acme, world.globex)
    told(monkeypatch, database, "awgp_auditor", None)
    assert run(["audit", "verify", "--json"]) == 1
    assert {each["verdict"] for each in answer(capsys)["tenants"]} == {"signer-unknown"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["verify", "--tenant", "nobody"], "there is no tenant 'nobody'"),
        (["verify", "--tenant", "acme", "--all"], "exclude one another"),
        (["verify", "--pending-minutes", "0"], "0 is not in the range"),
        (["verify", "--data", "nowhere"], "is not an AWGP data folder"),
        (["export"], "AWGP_S3_ENDPOINT"),
    ],
)
def test_what_cannot_be_tried_is_one_line_and_status_2(
    database: Database,
    world: World,
    signer: Signer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    said: str,
) -> None:
    told(monkeypatch, database, "awgp_auditor", signer)
    assert run(["audit", *arguments]) == 2
    captured = capsys.readouterr()
    assert (captured.out, said in captured.err) == ("", True), captured.err
    assert captured.err.count("\n") == 1


def test_a_login_that_could_do_more_is_refused(
    database: Database,
    world: World,
    signer: Signer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    told(monkeypatch, database, "awgp_owner", signer)
    assert run(["audit", "verify"]) == 2
    assert "use the login made for this process" in capsys.readouterr().err


def test_an_export_now_is_downloaded_and_proven_offline(
    database: Database,
    world: World,
    signer: Signer,
    s3: Running,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    for tenant in (world.acme, world.globex):
        deny(database, tenant)
        seal_all(database, signer, tenant)
    told(monkeypatch, database, "awgp_exporter", signer)
    for name, value in (
        ("ENDPOINT", s3.url),
        ("BUCKET", AUDIT_BUCKET),
        ("REGION", REGION),
        ("ACCESS_KEY", s3.data.secret("s3-access-key")),
        ("SECRET_KEY", s3.data.secret("s3-secret-key")),
    ):
        monkeypatch.setenv(f"AWGP_S3_{name}", value)
    monkeypatch.setenv("AWGP_S3_RETENTION_DAYS", "1")

    assert run(["audit", "export", "--tenant", "acme", "--json"]) == 0
    (acme,) = answer(capsys)["tenants"]
    assert (acme["slug"], acme["segments"], acme["locked"]) == ("acme", 1, True)
    assert acme["entries"] > 10
    assert run(["audit", "export"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "acme: 0 entries in 0 segments"
    assert said[1].startswith("globex: ")

    assert run(["audit", "fingerprint"]) == 0
    root = capsys.readouterr().out.strip()
    assert root == signer.public.fingerprint
    assert run(["audit", "download", "one", "--tenant", "acme"]) == 0
    assert run(["audit", "download", "all"]) == 0
    for folder, tenants in (("one", [world.acme]), ("all", [world.acme, world.globex])):
        reports = awgp_verify.verify_folder(tmp_path / folder, [root])
        assert sorted(report.tenant for report in reports) == sorted(
            str(tenant.tenant_id) for tenant in tenants
        )
        assert {report.verdict for report in reports} == {"proven"}

    told(monkeypatch, database, "awgp_auditor", signer)
    capsys.readouterr()
    assert run(["audit", "verify", "--json"]) == 0
    assert [each["segments"] for each in answer(capsys)["tenants"]] == [1, 1]


def test_the_data_folder_of_awgp_up_is_enough(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "data"
    open_data_folder(folder)
    assert run(["audit", "fingerprint", "--data", str(folder), "--json"]) == 0
    found = answer(capsys)
    assert found["fingerprint"].startswith("sha256:")
    assert set(found) == {"fingerprint", "format", "key_name", "public_key"}
    # No server runs there.
    assert run(["audit", "verify", "--data", str(folder)]) == 2
    assert "the database cannot be used" in capsys.readouterr().err
