"""Callbacks in the database: a source's allowlist, and what is told of a run that is over."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from psycopg.types.json import Jsonb

from pipeline.callback import check_prefix, origin_of
from pipeline.courier import Answer
from pipeline.delivery_store import Delivery, bare_delivery
from pipeline.envelope import KeyRing
from pipeline.registry_names import FieldInvalid, NotSetUp
from pipeline.setup_rows import Row, rows
from pipeline.source_view import source_state
from pipeline.work import SYSTEM, Actor, Work

CALLBACK: Final = "post_action.callback"
ENDED: Final = "run.ended"
MOST: Final = 20

_LISTED: Final = """
    SELECT each.value ->> 'url' AS url, t.name AS target
    FROM sources s CROSS JOIN LATERAL jsonb_array_elements(s.callbacks) WITH ORDINALITY AS each
    JOIN targets t ON t.tenant_id = s.tenant_id
        AND t.target_id = (each.value ->> 'target')::uuid
    WHERE s.source_id = :id ORDER BY each.ordinality"""
_TARGET: Final = """
    SELECT t.target_id, v.url FROM targets t JOIN target_versions v
        ON v.tenant_id = t.tenant_id AND v.target_id = t.target_id
        AND v.version = t.current_version
    WHERE t.name = :name AND t.removed_at IS NULL FOR SHARE OF t"""
_BEGIN: Final = """
    UPDATE run_callbacks c SET attempts = attempts + 1
    FROM runs r JOIN tenants t USING (tenant_id)
    JOIN assistants a ON a.tenant_id = r.tenant_id AND a.assistant_id = r.assistant_id
    WHERE c.callback_id = :id AND c.status = 'due' AND r.tenant_id = c.tenant_id
        AND r.run_id = c.run_id
    RETURNING c.run_id, c.epoch, c.target_id, c.url, c.outcome, c.reason, c.attempts, t.slug,
        a.name"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """What one is told, and where. `attempts` counts this one."""

    callback_id: UUID
    run_id: UUID
    epoch: int
    target_id: UUID
    url: str
    outcome: str
    reason: str | None
    attempts: int
    tenant: str
    assistant: str

    @property
    def message(self) -> str:
        """The webhook-id of every attempt; a run that ends again has another."""
        return f"cb_{self.run_id.hex}_{self.epoch}"

    def body(self, public_url: str) -> bytes:
        """The same for every attempt."""
        link = f"{public_url.rstrip('/')}/t/{self.tenant}/runs/{self.run_id}" if public_url else ""
        told = {
            "type": ENDED,
            "run": str(self.run_id),
            "tenant": self.tenant,
            "assistant": self.assistant,
            "status": self.outcome,
            "reason": self.reason,
            "link": link,
        }
        return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def list_callbacks(work: Work, source_id: UUID) -> list[Row]:
    """A source's allowlist, with its targets' names."""
    return rows(work, _LISTED, id=source_id)


def change_callbacks(
    work: Work, source_id: UUID, given: Sequence[Mapping[str, str]], *, actor: Actor
) -> None:
    """Change where a source's senders may be called back; the same again changes nothing.

    Args:
        given: All of it: `url` and the name of a `target` at the same origin.

    Raises:
        NotSetUp: There is no such source.
        FieldInvalid: Names what cannot be kept.
    """
    before = source_state(work, source_id, lock=True)["callbacks"]
    if len(given) > MOST:
        raise FieldInvalid("callbacks", f"must be {MOST} at most")
    after = [_entry(work, f"callbacks[{at}]", each) for at, each in enumerate(given)]
    if after == before:
        return
    work.execute(
        "UPDATE sources SET callbacks = :kept, scheme_version = scheme_version + 1"
        " WHERE source_id = :id",
        kept=Jsonb(after),
        id=source_id,
    )
    work.record(
        actor,
        "setup:source:changed",
        ("source", str(source_id)),
        before={"callbacks": before},
        after={"callbacks": after},
    )


def _entry(work: Work, field: str, given: Mapping[str, str]) -> dict[str, str]:
    url = given["url"]
    try:
        check_prefix(url)
        origin = origin_of(url)
    except ValueError as error:
        raise FieldInvalid(f"{field}.url", str(error)) from error
    found = work.execute(_TARGET, name=given["target"]).one_or_none()
    if found is None:
        raise FieldInvalid(f"{field}.target", f"the tenant has no target {given['target']}")
    if origin_of(found[1]) != origin:
        raise FieldInvalid(f"{field}.url", "must be at the origin of its target")
    return {"url": url, "target": str(found[0])}


def begin_callback(work: Work, callback_id: UUID) -> Callback | None:
    """Count an attempt; None where there is nothing left to do."""
    row = work.execute(_BEGIN, id=callback_id).one_or_none()
    if row is None:
        return None
    names = Callback.__slots__[1:]
    return Callback(callback_id=callback_id, **dict(zip(names, row, strict=True)))


def take_back_callback(work: Work, callback: Callback, why: str) -> None:
    """The attempt was not made after all: its place was taken by others."""
    work.execute(
        "UPDATE run_callbacks SET attempts = attempts - 1, last_error = :why"
        " WHERE callback_id = :id AND status = 'due'",
        id=callback.callback_id,
        why=why,
    )


def delivery_of(work: Work, keyring: KeyRing, callback: Callback) -> Delivery:
    """With what it is sent: its target's secret and settings, to its own address.

    Raises:
        NotSetUp: The target was removed or switched off, or went to another origin.
        TargetSecretMissing: It has nothing to sign with.
    """
    version = work.execute(
        "SELECT current_version FROM targets WHERE target_id = :target AND removed_at IS NULL",
        target=callback.target_id,
    ).scalar_one_or_none()
    if version is None:
        raise NotSetUp("the callback's target was removed")
    to = bare_delivery(work, keyring, callback.target_id, version, message=callback.message)
    if to.standing.disabled_because is not None:
        raise NotSetUp("the callback's target is switched off")
    if origin_of(to.url) != origin_of(callback.url):
        raise NotSetUp("the callback's target is at another origin by now")
    return replace(to, url=callback.url, number=callback.attempts)


def note_callback(
    work: Work, callback: Callback, answer: Answer, said: str | None, *, ended: str | None
) -> None:
    """Keep what an attempt came to.

    Args:
        said: What went wrong; None where nothing did.
        ended: `delivered`, `given_up`, or None: it is tried again.
    """
    work.execute(
        "UPDATE run_callbacks SET status = coalesce(CAST(:ended AS text), status),"
        " status_code = :code, last_error = :error,"
        " finished_at = CASE WHEN CAST(:ended AS text) IS NULL THEN NULL"
        " ELSE clock_timestamp() END WHERE callback_id = :id AND status = 'due'",
        id=callback.callback_id,
        ended=ended,
        code=answer.status,
        error=said and said[:500],
    )
    metadata: dict[str, Any] = {
        "attempt": callback.attempts,
        "target": str(callback.target_id),
        "outcome": ended or "retry",
        "status": answer.status,
    }
    work.record(
        Actor(type="system", id=SYSTEM),
        "post_action:callback:attempted",
        ("run", str(callback.run_id)),
        metadata=metadata,
    )
