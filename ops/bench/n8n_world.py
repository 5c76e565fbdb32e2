"""A real N8N on a bench's servers, with flows that answer at once and do nothing else."""

import contextlib
import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import httpx
import psycopg

from ops.embedded.data_folder import DataFolder
from ops.embedded.n8n import (
    LOGIN,
    ensure_n8n_database,
    n8n_program,
    n8n_ready,
    n8n_url,
    prepare_n8n,
)
from ops.embedded.postgres import superuser_url
from ops.embedded.program import Program, base_environment, program_environment
from ops.embedded.running import Running
from ops.node_packages import NodeUnavailable

FLOWS: Final[Mapping[str, Mapping[str, str]]] = {
    "n8n": {},
    "n8n keeping nothing": {
        "saveDataSuccessExecution": "none",
        "saveDataErrorExecution": "none",
    },
}
"""Name -> settings of the flow: as N8N comes, and with no execution kept that went well."""

START_SECONDS: Final = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchN8n:
    """It runs, and its flows listen."""

    data: DataFolder
    port: int
    pid: int

    def executions(self) -> int:
        """How many it has in its database."""
        with psycopg.connect(superuser_url(self.data, database=LOGIN)) as connection:
            row = connection.execute("SELECT count(*) FROM execution_entity").fetchone()
        return int(row[0]) if row else 0


def path_of(name: str) -> str:
    """Where a flow listens."""
    return f"/webhook/{_id(name)}"


@contextlib.contextmanager
def served_n8n(data: DataFolder) -> Iterator[BenchN8n]:
    """Install N8N where it is missing, give it the flows, and run it until the block is left.

    Raises:
        NodeUnavailable: It could not be installed, or did not take the flows.
        ServerDidNotStart: With the last words of its log.
    """
    prepare_n8n(data)
    ensure_n8n_database(data)
    program = n8n_program(data)
    listed = data.folder("n8n") / "flows.json"
    flows = [_flow(name, settings) for name, settings in FLOWS.items()]
    listed.write_text(json.dumps(flows), encoding="utf-8")
    _told(program, "import:workflow", f"--input={listed}")
    for name in FLOWS:
        _told(program, "publish:workflow", f"--id={_id(name)}")
    running = Running(data=data, program=program, url=n8n_url(data), ready=lambda: _listens(data))
    try:
        running.wait_until_ready(seconds=START_SECONDS)
        yield BenchN8n(data=data, port=data.ports["n8n"], pid=running.pid)
    finally:
        running.stop()


def _listens(data: DataFolder) -> bool:
    if not n8n_ready(data):
        return False
    return all(
        httpx.post(f"{n8n_url(data)}{path_of(name)}", json={}, timeout=10).is_success
        for name in FLOWS
    )


def _told(program: Program, *command: str) -> None:
    """Let N8N's own command do something, before it runs."""
    once = replace(program, command=(*program.command[:-1], *command))
    ended = subprocess.run(
        once.command,
        env={**base_environment(os.environ), **program_environment(once)},
        cwd=once.folder or Path.cwd(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode != 0:
        words = " ".join(f"{ended.stdout} {ended.stderr}".split())[-300:]
        raise NodeUnavailable(f"N8N did not do {command[0]}: {words}")


def _flow(name: str, settings: Mapping[str, str]) -> dict[str, Any]:
    trigger = {
        "id": f"{_id(name)}-called",
        "name": "Called",
        "type": "n8n-nodes-base.webhook",
        "typeVersion": 2.1,
        "position": [0, 0],
        "webhookId": f"{_id(name)}-hook",
        "parameters": {
            "httpMethod": "POST",
            "path": _id(name),
            "responseMode": "onReceived",
            "options": {},
        },
    }
    return {
        "id": _id(name),
        "name": name,
        "active": False,
        "nodes": [trigger],
        "connections": {},
        "settings": {"executionOrder": "v1", **settings},
    }


def _id(name: str) -> str:
    return f"bench-{name.replace(' ', '-')}"
