"""Build a letter template: the constant first part of every letter, with its fonts, widths and seal outlines, stored under its SHA-256.

A template in use is never changed: a new one gets a new hash and the old file stays, so that letters of every release verify for ever.
Needs fontTools and Debian's fonts-croscore (Tinos and Arimo, SIL Open Font License 1.1, no reserved font names).

    PYTHONPATH=. python tools/build_letter_template.py /usr/share/fonts/truetype/croscore tools/letter_dictionary.bin
    signing/formats/letter/templates

The dictionary is what packed letters are deflated against: the unpacked form of one typical letter (see packing.py), whose words, names and
certificate skeletons recur in all others. CURRENT in template.py then names the new file.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import sys
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from fontTools import subset
from fontTools.pens.basePen import BasePen
from fontTools.ttLib import TTFont, newTable
from fontTools.ttLib.tables._c_m_a_p import cmap_format_4, cmap_format_6

from signing.formats.letter.page import DATE_FIELD, NUMBER_FIELD

MAGIC = b"truc-letter-template\n"
ACCENTED = "àáảãạăằắẳẵặâầấẩẫậđèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵ"
MARKS = "–—‘’“”…•°§×÷±²³½€₫«»‰"
FACES = (
    ("R", "Tinos-Regular", "TRUCAA", 6),
    ("B", "Tinos-Bold", "TRUCAB", 6),
    ("I", "Tinos-Italic", "TRUCAC", 70),
    ("BI", "Tinos-BoldItalic", "TRUCAD", 70),
)
BOLD_ITALIC_TEXT = "Nơi nhận:"
OUTLINE_UNITS = 512
"""Grid of the seal's letters: at 9 pt one step is 0.02 pt."""
CATALOG = (
    b"<</Type/Catalog/Pages 2 0 R/AcroForm 3 0 R/Lang(vi-VN)/Names<</EmbeddedFiles<</Names[(van-ban.json)17 0 R]>>>>/AF[17 0 R]"
    b"/Extensions<</ESIC<</BaseVersion/1.7/ExtensionLevel 2>>>>>>"
)
ACROFORM = b"<</SigFlags 3/Fields[23 0 R 24 0 R 25 0 R 26 0 R]/DR<</Font<</R 4 0 R/I 10 0 R>>>>/DA(/R 13 Tf 0 g)>>"
FILESPEC = b"<</Type/Filespec/F(van-ban.json)/UF(van-ban.json)/AFRelationship/Data/EF<</F 21 0 R>>>>"
PAGE = (
    b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595.28 841.89]/Resources<</Font<</R 4 0 R/B 7 0 R/I 10 0 R/BI 13 0 R>>>>"
    b"/Contents 22 0 R/Annots[23 0 R 24 0 R 25 0 R 26 0 R]>>"
)


def code_table() -> str:
    """The character of each of the 256 codes; U+0000 marks an unused code.

    Codes 8–10, 12, 13 stay unused: they have meanings in PDF strings.
    """
    table = ["\0"] * 256
    for code in range(32, 127):
        table[code] = chr(code)
    free = [*range(128, 256), 127, *range(31, 13, -1), 11, *range(7, 0, -1)]
    wanted = [*ACCENTED, *ACCENTED.upper(), *MARKS]
    for code, char in zip(free, sorted(wanted, key=lambda c: (c in "ỲỴỶỸẲẴ", wanted.index(c))), strict=False):
        table[code] = char
    assert set(wanted) <= set(table), "the table is too small"
    return "".join(table)


def subset_font(path: Path, codes: str, text: Iterable[str]) -> tuple[bytes, list[int], TTFont]:
    """The font program of one face (symbolic TrueType, 0xF000 + code), its 256 widths in 1/1000 em, and the source font."""
    font = TTFont(path, recalcTimestamp=False)
    options = subset.Options(hinting=False, layout_features=[], glyph_names=False, notdef_outline=True, recalc_timestamp=False)
    options.drop_tables += ["OS/2", "name", "post", "gasp", "GDEF", "GPOS", "GSUB", "DSIG"]
    names = font.getBestCmap()
    mapping = {code: names[ord(char)] for code, char in enumerate(codes) if char != "\0" and char in set(text)}
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=[ord(codes[code]) for code in mapping])
    subsetter.subset(font)
    _symbolic_cmap(font, mapping)
    scale = 1000 / font["head"].unitsPerEm
    advances = {code: round(font["hmtx"][name][0] * scale) for code, name in mapping.items()}
    for tag in ("OS/2", "name", "post", "gasp"):
        if tag in font:
            del font[tag]
    out = io.BytesIO()
    font.save(out)
    return out.getvalue(), [advances.get(code, 0) for code in range(256)], font


def _symbolic_cmap(font: TTFont, mapping: dict[int, str]) -> None:
    mac, windows = cmap_format_6(6), cmap_format_4(4)
    mac.platformID, mac.platEncID, mac.language, mac.format = 1, 0, 0, 6
    mac.cmap = mapping
    windows.platformID, windows.platEncID, windows.language, windows.format = 3, 0, 0, 4
    windows.cmap = {0xF000 + code: name for code, name in mapping.items()}
    table = newTable("cmap")
    table.tableVersion, table.tables = 0, [mac, windows]
    font["cmap"] = table


class _PathPen(BasePen):  # type: ignore[misc]
    """Writes a glyph as PDF path operators on a whole-number grid."""

    def __init__(self, glyphs: Any, scale: float) -> None:
        super().__init__(glyphs)
        self.scale, self.out = scale, list[str]()

    def _points(self, *points: tuple[float, float]) -> str:
        return " ".join(f"{round(x * self.scale)} {round(y * self.scale)}" for x, y in points)

    def _moveTo(self, point: tuple[float, float]) -> None:
        self.out.append(self._points(point) + " m")

    def _lineTo(self, point: tuple[float, float]) -> None:
        self.out.append(self._points(point) + " l")

    def _curveToOne(self, one: tuple[float, float], two: tuple[float, float], end: tuple[float, float]) -> None:
        self.out.append(self._points(one, two, end) + " c")

    def _closePath(self) -> None:
        self.out.append("h")


def seal_outlines(path: Path, codes: str) -> dict[str, tuple[int, str]]:
    """Advance and path of every character that can stand on a seal: the table without small letters."""
    font = TTFont(path)
    glyphs, names, scale = font.getGlyphSet(), font.getBestCmap(), OUTLINE_UNITS / font["head"].unitsPerEm
    outlines = {}
    for char in sorted({c for c in codes if c != "\0" and c == c.upper()}):
        pen = _PathPen(glyphs, scale)
        glyphs[names[ord(char)]].draw(pen)
        outlines[char] = (round(glyphs[names[ord(char)]].width * scale), "\n".join(pen.out))
    return outlines


def to_unicode(codes: str) -> bytes:
    rows = [f"<{code:02x}> <{ord(char):04x}>" for code, char in enumerate(codes) if char != "\0"]
    blocks = "".join(
        f"{len(part)} beginbfchar\n" + "\n".join(part) + "\nendbfchar\n" for part in (rows[i : i + 100] for i in range(0, len(rows), 100))
    )
    return (
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
        "/CIDSystemInfo <</Registry(Adobe)/Ordering(UCS)/Supplement 0>> def\n"
        "/CMapName /Truc-UCS def\n/CMapType 2 def\n1 begincodespacerange\n<00> <ff>\nendcodespacerange\n"
        + blocks
        + "endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"
    ).encode()


def stream(dictionary: bytes, data: bytes) -> bytes:
    return b"<<" + dictionary + b"/Length %d>>stream\n" % len(data) + data + b"\nendstream"


def face_objects(number: int, face: tuple[str, str, str, int], program: bytes, widths: Sequence[int], font: TTFont) -> list[bytes]:
    _, name, tag, flags = face
    scale, head, hhea = 1000 / font["head"].unitsPerEm, font["head"], font["hhea"]
    box = " ".join(str(round(v * scale)) for v in (head.xMin, head.yMin, head.xMax, head.yMax))
    base = f"{tag}+{name}"
    dictionary = (
        f"<</Type/Font/Subtype/TrueType/BaseFont/{base}/FirstChar 0/LastChar 255/Widths[{' '.join(map(str, widths))}]"
        f"/FontDescriptor {number + 1} 0 R/ToUnicode 16 0 R>>"
    )
    descriptor = (
        f"<</Type/FontDescriptor/FontName/{base}/Flags {flags}/FontBBox[{box}]"
        f"/ItalicAngle {-12 if flags & 64 else 0}/Ascent {round(hhea.ascent * scale)}"
        f"/Descent {round(hhea.descent * scale)}/CapHeight 662/StemV {120 if 'Bold' in name else 80}/FontFile2 {number + 2} 0 R>>"
    )
    packed = zlib.compress(program, 9)
    return [dictionary.encode(), descriptor.encode(), stream(b"/Length1 %d/Filter/FlateDecode" % len(program), packed)]


def appearance(width: float, height: float, drawing: bytes) -> bytes:
    box = b"/Type/XObject/Subtype/Form/BBox[0 0 %.2f %.2f]/Resources<</Font<</R 4 0 R/I 10 0 R>>>>" % (width, height)
    return stream(box, drawing)


def build(fonts: Path, dictionary: bytes) -> bytes:
    """The bytes of the template file: magic, one JSON line (tables), then the prefix of every letter."""
    codes = code_table()
    full = [c for c in codes if c != "\0"]
    objects: list[bytes] = [CATALOG, b"<</Type/Pages/Count 1/Kids[18 0 R]>>", ACROFORM]
    widths: dict[str, list[int]] = {}
    for index, face in enumerate(FACES):
        text = BOLD_ITALIC_TEXT if face[0] == "BI" else full
        program, widths[face[0]], font = subset_font(fonts / f"{face[1]}.ttf", codes, text)
        objects += face_objects(4 + 3 * index, face, program, widths[face[0]], font)
    blank = b"/Tx BMC q BT /I 13 Tf 0 4.5 Td (%s) Tj ET Q EMC" % bytes(codes.index(c) for c in "ngày        tháng        năm ")
    objects += [
        stream(b"/Filter/FlateDecode", zlib.compress(to_unicode(codes), 9)),
        FILESPEC,
        PAGE,
        appearance(*NUMBER_FIELD, b"/Tx BMC EMC"),
        appearance(*DATE_FIELD, blank),
    ]
    prefix, offsets = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(prefix))
        prefix += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    tables = {
        "layout": 1,
        "codes": codes,
        "widths": widths,
        "offsets": offsets,
        "outline_units": OUTLINE_UNITS,
        "outlines": seal_outlines(fonts / "Arimo-Bold.ttf", codes),
        "dictionary": base64.b64encode(dictionary).decode(),
    }
    return MAGIC + json.dumps(tables, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode() + b"\n" + prefix


def main() -> None:
    fonts, dictionary, out = (Path(argument) for argument in sys.argv[1:])
    data = build(fonts, dictionary.read_bytes())
    target = out / f"{hashlib.sha256(data).hexdigest()}.template"
    target.write_bytes(data)
    print(target, len(data), "bytes, prefix", len(data) - data.index(b"%PDF-1.7"))


if __name__ == "__main__":
    main()
