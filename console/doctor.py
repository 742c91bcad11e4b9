"""What is here and what is missing, three lines each: what was found, what it is needed for, how to get it."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from console.locale import Text
from scenarios.world.file import WorldFileError, library, question

_LIBRARIES = ("cryptography", "asn1crypto", "pydantic", "rich", "simpy", "sqlalchemy", "typer")
_PROGRAMS = {"openssl": ("version",), "pdfsig": ("-v",)}


@dataclass(frozen=True, slots=True)
class Finding:
    """One part: its name, what was found of it (``None``: missing), what for and how to get it (keys of the catalogue)."""

    title: str
    found: str | None
    purpose: str
    remedy: str
    required: bool


def examine(text: Text) -> Iterator[Finding]:
    """Every part the command line and its tests can use."""
    yield Finding(text("doctor.python"), sys.version.split()[0], "doctor.for.python", "doctor.get.python", required=True)
    for name in _LIBRARIES:
        yield Finding(text("doctor.library", name=name), _installed(name), "doctor.for.library", "doctor.get.library", required=True)
    yield Finding(text("doctor.database"), _database(), "doctor.for.database", "doctor.get.library", required=True)
    yield Finding(text("doctor.scenarios"), _scenarios(), "doctor.for.scenarios", "doctor.get.library", required=True)
    for name, arguments in _PROGRAMS.items():
        yield Finding(text("doctor.judge", name=name), _program(name, arguments), "doctor.for.judge", f"doctor.get.{name}", required=False)
    yield Finding(text("doctor.judge", name="pyhanko"), _installed("pyhanko"), "doctor.for.judge", "doctor.get.pyhanko", required=False)


def report(text: Text) -> tuple[list[str], bool]:
    """The lines to print, and whether everything required is here."""
    lines, whole = [], True
    for finding in examine(text):
        here = finding.found is not None
        lines.append(finding.title)
        lines.append(text("doctor.found", what=finding.found) if here else text("doctor.missing"))
        hint = "" if here else f" — {text('doctor.hint', what=text(finding.remedy)).strip()}"
        lines.append(text("doctor.need", what=text(finding.purpose)) + hint)
        whole = whole and (here or not finding.required)
    return lines, whole


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _database() -> str | None:
    """SQLite's version, if a database can be written in the place for temporary files."""
    try:
        with tempfile.TemporaryDirectory(prefix="truc-") as folder:
            connection = sqlite3.connect(Path(folder) / "probe.db")
            connection.execute("CREATE TABLE probe (x)")
            connection.close()
    except (OSError, sqlite3.Error):
        return None
    return f"SQLite {sqlite3.sqlite_version}, {tempfile.gettempdir()}"


def _scenarios() -> str | None:
    try:
        for name in library():
            question(name)
    except WorldFileError:
        return None
    return ", ".join(library())


def _program(name: str, arguments: tuple[str, ...]) -> str | None:
    path = shutil.which(name)
    if path is None:
        return None
    answer = subprocess.run([path, *arguments], capture_output=True, text=True, check=False)  # noqa: S603 - a fixed program, fixed arguments
    return (answer.stdout or answer.stderr).partition("\n")[0].strip()
