"""Rotating the key-encryption key: every secret moves under the new key and still opens."""

import base64

from ops.rewrap import rewrap_tenant, tenants
from pipeline.envelope import KeyRing, key_id_of
from pipeline.registry import SOURCE_SECRET
from tests.integration.conftest import Database
from tests.integration.stages import rows
from tests.integration.world import KEYRING, SECRET, World

NEW_LINE = "k2:" + base64.b64encode(bytes(range(32))).decode()
OLD_LINE = "test:" + base64.b64encode(KEYRING.keys["test"]).decode()


def test_every_secret_is_sealed_again_under_the_newest_key(
    database: Database, world: World
) -> None:
    ring = KeyRing.from_text(f"{NEW_LINE}\n{OLD_LINE}")
    assert set(tenants(database.engine("awgp_holding"))) == {
        world.acme.tenant_id,
        world.globex.tenant_id,
    }
    assert rewrap_tenant(database.owner, ring, world.acme.tenant_id) == 2
    assert rewrap_tenant(database.owner, ring, world.acme.tenant_id) == 0
    secret_id, named, envelope = rows(
        database, world.acme, "SELECT secret_id, key_id, envelope FROM source_secrets"
    )[0]
    assert named == key_id_of(bytes(envelope)) == "k2"
    alone = KeyRing.from_text(NEW_LINE)
    opened = alone.open(
        bytes(envelope),
        tenant_id=world.acme.tenant_id,
        row_id=secret_id,
        purpose=SOURCE_SECRET,
    )
    assert opened == SECRET
