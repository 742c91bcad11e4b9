"""edXML packages on the command line: each letter and annex with its own verdict, and the header held against the letter."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import replace
from pathlib import Path

import pytest

from exchange.domain.lifecycle import StatusCode
from tests.console.verify_lab import truc, write_trust
from tests.exchange.axis.field import ANNEX, DEPARTMENT, DISTRICT, PROVINCE, START, Doc, pki, report

DOC = Doc(PROVINCE, (DEPARTMENT, DISTRICT), "7", annexes=(ANNEX,))
AT = "2021-09-27T12:00"


@pytest.fixture
def trust(tmp_path: Path) -> Path:
    return write_trust(tmp_path / "trust", pki().evidence(START))


def judged(package: bytes, folder: Path, trust: Path, *more: str) -> tuple[int, str]:
    (folder / "p.edxml").write_bytes(package)
    answer = truc(folder / "p.edxml", "--trust", trust, "--at", AT, *more)
    assert answer.exit_code in (0, 1), answer.output
    return answer.exit_code, answer.stdout


def test_a_good_package_passes_with_its_letter_and_its_annex(tmp_path: Path, trust: Path) -> None:
    code, stdout = judged(DOC.package(), tmp_path, trust, "--json")
    (found,) = json.loads(stdout)["files"]
    assert code == 0
    assert found["kind"] == "edxml"
    kinds = [(part["name"], part["kind"], part["content"], part["verdict"], len(part["signatures"])) for part in found["documents"]]
    assert kinds == [
        ("letter.pdf", "letter", "", "passed", 2),
        ("annex1.csv.p7s", "cms-detached", "annex1.csv", "passed", 1),
    ]
    assert [check["name"] for check in found["checks"]] == ["header"]
    _, shown = judged(DOC.package(), tmp_path, trust)
    assert "The package's header says what the signed letter says." in shown


def test_a_header_against_its_letter_fails_though_every_signature_holds(tmp_path: Path, trust: Path) -> None:
    code, stdout = judged(replace(DOC, others={"number": "8"}).package(), tmp_path, trust)
    words = " ".join(stdout.split())
    assert code == 1
    assert "FAILED The number in the package's header is not the one in the signed letter." in words
    assert "the header gives number 8, the letter 07" in words
    assert "Rely on the letter; return the package to the sender." in words


def test_a_changed_annex_fails_by_itself(tmp_path: Path, trust: Path) -> None:
    package = DOC.package()
    good, changed = (b64encode(data) for data in (ANNEX, ANNEX.replace(b"1", b"9")))
    assert package.count(good) == 1
    code, stdout = judged(package.replace(good, changed), tmp_path, trust, "--json")
    (found,) = json.loads(stdout)["files"]
    assert code == 1
    reasons = [(part["verdict"], part["reason"] and part["reason"]["code"]) for part in found["documents"]]
    assert reasons == [("passed", None), ("failed", "HASH_FAILURE")]


def test_a_status_package_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "s.edxml").write_bytes(report(DEPARTMENT, DOC, StatusCode.ARRIVED))
    answer = truc(tmp_path / "s.edxml")
    assert answer.exit_code == 2
    assert "carries no signed document" in answer.stderr
