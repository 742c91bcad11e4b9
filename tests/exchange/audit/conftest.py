"""One archive for all audits that only look at it, built through the real axis with real letters."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from exchange.checkpoints import CheckpointFile, read_checkpoint
from tools.drill_archive import Field, build_archive


@dataclass(frozen=True)
class Archive:
    path: Path
    field: Field
    outside: CheckpointFile


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """A hundred and twenty documents with their statuses, refusals and negotiations, sealed three times."""
    path, field = tmp_path_factory.mktemp("archive") / "axis.db", Field("audit tests")
    return Archive(path, field, read_checkpoint(build_archive(path, field, 120, "1")))
