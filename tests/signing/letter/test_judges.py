"""A genuine letter before its outside judges: pdfsig, pyHanko, OpenSSL, and pdftotext for what a reader sees."""

from __future__ import annotations

import subprocess
from pathlib import Path

from signing.formats.letter.template import load_template
from tests.judges import needs_openssl, needs_pdfsig, needs_pyhanko
from tests.signing.letter import judges, lab


@needs_pdfsig
def test_pdfsig_calls_both_signatures_valid_and_trusted(tmp_path: Path) -> None:
    said = judges.pdfsig(lab.whole(), tmp_path)
    assert said.count("Signature is Valid") == 2
    assert said.count("Certificate is Trusted") == 2
    assert said.count("Not total document signed") == 1
    assert said.count("Total document signed") == 1
    assert "ETSI.CAdES.detached" in said


@needs_pyhanko
def test_pyhanko_trusts_both_and_sees_only_form_filling() -> None:
    leader, seal = judges.pyhanko_verdicts(lab.whole())
    assert leader.bottom_line
    assert leader.modification_level.name == "FORM_FILLING"
    assert leader.coverage.name == "ENTIRE_REVISION"
    assert leader.diff_result.changed_form_fields == {"so", "ngay_ban_hanh", "dau_co_quan"}
    assert seal.bottom_line
    assert seal.modification_level.name == "NONE"
    assert seal.coverage.name == "ENTIRE_FILE"


@needs_openssl
def test_openssl_accepts_both_extracted_signatures(tmp_path: Path) -> None:
    answers = judges.openssl_cades(lab.whole(), tmp_path)
    assert len(answers) == 2
    assert all("CAdES Verification successful" in answer for answer in answers)


def pdftotext(data: bytes, folder: Path) -> str:
    path = folder / "letter.pdf"
    path.write_bytes(data)
    done = subprocess.run(["pdftotext", str(path), "-"], capture_output=True, check=True, timeout=60)
    assert done.stderr == b""
    return " ".join(done.stdout.decode().split())


@needs_pdfsig
def test_text_extracts_with_its_diacritics(tmp_path: Path) -> None:
    text = pdftotext(lab.whole(), tmp_path)
    for paragraph in lab.CONTENT.paragraphs:
        assert paragraph in text
    assert "Hòa Bình, ngày 27 tháng 9 năm 2021" in text
    assert "Số: 107 /UBND-KGVX" in text
    assert "ỦY BAN NHÂN DÂN TỈNH HÒA BÌNH" in text
    assert "Nguyễn Văn Ánh" in text


@needs_pdfsig
def test_whole_alphabet_extracts(tmp_path: Path) -> None:
    template = load_template()
    chars = [char for char in sorted(template.faces["R"]._widths.chars) if char != " "]
    assert len(chars) > 240
    rows = tuple("chữ " + "".join(chars[i : i + 20]) + " hết" for i in range(0, len(chars), 20))
    text = pdftotext(lab.write(paragraphs=rows), tmp_path)
    for row in rows:
        assert row in text


@needs_pdfsig
def test_the_metadata_is_an_attachment_anyone_can_take_out(tmp_path: Path) -> None:
    path = tmp_path / "letter.pdf"
    path.write_bytes(lab.whole())
    subprocess.run(["pdfdetach", "-saveall", "-o", str(tmp_path), str(path)], check=True, capture_output=True, timeout=60)
    assert (tmp_path / "van-ban.json").read_bytes() == lab.CONTENT.canonical()
