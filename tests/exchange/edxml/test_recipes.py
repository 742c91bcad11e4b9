"""Headers of a known shape are read by its recipe: the same values as from the tree, and where one is refused, the same words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from io import BytesIO

import pytest

from exchange.domain.calendar import VN
from exchange.edxml import reader
from exchange.edxml.fields import Fields
from exchange.edxml.reader import EdxmlPackage, read, reread, reread_around
from exchange.edxml.recipes import recipe_of
from exchange.edxml.shapes import Shapes
from exchange.errors import EdxmlError
from tests.exchange.edxml.test_shapes import FILES, STATUS, same

THREE = FILES.replace(b"</To>", b"</To><To><OrganId>000.00.00.H30</OrganId></To><To><OrganId>000.00.00.H31</OrganId></To>")
TEXTS = (
    (b"H28", b"H17"), (b"H29", b"H41"), (b">7<", b">09<"), (b"UBND-VX", "HĐND".encode()), (b"2021/09/27", b"2021/09/28"),
    (b">z<", b"> y <"),
)  # fmt: skip


def filled_by(monkeypatch: pytest.MonkeyPatch, data: bytes) -> int:
    """How many trees it takes to read a package again."""
    made: list[object] = []
    true = reader._package
    monkeypatch.setattr(reader, "_package", lambda *given: made.append(given) or true(*given))  # type: ignore[func-returns-value]
    reread(data)
    monkeypatch.undo()
    return len(made)


@pytest.mark.parametrize("package", [FILES, THREE], ids=["one recipient", "three"])
def test_a_document_of_a_known_shape_needs_no_tree(package: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        reread(package)
    assert filled_by(monkeypatch, package) == 0
    for old, new in TEXTS:
        other = package.replace(old, new)
        same(other)
        assert filled_by(monkeypatch, other) == 0


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b">7<", b">123456789012<"), (b">7<", b"> <"), (b"2021/09/27", b"2021-09-27"), (b"2021/09/27", b"2021/09/31"), (b"H28", b"?"),
        (b"H31", b"H30"), (b">2<", b">200<"), (b">z<", b">" + 501 * b"z" + b"<"), (b">x<", b">" + 51 * b"x" + b"<"), (b">a<", b">b<"),
    ],
)  # fmt: skip
def test_what_a_recipe_does_not_give_is_refused_in_the_same_words(old: bytes, new: bytes) -> None:
    for _ in range(3):
        reread(THREE)
    assert old in THREE
    same(THREE.replace(old, new))


def test_a_document_of_tomorrow_is_refused() -> None:
    noon = datetime(2021, 9, 26, 12, tzinfo=VN)
    said = []
    for source in (FILES, FILES, FILES, BytesIO(FILES)):
        with pytest.raises(EdxmlError) as caught:
            read(source, at=noon)
        said.append((caught.value.place, caught.value.rule, caught.value.detail))
    assert said[0][1] == "future-date"
    assert len(set(said)) == 1


def test_pieces_around_contents_are_read_as_the_whole() -> None:
    """With holes where the contents stood, elsewhere, too many, too few; with a hole of the package's own."""
    for package in (FILES, THREE, STATUS):
        skeleton = b"".join(piece for piece in read(package).skeleton.pieces if isinstance(piece, bytes))
        for _ in range(3):
            reread(skeleton)
        pieces = [piece for piece in read(package).skeleton.pieces if isinstance(piece, bytes)]
        cut = [skeleton[:40], skeleton[40:]]
        for literals in (pieces, [skeleton], cut, [*pieces[:-1], pieces[-1][:9], pieces[-1][9:]], [*pieces, b""], []):
            assert told(lambda given=literals: reread_around(given)) == told(lambda given=literals: reread(b"".join(given)))
        own = [pieces[0].replace(b"<edXML>", b"<edXML>\0"), *pieces[1:]]
        assert told(lambda given=own: reread_around(given)) == told(lambda given=own: reread(b"".join(given)))


def told(how: Callable[[], EdxmlPackage]) -> object:
    try:
        return how()
    except EdxmlError as error:
        return error.place, error.rule, error.detail


def test_a_status_package_is_read_from_its_tree(monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        reread(STATUS)
    assert filled_by(monkeypatch, STATUS) == 1


@pytest.mark.parametrize(
    "read_more",
    [
        lambda root: (root.text("b", 9).upper(),), lambda root: ("long" if root.text("b", 9) else "short",),
        lambda root: (len(root.all("b")),), lambda root: (root.text("b", 9) == "x",),
    ],
)  # fmt: skip
def test_a_reader_that_looks_at_a_value_has_no_recipe(read_more: Callable[[Fields], tuple[object, ...]]) -> None:
    data = b"<a><b>x</b></a>"
    shapes = Shapes(reader._parse_whole)
    shapes.meet(data)
    shapes.meet(data)
    found = shapes.find(data)
    assert found is not None
    assert recipe_of(shapes, *found, read_more) is None
    recipe = recipe_of(shapes, *found, lambda root: (root.text("b", 9), 7))
    assert recipe is not None
    assert recipe.values(("y",)) == ["y", 7]
