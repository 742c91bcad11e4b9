"""Organisation codes in both styles, and what makes a document unique."""

from __future__ import annotations

import pickle
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.domain.identifiers import DocumentKey, OrganId, document_id
from exchange.errors import InvalidNumber, InvalidOrganId

groups = st.tuples(st.from_regex(r"[GH][0-9]{2}", fullmatch=True), st.integers(0, 99), st.integers(0, 99), st.integers(0, 999))


@pytest.mark.parametrize(
    ("text", "canonical", "qcvn"),
    [
        ("000.00.20.H28", "H28.20", "000.00.20.H28"),
        ("H28.20", "H28.20", "000.00.20.H28"),
        ("000.00.00.G22", "G22", "000.00.00.G22"),
        (" h53.13.1 ", "H53.13.01", "000.01.13.H53"),
        ("001.01.07.H53", "H53.07.01.001", "001.01.07.H53"),
        ("28.22.H17", "H17.22.28", "000.28.22.H17"),
        ("002.00.20.H13", "H13.20.00.002", "002.00.20.H13"),
    ],
)
def test_both_styles_and_the_dirty_ones_of_real_directories_are_one_code(text: str, canonical: str, qcvn: str) -> None:
    organ = OrganId.parse(text)
    assert (str(organ), organ.qcvn) == (canonical, qcvn)
    assert OrganId.parse(canonical) == OrganId.parse(qcvn) == organ
    assert hash(OrganId.parse(qcvn)) == hash(organ)


@given(groups)
def test_every_code_survives_both_styles(parts: tuple[str, int, int, int]) -> None:
    root, second, third, fourth = parts
    qcvn = f"{fourth:03d}.{third:02d}.{second:02d}.{root}"
    organ = OrganId.parse(qcvn)
    assert organ.qcvn == qcvn
    assert OrganId.parse(str(organ)) == organ
    assert OrganId(str(organ)) == organ
    assert organ.root == root


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "no level-1 group"),
        ("28.20", "no level-1 group"),
        ("H28.20.01.001.02", "more than four groups"),
        ("H28.2X", "not made of digits"),
        ("H28..01", "not made of digits"),
        ("H28.120", "more than 2 digits"),
        ("H28.20.01.1000", "more than 3 digits"),
        ("H28.٢٠", "not made of digits"),
        ("000.00.20.ı28", "no level-1 group"),  # its capital is the Latin I
        ("ſ28", "no level-1 group"),
    ],
)
def test_malformed_codes_name_their_rule(text: str, rule: str) -> None:
    with pytest.raises(InvalidOrganId, match=rule):
        OrganId.parse(text)


def test_both_styles_give_the_same_object() -> None:
    """A directory then finds it without comparing texts."""
    assert OrganId.parse("000.00.20.H28") is OrganId.parse("H28.20") is OrganId.parse(" h28.20 ")


def test_a_code_is_born_canonical() -> None:
    with pytest.raises(InvalidOrganId, match="canonical"):
        OrganId("000.00.20.H28")


@given(st.text(max_size=24))
def test_parsing_refuses_or_gives_a_canonical_code(text: str) -> None:
    try:
        organ = OrganId.parse(text)
    except InvalidOrganId:
        return
    assert OrganId.parse(organ.qcvn) == organ


def test_parents_sort_before_their_units() -> None:
    codes = [OrganId.parse(code) for code in ("H28.20.01", "H28", "H28.20", "G22", "H28.03.02")]
    assert [str(code) for code in sorted(codes)] == ["G22", "H28", "H28.03.02", "H28.20", "H28.20.01"]


def test_a_document_exists_once_a_year_whatever_its_spelling() -> None:
    sender = OrganId.parse("H28.20")
    one = DocumentKey.of(sender, "07", "QĐ-UBND", date(2021, 9, 27))
    assert one == DocumentKey.of(OrganId.parse("000.00.20.H28"), " 7", "QD\u0335-UBND".replace("D\u0335", "Đ"), date(2021, 12, 31))
    assert one != DocumentKey.of(sender, "7", "QĐ-UBND", date(2022, 1, 1))
    with pytest.raises(InvalidNumber):
        DocumentKey.of(sender, "7", " ", date(2021, 1, 1))


def test_document_id_is_spelt_as_in_the_samples() -> None:
    assert document_id(OrganId.parse("G22"), date(2015, 9, 30), "7816", "VPCP-TTĐT") == "000.00.00.G22,2015/09/30,7816/VPCP-TTĐT"


def test_errors_survive_pickling() -> None:
    error = InvalidOrganId("X", "no rule")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again)) == (InvalidOrganId, str(error))
