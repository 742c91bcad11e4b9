"""OpenSSL asked about what the PKI's services say: files in a folder, one command, its verdict."""

from __future__ import annotations

import subprocess
from datetime import datetime
from pathlib import Path
from ssl import DER_cert_to_PEM_cert

from signing import Authority, Holder, Pki


def openssl(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run one command there; nothing is asked of the exit code here."""
    return subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=60)


def pem(folder: Path, name: str, *certificates: bytes) -> str:
    """Write certificates as PEM; the file's name."""
    (folder / name).write_text("".join(DER_cert_to_PEM_cert(certificate) for certificate in certificates))
    return name


def lists(folder: Path, pki: Pki, at: datetime, name: str = "crls.pem") -> str:
    """Write the lists of a moment as PEM; the file's name."""
    parts = []
    for crl in pki.crls(at):
        (folder / "one.crl").write_bytes(crl)
        parts.append(openssl(folder, "crl", "-inform", "DER", "-in", "one.crl").stdout)
    (folder / name).write_text("".join(parts))
    return name


def attime(at: datetime) -> tuple[str, str]:
    """The options that set a verification's time."""
    return "-attime", str(int(at.timestamp()))


def authority(pki: Pki, id: Authority) -> bytes:
    """An authority's certificate."""
    return pki.authority(id).certificate_der


def issuer_of(holder: Holder) -> bytes:
    """The certificate above a holder's."""
    return holder.issuer_chain[0]
