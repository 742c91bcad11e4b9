"""PDFs whose bytes mean one thing when they are signed and another when more bytes follow; built by hand, signed by pyHanko."""

from __future__ import annotations

import re
from collections.abc import Mapping
from io import BytesIO

from tests.signing.formats import foreign_pdfs

FAR = 60_000
"""Where an object stands that is not there yet, behind the end of the signed file."""
EVIL = b"BT /F 20 Tf 20 100 Td (paid) Tj ET"
_ENTRY = b"%010d 00000 n \n"


def stream(content: bytes) -> bytes:
    """A stream object's body."""
    return b"<</Length %d>>stream\n%b\nendstream" % (len(content), content)


def empty_page(contents: bytes = b"4 0 R", *, catalog: bytes = b"", page: bytes = b"", more: tuple[bytes, ...] = ()) -> bytes:
    """One page whose content is what ``contents`` refers to; object 4 draws nothing."""
    return foreign_pdfs._plain(
        b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[]>>%b>>" % catalog,
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Contents %b/Resources<<>>/Annots[]%b>>" % (contents, page),
        stream(b"BT ET"),
        *more,
    )


def with_entry(data: bytes, number: int, offset: int) -> bytes:
    """The one cross-reference table with another offset for an object, or with one more entry."""
    table = re.search(rb"xref\n0 (\d+)\n((?:\d{10} \d{5} [fn] \n)+)", data)
    assert table is not None
    count = int(table[1])
    entries = [table[2][at : at + 20] for at in range(0, len(table[2]), 20)]
    entries[number : number + 1] = [_ENTRY % offset]
    size = b"/Size %d" % max(count, number + 1)
    head = b"xref\n0 %d\n" % len(entries)
    return (data[: table.start()] + head + b"".join(entries) + data[table.end() :]).replace(b"/Size %d" % count, size)


def appended(data: bytes, objects: Mapping[int, bytes] | None = None, placed: Mapping[int, int] | None = None) -> bytes:
    """An incremental update with these objects, and entries for others at offsets; without any it changes nothing."""
    previous = re.findall(rb"startxref\n(\d+)\n", data)[-1]
    root = re.findall(rb"/Root (\d+) 0 R", data)[-1]
    size = max(int(one) for one in re.findall(rb"/Size (\d+)", data))
    offsets = {}
    for number, body in (objects or {}).items():
        offsets[number] = len(data)
        data += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    offsets |= placed or {}
    table = b"".join(b"%d 1\n" % number + _ENTRY % offset for number, offset in offsets.items()) or b"0 0\n"
    trailer = b"trailer\n<</Size %d/Root %b 0 R/Prev %b>>\n" % (max([size, *(one + 1 for one in offsets)]), root, previous)
    return data + b"xref\n" + table + trailer + b"startxref\n%d\n%%%%EOF\n" % len(data)


def time_stamped(data: bytes) -> bytes:
    """A document time-stamp over all of it, by pyHanko before the lab's authority."""
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign.signers import PdfTimeStamper

    writer = IncrementalPdfFileWriter(BytesIO(data))
    return bytes(PdfTimeStamper(foreign_pdfs._stamper()).timestamp_pdf(writer, "sha256").getvalue())


def with_store(data: bytes, objects: Mapping[int, bytes] | None = None, *, placed: Mapping[int, int] | None = None) -> bytes:
    """An update that gives the catalog a security store 90 whose one list is object 91."""
    root = int(re.findall(rb"/Root (\d+) 0 R", data)[-1])
    catalog = re.findall(rb"\n%d 0 obj\n(.*?)\nendobj" % root, data, re.DOTALL)[-1]
    store = b"<</Certs[]/CRLs[91 0 R]/OCSPs[]>>"
    return appended(data, {root: catalog.rstrip()[:-2] + b"/DSS 90 0 R>>", 90: store} | dict(objects or {}), placed)


def signed_with_a_place_behind_its_end() -> bytes:
    """The page's content stands at :data:`FAR`, where nothing is yet."""
    return foreign_pdfs.sign(with_entry(empty_page(), 4, FAR))


def filled_behind_its_end(signed: bytes) -> bytes:
    """The same with that content put there, and an update that changes nothing."""
    padded = signed + b"%" + b" " * (FAR - len(signed) - 2) + b"\n"
    return appended(padded + b"4 0 obj\n" + stream(EVIL) + b"\nendobj\n")


def signed_with_a_stream_over_its_end(length: int = FAR) -> bytes:
    """A content stream that begins in the signed bytes and has a length that reaches beyond them."""
    page = empty_page(b"[4 0 R 5 0 R]")
    at = page.rindex(b"startxref")
    head = b"5 0 obj\n<</Length %d>>stream\n" % length
    return foreign_pdfs.sign(with_entry(page[:at] + head + page[at:], 5, at + 20))


def continued_over_its_end(signed: bytes, length: int = FAR) -> bytes:
    """The same with the rest of that stream."""
    start = signed.index(b"5 0 obj\n") + len(b"5 0 obj\n<</Length %d>>stream\n" % length)
    rest = b"\n" + EVIL
    return appended(signed + rest + b" " * (length - (len(signed) + len(rest) - start)) + b"\nendstream\nendobj\n")
