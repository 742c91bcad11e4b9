"""The public suites give the counts they should, and a difference nobody wrote a reason for is seen."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from console.cli import app
from console.locale import catalogue
from console.scorecard import scorecard
from tests.scorecard import table as whole
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
    found = score("s", "from", {"a": "", "b": "no", "c": "no", "d": ""}, {"b": "because", "d": "was so once"}, {"e": "not ours"})
    assert (found.carried, found.agreed) == (5, 2)
    assert found.undocumented == (Difference("c", "no", ""), Difference("d", "agrees now: take its reason away", ""))
    assert not found.whole
    assert score("s", "from", {"a": "", "b": "no"}, {"b": "because"}, {"e": "not ours"}).whole


def test_the_table_tells_every_difference(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(whole, "SUITES", (lambda: score("one", "x", {"a": "no"}, {"a": "because"}),))
    assert whole.main() == 0
    assert "one, a: no. Reason: because" in capsys.readouterr().out
    monkeypatch.setattr(whole, "SUITES", (lambda: score("one", "x", {"a": "no"}, {}),))
    assert whole.main() == 1
    assert "NONE WRITTEN" in capsys.readouterr().out


def test_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whole, "SUITES", (ocsp_delegation,))
    done = CliRunner().invoke(app, ["scorecard"])
    assert done.exit_code == 0
    assert "OCSP delegation" in done.output


def test_an_installed_copy_says_where_the_suites_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert scorecard(catalogue("en"), tmp_path) == 3
    assert "source repository" in capsys.readouterr().err


def test_the_data_name_source_and_licence() -> None:
    readme = (VECTORS / "README.md").read_text("utf-8")
    assert all(f"`{folder.name}`" in readme for folder in VECTORS.iterdir() if folder.is_dir())
