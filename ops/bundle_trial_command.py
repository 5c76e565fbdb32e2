"""`awgp bundle test`: run a bundle here, in the sandbox it will get."""

import json
from pathlib import Path
from typing import Any, Final

import click
from rich.console import Console

from ops.allow_options import (
    allow_options,
    allowed,
    allowed_memory,
    memory_options,
    syscalls_option,
)
from ops.bundle_template import SAMPLE
from ops.bundle_trial import Trial, runtime_host, status_of
from ops.command_options import json_option, print_json
from ops.limit_options import ceiling
from ops.packed_bundle import packed_at
from ops.run_output import line_in_words
from ops.terminal_text import plain, pretty
from pipeline.errors import AwgpError
from pipeline.execution import RANGES, ExecutionResult, ExitReason, Limits, OutputLine
from pipeline.sandbox_policy import granted_to
from runtime_host.bundle import BundleInfo, inspect
from runtime_host.bundle_files import read_files
from runtime_host.client import HostDescription
from runtime_host.wire import MAX_PAYLOAD_BYTES

MIB: Final = 1024 * 1024


class PayloadTooLarge(AwgpError):
    """More than a request may have."""


payload_option = click.option(
    "--payload",
    type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True),
    help=f"The request, - for stdin; the bundle's own {SAMPLE} by default, else {{}}.",
)
"""What a bundle is run with."""


@click.command("test")
@click.argument("path", type=click.Path(path_type=Path, exists=True))
@payload_option
@click.option(
    "--limit",
    "limits",
    multiple=True,
    metavar="NAME=VALUE",
    help=f"A ceiling, as an assistant may have one: {', '.join(RANGES)}. Repeatable.",
)
@allow_options
@memory_options
@syscalls_option
@click.option(
    "--host",
    "socket_path",
    type=click.Path(path_type=Path, exists=True),
    help="Socket of a runtime host that runs; one is started for the test by default.",
)
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    *,
    path: Path,
    payload: Path | None,
    limits: tuple[str, ...],
    allow: tuple[str, ...],
    allow_inside: tuple[str, ...],
    variables: tuple[str, ...],
    syscalls: str | None,
    entries: int | None,
    memory_model: str | None,
    socket_path: Path | None,
    as_json: bool,
) -> None:
    """Run PATH, a folder or a packed bundle, in the sandbox it would get in production.

    Its limits and what it may reach are what its manifest asks for, within what is allowed here, as
    `awgp assistant add` would allow it.

    The exit status is 0 when it ended well, 1 when the agent failed, 3 when it passed a limit, 4
    when the outcome is unknown, 2 when nothing ran.

    \b
    Examples:
      awgp bundle test invoice-check
      awgp bundle test invoice-check --payload large.json --limit memory_bytes=64MiB
      awgp bundle test rates --allow "GET https://api.example.com/v1/"
      awgp bundle test clerk --memory 5000
    """
    packed = packed_at(path)
    info = inspect(packed)
    allow_all = allowed(allow, allow_inside, variables, syscalls)
    allow_all |= allowed_memory(entries, memory_model, {})
    trial = Trial(
        info=info,
        packed=packed,
        payload=read_payload(payload, packed),
        limits=info.manifest.limits.within(Limits.from_json(ceiling(limits))),
        granted=granted_to(info.manifest.as_json(), allow_all),
    )
    with runtime_host(socket_path) as client:
        result = trial.run(client, _quiet if as_json else _show_line)
        host = client.describe()
    if as_json:
        print_json(_as_json(info, result))
    else:
        _show(trial, result, host)
    ctx.exit(status_of(result.reason))


def read_payload(given: Path | None, packed: bytes) -> bytes:
    """The request of a trial: what was given, else the bundle's own sample.

    Raises:
        PayloadTooLarge: As it says.
    """
    if given is None:
        sample = read_files(packed).get(SAMPLE)
        return b"{}" if sample is None else sample.content
    with click.open_file(str(given), "rb") as file:
        payload: bytes = file.read(MAX_PAYLOAD_BYTES + 1)
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise PayloadTooLarge(f"{given} has more than {MAX_PAYLOAD_BYTES} bytes")
    return payload


def _quiet(_: OutputLine) -> None:
    """Lines are in the JSON."""


def _show_line(line: OutputLine) -> None:
    click.echo(line_in_words(line.offset_ms, line.stream, line.text))


def _show(trial: Trial, result: ExecutionResult, host: HostDescription) -> None:
    console = Console(highlight=False, soft_wrap=True)
    colour = "green" if result.reason is ExitReason.OK else "red"
    console.print(f"[{colour}]{result.reason.value}[/{colour}]", end="  ")
    console.print(plain(result.detail), markup=False)
    if result.result is not None:
        console.print("result    ", pretty(json.loads(result.result)), markup=False)
    console.print("resources ", ", ".join(_resources(trial.limits, result)), markup=False)
    console.print("digest    ", trial.info.digest, markup=False)
    if result.truncated:
        console.print("lines are missing: more was written than its limit lets through")
    for name, instead in host.not_enforced.items():
        console.print(f"this machine does not enforce {name}: {instead}", markup=False)


def _resources(limits: Limits, result: ExecutionResult) -> list[str]:
    """What it used, of what it may."""
    said = [f"{result.duration_ms / 1000:.2f} of {limits.wall_seconds:g} s"]
    if result.peak_memory_bytes is not None:
        peak = f"{result.peak_memory_bytes / MIB:.0f} MiB at most with the sandbox's own"
        said.append(f"{peak}, limit {limits.memory_bytes / MIB:.0f} MiB")
    written = sum(len(line.text.encode()) + 1 for line in result.lines)
    return [*said, f"{written} of {limits.output_bytes} bytes written"]


def _as_json(info: BundleInfo, result: ExecutionResult) -> dict[str, Any]:
    return {
        "digest": info.digest,
        "reason": result.reason.value,
        "detail": result.detail,
        "exit_code": result.exit_code,
        "result": None if result.result is None else json.loads(result.result),
        "duration_ms": result.duration_ms,
        "peak_memory_bytes": result.peak_memory_bytes,
        "truncated": result.truncated,
        "lines": [{"stream": line.stream, "text": line.text} for line in result.lines],
    }
