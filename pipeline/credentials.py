"""Credentials that gateways put into agents' requests: kept sealed, named by rules, never shown."""

import re
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from pipeline.envelope import KeyRing
from pipeline.gateway_scope import Injection, Scope
from pipeline.ids import uuid7
from pipeline.registry_names import FieldInvalid, NotSetUp, StillInUse, check_name
from pipeline.sent_headers import is_reserved
from pipeline.setup_rows import PERSON, Row, rows
from pipeline.work import Actor, Work

GATEWAY_CREDENTIAL: Final = "gateway-credential"  # the purpose an envelope is bound to
MAX_VALUE_CHARACTERS: Final = 8192
# Shorter, what is masked in answers would be words of any text.
LEAST_VALUE_CHARACTERS: Final = 8

_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,127}")
_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")

_LIST = f"""
    SELECT c.name, c.header, {PERSON.format("p")} AS saved_by, c.created_at,
        ARRAY(SELECT a.name FROM assistants a JOIN assistant_versions v
                ON v.tenant_id = a.tenant_id AND v.assistant_id = a.assistant_id
                AND v.version = a.current_version
            WHERE a.tenant_id = c.tenant_id AND a.active AND (v.sandbox_policy -> 'network'
                    @> jsonb_build_array(jsonb_build_object('credential', c.name))
                OR v.sandbox_policy #>> '{{llm,credential}}' = c.name)
            ORDER BY a.name) AS assistants
    FROM credentials c JOIN persons p ON p.tenant_id = c.tenant_id
        AND p.person_id = c.saved_by_person_id
    ORDER BY c.name"""  # noqa: S608  # our own columns


def save_credential(
    work: Work, keyring: KeyRing, *, name: str, header: str, value: str, by: UUID, actor: Actor
) -> bool:
    """Keep a credential, in place of the one of this name; whether there was one.

    Args:
        value: The whole value of the header, such as `Bearer …`.

    Raises:
        FieldInvalid: Name, header or value is not one.
    """
    check_name("name", name)
    if not _HEADER.fullmatch(header) or is_reserved(header):
        raise FieldInvalid("header", "the name of an HTTP header, such as Authorization")
    if not LEAST_VALUE_CHARACTERS <= len(value) <= MAX_VALUE_CHARACTERS:
        span = f"{LEAST_VALUE_CHARACTERS} to {MAX_VALUE_CHARACTERS}"
        raise FieldInvalid("value", f"{span} characters: shorter ones cannot be masked")
    if not _VALUE.fullmatch(value):
        raise FieldInvalid("value", "plain ASCII without spaces at its ends")
    replaced = work.execute("DELETE FROM credentials WHERE name = :name", name=name).rowcount == 1
    credential_id = uuid7()
    work.execute(
        "INSERT INTO credentials (tenant_id, credential_id, name, header, key_id, envelope,"
        " saved_by_person_id) VALUES (:tenant, :id, :name, :header, :key, :envelope, :by)",
        tenant=work.tenant_id,
        id=credential_id,
        name=name,
        header=header,
        key=keyring.sealing_key_id,
        envelope=keyring.seal(
            value.encode(),
            tenant_id=work.tenant_id,
            row_id=credential_id,
            purpose=GATEWAY_CREDENTIAL,
        ),
        by=by,
    )
    work.record(
        actor,
        "setup:credential:saved",
        ("credential", name),
        after={"header": header, "replaced": replaced},
    )
    return replaced


def list_credentials(work: Work) -> list[Row]:
    """Names, headers and who uses them; no value."""
    return rows(work, _LIST)


def remove_credential(work: Work, name: str, *, actor: Actor) -> None:
    """Forget a credential.

    Raises:
        NotSetUp: There is none of this name.
        StillInUse: Rules of active assistants name it.
    """
    found = {each["name"]: each["assistants"] for each in list_credentials(work)}
    if name not in found:
        there = ", ".join(found) or "none"
        raise NotSetUp(f"the tenant has no credential {name!r}; there are {there}")
    if found[name]:
        raise StillInUse(
            f"{', '.join(found[name])} may use it; give them a version without it first"
        )
    work.execute("DELETE FROM credentials WHERE name = :name", name=name)
    work.record(actor, "setup:credential:removed", ("credential", name))


def check_credentials(work: Work, sandbox_policy: Mapping[str, Any]) -> None:
    """Let a version's policy pass whose rules name credentials there are.

    Raises:
        FieldInvalid: One is not there.
    """
    rules = [*sandbox_policy.get("network", ()), sandbox_policy.get("llm", {})]
    named = {rule["credential"] for rule in rules if "credential" in rule}
    missing = sorted(named - {each["name"] for each in list_credentials(work)} if named else ())
    if missing:
        raise FieldInvalid(
            "allow.network", f"there is no credential {missing[0]!r}; see: awgp credential add"
        )


def open_credentials(work: Work, keyring: KeyRing | None, scope: Scope) -> dict[str, Injection]:
    """Those a scope names, for its gateway. One that is gone is left out: it then refuses.

    Raises:
        EnvelopeInvalid: One does not open.
    """
    named = sorted(scope.credentials)
    if not named or keyring is None:
        return {}
    found = work.execute(
        "SELECT name, header, credential_id, envelope FROM credentials WHERE name = ANY (:names)",
        names=named,
    )
    return {
        name: Injection(
            header=header,
            value=keyring.open(
                bytes(envelope),
                tenant_id=work.tenant_id,
                row_id=row_id,
                purpose=GATEWAY_CREDENTIAL,
            ).decode(),
        )
        for name, header, row_id, envelope in found
    }
