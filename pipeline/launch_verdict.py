"""What may happen to an approved run now that a worker is about to start it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline.execution import Limits
from pipeline.gateway_scope import Scope
from pipeline.syscalls import ANY, Syscalls


@dataclass(frozen=True, slots=True, kw_only=True)
class Go:
    """Start exactly this; it is what the action says, found again byte for byte.

    Args:
        action_digest: The 32 bytes of the action of this run and epoch.
        bundle: The tar.gz, checked to have `bundle_digest` (`sha256:` and 64 hex digits).
        payload: As stored; `payload_digest` is `sha256:` and 64 hex digits over it.
        digest_key: The run's, for what the audit trail says of its result.
        entrypoint: File in the bundle, then its arguments.
        rerun_is_safe: The manifest says `retry = "safe"`.
    """

    action_digest: bytes
    bundle: bytes
    bundle_digest: str
    payload: bytes
    payload_digest: str
    digest_key: bytes = field(repr=False)
    runtime: str
    runtime_digest: str
    entrypoint: tuple[str, ...]
    limits: Limits
    rerun_is_safe: bool
    environment: Mapping[str, str] = field(default_factory=dict)
    scope: Scope = field(default_factory=Scope)
    syscalls: Syscalls = ANY


@dataclass(frozen=True, slots=True, kw_only=True)
class Deny:
    """The policy in force now says no. `reason` is shown to the sender."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehold:
    """What people agreed to is not what would run, or more is required of them now."""

    reason: str


LaunchVerdict = Go | Deny | Rehold
