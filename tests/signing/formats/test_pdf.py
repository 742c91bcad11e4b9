"""Foreign PDFs: every signature with what it covers, every later change a finding, hostile files bounded."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Iterator
from typing import Any

import pytest

from signing import FormatFailure
from signing.formats import pdf
from signing.formats.claims import Level
from signing.formats.pdf import NEEDS_EXTRA, PdfReading, read_pdf
from signing.formats.sandbox import Sandbox
from tests.judges import needs_pyhanko
from tests.signing.formats import foreign_pdfs as files
from tests.signing.formats.fixtures import artefacts
from tests.signing.formats.lab import sha
from tests.signing.lab import AT, chain_of, person
from tests.signing.letter import cases, lab


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as box:
        yield box


def rules(reading: PdfReading) -> str:
    """All findings in one text."""
    return " | ".join(rule for rule, _ in (*reading.findings, *(item for claim in reading.claims for item in claim.findings)))


@needs_pyhanko
def test_a_foreign_signature_is_read(sandbox: Sandbox) -> None:
    reading = read_pdf(files.signed(), sandbox)
    (claim,) = reading.claims
    assert (claim.name, claim.level, reading.findings) == ("Signature1", Level.B, ())
    assert claim.content("sha256") == claim.signer.message_digest
    assert claim.signer.claimed_at is not None
    assert set(chain_of(person())) <= set(claim.certificates)
    assert [(item.name, item.end) for item in reading.ranges] == [("Signature1", len(files.signed()))]


@needs_pyhanko
def test_two_signatures_each_with_its_range(sandbox: Sandbox) -> None:
    reading = read_pdf(files.signed_twice(), sandbox)
    first, second = reading.claims
    assert (first.name, second.name) == ("Signature1", "Signature2")
    assert reading.ranges[0].end == len(files.signed()) < reading.ranges[1].end == len(files.signed_twice())
    assert reading.findings == ()
    assert second.findings == ()


@needs_pyhanko
def test_pyhankos_long_term_form_is_read_with_store_and_time_stamps(sandbox: Sandbox) -> None:
    reading = read_pdf(files.long_term(), sandbox)
    (claim,) = reading.claims
    assert claim.level is Level.LTA
    assert claim.findings == ()
    assert reading.findings == ()
    (signature_token,), (document_token,) = claim.signature_tokens, claim.archive_tokens
    assert signature_token.expected("sha256") == signature_token.imprint
    assert document_token.expected("sha256") == document_token.imprint
    assert document_token.generated_at == AT
    assert set(artefacts().crls[:2]) <= set(claim.crls)
    assert {sha(claim.signer.signature), *map(sha, claim.crls)} <= document_token.covers


@needs_pyhanko
def test_filling_a_form_after_the_last_signature_is_a_finding(sandbox: Sandbox) -> None:
    """pyHanko calls it valid; an official document has nothing left to fill in."""
    reading = read_pdf(files.update(files.signed()), sandbox)
    assert "changed after the last signature: FORM_FILLING" in rules(reading)
    assert "covered by nothing" in rules(reading)
    assert reading.claims[0].content("sha256") == reading.claims[0].signer.message_digest


@needs_pyhanko
def test_another_drawing_after_the_signature_is_a_finding(sandbox: Sandbox) -> None:
    assert "changed after the last signature: OTHER" in rules(read_pdf(files.repaint(files.signed()), sandbox))


@needs_pyhanko
def test_changes_between_two_signatures_are_a_finding_of_the_first(sandbox: Sandbox) -> None:
    reading = read_pdf(files.sign(files.update(files.signed()), "Signature2"), sandbox)
    assert any("FORM_FILLING" in rule and "one" in rule for rule, _ in reading.claims[0].findings)
    assert reading.claims[1].findings == ()


@needs_pyhanko
def test_bytes_after_the_last_signature_are_counted(sandbox: Sandbox) -> None:
    assert "7 bytes follow the last signature" in rules(read_pdf(files.signed() + b"%later\n", sandbox))


def _ranges() -> dict[str, tuple[list[int], str]]:
    start, first, second, rest = files.byte_range(files.signed())
    return {
        "leaves out more": ([start, first - 4, second, rest], "leave out the /Contents string and nothing else"),
        "does not begin at the start": ([1, first - 1, second, rest], "begin at the first byte"),
        "overlaps": ([start, second + 1, second, rest], "ranges in order"),
        "ends beyond the file": ([start, first, second, rest + 1], "inside the file"),
        "has three ranges": ([start, 9, 9, 9, 9, 9], "exactly two"),
        "is negative": ([start, first, second, -9], "exactly two ranges"),
        "has one range": ([start, first], "exactly two"),
    }


@needs_pyhanko
@pytest.mark.parametrize(
    "case",
    [
        "leaves out more",
        "does not begin at the start",
        "overlaps",
        "ends beyond the file",
        "has three ranges",
        "is negative",
        "has one range",
    ],
)
def test_a_byte_range_must_be_everything_but_the_value(case: str, sandbox: Sandbox) -> None:
    numbers, rule = _ranges()[case]
    reading = read_pdf(files.with_byte_range(files.signed(), *numbers), sandbox)
    assert reading.claims == ()
    assert rule in rules(reading)


@needs_pyhanko
def test_a_byte_range_may_not_end_early(sandbox: Sandbox) -> None:
    start, first, second, rest = files.byte_range(files.signed())
    reading = read_pdf(files.with_byte_range(files.signed(), start, first, second, rest - 8), sandbox)
    assert "8 bytes follow the last signature" in rules(reading)
    assert "does not end where a revision of the file ends" in rules(reading)


@needs_pyhanko
def test_bytes_hidden_behind_the_cms_are_a_finding(sandbox: Sandbox) -> None:
    data = files.signed()
    _, first, second, _ = files.byte_range(data)
    hidden = data[: second - 9] + b"41414141" + data[second - 1 :]
    assert len(hidden) == len(data)
    assert hidden[first : first + 1] == b"<"
    reading = read_pdf(hidden, sandbox)
    assert "more than a CMS and zeros" in rules(reading)
    assert reading.claims[0].content("sha256") == reading.claims[0].signer.message_digest


@needs_pyhanko
def test_a_signature_of_a_kind_not_read_is_named(sandbox: Sandbox) -> None:
    data = files.signed().replace(b"/ETSI.CAdES.detached", b"/adbe.x509.rsa_sha1 ")
    reading = read_pdf(data, sandbox)
    assert reading.claims == ()
    assert "/adbe.x509.rsa_sha1 is not read" in rules(reading)


@needs_pyhanko
def test_a_pdf_without_signatures_says_so(sandbox: Sandbox) -> None:
    reading = read_pdf(files.page(), sandbox)
    assert reading.claims == ()
    assert "no filled signature field" in rules(reading)


FORGED = [case for case in cases.CASES if case.name != "genuine"]


@needs_pyhanko
@pytest.mark.parametrize("case", FORGED, ids=[case.name for case in FORGED])
def test_no_forged_letter_comes_out_without_a_word(case: cases.Case, sandbox: Sandbox) -> None:
    """Every line of the letter's table of attacks, read as any PDF: a finding, or nothing that was signed."""
    reading = read_pdf(case.build(), sandbox)
    intact = [claim for claim in reading.claims if claim.content("sha256") == claim.signer.message_digest]
    assert rules(reading) or len(intact) < 2


@needs_pyhanko
@pytest.mark.parametrize("name", sorted(files.HOSTILE))
def test_hostile_files_cost_at_most_the_limit(name: str, sandbox: Sandbox) -> None:
    data = files.HOSTILE[name]()
    began = time.monotonic()
    try:
        reading = read_pdf(data, sandbox)
    except FormatFailure:
        reading = PdfReading((), (), ())
    assert time.monotonic() - began < 6  # two seconds for the file; a child killed by the one before starts again, on a busy machine
    assert reading.claims == ()


@needs_pyhanko
def test_size_is_bounded(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "MAX_PDF", 100)
    with pytest.raises(FormatFailure, match="longer than 100"):
        read_pdf(files.signed(), sandbox)


@pytest.fixture
def no_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec

    def absent(name: str, *more: Any) -> Any:
        return None if name == "pyhanko" else find(name, *more)

    monkeypatch.setattr(importlib.util, "find_spec", absent)


@pytest.mark.usefixtures("no_extra")
def test_without_the_extra_one_finding_names_it() -> None:
    with Sandbox() as box:
        reading = read_pdf(b"%PDF-1.7\n", box)
    assert reading.claims == ()
    assert reading.findings[0][0] == NEEDS_EXTRA
    assert "truc[foreign]" in NEEDS_EXTRA


@pytest.mark.usefixtures("no_extra")
@pytest.mark.parametrize("place", [20, 3000, "first gap", -10])
def test_without_the_extra_a_changed_byte_still_breaks_the_signatures_over_it(place: int | str) -> None:
    data = bytearray(lab.whole())
    data[data.index(b"/Contents<") + 40 if isinstance(place, str) else place] ^= 1
    with Sandbox() as box:
        reading = read_pdf(bytes(data), box)
    last = reading.claims[-1]
    assert reading.findings == ()
    assert last.content("sha256") not in (None, last.signer.message_digest)
    for claim in reading.claims:  # one that is not broken is not said to be whole: what came after it nobody has read
        broken = claim.content("sha256") != claim.signer.message_digest
        assert broken != (NEEDS_EXTRA in dict(claim.findings))


@pytest.mark.usefixtures("no_extra")
def test_without_the_extra_nothing_is_said_of_what_seems_whole_and_noise_is_bounded() -> None:
    inside = b"%PDF-1.7\nstream\n" + lab.whole()  # its ranges count from elsewhere
    with Sandbox() as box:
        for data in (lab.whole(), lab.whole() + b"% later\n", inside, b"%PDF-" + b"/ByteRange [0 1 2 3]" * 200_000):
            reading = read_pdf(data, box)
            assert (reading.claims, reading.findings[0][0]) == ((), NEEDS_EXTRA)
