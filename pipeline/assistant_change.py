"""Change assistants: add one, give it a new version, take an older one up again, switch it.

A runtime's digest is not the caller's to say: it is what the last machine that built the runtime
said it is (docs/decisions/0063-runtimes-are-told-by-the-machines.md).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from pipeline.assistant_view import assistant_state, show_version
from pipeline.execution import RANGES, Limits, LimitsInvalid
from pipeline.gateway_scope import SandboxPolicyInvalid
from pipeline.registry_add import add_assistant
from pipeline.registry_find import find_bundle, find_target
from pipeline.registry_names import FieldInvalid, NameTaken, NotSetUp, check_name
from pipeline.registry_remove import remove_assistant, restore_assistant
from pipeline.sandbox_policy import Allowed
from pipeline.setup_rows import one_at_a_time
from pipeline.work import Actor, Work

MAX_CONFIGURATION_BYTES: Final = 64 * 1024
MAX_TARGETS: Final = 20
ALLOWABLE: Final = frozenset({"network", "environment", "gateway", "llm", "memory", "syscalls"})
_ALLOWABLE: Final = ", ".join(sorted(ALLOWABLE))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a version is to be. `limits` is a ceiling by name, of those that have one.

    `allow` is `network`, `environment`, `gateway`, `llm` and `memory`; None is as the version
    before has it; where that one allowed something, another bundle is not given it unsaid.
    """

    bundle: str
    targets: tuple[str, ...] = ()
    limits: Mapping[str, Any] = field(default_factory=dict)
    allow: Mapping[str, Any] | None = None
    configuration: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Saver:
    """Whose version it is, and who the trail says made it."""

    person_id: UUID
    actor: Actor


def create_assistant(work: Work, name: str, wanted: Wanted, saver: Saver) -> None:
    """Raises: FieldInvalid, NameTaken (also one that is switched off)."""
    check_name("name", name)
    one_at_a_time(work, "assistant", name)
    if work.execute("SELECT 1 FROM assistants WHERE name = :name", name=name).all():
        raise NameTaken(f"there is an assistant {name!r} already; give it a new version instead")
    _save(work, name, wanted, saver, policy=_policy(wanted, {}))


def save_version(work: Work, name: str, wanted: Wanted, saver: Saver) -> bool:
    """Give an assistant a next version; False where it is like that already.

    It stays switched on or off as it is.

    Raises:
        NotSetUp: There is none of this name.
        FieldInvalid: Names what cannot be kept.
    """
    state = assistant_state(work, name, lock=True)
    current = show_version(work, name, state["version"])
    if wanted.bundle != current["bundle"]:
        _check_said(wanted, current["sandbox_policy"])
    policy = _policy(wanted, current["sandbox_policy"])
    if _is(work, current, wanted, policy):
        return False
    _save(work, name, wanted, saver, policy=policy)
    return True


def restore_version(work: Work, name: str, version: int, saver: Saver) -> None:
    """Take an older version up again, as the next one; on the runtime as it is now.

    Raises:
        NotSetUp: There is no such version.
        FieldInvalid: It delivers to a target that was removed since.
    """
    assistant_state(work, name, lock=True)
    old = show_version(work, name, version)
    wanted = Wanted(
        bundle=old["bundle"], targets=tuple(old["targets"]), configuration=old["configuration"]
    )
    _save(work, name, wanted, saver, policy=old["sandbox_policy"], restored=version)


def switch_assistant(work: Work, name: str, *, active: bool, actor: Actor) -> None:
    """Raises: NotSetUp, StillInUse (see registry_remove)."""
    if active:
        restore_assistant(work, name, actor=actor)
    else:
        remove_assistant(work, name, actor=actor)


def ceiling(limits: Mapping[str, Any]) -> dict[str, int]:
    """The ceiling these limits make, in the form it is kept; a limit not named is open.

    Raises:
        LimitsInvalid: One is unknown, no number or out of its range.
    """
    highest = {name: high for name, (_, high) in RANGES.items()}
    # What is unbounded is kept as its highest value.
    return Limits.from_mapping({**highest, **limits}).as_json()


def _save(
    work: Work,
    name: str,
    wanted: Wanted,
    saver: Saver,
    *,
    policy: Mapping[str, Any],
    restored: int | None = None,
) -> None:
    _check_size(wanted)
    add_assistant(
        work,
        name=name,
        bundle_digest=wanted.bundle,
        runtime=_runtime(work, wanted.bundle),
        by=saver.person_id,
        targets=[_target(work, each) for each in wanted.targets],
        sandbox_policy=policy,
        configuration=wanted.configuration,
        actor=saver.actor,
        revive=False,
        restored=restored,
    )


def _is(work: Work, current: Mapping[str, Any], wanted: Wanted, policy: Mapping[str, Any]) -> bool:
    return (
        current["bundle"] == wanted.bundle
        and tuple(current["targets"]) == wanted.targets
        and current["configuration"] == wanted.configuration
        and current["sandbox_policy"] == policy
        and current["runtime_digest"] == _runtime(work, wanted.bundle)[1]
    )


def allowance(allow: Mapping[str, Any]) -> dict[str, Any]:
    """What a tenant allows beyond the sandbox, in the form it is kept.

    Raises:
        FieldInvalid: A member is unknown or malformed.
    """
    unknown = sorted(str(each)[:60] for each in set(allow) - ALLOWABLE)
    if unknown:
        raise FieldInvalid("allow", f"{unknown[0]} is not known; there are {_ALLOWABLE}")
    try:
        return Allowed.from_mapping(allow).as_json()
    except SandboxPolicyInvalid as error:
        raise FieldInvalid(f"allow.{error.field}", error.rule) from error


def _check_said(wanted: Wanted, before: Mapping[str, Any]) -> None:
    if wanted.allow is None and any(before.get(each) for each in ALLOWABLE):
        raise FieldInvalid(
            "allow",
            "the version before allowed its bundle something, and this is another bundle: say what"
            " this one is allowed, or {} for nothing",
        )


def _policy(wanted: Wanted, before: Mapping[str, Any]) -> dict[str, Any]:
    try:
        limits = {"limits": ceiling(wanted.limits)} if wanted.limits else {}
    except LimitsInvalid as error:
        raise FieldInvalid(error.field, error.rule) from error
    if wanted.allow is None:
        return limits | {name: said for name, said in before.items() if name in ALLOWABLE}
    return limits | allowance(wanted.allow)


def _runtime(work: Work, digest: str) -> tuple[str, str]:
    try:
        name = find_bundle(work, digest)["runtime"]
    except NotSetUp as error:
        raise FieldInvalid("bundle", str(error)) from error
    found = work.execute("SELECT known_runtime(:name)", name=name).scalar_one()
    if found is None:
        raise FieldInvalid(
            "bundle",
            f"it runs on {name!r}, which no machine has told of yet: `awgp assistant add` on one"
            " that has built it does",
        )
    return name, found


def _target(work: Work, name: str) -> UUID:
    try:
        return find_target(work, name)
    except NotSetUp as error:
        raise FieldInvalid("targets", str(error)) from error


def _check_size(wanted: Wanted) -> None:
    if len(wanted.targets) > MAX_TARGETS:
        raise FieldInvalid("targets", f"{MAX_TARGETS} at most")
    if len(json.dumps(wanted.configuration).encode()) > MAX_CONFIGURATION_BYTES:
        raise FieldInvalid("configuration", f"at most {MAX_CONFIGURATION_BYTES} bytes of JSON")
