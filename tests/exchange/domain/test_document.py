"""Document types, notation and numbering after Decree 30/2020."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.domain.document import (
    GENERAL,
    SECRET,
    TYPES,
    Numbering,
    Secrecy,
    Urgency,
    document_type,
    format_number,
    notation,
    split_code,
    type_from_edxml,
)
from exchange.errors import InvalidNumber, UnknownDocumentType


def test_there_are_29_types_and_two_carry_no_abbreviation() -> None:
    assert len(TYPES) == 29
    assert {t.name for t in TYPES.values() if not t.abbreviation} == {"Công văn", "Thư công"}
    assert len({t.detail for t in TYPES.values()}) == 29


@pytest.mark.parametrize(
    ("code", "organ", "unit", "number", "printed"),
    [
        ("QĐ", "BNV", "", 15, "15/QĐ-BNV"),
        ("CV", "UBND", "VX", 12, "12/UBND-VX"),
        ("TTr", "STC", "", 7, "07/TTr-STC"),
        ("CV", "SNV", "", 104, "104/SNV"),
    ],
)
def test_number_and_notation_read_as_the_decree_prints_them(code: str, organ: str, unit: str, number: int, printed: str) -> None:
    made = f"{format_number(number)}/{notation(document_type(code), organ, unit)}"
    assert made == printed
    assert split_code(made) == (format_number(number), notation(document_type(code), organ, unit))


@pytest.mark.parametrize("bad", ["QĐ UBND", "A/B", ""])
def test_a_group_of_a_notation_holds_no_blank_and_no_slash(bad: str) -> None:
    with pytest.raises(InvalidNumber):
        notation(document_type("QĐ"), bad)


@pytest.mark.parametrize("bad", ["12", "/QĐ-UBND", "12/ "])
def test_a_code_without_one_of_its_halves_is_refused(bad: str) -> None:
    with pytest.raises(InvalidNumber):
        split_code(bad)


def test_unknown_types_and_numbers_below_one_are_refused() -> None:
    with pytest.raises(UnknownDocumentType):
        document_type("XX")
    with pytest.raises(InvalidNumber):
        format_number(0)


@given(st.lists(st.tuples(st.integers(2020, 2022), st.sampled_from([GENERAL, SECRET])), max_size=40))
def test_numbers_run_from_one_per_year_and_series_without_gap(asked: list[tuple[int, str]]) -> None:
    numbering, given_numbers = Numbering(), dict[tuple[int, str], list[int]]()
    for year, series in asked:
        number, numbering = numbering.next(year, series)
        given_numbers.setdefault((year, series), []).append(number)
    for numbers in given_numbers.values():
        assert numbers == list(range(1, len(numbers) + 1))


def test_types_are_recognised_by_name_before_vendor_numbers() -> None:
    assert type_from_edxml(1, 0, "Công văn") is TYPES["CV"]
    assert type_from_edxml(2, 2, "") is TYPES["QĐ"]
    assert type_from_edxml(2, 10, "QUYẾT ĐỊNH") is TYPES["QĐ"]
    assert type_from_edxml(1, 2, "Luật") is None
    for one in TYPES.values():
        assert type_from_edxml(2, one.detail, one.name) is one


def test_marks_are_what_is_drawn() -> None:
    assert [u.mark for u in Urgency] == ["", "KHẨN", "THƯỢNG KHẨN", "HỎA TỐC", "HỎA TỐC HẸN GIỜ"]
    assert not Secrecy("")
    assert Secrecy("TỐI MẬT") is Secrecy.TOP_SECRET
