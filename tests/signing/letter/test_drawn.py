"""Keeping what was drawn saves drawing and nothing else: the bytes are those of a first drawing and are compared every time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from signing import LetterContent, LetterRefused, read_letter, verify_letter
from signing.formats.letter import drawn
from signing.formats.letter.canvas import Canvas, Stencil
from signing.formats.letter.page import Page, draw_page
from signing.formats.letter.template import CURRENT, Template, load_template
from tests.signing.letter.lab import AT, CONTENT, DAY, PRESS, leader, seal, validator, whole


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    drawn.WRITTEN.clear()
    drawn.READ.clear()


def test_signing_and_sealing_draw_once_and_reading_draws_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page drawn for the leader's signature is the one the seal's revision is checked against; the first reader never sees it."""
    pages: list[LetterContent] = []

    def counted(template: Template, content: LetterContent) -> Page:
        pages.append(content)
        return draw_page(template, content)

    monkeypatch.setattr(drawn, "draw_page", counted)
    data = PRESS.issue(PRESS.sign(CONTENT, leader()), "107", DAY, seal())
    assert len(pages) == 1
    read_letter(data)
    assert len(pages) == 2
    read_letter(data)
    assert len(pages) == 2
    drawn.WRITTEN.clear()
    assert PRESS.issue(PRESS.sign(CONTENT, leader()), "107", DAY, seal()) == data
    assert len(pages) == 3


def test_a_kept_letter_is_still_compared_byte_for_byte() -> None:
    """With the true letter kept, a changed byte of its page, its metadata or its fields never passes."""
    data = whole()
    assert verify_letter(data, validator(), AT).passed
    prefix = len(load_template().prefix)
    end = data.index(b"28 0 obj\n", prefix)
    for at in range(prefix, end, 7):
        changed = data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :]
        assert not verify_letter(changed, validator(), AT).passed


def test_a_refused_content_is_refused_again() -> None:
    """Nothing is kept of what cannot be drawn or is not canonical."""
    template = load_template()
    for bad in (replace(CONTENT, paragraphs=("dài " * 900,) * 4), replace(CONTENT, subject="\ud800"), replace(CONTENT, subject="中")):
        for _ in range(2):
            with pytest.raises(LetterRefused):
                drawn.WRITTEN.of_content(template, bad)
    metadata = CONTENT.canonical()
    drawn.WRITTEN.of_metadata(template, metadata)
    for odd in (metadata.replace(b'":', b'": ', 1), b"\xef\xbb\xbf" + metadata, metadata + b" ", metadata.decode().encode("utf-16")):
        with pytest.raises(LetterRefused, match="metadata"):
            drawn.WRITTEN.of_metadata(template, odd)


def test_only_the_last_letters_are_kept() -> None:
    """The number kept is bounded, the oldest goes first."""
    template = load_template(CURRENT)
    assert template is load_template()
    contents = [replace(CONTENT, subject=f"số {number}") for number in range(drawn._KEPT + 5)]
    first = drawn.WRITTEN.of_content(template, contents[0])
    assert drawn.WRITTEN.of_metadata(template, contents[0].canonical()) is first
    for content in contents:
        drawn.WRITTEN.of_content(template, content)
    assert len(drawn.WRITTEN) == drawn._KEPT
    again = drawn.WRITTEN.of_metadata(template, contents[0].canonical())
    assert again is not first
    assert again.objects == first.objects


@pytest.mark.parametrize("size", [13.0, 12.0])
def test_a_placed_block_is_what_its_lines_would_be(size: float) -> None:
    """A block placed after text of the same size or another gives the operators its lines give when put one by one."""
    regular, bold = (load_template().faces[name] for name in ("R", "B"))
    lines = [(regular, "Tăng 100% (một trăm phần trăm)"), (bold, "CHỦ TỊCH"), (bold, "")]

    def put(canvas: Canvas, top: float) -> None:
        for number, (face, text) in enumerate(lines):
            canvas.put(face, 13, 85.25, top - 16.5 * number, face.line(text))

    plain, placed, stencil = Canvas(), Canvas(), Stencil()
    put(stencil, 0.0)
    block = stencil.block(-33.0)
    for canvas in (plain, placed):
        canvas.use(regular, size)
    for top in (700.5, 402.0, 33.0):
        put(plain, top)
        placed.place(block, top)
    for canvas in (plain, placed):
        canvas.use(bold, 13)
        canvas.use(regular, 11)
    assert placed.bytes() == plain.bytes()
