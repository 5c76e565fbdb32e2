"""Proofs over a log where it lives: the same as over its leaves in memory, and none over a lie."""

from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import text

from audit_export.entries import (
    Signed,
    Wanted,
    entries_of_run,
    find_entries,
    inclusion_proofs,
    load_entry,
    newest_signed,
)
from audit_export.log_tree import LogTorn, LogTree, TreeNotReady, grow_tiles, read_leaves
from pipeline.merkle import Frontier, inclusion_proof
from pipeline.work import Work
from tests.integration.conftest import Database
from tests.integration.driving import deny, make_signer, seal_all
from tests.integration.test_seal import note_down
from tests.integration.world import TenantWorld, World

pytestmark = pytest.mark.services

ENTRIES: Final = 800  # three tiles and a rest
PLACES: Final = (1, 2, 256, 257, 511, 640, 768, 769, 799, 800)


@pytest.fixture
def acme(database: Database, world: World, tmp_path: Path) -> TenantWorld:
    note_down(database.outbox("awgp_web"), world.acme.tenant_id, ENTRIES)
    seal_all(database, make_signer(tmp_path), world.acme)
    return world.acme


def signed_of(work: Work) -> Signed:
    found = newest_signed(work)
    assert found is not None
    return found


def grow(database: Database, tenant: TenantWorld) -> None:
    with database.outbox("awgp_web").work(tenant.tenant_id) as work:
        assert grow_tiles(work, signed_of(work).checkpoint.size, seconds=30)


@pytest.mark.parametrize("grown", [False, True], ids=["before tiles are kept", "with tiles"])
def test_a_proof_is_the_one_over_all_leaves(
    database: Database, acme: TenantWorld, grown: bool
) -> None:
    if grown:
        grow(database, acme)
    with database.outbox("awgp_web").work(acme.tenant_id) as work:
        signed = signed_of(work)
        size = signed.checkpoint.size
        leaves = read_leaves(work.connection, acme.tenant_id, 0, size - 1)
        found = inclusion_proofs(work, [*PLACES, size, size + 1], signed)
        tree = LogTree(connection=work.connection, tenant_id=acme.tenant_id, size=size)
        assert tree.frontier() == Frontier().extend(leaves)
    assert found.keys() == {*PLACES, size}
    for sequence, proof in found.items():
        assert list(proof.path) == inclusion_proof(leaves, sequence - 1)
        assert (proof.leaf, proof.root) == (leaves[sequence - 1], signed.checkpoint.root)


def test_tiles_are_kept_once_and_only_full_ones(database: Database, acme: TenantWorld) -> None:
    grow(database, acme)
    grow(database, acme)
    with database.outbox("awgp_web").work(acme.tenant_id) as work:
        kept = work.execute("SELECT level, tile FROM audit_tiles ORDER BY 1, 2").all()
    assert [tuple(each) for each in kept] == [(1, 0), (1, 1), (1, 2)]


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE audit_log SET body = body || ' ' WHERE sequence = 300 AND tenant_id = :acme",
        "DELETE FROM audit_log WHERE sequence = 300 AND tenant_id = :acme",
        "UPDATE audit_tiles SET hash = sha256(hash) WHERE tile = 0 AND tenant_id = :acme",
    ],
    ids=["an entry altered", "an entry gone", "a tile altered"],
)
def test_what_was_tampered_with_is_not_proven(
    database: Database, acme: TenantWorld, tampering: str
) -> None:
    grow(database, acme)
    with database.admin.begin() as connection:
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        connection.exec_driver_sql("SET LOCAL search_path = awgp")
        assert connection.execute(text(tampering), {"acme": acme.tenant_id}).rowcount == 1
    with database.outbox("awgp_web").work(acme.tenant_id) as work, pytest.raises(LogTorn):
        inclusion_proofs(work, [301], signed_of(work))


def test_a_tree_too_large_to_work_out_at_once_says_so(
    database: Database, acme: TenantWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("audit_export.log_tree.MOST_LEAVES", 600)
    with database.outbox("awgp_web").work(acme.tenant_id) as work:
        signed = signed_of(work)
        with pytest.raises(TreeNotReady):
            inclusion_proofs(work, [1], signed)
    grow(database, acme)
    with database.outbox("awgp_web").work(acme.tenant_id) as work:
        assert inclusion_proofs(work, [1], signed).keys() == {1}


def test_entries_are_found_page_by_page(database: Database, acme: TenantWorld) -> None:
    with database.outbox("awgp_web").work(acme.tenant_id) as work:
        first = find_entries(work, Wanted(action="test:"), before=None, limit=300)
        second = find_entries(work, Wanted(action="test:"), before=first.next, limit=600)
        assert len(first.entries) + len(second.entries) == ENTRIES
        assert first.entries[-1].sequence > second.entries[0].sequence
        assert second.next is None
        entry, sealed = load_entry(work, first.entries[0].sequence)
        assert entry == first.entries[0]
        assert sealed.members["action"] == entry.action


def test_times_of_sealing_narrow_it(database: Database, acme: TenantWorld) -> None:
    with database.outbox("awgp_web").work(acme.tenant_id) as work:
        (newest,) = find_entries(work, Wanted(last=400), before=None, limit=1).entries
        since = find_entries(work, Wanted(since=newest.sealed_at), before=None, limit=2000)
        until = find_entries(work, Wanted(until=newest.sealed_at), before=None, limit=2000)
        both = [*since.entries, *until.entries]
        assert {each.sequence for each in both} >= set(range(1, ENTRIES + 1))
        assert all(each.sealed_at >= newest.sealed_at for each in since.entries)
        assert all(each.sealed_at <= newest.sealed_at for each in until.entries)


def test_a_runs_entries_are_its_own(database: Database, world: World, tmp_path: Path) -> None:
    run_id, other = deny(database, world.acme), deny(database, world.acme)
    seal_all(database, make_signer(tmp_path), world.acme)
    with database.outbox("awgp_web").work(world.acme.tenant_id) as work:
        found = entries_of_run(work, run_id)
    assert found.entries
    assert {each.resource_id for each in found.entries} == {str(run_id)} != {str(other)}
    with database.outbox("awgp_web").work(world.globex.tenant_id) as work:
        assert not entries_of_run(work, run_id).entries
