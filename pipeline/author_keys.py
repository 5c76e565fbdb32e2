"""Whose signature counts for a tenant's bundles, and whether a bundle has one.

A tenant that ever had a key takes signed bundles alone, when they are pushed, when an assistant is
given them, and at every launch. One without keys takes any.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from pipeline.answer import Answer
from pipeline.author_signature import AuthorKey, Signature, SignatureInvalid, holds, read_note
from pipeline.refusal import Refusal
from pipeline.registry_names import FieldInvalid, NameTaken, NotSetUp, check_text
from pipeline.setup_rows import PERSON, Row, one_at_a_time, rows
from pipeline.work import Actor, Work

MOST_KEYS: Final = 100
_LIST: Final = f"""
    SELECT k.key_id, k.name, k.public_key, {PERSON.format("a")} AS added_by, k.added_at,
        k.revoked_at, k.revoked_because,
        CASE WHEN r.person_id IS NOT NULL THEN {PERSON.format("r")} END AS revoked_by
    FROM author_keys k
    JOIN persons a ON a.tenant_id = k.tenant_id AND a.person_id = k.added_by_person_id
    LEFT JOIN persons r ON r.tenant_id = k.tenant_id AND r.person_id = k.revoked_by_person_id"""  # noqa: S608  # our own columns
_SIGNED: Final = """
    SELECT k.key_id, k.name, k.public_key, k.revoked_at, k.revoked_because, s.signature
    FROM bundle_signatures s JOIN author_keys k USING (tenant_id, key_id)
    WHERE s.digest = :digest ORDER BY s.pushed_at, k.key_id"""
_ANY: Final = "SELECT EXISTS (SELECT FROM author_keys)"


class BundleUnsigned(Refusal):
    """The tenant takes signed bundles alone, and nobody whose word counts signed this one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """Someone who signed a bundle. `holds`: the signature is the key's, over this very bundle."""

    key_id: str
    name: str
    revoked: bool
    revoked_because: str | None
    holds: bool

    @property
    def counts(self) -> bool:
        """Whether the bundle may run for it."""
        return self.holds and not self.revoked


def add_author_key(work: Work, key: AuthorKey, *, by: UUID, actor: Actor) -> None:
    """Let a key's signature count from now on; the same one again changes nothing.

    Raises:
        FieldInvalid: It was revoked once, or there are too many.
        NameTaken: Another key has its name.
    """
    one_at_a_time(work, "author key", "")
    there = list_author_keys(work)
    same = next((each for each in there if each["key_id"] == key.fingerprint), None)
    if same is not None and same["revoked_at"] is None and same["name"] == key.name:
        return
    if same is not None:
        raise FieldInvalid("key", f"it is there as {same['name']!r} or was revoked; make another")
    if any(each["name"] == key.name and each["revoked_at"] is None for each in there):
        raise NameTaken(f"there is an author key {key.name!r} already; revoke it first")
    if len(there) >= MOST_KEYS:
        raise FieldInvalid("key", f"a tenant has at most {MOST_KEYS}, the revoked among them")
    work.execute(
        "INSERT INTO author_keys (tenant_id, key_id, name, public_key, added_by_person_id)"
        " VALUES (:tenant, :id, :name, :key, :by)",
        tenant=work.tenant_id,
        id=key.fingerprint,
        name=key.name,
        key=key.public_key,
        by=by,
    )
    work.record(
        actor, "setup:author_key:added", ("author_key", key.fingerprint), after={"name": key.name}
    )


def revoke_author_key(work: Work, key_id: str, *, because: str, by: UUID, actor: Actor) -> None:
    """Let a key's signature count no more, also for what it signed before; once and for all.

    Raises:
        NotSetUp: The tenant has no such key.
        FieldInvalid: The reason is none.
    """
    check_text("reason", because)
    done = work.execute(
        "UPDATE author_keys SET revoked_at = clock_timestamp(), revoked_by_person_id = :by,"
        " revoked_because = :because WHERE key_id = :id AND revoked_at IS NULL",
        id=key_id,
        by=by,
        because=because,
    )
    if not done.rowcount:
        raise NotSetUp(f"the tenant has no author key {key_id}, or it was revoked before")
    work.record(
        actor, "setup:author_key:revoked", ("author_key", key_id), after={"reason": because}
    )


def list_author_keys(work: Work) -> list[Row]:
    """All there are, by name, the revoked last."""
    found = rows(work, f"{_LIST} ORDER BY k.revoked_at NULLS FIRST, k.name, k.key_id")
    return [_shown(each) for each in found]


def show_author_key(work: Work, key_id: str) -> Row:
    """Raises: NotSetUp."""
    found = rows(work, f"{_LIST} WHERE k.key_id = :id", id=key_id)
    if not found:
        raise NotSetUp(f"the tenant has no author key {key_id}")
    return _shown(found[0])


def keep_signatures(work: Work, digest: str, note: str | None) -> list[str]:
    """Check who signed a bundle that is being pushed, and keep their signatures.

    Returns the ids of the keys whose signature was not there yet.

    Raises:
        BundleUnsigned: The tenant has keys, and none that counts signed it.
        SignatureInvalid: The note is none, or a signature in the name of a key does not hold.
    """
    keys = rows(
        work, "SELECT key_id, name, public_key, revoked_at, revoked_because FROM author_keys"
    )
    lines = [] if note is None else read_note(note, digest)
    counting = [key for key in keys if key["revoked_at"] is None and _made(key, lines, digest)]
    before = signers_of(work, digest)
    if keys and not counting and not any(each.counts for each in before):
        raise BundleUnsigned(_why(keys, lines), field="signature")
    return sorted(key["key_id"] for key in counting if _keep(work, digest, key, lines))


def signers_of(work: Work, digest: str) -> list[Signer]:
    """Who signed a bundle, each signature checked again, in the order they came."""
    return [
        Signer(
            key_id=row["key_id"],
            name=row["name"],
            revoked=row["revoked_at"] is not None,
            revoked_because=row["revoked_because"],
            holds=holds(digest, bytes(row["signature"]), bytes(row["public_key"])),
        )
        for row in rows(work, _SIGNED, digest=digest)
    ]


def check_signed(work: Work, digest: str) -> None:
    """Let a bundle that may run pass.

    Raises:
        BundleUnsigned: As it says, and why.
    """
    why = unsigned_because(work, digest)
    if why is not None:
        raise BundleUnsigned(f"{why}; push it again with a signature that counts", field="bundle")


def unsigned_because(work: Work, digest: str) -> str | None:
    """Why a bundle may not run for want of a signature; None where it may."""
    if not ask_signing(work).one()[0]:
        return None
    signers = signers_of(work, digest)
    if any(each.counts for each in signers):
        return None
    for each in signers:
        if each.revoked:
            return f"its author's key {each.name!r} was revoked: {each.revoked_because}"
    return "the bundle's signature does not hold" if signers else "no author signed its bundle"


def ask_signing(work: Work) -> Answer:
    """Bring along whether the tenant takes signed bundles alone."""
    return work.recall(_ANY)


def _shown(row: Row) -> Row:
    key = AuthorKey(name=row["name"], public_key=bytes(row.pop("public_key")))
    return row | {"key": str(key)}


def _key(row: Row) -> AuthorKey:
    return AuthorKey(name=row["name"], public_key=bytes(row["public_key"]))


def _line_of(key: Row, lines: Sequence[Signature]) -> Signature | None:
    return next((each for each in lines if each.names(_key(key))), None)


def _made(key: Row, lines: Sequence[Signature], digest: str) -> bool:
    line = _line_of(key, lines)
    if line is None:
        return False
    if not holds(digest, line.signature, bytes(key["public_key"])):
        raise SignatureInvalid(f"the signature in the name of {key['name']!r} does not hold")
    return True


def _keep(work: Work, digest: str, key: Row, lines: Sequence[Signature]) -> bool:
    """Whether it was not there yet; of two that push it at once, one is told so."""
    line = _line_of(key, lines)
    assert line is not None  # noqa: S101  # it made one
    kept = work.execute(
        "INSERT INTO bundle_signatures (tenant_id, digest, key_id, signature)"
        " VALUES (:tenant, :digest, :key, :signature) ON CONFLICT DO NOTHING",
        tenant=work.tenant_id,
        digest=digest,
        key=key["key_id"],
        signature=line.signature,
    )
    return bool(kept.rowcount)


def _why(keys: Sequence[dict[str, Any]], lines: Sequence[Signature]) -> str:
    """Say to its author what to do."""
    for key in keys:
        if key["revoked_at"] is not None and _line_of(key, lines) is not None:
            return f"the key {key['name']!r} that signed it was revoked: {key['revoked_because']}"
    wanted = " or ".join(sorted(each["name"] for each in keys if each["revoked_at"] is None))
    signed = f"signed by {', '.join(each.name for each in lines)}" if lines else "not signed"
    ask = f"by {wanted}" if wanted else "once an admin has added an author's key"
    return f"it is {signed}; this tenant takes bundles that are signed {ask}: `awgp bundle sign`"
