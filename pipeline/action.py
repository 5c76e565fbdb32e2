"""What an approval covers, byte for byte: the action, and the digest every vote names.

    action_digest = SHA-256("awgp.action.v1" 0x00 || JCS(action))

JCS is RFC 8785. What approvers see is what it covers; the launcher computes it again before it
starts anything. The form is pinned by tests/vectors/action_v1.json: another form is another tag.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import rfc8785

from pipeline.approval import Requirement
from pipeline.errors import AwgpError

ACTION_TAG: Final = b"awgp.action.v1\0"
MAX_INTEGER: Final = 2**53 - 1  # RFC 8785 knows no larger one

_HEX_DIGEST = re.compile(r"[0-9a-f]{64}")
_NAMED_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class ActionInvalid(AwgpError):
    """An action cannot be put into its one byte form; the message names the field."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionTarget:
    """Where a post-action goes, as approved. `template_digest` is `sha256:` and 64 hex digits."""

    id: str
    version: int
    url: str
    template_digest: str

    def as_json(self) -> dict[str, Any]:
        """Return the form the digest covers."""
        return {
            "id": self.id,
            "version": self.version,
            "url": self.url,
            "template_digest": self.template_digest,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class DecidingPolicy:
    """The policy set version that decided, and its digest (`sha256:` and 64 hex digits)."""

    version: int
    digest: str

    def as_json(self) -> dict[str, Any]:
        """Return the form the digest covers."""
        return {"version": self.version, "digest": self.digest}


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """Everything a person agrees to.

    `tenant`, `run` and `requester` are ids as text; `assistant_version` is the assistant's id, @
    and the version. `payload_commitment` is 64 hex digits, made by the caller from the payload
    bytes as stored. Digests are `sha256:` and 64 hex digits. `sandbox_policy`, `limits` and
    `gateway_scopes` are the effective ones, not what was asked for: objects, lists, strings,
    whole numbers and booleans. `targets` stand in the order of delivery. `requirement` is None
    when a policy lets the run through without a person.
    """

    tenant: str
    run: str
    epoch: int
    requester: str
    assistant_version: str
    bundle_digest: str
    runtime_digest: str
    entrypoint_digest: str
    payload_commitment: str
    sandbox_policy: Mapping[str, Any]
    limits: Mapping[str, Any]
    gateway_scopes: Mapping[str, Any]
    targets: tuple[ActionTarget, ...]
    policy: DecidingPolicy
    requirement: Requirement | None

    def __post_init__(self) -> None:
        """Refuse what has no one byte form, and keep the mappings from changing afterwards."""
        for name in ("tenant", "run", "requester", "assistant_version"):
            if not getattr(self, name):
                raise ActionInvalid(f"{name}: must not be empty")
        if not _HEX_DIGEST.fullmatch(self.payload_commitment):
            raise ActionInvalid("payload_commitment: must be 64 hex digits")
        for name, digest in self._digests():
            if not _NAMED_DIGEST.fullmatch(digest):
                raise ActionInvalid(f"{name}: must be sha256: and 64 hex digits")
        for name in ("sandbox_policy", "limits", "gateway_scopes"):
            given = getattr(self, name)
            if not isinstance(given, Mapping):
                raise ActionInvalid(f"{name}: must be an object")
            object.__setattr__(self, name, _frozen(name, given))
        for name, number in self._numbers():
            if type(number) is not int or not 1 <= number <= MAX_INTEGER:
                raise ActionInvalid(f"{name}: must be a whole number from 1")

    def _digests(self) -> list[tuple[str, str]]:
        return [
            ("bundle_digest", self.bundle_digest),
            ("runtime_digest", self.runtime_digest),
            ("entrypoint_digest", self.entrypoint_digest),
            ("policy.digest", self.policy.digest),
            *(("targets.template_digest", target.template_digest) for target in self.targets),
        ]

    def _numbers(self) -> list[tuple[str, int]]:
        versions = [("targets.version", target.version) for target in self.targets]
        return [("epoch", self.epoch), ("policy.version", self.policy.version), *versions]

    def as_json(self) -> dict[str, Any]:
        """Return the form the digest covers."""
        return {
            "tenant": self.tenant,
            "run": self.run,
            "epoch": self.epoch,
            "requester": self.requester,
            "assistant_version": self.assistant_version,
            "bundle_digest": self.bundle_digest,
            "runtime_digest": self.runtime_digest,
            "entrypoint_digest": self.entrypoint_digest,
            "payload_commitment": self.payload_commitment,
            "sandbox_policy": _thawed(self.sandbox_policy),
            "limits": _thawed(self.limits),
            "gateway_scopes": _thawed(self.gateway_scopes),
            "targets": [target.as_json() for target in self.targets],
            "policy": self.policy.as_json(),
            "requirement": None if self.requirement is None else self.requirement.as_json(),
        }


def action_bytes(action: Action) -> bytes:
    """Return the action as RFC 8785 JSON.

    Raises:
        ActionInvalid: A string in it is no text.
    """
    try:
        return rfc8785.dumps(action.as_json())
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as error:
        raise ActionInvalid("the action holds a string that is no text") from error


def action_digest(action: Action) -> bytes:
    """Return the 32 bytes every vote names."""
    return digest_of(action_bytes(action))


def digest_of(content: bytes) -> bytes:
    """Return the digest of an action's bytes."""
    return hashlib.sha256(ACTION_TAG + content).digest()


def _frozen(name: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise ActionInvalid(f"{name}: keys must be strings")
        return MappingProxyType({key: _frozen(name, part) for key, part in value.items()})
    if isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray):
        return tuple(_frozen(name, part) for part in value)
    fits = isinstance(value, str) or type(value) is bool
    if not fits and not (type(value) is int and abs(value) <= MAX_INTEGER):
        raise ActionInvalid(
            f"{name}: must be made of objects, lists, strings, whole numbers and booleans"
        )
    return value


def _thawed(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _thawed(part) for key, part in value.items()}
    return [_thawed(part) for part in value] if isinstance(value, tuple) else value
