"""Operate as a person at a terminal does: the commands, on a test's servers."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click.testing

from ops.cli import awgp, plain_message
from ops.embedded.running import Running
from ops.embedded.valkey import valkey_url
from ops.provision import add_tenant
from tests.integration.conftest import Database, stub_broker

NOWHERE = "redis://127.0.0.1:1/0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a command printed, and its exit status."""

    status: int
    out: str

    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """Runs commands in this process, on servers named by their URLs."""

    database: Database
    redis_url: str | None = None

    def __call__(self, *arguments: str) -> Said:
        runner = click.testing.CliRunner()
        result = runner.invoke(awgp, self._with_passwords(arguments), env=self._environ())
        said = result.output
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            message = plain_message(result.exception)  # type: ignore[arg-type]  # an Exception
            if message is None:
                raise result.exception
            return Said(status=2, out=message)
        return Said(status=result.exit_code, out=said)

    @contextmanager
    def process(self, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
        """The same as a process of its own, ended at the end."""
        environ = {name: value for name, value in self._environ().items() if value is not None}
        started = subprocess.Popen(
            [sys.executable, "-m", "ops.cli", *self._with_passwords(arguments)],
            cwd=Path(__file__).parents[2],
            env={"PATH": "/usr/bin:/bin", "PYTHONUNBUFFERED": "1", **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            yield started
        finally:
            if started.poll() is None:
                started.send_signal(signal.SIGINT)
            started.communicate(timeout=60)

    def _environ(self) -> dict[str, str | None]:
        return {
            "AWGP_DATA_DIR": "/nonexistent",
            "AWGP_DATABASE_URL": self.database.url("awgp_operator", password=False),
            "AWGP_REDIS_URL": self.redis_url,
        }

    def _with_passwords(self, arguments: tuple[str, ...]) -> list[str]:
        folder = self.database.cluster.data.secret_file("awgp_operator").parent
        return [*arguments, "--passwords", str(folder)]


def an_operator(database: Database, valkey: Running | None = None) -> Operator:
    url = None if valkey is None else valkey_url(valkey.data, "relay")
    return Operator(database=database, redis_url=url)


def add_holding(database: Database) -> Any:
    """A holding, with its trail; returns its tenant id."""
    outbox = database.outbox("awgp_web")
    outbox.engine, outbox.broker = database.owner, stub_broker()
    return add_tenant(outbox, slug="group", name="Group", kind="holding")
