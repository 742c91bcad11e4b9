"""Certificates, revocation lists and OCSP responses as people keep them: told apart by content, and what a certificate says in words."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from signing import oids
from signing.errors import FormatFailure
from signing.formats.artefacts import Artefacts
from signing.validation.rfc5280.names import attributes, text
from signing.validation.rfc5280.objects import read_certificate, read_crl
from signing.validation.rfc5280.ocsp_response import read_ocsp

MAX_BLOCKS = 1024
"""Most PEM blocks read of one file."""
_PEM = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,40})-----\s+([A-Za-z0-9+/=\s]+?)-----END \1-----")
_LABELS = {b"CERTIFICATE", b"TRUSTED CERTIFICATE", b"X509 CERTIFICATE", b"X509 CRL", b"OCSP RESPONSE"}


@dataclass(frozen=True, slots=True)
class CertificateWords:
    """What a certificate says, for people: names as texts (empty where it has none), serial in hexadecimal, aware instants (UTC)."""

    sha256: bytes
    subject: str
    issuer: str
    name: str
    """The last common name, or the whole subject."""
    organisations: tuple[str, ...]
    """Organisation and organisational units, outermost first."""
    serial: str
    not_before: datetime
    not_after: datetime
    self_issued: bool


def describe_certificate(certificate: bytes) -> CertificateWords | None:
    """A DER certificate in words; ``None`` when it cannot be read."""
    try:
        facts = read_certificate(certificate)
    except FormatFailure:
        return None
    parts = [part for rdn in attributes(facts.subject) for part in rdn]
    names = [part.text for part in parts if part.type == oids.COMMON_NAME and part.text]
    bodies = [
        part.text for kind in (oids.ORGANIZATION, oids.ORGANIZATIONAL_UNIT) for part in parts if part.type == kind and part.text
    ]  # fmt: skip
    return CertificateWords(
        sha256=sha256(certificate).digest(),
        subject=text(facts.subject),
        issuer=text(facts.issuer),
        name=_printable(names[-1]) if names else text(facts.subject),
        organisations=tuple(_printable(body) for body in bodies),
        serial=f"{facts.serial:x}",
        not_before=datetime.fromtimestamp(facts.not_before, UTC),
        not_after=datetime.fromtimestamp(facts.not_after, UTC),
        self_issued=facts.self_issued,
    )


def sort_artefacts(data: bytes) -> Artefacts:
    """What a file holds: one certificate, list or response in DER, or any number of them in PEM.

    Raises :class:`FormatFailure` for anything else: a file in a folder of evidence that is none must not be passed over.
    """
    found = Artefacts()
    for der in _ders(data):
        found += _sorted(der)
    return found


def _ders(data: bytes) -> Iterator[bytes]:
    if b"-----BEGIN " not in data[:4096]:
        yield data
        return
    blocks = 0
    for match in _PEM.finditer(data):
        if match[1] not in _LABELS:
            continue
        blocks += 1
        if blocks > MAX_BLOCKS:
            raise FormatFailure("PEM", f"must not hold more than {MAX_BLOCKS} blocks")
        try:
            yield binascii.a2b_base64(re.sub(rb"\s", b"", match[2]), strict_mode=True)
        except binascii.Error as error:
            raise FormatFailure("PEM", f"must hold base64 (RFC 7468 §3): {error}") from error
    if not blocks:
        raise FormatFailure("PEM", "holds no certificate, revocation list or OCSP response")


def _sorted(der: bytes) -> Artefacts:
    for read, found in (
        (read_certificate, Artefacts(certificates=(der,))),
        (read_crl, Artefacts(crls=(der,))),
        (read_ocsp, Artefacts(ocsps=(der,))),
    ):
        try:
            read(der)
        except FormatFailure:
            continue
        return found
    raise FormatFailure("file", "is no certificate, revocation list or OCSP response in strict DER or PEM (RFC 5280, RFC 6960)")


def _printable(value: str) -> str:
    """A name without what could break a line of a report or turn it round."""
    return "".join(character if character.isprintable() else "\ufffd" for character in value)
