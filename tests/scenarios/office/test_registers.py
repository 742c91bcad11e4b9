"""The offices' database: batches, lookups over batch and file, and a disk that will not take more."""

from __future__ import annotations

from pathlib import Path

import pytest

from exchange.errors import StoreUnavailable
from scenarios.office import registers as module
from scenarios.office.registers import FACTS, MAIL, Registers


def fact(number: int) -> dict[str, object]:
    return {"document": f"d{number}", "recipient": "H28", "kind": "dispatched", "at": number, "package": "p"}


def test_rows_leave_memory_in_batches(tmp_path: Path) -> None:
    """No more than a batch waits, and what is read holds both what was written and what waits."""
    registers = Registers(tmp_path / "offices.db")
    for number in range(2 * module._BATCH + 10):
        registers.add(FACTS, fact(number))
    assert len(registers._waiting) == 10
    assert registers.count(FACTS) == 2 * module._BATCH + 10
    assert sum(1 for _ in registers.sorted_facts()) == 2 * module._BATCH + 10
    registers.close()


def test_a_row_may_change_before_it_was_written(tmp_path: Path) -> None:
    """A change in the same batch as its row finds it; the last change wins."""
    registers = Registers(tmp_path / "offices.db")
    registers.add(MAIL, {"document": "d", "recipient": "H28", "channel": "paper", "state": "on-the-way"})
    for state in ("mail-arrived", "mail-registered"):
        registers.change(MAIL, {"document": "d", "recipient": "H28", "state": state})
    assert registers.count(MAIL, state="mail-registered") == 1
    assert [row["channel"] for row in registers.rows(MAIL)] == ["paper"]
    registers.close()


def test_a_full_disk_is_said_in_one_sentence(tmp_path: Path) -> None:
    """The file may not grow: the house's own error, and what was written before stays readable."""
    registers = Registers(tmp_path / "offices.db")
    registers.add(FACTS, fact(0))
    registers.flush()
    pages = registers._connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    registers._connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    registers._connection.rollback()
    for number in range(1, 1500):
        registers.add(FACTS, fact(number))
    with pytest.raises(StoreUnavailable, match="full"):
        registers.flush()
    registers.close()
    again = Registers(tmp_path / "offices.db")
    assert again.count(FACTS) == 1
    again.close()


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    """Nothing is made in a missing folder."""
    with pytest.raises(StoreUnavailable, match="cannot be opened"):
        Registers(tmp_path / "nowhere" / "offices.db")
