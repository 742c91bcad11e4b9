"""``truc faults``: the list, one fault in both languages, the files with their trust folder, and the document made of it all."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from console.cli import app
from console.faults import document, entries, facts
from console.locale import LANGUAGES, catalogue
from exchange.edxml.reader import read
from scenarios.world.incidents import plannable
from signing import Evidence, FaultCase, SubIndication, fault_named, rule_on
from tests.judges import skip_unread

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = {"en": "faults.md", "vi": "faults.vi.md"}


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["faults", *arguments])
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_list_names_every_fault_once(lang: str) -> None:
    code, out, _ = run("--lang", lang)
    assert code == 0
    listed = [line.split()[0] for line in out.splitlines() if line.startswith("  ")]
    assert listed == [entry.name for entry in entries()]
    assert all(entry.words(lang).title in out for entry in entries())


def test_a_fault_is_explained_in_the_language_asked_for() -> None:
    code, out, _ = run("seal-missing", "--lang", "vi")
    assert code == 0
    assert "Thiếu chữ ký số của cơ quan" in out
    assert "văn thư" in out
    assert "signatures-present" in run("seal-missing", "--lang", "en")[1]


def test_a_name_there_is_not_is_answered_with_the_nearest() -> None:
    code, out, err = run("seal-mising", "--lang", "en")
    assert (code, out) == (2, "")
    assert "did you mean seal-missing?" in err


@pytest.mark.parametrize(
    ("name", "lang", "said"),
    [
        ("signer-revoked", "en", "Others: pyHanko: refuses signature 1, accepts signature 2"),
        ("signer-revoked", "vi", "Công cụ khác: pyHanko: từ chối chữ ký 1, chấp nhận chữ ký 2"),
        ("sound-letter", "en", "Others: pyHanko: accepts each of the 2 signatures"),
        ("two-signers", "en", "Others: OpenSSL: accepts; pyHanko: refuses"),
    ],
)
def test_what_others_say_of_each_signature_is_told_apart(name: str, lang: str, said: str) -> None:
    assert f"  {said}" in run(name, "--lang", lang)[1].splitlines()


def test_whoever_reads_of_a_fault_learns_whether_a_world_can_plan_it() -> None:
    told = {
        entry.name for entry in entries() if f'fault = "{entry.name}"' in dict(facts(entry, catalogue("en"))).get("In a world file", "")
    }
    assert told == set(plannable())
    assert len(told) > 20


def artefacts(folder: Path) -> tuple[bytes, ...]:
    return tuple(path.read_bytes() for path in sorted(folder.iterdir(), key=lambda path: int(path.stem)))


@pytest.mark.parametrize("name", ["signer-revoked", "comment-added", "answer-stale", "anchor-ended", "content-absent"])
def test_what_is_written_is_judged_from_the_files_alone_as_the_entry_says(name: str, tmp_path: Path) -> None:
    out = tmp_path / "case"
    code, _, err = run(name, "--out", str(out), "--lang", "en")
    assert code == 0
    told = json.loads((out / "fault.json").read_text("utf-8"))
    trust = out / "trust"
    folders = ("anchors", "timestamp-anchors", "authorities", "crls", "ocsp")
    evidence = Evidence(*(artefacts(trust / folder) for folder in folders))
    subject, *content = [(out / file).read_bytes() for file in told["files"]]
    policy = (out / "policy.toml").read_bytes() if (out / "policy.toml").exists() else None
    case = FaultCase(subject, datetime.fromisoformat(told["control_time"]), evidence, content[0] if content else None, policy)
    expected = fault_named(name).expected
    ruling = rule_on(case)
    skip_unread(ruling.remarks)
    assert ruling.meets(expected)
    assert str(expected.sub_indication) in told["expected"]
    assert f"truc verify {out / told['files'][0]} --trust {trust} --at {told['control_time']}" in err


def test_a_package_is_written_as_edxml(tmp_path: Path) -> None:
    assert run("annex-unsigned", "--out", str(tmp_path / "case"))[0] == 0
    assert read((tmp_path / "case" / "package.edxml").read_bytes()).edoc.number == "107"


def test_receipts_a_case_stands_on_are_told(tmp_path: Path) -> None:
    assert run("list-issuer-unproven", "--out", str(tmp_path / "case"))[0] == 0
    told = json.loads((tmp_path / "case" / "fault.json").read_text("utf-8"))
    assert len(told["proofs_from_outside"]) == len(fault_named("list-issuer-unproven").build("faults").existence) > 0


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    code, _, err = run("seal-missing", "--out", str(tmp_path), "--lang", "en")
    assert code == 2
    assert "not empty" in err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_printed_document_is_the_catalogue(lang: str) -> None:
    """After a change: ``.venv/bin/python tools/write_faults.py``."""
    assert (ROOT / "docs" / DOCUMENTS[lang]).read_text("utf-8") == document(catalogue(lang))


def test_the_document_shows_a_case_for_every_sub_indication() -> None:
    table = document(catalogue("en")).split("## The 25 sub-indications")[1]
    assert all(f"- `{one}`: `" in table for one in SubIndication)


def test_the_tool_runs_by_itself() -> None:
    code = "import tools.write_faults as tool; assert all(path.exists() for path in tool.DOCUMENTS.values())"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
