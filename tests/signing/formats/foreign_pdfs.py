"""PDFs as other software writes and signs them (pyHanko), and as attackers change them."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from functools import cache
from io import BytesIO
from typing import Any

from asn1crypto import keys, tsp, x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from signing import Holder
from signing.formats.timestamp import read_request
from signing.pki.timestamp import granted, make_token
from tests.signing.formats.fixtures import artefacts
from tests.signing.formats.lab import POLICY, tsa
from tests.signing.lab import AT, person, pki


def _signer(holder: Holder) -> Any:
    from pyhanko.sign.signers import SimpleSigner
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    store = SimpleCertificateStore()
    store.register_multiple(x509.Certificate.load(item) for item in holder.issuer_chain)
    private = load_pem_private_key(holder.key.private_pem(), None)
    key = keys.PrivateKeyInfo.load(private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))
    return SimpleSigner(x509.Certificate.load(holder.certificate_der), key, store)


def _stamper() -> Any:
    from pyhanko.sign.timestamps import TimeStamper

    class Lab(TimeStamper):  # type: ignore[misc]
        """pyHanko's client before our own authority."""

        async def async_request_tsa_response(self, req: Any) -> Any:
            asked = read_request(req.dump())
            token = make_token(tsa(), asked.imprint, at=AT, serial=asked.nonce or 1, policy=POLICY, nonce=asked.nonce)
            return tsp.TimeStampResp.load(granted(token))

    return Lab()


def page() -> bytes:
    """An empty page with two text fields."""
    field = b"<</Type/Annot/Subtype/Widget/FT/Tx/T(%b)/V()/Rect[0 0 50 20]/P 3 0 R>>"
    return _plain(
        b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[5 0 R 6 0 R]>>>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Contents 4 0 R/Resources<<>>/Annots[5 0 R 6 0 R]>>",
        b"<</Length 5>>stream\nBT ET\nendstream",
        field % b"one",
        field % b"two",
    )


def sign(data: bytes, field: str = "Signature1", holder: Holder | None = None, **options: Any) -> bytes:
    """Signed by pyHanko as PAdES; ``options`` are those of its PdfSignatureMetadata."""
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign.fields import SigSeedSubFilter
    from pyhanko.sign.signers import PdfSignatureMetadata, sign_pdf

    metadata = PdfSignatureMetadata(**{"field_name": field, "subfilter": SigSeedSubFilter.PADES, "md_algorithm": "sha256", **options})
    stamper = _stamper() if "validation_context" in options else None
    out = sign_pdf(IncrementalPdfFileWriter(BytesIO(data)), metadata, _signer(holder or person()), timestamper=stamper)
    return bytes(out.getvalue())


@cache
def signed() -> bytes:
    """One signature at B-B."""
    return sign(page())


@cache
def signed_twice() -> bytes:
    """Two signatures, nothing between them."""
    return sign(signed(), "Signature2", person("Trần Văn Hai"))


@cache
def long_term() -> bytes:
    """pyHanko's own B-LTA: signature-time-stamp, store and document time-stamp."""
    from pyhanko_certvalidator import ValidationContext

    context = ValidationContext(
        trust_roots=[x509.Certificate.load(pki().root.certificate_der)],
        moment=AT,
        crls=list(artefacts().crls),
        revocation_mode="require",
        allow_fetching=False,
    )
    return sign(page(), validation_context=context, embed_validation_info=True, use_pades_lta=True)


def update(data: bytes, field: str = "one", value: str = "changed") -> bytes:
    """A later revision that fills in a text field."""
    from pyhanko.pdf_utils import generic
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    writer = IncrementalPdfFileWriter(BytesIO(data))
    for reference in writer.root["/AcroForm"]["/Fields"]:
        item = reference.get_object()
        if item["/T"] == field:
            item[generic.pdf_name("/V")] = generic.pdf_string(value)
            writer.update_container(item)
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def repaint(data: bytes) -> bytes:
    """A later revision that draws something else on the page."""
    from pyhanko.pdf_utils import generic
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    writer = IncrementalPdfFileWriter(BytesIO(data))
    sheet = writer.root["/Pages"]["/Kids"][0].get_object()
    sheet[generic.pdf_name("/Contents")] = writer.add_object(generic.StreamObject(stream_data=b"0 0 99 99 re f"))
    writer.update_container(sheet)
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def with_byte_range(data: bytes, *numbers: int) -> bytes:
    """The first byte range replaced in place, its length kept."""
    match = re.search(rb"/ByteRange \[[0-9 ]*\]", data)
    assert match is not None
    written = b"/ByteRange [" + b" ".join(b"%d" % number for number in numbers)
    assert len(written) < len(match[0])
    return data[: match.start()] + written.ljust(len(match[0]) - 1) + b"]" + data[match.end() :]


def byte_range(data: bytes) -> list[int]:
    """The first byte range."""
    match = re.search(rb"/ByteRange \[([0-9 ]*)\]", data)
    assert match is not None
    return [int(number) for number in match[1].split()]


def _plain(*objects: bytes, trailer: bytes = b"") -> bytes:
    """A file of these objects, numbered from 1, with a proper table."""
    data = b"%PDF-1.7\n"
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(data))
        data += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    at = len(data)
    table = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return data + table + b"trailer\n<</Size %d/Root 1 0 R%b>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, trailer, at)


@cache
def _bomb() -> bytes:
    """Half a gigabyte of zeros in half a megabyte."""
    deflate = zlib.compressobj(9)
    zeros = bytes(1 << 20)
    return b"".join([*(deflate.compress(zeros) for _ in range(512)), deflate.flush()])


_CATALOG = b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[%b]>>>>"
_PAGES = b"<</Type/Pages/Kids[]/Count 0>>"
_SIGNATURE = b"<</FT/Sig/T(x)/V<</Type/Sig/ByteRange[0 1 2 3]/Contents<00>%b>>>>"


def _own_previous() -> bytes:
    data = _plain(_CATALOG % b"", _PAGES)
    at = int(data.split(b"startxref\n")[1].split()[0])
    return data.replace(b"/Root 1 0 R", b"/Root 1 0 R/Prev %d" % at)


def _deep() -> bytes:
    return _plain(_CATALOG % b"3 0 R", _PAGES, _SIGNATURE % (b"/X" + b"[" * 100_000 + b"]" * 100_000))


def _stored_bomb() -> bytes:
    store = b"<</Type/Catalog/Pages 2 0 R/DSS<</Certs[4 0 R]>>/AcroForm<</Fields[3 0 R]>>>>"
    packed = b"<</Length %d/Filter/FlateDecode>>stream\n%b\nendstream" % (len(_bomb()), _bomb())
    return _plain(store, _PAGES, _SIGNATURE % b"", packed)


def _object_stream_bomb() -> bytes:
    """The catalog itself stands in the stream, by a cross-reference stream that says so."""
    packed = b"<</Length %d/Filter/FlateDecode/Type/ObjStm/N 1/First 4>>stream\n%b\nendstream" % (len(_bomb()), _bomb())
    body = b"%PDF-1.7\n2 0 obj\n" + packed + b"\nendobj\n"
    entries = b"\0\0\0\0\0\0" + b"\x02\0\0\0\x02\0" + b"\x01" + (9).to_bytes(4, "big") + b"\0"
    table = b"<</Type/XRef/Size 3/W[1 4 1]/Root 1 0 R/Length %d>>stream\n%b\nendstream" % (len(entries), entries)
    return body + b"3 0 obj\n" + table + b"\nendobj\nstartxref\n%d\n%%%%EOF\n" % len(body)


HOSTILE: dict[str, Callable[[], bytes]] = {
    "xref that is its own previous": _own_previous,
    "fields that hold themselves": lambda: _plain(_CATALOG % b"3 0 R", _PAGES, b"<</T(a)/Kids[3 0 R]>>"),
    "an object that is itself": lambda: _plain(_CATALOG % b"3 0 R", _PAGES, b"3 0 R"),
    "arrays a hundred thousand deep": _deep,
    "a table of four billion entries": lambda: b"%PDF-1.7\nxref\n0 4294967295\n" + b"0000000000 65535 f \n" * 9 + b"startxref\n9\n%%EOF\n",
    "half a gigabyte in half a megabyte": _stored_bomb,
    "an object stream that bursts": _object_stream_bomb,
    "ten thousand fields": lambda: _plain(_CATALOG % (b"3 0 R " * 10_000), _PAGES, _SIGNATURE % b""),
    "a byte range of a million numbers": lambda: _plain(_CATALOG % b"3 0 R", _PAGES, _SIGNATURE.replace(b"0 1 2 3", b"7 " * 10**6) % b""),
    "nothing but a head": lambda: b"%PDF-1.7\n",
    "noise": lambda: b"%PDF-" + bytes(range(256)) * 200,
}
"""Files meant to hang or burst a parser."""
