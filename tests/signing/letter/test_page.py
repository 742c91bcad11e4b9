"""What cannot be drawn or does not fit is refused when it is written, with the field and its rule."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signing import LetterRefused, read_letter
from signing.formats.letter.drawings import cosine, seal_drawing, signature_drawing, sine
from signing.formats.letter.page import BOTTOM, draw_page
from signing.formats.letter.revisions import date_text, parse_date_text
from signing.formats.letter.template import load_template
from tests.signing.letter import lab

LONG_NAME = "Văn phòng Đoàn đại biểu Quốc hội và Hội đồng nhân dân tỉnh Hòa Bình"


def test_one_page_or_nothing() -> None:
    with pytest.raises(LetterRefused, match=r"page: the letter does not fit on one page: it is [0-9]+ lines too long"):
        lab.write(paragraphs=lab.CONTENT.paragraphs * 8)


@pytest.mark.parametrize(
    ("change", "place", "rule"),
    [
        ({"subject": ""}, "subject", "must not be empty"),
        ({"paragraphs": ()}, "paragraphs", "must not be empty"),
        ({"paragraphs": ("a", "")}, "paragraphs", "1 to 4000 characters"),
        ({"name": "Ủ" * 301}, "name", "at most 300 characters"),
        ({"recipient_ids": ("H28",) * 2001}, "recipient_ids", "at most 2000"),
        ({"addressees": ["Sở Y tế"]}, "addressees", "must be a list"),
        ({"urgency": "GẤP"}, "urgency", "must be one of"),
        ({"secrecy": "mật"}, "secrecy", "must be one of"),
        ({"bloc": "army"}, "bloc", "must be one of"),
        ({"notation": "X" * 40}, "notation", "too long for the number line"),
        ({"place": "một nơi có cái tên rất dài không vừa dòng"}, "place", "too long for the date line"),
        ({"subject": "chữ 漢"}, "text", r"no character U\+6F22"),
        ({"signer_name": unicodedata.normalize("NFD", "Nguyễn")}, "text", r"no character U\+03"),
        ({"position": "A\tB"}, "text", r"no character U\+0009"),
        ({"paragraphs": ("http://" + "a" * 90,)}, "text", "at most 80 characters"),
        ({"name": "M" * 40}, "text", "wider than its line"),
        ({"subject": "\ud800"}, "metadata", "surrogate"),
    ],
)
def test_content_beyond_the_rules_is_refused(change: dict[str, Any], place: str, rule: str) -> None:
    with pytest.raises(LetterRefused, match=rule) as caught:
        lab.write(**change)
    assert caught.value.place == place


@pytest.mark.parametrize("number", ["", "0", "00", "5", "007", "100000", "12a", "１２", " 12", "-1"])
def test_malformed_number_is_refused(number: str) -> None:
    with pytest.raises(LetterRefused, match="two to five digits"):
        lab.PRESS.issue(lab.half(), number, lab.DAY, lab.seal())


def test_only_a_half_signed_letter_is_issued() -> None:
    with pytest.raises(LetterRefused, match="something already follows"):
        lab.PRESS.issue(lab.whole(), "108", lab.DAY, lab.seal())
    with pytest.raises(LetterRefused):
        lab.PRESS.issue(lab.half()[:-1], "108", lab.DAY, lab.seal())


@pytest.mark.parametrize("count", [1, 3, 8, 9, 25])
def test_addressees_beside_listed_or_run_on(count: int) -> None:
    names = tuple(f"Ủy ban nhân dân xã Số {i}" for i in range(count))
    assert read_letter(lab.write(addressees=names, paragraphs=("Kính báo./.",))).content.addressees == names


def test_everything_stays_on_the_page_with_long_names() -> None:
    content = replace(
        lab.CONTENT,
        parent_name=LONG_NAME,
        name=LONG_NAME,
        on_behalf=LONG_NAME.upper(),
        position=LONG_NAME,
        signer_name="Nguyễn Hoàng Phương Thảo",
    )
    page = draw_page(load_template(), content)
    for left, bottom, right, top in (page.number, page.date, page.signature, page.seal):
        assert 30 < left < right < 580
        assert BOTTOM <= bottom < top < 800
    _, number_bottom, number_right, _ = page.number
    assert page.date[1] == number_bottom
    assert number_right < page.date[0]


def test_seal_covers_a_third_of_the_signature_from_the_left() -> None:
    page = draw_page(load_template(), lab.CONTENT)
    assert page.seal[0] < page.signature[0] < page.seal[2]
    overlap = (page.seal[2] - page.signature[0]) / (page.signature[2] - page.signature[0])
    assert overlap == pytest.approx(1 / 3)


def test_signatures_differ_by_signer_and_seals_by_organisation() -> None:
    names = [f"Nguyễn Văn {chr(65 + i)}\nCHỦ TỊCH" for i in range(26)]
    assert len({signature_drawing(name) for name in names}) == 26
    template = load_template()
    seals = {
        seal_drawing(template, name, parent, bloc)
        for name in ("Sở Y tế", LONG_NAME)
        for parent in ("", "UBND tỉnh")
        for bloc in ("state", "party")
    }
    assert len(seals) == 6


def test_sines_are_sines() -> None:
    assert sine(0) == 0
    assert sine(300) == pytest.approx(0.5, abs=1e-14)
    assert cosine(600) == pytest.approx(0.5, abs=1e-14)
    assert sine(900) == pytest.approx(1, abs=1e-14)
    assert sine(2700) == -sine(900)
    assert cosine(1800) == -sine(900)


@given(st.dates(min_value=date(1945, 9, 2), max_value=date(9999, 12, 31)))
def test_dates_read_back(day: date) -> None:
    assert parse_date_text(date_text(day)) == day


@pytest.mark.parametrize(
    "text", ["ngày 5 tháng 3 năm 2021", "ngày 05 tháng 1 năm 2021", "ngày 05 tháng 03 năm 2021", "ngày 31 tháng 4 năm 2021", "05/3/2021"]
)
def test_dates_are_written_one_way_only(text: str) -> None:
    with pytest.raises(LetterRefused):
        parse_date_text(text)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.text(alphabet="aăâbcdđeêghiklmnoôơpqrstuưvxyỄẫệ().\\", min_size=1, max_size=12), min_size=1, max_size=120),
    st.integers(9_000, 40_000),
)
def test_lines_hold_their_words_and_fit(words: list[str], limit: int) -> None:
    face = load_template().faces["R"]
    text = " ".join(words)
    for lines in (face.break_lines(text, limit - 2_000, limit), face.break_evenly(text, limit)):
        assert all(line.width <= limit for line in lines)
        assert b" ".join(line.text for line in lines) == face.line(text).text
        assert sum(line.gaps + 1 for line in lines) == len(words)
        assert sum(line.width for line in lines) + face.space * (len(lines) - 1) == face.line(text).width
    assert len(face.break_evenly(text, limit)) == len(face.break_lines(text, limit, limit))
