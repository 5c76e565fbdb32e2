"""Credentials that gateways put into agents' requests: kept sealed, named by rules, never shown."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pipeline.envelope import KeyRing
from pipeline.gateway_scope import Injection, Scope
from pipeline.ids import uuid7
from pipeline.registry_names import FieldInvalid, NameTaken, NotSetUp, StillInUse, check_name
from pipeline.sent_headers import is_reserved
from pipeline.setup_rows import PERSON, Row, one_at_a_time, rows
from pipeline.work import Actor, Work

GATEWAY_CREDENTIAL: Final = "gateway-credential"  # the purpose an envelope is bound to
MAX_VALUE_CHARACTERS: Final = 8192
# Shorter, what is masked in answers would be words of any text.
LEAST_VALUE_CHARACTERS: Final = 8

_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,127}")
_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")

# Of whoever may use a credential, looked through for their newest launch.
RUNS_LOOKED_AT: Final = 50

_USERS = """
    FROM assistants a JOIN assistant_versions v ON v.tenant_id = a.tenant_id
        AND v.assistant_id = a.assistant_id AND v.version = a.current_version
    WHERE a.tenant_id = c.tenant_id AND a.active AND (v.sandbox_policy -> 'network'
            @> jsonb_build_array(jsonb_build_object('credential', c.name))
        OR v.sandbox_policy #>> '{llm,credential}' = c.name)"""
_LIST = f"""
    SELECT c.credential_id AS id, c.name, c.header, {PERSON.format("p")} AS saved_by, c.created_at,
        ARRAY(SELECT a.name {_USERS} ORDER BY a.name) AS assistants
    FROM credentials c JOIN persons p ON p.tenant_id = c.tenant_id
        AND p.person_id = c.saved_by_person_id
    WHERE (CAST(:after AS text) IS NULL OR c.name > :after)
        AND (CAST(:q AS text) IS NULL OR strpos(c.name, lower(:q)) > 0)
        AND (CAST(:name AS text) IS NULL OR c.name = :name)
    ORDER BY c.name LIMIT :limit"""  # noqa: S608  # our own columns
_LAUNCHED = f"""
    SELECT c.name, max(e.started_at) FROM credentials c
    CROSS JOIN LATERAL (SELECT a.assistant_id {_USERS}) u
    CROSS JOIN LATERAL (SELECT r.run_id FROM runs r WHERE r.tenant_id = c.tenant_id
        AND r.assistant_id = u.assistant_id ORDER BY r.run_id DESC LIMIT :runs) r
    JOIN executions e ON e.tenant_id = c.tenant_id AND e.run_id = r.run_id
        AND e.started_at > c.created_at
    WHERE c.name = ANY (:names) GROUP BY c.name"""  # noqa: S608  # our own columns


def add_credential(
    work: Work, keyring: KeyRing, *, name: str, header: str, value: str, by: UUID, actor: Actor
) -> None:
    """The same as `save_credential`, of a name that is not there yet.

    Raises:
        FieldInvalid: As there.
        NameTaken: There is one; it is for its own admin to replace.
    """
    one_at_a_time(work, "credential", name)
    if list_credentials(work, name=name):
        raise NameTaken(f"there is a credential {name!r} already; replace it instead")
    save_credential(work, keyring, name=name, header=header, value=value, by=by, actor=actor)


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
        raise FieldInvalid(
            "header",
            "the name of an HTTP header, such as Authorization, that is no part of the connection",
        )
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


def list_credentials(
    work: Work,
    *,
    name: str | None = None,
    after: str | None = None,
    q: str | None = None,
    limit: int | None = None,
) -> list[Row]:
    """Names, headers and who uses them, by name; no value.

    Args:
        name: This one alone.
        after: Those after this name.
        q: Those with this in their names.
    """
    return rows(work, _LIST, name=name, after=after, q=q, limit=limit)


def show_credential(work: Work, name: str, *, lock: bool = False) -> Row:
    """One of them; `lock` keeps others' changes of it waiting.

    Raises:
        NotSetUp: There is none of this name.
    """
    if lock:
        one_at_a_time(work, "credential", name)
    found = list_credentials(work, name=name)
    if not found:
        raise NotSetUp(f"the tenant has no credential {name!r}")
    return found[0]


def credential_state(shown: Row) -> Row:
    """What a change of one is based on: every value has an id of its own."""
    return {"id": str(shown["id"]), "name": shown["name"]}


def launched_with(work: Work, names: Sequence[str]) -> dict[str, datetime]:
    """When someone who may use a credential was last launched, since it was saved, by its name.

    What they called with it is not known: a gateway tells where calls went, not by which rule.
    """
    found = work.execute(_LAUNCHED, names=list(names), runs=RUNS_LOOKED_AT)
    return {row[0]: row[1] for row in found}


def remove_credential(work: Work, name: str, *, actor: Actor) -> None:
    """Forget a credential.

    Raises:
        NotSetUp: There is none of this name.
        StillInUse: Rules of active assistants name it.
    """
    one_at_a_time(work, "credential", name)
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
    rules = {f"network.{at}": rule for at, rule in enumerate(sandbox_policy.get("network", ()))}
    rules["llm"] = sandbox_policy.get("llm", {})
    named = {place: rule["credential"] for place, rule in rules.items() if "credential" in rule}
    for name in sorted(set(named.values())):
        one_at_a_time(work, "credential", name)  # nobody removes it meanwhile
    there = {each["name"] for each in list_credentials(work)} if named else set()
    for place, name in named.items():
        if name not in there:
            raise FieldInvalid(
                f"allow.{place}", f"there is no credential {name!r}; see: awgp credential add"
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
