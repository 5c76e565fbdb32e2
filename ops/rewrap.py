"""Seal every secret again under the ring's newest key, a tenant a transaction."""

from uuid import UUID

from sqlalchemy import Engine, text

from pipeline.credentials import GATEWAY_CREDENTIAL
from pipeline.database import tenant_transaction
from pipeline.envelope import KeyRing, key_id_of
from pipeline.personal_store import SUBJECT_KEY
from pipeline.registry import SOURCE_SECRET, TARGET_HEADER, TARGET_SECRET

# Table, its id column, whether it names the sealing key in a column, the envelope's purpose.
SEALED = (
    ("source_secrets", "secret_id", True, SOURCE_SECRET),
    ("target_secrets", "secret_id", True, TARGET_SECRET),
    ("target_header_secrets", "secret_id", True, TARGET_HEADER),
    ("credentials", "credential_id", True, GATEWAY_CREDENTIAL),
    ("subject_keys", "key_id", False, SUBJECT_KEY),
)


def tenants(holding: Engine) -> list[UUID]:
    """Every tenant (login awgp_holding)."""
    with holding.connect() as connection:
        return [row[0] for row in connection.execute(text("SELECT tenant_id FROM tenants"))]


def rewrap_tenant(engine: Engine, ring: KeyRing, tenant_id: UUID) -> int:
    """Seal a tenant's secrets again; one already under the newest key is left alone.

    Raises:
        EnvelopeInvalid: One does not open; the tenant's transaction changed nothing.
    """
    changed = 0
    with tenant_transaction(engine, tenant_id) as connection:
        for table, key, named, purpose in SEALED:
            rows = connection.execute(
                text(f"SELECT {key}, envelope FROM {table} WHERE envelope IS NOT NULL FOR UPDATE")  # noqa: S608  # our own names
            ).all()
            for row_id, envelope in rows:
                if key_id_of(bytes(envelope)) == ring.sealing_key_id:
                    continue
                fresh = ring.rewrap(
                    bytes(envelope), tenant_id=tenant_id, row_id=row_id, purpose=purpose
                )
                extra = ", key_id = :sealing" if named else ""
                connection.execute(
                    text(f"UPDATE {table} SET envelope = :fresh{extra} WHERE {key} = :id"),  # noqa: S608  # our own names
                    {"fresh": fresh, "id": row_id, "sealing": ring.sealing_key_id},
                )
                changed += 1
    return changed
