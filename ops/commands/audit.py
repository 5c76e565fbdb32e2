"""`awgp audit`: prove the trail in the database, export it now, download it, name its signer."""

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import click
from dramatiq.brokers.stub import StubBroker
from rich.progress import Progress
from sqlalchemy import Engine, make_url, text

from actors.export import MAX_ENTRIES
from audit_export.checkpoint import SignerKey, parse_checkpoint
from audit_export.export import ExportedSegment, ExportReport, export_tenant
from audit_export.from_settings import make_signer_key, make_store
from audit_export.log_store import LogStore, sole_export
from audit_export.object_store import ObjectStore
from audit_export.verify_database import PENDING_LIMIT, DatabaseReport, verify_tenant
from ops.command_options import data_option, json_option
from ops.embedded.data_folder import data_folder_path, existing_data_folder
from ops.live_events import events_of
from ops.processes import process_environment
from ops.terminal_output import progress_bars
from pipeline.database import make_engine
from pipeline.known_tenants import refuse_unknown
from pipeline.outbox import Outbox
from pipeline.settings import Settings, read_settings

NOT_PROVEN = 1
AUDITOR = "awgp_auditor"
EXPORTER = "awgp_exporter"

tenant_option = click.option("--tenant", "slug", metavar="SLUG", help="One tenant; all by default.")


@click.group(name="audit")
def command() -> None:
    """Verify, export and download the audit trail.

    Works on the data folder of `awgp up`, or, where there is none, on what AWGP_DATABASE_URL,
    AWGP_S3_ENDPOINT and AWGP_CHECKPOINT_PUBLIC_KEY name.

    \b
    Examples:
      awgp audit verify
      awgp audit export
      awgp audit download trail
    """


@command.command()
@tenant_option
@click.option("--all", "everyone", is_flag=True, help="Every tenant; the default.")
@click.option(
    "--pending-minutes",
    type=click.IntRange(min=1),
    default=int(PENDING_LIMIT.total_seconds() // 60),
    show_default=True,
    help="How long a record may wait to be sealed.",
)
@json_option
@data_option
@click.pass_context
def verify(
    ctx: click.Context,
    slug: str | None,
    pending_minutes: int,
    data_path: str | None,
    *,
    everyone: bool,
    as_json: bool,
) -> None:
    """Recompute every chain in the database and name the first record that does not hold.

    Exit status 0 when all is verified, 1 when something is not (or no signer's key is known, so
    that no signature could be checked), 2 when it could not be tried. Needs the login
    awgp_auditor.

    \b
    Examples:
      awgp audit verify
      awgp audit verify --tenant acme --json
    """
    if slug is not None and everyone:
        raise click.UsageError("--tenant and --all exclude one another")
    settings = _settings(data_path, AUDITOR)
    public = _known_signer(settings)
    limit = timedelta(minutes=pending_minutes)
    with _database(settings) as engine:
        tenants = _tenants(engine, slug)
        found = {
            name: verify_tenant(engine, tenant_id, public, pending_limit=limit)
            for name, tenant_id in tenants
        }
    holds = all(report.verdict == "verified" for report in found.values())
    if as_json:
        rows = [_verified(name, report) for name, report in found.items()]
        click.echo(json.dumps({"verified": holds, "tenants": rows}))
    else:
        for name, report in found.items():
            click.echo(_sentence(name, report))
    ctx.exit(0 if holds else NOT_PROVEN)


@command.command()
@tenant_option
@json_option
@data_option
def export(slug: str | None, data_path: str | None, *, as_json: bool) -> None:
    """Export now what the latest checkpoints cover, instead of at the next full hour.

    The worker's own export may run beside it: both write the same bytes. Needs the login
    awgp_exporter.

    \b
    Example:
      awgp audit export --tenant acme
    """
    settings = _settings(data_path, EXPORTER)
    signer, store = make_signer_key(settings), make_store(settings)
    retention = timedelta(days=settings.s3_retention_days)
    rows = []
    with (
        _database(settings) as engine,
        events_of(settings) as live,
        progress_bars(quiet=as_json) as progress,
    ):
        outbox = Outbox(engine, StubBroker(middleware=[]), live)  # an export hands nothing off
        for name, tenant_id in _tenants(engine, slug):
            report = _export(outbox, name, tenant_id, signer, store, retention, progress)
            rows.append(_exported(name, report))
    if as_json:
        click.echo(json.dumps({"tenants": rows}))
        return
    for row in rows:
        lock = "" if row["locked"] or not row["objects"] else ", NOT LOCKED: no Object Lock"
        click.echo(f"{row['slug']}: {row['entries']} entries in {row['segments']} segments{lock}")


@command.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@tenant_option
@json_option
@data_option
def download(folder: Path, slug: str | None, data_path: str | None, *, as_json: bool) -> None:
    """Download what was exported into FOLDER, for the offline verifier.

    \b
    Example:
      awgp audit download trail
      python awgp_verify.py trail --trust-root "$(awgp audit fingerprint)"
    """
    settings = _settings(data_path, EXPORTER)
    store = make_store(settings)
    prefix = ""
    if slug is not None:
        with _database(settings) as engine:
            prefix = f"{_tenants(engine, slug)[0][1]}/"
    files = store.download_folder(prefix, folder)
    if as_json:
        click.echo(json.dumps({"folder": str(folder), "files": len(files)}))
    else:
        click.echo(f"{len(files)} files in {folder}")


@command.command()
@json_option
@data_option
def fingerprint(data_path: str | None, *, as_json: bool) -> None:
    """Print the signer's fingerprint: the trust root to hand to an auditor, by another way.

    \b
    Example:
      awgp audit fingerprint
    """
    key = make_signer_key(_settings(data_path, EXPORTER))
    if as_json:
        members = json.loads(key.to_bytes())
        click.echo(json.dumps({"fingerprint": key.fingerprint, **members}))
    else:
        click.echo(key.fingerprint)


def _settings(data_path: str | None, login: str) -> Settings:
    """What `awgp up` tells its export process, as another login; else the environment's own."""
    root = data_folder_path(os.environ, data_path)
    if data_path is None and not (root / "state.json").is_file() and _names_servers(os.environ):
        return read_settings(os.environ)
    data = existing_data_folder(root)
    variables = process_environment(data, "export", operator=os.environ)
    url = make_url(variables["AWGP_DATABASE_URL"]).set(username=login)
    variables["AWGP_DATABASE_URL"] = url.render_as_string(hide_password=False)
    variables["AWGP_DATABASE_PASSWORD_FILE"] = str(data.secret_file(login))
    return read_settings(variables)


def _names_servers(environ: Mapping[str, str]) -> bool:
    names = ("AWGP_DATABASE_URL", "AWGP_S3_ENDPOINT", "AWGP_CHECKPOINT_PUBLIC_KEY")
    return any(name in environ or f"{name}_FILE" in environ for name in names)


def _known_signer(settings: Settings) -> SignerKey | None:
    known = settings.checkpoint_public_key or settings.checkpoint_key
    return make_signer_key(settings) if known else None


@contextmanager
def _database(settings: Settings) -> Iterator[Engine]:
    engine = make_engine(settings.database, pool_size=2)
    try:
        yield engine
    finally:
        engine.dispose()


def _tenants(engine: Engine, slug: str | None) -> Sequence[tuple[str, UUID]]:
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT slug, tenant_id FROM list_tenants()")).all()
    if slug is not None:
        refuse_unknown(slug, [row[0] for row in rows])
    return [(row[0], row[1]) for row in rows if slug in (None, row[0])]


@dataclass(frozen=True, slots=True, kw_only=True)
class _CountingLog(LogStore):
    """Says how far the export is."""

    advance: Callable[[int], None]

    def record_segment(self, segment: ExportedSegment) -> None:
        LogStore.record_segment(self, segment)
        self.advance(segment.last_sequence - segment.first_sequence + 1)


def _export(
    outbox: Outbox,
    name: str,
    tenant_id: UUID,
    signer: SignerKey,
    store: ObjectStore,
    retention: timedelta,
    progress: Progress,
) -> ExportReport:
    task = progress.add_task(name, total=None)
    log = _CountingLog(outbox=outbox, advance=lambda entries: progress.advance(task, entries))
    note = log.latest_checkpoint(tenant_id)
    signed = 0 if note is None else parse_checkpoint(note).size
    progress.update(task, total=max(0, signed - log.last_exported(tenant_id).sequence))
    with sole_export(outbox.engine, tenant_id):
        return export_tenant(
            tenant_id,
            log=log,
            signer=signer,
            store=store,
            retention=retention,
            max_entries=MAX_ENTRIES,
            rewind_notes=log.rewind_notes(tenant_id),
        )


def _exported(slug: str, report: ExportReport) -> dict[str, Any]:
    return {
        "slug": slug,
        "tenant": str(report.tenant_id),
        "entries": report.entries,
        "segments": len(report.segments),
        "objects": report.objects,
        "locked": report.locked,
        "checkpoint": report.checkpoint_key,
    }


def _verified(slug: str, report: DatabaseReport) -> dict[str, Any]:
    bad = report.first_bad
    signed_at = report.last_signed_at
    return {
        "slug": slug,
        "tenant": str(report.tenant_id),
        "verdict": report.verdict,
        "entries": report.entries,
        "checkpoints": report.checkpoints,
        "segments": report.segments,
        "uncovered": report.uncovered,
        "pending": report.pending,
        "late": report.late,
        "last_signed_at": signed_at.isoformat() if signed_at else None,
        "first_bad": {"place": bad.place, "what": bad.what, "sequence": bad.sequence}
        if bad
        else None,
    }


def _sentence(slug: str, report: DatabaseReport) -> str:
    if report.first_bad is not None:
        return f"{slug}: FAILED after {report.entries} entries: {report.first_bad}"
    said = f"{slug}: {report.verdict}, {report.entries} entries, {report.checkpoints} checkpoints"
    if report.last_signed_at is not None:
        said += f", last signed {report.last_signed_at.isoformat(timespec='seconds')}"
    if report.uncovered:
        said += f", {report.uncovered} not signed yet"
    return f"{said}, {report.pending} pending"
