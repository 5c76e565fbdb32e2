"""The `awgp` command as an operator at the machine types it, over a test's own database."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from ops.cli import run
from runtime_host.rootfs import RuntimeRecord, write_record
from tests.integration.conftest import Database
from tests.integration.world import RUNTIME

KEK_LINE = "test:QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVowMTIzNDU="
MANIFEST = """
[bundle]
name = "checker"
version = "{version}"
runtime = "python3"
entrypoint = ["main.py"]
retry = "safe"
"""
ISSUER = "https://id.example/realms/x"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a command left on the terminal, and its exit status."""

    status: int
    out: str
    err: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandLine:
    """Runs commands; `folder` is the test's own."""

    database: Database
    folder: Path
    capsys: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str) -> Said:
        self.capsys.readouterr()
        status = run(arguments)
        captured = self.capsys.readouterr()
        return Said(status=status, out=captured.out, err=captured.err)

    def told(self, *arguments: str) -> Any:
        """What a command says with --json; it has to succeed."""
        said = self(*arguments, "--json")
        assert said.status == 0, said.err
        return json.loads(said.out)

    def refused(self, *arguments: str, before: Mapping[str, str] | None = None) -> str:
        """The one line a refused command says; nothing else is printed and nothing changes.

        Args:
            before: `everything` where it is known.
        """
        before = before or everything(self.database)
        said = self(*arguments)
        assert (said.status, said.out) == (2, ""), said
        assert said.err.count("\n") == 1, said.err
        assert everything(self.database) == before
        return said.err

    def bundle(self, version: str = "1.0.0") -> str:
        """A folder with an agent's code."""
        folder = self.folder / f"checker-{version}"
        folder.mkdir(exist_ok=True)
        (folder / "awgp.toml").write_text(MANIFEST.format(version=version))
        (folder / "main.py").write_text("print('checked')\n")
        return str(folder)

    def audit(self) -> list[tuple[str, str, str]]:
        """Actor type, actor id and action of every record there is, in order."""
        with self.database.admin.connect() as connection:
            rows = connection.execute(
                text(
                    "SELECT record #>> '{actor,type}', record #>> '{actor,id}', record ->> 'action'"
                    " FROM awgp.audit_pending ORDER BY pending_id"
                )
            )
            return [(row[0], row[1], row[2]) for row in rows]


def everything(database: Database) -> dict[str, str]:
    """A digest of every row of every table."""
    with database.admin.connect() as connection:
        tables = connection.execute(
            text(
                "SELECT relname FROM pg_class WHERE relnamespace = 'awgp'::regnamespace"
                " AND relkind = 'r' AND NOT relispartition ORDER BY 1"
            )
        ).scalars()
        whole = " UNION ALL ".join(
            f"SELECT '{name}', md5(string_agg(t::text, '|' ORDER BY t::text)) FROM awgp.{name} t"
            for name in tables
        )
        return {row[0]: row[1] for row in connection.execute(text(whole))}


@contextmanager
def at_the_machine(
    database: Database,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[CommandLine]:
    """Where the data folder, the key ring and a built runtime are this test's."""
    ring = folder / "kek"
    ring.write_text(KEK_LINE + "\n")
    built = folder / "runtimes" / RUNTIME[0]
    built.mkdir(parents=True)
    record = RuntimeRecord(
        name=RUNTIME[0], digest=RUNTIME[1], interpreter="/usr/bin/python3", packages={}, launcher=""
    )
    write_record(built, record)
    monkeypatch.setenv("AWGP_DATA_DIR", str(database.cluster.data.root))
    monkeypatch.setenv("AWGP_DATABASE_URL", database.url("nobody", password=False))
    monkeypatch.setenv("AWGP_KEK_FILE", str(ring))
    monkeypatch.setenv("AWGP_RUNTIME_FOLDER", str(folder / "runtimes"))
    monkeypatch.setenv("AWGP_INGEST_URL", "http://127.0.0.1:1")
    monkeypatch.delenv("AWGP_OIDC_ISSUER", raising=False)
    yield CommandLine(database=database, folder=folder, capsys=capsys)
