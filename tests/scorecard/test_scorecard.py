"""The public suites give the counts they should, and a difference nobody wrote a reason for is seen."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from console.cli import app
from console.locale import LANGUAGES, catalogue
from console.scorecard import head, line, remarks, scorecard
from tests.scorecard import suites
from tests.scorecard.chains import CSV_REASONS, ocsp_delegation, pkits_by_index, pkits_by_number, pkits_rows
from tests.scorecard.model import VECTORS, Difference, Score, score
from tests.scorecard.wycheproof import WYCHEPROOF


def counts(one: Score) -> tuple[int, int, list[str], int]:
    assert one.whole
    assert not one.undocumented
    return one.carried, one.agreed, [gap.case for gap in one.differences], len(one.excluded)


def test_pkits_by_index() -> None:
    assert counts(pkits_by_index()) == (246, 246, [], 0)


def test_pkits_by_number() -> None:
    """The one row that carries OpenSSL's own failure is the one difference."""
    assert counts(pkits_by_number()) == (247, 246, list(CSV_REASONS), 0)
    assert len({row["test"] for row in pkits_rows()}) == 247


def test_ocsp() -> None:
    assert counts(ocsp_delegation()) == (29, 29, [], 0)


@pytest.mark.parametrize(("position", "size"), list(enumerate((259, 259, 258, 484, 151))))
def test_wycheproof(position: int, size: int) -> None:
    assert counts(WYCHEPROOF[position]()) == (size, size, [], 0)


def test_counting() -> None:
    found = score(
        "s", "from", {"a": None, "b": ("x", "y"), "c": ("x", "y"), "d": None}, {"b": "because", "d": "was so once"}, {"e": "not ours"}
    )
    assert (found.carried, found.agreed) == (5, 2)
    assert found.undocumented == (Difference("c", "x", "y", ""), Difference("d", "", "agrees now: take its reason away", ""))
    assert not found.whole
    assert score("s", "from", {"a": None, "b": ("x", "y")}, {"b": "because"}, {"e": "not ours"}).whole


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_table_tells_every_difference(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], lang: str) -> None:
    text = catalogue(lang)
    monkeypatch.setattr(suites, "SUITES", (lambda: score("one", "x", {"a": ("so", "otherwise")}, {"a": "because"}),))
    assert scorecard(text) == 0
    assert (
        text("scorecard.difference", suite="one", case="a", found=text("scorecard.found", wanted="so", found="otherwise"), reason="because")
        in capsys.readouterr().out
    )
    monkeypatch.setattr(suites, "SUITES", (lambda: score("one", "x", {"a": ("so", "otherwise")}, {}, {"b": "not ours"}),))
    assert scorecard(text) == 1
    told = capsys.readouterr().out
    assert text("scorecard.no-reason") in told
    assert text("scorecard.excluded", suite="one", case="b", why="not ours") in told


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_columns_have_room_for_their_words(lang: str) -> None:
    text = catalogue(lang)
    one = score("PKITS, expected.csv", "SOURCE", dict.fromkeys(map(str, range(1234))), {})
    above, below = head(text), line(one, text)
    assert above.index(text("word.suite-source")) == below.index("SOURCE")
    for count, word in ((text.number(1234), "agreed-with"), (" 0 ", "left-out")):
        assert below.rindex(count) + len(count.rstrip()) == above.index(text(f"word.{word}")) + len(text(f"word.{word}"))


def every_score() -> list[Score]:
    """As they are told of, with the differences that could come."""
    gaps = {
        "a": ("valid", "refused by our validation with REVOKED_NO_POE: the signing certificate was revoked (CRLReason 1)"),
        "b": ("RevokedError", "valid with 3 certificates"),
        "c": ("invalid (why)", "accepted"),
        "d": ("valid (why)", "refused"),
    }
    return [pkits_by_index(), pkits_by_number(), ocsp_delegation(), WYCHEPROOF[0](), score("s", "from", gaps, {"e": "was so once"})]


def test_every_sentence_has_its_words_in_both_languages() -> None:
    scores = every_score()
    english, vietnamese = (
        " ".join("\n".join([*(line(one, text) for one in scores), *remarks(scores, text)]).split()) for text in map(catalogue, LANGUAGES)
    )
    for one in scores[:-1]:
        codes = {f"scorecard-note.{note}" for note in one.notes} | {f"scorecard-reason.{gap.reason}" for gap in one.differences}
        assert codes <= catalogue("en").texts.keys()
    assert "OCSP delegation" in english
    assert "Reason: The row carries OpenSSL's result" in english
    words = re.findall(
        r"\b(?:the|was|and|with|expected|found|valid|invalid|accepted|refused|reason|numbering|index|take)\b(?!\.csv)", vietnamese
    )
    assert words == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_command(monkeypatch: pytest.MonkeyPatch, lang: str) -> None:
    monkeypatch.setattr(suites, "SUITES", (ocsp_delegation,))
    done = CliRunner().invoke(app, ["scorecard", "--lang", lang])
    assert done.exit_code == 0
    assert catalogue(lang)("scorecard-suite.ocsp-delegation") in done.output


def test_an_installed_copy_says_where_the_suites_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert scorecard(catalogue("en"), tmp_path) == 3
    assert "source repository" in capsys.readouterr().err


def test_the_data_name_source_and_licence() -> None:
    readme = (VECTORS / "README.md").read_text("utf-8")
    assert all(f"`{folder.name}`" in readme for folder in VECTORS.iterdir() if folder.is_dir())
