"""Letters drawn from their metadata, the last few kept: one letter is drawn when it is signed, again when it is numbered and sealed, and
once more by everyone who reads it.

What a letter's first revision must be is a function of its template and its metadata bytes and of nothing else, so keeping the result
takes no check away: the file's bytes are compared with it every time.
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock

from signing.formats.letter import revisions
from signing.formats.letter.content import LetterContent, check_content, parse_content
from signing.formats.letter.page import Page, draw_page
from signing.formats.letter.template import Template

_KEPT = 128
"""Drawn letters kept; one takes about 12 KB."""


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """A letter's content and page, and the objects of revision 1 before its signature."""

    content: LetterContent
    page: Page
    objects: list[bytes]


def draw_content(template: Template, content: LetterContent) -> Drawn:
    """Draw a content; raises :class:`LetterRefused` when it breaks a limit, cannot be drawn or does not fit on one page."""
    check_content(content)
    metadata = content.canonical()
    return _KNOWN.get((template, metadata)) or _draw(template, content, metadata)


def draw_metadata(template: Template, metadata: bytes) -> Drawn:
    """Draw what a metadata stream says; raises :class:`LetterRefused` as :func:`draw_content`, and when it is not in canonical form."""
    return _KNOWN.get((template, metadata)) or _draw(template, parse_content(metadata), metadata)


_KNOWN: dict[tuple[Template, bytes], Drawn] = {}
_LOCK = Lock()


def _draw(template: Template, content: LetterContent, metadata: bytes) -> Drawn:
    page = draw_page(template, content)
    drawn = Drawn(content, page, revisions.first_objects(content, metadata, page))
    with _LOCK:
        while len(_KNOWN) >= _KEPT:
            del _KNOWN[next(iter(_KNOWN))]
        _KNOWN[template, metadata] = drawn
    return drawn
