"""Which tenants there are, for commands that look across them."""

from collections.abc import Iterable, Mapping
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, text

from pipeline.errors import AwgpError

MOST_NAMED: Final = 20


class TenantUnknown(AwgpError):
    """No tenant has this slug."""


def tenant_slugs(connection: Connection) -> Mapping[UUID, str]:
    """Every tenant the login sees, by id."""
    rows = connection.execute(text("SELECT tenant_id, slug FROM tenants"))
    return {row[0]: row[1] for row in rows}


def refuse_unknown(slug: str, known: Iterable[str]) -> None:
    """Return only where a tenant has this slug.

    Raises:
        TenantUnknown: The message lists those there are.
    """
    there = sorted(known)
    if slug in there:
        return
    names = ", ".join(there[:MOST_NAMED]) + (", ..." if len(there) > MOST_NAMED else "")
    raise TenantUnknown(
        f"there is no tenant {slug!r}; there are {names}"
        if there
        else f"there is no tenant {slug!r}, and no other; `awgp tenant add` makes one"
    )
