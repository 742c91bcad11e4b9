"""What a run does to its process's memory is undone when it ends."""

import gc
import weakref

from scenarios.memory import seldom


class Cell:
    """Something that a finished run leaves in a cycle."""


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


def test_thresholds_come_back() -> None:
    before = gc.get_threshold()
    with seldom(50_000) as set_aside:
        assert gc.get_threshold() == (50_000, 20, 20)
        set_aside()
        assert gc.get_freeze_count() > 0
    assert (gc.get_threshold(), gc.get_freeze_count()) == (before, 0)
