"""Foreign PDFs that say something else once bytes follow the signature, while no revision changes any object."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from signing.formats.pdf import PdfReading, read_pdf
from signing.formats.sandbox import Sandbox
from tests.judges import needs_pyhanko
from tests.signing.attacks import pdfs
from tests.signing.formats import foreign_pdfs
from tests.signing.formats.lab import sha
from tests.signing.lab import AT, pki

pytestmark = needs_pyhanko
MOVED = "means something else with the bytes behind it"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as box:
        yield box


def told(reading: PdfReading, claim: int = 0) -> str:
    return " | ".join(rule for rule, _ in reading.claims[claim].findings)


def test_an_object_placed_behind_the_signed_bytes(sandbox: Sandbox) -> None:
    """A signer signs a page whose content stands, after its table, behind the end of the file; the sender puts it there afterwards.

    Each object is still what the signed table says, so pyHanko's analysis sees an update without changes (ISO 32000-1 §7.5.4, §12.8.2).
    """
    signed = pdfs.signed_with_a_place_behind_its_end()
    assert told(read_pdf(signed, sandbox)) == ""
    reading = read_pdf(pdfs.filled_behind_its_end(signed), sandbox)
    assert reading.claims[0].content("sha256") == reading.claims[0].signer.message_digest
    assert f"{MOVED}: object 4" in told(reading)


def test_an_object_that_runs_over_the_end_of_the_signed_bytes(sandbox: Sandbox) -> None:
    """A stream begins in the signed bytes and is longer than they are; who appends the rest writes the page (ISO 32000-1 §7.3.8)."""
    reading = read_pdf(pdfs.continued_over_its_end(pdfs.signed_with_a_stream_over_its_end()), sandbox)
    assert reading.claims[0].content("sha256") == reading.claims[0].signer.message_digest
    assert MOVED in told(reading)


def test_a_later_signature_does_not_hide_it(sandbox: Sandbox) -> None:
    """A second signature covers the smuggled bytes, so that nothing is left uncovered; the first is still not over what is shown."""
    both = foreign_pdfs.sign(pdfs.filled_behind_its_end(pdfs.signed_with_a_place_behind_its_end()), "Signature2")
    reading = read_pdf(both, sandbox)
    assert MOVED in told(reading, 0)
    assert MOVED not in told(reading, 1)


def test_a_list_put_behind_the_time_stamp_that_should_prove_it(sandbox: Sandbox) -> None:
    """The store of a stamped revision names a list behind its end; made years later and put there it would be as old as the stamp.

    EN 319 102-1 §5.6.2.3.4: a time-stamp proves the existence of what it covers, so the store is that of the covered bytes alone.
    """
    later = pki().crls(AT.replace(year=2024))[0]
    stamped = pdfs.time_stamped(pdfs.with_store(foreign_pdfs.signed(), placed={91: pdfs.FAR}))
    padded = stamped + b"%" + b" " * (pdfs.FAR - len(stamped) - 2) + b"\n"
    smuggled = pdfs.appended(padded + b"91 0 obj\n" + pdfs.stream(later) + b"\nendobj\n")
    reading = read_pdf(smuggled, sandbox)
    (claim,) = reading.claims
    (stamp,) = claim.archive_tokens
    assert later in claim.crls
    assert sha(later) not in stamp.covers
    assert any(MOVED in rule for rule, _ in reading.findings)


def test_an_object_the_signed_bytes_name_and_only_a_later_store_defines(sandbox: Sandbox) -> None:
    """The signed page draws object 40, which is not there; a later security store brings it along as a revocation list (§12.8.4.3)."""
    signed = foreign_pdfs.sign(pdfs.empty_page(b"[4 0 R 40 0 R]"))
    root = int(re.findall(rb"/Root (\d+) 0 R", signed)[-1])
    catalog = re.findall(rb"\n%d 0 obj\n(.*?)\nendobj" % root, signed, re.DOTALL)[-1]
    store = {root: catalog.rstrip()[:-2] + b"/DSS 41 0 R>>", 41: b"<</Certs[]/CRLs[40 0 R]/OCSPs[]>>", 40: pdfs.stream(pdfs.EVIL)}
    assert "changed after this signature (OTHER" in told(read_pdf(pdfs.appended(signed, store), sandbox))


def test_honest_updates_are_not_suspected(sandbox: Sandbox) -> None:
    """Two signatures, and a store with a time-stamp, one after the other: what each covers says the same in the whole file."""
    stored = pdfs.time_stamped(pdfs.with_store(foreign_pdfs.signed(), {91: pdfs.stream(pki().crls(AT)[0])}))
    for data in (stored, foreign_pdfs.signed_twice(), foreign_pdfs.long_term(), pdfs.appended(foreign_pdfs.signed())):
        assert all(MOVED not in rule for claim in read_pdf(data, sandbox).claims for rule, _ in claim.findings)


def test_a_file_of_many_objects_is_compared_in_time(sandbox: Sandbox) -> None:
    """Three thousand objects and a second signature, within the two seconds of the processor a file gets."""
    page = pdfs.empty_page(more=tuple(b"<</A %d/B[1 2 3 4]/C(text)>>" % number for number in range(3_000)))
    data = foreign_pdfs.sign(foreign_pdfs.sign(page), "Signature2")
    reading = read_pdf(data, sandbox)
    assert [MOVED in told(reading, number) for number in (0, 1)] == [False, False]
