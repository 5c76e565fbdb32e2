"""`awgp bundle trace`: run a bundle here, and say the smallest policy that would do."""

import platform
import tempfile
from dataclasses import fields, replace
from pathlib import Path
from typing import Final

import click

from ops.allow_options import allow_options, allowed
from ops.bundle_proposal import MEMORY, MODEL, Seen, block, reaches_for, with_block
from ops.bundle_trial import Tracing, Trial, runtime_host, status_of
from ops.bundle_trial_command import payload_option, read_payload
from ops.packed_bundle import packed_at
from ops.run_output import line_in_words
from ops.terminal_text import plain
from ops.traced_calls import Traced, read_trace
from pipeline.errors import AwgpError
from pipeline.execution import ExecutionResult, ExitReason, Limits, OutputLine
from pipeline.gateway_scope import Grant
from pipeline.memory_scope import Memory
from pipeline.reach import read_reach
from pipeline.sandbox_policy import Granted, granted_to
from pipeline.syscalls import ANY
from runtime_host.bundle import inspect
from runtime_host.manifest import FILE_NAME, Manifest, kind_of

# So that there is a gateway to hear what is asked for; a name that nobody has (RFC 6761).
NOWHERE: Final = Grant(reach=read_reach("https://trace.invalid/"))


class NotTraced(AwgpError):
    """What gVisor wrote down of the run is not there."""


@click.command("trace")
@click.argument("path", type=click.Path(path_type=Path, exists=True))
@payload_option
@click.option(
    "--open",
    "lets_out",
    is_flag=True,
    help="Let it reach any public https address while it is traced, asked for or not.",
)
@click.option(
    "--write", is_flag=True, help="Put the proposal into the manifest of the folder PATH."
)
@allow_options
@click.pass_context
def command(
    ctx: click.Context,
    *,
    path: Path,
    payload: Path | None,
    lets_out: bool,
    write: bool,
    allow: tuple[str, ...],
    allow_inside: tuple[str, ...],
    variables: tuple[str, ...],
) -> None:
    """Run PATH, a folder or a packed bundle, and propose the smallest policy it needs.

    It runs as `awgp bundle test` runs it, with every system call written down and limits no lower
    than the defaults. What it may fetch is what it asks for and --allow lets it; what else it asked
    for is refused and proposed all the same, or let out with --open. What is proposed covers this
    run, with head-room: try the requests that matter.

    The exit status is that of `awgp bundle test`.

    \b
    Examples:
      awgp bundle trace invoice-check
      awgp bundle trace rates --open --payload large.json
      awgp bundle trace rates --allow "GET https://api.example.com/v1/" --write
    """
    if write and not (path / FILE_NAME).is_file():
        raise click.BadParameter("--write needs a folder with a manifest", param_hint="PATH")
    packed = packed_at(path)
    info = inspect(packed)
    granted = granted_to(info.manifest.as_json(), allowed(allow, allow_inside, variables))
    trial = Trial(
        info=info,
        packed=packed,
        payload=read_payload(payload, packed),
        limits=_roomy(info.manifest.limits),
        granted=_heard(granted, info.manifest.asked.entries),
    )
    seen = _run(trial, lets_out=lets_out)
    _show(seen, granted)
    if write and seen.result.reason is ExitReason.OK:
        manifest = path / FILE_NAME
        manifest.write_text(with_block(manifest.read_text("utf-8"), block(seen)), "utf-8")
        click.echo(f"written to {manifest}", err=True)
    elif write:
        click.echo("not written: it did not end well", err=True)
    ctx.exit(status_of(seen.result.reason))


def _run(trial: Trial, *, lets_out: bool) -> Seen:
    visits: list[tuple[str, str]] = []
    with tempfile.TemporaryDirectory(prefix="awgp-trace-") as folder:
        tracing = Tracing(
            folder=Path(folder),
            visits=lambda method, url: visits.append((method, url)),
            open=lets_out,
        )
        with runtime_host(None, tracing) as client:
            # Those of the self-test.
            for each in tracing.folder.iterdir():
                each.unlink()
            result = trial.run(client, _show_line)
            traced = _traced(tracing.folder, trial.info.manifest)
    manifest = trial.info.manifest
    return Seen(
        limits=manifest.limits,
        result=result,
        traced=traced,
        visits=visits,
        entries=manifest.asked.entries,
    )


def _traced(folder: Path, manifest: Manifest) -> Traced:
    found = sorted(folder.glob("*.boot"))
    if len(found) != 1:
        raise NotTraced("gVisor wrote no trace of the run")
    first = manifest.entrypoint[0]
    executes = kind_of(manifest.runtime) != "python3" or not first.endswith(".py")
    with found[0].open(encoding="utf-8", errors="replace") as lines:
        return read_trace(lines, platform.machine(), executes=executes)


def _heard(granted: Granted, entries: int) -> Granted:
    """With a gateway in any case, a memory of the trial's own, and every usual system call."""
    scope = replace(granted.scope, grants=(*granted.scope.grants, NOWHERE))
    if entries:
        scope = replace(scope, memory=Memory(entries=entries))
    return replace(granted, scope=scope, syscalls=ANY)


def _roomy(limits: Limits) -> Limits:
    usual = Limits()
    return replace(
        limits,
        **{f.name: max(getattr(limits, f.name), getattr(usual, f.name)) for f in fields(limits)},
    )


def _show_line(line: OutputLine) -> None:
    click.echo(line_in_words(line.offset_ms, line.stream, line.text), err=True)


def _show(seen: Seen, granted: Granted) -> None:
    """The proposal on stdout, what there is to say about it on stderr."""
    for said in _remarks(seen.result, seen, granted):
        click.echo(plain(said), err=True)
    click.echo(block(seen), nl=False)


def _remarks(result: ExecutionResult, seen: Seen, granted: Granted) -> list[str]:
    said = [f"{result.reason.value}: {result.detail}"]
    if result.reason is not ExitReason.OK:
        said.append("it did not end well: what is proposed covers what it did until then")
    reached = {(each.scheme, each.host, each.port) for each in reaches_for(seen.visits)}
    known = {(g.reach.scheme, g.reach.host, g.reach.port) for g in granted.scope.grants}
    if refused := [each for each in result.calls if each.error]:
        said.append(
            f"{len(refused)} of {len(result.calls)} requests brought nothing back"
            f" ({', '.join(sorted({each.error for each in refused}))})"
        )
    if reached - known:
        said.append("the tenant has to allow where it goes: awgp assistant add --allow")
    if seen.asked(MODEL) and granted.scope.llm is None:
        said.append("it asked for a model: the tenant has to allow one, --llm")
    if seen.asked(MEMORY) and granted.scope.memory is None:
        said.append("it asked for a memory: the tenant has to allow it, --memory")
    if seen.traced.lacking:
        calls = ", ".join(sorted(seen.traced.lacking))
        said.append(f"the default profile of system calls, since no addition has {calls}")
    return said
