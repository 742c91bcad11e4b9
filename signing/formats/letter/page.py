"""The page: where Decree 30/2020/NĐ-CP Annex I puts each part, as content stream and the places of the four fields.

Points from the lower left corner of A4. A change here would change the bytes of letters already sent: new rules get a new version in
``LAYOUTS``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from signing.errors import LetterRefused
from signing.formats.letter.canvas import Block, Canvas, Rect, Stencil
from signing.formats.letter.content import LetterContent
from signing.formats.letter.template import Template
from signing.formats.letter.typeset import Face
from signing.records import quickly_made

TOP, BOTTOM = 785.0, 50.0
LEFT, RIGHT = 85.0, 553.0
"""Margins 30 and 15 mm."""
LEFT_AXIS, RIGHT_AXIS, SIGNER_AXIS = 170.0, 416.0, 430.0
LEFT_WIDTH, SIGNER_WIDTH, PLACES_WIDTH = 210.0, 236.0, 205.0
INDENT, LEADING, PARAGRAPH_GAP = 35.4, 17.0, 5.0
NUMBER_FIELD = (34.0, 16.0)
DATE_FIELD = (158.0, 16.0)
_MARK_WIDTH = {
    "KHẨN": 56.7,
    "THƯỢNG KHẨN": 113.4,
    "HỎA TỐC": 85.0,
    "HỎA TỐC HẸN GIỜ": 113.4,
    "MẬT": 56.7,
    "TỐI MẬT": 85.0,
    "TUYỆT MẬT": 113.4,
}
"""Widths of the stamps, 20 to 40 mm; all 8 mm high."""
_BODY_AT = b"%g TL 1 0 0 1 %.2f %%.2f Tm\n" % (LEADING, LEFT)
_FIRST_LINE = b"%.2f %.2f Td %%.3f Tw (%%b)Tj\n" % (INDENT, -LEADING - PARAGRAPH_GAP)
_SECOND_LINE = b"%.2f %.2f Td %%.3f Tw (%%b)Tj\n" % (-INDENT, -LEADING)
_OUTDENT = b"%.2f 0 Td\n" % -INDENT
_HEADS_KEPT = 256
_FEET_KEPT = 512


@quickly_made
@dataclass(frozen=True, slots=True)
class Page:
    """A drawn page: its content stream and the rectangles of number, date, signature and seal."""

    stream: bytes
    number: Rect
    date: Rect
    signature: Rect
    seal: Rect


def draw_page(template: Template, content: LetterContent) -> Page:
    """Draw the page by the template's own layout version. Raises :class:`LetterRefused` for what cannot be drawn or does not fit."""
    return LAYOUTS[template.layout](template, content)


@dataclass(frozen=True, slots=True, eq=False)
class _Head:
    """The part above the summary, the same for all letters of one body and notation: operators, two fields, its lowest baseline."""

    text: bytes
    rules: bytes
    number: Rect
    date: Rect
    y: float


@dataclass(frozen=True, slots=True, eq=False)
class _Foot:
    """Signer and "Nơi nhận" around the height 0, the same for all letters of one signer to the same places."""

    block: Block
    middle: float
    """Height of the middle of signature and seal."""


def _draw_v1(template: Template, content: LetterContent) -> Page:
    canvas = Canvas()
    regular, bold = template.faces["R"], template.faces["B"]
    head = draw_head(template, content.bloc, content.parent_name, content.name, content.notation, content.place)
    canvas.text.append(head.text)
    canvas.lines.append(head.rules)
    left = head.y
    if not content.type_name:
        for line in regular.break_evenly("V/v " + content.subject, _SUBJECT_LIMIT):
            left -= 14.5
            canvas.centre(regular, 12, LEFT_AXIS, left, line)
    left = _marks(canvas, bold, content, left)
    y = left - 26
    if content.type_name:
        y = _title(canvas, bold, content, y)
    if content.addressees:
        addressees = _addressees(template, content.addressees)
        canvas.place(addressees, y)
        y += addressees.bottom
    y = _body(canvas, regular, content, y) - 14
    foot = draw_foot(template, content.capacity, content.on_behalf, content.position, content.signer_name, content.to_places)
    canvas.place(foot.block, y)
    low = y + foot.block.bottom
    if low < BOTTOM:
        raise LetterRefused("page", f"the letter does not fit on one page: it is {(BOTTOM - low) / LEADING + 1:.0f} lines too long")
    middle = y + foot.middle
    signature = (SIGNER_AXIS - 75, middle - 28, SIGNER_AXIS + 75, middle + 28)
    seal = (SIGNER_AXIS - 127, middle - 51, SIGNER_AXIS - 25, middle + 51)
    return Page(canvas.bytes(), head.number, head.date, signature, seal)


LAYOUTS: dict[int, Callable[[Template, LetterContent], Page]] = {1: _draw_v1}


def _units(points: float, size: float) -> int:
    return int(points * 1000 / size)


_SUBJECT_LIMIT = _units(190, 12)


@lru_cache(maxsize=_HEADS_KEPT)
def draw_head(template: Template, bloc: str, parent: str, name: str, notation: str, place: str) -> _Head:
    canvas = Canvas()
    regular, bold = template.faces["R"], template.faces["B"]
    y = min(_issuer(canvas, regular, bold, bloc, parent, name), _nation(canvas, bold, bloc)) - 21
    number = _number_line(canvas, regular, bloc, notation, y)
    date = _date_line(canvas, template.faces["I"], place, y)
    return _Head(b"".join(canvas.text), b"".join(canvas.lines), number, date, y)


def _issuer(canvas: Canvas, regular: Face, bold: Face, bloc: str, parent: str, name: str) -> float:
    """Superior body, issuing body and the short rule below; for Party bodies a star-shaped mark. Returns the lowest baseline."""
    y = TOP
    limit = _units(LEFT_WIDTH, 12)
    if parent:
        for line in regular.break_evenly(parent.upper(), limit):
            y -= 14.5
            canvas.centre(regular, 12, LEFT_AXIS, y, line)
    line = bold.line("")
    for line in bold.break_evenly(name.upper(), limit):
        y -= 14.5
        canvas.centre(bold, 12, LEFT_AXIS, y, line)
    if bloc == "party":
        y -= 13
        canvas.centre(bold, 13, LEFT_AXIS, y, bold.line("*"))
        return y + 6
    width = max(line.width * 12 / 1000 * 0.42, 40)
    canvas.rule(LEFT_AXIS - width / 2, y - 5.5, width)
    return y


def _nation(canvas: Canvas, bold: Face, bloc: str) -> float:
    """National name and motto, or the Party's name, each with its rule. Returns the lowest baseline."""
    if bloc == "party":
        heading = bold.line("ĐẢNG CỘNG SẢN VIỆT NAM")
        canvas.centre(bold, 15, RIGHT_AXIS, TOP - 16, heading)
        width = heading.width * 15 / 1000
        canvas.rule(RIGHT_AXIS - width / 2, TOP - 20.5, width)
        return TOP - 16
    canvas.centre(bold, 12, RIGHT_AXIS, TOP - 14.5, bold.line("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"))
    motto = bold.line("Độc lập - Tự do - Hạnh phúc")
    canvas.centre(bold, 13, RIGHT_AXIS, TOP - 30, motto)
    width = motto.width * 13 / 1000
    canvas.rule(RIGHT_AXIS - width / 2, TOP - 34.5, width)
    return TOP - 30


def _number_line(canvas: Canvas, regular: Face, bloc: str, text: str, y: float) -> Rect:
    """ "Số:", room for the number field, then the notation; centred under the issuing body (Decree 30 Annex I, part II, 3)."""
    before, after = ("Số", "-") if bloc == "party" else ("Số:", "/")
    label, notation = regular.line(before), regular.line(after + text)
    width = (label.width + notation.width) * 13 / 1000 + NUMBER_FIELD[0] + 3
    x = LEFT_AXIS - width / 2
    if width > LEFT_WIDTH + 20:
        raise LetterRefused("notation", "is too long for the number line")
    canvas.put(regular, 13, x, y, label)
    x += label.width * 13 / 1000 + 3
    canvas.put(regular, 13, x + NUMBER_FIELD[0], y, notation)
    return (x, y - 4.5, x + NUMBER_FIELD[0], y - 4.5 + NUMBER_FIELD[1])


def _date_line(canvas: Canvas, italic: Face, text: str, y: float) -> Rect:
    """The place in italics, then room for the date field; centred under the national name."""
    place = italic.line(text + ", ")
    width = place.width * 13 / 1000
    if width > RIGHT - LEFT_AXIS - LEFT_WIDTH / 2 - DATE_FIELD[0]:
        raise LetterRefused("place", "is too long for the date line")
    x = min(RIGHT_AXIS - (width + DATE_FIELD[0]) / 2, RIGHT - width - DATE_FIELD[0])
    canvas.put(italic, 13, x, y, place)
    return (x + width, y - 4.5, x + width + DATE_FIELD[0], y - 4.5 + DATE_FIELD[1])


def _marks(canvas: Canvas, bold: Face, content: LetterContent, y: float) -> float:
    """Secrecy then urgency, red and boxed, under the number (Decree 30 Annex I, parts 10a, 10b). Returns the lowest edge as a baseline."""
    for mark in (content.secrecy, content.urgency):
        if mark:
            width = _MARK_WIDTH[mark]
            canvas.lines.append(b"q 0.82 0.05 0.08 RG 1 w %.2f %.2f %.2f 22.7 re S Q\n" % (LEFT_AXIS - width / 2, y - 32, width))
            line = bold.line(mark)
            size = 13 if line.width * 13 / 1000 < width - 6 else 11
            canvas.text.append(b"0.82 0.05 0.08 rg\n")
            canvas.centre(bold, size, LEFT_AXIS, y - 25, line)
            canvas.text.append(b"0 g\n")
            y -= 31
    return y


def _title(canvas: Canvas, bold: Face, content: LetterContent, y: float) -> float:
    """Type in capitals, summary, short rule. Returns where the next part's first baseline may stand."""
    canvas.centre(bold, 14, (LEFT + RIGHT) / 2, y, bold.line(content.type_name.upper()))
    line = bold.line("")
    for line in bold.break_evenly(content.subject, _units(400, 13)):
        y -= 16.5
        canvas.centre(bold, 13, (LEFT + RIGHT) / 2, y, line)
    width = max(line.width * 13 / 1000 * 0.4, 50)
    canvas.rule((LEFT + RIGHT - width) / 2, y - 6.5, width)
    return y - 28


@lru_cache(maxsize=_FEET_KEPT)
def _addressees(template: Template, addressees: tuple[str, ...]) -> Block:
    """ "Kính gửi": one name beside it, a few as a list, many run on."""
    canvas, regular, y = Stencil(), template.faces["R"], 0.0
    names = [name.rstrip(" ;.,") for name in addressees]
    label = regular.line("Kính gửi: ")
    listed = 1 < len(names) <= 8
    indent = 95.0 if listed else INDENT
    start = LEFT + indent + label.width * 13 / 1000
    if len(names) == 1:
        line = regular.line(names[0])
        if (label.width + line.width) * 13 / 1000 <= RIGHT - LEFT - 40:
            canvas.centre(regular, 13, (LEFT + RIGHT) / 2, y, regular.line("Kính gửi: " + names[0]))
            return canvas.block(y - 25)
    texts = [f"- {name}{'.' if i == len(names) - 1 else ';'}" for i, name in enumerate(names)] if listed else ["; ".join(names) + "."]
    canvas.put(regular, 13, LEFT + indent, y, label)
    y -= LEADING if listed else 0
    for text in texts:
        for line in regular.wrap(text, _units(RIGHT - start, 13)):
            canvas.put(regular, 13, start, y, line)
            y -= LEADING
    return canvas.block(y - 8)


def _body(canvas: Canvas, face: Face, content: LetterContent, y: float) -> float:
    """Justified paragraphs with a first-line indent, set by relative moves. Returns the last baseline."""
    canvas.use(face, 13)
    out, full, first = canvas.text, _units(RIGHT - LEFT, 13), _units(RIGHT - LEFT - INDENT, 13)
    out.append(_BODY_AT % (y + LEADING + PARAGRAPH_GAP))
    for paragraph in content.paragraphs:
        lines = face.break_lines(paragraph, first, full)
        y -= LEADING * len(lines) + PARAGRAPH_GAP
        room, last = first, len(lines) - 1
        for index, line in enumerate(lines):
            extra = (room - line.width) * 0.013 / line.gaps if index != last and line.gaps else 0
            if index == 0:
                out.append(_FIRST_LINE % (extra, line.text))
            elif index == 1:
                out.append(_SECOND_LINE % (extra, line.text))
            else:
                out.append(b'%.3f 0 (%b)"\n' % (extra, line.text))
            room = full
        if last == 0:
            out.append(_OUTDENT)
    out.append(b"0 Tw\n")
    return y + LEADING + PARAGRAPH_GAP


@lru_cache(maxsize=_FEET_KEPT)
def draw_foot(template: Template, capacity: str, on_behalf: str, position: str, name: str, to_places: tuple[str, ...]) -> _Foot:
    canvas = Stencil()
    middle, low = _signer(canvas, template.faces["B"], capacity, on_behalf, position, name)
    low = min(low, _places(canvas, template, to_places), middle - 51)
    return _Foot(canvas.block(low), middle)


def _signer(canvas: Canvas, bold: Face, capacity: str, on_behalf: str, position: str, name: str) -> tuple[float, float]:
    """Capacity, position, room for signature and seal, name (Decree 30 Annex I, parts 7a–8).

    Returns the middle of both places and the lowest baseline.
    """
    y = 0.0
    lines = [line for line in (*on_behalf.split("\n"), position) if line]
    if capacity:
        lines[0] = f"{capacity} {lines[0]}"
    for text in lines:
        for line in bold.break_evenly(text.upper(), _units(SIGNER_WIDTH, 13)):
            y -= 16
            canvas.centre(bold, 13, SIGNER_AXIS, y, line)
    middle = y - 43
    y -= 76
    for line in bold.break_evenly(name, _units(SIGNER_WIDTH, 13)):
        y -= 16
        canvas.centre(bold, 13, SIGNER_AXIS, y, line)
    return middle, y


def _places(canvas: Canvas, template: Template, to_places: tuple[str, ...]) -> float:
    """ "Nơi nhận" and its lines. Returns the lowest baseline."""
    y = 0.0
    if not to_places:
        return y
    y -= 16
    canvas.put(template.faces["BI"], 12, LEFT, y, template.faces["BI"].line("Nơi nhận:"))
    regular, limit = template.faces["R"], _units(PLACES_WIDTH, 11)
    for index, place in enumerate(to_places):
        end = "." if index == len(to_places) - 1 else ";"
        for line in regular.wrap(f"- {place.rstrip(' ;.,')}{end}", limit):
            y -= 13
            canvas.put(regular, 11, LEFT, y, line)
    return y
