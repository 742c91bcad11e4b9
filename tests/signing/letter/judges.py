"""Outside judges of a letter: pyHanko as a library, pdfsig and openssl as programs."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from signing.formats import pades
from tests.signing.letter import lab


def pyhanko_verdicts(data: bytes) -> list[Any]:
    """pyHanko's status of each signature in the order of the file."""
    from io import BytesIO

    from pyhanko.keys import load_certs_from_pemder_data
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    roots = list(load_certs_from_pemder_data(lab.pki().root.certificate_der))
    reader = PdfFileReader(BytesIO(data), strict=True)
    context = ValidationContext(trust_roots=roots, moment=lab.AT, allow_fetching=False, revocation_mode="soft-fail")
    return [validate_pdf_signature(signature, context) for signature in reader.embedded_signatures]


def pdfsig(data: bytes, folder: Path) -> str:
    """What pdfsig prints with our root in its trust store, and without asking the network (our OCSP address does not exist)."""
    store, root, letter = folder / "nss", folder / "root.der", folder / "letter.pdf"
    root.write_bytes(lab.pki().root.certificate_der)
    letter.write_bytes(data)
    store.mkdir(exist_ok=True)
    _run("certutil", "-N", "-d", f"sql:{store}", "--empty-password")
    _run("certutil", "-A", "-d", f"sql:{store}", "-n", "root", "-t", "C,C,C", "-i", str(root))
    return _run("pdfsig", "-no-ocsp", "-nssdir", f"sql:{store}", str(letter))


def openssl_cades(data: bytes, folder: Path) -> list[str]:
    """What ``openssl cms -verify -cades`` prints for each signature of a letter, its CMS and its two byte ranges cut out."""
    root = folder / "root.pem"
    der = folder / "root.der"
    der.write_bytes(lab.pki().root.certificate_der)
    _run("openssl", "x509", "-inform", "DER", "-in", str(der), "-out", str(root))
    answers = []
    for start, opening, closing, rest in byte_ranges(data):
        (folder / "content").write_bytes(data[start:opening] + data[closing : closing + rest])
        (folder / "cms").write_bytes(pades.extract_cms(data[opening + 1 : closing - 1]))
        content, cms = str(folder / "content"), str(folder / "cms")
        command = ["openssl", "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", cms, "-content", content, "-purpose", "any"]
        answers.append(_run(*command, "-CAfile", str(root), "-attime", str(int(lab.AT.timestamp())), "-out", str(folder / "out")))
    return answers


def byte_ranges(data: bytes) -> list[tuple[int, int, int, int]]:
    """Start, "<", end of ">" and length after it, of every /ByteRange in the file."""
    found = []
    for part in data.split(b"/ByteRange[")[1:]:
        a, b, c, d = (int(number) for number in part[: part.index(b"]")].split())
        found.append((a, b, c, d))
    return found


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, f"{command[0]}: {done.stdout}{done.stderr}"
    return done.stdout + done.stderr
