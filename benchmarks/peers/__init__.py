"""Other programs that do the axis' work, each in its own virtual environment and process; none is ever imported here."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.rows import Row


def rows(slice_seconds: float) -> Iterator[Row]:
    """In process, over HTTP, and the shape of the pipeline."""
    from benchmarks.peers import pipeline, service, stand

    yield from service.rows()
    yield from pipeline.rows()
    yield from stand.rows(slice_seconds)
