"""What the database holds of the runs, read as its superuser: the verdict needs every tenant's.

A reader outlives the server it reads from: it connects anew after each kill.
"""

from collections import Counter
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Final, LiteralString, Self

import psycopg

from ops.embedded.data_folder import DataFolder
from ops.embedded.postgres import superuser_url

FINAL: Final = frozenset({"completed", "denied", "rejected", "expired", "failed", "cancelled"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """One run, with how its executions went: (attempt, exit reason, started, finished)."""

    run: str
    tenant: str
    event: str | None
    source: str | None
    status: str
    reason: str | None
    sealed: bool
    executions: tuple[tuple[int, str | None, datetime, datetime | None], ...]


class Records:
    """One connection, made again when it was lost."""

    def __init__(self, data: DataFolder) -> None:
        self._url = superuser_url(data)
        self._connection: psycopg.Connection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._close()

    def rows(self, statement: LiteralString, *values: object) -> list[tuple[Any, ...]]:
        """Raises: psycopg.OperationalError while the server is away."""
        try:
            if self._connection is None:
                self._connection = psycopg.connect(
                    self._url, autocommit=True, connect_timeout=2, options="-csearch_path=awgp"
                )
            return self._connection.execute(statement, values).fetchall()
        except psycopg.OperationalError:
            self._close()
            raise

    def ended_among(self, runs: Collection[str]) -> bool:
        """Whether one of these runs is sealed; not while nobody can say."""
        with suppress(psycopg.OperationalError):
            statement: LiteralString = (
                "SELECT 1 FROM runs WHERE run_id = ANY (%s::uuid[]) AND sealed_at IS NOT NULL"
                " LIMIT 1"
            )
            return bool(self.rows(statement, list(runs)))
        return False

    def counts(self) -> Counter[str] | None:
        """How many runs are sealed and not, by status; None while nobody can say."""
        with suppress(psycopg.OperationalError):
            found = self.rows(
                "SELECT CASE WHEN sealed_at IS NULL THEN 'waiting' ELSE status END, count(*)"
                " FROM runs GROUP BY 1"
            )
            return Counter(dict(found))
        return None

    def runs(self) -> list[RunRecord]:
        executions: dict[str, list[tuple[int, str | None, datetime, datetime | None]]] = {}
        for run, *rest in self.rows(
            "SELECT run_id::text, attempt, exit_reason, started_at, finished_at"
            " FROM executions ORDER BY run_id, epoch, attempt"
        ):
            executions.setdefault(run, []).append((rest[0], rest[1], rest[2], rest[3]))
        return [
            RunRecord(
                run=row[0],
                tenant=row[1],
                event=row[2],
                source=row[3],
                status=row[4],
                reason=row[5],
                sealed=row[6],
                executions=tuple(executions.get(row[0], ())),
            )
            for row in self.rows(
                "SELECT r.run_id::text, t.slug, r.origin ->> 'event', r.source_id::text, r.status,"
                " r.reason, r.sealed_at IS NOT NULL"
                " FROM runs r JOIN tenants t USING (tenant_id)"
            )
        ]

    def statuses_sealed(self) -> dict[str, list[tuple[str | None, str | None]]]:
        """Of every run, its moves as the audit trail has them: (from, to), in order."""
        found: dict[str, list[tuple[str | None, str | None]]] = {}
        for run, before, after in self.rows(
            "SELECT resource_id, before_state ->> 'status', after_state ->> 'status'"
            " FROM audit_log WHERE resource_type = 'run' AND after_state ? 'status'"
            " ORDER BY tenant_id, sequence"
        ):
            found.setdefault(run, []).append((before, after))
        return found

    def _close(self) -> None:
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.close()
            self._connection = None
