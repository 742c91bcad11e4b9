"""Letters as nobody should write them: the genuine objects, some replaced, in any revisions, with real signatures over all of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256

from signing.formats import pades
from signing.formats.cms import CadesSigner
from signing.formats.letter import revisions
from signing.formats.letter.content import LetterContent
from signing.formats.letter.page import draw_page
from signing.formats.letter.template import load_template

_OBJECT = re.compile(rb"(?:\A|(?<=endobj\n))(\d+) 0 obj\n(.*?)\nendobj\n", re.DOTALL)
_XREF_AT = re.compile(rb"startxref\n([1-9][0-9]{0,9})\n%%EOF\s*\Z")
_SIZE = re.compile(rb"/Size ([1-9][0-9]{0,6})/")
_ROOM = 60
"""Bytes of a file's end in which its cross-reference table is named."""
Objects = dict[int, bytes]


@dataclass(frozen=True, slots=True)
class Draft:
    """A genuine letter before it is written: what it says, who signs, and when."""

    content: LetterContent
    number: str
    day: date
    leader: CadesSigner
    seal: CadesSigner
    receiver: CadesSigner
    at: datetime

    @property
    def leader_head(self) -> bytes:
        """The leader's signature dictionary up to its /ByteRange."""
        return pades.signature_head(revisions.LEADER_FIELDS, self.at)

    @property
    def seal_head(self) -> bytes:
        """The organisation's."""
        return pades.signature_head(revisions.SEAL_FIELDS, self.at)

    def first_objects(self) -> Objects:
        """Objects 1 to 27 of the genuine letter, without the template's fonts being touched."""
        template = load_template()
        offsets = [int(entry[:10]) for entry in template.xref_head.split(b"\n")[1:-1]]
        ends = [*offsets[1:], len(template.prefix)]
        objects = {}
        for number, (start, end) in enumerate(zip(offsets, ends, strict=True), 1):
            objects[number] = template.prefix[start:end].removeprefix(b"%d 0 obj\n" % number).removesuffix(b"\nendobj\n")
        drawn = revisions.first_objects(self.content, self.content.canonical(), draw_page(template, self.content))
        return objects | _split(drawn)

    def second_objects(self, number: str = "") -> Objects:
        """Objects 23, 24, 26, 30, 31, 32 of the genuine second revision, with another number where one is given."""
        template = load_template()
        page = draw_page(template, self.content)
        return _split(revisions.second_objects(template, self.content, page, number or self.number, self.day))


def _split(objects: list[bytes]) -> Objects:
    return {int(match[1]): match[2] for item in objects for match in _OBJECT.finditer(item)}


class Forge:
    """A PDF under construction, one revision after the other; :meth:`onto` goes on from a finished file."""

    def __init__(self) -> None:
        self.data = load_template().prefix[:15]
        self._xref = 0
        self._size = 0

    @classmethod
    def onto(cls, data: bytes) -> Forge:
        """The forge of a finished file with classic cross-reference tables. Raises :class:`ValueError` for any other."""
        found = _XREF_AT.search(data, max(len(data) - _ROOM, 0))
        sizes = _SIZE.findall(data)
        if found is None or not sizes:
            raise ValueError("the file does not end in a classic cross-reference table")
        forge = cls()
        forge.data, forge._xref, forge._size = data, int(found[1]), max(map(int, sizes))
        return forge

    @property
    def next_object(self) -> int:
        """The lowest object number that is free."""
        return self._size

    def revision(
        self,
        objects: Mapping[int, bytes],
        number: int = 0,
        head: bytes = b"",
        signer: CadesSigner | None = None,
        *,
        extra_size: int = 0,
        uncovered: bytes = b"",
    ) -> Forge:
        """Append a revision; with a signer, its last object ``number`` is a signature dictionary beginning with ``head``.

        ``extra_size`` is how many objects more than there are /Size claims; ``uncovered`` stands behind /Contents, left out of /ByteRange.
        """
        offsets: dict[int, int] = {}
        for key, body in objects.items():
            offsets[key] = len(self.data)
            self.data += b"%d 0 obj\n%b\nendobj\n" % (key, body)
        opening, digits = 0, pades.contents_digits(signer.max_size) if signer else 0
        before, body_end = self.data, b""
        if signer:
            offsets[number] = len(self.data)
            before += b"%d 0 obj\n%b" % (number, head)
            opening, body_end = len(before) + pades.BYTE_RANGE_LENGTH, uncovered + b">>\nendobj\n"
        xref_at = opening + digits + 2 + len(body_end) if signer else len(before)
        after = body_end + self._table(offsets, xref_at, extra_size)
        if signer:
            hole = len(uncovered)
            before += pades.byte_range(opening, digits + hole, len(after) - hole)
            before += pades.fill_contents(signer.sign(sha256(before + after[hole:]).digest()), digits)
        self.data = before + after
        return self

    def _table(self, offsets: Mapping[int, int], xref_at: int, extra_size: int) -> bytes:
        entries = {} if self._xref else {0: 0}
        entries |= dict(sorted(offsets.items()))
        runs: list[list[int]] = []
        for key in entries:
            if runs and runs[-1][-1] == key - 1:
                runs[-1].append(key)
            else:
                runs.append([key])
        table = b"xref\n"
        for run in runs:
            table += b"%d %d\n" % (run[0], len(run)) + b"".join(
                b"%010d 00000 n \n" % entries[key] if key else b"0000000000 65535 f \n" for key in run
            )
        self._size = max(self._size, max(entries) + 1 + extra_size)
        previous = b"/Prev %d" % self._xref if self._xref else b""
        self._xref = xref_at
        return table + b"trailer\n<</Size %d/Root 1 0 R%b>>\nstartxref\n%d\n%%%%EOF\n" % (self._size, previous, xref_at)
