"""What the control plane has beside the database of tenants: the machine, the signer, the store.

Each may be missing: what needs it says so, and everything else goes on.
"""

from dataclasses import dataclass
from typing import Final

import redis
from sqlalchemy import Engine

from audit_export.checkpoint import SignerKey
from audit_export.from_settings import make_signer_key, make_store
from audit_export.object_store import ObjectReader
from pipeline.database import REQUEST_ANSWER_SECONDS, make_engine
from pipeline.fast_path import quick_client
from pipeline.refusal import ProblemTable, Refusal
from pipeline.settings import Settings


class MachineUnmanaged(Refusal):
    """This control plane was not given the login queues are changed by."""


class StoreUnset(Refusal):
    """This control plane was told of no store that exports are in."""


PROBLEMS: Final[ProblemTable] = {
    MachineUnmanaged: (503, "machine-unmanaged"),
    StoreUnset: (503, "export-store-unset"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Operations:
    """Made once per app.

    Args:
        operator: As awgp_operator: queues of the whole machine.
        transport: Of the broker's server, for what workers say of themselves.
        signer: Whose signatures count; None checks none.
        store: With rights to read and no more.
    """

    operator: Engine | None = None
    transport: "redis.Redis | None" = None
    signer: SignerKey | None = None
    store: ObjectReader | None = None

    @property
    def machine(self) -> Engine:
        """Raises: MachineUnmanaged."""
        if self.operator is None:
            raise MachineUnmanaged(
                "this control plane cannot change queues: AWGP_OPERATOR_PASSWORD is not set;"
                " `awgp queues` on the machine still can"
            )
        return self.operator

    @property
    def exports(self) -> ObjectReader:
        """Raises: StoreUnset."""
        if self.store is None:
            raise StoreUnset(
                "this control plane was told of no store: set AWGP_S3_ENDPOINT and the reader's"
                " keys; `awgp audit download` on the machine still downloads"
            )
        return self.store


def make_operations(settings: Settings) -> Operations:
    """Connects to nothing yet.

    Raises:
        SettingInvalid: A setting that is there cannot be read.
    """
    operator = None
    if settings.operator_password:
        operator = make_engine(
            settings.operator_database, pool_size=2, answer_seconds=REQUEST_ANSWER_SECONDS
        )
    knows_signer = settings.checkpoint_public_key or settings.checkpoint_key
    reads_store = settings.s3_endpoint and settings.s3_access_key and settings.s3_secret_key
    return Operations(
        operator=operator,
        transport=quick_client(settings) if settings.redis_url else None,
        signer=make_signer_key(settings) if knows_signer else None,
        store=make_store(settings) if reads_store else None,
    )
