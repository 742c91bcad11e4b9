"""CMS files changed at random, for two readers to disagree about: bytes, lengths, and whole elements moved, doubled, dropped, re-tagged.

python -m tests.signing.formats.mutations 100000        the campaign; CI runs a thousand
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from signing import FormatFailure, der
from signing.formats.ber import Element, Walker
from signing.formats.claims import SignatureClaim
from signing.formats.signed_data import disagreement, read_strict, read_tolerant
from tests.signing.formats import fixtures
from tests.signing.lab import CONTENT

_TAGS = bytes((0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0A, 0x0C, 0x13, 0x16, 0x17, 0x18, 0x24, 0x30, 0x31, 0x80, 0x81, 0xA0, 0xA1, 0xA2))


class Tree:
    """Elements of a DER file with what each holds; every change keeps the lengths around it right."""

    def __init__(self, tag: bytes, value: bytes, children: list[Tree] | None) -> None:
        self.tag = tag
        self.value = value
        self.children = children

    @classmethod
    def of(cls, data: bytes, element: Element, walker: Walker) -> Tree:
        """The tree of an element."""
        value = data[element.content : element.stop]
        return cls(element.tag, value, [cls.of(data, child, walker) for child in walker.children(element)] if element.constructed else None)

    def encode(self, chance: random.Random | None = None) -> bytes:
        """The bytes again; with ``chance``, one length in forty is written in a way DER forbids."""
        value = self.value if self.children is None else b"".join(child.encode(chance) for child in self.children)
        if chance is not None and chance.random() < 0.025:
            if self.children is not None and chance.random() < 0.5:
                return self.tag + b"\x80" + value + b"\0\0"
            return self.tag + b"\x84" + len(value).to_bytes(4, "big") + value
        return self.tag + der.length(len(value)) + value

    def nodes(self) -> Iterator[Tree]:
        """This and all below."""
        yield self
        for child in self.children or ():
            yield from child.nodes()


def _flip(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 5))):
        changed[chance.randrange(len(changed))] = chance.choice((chance.randrange(256), 0, 0x80, 0xFF, 0x30))
    return bytes(changed)


def _cut(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data))
    return chance.choice((data[:at], data + data[at:], data[:at] + data[at + 1 :], data[:at] + bytes(1) + data[at:]))


def _tree(data: bytes, chance: random.Random) -> bytes:
    walker = Walker(data)
    tree = Tree.of(data, walker.element(0, len(data)), walker)
    for _ in range(chance.choice((1, 1, 2, 3))):
        _change(tree, chance)
    return tree.encode(chance if chance.random() < 0.3 else None)


def _change(tree: Tree, chance: random.Random) -> None:
    nodes = list(tree.nodes())
    parents = [node for node in nodes if node.children]
    if not parents:
        return
    parent = chance.choice(parents)
    assert parent.children
    place = chance.randrange(len(parent.children))
    match chance.randrange(7):
        case 0:
            parent.children.insert(place, parent.children[place])
        case 1:
            del parent.children[place]
        case 2:
            chance.shuffle(parent.children)
        case 3:
            other = chance.choice(nodes)
            if all(node is not parent for node in other.nodes()):  # nothing may come to hold itself
                parent.children[place] = other
        case 4:
            parent.children[place].tag = bytes((chance.choice(_TAGS),))
        case 5:
            leaf = chance.choice([node for node in nodes if not node.children])
            leaf.children = None
            leaf.value = chance.choice((b"", leaf.value[:-1], leaf.value + b"\0", b"\0" + leaf.value, chance.randbytes(len(leaf.value))))
        case _:
            parent.children.sort(key=lambda node: node.encode())


MUTATIONS: tuple[Callable[[bytes, random.Random], bytes], ...] = (_flip, _cut, _tree, _tree, _tree)


def mutated(seeds: Sequence[bytes], count: int, seed: str) -> Iterator[bytes]:
    """``count`` changed files; the same arguments give the same files."""
    chance = random.Random(f"mutations/{seed}")
    for _ in range(count):
        yield chance.choice(MUTATIONS)(chance.choice(seeds), chance)


def _read(reader: Callable[[bytes, bytes], tuple[SignatureClaim, ...]], data: bytes) -> tuple[SignatureClaim, ...] | None:
    try:
        return reader(data, CONTENT)
    except FormatFailure:
        return None


def campaign(count: int, seed: str = "ci", files: Sequence[bytes] = ()) -> tuple[Counter[str], list[tuple[str, bytes]]]:
    """How often which reader accepted, and every file on which they differ with what they differ in.

    ``files`` are what is changed, those of :mod:`tests.signing.formats.fixtures` where none are given.
    What the strict reader accepts, the tolerant one must accept too, alike and without a deviation.
    """
    counts: Counter[str] = Counter()
    found: list[tuple[str, bytes]] = []
    for data in mutated(files or fixtures.cms_files(), count, seed):
        strict, tolerant = _read(read_strict, data), _read(read_tolerant, data)
        counts[f"{'strict' if strict else '-'} {'tolerant' if tolerant else '-'}"] += 1
        if strict is None:
            continue
        if tolerant is None:
            found.append(("only the strict reader accepts", data))
            continue
        differs = disagreement(strict, tolerant) or next(
            (str(claim.signer.deviations) for claim in tolerant if claim.signer.deviations), ""
        )
        if differs:
            found.append((differs, data))
    return counts, found


def main() -> None:
    """Run a campaign of that many files and print what came of it."""
    counts, found = campaign(int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "campaign")
    for kind, number in sorted(counts.items()):
        print(f"{number:8} {kind}")
    for differs, data in found:
        print(f"DIFFER: {differs}: {data.hex()}")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
