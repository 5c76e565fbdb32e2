"""What an export needs of a store: put once under a lock, read back, list.

Keys are `<tenant>/segments/...`, `<tenant>/checkpoints/...` and `<tenant>/signers/...`, so that a
downloaded folder is what the offline verifier reads.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from pipeline.errors import AwgpError


class ObjectDiffers(AwgpError):
    """The store already holds other bytes under this key; nothing was written."""


class ObjectMissing(AwgpError):
    """The store holds nothing under this key."""


class StoreUnavailable(AwgpError):
    """The store cannot be reached or refuses; the message says what it answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject:
    """One object as the store now holds it.

    `created` is False where the same bytes were there already. `locked_until` is None where the
    bucket has no Object Lock: the object can then be deleted by whoever may write.
    """

    key: str
    size: int
    sha256: str
    created: bool
    locked_until: datetime | None


class ObjectReader(Protocol):
    """A place to read objects from."""

    def read_back(self, key: str) -> Iterator[bytes]:
        """Yield an object's bytes in chunks.

        Raises:
            ObjectMissing: Nothing is there.
        """
        ...

    def keys(self, prefix: str) -> Iterator[str]:
        """Yield the keys that begin with `prefix`, in order."""
        ...


class ObjectStore(ObjectReader, Protocol):
    """A place for objects that are written once."""

    def put_locked(
        self, key: str, body: bytes | Path, retain_until: datetime, sha256: str
    ) -> StoredObject:
        """Write once, under a lock until `retain_until` where there is one.

        Raises:
            ObjectDiffers: Other bytes are there.
        """
        ...
