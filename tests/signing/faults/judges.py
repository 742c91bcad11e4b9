"""OpenSSL and pyHanko asked about a vector, each with all of its evidence that it can take."""

from __future__ import annotations

import asyncio
import base64
import subprocess
from io import BytesIO
from pathlib import Path
from ssl import DER_cert_to_PEM_cert
from typing import Any

from asn1crypto import cms as asn1_cms
from asn1crypto import crl as asn1_crl
from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import x509 as asn1_x509

from signing.faults.model import Case


def openssl_accepts(case: Case, folder: Path) -> bool:
    """Whether ``openssl cms -verify -cades`` accepts a detached CMS, revocation of the whole chain included."""
    trusted = "".join(map(DER_cert_to_PEM_cert, case.evidence.anchors)) + "".join(map(_crl_pem, case.evidence.crls))
    (folder / "trusted.pem").write_text(trusted)
    (folder / "others.pem").write_text("".join(map(DER_cert_to_PEM_cert, case.evidence.certificates)))
    (folder / "signature.p7s").write_bytes(case.data)
    (folder / "content").write_bytes(case.content or b"")
    command = "openssl cms -verify -cades -binary -inform DER -in signature.p7s -content content -CAfile trusted.pem -certfile others.pem"
    options = f" -purpose any -crl_check_all -attime {int(case.at.timestamp())} -out content.out"
    done = subprocess.run((command + options).split(), cwd=folder, capture_output=True, text=True, check=False, timeout=60)
    return done.returncode == 0


def _crl_pem(crl: bytes) -> str:
    return f"-----BEGIN X509 CRL-----\n{base64.encodebytes(crl).decode()}-----END X509 CRL-----\n"


def _context(case: Case) -> Any:
    from pyhanko_certvalidator import ValidationContext

    evidence = case.evidence
    return ValidationContext(
        trust_roots=[asn1_x509.Certificate.load(one) for one in dict.fromkeys((*evidence.anchors, *evidence.timestamp_anchors))],
        other_certs=[asn1_x509.Certificate.load(one) for one in evidence.certificates],
        crls=[asn1_crl.CertificateList.load(one) for one in evidence.crls],
        ocsps=[asn1_ocsp.OCSPResponse.load(one) for one in evidence.ocsps],
        moment=case.at,
        allow_fetching=False,
        revocation_mode="require",
    )


def pyhanko_accepts_cms(case: Case) -> bool:
    """Whether pyHanko calls a detached CMS valid and trusted; what it raises is a refusal."""
    from pyhanko.sign.validation import async_validate_detached_cms

    try:
        message = asn1_cms.ContentInfo.load(case.data)
        data = case.content or b""
        status = asyncio.run(async_validate_detached_cms(data, message["content"], signer_validation_context=_context(case)))
    except Exception:
        return False
    return bool(status.bottom_line)


def pyhanko_accepts_pdf(case: Case) -> tuple[bool, ...]:
    """Whether pyHanko calls each signature of a PDF valid and trusted, in the order of the file."""
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import validate_pdf_signature

    reader = PdfFileReader(BytesIO(case.data), strict=False)
    return tuple(bool(validate_pdf_signature(one, _context(case)).bottom_line) for one in reader.embedded_regular_signatures)
