"""The bytes of a letter's two revisions, as functions of what they say. Writer and reader both call these, and the reader compares.

Objects 1–20 are the template's prefix. Revision 1 (leader): 21 metadata, 22 page content, 23 field ``so``, 24 field ``ngay_ban_hanh``,
25 field ``ky_lanh_dao``, 26 field ``dau_co_quan``, 27 signature drawing, 28 signature. Revision 2 (organisation): 23, 24 and 26 again
with value and appearance, 30 and 31 their appearances, 32 seal drawing, 29 signature. Nothing else may change.
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

from signing.errors import LetterRefused
from signing.formats import pades
from signing.formats.letter.canvas import Rect
from signing.formats.letter.content import LetterContent
from signing.formats.letter.drawings import SEAL_BOX, SIGNATURE_BOX, seal_drawing, signature_drawing
from signing.formats.letter.page import DATE_FIELD, NUMBER_FIELD, Page
from signing.formats.letter.template import Template
from signing.formats.letter.typeset import Line

NAMES = {
    21: "metadata",
    22: "page content",
    23: "number field",
    24: "date field",
    25: "leader's signature field",
    26: "organisation's signature field",
    27: "leader's signature drawing",
    28: "leader's signature",
    29: "organisation's signature",
    30: "number's appearance",
    31: "date's appearance",
    32: "seal drawing",
}
"""Objects of a letter by number, as refusals name them."""
LEADER_FIELDS = b"(ky_lanh_dao)"
SEAL_FIELDS = b"(so)(ngay_ban_hanh)(dau_co_quan)"
NUMBER = re.compile(r"0[1-9]|[1-9][0-9]{1,4}")
"""Decimal, at least two digits (Decree 30/2020/NĐ-CP Annex I, part II, 3)."""
_DATE = re.compile(r"ngày (\d{2}) tháng (\d{1,2}) năm (\d{4})")
_TEXTS_KEPT = 512
"""Fields, appearances and dates kept: numbers, days and places on the page recur from body to body."""
_LEADER_OBJECT, _SEAL_OBJECT = b"28 0 obj\n", b"29 0 obj\n"
_ENTRY = b"%010d 00000 n \n"
_METADATA_HEAD = b"21 0 obj\n<</Type/EmbeddedFile/Subtype/application#2Fjson/Length %d>>stream\n"
METADATA = re.compile(_METADATA_HEAD.replace(b"%d", rb"([1-9]\d{0,5})"))
_TEXT_FIELD = b"/Type/Annot/Subtype/Widget/FT/Tx/Ff 1/T(%b)/F 4/P 18 0 R/Rect[%.2f %.2f %.2f %.2f]/DA(/%b 13 Tf 0 g)%b>>\nendobj\n"


class Revision(NamedTuple):
    """One signed revision around its /Contents: what stands before "<" and after ">", and where its cross-reference table begins."""

    before: bytes
    after: bytes
    xref_at: int


@lru_cache(maxsize=_TEXTS_KEPT)
def date_text(day: date) -> str:
    """The date as a letter writes it: days below 10 and months 1 and 2 with a leading zero (Decree 30 Annex I, part II, 4)."""
    return f"ngày {day.day:02d} tháng {f'{day.month:02d}' if day.month < 3 else day.month} năm {day.year:04d}"


@lru_cache(maxsize=_TEXTS_KEPT)
def parse_date_text(text: str) -> date:
    """The day of a date text. Raises :class:`LetterRefused` unless it is written exactly as :func:`date_text` does."""
    match = _DATE.fullmatch(text)
    try:
        day = date(int(match[3]), int(match[2]), int(match[1])) if match else None
    except ValueError:
        day = None
    if day is None or date_text(day) != text:
        raise LetterRefused("date field", "its value must be a date written as Decree 30/2020/NĐ-CP wants it")
    return day


def first_objects(content: LetterContent, metadata: bytes, page: Page) -> list[bytes]:
    """Objects 21 to 27."""
    return [
        _METADATA_HEAD % len(metadata) + metadata + b"\nendstream\nendobj\n",
        b"22 0 obj\n<</Length %d>>stream\n%b\nendstream\nendobj\n" % (len(page.stream), page.stream),
        number_field(page.number, None),
        date_field(page.date, None),
        _signature_field(25, b"ky_lanh_dao", page.signature, b"/AP<</N 27 0 R>>/V 28 0 R"),
        _signature_field(26, b"dau_co_quan", page.seal, b""),
        _signature_of(f"{content.signer_name}\n{content.position}"),
    ]


class Frame(NamedTuple):
    """A revision without its objects: what stands behind them up to "<", what stands behind ">", and where its table begins and it ends."""

    signature: bytes
    after: bytes
    xref_at: int
    end: int

    def around(self, objects: list[bytes]) -> Revision:
        """The revision of these objects, those the frame was made for."""
        return Revision(b"".join((*objects, self.signature)), self.after, self.xref_at)


_FIRST_AFTER = b">>\nendobj\nxref\n0 29\n%b" + 8 * _ENTRY + b"trailer\n<</Size 29/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n"


def first_frame(template: Template, objects: list[bytes], head: bytes, digits: int) -> Frame:
    """Revision 1 after the template's prefix, for a signature dictionary head and a /Contents of that many digits."""
    offsets = tuple(accumulate(map(len, objects), initial=len(template.prefix)))
    opening = offsets[-1] + len(_LEADER_OBJECT) + len(head) + pades.BYTE_RANGE_LENGTH
    xref_at = opening + digits + 2 + len(b">>\nendobj\n")
    after = _FIRST_AFTER % (template.xref_head, *offsets, xref_at)
    signature = b"".join((_LEADER_OBJECT, head, pades.byte_range(opening, digits, len(after))))
    return Frame(signature, after, xref_at, opening + digits + 2 + len(after))


def first_revision(template: Template, objects: list[bytes], head: bytes, digits: int) -> Revision:
    """As :func:`first_frame`, with its objects."""
    return first_frame(template, objects, head, digits).around(objects)


def second_objects(template: Template, content: LetterContent, page: Page, number: str, day: date) -> list[bytes]:
    """Objects 23, 24, 26, 30, 31 and 32 of revision 2."""
    return [
        number_field(page.number, number),
        date_field(page.date, day),
        _signature_field(26, b"dau_co_quan", page.seal, b"/AP<</N 32 0 R>>/V 29 0 R"),
        _number_appearance(template, number),
        _date_appearance(template, day),
        _seal_of(template, content.name, content.parent_name, content.bloc),
    ]


_SECOND_AFTER = (
    b">>\nendobj\nxref\n23 2\n" + 2 * _ENTRY + b"26 1\n" + _ENTRY + b"29 4\n" + 4 * _ENTRY
    + b"trailer\n<</Size 33/Root 1 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF\n"
)  # fmt: skip


def second_frame(start: int, previous_xref: int, objects: list[bytes], head: bytes, digits: int) -> Frame:
    """Revision 2, appended at ``start``."""
    number, day, seal, *drawings, signature_at = accumulate(map(len, objects), initial=start)
    opening = signature_at + len(_SEAL_OBJECT) + len(head) + pades.BYTE_RANGE_LENGTH
    xref_at = opening + digits + 2 + len(b">>\nendobj\n")
    after = _SECOND_AFTER % (number, day, seal, signature_at, *drawings, previous_xref, xref_at)
    signature = b"".join((_SEAL_OBJECT, head, pades.byte_range(opening, digits, len(after))))
    return Frame(signature, after, xref_at, opening + digits + 2 + len(after))


def second_revision(start: int, previous_xref: int, objects: list[bytes], head: bytes, digits: int) -> Revision:
    """As :func:`second_frame`, with its objects."""
    return second_frame(start, previous_xref, objects, head, digits).around(objects)


def number_field(rect: Rect, number: str | None) -> bytes:
    """Object 23: empty for revision 1, with value and own appearance for revision 2."""
    return b"23 0 obj\n<<" + _value(number, 19, 30) + _text_field(b"so", rect, b"R", b"/Q 1")


@lru_cache(maxsize=_TEXTS_KEPT)
def date_field(rect: Rect, day: date | None) -> bytes:
    """Object 24, as :func:`number_field`."""
    return b"24 0 obj\n<<" + _value(None if day is None else date_text(day), 20, 31) + _text_field(b"ngay_ban_hanh", rect, b"I", b"")


@lru_cache(maxsize=_TEXTS_KEPT)
def _text_field(name: bytes, rect: Rect, face: bytes, rest: bytes) -> bytes:
    """A text field behind its value."""
    return _TEXT_FIELD % (name, *rect, face, rest)


def _value(text: str | None, empty: int, filled: int) -> bytes:
    """A text field's value and the object that draws it."""
    if text is None:
        return b"/AP<</N %d 0 R>>" % empty
    return b"/V<feff%b>/AP<</N %d 0 R>>" % (text.encode("utf-16-be").hex().encode(), filled)


def number_offset(line: Line) -> float:
    """Where the number begins inside its field, centred."""
    return (NUMBER_FIELD[0] - line.width * 13 / 1000) / 2


@lru_cache(maxsize=_TEXTS_KEPT)
def _signature_field(number: int, name: bytes, rect: Rect, rest: bytes) -> bytes:
    return b"%d 0 obj\n<</Type/Annot/Subtype/Widget/FT/Sig/T(%b)/F 132/P 18 0 R/Rect[%.2f %.2f %.2f %.2f]%b>>\nendobj\n" % (
        number,
        name,
        *rect,
        rest,
    )


@lru_cache(maxsize=_TEXTS_KEPT)
def _number_appearance(template: Template, number: str) -> bytes:
    line = template.faces["R"].line(number)
    return _appearance(30, NUMBER_FIELD, b"R", number_offset(line), line.text)


@lru_cache(maxsize=_TEXTS_KEPT)
def _date_appearance(template: Template, day: date) -> bytes:
    return _appearance(31, DATE_FIELD, b"I", 0.0, template.faces["I"].line(date_text(day)).text)


_APPEARANCE = (
    b"%d 0 obj\n<</Type/XObject/Subtype/Form/BBox[0 0 %.2f %.2f]/Resources<</Font<</R 4 0 R/I 10 0 R>>>>/Length %d>>stream\n"
    b"%b\nendstream\nendobj\n"
)


def _appearance(number: int, box: tuple[float, float], face: bytes, x: float, text: bytes) -> bytes:
    drawing = b"/Tx BMC q BT /%b 13 Tf %.2f 4.5 Td (%b) Tj ET Q EMC" % (face, x, text)
    return _APPEARANCE % (number, *box, len(drawing), drawing)


def _drawing(number: int, box: tuple[int, int], drawing: bytes) -> bytes:
    head = b"%d 0 obj\n<</Type/XObject/Subtype/Form/BBox[0 0 %d %d]/Resources<<>>/Length %d>>stream\n" % (number, *box, len(drawing))
    return head + drawing + b"\nendstream\nendobj\n"


@lru_cache(maxsize=256)
def _signature_of(seed: str) -> bytes:
    return _drawing(27, SIGNATURE_BOX, signature_drawing(seed))


@lru_cache(maxsize=128)
def _seal_of(template: Template, name: str, parent: str, bloc: str) -> bytes:
    return _drawing(32, SEAL_BOX, seal_drawing(template, name, parent, bloc))
