"""What a document is: 29 types, notation, numbering, urgency, secrecy, signing capacity (Decree 30/2020/NĐ-CP, Annexes I and III)."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from functools import lru_cache
from types import MappingProxyType

from exchange.errors import InvalidNumber, UnknownDocumentType


@dataclass(frozen=True, slots=True)
class DocumentType:
    """One of the 29 administrative document types (Decree 30 Art. 7, Annex III)."""

    code: str
    """Key in Trục: the abbreviation, or ``CV`` and ``ThC`` for the two types that have none."""
    name: str
    abbreviation: str
    """As it stands in a notation; empty for công văn and thư công."""
    detail: int
    """edXML TypeDetail within Type 2, administrative (QCVN 102 SĐ1:2022 group B; 10–17 and above 26 are assumptions)."""


def _types() -> Mapping[str, DocumentType]:
    rows = (
        ("NQ", "Nghị quyết (cá biệt)", 1), ("QĐ", "Quyết định", 2), ("CT", "Chỉ thị", 3), ("QC", "Quy chế", 4), ("QyĐ", "Quy định", 5),
        ("TC", "Thông cáo", 6), ("TB", "Thông báo", 7), ("HD", "Hướng dẫn", 8), ("CTr", "Chương trình", 9), ("KH", "Kế hoạch", 10),
        ("PA", "Phương án", 11), ("ĐA", "Đề án", 12), ("DA", "Dự án", 13), ("BC", "Báo cáo", 14), ("BB", "Biên bản", 15),
        ("TTr", "Tờ trình", 16), ("HĐ", "Hợp đồng", 17), ("CV", "Công văn", 18), ("CĐ", "Công điện", 19), ("BGN", "Bản ghi nhớ", 20),
        ("BTT", "Bản thỏa thuận", 22), ("GUQ", "Giấy ủy quyền", 24), ("GM", "Giấy mời", 25), ("GGT", "Giấy giới thiệu", 26),
        ("GNP", "Giấy nghỉ phép", 27), ("PG", "Phiếu gửi", 28), ("PC", "Phiếu chuyển", 29), ("PB", "Phiếu báo", 30),
        ("ThC", "Thư công", 31),
    )  # fmt: skip
    bare = {"CV", "ThC"}
    return MappingProxyType({code: DocumentType(code, name, "" if code in bare else code, detail) for code, name, detail in rows})


TYPES: Mapping[str, DocumentType] = _types()
ADMINISTRATIVE = 2
"""edXML DocumentType/Type of every type here (1 = legal normative, 2 = administrative)."""
COPIES = MappingProxyType({"SY": "Sao y", "TrS": "Trích sao", "SL": "Sao lục"})
_BY_NAME = {document_type.name.casefold(): document_type for document_type in TYPES.values()} | {"nghị quyết": TYPES["NQ"]}
_BY_DETAIL = {document_type.detail: document_type for document_type in TYPES.values()}


def document_type(code: str) -> DocumentType:
    """The type under its code. Raises :class:`UnknownDocumentType`."""
    try:
        return TYPES[code]
    except KeyError:
        raise UnknownDocumentType(code) from None


@lru_cache(maxsize=1024)
def type_from_edxml(type_number: int, detail: int, name: str) -> DocumentType | None:
    """The type an edXML DocumentType means: by name first (vendors disagree on the numbers), then by Type 2 and TypeDetail."""
    found = _BY_NAME.get(unicodedata.normalize("NFC", name).strip().casefold())
    if found is not None:
        return found
    return _BY_DETAIL.get(detail) if type_number == ADMINISTRATIVE else None


def notation(document_type: DocumentType, organ: str, unit: str = "") -> str:
    """Notation after the number: ``QĐ-BNV``; for a công văn organ and drafting unit or field, ``UBND-VX`` (Decree 30 Annex I).

    Raises :class:`InvalidNumber` when a part is empty or holds a blank or a slash.
    """
    parts = (document_type.abbreviation, organ) if document_type.abbreviation else (organ, unit)
    wanted = [part for part in parts if part]
    for part in wanted:
        if "/" in part or part.split() != [part]:
            raise InvalidNumber(part, "groups of a notation hold no blank and no slash")
    if not organ:
        raise InvalidNumber("", "a notation names the issuing organ")
    return "-".join(wanted)


def format_number(number: int) -> str:
    """``7`` → ``07``: numbers below 10 get a leading zero (Decree 30 Annex I). Raises :class:`InvalidNumber` below 1."""
    if number < 1:
        raise InvalidNumber(str(number), "numbers start with 01 on 1 January")
    return f"{number:02d}"


def split_code(code: str) -> tuple[str, str]:
    """``15/QĐ-BNV`` → (``15``, ``QĐ-BNV``). Raises :class:`InvalidNumber` without a slash or with an empty half."""
    number, slash, rest = code.strip().partition("/")
    if not slash or not number.strip() or not rest.strip():
        raise InvalidNumber(code, "number, slash, notation")
    return number.strip(), rest.strip()


GENERAL = "general"
"""Series shared by paper and electronic documents (Decree 30 Art. 15)."""
SECRET = "secret"
"""Series of its own for documents marked secret (Decree 30 Art. 15)."""


@dataclass(frozen=True, slots=True)
class Numbering:
    """Running numbers of one agency: last number given per (year, series). Each year starts with 1; a number is never given twice."""

    last: Mapping[tuple[int, str], int] = field(default_factory=lambda: MappingProxyType({}))

    def next(self, year: int, series: str = GENERAL) -> tuple[int, Numbering]:
        """The next number of the series in that year, and the numbering afterwards."""
        number = self.last.get((year, series), 0) + 1
        return number, Numbering(MappingProxyType({**self.last, (year, series): number}))


_URGENCIES = ("thường", "khẩn", "thượng khẩn", "hỏa tốc", "hỏa tốc hẹn giờ")
_MARKS = ("", *(label.upper() for label in _URGENCIES[1:]))


class Urgency(IntEnum):
    """edXML OtherInfo/Priority; proposed by the drafter, decided by the signer (Decree 30 Annex I)."""

    NORMAL = 0
    URGENT = 1
    VERY_URGENT = 2
    EXPRESS = 3
    TIMED_EXPRESS = 4

    @property
    def label(self) -> str:
        """Vietnamese name."""
        return _URGENCIES[self]

    @property
    def mark(self) -> str:
        """The stamp drawn on the letter; empty for a normal one."""
        return _MARKS[self]


class Secrecy(StrEnum):
    """The mark of a state secret (Law 29/2018/QH14); the value is what is drawn. Anything but NONE never travels by the axis."""

    NONE = ""
    SECRET = "MẬT"
    TOP_SECRET = "TỐI MẬT"
    UTMOST_SECRET = "TUYỆT MẬT"


class Capacity(StrEnum):
    """In whose place a person signs (Decree 30 Art. 13); the value is the printed prefix."""

    HEAD = ""
    ON_BEHALF = "TM."
    ACTING_HEAD = "Q."
    FOR_HEAD = "KT."
    BY_ORDER = "TL."
    BY_DELEGATION = "TUQ."
