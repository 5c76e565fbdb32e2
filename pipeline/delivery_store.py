"""Deliveries in the database: what is to be delivered where, and a row for every attempt."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pipeline.action_store import ask_action, load_action
from pipeline.courier import Answer
from pipeline.delivery import Outcome, TargetSettings, message_body, message_id
from pipeline.envelope import KeyRing
from pipeline.errors import AwgpError
from pipeline.execution_store import last_result
from pipeline.ids import uuid7
from pipeline.registry import TARGET_SECRET
from pipeline.run_store import StoredRun
from pipeline.work import SYSTEM, Actor, Work

_US: Final = Actor(type="system", id=SYSTEM)


class TargetDiffers(AwgpError):
    """The target's version is not, byte for byte, the one people agreed to."""


class NothingToDeliver(AwgpError):
    """Every position has been delivered."""


class TargetSecretMissing(AwgpError):
    """The target has no secret to sign with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One attempt about to be made.

    Args:
        position: Of the target among the action's, from 0.
        number: Of the attempt at this position, from 1.
    """

    position: int
    number: int
    target_id: UUID
    target_version: int
    url: str
    settings: TargetSettings
    key: bytes
    message: str
    body: bytes

    def __repr__(self) -> str:
        """Without the key and the body."""
        return f"<Delivery {self.message} attempt {self.number}>"


def next_delivery(work: Work, keyring: KeyRing, run: StoredRun) -> Delivery:
    """The first position that is not delivered yet.

    Exactly what the action names is delivered, whatever the tenant's settings say by now.

    Raises:
        TargetDiffers: A target's version is not what the action covers.
        TargetSecretMissing: As it says.
        TargetSettingsInvalid: As it says.
        NothingToDeliver: All positions are delivered.
    """
    ask_action(work, run.run_id, run.epoch)
    attempts = _attempts(work, run)
    agreed = load_action(work, run.run_id, run.epoch).as_json()["targets"]
    for position, target in enumerate(agreed):
        made, delivered = attempts.get(position, (0, False))
        if not delivered:
            return _prepare(work, keyring, run, position, made + 1, target)
    raise NothingToDeliver(f"every target of run {run.run_id} has been told")


def all_delivered(work: Work, run: StoredRun) -> bool:
    """Whether every position of the action has been delivered."""
    ask_action(work, run.run_id, run.epoch)
    attempts = _attempts(work, run)
    agreed = load_action(work, run.run_id, run.epoch).as_json()["targets"]
    return all(attempts.get(position, (0, False))[1] for position in range(len(agreed)))


def record_delivery(
    work: Work,
    run: StoredRun,
    delivery: Delivery,
    *,
    outcome: Outcome,
    answer: Answer,
    attempted_at: datetime,
) -> None:
    """Keep an attempt with what was answered."""
    work.ask(
        "INSERT INTO deliveries (tenant_id, delivery_id, run_id, epoch, position, attempt,"
        " target_id, target_version, idempotency_key, outcome, status_code, response, error,"
        " duration_ms, attempted_at) VALUES (:tenant, :id, :run, :epoch, :position, :attempt,"
        " :target, :version, :key, :outcome, :status, :response, :error, :duration, :at)",
        tenant=work.tenant_id,
        id=uuid7(),
        run=run.run_id,
        epoch=run.epoch,
        position=delivery.position,
        attempt=delivery.number,
        target=delivery.target_id,
        version=delivery.target_version,
        key=delivery.message,
        outcome=outcome.value,
        status=answer.status,
        response=None if answer.status is None else answer.body,
        error=answer.error,
        duration=answer.duration_ms,
        at=attempted_at,
    )
    work.record(
        _US,
        "post_action:delivery:attempted",
        ("run", str(run.run_id)),
        metadata={
            "position": delivery.position,
            "attempt": delivery.number,
            "target": str(delivery.target_id),
            "target_version": delivery.target_version,
            "outcome": outcome.value,
            "status": answer.status,
        },
    )


def _attempts(work: Work, run: StoredRun) -> Mapping[int, tuple[int, bool]]:
    rows = work.ask(
        "SELECT position, count(*), bool_or(outcome = :delivered) FROM deliveries"
        " WHERE run_id = :run AND epoch = :epoch GROUP BY position",
        run=run.run_id,
        epoch=run.epoch,
        delivered=Outcome.DELIVERED.value,
    ).all()
    return {position: (count, delivered) for position, count, delivered in rows}


def _prepare(
    work: Work,
    keyring: KeyRing,
    run: StoredRun,
    position: int,
    number: int,
    agreed: Mapping[str, Any],
) -> Delivery:
    target_id, version = UUID(agreed["id"]), int(agreed["version"])
    row = work.execute(
        "SELECT url, template, settings FROM target_versions"
        " WHERE target_id = :target AND version = :version",
        target=target_id,
        version=version,
    ).one_or_none()
    template_digest = None if row is None else _named_digest(row[1])
    if row is None or row[0] != agreed["url"] or template_digest != agreed["template_digest"]:
        raise TargetDiffers(f"target {target_id} version {version} is not what was agreed to")
    tenant, assistant = work.execute(
        "SELECT t.slug, a.name FROM tenants t JOIN assistants a USING (tenant_id)"
        " WHERE a.assistant_id = :assistant",
        assistant=run.assistant_id,
    ).one()
    return Delivery(
        position=position,
        number=number,
        target_id=target_id,
        target_version=version,
        url=row[0],
        settings=TargetSettings.from_json(row[2]),
        key=signing_key(work, keyring, target_id),
        message=message_id(run.run_id, position),
        body=message_body(
            run_id=run.run_id,
            tenant=tenant,
            assistant=assistant,
            position=position,
            result=last_result(work, run),
        ),
    )


def signing_key(work: Work, keyring: KeyRing, target_id: UUID) -> bytes:
    """The newest secret of a target.

    Raises:
        TargetSecretMissing: As it says.
    """
    row = work.execute(
        "SELECT secret_id, envelope FROM target_secrets WHERE target_id = :target"
        " ORDER BY created_at DESC LIMIT 1",
        target=target_id,
    ).one_or_none()
    if row is None:
        raise TargetSecretMissing(f"target {target_id} has no secret to sign with")
    return keyring.open(
        bytes(row[1]), tenant_id=work.tenant_id, row_id=row[0], purpose=TARGET_SECRET
    )


def _named_digest(template: str) -> str:
    return "sha256:" + hashlib.sha256(template.encode()).hexdigest()
