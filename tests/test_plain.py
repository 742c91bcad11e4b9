"""What a clone has is less than what CI installs: the environment that shows the difference, and where it is looked for."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

from tests.conftest import NOT_PLAIN, PLAIN
from tools.plain_environment import locked, make

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements" / "test.txt"
LOOKING = ("console/", "exchange/audit/archive.py", "signing/formats/pdf.py", "workers/")
"""What ``--plain`` runs the tests of: code that finds out whether a package is here."""
IN_THE_LOCK = {"scenarios/load/loop.py": "uvloop"}


def test_an_environment_has_what_its_lock_names_and_nothing_else(tmp_path: Path) -> None:
    """Pytest and its plugins run in it; a package that only CI has cannot be imported, nor found by those who look."""
    names = make(LOCK, tmp_path / "plain")
    assert {"pytest", "cryptography", "sqlalchemy"} <= set(names)
    look = (
        "import importlib.util as u, pytest, sqlalchemy, cryptography.x509, console; print(*map(u.find_spec, ('celery', 'pyhanko', 'pip')))"
    )
    python = tmp_path / "plain" / "bin" / "python"
    said = subprocess.run([python, "-P", "-c", look], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (said.returncode, said.stdout) == (0, "None None None\n"), said.stderr


def test_a_lock_of_other_versions_is_refused(tmp_path: Path) -> None:
    """An environment that is not the lock's would prove nothing."""
    lock = tmp_path / "lock.txt"
    lock.write_text("pytest==0.1 \\\n    --hash=sha256:00\n")
    tool = [sys.executable, "tools/plain_environment.py", str(lock), str(tmp_path / "plain")]
    said = subprocess.run(tool, capture_output=True, text=True, cwd=ROOT, check=False)
    wanted = f"pytest is {distribution('pytest').version} here, and {lock} asks for 0.1: run ./truc ci-install\n"
    assert (said.returncode, said.stderr) == (1, wanted)
    assert locked(lock) == {"pytest": "0.1"}


def test_who_looks_for_a_package_is_among_those_tried_without() -> None:
    """A new place that does belongs into ``LOOKING``, and its tests into ``PLAIN``."""
    found = set()
    for package in ("console", "scenarios", "workers", "exchange", "signing"):
        for path in sorted((ROOT / package).rglob("*.py")):
            if any(map(_looks, ast.walk(ast.parse(path.read_text("utf-8"))))):
                found.add(path.relative_to(ROOT).as_posix())
    assert {"console/up/before.py", "console/session.py", "signing/formats/pdf.py"} <= found
    assert {path for path in found if not path.startswith(LOOKING)} == set(IN_THE_LOCK)
    assert set(IN_THE_LOCK.values()) <= set(locked(LOCK))
    assert {"tests/console/", "tests/workers/", "tests/exchange/audit/test_stores.py", "tests/signing/formats/test_pdf.py"} <= set(PLAIN)
    assert [path for path in (*PLAIN, *NOT_PLAIN) if not (ROOT / path).exists()] == []


def _looks(node: ast.AST) -> bool:
    if isinstance(node, ast.ExceptHandler):
        return node.type is not None and "ImportError" in ast.unparse(node.type)
    return isinstance(node, ast.Call) and ast.unparse(node.func).endswith("find_spec")
