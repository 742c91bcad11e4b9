"""One door for every signed object but edXML packages: a letter, any PDF, a CMS attached or detached, in DER or PEM.

    read_signed(data)                     a PDF, or a CMS with its content inside
    read_signed(data, content)            a detached CMS and what it was made over

Whatever is wrong with the bytes is a finding; nothing is raised, nothing hangs.
"""

from __future__ import annotations

import binascii
from dataclasses import dataclass
from enum import StrEnum

from signing import der, oids
from signing.errors import FormatFailure, LetterRefused
from signing.formats.assembly import with_reason
from signing.formats.ber import Element, Walker
from signing.formats.claims import Deviation, SignatureClaim
from signing.formats.coverage import NOTHING_COVERS, STRUCTURE, SignedRange, Span, joined, pdf_coverage
from signing.formats.envelope import MAX_SIGNED_DATA
from signing.formats.letter.claims import letter_claims
from signing.formats.letter.template import template_of
from signing.formats.pdf import NEEDS_EXTRA, read_pdf
from signing.formats.sandbox import Sandbox
from signing.formats.signed_data import read_strict, read_tolerant
from signing.formats.strict import NO_SIGNING_CERTIFICATE

_PEM_LABELS = (b"CMS", b"PKCS7", b"PKCS #7 SIGNED DATA")
_SPACE_BEFORE = 256
_SIGNED_DATA = der.oid(oids.SIGNED_DATA)
_OUTER_HEADER = 32
_BOM_AND_SPACE = 1024
"""How far into a file "%PDF-" may stand, as readers of PDF allow it."""


class SignedKind(StrEnum):
    """What a signed object is."""

    LETTER = "letter"
    PDF = "pdf"
    ATTACHED = "cms-attached"
    DETACHED = "cms-detached"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class SignedObject:
    """Signed bytes as read: one claim per signature, findings on the whole (rule, clause), and every byte accounted for.

    ``refusal`` is set when the bytes cannot be read at all: EN 319 102-1 calls that FORMAT_FAILURE, and there are no claims then.
    ``ranges`` are a PDF's signatures and time-stamps, from which other tools can be given their CMS and the bytes it covers.
    """

    kind: SignedKind
    claims: tuple[SignatureClaim, ...]
    findings: tuple[Deviation, ...]
    coverage: tuple[Span, ...]
    refusal: FormatFailure | None = None
    ranges: tuple[SignedRange, ...] = ()


def read_signed(data: bytes, content: bytes | None = None, *, sandbox: Sandbox | None = None) -> SignedObject:
    """Read whatever signed object ``data`` is; never raises for what it holds.

    ``content`` is what a detached CMS was made over. ``sandbox`` parses foreign PDFs; without one, a child is started for the call
    (about a second), so give one where there are many files.
    """
    # A CMS that carries a PDF has the PDF's first bytes near its own.
    is_cms = data.startswith(b"\x30") and data.find(_SIGNED_DATA, 0, _OUTER_HEADER) >= 0
    if not is_cms and data.find(b"%PDF-", 0, _BOM_AND_SPACE) >= 0:
        return _read_pdf(data, sandbox)
    return _read_cms(data, content)


def _read_pdf(data: bytes, sandbox: Sandbox | None) -> SignedObject:
    """A letter when it is exactly one, any PDF otherwise; why it is no letter stays on record when it begins as one."""
    findings: list[Deviation] = []
    try:
        letter = letter_claims(data)
        coverage = pdf_coverage(len(data), letter.ranges)
        return SignedObject(SignedKind.LETTER, (letter.leader, letter.seal), (), coverage, ranges=letter.ranges)
    except LetterRefused as refusal:
        if template_of(data) is not None:
            findings.append((f"not a letter in good form: {refusal}", "letter layout, docs/decisions/0010"))
    try:
        if sandbox is None:
            with Sandbox() as own:
                reading = read_pdf(data, own)
        else:
            reading = read_pdf(data, sandbox)
    except FormatFailure as failure:
        return SignedObject(SignedKind.PDF, (), tuple(findings), (Span(0, len(data), NOTHING_COVERS),), failure)
    unread = any(rule == NEEDS_EXTRA for rule, _ in reading.findings)
    coverage = () if unread else pdf_coverage(len(data), reading.ranges)  # what nobody looked at is not "covered by nothing"
    return SignedObject(SignedKind.PDF, reading.claims, (*findings, *reading.findings), coverage, ranges=reading.ranges)


def _read_cms(data: bytes, content: bytes | None) -> SignedObject:
    findings: list[Deviation] = []
    try:
        encoded = _from_pem(data, findings)
        try:
            claims = read_strict(encoded, content)
        except FormatFailure as strict:
            refused = (f"the strict reader refuses the CMS: {strict}", "EN 319 122-1 §4")
            claims = read_tolerant(encoded, content)
            if strict.rule != NO_SIGNING_CERTIFICATE:
                claims = tuple(with_reason(claim, refused) for claim in claims)
            findings.append(refused)
        spans = _cms_coverage(encoded, len(claims))
    except FormatFailure as failure:
        kind = SignedKind.DETACHED if content is not None else SignedKind.UNKNOWN
        return SignedObject(kind, (), tuple(findings), (Span(0, len(data), NOTHING_COVERS),), failure)
    attached = any(span.label.startswith("content") for span in spans)
    if encoded is not data:
        spans = (Span(0, len(data), STRUCTURE),)  # base64 has no bytes of its own to account for
    return SignedObject(SignedKind.ATTACHED if attached else SignedKind.DETACHED, claims, tuple(findings), spans)


def _from_pem(data: bytes, findings: list[Deviation]) -> bytes:
    """DER or BER inside a PEM armour (RFC 7468 §8, §9), or the bytes themselves."""
    if len(data) > 2 * MAX_SIGNED_DATA:
        raise FormatFailure("CMS", f"must not be longer than {MAX_SIGNED_DATA} bytes")
    if not data[:_SPACE_BEFORE].lstrip().startswith(b"-----BEGIN "):
        return data
    for label in _PEM_LABELS:
        opening, closing = (b"-----%b %b-----" % (word, label) for word in (b"BEGIN", b"END"))
        start, end = data.find(opening), data.find(closing)
        if 0 <= start < end:
            break
    else:
        raise FormatFailure("PEM", "must be a CMS or PKCS7 block of base64 (RFC 7468 §8, §9)")
    if data[:start].strip() or data[end + len(closing) :].strip():
        findings.append(("text stands around the PEM block", "RFC 7468 §2"))
    try:
        return binascii.a2b_base64(data[start + len(opening) : end].translate(None, b" \t\r\n"), strict_mode=True)
    except binascii.Error as error:
        raise FormatFailure("PEM", f"must hold base64 (RFC 7468 §3): {error}") from error


def _cms_coverage(data: bytes, signers: int) -> tuple[Span, ...]:
    """Every byte of a CMS: the content, each signer's attributes and value, and what holds them together."""
    walker = Walker(data)
    outer = walker.element(0, len(data))
    named = f"content, covered by signer{'s' if signers > 1 else ''} {', '.join(str(n) for n in range(1, signers + 1))}"
    marks: list[Span] = []
    try:
        _, explicit = walker.children(outer)
        signed_data = list(walker.children(next(walker.children(explicit))))
        inside = list(walker.children(signed_data[2]))
        if len(inside) > 1:
            octets = next(walker.children(inside[1]))
            marks.append(Span(octets.content, octets.stop, named))
        for number, info in enumerate(walker.children(signed_data[-1]), 1):
            marks += _signer_marks(list(walker.children(info)), number)
    except (IndexError, StopIteration, ValueError) as error:
        raise FormatFailure("CMS", "cannot be read as SignedData (RFC 5652 §5.1)") from error
    spans: list[Span] = []
    at = 0
    for mark in sorted(marks, key=lambda span: span.start):
        spans += (Span(at, mark.start, STRUCTURE), mark)
        at = mark.end
    return joined((*spans, Span(at, outer.end, STRUCTURE), Span(outer.end, len(data), NOTHING_COVERS)))


def _signer_marks(parts: list[Element], number: int) -> list[Span]:
    marks = []
    for element in parts[3:]:
        if element.tag == b"\xa0":
            marks.append(Span(element.start, element.end, f"signed attributes, covered by signer {number}"))
        elif element.tag in (b"\x04", b"\x24"):
            marks.append(Span(element.content, element.stop, f"signature value of signer {number}"))
        elif element.tag == b"\xa1":
            marks.append(Span(element.start, element.end, f"unsigned attributes of signer {number}"))
    return marks
