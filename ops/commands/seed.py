"""`awgp seed`: put the demo's two subsidiaries into a running AWGP, to try things on."""

import json
import os

import click
from rich.console import Console
from sqlalchemy import text

from ops.command_options import data_option
from ops.demo.seed import Demo, Sender, Site, seed
from ops.embedded.data_folder import DataFolder, data_folder_path, existing_data_folder
from ops.login_engine import login_engine
from ops.processes import web_urls
from ops.runtime_folder import ensure_runtime
from pipeline.envelope import KeyRing
from pipeline.errors import AwgpError

NOWHERE = "http://127.0.0.1:9"


class SeededAlready(AwgpError):
    """There are tenants; the demo's are not put beside them."""


@click.command("seed")
@data_option
@click.option(
    "--target-url",
    default=NOWHERE,
    show_default=True,
    help="Where post-actions go; /ledger and /chat are appended.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object, secrets included.")
def command(data_path: str | None, *, target_url: str, as_json: bool) -> None:
    """Put the demo's two subsidiaries, their people and three assistants into a running AWGP.

    Shows each webhook source with its secret, once: keep them to sign requests with.

    \b
    Examples:
      awgp up --detach && awgp seed
      awgp seed --target-url http://127.0.0.1:8000
    """
    data = existing_data_folder(data_folder_path(os.environ, data_path))
    _refuse_a_second_time(data)
    site = Site(
        data=data,
        keyring=KeyRing.from_text(data.secret("kek")),
        runtime_digest=ensure_runtime(os.environ),
        target_url=target_url.rstrip("/"),
    )
    _show(data, seed(site), as_json=as_json)


def _refuse_a_second_time(data: DataFolder) -> None:
    engine = login_engine(data, "awgp_holding")
    try:
        with engine.connect() as connection:
            if connection.execute(text("SELECT count(*) FROM tenants")).scalar_one():
                raise SeededAlready("there are tenants already; seed a new data folder instead")
    finally:
        engine.dispose()


def _show(data: DataFolder, demo: Demo, *, as_json: bool) -> None:
    ingest = web_urls(data)["ingest"]
    senders: list[tuple[str, Sender]] = [
        (tenant.slug, sender)
        for tenant in (demo.acme, demo.globex)
        for sender in tenant.senders.values()
    ]
    if as_json:
        rows = [
            {
                "tenant": slug,
                "source": sender.name,
                "url": f"{ingest}/v1/hooks/{sender.source_id}",
                "secret": sender.whsec,
            }
            for slug, sender in senders
        ]
        click.echo(json.dumps({"sources": rows}))
        return
    console = Console(highlight=False, soft_wrap=True)
    for slug, sender in senders:
        console.print(f"{slug}/{sender.name}", style="bold")
        console.print(f"  url     {ingest}/v1/hooks/{sender.source_id}")
        console.print(f"  secret  {sender.whsec}")
    console.print("people: ada, ben and cleo at acme; dora and emil at globex")
    console.print("`awgp login --person ben` signs one in; `awgp approvals list` shows what waits")
