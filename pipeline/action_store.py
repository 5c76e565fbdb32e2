"""Actions in the database: assemble what would run now, keep it, read it back.

The payload enters as HMAC-SHA-256 under the run's own key, not as a bare SHA-256: the digest
stands in the audit trail for years, and once a payload and its key are erased nobody can test a
guess against it.
"""

import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import rfc8785

from pipeline.action import Action, ActionTarget, DecidingPolicy, action_bytes, digest_of
from pipeline.answer import Answer
from pipeline.approval import Requirement
from pipeline.errors import AwgpError
from pipeline.execution import Limits
from pipeline.registry import AssistantVersion, Target, ask_assistant, current_assistant
from pipeline.run_store import Payload, StoredRun, ask_payload, load_payload
from pipeline.sandbox_policy import Granted, granted_to
from pipeline.syscalls import ANY, FIELD
from pipeline.work import Work


class ActionMissing(AwgpError):
    """The run has no action in this epoch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembled:
    """What would run now, and the rows it was assembled from."""

    action: Action
    assistant: AssistantVersion
    targets: tuple[Target, ...]
    payload: Payload


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAction:
    """What was decided on, byte for byte."""

    content: bytes
    digest: bytes

    def as_json(self) -> dict[str, Any]:
        decoded: dict[str, Any] = json.loads(self.content)
        return decoded


def assemble(
    work: Work, run: StoredRun, *, epoch: int, policy: DecidingPolicy, rules: Requirement | None
) -> Assembled:
    """Put together the action as the tenant's settings make it now.

    Args:
        rules: None when a policy lets the run through without a person.

    Raises:
        AssistantNotFound: It was removed.
    """
    assistant = current_assistant(work, run.assistant_id)
    targets = assistant.targets
    payload = load_payload(work, run)
    manifest = assistant.manifest
    entrypoint = rfc8785.dumps(list(manifest["entrypoint"]))
    action = Action(
        tenant=str(run.tenant_id),
        run=str(run.run_id),
        epoch=epoch,
        requester=run.requester,
        assistant_version=f"{assistant.assistant_id}@{assistant.version}",
        bundle_digest=assistant.bundle_digest,
        runtime_digest=assistant.runtime_digest,
        entrypoint_digest=named_digest(entrypoint),
        payload_commitment=payload_commitment(payload),
        sandbox_policy={**assistant.sandbox_policy, **_profile(assistant)},
        limits=effective_limits(assistant).as_json(),
        gateway_scopes=effective_policy(assistant).scope.as_json(),
        targets=tuple(
            ActionTarget(
                id=str(target.target_id),
                version=target.version,
                url=target.url,
                template_digest=target.template_digest,
            )
            for target in targets
        ),
        policy=policy,
        requirement=rules,
    )
    return Assembled(action=action, assistant=assistant, targets=targets, payload=payload)


def ask_assembly(work: Work, run: StoredRun) -> None:
    """Bring along what `assemble` will read."""
    ask_assistant(work, run.assistant_id)
    ask_payload(work, run)


def effective_limits(assistant: AssistantVersion) -> Limits:
    """What the bundle asks, within what the tenant allows this assistant."""
    asked = Limits.from_json(assistant.manifest["limits"])
    allowed = assistant.sandbox_policy.get("limits")
    return asked if allowed is None else asked.within(Limits.from_json(allowed))


def effective_policy(assistant: AssistantVersion) -> Granted:
    """Where the bundle asks to go and what else it asks for, within what the tenant allows."""
    return granted_to(assistant.manifest, assistant.sandbox_policy)


def _profile(assistant: AssistantVersion) -> dict[str, Any]:
    """The effective profile of system calls; nothing where it is the one everybody has."""
    effective = effective_policy(assistant).syscalls
    return {} if effective == ANY else {FIELD: effective.as_json()}


def payload_commitment(payload: Payload) -> str:
    return hmac.new(payload.digest_key, payload.content, hashlib.sha256).hexdigest()


def named_digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def save_action(work: Work, run_id: UUID, action: Action) -> bytes:
    """Keep it under the run's epoch; returns its digest."""
    content = action_bytes(action)
    digest = digest_of(content)
    work.ask(
        "INSERT INTO actions (tenant_id, run_id, epoch, action_digest, action)"
        " VALUES (:tenant, :run, :epoch, :digest, :action)",
        tenant=work.tenant_id,
        run=run_id,
        epoch=action.epoch,
        digest=digest,
        action=content,
    )
    return digest


def ask_action(work: Work, run_id: UUID, epoch: int) -> Answer:
    """Bring along what `load_action` will read."""
    return work.recall(
        "SELECT action, action_digest FROM actions WHERE run_id = :run AND epoch = :epoch",
        run=run_id,
        epoch=epoch,
    )


def load_action(work: Work, run_id: UUID, epoch: int) -> StoredAction:
    """Raises: ActionMissing."""
    row = ask_action(work, run_id, epoch).one_or_none()
    if row is None:
        raise ActionMissing(f"run {run_id} has no action in epoch {epoch}")
    return StoredAction(content=bytes(row[0]), digest=bytes(row[1]))
