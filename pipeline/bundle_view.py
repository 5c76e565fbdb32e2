"""Bundles as people look at them: who pushed them, who runs them, and their bytes."""

from typing import Final

from pipeline.registry_names import NotSetUp
from pipeline.setup_rows import PERSON, Row, one_row, rows
from pipeline.work import Work

_LINE: Final = f"""
    SELECT b.digest, b.manifest ->> 'name' AS name, b.manifest ->> 'version' AS version,
        b.manifest ->> 'runtime' AS runtime, octet_length(b.content) AS packed_bytes,
        {PERSON.format("p")} AS author, b.created_at,
        coalesce((SELECT jsonb_agg(jsonb_build_object('assistant', a.name, 'version', v.version,
                'current', v.version = a.current_version) ORDER BY a.name, v.version DESC)
            FROM assistant_versions v JOIN assistants a USING (tenant_id, assistant_id)
            WHERE v.tenant_id = b.tenant_id AND v.bundle_digest = b.digest), '[]') AS used_by,
        b.manifest
    FROM bundles b JOIN persons p ON p.tenant_id = b.tenant_id
        AND p.person_id = b.author_person_id"""  # noqa: S608  # our own columns
_LIST: Final = f"""{_LINE}
    WHERE (CAST(:q AS text) IS NULL OR strpos(b.manifest ->> 'name', lower(:q)) > 0)
        AND (CAST(:after AS text) IS NULL OR (b.created_at, b.digest) <
            (SELECT c.created_at, c.digest FROM bundles c WHERE c.digest = :after))
    ORDER BY b.created_at DESC, b.digest DESC LIMIT :limit"""  # noqa: S608  # our own columns


def bundles_page(work: Work, *, q: str | None, after: str | None, limit: int) -> list[Row]:
    """Bundles, newest first, from the one after `after`; `q` is a part of a name."""
    return rows(work, _LIST, q=q, after=after, limit=limit)


def show_bundle(work: Work, digest: str) -> Row:
    """What is known of a bundle, but for its bytes.

    Raises:
        NotSetUp: The tenant has no such bundle.
    """
    found = one_row(work, _LINE + " WHERE b.digest = :digest", digest=digest)
    if found is None:
        raise NotSetUp(f"the tenant has no bundle {digest}")
    return found


def bundle_content(work: Work, digest: str) -> bytes:
    """The packed bytes.

    Raises:
        NotSetUp: The tenant has no such bundle.
    """
    found = work.execute(
        "SELECT content FROM bundles WHERE digest = :digest", digest=digest
    ).scalar_one_or_none()
    if found is None:
        raise NotSetUp(f"the tenant has no bundle {digest}")
    return bytes(found)
