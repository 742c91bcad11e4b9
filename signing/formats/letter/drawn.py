"""Letters drawn from their metadata, the last few kept: one letter is drawn when it is signed, again when it is numbered and sealed, and
once more by everyone who reads it.

What a letter's first revision must be is a function of its template and its metadata bytes and of nothing else, so keeping the result
takes no check away: the file's bytes are compared with it every time. Writing and reading keep their drawings apart, so that nothing a
writer ever held reaches a reader: the first reader of a file draws it from the file's own bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock

from signing.formats.letter import revisions
from signing.formats.letter.content import LetterContent, check_content, parse_content
from signing.formats.letter.page import Page, draw_page
from signing.formats.letter.template import Template
from signing.records import quickly_made

_KEPT = 128
"""Drawn letters kept; one takes about 12 KB."""


@quickly_made
@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """A letter's content and page, and the objects of revision 1 before its signature."""

    content: LetterContent
    page: Page
    objects: list[bytes]


def draw_once(template: Template, metadata: bytes) -> Drawn:
    """As :meth:`Drawings.of_metadata`, without keeping it: for whoever goes through many letters and comes back to none."""
    return _drawn(template, parse_content(metadata), metadata)


def _drawn(template: Template, content: LetterContent, metadata: bytes) -> Drawn:
    page = draw_page(template, content)
    return Drawn(content, page, revisions.first_objects(content, metadata, page))


class Drawings:
    """Draws letters and keeps the last few; safe to share between threads."""

    def __init__(self) -> None:
        self._known: dict[tuple[Template, bytes], Drawn] = {}
        self._lock = Lock()

    def of_content(self, template: Template, content: LetterContent) -> Drawn:
        """Draw a content; raises :class:`LetterRefused` when it breaks a limit, cannot be drawn or does not fit on one page."""
        check_content(content)
        metadata = content.canonical()
        return self._known.get((template, metadata)) or self._draw(template, content, metadata)

    def of_metadata(self, template: Template, metadata: bytes) -> Drawn:
        """Draw what a metadata stream says; raises :class:`LetterRefused` as :meth:`of_content`, and when it is not in canonical form."""
        return self._known.get((template, metadata)) or self._draw(template, parse_content(metadata), metadata)

    def clear(self) -> None:
        """Forget all drawings."""
        with self._lock:
            self._known.clear()

    def __len__(self) -> int:
        return len(self._known)

    def _draw(self, template: Template, content: LetterContent, metadata: bytes) -> Drawn:
        drawn = _drawn(template, content, metadata)
        with self._lock:
            while len(self._known) >= _KEPT:
                del self._known[next(iter(self._known))]
            self._known[template, metadata] = drawn
        return drawn


WRITTEN = Drawings()
"""What the press draws: a letter is signed by one person and sealed by another."""
READ = Drawings()
"""What readers draw: a broadcast is read by many."""
