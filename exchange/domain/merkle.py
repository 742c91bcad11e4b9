"""Merkle trees after RFC 6962 §2.1 and RFC 9162 §2.1, over SHA-256: hashes, roots, proofs, and how a verifier checks them.

Pure. A tree is never held as a whole: :class:`Frontier` appends with O(log n) hashes in hand, and proofs ask for the hashes of complete
subtrees by (level, position), where ``level`` 0 are the leaves and the subtree covers leaves ``position << level`` up to, not including,
``position + 1 << level``. Hashes are 32 bytes. A proof that is not one makes a verifier say no, never raise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256

Subtree = Callable[[int, int], bytes]
"""``(level, position) → hash`` of a complete subtree."""

HASH_SIZE = 32
EMPTY_ROOT = sha256(b"").digest()
"""Root of the tree without leaves (RFC 9162 §2.1.1)."""
_LEAF, _NODE = b"\0", b"\1"


def leaf_hash(data: bytes) -> bytes:
    """Hash of one leaf: the prefix keeps leaves and nodes apart (RFC 9162 §2.1.1)."""
    return sha256(_LEAF + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node."""
    return sha256(_NODE + left + right).digest()


class Frontier:
    """The right edge of a growing tree: the hashes of its complete subtrees, largest first, one for each bit set in ``size``."""

    __slots__ = ("_peaks", "size")

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        """An edge as kept before. Raises ``ValueError`` when the number of hashes does not fit the size."""
        if size < 0 or size.bit_count() != len(peaks):
            raise ValueError(f"a tree of {size} leaves has {size.bit_count()} complete subtrees at its edge, not {len(peaks)}")
        self.size, self._peaks = size, list(peaks)

    @classmethod
    def of(cls, size: int, subtree: Subtree) -> Frontier:
        """The edge of a stored tree."""
        return cls(size, [subtree(level, (size >> level) - 1) for level in reversed(range(size.bit_length())) if size >> level & 1])

    @property
    def peaks(self) -> tuple[bytes, ...]:
        """The hashes at the edge, largest subtree first."""
        return tuple(self._peaks)

    def append(self, leaf: bytes) -> list[bytes]:
        """Add a leaf by its hash; gives the hashes of the subtrees it completed, levels 0, 1, 2 … in turn."""
        completed, size, peaks = [leaf], self.size, self._peaks
        while size & 1:
            leaf = sha256(_NODE + peaks.pop() + leaf).digest()  # as node_hash; an archive has some million of them
            completed.append(leaf)
            size >>= 1
        peaks.append(leaf)
        self.size += 1
        return completed

    def root(self) -> bytes:
        """Root of the tree so far."""
        if not self._peaks:
            return EMPTY_ROOT
        found = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            found = node_hash(peak, found)
        return found


def split(size: int) -> int:
    """The largest power of two below ``size`` (2 or more): how many leaves stand in the left subtree (RFC 9162 §2.1.1)."""
    return 1 << (size - 1).bit_length() - 1


def range_root(begin: int, end: int, subtree: Subtree) -> bytes:
    """Root over the leaves ``begin`` … ``end - 1``, of which ``begin`` starts a subtree as they occur in the recursion of the RFC."""
    size = end - begin
    if size & (size - 1) == 0:
        level = size.bit_length() - 1
        return subtree(level, begin >> level)
    left = begin + split(size)
    return node_hash(range_root(begin, left, subtree), range_root(left, end, subtree))


def root(size: int, subtree: Subtree) -> bytes:
    """Root of the first ``size`` leaves."""
    return range_root(0, size, subtree) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, subtree: Subtree) -> tuple[bytes, ...]:
    """The audit path of leaf ``index`` in the tree of ``size`` leaves (RFC 9162 §2.1.3.1). Raises ``ValueError`` for a leaf outside."""
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {index}")
    begin, end = 0, size
    path = []
    while end - begin > 1:
        middle = begin + split(end - begin)
        if index < middle:
            path.append(range_root(middle, end, subtree))
            end = middle
        else:
            path.append(range_root(begin, middle, subtree))
            begin = middle
    return tuple(reversed(path))


def consistency_proof(first: int, second: int, subtree: Subtree) -> tuple[bytes, ...]:
    """That the tree of ``first`` leaves is the beginning of that of ``second`` (RFC 9162 §2.1.4.1).

    Raises ``ValueError`` unless 0 <= first <= second. From nothing, and from a tree to itself, the proof is empty.
    """
    if not 0 <= first <= second:
        raise ValueError(f"a tree of {first} leaves is not the beginning of one of {second}")
    if first in (0, second):
        return ()
    begin, end = 0, second
    path = []
    while first != end:
        middle = begin + split(end - begin)
        if first <= middle:
            path.append(range_root(middle, end, subtree))
            end = middle
        else:
            path.append(range_root(begin, middle, subtree))
            begin = middle
    if begin:  # the first tree ends inside: its last subtree is not known from its root
        path.append(range_root(begin, end, subtree))
    return tuple(reversed(path))


def root_from_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes | None:
    """The root that the path leads to from a leaf's hash (RFC 9162 §2.1.3.2); ``None`` when it is no path of that tree."""
    if not 0 <= index < size or not _hashes(proof, leaf):
        return None
    node, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return None
        if node & 1 or node == last:
            found = node_hash(sibling, found)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        node, last = node >> 1, last >> 1
    return found if last == 0 else None


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the leaf with this hash stands at ``index`` of the tree with this size and root (RFC 9162 §2.1.3.2)."""
    return root_from_inclusion(leaf, index, size, proof) == root


def verify_consistency(first: int, second: int, first_root: bytes, second_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the proof shows the second tree to begin with the first (RFC 9162 §2.1.4.2); sizes 0 <= first <= second."""
    if not 0 <= first <= second or not _hashes(proof, first_root, second_root):
        return False
    if first == 0:
        return first_root == EMPTY_ROOT and not proof and (second > 0 or second_root == EMPTY_ROOT)
    if first == second:
        return first_root == second_root and not proof
    path = list(proof) if first & (first - 1) else [first_root, *proof]
    if not path:
        return False
    node, last = first - 1, second - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and old == first_root and new == second_root


def _hashes(proof: Sequence[bytes], *others: bytes) -> bool:
    return all(len(one) == HASH_SIZE for one in (*proof, *others))
