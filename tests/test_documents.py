"""The documents keep their word: what they name exists, and the first steps lead where they say."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "scenarios").rglob("*.md")])
HOUSES = ("signing/", "exchange/", "scenarios/", "console/", "tests/", "docs/", "benchmarks/", "requirements/")


def named_paths(text: str) -> set[str]:
    """Files and folders of this project that a text names in backticks."""
    found = re.findall(r"`([\w./-]+)`", text)
    return {path for path in found if path.startswith(HOUSES)}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_what_a_document_names_exists(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    links = {link.split("#")[0] for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link}
    missing = [link for link in links if link and not (document.parent / link).exists()]
    missing += [path for path in named_paths(text) if not (ROOT / path).exists()]
    assert not missing


def test_the_documents_are_found_and_name_files() -> None:
    assert {"README.md", "CONTRIBUTING.md", "CHANGELOG.md"} <= {document.name for document in DOCUMENTS}
    assert "exchange/domain/lifecycle.py" in named_paths((ROOT / "README.md").read_text(encoding="utf-8"))


def run(*arguments: str) -> tuple[int, int, dict[str, int]]:
    """Documents wholly electronic, of how many, and why the others are not."""
    command = [sys.executable, "-c", "from console.cli import main; main()", "run", *arguments, "--json"]
    done = subprocess.run(command, cwd=ROOT, env=dict(os.environ, PYTHONUTF8="1"), capture_output=True, text=True, check=True)
    record = json.loads(done.stdout)
    wholly = next(measure for measure in record["measures"] if measure["sources"] == ["e11"])
    return wholly["n"], wholly["d"], wholly["causes"]


def test_the_first_steps_lead_where_they_say(tmp_path: Path) -> None:
    """All wholly electronic; without the district's software fewer, and one cause for all the others."""
    electronic, of, _ = run("first-day")
    assert electronic == of > 0
    scenario = (ROOT / "scenarios" / "library" / "first-day.toml").read_text(encoding="utf-8")
    copy = tmp_path / "my-day.toml"
    copy.write_text(scenario.replace('id = "H28.32"\n', 'id = "H28.32"\nsoftware = false\n'), encoding="utf-8")
    electronic, of, causes = run(str(copy))
    assert 0 < electronic < of
    assert causes == {"recipient-not-connected": of - electronic}
