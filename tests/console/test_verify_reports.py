"""The reports of ``truc verify``: self-contained, escaped, the verdict first, in both languages, on screen and on paper."""

from __future__ import annotations

import json
import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from console.locale import LANGUAGES, catalogue
from tests.console.verify_lab import LETTER_AT, Desk, truc
from tests.judges import needs_chromium, needs_pdfsig, needs_pyhanko, needs_typst


class Outline(HTMLParser):
    """Checks that elements nest, and keeps what is read and what is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "action", "data")]
        if tag not in ("br", "meta"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)


def read(page: str) -> Outline:
    outline = Outline()
    outline.feed(page)
    outline.close()
    assert outline.open == []
    return outline


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_of_a_refused_signature_says_what_is_wrong_since_when_and_what_to_do(desk: Desk, tmp_path: Path, lang: str) -> None:
    answer = desk.cms("plan.xlsx.p7s", "--html", tmp_path / "r.html", "--lang", lang)
    assert answer.exit_code == 1
    page = (tmp_path / "r.html").read_text("utf-8")
    outline = read(page)
    text = catalogue(lang)
    words = " ".join(" ".join(outline.words).split())
    assert f'<html lang="{lang}">' in page
    meaning = text.explanation("sub-indication", "REVOKED_NO_POE")
    places = [
        words.index(part) for part in (meaning["title"], meaning["wrong"], text("verify.label.since"), meaning["do"], "REVOKED_NO_POE")
    ]
    assert places == sorted(places), "plain words first, the standard's terms last"
    assert "28/09/2021 09:00:00" in words


def test_the_page_asks_for_nothing_and_draws_chain_timeline_and_bytes(desk: Desk, tmp_path: Path) -> None:
    desk.cms("kept.xlsx.p7s", "--html", tmp_path / "r.html")
    page = (tmp_path / "r.html").read_text("utf-8")
    assert read(page).addresses == []
    assert not re.search(r"url\(|@import|<script|https?://", page)
    assert page.count('class="link ') == 9, "three certificates each: of the signer and of two time-stamps"
    assert re.search(r'<svg class="strip".*?class="verdict-passed"', page)
    assert page.count('class="bytes-') >= 5


def test_intervals_of_the_page_are_those_of_the_answer(desk: Desk, tmp_path: Path) -> None:
    answer = desk.cms("kept.xlsx.p7s", "--html", tmp_path / "r.html", "--json")
    intervals = json.loads(answer.stdout)["files"][0]["documents"][0]["signatures"][0]["timeline"]
    page = (tmp_path / "r.html").read_text("utf-8")
    assert len(re.findall(r'class="verdict-(?:passed|failed|undecided)"', page)) == len(intervals)
    assert all(one["because"] for one in intervals[1:]), "every boundary names what moved it"
    assert [one["from"] for one in intervals[1:]] == [one["until"] for one in intervals[:-1]]


def test_names_in_a_file_cannot_become_markup(desk: Desk, tmp_path: Path) -> None:
    evil = tmp_path / "<img src=x onerror=alert(1)>&.pdf"
    evil.write_bytes(desk.path("good.pdf").read_bytes())
    answer = truc(evil, "--at", LETTER_AT, "--html", tmp_path / "r.html")
    assert answer.exit_code == 1
    page = (tmp_path / "r.html").read_text("utf-8")
    assert "<img" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;&amp;.pdf" in page


def test_names_cannot_steer_the_terminal(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An escape sequence, a carriage return and an override of direction in a name."""
    evil = tmp_path / "a\x1b[2J\r\u202eb.pdf"
    evil.write_bytes(desk.path("good.pdf").read_bytes())
    monkeypatch.chdir(tmp_path)  # a long path would be cut
    evil = Path(evil.name)
    shown = truc(evil, "--at", LETTER_AT).stdout
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "a\ufffd[2J \ufffdb.pdf" in shown
    assert "\x1b" not in truc(tmp_path / "\x1b[2J.pdf").stderr


def test_the_page_is_the_same_on_every_run(desk: Desk, tmp_path: Path) -> None:
    for name in ("a.html", "b.html"):
        desk.cms("kept.xlsx.p7s", "--html", tmp_path / name)
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def test_a_report_that_cannot_be_written_is_a_sentence(desk: Desk, tmp_path: Path) -> None:
    answer = desk.letter("good.pdf", "--html", tmp_path)
    assert answer.exit_code == 2
    assert f"{tmp_path} cannot be written" in answer.stderr


def test_without_typst_the_extra_is_named(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "typst", None)
    answer = desk.letter("good.pdf", "--pdf", tmp_path / "r.pdf")
    assert answer.exit_code == 3
    assert "pip install typst==" in answer.stderr
    assert "PASSED" in answer.stdout, "the answer is given all the same"
    assert not (tmp_path / "r.pdf").exists()


@needs_typst
@needs_pdfsig
@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_printed_report_says_the_same(desk: Desk, tmp_path: Path, lang: str) -> None:
    """pdftotext, of the same tools as pdfsig, reads the words back."""
    desk.cms("plan.xlsx.p7s", "--pdf", tmp_path / "r.pdf", "--lang", lang)
    command = ["pdftotext", "-layout", str(tmp_path / "r.pdf"), "-"]
    printed = subprocess.run(command, capture_output=True, check=True).stdout.decode()
    words = " ".join(printed.split())
    text = catalogue(lang)
    for part in (
        text("verify.title"),
        "Nguyễn Thị Bình",
        "INDETERMINATE / REVOKED_NO_POE",
        text("verify.label.timeline"),
        "777139bd42a6e7ed",
    ):
        assert part in words


@needs_typst
@needs_pdfsig
def test_the_stamp_of_a_printed_verdict_stands_apart_from_its_sentence(desk: Desk, tmp_path: Path) -> None:
    """A line that is full shrinks its spaces; the verdict's word must not run into the sentence for who copies or searches it."""
    for name in ("good.pdf", "expired.pdf"):
        truc(desk.path(name), "--trust", desk.path("trust-both"), "--at", "2021-12-31", "--pdf", tmp_path / "r.pdf")
        command = ["pdftotext", "-layout", str(tmp_path / "r.pdf"), "-"]
        printed = subprocess.run(command, capture_output=True, check=True).stdout.decode()
        assert re.search(r"(?:PASSED|DECIDED|FAILED) +[A-Z]", printed)
        assert re.search(r"(?:PASSED|DECIDED|FAILED)[A-Z]", printed) is None


@needs_typst
def test_markup_of_the_printer_in_a_name_is_printed_as_it_stands(desk: Desk, tmp_path: Path) -> None:
    evil = tmp_path / '#read("data.json") $x$ *b* [c].pdf'
    evil.write_bytes(desk.path("good.pdf").read_bytes())
    answer = truc(evil, "--at", LETTER_AT, "--pdf", tmp_path / "r.pdf")
    assert answer.exit_code == 1
    assert (tmp_path / "r.pdf").read_bytes().startswith(b"%PDF-")


@needs_typst
def test_the_printed_report_is_the_same_on_every_run(desk: Desk, tmp_path: Path) -> None:
    for name in ("a.pdf", "b.pdf"):
        desk.cms("kept.xlsx.p7s", "--pdf", tmp_path / name)
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()


@needs_chromium
@needs_pyhanko
@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_refused_letter_opened_in_chromium_shows_its_verdict(desk: Desk, tmp_path: Path, lang: str) -> None:
    desk.letter("tampered.pdf", "--html", tmp_path / "r.html", "--lang", lang)
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
    profile = f"--user-data-dir={tmp_path / 'profile'}"
    command = [
        "chromium",
        *flags,
        profile,
        "--print-to-pdf-no-header",
        f"--print-to-pdf={tmp_path / 'shown.pdf'}",
        f"file://{tmp_path / 'r.html'}",
    ]
    subprocess.run(command, capture_output=True, check=True, timeout=60)
    shown = subprocess.run(["pdftotext", str(tmp_path / "shown.pdf"), "-"], capture_output=True, check=True).stdout.decode()
    words = " ".join(shown.split())
    text = catalogue(lang)
    meaning = text.explanation("sub-indication", "HASH_FAILURE")
    for part in (text("verify.word.failed"), meaning["title"], meaning["wrong"], text("verify.since.changed"), meaning["do"]):
        assert part in words
