"""`awgp assistant`: AI agents, their code and what they may use."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import click

from ops.allow_options import (
    allow_options,
    allowed,
    allowed_llm,
    allowed_memory,
    llm_options,
    memory_options,
    syscalls_option,
)
from ops.assistant_new import command as new_command
from ops.author_key_commands import key_option
from ops.author_key_file import note_for
from ops.command_options import yes_option
from ops.limit_options import ceiling
from ops.packed_bundle import packed_at
from ops.runtime_folder import runtime_digest
from ops.setup_desk import Change, Desk
from ops.setup_options import (
    changes_a_tenant,
    confirm,
    looks_in_a_tenant,
    show_changed,
    show_list,
    show_one,
)
from pipeline.execution import RANGES
from pipeline.registry import add_assistant, add_bundle
from pipeline.registry_find import find_assistant, find_bundle, find_target
from pipeline.registry_names import FieldInvalid, check_name
from pipeline.registry_remove import remove_assistant, restore_assistant
from pipeline.registry_view import list_assistants
from pipeline.work import Work
from runtime_host.bundle import BundleInfo, inspect, is_digest


@click.group("assistant")
def command() -> None:
    """Start, add, show and remove assistants: an agent's code, its limits, where results go.

    \b
    Examples:
      awgp assistant new invoice-check
      awgp assistant add invoice-check --bundle ./invoice-check --target ledger
      awgp assistant list
      awgp assistant remove invoice-check
    """


command.add_command(new_command)


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """The bundle of a new version; `packed` is None where the tenant has it already."""

    digest: str
    manifest: dict[str, Any]
    packed: bytes | None
    signature: str | None = None


@command.command()
@click.argument("name")
@click.option(
    "--bundle",
    required=True,
    metavar="PATH|DIGEST",
    help="A folder or packed file, which is pushed; or the digest of one that was.",
)
@key_option
@click.option("--runtime", metavar="NAME", help="What it runs on; what its manifest says.")
@click.option(
    "--target",
    "targets",
    multiple=True,
    metavar="NAME",
    help="Where its results go, in this order. Repeatable.",
)
@click.option(
    "--limit",
    "limits",
    multiple=True,
    metavar="NAME=VALUE",
    help=f"A ceiling for the bundle's own limits: {', '.join(RANGES)}. KiB, MiB and GiB are"
    " understood. Repeatable. Without any, those of the version before stay.",
)
@allow_options
@syscalls_option
@llm_options
@memory_options
@click.option(
    "--author",
    metavar="PERSON",
    help="Whose version it is, who cannot approve its runs; who acts by default.",
)
@changes_a_tenant
def add(
    desk: Desk,
    *,
    name: str,
    bundle: str,
    key_file: Path | None,
    runtime: str | None,
    targets: tuple[str, ...],
    limits: tuple[str, ...],
    allow: tuple[str, ...],
    allow_inside: tuple[str, ...],
    variables: tuple[str, ...],
    syscalls: str | None,
    llm: str | None,
    llm_inside: str | None,
    llm_tokens: int,
    entries: int | None,
    memory_model: str | None,
    author: str | None,
    as_json: bool,
) -> None:
    """Add the assistant NAME, or a new version of it.

    What was approved for the version before and has not started is held again.

    \b
    Examples:
      awgp assistant add invoice-check --bundle ./invoice-check --target ledger
      awgp assistant add invoice-check --bundle sha256:4f1a... --limit memory_bytes=128MiB
      awgp assistant add rates --bundle ./rates --allow "GET https://api.example.com/v1/"
      awgp assistant add clerk --bundle ./clerk --memory 5000
    """
    check_name("name", name)
    policy = {"limits": ceiling(limits)} if limits else {}
    policy |= allowed(allow, allow_inside, variables, syscalls)
    model = allowed_llm(llm, llm_inside, llm_tokens)
    policy |= model | allowed_memory(entries, memory_model, model)
    read = None if is_digest(bundle) else _read(bundle, key_file)
    with desk.changing() as change:
        code = _code(change.work, bundle, read)
        runs_on = _runtime(desk, code.manifest["runtime"], runtime)
        before = _named(change.work, name)
        policy |= _ceilings_of(before, limits=not limits, syscalls=syscalls is None)
        going_to = [find_target(change.work, each) for each in targets]
        beyond = {name: said for name, said in policy.items() if name != "limits"}
        wanted = (code.digest, runs_on[1], list(targets), policy.get("limits"), beyond)
        if before is not None and before["active"] and _is(before, wanted):
            if code.signature is not None:
                _push(change, code, change.behind(author, "--author").person_id)
            assistant_id, version, said = before["id"], before["version"], "is as it was"
        else:
            by = change.behind(author, "--author").person_id
            _push(change, code, by)
            assistant_id = _save(change, name, code, runs_on, going_to, policy, by)
            version, said = (before["version"] if before else 0) + 1, "saved"
    shown = {"id": str(assistant_id), "name": name, "version": version, "bundle": code.digest}
    show_changed(
        f"assistant {name} {said}, version {version}, {code.digest}",
        shown | {"changed": said == "saved"},
        as_json=as_json,
    )


def _read(path: str, key: Path | None) -> tuple[BundleInfo, bytes, str | None]:
    where = Path(path)
    if not where.exists():
        raise FieldInvalid(
            "bundle", f"{path!r} is no file or folder, and no digest (sha256: and 64 hex digits)"
        )
    packed = packed_at(where)
    info = inspect(packed)
    return info, packed, note_for(where, info.digest, key=key, signature=None)


def _code(work: Work, digest: str, read: tuple[BundleInfo, bytes, str | None] | None) -> Code:
    if read is None:
        return Code(digest=digest, manifest=find_bundle(work, digest), packed=None)
    info, packed, note = read
    return Code(digest=info.digest, manifest=info.manifest.as_json(), packed=packed, signature=note)


def _push(change: Change, code: Code, by: UUID) -> None:
    if code.packed is not None:
        add_bundle(
            change.work,
            digest=code.digest,
            manifest=code.manifest,
            content=code.packed,
            author=by,
            actor=change.actor,
            signature=code.signature,
        )


def _runtime(desk: Desk, asked: str, wanted: str | None) -> tuple[str, str]:
    if wanted is not None and wanted != asked:
        raise FieldInvalid("runtime", f"the bundle's manifest says {asked!r}, not {wanted!r}")
    digest = runtime_digest(desk.environ, asked)
    if digest is None:
        raise FieldInvalid(
            "runtime",
            f"{asked!r} is not built on this machine: `awgp runtime build --name {asked}`",
        )
    return asked, digest


def _save(
    change: Change,
    name: str,
    code: Code,
    runs_on: tuple[str, str],
    targets: Sequence[UUID],
    policy: dict[str, Any],
    by: UUID,
) -> UUID:
    return add_assistant(
        change.work,
        name=name,
        bundle_digest=code.digest,
        runtime=runs_on,
        by=by,
        targets=targets,
        sandbox_policy=policy,
        actor=change.actor,
    )


def _is(before: dict[str, Any], wanted: tuple[object, ...]) -> bool:
    kept = ("bundle", "runtime_digest", "targets", "ceiling", "allowed")
    return tuple(before[each] for each in kept) == wanted


def _ceilings_of(before: dict[str, Any] | None, *, limits: bool, syscalls: bool) -> dict[str, Any]:
    """Ceilings that were not said again: unlike what is allowed, no silence lifts one."""
    if before is None:
        return {}
    kept = {"limits": before["ceiling"]} if limits and before["ceiling"] else {}
    profile = before["allowed"].get("syscalls") if syscalls else None
    return kept | ({"syscalls": profile} if profile else {})


def _named(work: Work, name: str) -> dict[str, Any] | None:
    return next((each for each in list_assistants(work) if each["name"] == name), None)


@command.command("list")
@looks_in_a_tenant
def list_(desk: Desk, *, as_json: bool) -> None:
    """List a tenant's assistants, those switched off too.

    \b
    Example:
      awgp assistant list
    """
    with desk.looking() as work:
        rows = list_assistants(work)
    columns = {
        "assistant": "name",
        "version": "version",
        "active": "active",
        "runtime": "runtime",
        "targets": "targets",
        "sources": "sources",
        "bundle": "bundle",
    }
    empty = (
        f"{desk.slug} has no assistants yet; `awgp assistant new` starts one's code,"
        " `awgp assistant add` adds it"
    )
    show_list(rows, columns, empty=empty, as_json=as_json)


@command.command()
@click.argument("name")
@looks_in_a_tenant
def show(desk: Desk, name: str, *, as_json: bool) -> None:
    """Show the assistant NAME: its version, bundle, targets, limits and sources.

    \b
    Example:
      awgp assistant show invoice-check --json
    """
    with desk.looking() as work:
        find_assistant(work, name, removed_too=True)
        shown = _named(work, name) or {}
    show_one(shown, as_json=as_json)


@command.command()
@click.argument("name")
@yes_option
@changes_a_tenant
def remove(desk: Desk, name: str, *, yes: bool, as_json: bool) -> None:
    """Switch the assistant NAME off: its waiting runs are denied, its sources answer 403.

    What runs already comes to its end. `awgp assistant restore` switches it on again.

    \b
    Example:
      awgp assistant remove invoice-check --yes
    """
    with desk.looking() as work:
        find_assistant(work, name)
    confirm(f"Runs of {name} that wait will be denied.", yes=yes)
    with desk.changing() as change:
        assistant_id = remove_assistant(change.work, name, actor=change.actor)
    shown = {"id": str(assistant_id), "name": name, "active": False}
    show_changed(f"assistant {name} is off", shown, as_json=as_json)


@command.command()
@click.argument("name")
@changes_a_tenant
def restore(desk: Desk, name: str, *, as_json: bool) -> None:
    """Switch the assistant NAME on again, at the version it had.

    \b
    Example:
      awgp assistant restore invoice-check
    """
    with desk.changing() as change:
        assistant_id = restore_assistant(change.work, name, actor=change.actor)
    shown = {"id": str(assistant_id), "name": name, "active": True}
    show_changed(f"assistant {name} is on", shown, as_json=as_json)
