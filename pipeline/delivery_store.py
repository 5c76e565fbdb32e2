"""Deliveries in the database: what is to be delivered where, and a row for every attempt."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pipeline.action_store import ask_action, load_action
from pipeline.courier import Answer
from pipeline.delivery import (
    MessageContent,
    Outcome,
    body_of,
    content_type_of,
    message_id,
    signed_headers,
)
from pipeline.envelope import KeyRing
from pipeline.errors import AwgpError
from pipeline.execution_store import ask_result, last_result
from pipeline.ids import uuid7
from pipeline.registry import TARGET_HEADER, TARGET_SECRET
from pipeline.run_store import StoredRun
from pipeline.target_gate import STANDING, TargetStanding, read_standing
from pipeline.target_settings import TargetSettings
from pipeline.work import SYSTEM, Actor, Work

_US: Final = Actor(type="system", id=SYSTEM)


class TargetDiffers(AwgpError):
    """The target's version is not, byte for byte, the one people agreed to."""


class NothingToDeliver(AwgpError):
    """Every position has been delivered."""


class TargetSecretMissing(AwgpError):
    """The target has no secret to sign with."""


# All that a delivery is made of, but for the result; one row, asked for once.
_AGREED: Final = f"""
    SELECT v.url, v.template, v.settings, s.secret_id, s.envelope, h.secret_id AS header_id,
        h.envelope AS header, {STANDING}
    FROM target_versions v JOIN targets t USING (tenant_id, target_id)
    LEFT JOIN target_circuits c USING (tenant_id, target_id)
    LEFT JOIN LATERAL (SELECT x.secret_id, x.envelope FROM target_secrets x
        WHERE x.tenant_id = v.tenant_id AND x.target_id = v.target_id
        ORDER BY x.created_at DESC LIMIT 1) AS s ON true
    LEFT JOIN LATERAL (SELECT x.secret_id, x.envelope FROM target_header_secrets x
        WHERE v.settings ? 'header' AND x.tenant_id = v.tenant_id AND x.target_id = v.target_id
        ORDER BY x.created_at DESC LIMIT 1) AS h ON true
    WHERE v.target_id = :target AND v.version = :version"""  # noqa: S608  # constant parts
_NAMES: Final = """
    SELECT t.slug, a.name FROM tenants t JOIN assistants a USING (tenant_id)
    WHERE a.assistant_id = :assistant"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One attempt about to be made.

    Args:
        position: Of the target among the action's, from 0.
        number: Of the attempt at this position, from 1.
        content: What it says, without the template.
        header: The value of the header the settings name; empty for none.
    """

    position: int
    number: int
    target_id: UUID
    target_version: int
    url: str
    settings: TargetSettings
    key: bytes
    message: str
    content: MessageContent
    standing: TargetStanding
    template: str = ""
    header: str = ""

    def __repr__(self) -> str:
        """Without the secrets and the content."""
        return f"<Delivery {self.message} attempt {self.number}>"

    def body(self) -> bytes:
        """The same for every attempt.

        Raises:
            TemplateFailed: The template makes nothing of this result.
        """
        return body_of(self.content, self.template, self.settings)

    def headers(self, body: bytes, at: datetime) -> dict[str, str]:
        """All of them, the secret one too."""
        return signed_headers(
            body,
            key=self.key,
            message=self.message,
            at=at,
            content_type=content_type_of(self.template, self.settings),
            further={self.settings.header: self.header} if self.settings.header else None,
        )


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
    attempts = attempts_made(work, run)
    agreed = load_action(work, run.run_id, run.epoch).as_json()["targets"]
    for position, target in enumerate(agreed):
        made, delivered = attempts.get(position, (0, False))
        if not delivered:
            return prepare_delivery(work, keyring, run, position, made + 1, target)
    raise NothingToDeliver(f"every target of run {run.run_id} has been told")


def all_delivered(work: Work, run: StoredRun) -> bool:
    """Whether every position of the action has been delivered."""
    ask_action(work, run.run_id, run.epoch)
    attempts = attempts_made(work, run)
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
    resending_id: UUID | None = None,
    epoch: int | None = None,
) -> None:
    """Keep an attempt with what was answered.

    Args:
        resending_id: Of what asked for it, where a person did.
        epoch: Of an earlier one than the run's.
    """
    work.ask(
        "INSERT INTO deliveries (tenant_id, delivery_id, run_id, epoch, position, attempt,"
        " target_id, target_version, idempotency_key, outcome, status_code, response, error,"
        " duration_ms, attempted_at, resending_id) VALUES (:tenant, :id, :run, :epoch, :position,"
        " :attempt, :target, :version, :key, :outcome, :status, :response, :error, :duration, :at,"
        " :resending)",
        tenant=work.tenant_id,
        id=uuid7(),
        run=run.run_id,
        epoch=epoch or run.epoch,
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
        resending=resending_id,
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
        }
        | ({} if resending_id is None else {"resending": str(resending_id)}),
    )


def attempts_made(work: Work, run: StoredRun) -> Mapping[int, tuple[int, bool]]:
    rows = work.ask(
        "SELECT position, count(*), bool_or(outcome = :delivered) FROM deliveries"
        " WHERE run_id = :run AND epoch = :epoch GROUP BY position",
        run=run.run_id,
        epoch=run.epoch,
        delivered=Outcome.DELIVERED.value,
    ).all()
    return {position: (count, delivered) for position, count, delivered in rows}


def prepare_delivery(
    work: Work,
    keyring: KeyRing,
    run: StoredRun,
    position: int,
    number: int,
    agreed: Mapping[str, Any],
) -> Delivery:
    target_id, version = UUID(agreed["id"]), int(agreed["version"])
    found = work.recall(_AGREED, target=target_id, version=version)
    names = work.recall(_NAMES, assistant=run.assistant_id)
    ask_result(work, run)
    row = found.one_or_none()
    template_digest = None if row is None else _named_digest(row[1])
    if row is None or row[0] != agreed["url"] or template_digest != agreed["template_digest"]:
        raise TargetDiffers(f"target {target_id} version {version} is not what was agreed to")
    tenant, assistant = names.one()
    settings = TargetSettings.from_json(row[2])
    return Delivery(
        position=position,
        number=number,
        target_id=target_id,
        target_version=version,
        url=row[0],
        template=row[1],
        settings=settings,
        key=_opened(work, keyring, target_id, row[3], row[4]),
        header=_header_value(work, keyring, target_id, settings, row[5], row[6]),
        message=message_id(run.run_id, position),
        content=MessageContent(
            run=str(run.run_id),
            tenant=tenant,
            assistant=assistant,
            position=position,
            result=last_result(work, run),
        ),
        standing=read_standing(*row[7:]),
    )


def bare_delivery(
    work: Work,
    keyring: KeyRing,
    target_id: UUID,
    version: int,
    *,
    message: str,
    templated: bool = False,
) -> Delivery:
    """What a target is sent that is no run's result; its body is kept elsewhere.

    Args:
        templated: That body came of the target's template.

    Raises:
        TargetDiffers: There is no such version.
        TargetSecretMissing: As it says.
    """
    row = work.recall(_AGREED, target=target_id, version=version).one_or_none()
    if row is None:
        raise TargetDiffers(f"target {target_id} has no version {version}")
    settings = TargetSettings.from_json(row[2])
    return Delivery(
        position=0,
        number=1,
        target_id=target_id,
        target_version=version,
        url=row[0],
        template=row[1] if templated else "",
        settings=settings,
        key=_opened(work, keyring, target_id, row[3], row[4]),
        header=_header_value(work, keyring, target_id, settings, row[5], row[6]),
        message=message,
        content=MessageContent(run="", tenant="", assistant="", position=0, result=None),
        standing=read_standing(*row[7:]),
    )


def _opened(
    work: Work, keyring: KeyRing, target_id: UUID, secret_id: UUID | None, envelope: bytes | None
) -> bytes:
    """Raises: TargetSecretMissing."""
    if secret_id is None or envelope is None:
        raise TargetSecretMissing(f"target {target_id} has no secret to sign with")
    return keyring.open(
        bytes(envelope), tenant_id=work.tenant_id, row_id=secret_id, purpose=TARGET_SECRET
    )


def _header_value(
    work: Work,
    keyring: KeyRing,
    target_id: UUID,
    settings: TargetSettings,
    secret_id: UUID | None,
    envelope: bytes | None,
) -> str:
    """Raises: TargetSecretMissing."""
    if not settings.header:
        return ""
    if secret_id is None or envelope is None:
        raise TargetSecretMissing(f"target {target_id} has no value for {settings.header}")
    opened = keyring.open(
        bytes(envelope), tenant_id=work.tenant_id, row_id=secret_id, purpose=TARGET_HEADER
    )
    return opened.decode()


def _named_digest(template: str) -> str:
    return "sha256:" + hashlib.sha256(template.encode()).hexdigest()
