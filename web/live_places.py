"""How many sockets a person and a tenant may have open in one process."""

import threading
from collections import Counter
from typing import Final
from uuid import UUID

from pipeline.refusal import Refusal

RETRY_SECONDS: Final = 5

Person = tuple[str, str]
"""Issuer and subject."""


class TooManySockets(Refusal):
    """The person or the tenant has as many live connections open as it may."""


class Places:
    """Counts who is there; used from any thread."""

    def __init__(self, *, per_person: int, per_tenant: int) -> None:
        self._per_person = per_person
        self._per_tenant = per_tenant
        self._lock = threading.Lock()
        self._persons: Counter[Person] = Counter()
        self._tenants: Counter[UUID] = Counter()

    def take(self, tenant_id: UUID, person: Person) -> None:
        """Raises: TooManySockets."""
        with self._lock:
            if self._persons[person] >= self._per_person:
                raise _too_many("you have")
            if self._tenants[tenant_id] >= self._per_tenant:
                raise _too_many("your tenant has")
            self._persons[person] += 1
            self._tenants[tenant_id] += 1

    def leave(self, tenant_id: UUID, person: Person) -> None:
        with self._lock:
            for counter, key in ((self._persons, person), (self._tenants, tenant_id)):
                counter[key] -= 1  # type: ignore[index]  # each key is of its counter
                if counter[key] <= 0:  # type: ignore[index]
                    del counter[key]

    def taken(self, tenant_id: UUID) -> bool:
        """Whether anybody watches the tenant here."""
        with self._lock:
            return tenant_id in self._tenants


def _too_many(who: str) -> TooManySockets:
    return TooManySockets(
        f"{who} as many live connections open as there may be; close one",
        headers={"Retry-After": str(RETRY_SECONDS)},
    )
