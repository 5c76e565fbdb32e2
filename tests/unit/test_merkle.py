"""RFC 6962 trees against the published Certificate Transparency test data, and by properties."""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.merkle import (
    EMPTY_ROOT,
    Frontier,
    FrontierInvalid,
    ProofInvalid,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    tree_root,
    verify_consistency,
    verify_inclusion,
)

# google/certificate-transparency, cpp/merkletree/merkle_tree_test.cc
CT_LEAVES = [
    leaf_hash(bytes.fromhex(data))
    for data in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
CT_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
H0_1 = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
H2_3 = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
H4_7 = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
H4 = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
H4_5 = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
H6_7 = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
H0_3 = CT_ROOTS[3]

hashes = st.binary(max_size=4).map(lambda data: hashlib.sha256(data).digest())
trees = st.lists(hashes, min_size=1, max_size=70)


def test_the_empty_tree_has_the_published_root() -> None:
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert Frontier().root() == EMPTY_ROOT


@pytest.mark.parametrize("size", range(1, 9))
def test_every_prefix_of_the_published_leaves_has_the_published_root(size: int) -> None:
    assert tree_root(CT_LEAVES[:size]).hex() == CT_ROOTS[size - 1]


@pytest.mark.parametrize(
    ("index", "size", "path"),
    [
        (0, 1, []),
        (0, 8, [H0_1, H2_3, H4_7]),
        (5, 8, [H4, H6_7, H0_3]),
    ],
)
def test_inclusion_proofs_are_the_published_ones(index: int, size: int, path: list[str]) -> None:
    proof = inclusion_proof(CT_LEAVES[:size], index)
    assert [value.hex() for value in proof] == path


@pytest.mark.parametrize(
    ("first", "second", "path"),
    [
        (1, 1, []),
        (1, 8, [H0_1, H2_3, H4_7]),
        (6, 8, [H4_5, H6_7, H0_3]),
        (2, 5, [H2_3, H4]),
    ],
)
def test_consistency_proofs_are_the_published_ones(
    first: int, second: int, path: list[str]
) -> None:
    proof = consistency_proof(CT_LEAVES[:second], first)
    assert [value.hex() for value in proof] == path


@settings(deadline=None)
@given(leaves=trees, data=st.data())
def test_a_frontier_grown_in_any_steps_has_the_whole_trees_root(
    leaves: list[bytes], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(leaves)))
    stored = Frontier().extend(leaves[:cut]).to_bytes()
    grown = Frontier.from_bytes(stored)
    for leaf in leaves[cut:]:
        grown = grown.append(leaf)
    assert grown.size == len(leaves)
    assert grown.root() == _root_by_definition(leaves)


def _root_by_definition(leaves: list[bytes]) -> bytes:
    """RFC 6962, 2.1, word for word."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    left, right = _root_by_definition(leaves[:split]), _root_by_definition(leaves[split:])
    return hashlib.sha256(b"\x01" + left + right).digest()


@settings(deadline=None)
@given(leaves=trees, data=st.data())
def test_an_inclusion_proof_holds_for_its_leaf_and_place_only(
    leaves: list[bytes], data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    root, size = tree_root(leaves), len(leaves)
    proof = inclusion_proof(leaves, index)
    verify_inclusion(leaf=leaves[index], index=index, size=size, proof=proof, root=root)
    with pytest.raises(ProofInvalid):
        verify_inclusion(leaf=b"\x00" * 32, index=index, size=size, proof=proof, root=root)
    with pytest.raises(ProofInvalid):
        verify_inclusion(
            leaf=leaves[index], index=index, size=size, proof=[*proof, root], root=root
        )
    if proof:
        with pytest.raises(ProofInvalid):
            verify_inclusion(
                leaf=leaves[index], index=index, size=size, proof=proof[:-1], root=root
            )


@settings(deadline=None)
@given(leaves=trees, data=st.data())
def test_a_consistency_proof_holds_for_its_two_trees_only(
    leaves: list[bytes], data: st.DataObject
) -> None:
    first = data.draw(st.integers(1, len(leaves)))
    old, new = tree_root(leaves[:first]), tree_root(leaves)
    proof = consistency_proof(leaves, first)

    def verify(*, old: bytes = old, new: bytes = new, path: list[bytes] = proof) -> None:
        verify_consistency(
            first=first, second=len(leaves), first_root=old, second_root=new, proof=path
        )

    verify()
    with pytest.raises(ProofInvalid):
        verify(old=b"\x00" * 32)
    with pytest.raises(ProofInvalid):
        verify(new=b"\x00" * 32)
    with pytest.raises(ProofInvalid):
        verify(path=[*proof, new])
    if proof:
        with pytest.raises(ProofInvalid):
            verify(path=proof[:-1])


@pytest.mark.parametrize("data", [b"", b"\x00" * 7, b"\x00" * 9, b"\x00" * 40, b"\xff" * 8])
def test_bytes_that_are_no_frontier_are_refused(data: bytes) -> None:
    with pytest.raises(FrontierInvalid):
        Frontier.from_bytes(data)
