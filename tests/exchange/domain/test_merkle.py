"""Merkle trees against the definitions of RFC 9162 §2.1, written down once more as they stand there, and other people's vectors."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.domain.merkle import (
    EMPTY_ROOT,
    Frontier,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root,
    root_from_inclusion,
    verify_consistency,
    verify_inclusion,
)

# --- the RFC's own words -----------------------------------------------------------------------------------------------------------------


def largest_power_below(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def mth(d: list[bytes]) -> bytes:
    """MTH of RFC 9162 §2.1.1."""
    if not d:
        return sha256().digest()
    if len(d) == 1:
        return sha256(b"\x00" + d[0]).digest()
    k = largest_power_below(len(d))
    return sha256(b"\x01" + mth(d[:k]) + mth(d[k:])).digest()


def path(m: int, d: list[bytes]) -> list[bytes]:
    """PATH of RFC 9162 §2.1.3.1."""
    if len(d) == 1:
        return []
    k = largest_power_below(len(d))
    return [*path(m, d[:k]), mth(d[k:])] if m < k else [*path(m - k, d[k:]), mth(d[:k])]


def subproof(m: int, d: list[bytes], b: bool) -> list[bytes]:
    """SUBPROOF of RFC 9162 §2.1.4.1."""
    if m == len(d):
        return [] if b else [mth(d)]
    k = largest_power_below(len(d))
    return [*subproof(m, d[:k], b), mth(d[k:])] if m <= k else [*subproof(m - k, d[k:], False), mth(d[:k])]


def tree(leaves: list[bytes]):  # type: ignore[no-untyped-def]
    """A subtree function over leaves in memory."""
    return lambda level, position: mth(leaves[position << level : (position + 1) << level])


leaves_lists = st.integers(1, 70).map(lambda n: [n.to_bytes(2, "big") + i.to_bytes(2, "big") for i in range(n)])

# --- known answers: the tree of the Certificate Transparency project's own tests ----------------------------------------------------------

CT_LEAVES = [
    bytes.fromhex(text)
    for text in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
CT_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def test_the_roots_of_the_certificate_transparency_vectors() -> None:
    """Eight leaves whose roots every implementation of RFC 6962 carries in its tests."""
    frontier = Frontier()
    assert frontier.root() == EMPTY_ROOT == bytes.fromhex(CT_ROOTS[0])
    for leaf, expected in zip(CT_LEAVES, CT_ROOTS[1:], strict=True):
        frontier.append(leaf_hash(leaf))
        assert frontier.root().hex() == expected


# --- against the definition ---------------------------------------------------------------------------------------------------------------


@given(leaves_lists)
def test_roots_and_completed_subtrees_are_the_definitions(leaves: list[bytes]) -> None:
    """After each append: the root, and the hash of every subtree that the leaf completed."""
    frontier = Frontier()
    for count, leaf in enumerate(leaves, 1):
        completed = frontier.append(leaf_hash(leaf))
        assert frontier.size == count
        assert frontier.root() == mth(leaves[:count]) == root(count, tree(leaves))
        for level, found in enumerate(completed):
            assert count % (1 << level) == 0
            assert found == mth(leaves[count - (1 << level) : count])
        assert count % (1 << len(completed)) != 0  # and no more of them
        assert Frontier.of(count, tree(leaves)).peaks == frontier.peaks == Frontier(count, frontier.peaks).peaks


@given(leaves_lists, st.data())
def test_inclusion_proofs_are_the_definitions_and_verify(leaves: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    proof = inclusion_proof(index, len(leaves), tree(leaves))
    assert list(proof) == path(index, leaves)
    assert verify_inclusion(leaf_hash(leaves[index]), index, len(leaves), proof, mth(leaves))


@given(leaves_lists, st.data())
def test_consistency_proofs_are_the_definitions_and_verify(leaves: list[bytes], data: st.DataObject) -> None:
    first = data.draw(st.integers(0, len(leaves)))
    proof = consistency_proof(first, len(leaves), tree(leaves))
    assert list(proof) == (subproof(first, leaves, True) if first else [])
    assert verify_consistency(first, len(leaves), mth(leaves[:first]), mth(leaves), proof)


# --- what must not verify -----------------------------------------------------------------------------------------------------------------


def bent(proof: tuple[bytes, ...], data: st.DataObject) -> list[bytes]:
    """The proof changed in one way: a bit, a hash more, less, repeated, or out of place."""
    changed = list(proof)
    way = data.draw(st.sampled_from(["bit", "more", "less", "swap", "short"] if proof else ["more"]))
    at = data.draw(st.integers(0, len(proof) - 1)) if proof else 0
    if way == "bit":
        bit = data.draw(st.integers(0, 255))
        changed[at] = (int.from_bytes(changed[at], "big") ^ 1 << bit).to_bytes(32, "big")
    elif way == "more":
        changed.insert(data.draw(st.integers(0, len(proof))), data.draw(st.binary(min_size=32, max_size=32)))
    elif way == "less":
        del changed[at]
    elif way == "short":
        changed[at] = changed[at][:31]
    else:
        changed.reverse()
    return changed


@given(leaves_lists, st.data())
def test_a_bent_inclusion_proof_says_no(leaves: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    proof = inclusion_proof(index, len(leaves), tree(leaves))
    changed = bent(proof, data)
    holds = verify_inclusion(leaf_hash(leaves[index]), index, len(leaves), changed, mth(leaves))
    assert holds == (changed == list(proof))


@given(leaves_lists, st.data())
def test_an_inclusion_proof_is_of_one_leaf_at_one_place_of_one_tree(leaves: list[bytes], data: st.DataObject) -> None:
    index, other = (data.draw(st.integers(0, len(leaves) - 1)) for _ in range(2))
    proof = inclusion_proof(index, len(leaves), tree(leaves))
    assert verify_inclusion(leaf_hash(leaves[other]), index, len(leaves), proof, mth(leaves)) == (other == index)
    assert verify_inclusion(leaf_hash(leaves[index]), other, len(leaves), proof, mth(leaves)) == (other == index)
    assert not verify_inclusion(leaf_hash(b"another"), index, len(leaves), proof, mth(leaves))
    assert not verify_inclusion(leaf_hash(leaves[index]), index, len(leaves), proof, mth([*leaves, b"more"]))


@given(leaves_lists, st.data())
def test_a_changed_past_has_no_consistency_proof(leaves: list[bytes], data: st.DataObject) -> None:
    """The first tree changed in one leaf: neither its own proof nor the true one leads from it to the second."""
    first = data.draw(st.integers(1, len(leaves)))
    at = data.draw(st.integers(0, first - 1))
    past = [*leaves[:at], b"changed", *leaves[at + 1 : first]]
    for source in (leaves, [*past, *leaves[first:]]):
        proof = consistency_proof(first, len(leaves), tree(source))
        assert not verify_consistency(first, len(leaves), mth(past), mth(leaves), proof)


@given(leaves_lists, st.data())
def test_a_bent_consistency_proof_says_no(leaves: list[bytes], data: st.DataObject) -> None:
    first = data.draw(st.integers(0, len(leaves)))
    proof = consistency_proof(first, len(leaves), tree(leaves))
    changed = bent(proof, data)
    holds = verify_consistency(first, len(leaves), mth(leaves[:first]), mth(leaves), changed)
    assert holds == (changed == list(proof))


@given(st.integers(-3, 40), st.integers(-3, 40), st.lists(st.binary(max_size=40), max_size=8), st.binary(max_size=40))
def test_verifiers_say_no_to_anything_else_and_never_raise(one: int, two: int, proof: list[bytes], other: bytes) -> None:
    assert not verify_inclusion(other, one, two, proof, sha256(b"x").digest())
    assert not verify_consistency(one, two, other, sha256(b"x").digest(), proof) or (one == 0 and other == EMPTY_ROOT)
    assert root_from_inclusion(b"short", 0, 1, ()) is None


def test_what_cannot_be_asked_is_said() -> None:
    with pytest.raises(ValueError, match="no leaf 3"):
        inclusion_proof(3, 3, tree([b"a", b"b", b"c"]))
    with pytest.raises(ValueError, match="not the beginning"):
        consistency_proof(4, 3, tree([b"a", b"b", b"c"]))
    with pytest.raises(ValueError, match="complete subtrees"):
        Frontier(3, [bytes(32)])


def test_a_leaf_is_never_a_node() -> None:
    """The two prefixes keep a leaf made of two hashes from being taken for the node above them (RFC 9162 §2.1.1)."""
    left, right = leaf_hash(b"a"), leaf_hash(b"b")
    assert leaf_hash(left + right) != node_hash(left, right)
