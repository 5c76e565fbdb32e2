"""What hangs on authors' keys: the bundles they signed, and the assistants that run by them."""

from collections.abc import Mapping
from typing import Final

from pipeline.author_keys import list_author_keys
from pipeline.setup_rows import Row, rows
from pipeline.work import Work

BUNDLES_SHOWN: Final = 20
_BUNDLES: Final = """
    SELECT s.key_id, b.digest, b.manifest ->> 'name' AS name, b.manifest ->> 'version' AS version,
        s.pushed_at,
        ARRAY(SELECT DISTINCT a.name FROM assistant_versions v
            JOIN assistants a USING (tenant_id, assistant_id)
            WHERE v.tenant_id = b.tenant_id AND v.bundle_digest = b.digest ORDER BY 1)
            AS assistants,
        count(*) OVER (PARTITION BY s.key_id) AS signed,
        row_number() OVER (PARTITION BY s.key_id ORDER BY s.pushed_at DESC, b.digest) AS place
    FROM bundle_signatures s JOIN bundles b USING (tenant_id, digest)"""
# Whose newest version has a bundle that nobody signed whose key counts, but for this one.
_BARE: Final = """
    FROM assistants a JOIN assistant_versions v ON v.tenant_id = a.tenant_id
        AND v.assistant_id = a.assistant_id AND v.version = a.current_version
    {joined}
    WHERE a.active AND NOT EXISTS (SELECT FROM bundle_signatures o
        JOIN author_keys k USING (tenant_id, key_id)
        WHERE o.tenant_id = v.tenant_id AND o.digest = v.bundle_digest
            AND k.revoked_at IS NULL {but})
    ORDER BY a.name"""
_HANGING: Final = "SELECT s.key_id, a.name" + _BARE.format(
    joined="JOIN bundle_signatures s ON s.tenant_id = v.tenant_id AND s.digest = v.bundle_digest",
    but="AND o.key_id <> s.key_id",
)
_UNSIGNED: Final = "SELECT a.name" + _BARE.format(joined="", but="")


def author_keys_shown(work: Work) -> list[Row]:
    """All keys with what they signed, the newest first, and who runs by them alone."""
    signed: dict[str, list[Row]] = {}
    for row in rows(work, f"SELECT * FROM ({_BUNDLES}) s WHERE place <= {BUNDLES_SHOWN}"):  # noqa: S608  # ours
        signed.setdefault(row["key_id"], []).append(row)
    hanging: dict[str, list[str]] = {}
    for row in rows(work, _HANGING):
        hanging.setdefault(row["key_id"], []).append(row["name"])
    return [_shown(key, signed, hanging) for key in list_author_keys(work)]


def unsigned_assistants(work: Work) -> list[str]:
    """Active assistants that are not launched where signatures are asked for."""
    return [row["name"] for row in rows(work, _UNSIGNED)]


def _shown(key: Row, signed: Mapping[str, list[Row]], hanging: Mapping[str, list[str]]) -> Row:
    bundles = sorted(signed.get(key["key_id"], []), key=lambda each: int(each["place"]))
    return key | {
        "bundles": bundles,
        "signed": bundles[0]["signed"] if bundles else 0,
        "assistants": hanging.get(key["key_id"], []),
    }
