"""The public suites' table: they lie beside the tests in the source repository, so an installed copy can only say where they are."""

from __future__ import annotations

import importlib
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import typer

from console.locale import Text

ROOT = Path(__file__).resolve().parents[1]
_MISSING = 3
_WIDTH = 120
_NAMES, _NUMBERS = 36, 12
"""Widths of the column of suites and of those of counts; the longest word over each is held by a test."""
_WORDS = ("carried", "agreed-with", "differed", "left-out")


class Difference(Protocol):
    """One case on which we differ, as ``tests.scorecard.model`` says it."""

    @property
    def case(self) -> str: ...
    @property
    def wanted(self) -> str: ...
    @property
    def found(self) -> str: ...
    @property
    def reason(self) -> str: ...


class Score(Protocol):
    """What one suite gave, as ``tests.scorecard.model`` says it."""

    @property
    def suite(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def carried(self) -> int: ...
    @property
    def agreed(self) -> int: ...
    @property
    def differences(self) -> Sequence[Difference]: ...
    @property
    def excluded(self) -> Mapping[str, str]: ...
    @property
    def notes(self) -> Sequence[str]: ...
    @property
    def undocumented(self) -> Sequence[Difference]: ...
    @property
    def whole(self) -> bool: ...


def scorecard(text: Text, root: Path = ROOT) -> int:
    """Run all suites and print the table; 0 all accounted for, 1 a difference without a written reason, 3 the suites are not here."""
    if not (root / "tests" / "scorecard" / "suites.py").is_file() or not (root / "tests" / "vectors").is_dir():
        typer.echo(text("scorecard.missing", folder=root / "tests" / "vectors"), err=True)
        return _MISSING
    sys.path.insert(0, str(root))
    try:
        suites = importlib.import_module("tests.scorecard.suites").SUITES
    finally:
        sys.path.remove(str(root))
    typer.echo(head(text))
    scores: list[Score] = []
    for suite in suites:  # some take seconds: each line is printed when its suite has run
        scores.append(suite())
        typer.echo(line(scores[-1], text))
    typer.echo("\n".join(remarks(scores, text)))
    return 1 if any(one.undocumented or not one.whole for one in scores) else 0


def head(text: Text) -> str:
    """The line over the table."""
    return _columns(text("word.suite"), [text(f"word.{word}") for word in _WORDS], text("word.suite-source"))


def line(one: Score, text: Text) -> str:
    """One suite's line."""
    counts = (one.carried, one.agreed, len(one.differences), len(one.excluded))
    return _columns(_suite(one, text), [text.number(count) for count in counts], text.label("scorecard-source", one.source))


def _columns(name: str, counts: Sequence[str], source: str) -> str:
    return f"{name:<{_NAMES}}{''.join(f'{count:>{_NUMBERS}}' for count in counts)}  {source}"


def _suite(one: Score, text: Text) -> str:
    return text.label("scorecard-suite", one.suite)


def remarks(scores: Sequence[Score], text: Text) -> Iterator[str]:
    """The lines beneath the table: the sum, then every difference, every exclusion and every note, wrapped for a screen."""
    agreed, carried = sum(one.agreed for one in scores), sum(one.carried for one in scores)
    unexplained = text.number(sum(len(one.undocumented) for one in scores))
    yield ""
    yield text("scorecard.total", agreed=text.number(agreed), carried=text.number(carried), unexplained=unexplained)
    for one in scores:
        for remark in _told(one, _suite(one, text), text):
            yield ""
            yield from textwrap.wrap(remark, _WIDTH, subsequent_indent="    ", break_long_words=False)


def _told(one: Score, suite: str, text: Text) -> Iterator[str]:
    for gap in one.differences:
        reason = text.label("scorecard-reason", gap.reason) if gap.reason else text("scorecard.no-reason")
        found = text.phrase(gap.found)
        found = text("scorecard.found", wanted=text.phrase(gap.wanted), found=found) if gap.wanted else found
        yield text("scorecard.difference", suite=suite, case=gap.case, found=found, reason=reason)
    for case, why in one.excluded.items():
        yield text("scorecard.excluded", suite=suite, case=case, why=text.label("scorecard-excluded", why))
    for note in one.notes:
        yield text("scorecard.note", suite=suite, note=text.label("scorecard-note", note))
