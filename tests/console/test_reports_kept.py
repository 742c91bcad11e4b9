"""A report is written where nothing is lost by it, and whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.locale import catalogue
from console.outcome import Unusable
from console.reports.files import BUNDLE, HTML, PDF, put, refuse_to_spoil
from console.reports.markup import GENERATOR

TEXT = catalogue("en")
OURS = f"<!doctype html>\n<html><head>{GENERATOR}</head></html>".encode()


def refusal(path: Path, marks: tuple[bytes, ...], *read: Path) -> str:
    with pytest.raises(Unusable) as caught:
        refuse_to_spoil(((path, marks),), TEXT, read)
    return str(caught.value)


def test_a_report_of_ours_an_empty_file_and_nothing_may_be_written_over(tmp_path: Path) -> None:
    path = tmp_path / "r.html"
    for data in (None, b"", OURS):
        if data is not None:
            path.write_bytes(data)
        refuse_to_spoil(((path, HTML), (None, PDF)), TEXT)
    refuse_to_spoil(((Path("/dev/null"), HTML),), TEXT)


@pytest.mark.parametrize("marks", [HTML, PDF, BUNDLE])
@pytest.mark.parametrize("data", [b"x", b"%PDF-1.7\nsomebody's letter", b"<!doctype html><p>a page", b"PK\x03\x04another archive"])
def test_whatever_else_is_there_stays(data: bytes, marks: tuple[bytes, ...], tmp_path: Path) -> None:
    path = tmp_path / "kept"
    path.write_bytes(data)
    assert "not one that this command wrote" in refusal(path, marks)
    assert path.read_bytes() == data


def test_what_is_read_is_never_written_over_by_whatever_name(tmp_path: Path) -> None:
    path, link = tmp_path / "letter.html", tmp_path / "link.html"
    path.write_bytes(OURS)
    link.symlink_to(path)
    for name in (path, link, tmp_path / "." / "letter.html"):
        assert "is to be read" in refusal(name, HTML, path)


def test_two_reports_go_to_two_files_and_into_a_folder_there_is(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="named for two reports"):
        refuse_to_spoil(((tmp_path / "r", HTML), (tmp_path / "r", PDF)), TEXT)
    assert "cannot be written: No such file" in refusal(tmp_path / "no" / "r.html", HTML)


def test_a_file_is_replaced_whole_and_a_link_keeps_pointing(tmp_path: Path) -> None:
    path, link = tmp_path / "r.html", tmp_path / "link.html"
    path.write_bytes(b"old")
    link.symlink_to(path)
    put(link, b"new")
    assert (path.read_bytes(), link.is_symlink(), sorted(one.name for one in tmp_path.iterdir())) == (b"new", True, ["link.html", "r.html"])


def test_a_file_that_cannot_be_made_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r".*"):
        put(tmp_path / ("n" * 250), b"x")
    assert list(tmp_path.iterdir()) == []
