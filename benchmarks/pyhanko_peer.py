"""pyHanko as peer: the same bytes, the same trust, the same checks; its trust objects are made once and reused, as ours are."""

from __future__ import annotations

import asyncio
import importlib.util
import logging
from collections.abc import Callable
from io import BytesIO
from typing import Any

from benchmarks.subjects import MOMENT, pki
from signing import Holder

NAME = "pyHanko"
ABSENT = "" if importlib.util.find_spec("pyhanko") else "it is not installed (extra `judges`, or `./truc ci-install`)"

CMS_CHECKS = (
    "content-type and message-digest attributes",
    "ESS signing-certificate-v2 when present",
    "signature",
    "key usage nonRepudiation",
    "path to the TEST root at the moment: anchors, authorities and parsed CRLs reused, its verdict on the path made anew each time",
    "CRLs of both issuers required (revocation mode `require`)",
)
PDF_CHECKS = (
    *CMS_CHECKS,
    "ByteRange and coverage of each signature",
    "strict reader",
    "difference analysis of revision 2 against revision 1",
)


def trust() -> Any:
    """A validation context with the bench's root, authorities and CRLs at the moment; nothing is fetched."""
    from asn1crypto import crl, x509
    from pyhanko_certvalidator import ValidationContext

    store = pki().trust_store()
    return ValidationContext(
        trust_roots=[x509.Certificate.load(anchor) for anchor in store.anchors],
        other_certs=[x509.Certificate.load(authority) for authority in store.authorities],
        crls=[crl.CertificateList.load(data) for data in pki().crls(MOMENT)],
        moment=MOMENT,
        allow_fetching=False,
        revocation_mode="require",
    )


def verify_cms(data: bytes, content: bytes) -> Callable[[int], None]:
    """A batch that parses and validates a detached CMS over ``content``; one event loop for the batch."""
    from asn1crypto import cms
    from pyhanko.sign.validation.generic_cms import async_validate_detached_cms

    context = trust()

    async def many(count: int) -> None:
        for _ in range(count):
            signed_data = cms.ContentInfo.load(data)["content"]
            status = await async_validate_detached_cms(content, signed_data, signer_validation_context=context)
            assert status.bottom_line

    return lambda count: asyncio.run(many(count))


def verify_letter(data: bytes) -> Callable[[int], None]:
    """A batch that opens the letter and validates both its signatures, difference analysis included."""
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation.pdf_embedded import async_validate_pdf_signature

    context = trust()

    async def many(count: int) -> None:
        for _ in range(count):
            signatures = PdfFileReader(BytesIO(data), strict=True).embedded_signatures
            assert len(signatures) == 2
            for signature in signatures:
                status = await async_validate_pdf_signature(signature, signer_validation_context=context)
                assert status.bottom_line

    return lambda count: asyncio.run(many(count))


def sign_letter(letter: bytes, leader: Holder, seal: Holder) -> Callable[[int], None]:
    """A batch that gives the letter's page, unsigned again, two PAdES-B signatures in two increments."""
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import PdfSignatureMetadata, PdfSigner
    from pyhanko.sign.fields import SigSeedSubFilter

    page = _unsigned(letter)
    signers = [
        PdfSigner(PdfSignatureMetadata(field_name=name, subfilter=SigSeedSubFilter.PADES, md_algorithm="sha256"), _signer(who))
        for name, who in (("leader", leader), ("seal", seal))
    ]

    async def many(count: int) -> None:
        for _ in range(count):
            data = page
            for signer in signers:
                data = (await signer.async_sign_pdf(IncrementalPdfFileWriter(BytesIO(data)))).getvalue()
            assert data.count(b"/ByteRange") == 2

    return lambda count: asyncio.run(many(count))


def _unsigned(letter: bytes) -> bytes:
    """The letter's page with its fonts and texts, without form and signatures; copied twice, since the first copy keeps orphans."""
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.pdf_utils.writer import copy_into_new_writer

    logging.getLogger("pyhanko").addHandler(logging.NullHandler())  # it warns that the copy loses its signatures, which is meant
    with_orphans = BytesIO()
    writer = copy_into_new_writer(PdfFileReader(BytesIO(letter)))
    del writer.root["/AcroForm"]
    writer.root["/Pages"]["/Kids"][0].get_object().pop("/Annots", None)
    writer.write(with_orphans)
    page = BytesIO()
    copy_into_new_writer(PdfFileReader(with_orphans)).write(page)
    assert b"/ByteRange" not in page.getvalue()
    return page.getvalue()


def _signer(who: Holder) -> Any:
    from asn1crypto import keys, pem, x509
    from pyhanko.sign.signers import SimpleSigner
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    registry = SimpleCertificateStore()
    registry.register(x509.Certificate.load(who.issuer_chain[0]))
    key = keys.PrivateKeyInfo.load(pem.unarmor(who.key.private_pem())[2])
    return SimpleSigner(signing_cert=x509.Certificate.load(who.certificate_der), signing_key=key, cert_registry=registry)
