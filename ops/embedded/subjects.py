"""What the development provider calls people: their `sub`."""

import uuid

from ops.embedded.data_folder import DataFolder


def subject_of(data: DataFolder, person: str) -> str:
    """Return a login's `sub`: opaque, and the same for the life of the data folder."""
    return str(uuid.uuid5(uuid.UUID(data.folder_id), f"person:{person}"))
