"""What a run does to its process's memory is undone when it ends."""

import gc
import sys
import weakref
from collections.abc import Iterator

import pytest

from scenarios import memory
from scenarios.memory import give_back, seldom

MEGABYTE = 1 << 20


@pytest.fixture
def nothing_aside() -> Iterator[None]:
    """What the tests' own process has set aside (tests/conftest.py) is not, for this test."""
    gc.unfreeze()
    yield
    gc.freeze()


class Cell:
    """Something that a finished run leaves in a cycle."""


@pytest.mark.usefixtures("nothing_aside")
def test_what_an_earlier_run_left_is_not_set_aside_with_the_next_one() -> None:
    """Else a process that plays world after world keeps them all: five megabytes for each toy world."""
    cell = Cell()
    cell.itself = cell  # type: ignore[attr-defined]
    left = weakref.ref(cell)
    gc.disable()
    try:
        del cell
        assert left() is not None
        with seldom() as set_aside:
            set_aside()
            assert left() is None
    finally:
        gc.enable()


@pytest.mark.usefixtures("nothing_aside")
def test_thresholds_come_back() -> None:
    before = gc.get_threshold()
    with seldom(50_000) as set_aside:
        assert gc.get_threshold() == (50_000, 20, 20)
        set_aside()
        assert gc.get_freeze_count() > 0
    assert (gc.get_threshold(), gc.get_freeze_count()) == (before, 0)


def test_what_the_process_had_set_aside_stays_aside() -> None:
    gc.freeze()
    before = gc.get_freeze_count()
    with seldom() as set_aside:
        held = [[] for _ in range(1000)]  # type: ignore[var-annotated]
        set_aside()
        assert len(held) == 1000
    assert 0 < gc.get_freeze_count() <= before


def test_pages_are_asked_for_when_the_process_has_grown_since_the_last_time(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    sizes = iter([100, 60, 63, 50, 53, 54, 51])
    monkeypatch.setattr(memory, "_TRIM", asked.append)
    monkeypatch.setattr(memory, "_resident", lambda: next(sizes) * MEGABYTE)
    kept = give_back()
    assert (kept, len(asked)) == (60 * MEGABYTE, 1), "the first time always"
    kept = give_back(kept)
    assert (kept, len(asked)) == (60 * MEGABYTE, 1)
    kept = give_back(kept)
    assert (kept, len(asked)) == (50 * MEGABYTE, 1), "what became smaller by itself grows from there"
    kept = give_back(kept)
    assert (kept, len(asked)) == (50 * MEGABYTE, 1)
    kept = give_back(kept)
    assert (kept, len(asked)) == (51 * MEGABYTE, 2)
    assert next(sizes, None) is None


@pytest.mark.skipif(sys.platform != "linux", reason="reads Linux' /proc")
def test_the_size_of_this_process_is_read() -> None:
    before = memory._resident()
    held = b"x" * (32 * MEGABYTE)
    assert 30 * MEGABYTE < memory._resident() - before < 40 * MEGABYTE
    assert len(held) == 32 * MEGABYTE
