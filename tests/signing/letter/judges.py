"""Outside judges of a letter: pyHanko as a library, pdfsig and openssl as programs."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from ssl import DER_cert_to_PEM_cert
from typing import Any

from signing.formats import pades
from tests.signing.letter import lab


@dataclass(frozen=True, slots=True)
class Trust:
    """What a judge is told to trust (certificates and lists in DER), and the moment it is asked about."""

    root: bytes
    at: datetime
    crls: tuple[bytes, ...] = ()
    """With lists, pyHanko must find every certificate below the root in one; without, it does not ask about revocation."""


def lab_trust() -> Trust:
    """The root and the moment of the letter's lab."""
    return Trust(lab.pki().root.certificate_der, lab.AT)


def pyhanko_verdicts(data: bytes, trust: Trust | None = None) -> list[Any]:
    """pyHanko's status of each signature and document time-stamp in the order of the file; ``trust``: the lab's, or the one given."""
    from io import BytesIO

    from pyhanko.keys import load_certs_from_pemder_data
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import validate_pdf_signature, validate_pdf_timestamp
    from pyhanko_certvalidator import ValidationContext

    trust = trust or lab_trust()
    roots = list(load_certs_from_pemder_data(trust.root))
    mode = "require" if trust.crls else "soft-fail"
    reader = PdfFileReader(BytesIO(data), strict=True)
    context = ValidationContext(trust_roots=roots, moment=trust.at, crls=list(trust.crls), allow_fetching=False, revocation_mode=mode)
    return [
        validate_pdf_timestamp(signature, context)
        if signature.sig_object["/Type"] == "/DocTimeStamp"
        else validate_pdf_signature(signature, context)
        for signature in reader.embedded_signatures
    ]


def pyhanko_from_store(data: bytes, at: datetime) -> bool:
    """Whether both signatures and every document time-stamp hold for pyHanko at ``at``, by the root and what the file's store has."""
    from io import BytesIO

    from asn1crypto import x509
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import validate_pdf_signature, validate_pdf_timestamp
    from pyhanko.sign.validation.dss import DocumentSecurityStore
    from pyhanko.sign.validation.errors import NoDSSFoundError

    reader = PdfFileReader(BytesIO(data))
    root = x509.Certificate.load(lab.pki().root.certificate_der)
    options = {"trust_roots": [root], "moment": at, "allow_fetching": False, "revocation_mode": "require"}
    try:
        context = DocumentSecurityStore.read_dss(reader).as_validation_context(options)
    except NoDSSFoundError:
        return False
    stamps = [validate_pdf_timestamp(stamp, context) for stamp in reader.embedded_timestamp_signatures]
    signatures = [validate_pdf_signature(signature, context) for signature in reader.embedded_regular_signatures]
    return all(signature.bottom_line for signature in signatures) and all(stamp.valid and stamp.trusted for stamp in stamps)


def pdfsig(data: bytes, folder: Path, trust: Trust | None = None) -> str:
    """What pdfsig prints with a root in its trust store, and without asking the network (our OCSP address does not exist).

    It judges certificates by the clock: today's for the lab, the moment of ``trust`` (set by libfaketime) where one is given. The
    store in ``folder`` is made once and serves later calls; they must trust the same root.
    """
    letter = folder / "letter.pdf"
    letter.write_bytes(data)
    clock = () if trust is None else ("faketime", f"@{int(trust.at.timestamp())}")
    store = _nss_store((trust or lab_trust()).root, folder)
    return _run(*clock, "pdfsig", "-no-ocsp", "-nssdir", f"sql:{store}", str(letter))


def _nss_store(root: bytes, folder: Path) -> Path:
    store, der = folder / "nss", folder / "root.der"
    if not store.exists():
        store.mkdir()
        der.write_bytes(root)
        _run("certutil", "-N", "-d", f"sql:{store}", "--empty-password")
        _run("certutil", "-A", "-d", f"sql:{store}", "-n", "root", "-t", "C,C,C", "-i", str(der))
    return store


def openssl_cades(data: bytes, folder: Path, trust: Trust | None = None) -> list[str]:
    """What ``openssl cms -verify -cades`` prints for each signature of a letter, its CMS and its two byte ranges cut out."""
    answers = []
    for start, opening, closing, rest in byte_ranges(data):
        content, cms = data[start:opening] + data[closing : closing + rest], pades.extract_cms(data[opening + 1 : closing - 1])
        answers.append(openssl_detached(cms, content, folder, trust))
    return answers


def openssl_detached(cms: bytes, content: bytes, folder: Path, trust: Trust | None = None) -> str:
    """What ``openssl cms -verify -cades`` prints for one detached signature."""
    trust = trust or lab_trust()
    (folder / "root").write_text(DER_cert_to_PEM_cert(trust.root))
    (folder / "content").write_bytes(content)
    (folder / "cms").write_bytes(cms)
    command = ["openssl", "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", str(folder / "cms"), "-purpose", "any"]
    asked = ["-content", str(folder / "content"), "-CAfile", str(folder / "root"), "-attime", str(int(trust.at.timestamp()))]
    return _run(*command, *asked, "-out", str(folder / "out"), accept_failure=True)


def byte_ranges(data: bytes) -> list[tuple[int, int, int, int]]:
    """Start, "<", end of ">" and length after it, of every /ByteRange in the file."""
    found = []
    for part in data.split(b"/ByteRange[")[1:]:
        a, b, c, d = (int(number) for number in part[: part.index(b"]")].split())
        found.append((a, b, c, d))
    return found


_NAME_TAKEN = "sem_open: File exists"
"""faketime names its semaphore by its process id: a killed one leaves it behind for the next of that id, and another id is free."""


def _run(*command: str, accept_failure: bool = False) -> str:
    for _ in range(5):
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        if _NAME_TAKEN not in done.stderr:
            break
    assert accept_failure or done.returncode == 0, f"{command[0]}: {done.stdout}{done.stderr}"
    return done.stdout + done.stderr
