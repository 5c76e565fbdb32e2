"""`awgp up`, `awgp down`, `awgp status`: everything on this machine, nothing installed on it."""

import os
import select
import signal
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import click
from rich.console import Console
from rich.table import Table
from sqlalchemy import create_engine

from ops.command_options import data_option, json_option, print_json
from ops.database import migrate
from ops.embedded.data_folder import (
    DataFolder,
    data_folder_path,
    existing_data_folder,
    hold_data_folder,
    open_data_folder,
)
from ops.embedded.postgres import superuser_url
from ops.embedded.program import Program
from ops.embedded.users import Users, choose_users
from ops.guests import guest_urls, guest_words, n8n_guest, refuse_foreign_database
from ops.instances import one_change_at_a_time, ops_addresses
from ops.logins import LOGINS
from ops.processes import app_programs, web_urls
from ops.services import embedded_services
from ops.supervise import AwgpUp, bring_down, bring_up, stop
from ops.supervisor_client import ProcessState, Supervisor, SupervisorUnreachable
from pipeline.database import database_url

_WATCH_SECONDS = 1.0


class _Terminated(BaseException):
    """SIGTERM came: go down in order, as for Ctrl-C."""


@click.command("up")
@data_option
@click.option("--detach", is_flag=True, help="Return once everything answers; `awgp down` ends it.")
@click.option("--services-only", is_flag=True, help="Start the servers AWGP rests on, not AWGP.")
@click.option("--with-n8n", is_flag=True, help="Run N8N beside it, with our node; 2.7 GB, once.")
@click.option(
    "--n8n-canvas", is_flag=True, help="The same, with N8N's own web pages, to draw flows."
)
def up(
    data_path: str | None, *, detach: bool, services_only: bool, with_n8n: bool, n8n_canvas: bool
) -> None:
    """Start everything on this machine and keep it running until Ctrl-C.

    Servers named by URL (AWGP_DATABASE_URL, AWGP_REDIS_URL, AWGP_S3_ENDPOINT, AWGP_OIDC_ISSUER)
    are used; the others are started here. All data stays in one folder and outlives a restart.

    \b
    Examples:
      awgp up
      awgp up --detach --data /srv/awgp
      awgp up --with-n8n
    """
    console = Console(highlight=False)
    beside_n8n = with_n8n or n8n_canvas
    if beside_n8n:
        refuse_foreign_database(os.environ)
    data = open_data_folder(data_folder_path(os.environ, data_path))
    users = choose_users(data)
    warn_of_root(users)
    apps = [] if services_only else app_programs(data, operator=os.environ, users=users)
    signal.signal(signal.SIGTERM, _terminated)
    with ExitStack() as stack:
        lock = stack.enter_context(hold_data_folder(data))
        try:
            with one_change_at_a_time(data):
                wanted = _Wanted(apps=apps, users=users, n8n=beside_n8n, canvas=n8n_canvas)
                started = _bring_up(console, data, lock, wanted)
            if detach:
                _show_urls(console, data, wanted, detach=True, names=started.names)
                return
            try:
                _show_urls(console, data, wanted, detach=False, names=started.names)
                _watch(console, started)
            finally:
                stop(started)
        except (KeyboardInterrupt, _Terminated):
            console.print("stopped; the data stays in", str(data.root))


@click.command("down")
@data_option
def down(data_path: str | None) -> None:
    """Stop everything in order. The data stays.

    \b
    Example:
      awgp down
    """
    data = existing_data_folder(data_folder_path(os.environ, data_path))
    stopped = bring_down(data)
    click.echo(f"stopped; the data stays in {data.root}" if stopped else "nothing was running")


@click.command("status")
@data_option
@json_option
def status(data_path: str | None, *, as_json: bool) -> None:
    """Show what runs. Exit status 0 when every process runs, 1 otherwise.

    With --json, `ops_url` is where a process answers /healthz, /readyz and /metrics.

    \b
    Examples:
      awgp status
      awgp status --json
    """
    data = existing_data_folder(data_folder_path(os.environ, data_path))
    try:
        states = Supervisor(data).states()
    except SupervisorUnreachable:
        states = []
    healthy = bool(states) and all(each.state == "RUNNING" for each in states)
    if as_json:
        print_json(_standing(data, states, healthy=healthy))
    elif not states:
        click.echo("nothing is running; `awgp up` starts it")
    else:
        table = Table("part", "state", "pid", "up for", box=None, pad_edge=False)
        for each in states:
            pid, since = (str(each.pid or "-"), f"{each.uptime_seconds} s")
            table.add_row(each.name, each.state.lower(), pid, since)
        Console(highlight=False).print(table)
    raise SystemExit(0 if healthy else 1)


def _standing(data: DataFolder, states: Sequence[ProcessState], *, healthy: bool) -> dict[str, Any]:
    ops_urls = {name: f"http://{found}" for name, found in ops_addresses(data).items()}
    rows = [
        {
            "name": each.name,
            "state": each.state.lower(),
            "pid": each.pid or None,
            "uptime_seconds": each.uptime_seconds,
            "ops_url": ops_urls.get(each.name),
        }
        for each in states
    ]
    urls = _urls(data, [each.name for each in states]) if states else {}
    return {"data": str(data.root), "healthy": healthy, "processes": rows, "urls": urls}


def warn_of_root(users: Users) -> None:
    """Say in one line that root's rights could not be given up, and why."""
    if users.why_root is not None:
        click.echo(
            "warning: every process runs as root; users of their own would be safer, but "
            f"{users.why_root}",
            err=True,
        )


commands = (up, down, status)


def prepare_database(data: DataFolder, *, operator: Mapping[str, str]) -> None:
    """Create the logins with the data folder's passwords, and bring the schema up to date."""
    if "AWGP_DATABASE_URL" in operator:
        password_file = operator.get("AWGP_DATABASE_PASSWORD_FILE")
        password = (
            Path(password_file).read_text(encoding="utf-8").strip() if password_file else None
        )
        url = database_url(operator["AWGP_DATABASE_URL"], password)
    else:
        url = database_url(superuser_url(data))
    engine = create_engine(url)
    try:
        migrate(engine, {login: data.secret(login) for login in LOGINS})
    finally:
        engine.dispose()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """What is to run, and as whom."""

    apps: Sequence[Program]
    users: Users
    n8n: bool
    canvas: bool


def _bring_up(console: Console, data: DataFolder, lock: int, wanted: _Wanted) -> AwgpUp:
    with console.status("starting") as spinner:

        def report(name: str, seconds: float) -> None:
            console.print(f"[green]ready[/]  {name:<16} {seconds:6.2f} s")
            spinner.update(f"{name} is ready")

        def progress(told: str) -> None:
            spinner.update(f"installing N8N, once and for a few minutes: {told}")

        return bring_up(
            data,
            lock=lock,
            operator=os.environ,
            prepare=lambda opened: prepare_database(opened, operator=os.environ),
            apps=wanted.apps,
            report=report,
            users=wanted.users,
            guests=[n8n_guest(canvas=wanted.canvas, progress=progress)] if wanted.n8n else (),
        )


def _urls(data: DataFolder, names: Sequence[str]) -> dict[str, str]:
    services = {each.name: each.url(data) for each in embedded_services(os.environ)}
    ours = {name: url for name, url in web_urls(data).items() if name in names}
    return {**ours, **services, **guest_urls(data, names)}


def _show_urls(
    console: Console, data: DataFolder, wanted: _Wanted, *, detach: bool, names: Sequence[str]
) -> None:
    console.print()
    words = guest_words(data, names, canvas=wanted.canvas)
    for name, url in _urls(data, names).items():
        console.print(f"{name:<10} {url}", soft_wrap=True)
        if name in words:
            console.print(f"{'':<10} {words[name]}", soft_wrap=True)
    console.print(f"{'data':<10} {data.root}", soft_wrap=True)
    console.print()
    console.print("`awgp down` stops it" if detach else "Ctrl-C stops it")


def _watch(console: Console, started: AwgpUp) -> None:
    """Stay until the supervisor ends or we are told to; say when a part comes or goes."""
    handle = os.pidfd_open(started.process.pid)
    known = {each.name: each.state for each in started.supervisor.states()}
    try:
        while not select.select([handle], [], [], _WATCH_SECONDS)[0]:
            try:
                states = started.supervisor.states()
            except SupervisorUnreachable:
                continue
            for each in states:
                if known.get(each.name) != each.state:
                    stamp = time.strftime("%H:%M:%S")
                    console.print(f"{stamp}  {each.name:<16} {each.state.lower()}")
            known = {each.name: each.state for each in states}
        if started.process.wait() != 0:
            raise SupervisorUnreachable("the supervisor died; `awgp up` starts everything again")
        console.print("stopped from outside")
    finally:
        os.close(handle)


def _terminated(_number: int, _frame: FrameType | None) -> NoReturn:
    raise _Terminated
