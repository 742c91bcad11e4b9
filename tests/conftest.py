"""What holds for every test: outside judges are asked where they are, and under ``TRUC_NO_SKIPS=1`` no test may be skipped."""

from __future__ import annotations

import gc
from collections.abc import Generator, Iterator
from functools import cache
from pathlib import Path
from typing import TypeVar

import pytest
import typer.testing
from hypothesis import settings

from exchange.store import schema
from tests import empty_databases
from tests.judges import JUDGES, NO_SKIPS, needs_postgres
from tests.servers import Postgres, Valkey, postgres_server, valkey_server

settings.register_profile("shared machine", deadline=None)  # how long an example takes is no rule of the program
settings.load_profile("shared machine")
typer.testing._get_command = cache(typer.testing._get_command)  # ours is built from all its signatures: 0.12 s each time a test runs it
PLAIN = (
    "tests/console/", "tests/workers/", "tests/exchange/audit/test_stores.py", "tests/signing/formats/test_pdf.py", "tests/test_plain.py",
)  # fmt: skip
"""Where what we install meets what may be absent: tests that ``--plain`` runs. It collects all, so that an import none can follow shows."""
_SLOW = ("admin/", "test_auditor.py", "test_faults.py", "test_lasting.py", "test_locale.py", "test_negotiations.py", "test_reports.py")
NOT_PLAIN = tuple(f"tests/console/{name}" for name in (*_SLOW, "test_verify_words.py"))
"""Of these the ones that take long and look for nothing."""
Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--plain``, for an environment of the tests' lock alone (tools/plain_environment.py)."""
    parser.addoption("--plain", action="store_true", help="collect all tests, run those of what looks for packages that may be absent")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Under ``--plain`` leave the others out."""
    if config.getoption("--plain"):
        kept = [item for item in items if item.nodeid.startswith(PLAIN) and not item.nodeid.startswith(NOT_PLAIN)]
        names = {item.nodeid for item in kept}
        config.hook.pytest_deselected(items=[item for item in items if item.nodeid not in names])
        items[:] = kept


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Half a million objects of modules and tests stay to the end; looking at them again for garbage takes half a second each time."""
    schema.upgrade = empty_databases.upgrade
    gc.collect()
    gc.freeze()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip by name a test whose judge is absent; the hooks below turn that into a failure where nothing may be skipped."""
    for mark in item.iter_markers("needs_judge"):
        judge = JUDGES[mark.args[0]]
        if not judge.is_here():
            pytest.skip(judge.sentence)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A skip is a failure under ``TRUC_NO_SKIPS=1``."""
    report = yield
    return _without_skip(report)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a whole module that skips itself while it is collected."""
    report = yield
    return _without_skip(report)


def _without_skip(report: Report) -> Report:
    if NO_SKIPS and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"TRUC_NO_SKIPS is set, and this was skipped: {reason}"
    return report


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A real PostgreSQL server; tests that use it carry ``needs_postgres``."""
    with postgres_server() as server:
        yield server


@pytest.fixture(params=["file", pytest.param("postgres", marks=needs_postgres)])
def shared_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database that several threads or processes can be at; one in memory is a single connection's."""
    return str(request.getfixturevalue("postgres_url")) if request.param == "postgres" else f"sqlite:///{tmp_path / 'axis.db'}"


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """An empty axis' database, at the newest schema."""
    with postgres.database() as url:
        yield url


@pytest.fixture(scope="session")
def valkey() -> Iterator[Valkey]:
    """A real broker; tests that use it carry ``needs_valkey``."""
    with valkey_server() as server:
        yield server
