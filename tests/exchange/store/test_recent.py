"""What was lately read is kept within its bound, and only what the database gave."""

from __future__ import annotations

from pathlib import Path

import pytest

from exchange.errors import DamagedBlob
from exchange.store.recent import SMALL, Recent
from tests.exchange.axis.field import DEPARTMENT, DISTRICT, PROVINCE, Doc, at, caller, file_url, open_field, send


def test_the_longest_unused_goes_first_and_the_bound_holds() -> None:
    recent = Recent(100)
    for number in range(4):
        recent.keep(number, bytes(30))
    assert recent.get(0) is None
    assert recent.get(1) == bytes(30)
    recent.keep(4, bytes(30))
    assert recent.get(2) is None
    assert recent.get(1) == bytes(30)
    recent.keep(1, bytes(100))
    assert len(recent) == 100
    assert recent.get(4) is None
    recent.drop(1)
    recent.drop(1)
    assert (len(recent), recent.get(1)) == (0, None)
    recent.keep(1, bytes(100))
    recent.clear()
    assert len(recent) == 0
    assert recent.get(1) is None


def test_large_values_are_given_and_not_kept() -> None:
    recent = Recent(10 * SMALL)
    assert recent.keep(1, bytes(SMALL + 1)) == bytes(SMALL + 1)
    assert recent.get(1) is None
    assert len(recent) == 0


def test_nobody_gets_what_was_submitted_but_what_was_stored(tmp_path: Path) -> None:
    """A letter damaged in the database does not leave it, although its sender handed it in whole a moment ago."""
    axis = open_field(file_url(tmp_path / "axis.db"))
    package = Doc(PROVINCE, (DEPARTMENT, DISTRICT), "5").package()
    send(axis, PROVINCE, package, 0)
    axis.settle(at(60))
    for organ in (DEPARTMENT, DISTRICT, DEPARTMENT):
        (line,) = axis.waiting(caller(organ), at(120))
        (found,) = axis.fetch(caller(organ), [line.package_id], at(120))
        assert found.read() == package
    axis._store.recent.clear()
    with axis._store.writing() as work:
        work._cursor.execute("UPDATE blob SET sha256 = zeroblob(32)")
    (found,) = axis.fetch(caller(DISTRICT), [line.package_id], at(120))
    with pytest.raises(DamagedBlob):
        found.read()
    axis.close()
