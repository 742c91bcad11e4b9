"""Foreign PDFs behind the same claims as everything else (ISO 32000-1 §12.8, EN 319 142-1).

pyHanko finds the fields and judges what changed between revisions, in a child process that is killed when a file takes too long; this side
checks every byte range against the file itself, reads the signatures with its own readers, and turns what others would let pass into
findings. Filling in a form after the last signature is one of them: an official document has nothing left to fill in.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from itertools import islice
from typing import Any

from signing import oids
from signing.errors import FormatFailure
from signing.formats import tolerant
from signing.formats.artefacts import Artefacts, carried
from signing.formats.assembly import digest_of, level_of
from signing.formats.ber import Walker
from signing.formats.claims import Deviation, Digest, SignatureClaim, TokenClaim
from signing.formats.coverage import SignedRange
from signing.formats.pades import in_every_zone
from signing.formats.sandbox import Sandbox
from signing.formats.signed_data import read_strict, read_tolerant
from signing.formats.timestamp import Token, read_token, token_claim

MAX_PDF = 64 * 1024 * 1024
MAX_ARTEFACT = 8 * 1024 * 1024
NEEDS_EXTRA = "a PDF that is no letter of this software needs the extra truc[foreign] (pyHanko), which is not installed"
_UNREAD = (NEEDS_EXTRA, "truc[foreign]")
_INSPECT = "signing.formats.foreign:inspect"
_RANGES = "ISO 32000-1 §12.8.1; EN 319 142-1 §4.2"
_LATER = "ISO 32000-1 §12.8.2; EN 319 142-1 §5.5"
_ACTIVE = "ISO 32000-1 §12.6.4, §12.7.8, §12.8.5"
_DETACHED = ("/ETSI.CAdES.detached", "/adbe.pkcs7.detached")
_TIME_STAMP = "/ETSI.RFC3161"
_HARMLESS = ("NONE", "LTA_UPDATES")
_DATE = re.compile(r"D:(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:Z|([+-])(\d\d)'?(\d\d)'?)?")
_BYTE_RANGE = re.compile(rb"/ByteRange\s*\[")
_PLAIN_RANGE = re.compile(rb"/ByteRange\s{0,8}\[\s{0,8}(\d{1,10})\s{1,16}(\d{1,10})\s{1,16}(\d{1,10})\s{1,16}(\d{1,10})\s{0,16}\]")
_MOST_RANGES = 16
_DICTIONARY = 2048
"""Bytes of a signature dictionary between its /ByteRange and its /Contents, at most."""


@dataclass(frozen=True, slots=True)
class PdfReading:
    """A PDF as read: one claim per signature, what the file as a whole shows, and what each signature and time-stamp covers."""

    claims: tuple[SignatureClaim, ...]
    findings: tuple[Deviation, ...]
    ranges: tuple[SignedRange, ...]


@dataclass(frozen=True, slots=True)
class _Field:
    """One filled signature field: what the child saw, its range in the file, the CMS cut out of it, and what is odd about them."""

    seen: dict[str, Any]
    range: SignedRange
    digest: Digest
    cms: bytes
    findings: tuple[Deviation, ...]

    @property
    def is_stamp(self) -> bool:
        return bool(self.seen["sub_filter"] == _TIME_STAMP)


def available() -> bool:
    """Whether the extra that reads foreign PDFs is installed."""
    return importlib.util.find_spec("pyhanko") is not None


def read_pdf(data: bytes, sandbox: Sandbox) -> PdfReading:
    """Every signature of a PDF, in the order of what they cover. Raises :class:`FormatFailure` when the file cannot be parsed.

    Without the extra ``truc[foreign]`` there are no claims and one finding, :data:`NEEDS_EXTRA`; unless a signature is seen to be broken,
    which needs no parser: then there are the claims of all byte ranges, and those that seem whole have it among their findings.
    """
    if len(data) > MAX_PDF:
        raise FormatFailure("PDF", f"must not be longer than {MAX_PDF} bytes")
    if not available():
        return _without_parser(data)
    seen = sandbox.call(_INSPECT, data)
    findings: list[Deviation] = []
    fields = sorted(_fields(data, seen["fields"], findings), key=lambda field: field.range.end)
    findings += _whole_file(data, seen, fields)
    ranges = tuple(field.range for field in fields)
    store = _artefacts(seen["store"])
    stamps = _stamps(fields, seen["stores"], findings)
    claims: list[SignatureClaim] = []
    for field in fields:
        if field.is_stamp:
            findings += ((f"time-stamp {field.range.name}: {rule}", clause) for rule, clause in field.findings)
        else:
            claims += _claims(field, stamps, store, findings)
    return PdfReading(tuple(claims), tuple(dict.fromkeys(findings)), ranges)


def _without_parser(data: bytes) -> PdfReading:
    """What byte ranges say by themselves: enough to tell that a signature is broken, never that all is well.

    One changed byte must not turn a letter from "failed" into "install something first".
    """
    claims: list[SignatureClaim] = []
    ranges: list[SignedRange] = []
    for match in islice(_PLAIN_RANGE.finditer(data), _MOST_RANGES):
        try:
            found, contents = _cut_out(data, f"ByteRange {len(ranges) + 1}", [int(number) for number in match.groups()])
            if not match.end() <= found.opening <= match.end() + _DICTIONARY and not 0 <= match.start() - found.closing <= _DICTIONARY:
                continue  # not of the dictionary whose /Contents it leaves out
            whole = Walker(contents).element(0, len(contents))
            view = memoryview(data)
            digest = digest_of(view[: found.opening], view[found.closing : found.end])
            read = [claim for claim in read_tolerant(contents[: whole.end], digest) if claim.signer.content_type == oids.DATA]
        except FormatFailure:
            continue
        claims += [replace(claim, name=found.name) for claim in read]
        ranges.append(found)
    if not any(_altered(claim) for claim in claims):
        return PdfReading((), (_UNREAD,), ())
    seen = [claim if _altered(claim) else replace(claim, findings=(*claim.findings, _UNREAD)) for claim in claims]
    return PdfReading(tuple(seen), (), tuple(ranges))


def _altered(claim: SignatureClaim) -> bool:
    """Whether the signed digest is known not to be that of the bytes (RFC 5652 §11.2)."""
    digest = claim.content(claim.signer.digest_algorithm)
    return digest is not None and claim.signer.message_digest is not None and digest != claim.signer.message_digest


def _fields(data: bytes, seen: Sequence[dict[str, Any]], findings: list[Deviation]) -> list[_Field]:
    """Fields whose byte range and contents hold together; the others become findings of the file."""
    found = []
    for item in seen:
        try:
            found.append(_field(data, item))
        except FormatFailure as failure:
            findings.append((f"signature field {item['name']}: {failure}", _RANGES))
    return found


def _field(data: bytes, seen: dict[str, Any]) -> _Field:
    """Check a byte range against the file: two ranges, from the first byte on, around exactly the hexadecimal /Contents."""
    found, contents = _cut_out(data, seen["name"], seen["byte_range"])
    if contents != seen["contents"]:
        raise FormatFailure("/Contents", "the byte range leaves out another string than the field's /Contents")
    whole = Walker(contents).element(0, len(contents))
    findings = []
    if contents.count(0, whole.end) != len(contents) - whole.end:
        findings.append(("the /Contents hold more than a CMS and zeros, which no signature covers", _RANGES))
    view = memoryview(data)
    digest = digest_of(view[: found.opening], view[found.closing : found.end])
    findings += _revision_findings(data, seen, found.end)
    return _Field(seen, found, digest, contents[: whole.end], tuple(findings))


def _cut_out(data: bytes, name: str, numbers: Sequence[int]) -> tuple[SignedRange, bytes]:
    """A byte range and the /Contents it leaves out. Raises :class:`FormatFailure` for any other shape (ISO 32000-1 §12.8.1)."""
    if len(numbers) != 4 or any(number < 0 for number in numbers):
        raise FormatFailure("/ByteRange", "must be exactly two ranges")
    start, opening, closing, rest = numbers
    end = closing + rest
    if start != 0 or not opening < closing or end > len(data):
        raise FormatFailure("/ByteRange", "must begin at the first byte, its ranges in order and inside the file")
    gap = data[opening:closing]
    digits = gap[1:-1]
    if gap[:1] != b"<" or gap[-1:] != b">" or b"<" in digits or b">" in digits:
        raise FormatFailure("/ByteRange", "must leave out the /Contents string and nothing else")
    try:
        contents = bytes.fromhex(digits.decode("ascii"))
    except ValueError as error:
        raise FormatFailure("/Contents", "must be hexadecimal digits") from error
    return SignedRange(name, opening, closing, end), contents


def _revision_findings(data: bytes, seen: dict[str, Any], end: int) -> list[Deviation]:
    """What pyHanko's difference analysis says about this signature's revision and those after it, as the field sees it."""
    found: list[Deviation] = []
    changes, reason = seen["changes"], seen.get("reason", "")
    if not _ends_a_revision(data[max(end - 64, 0) : end]):
        found.append(("the signature does not end where a revision of the file ends", _RANGES))
    if seen["moved"]:
        found.append((f"what the signature covers means something else with the bytes behind it: {seen['moved']}", _LATER))
    if changes == "unknown":
        found.append((f"what was changed after this signature cannot be told: {reason}", _LATER))
    elif changes not in _HARMLESS:
        names = ", ".join(seen["changed_fields"][:8])
        what = f"the file was changed after this signature ({changes}{': ' + names if names else ''}{'; ' + reason if reason else ''})"
        found.append((what, _LATER))
    if seen["coverage"] not in ("ENTIRE_FILE", "ENTIRE_REVISION"):
        found.append((f"the signature does not cover its whole revision ({seen['coverage'] or 'unknown'})", _RANGES))
    return found


def _ends_a_revision(data: bytes) -> bool:
    """Whether bytes end as a revision does, with at most some white space behind (ISO 32000-1 §7.5.5)."""
    return data.rstrip(b"\r\n \0").endswith(b"%%EOF")


def _whole_file(data: bytes, seen: dict[str, Any], fields: Sequence[_Field]) -> list[Deviation]:
    """Bytes no signature covers, and signature dictionaries that belong to no field."""
    found: list[Deviation] = []
    if not seen["fields"]:
        found.append(("the PDF has no filled signature field", "EN 319 142-1 §4.2"))
    last = max((field.range.end for field in fields), default=len(data))
    stored = bool(fields) and fields[-1].seen["changes"] == "LTA_UPDATES" and _ends_a_revision(data[-64:])
    if last < len(data) and not stored:  # validation data for the last time-stamp can only come after it
        found.append((f"{len(data) - last} bytes follow the last signature and are covered by nothing", _RANGES))
    signatures = [field for field in fields if not field.is_stamp]
    if signatures and signatures[-1].seen["changes"] not in _HARMLESS:
        found.append((f"something was changed after the last signature: {signatures[-1].seen['changes']}", _LATER))
    if seen["active"]:
        found.append((f"the file can change what it shows: {', '.join(seen['active'])}", _ACTIVE))
    named = len(_BYTE_RANGE.findall(data))
    if named > len(seen["fields"]):
        found.append((f"{named - len(seen['fields'])} byte ranges in the file belong to no signature field", _RANGES))
    return found


def _stamps(fields: Sequence[_Field], stores: dict[int, Any], findings: list[Deviation]) -> list[tuple[SignedRange, TokenClaim]]:
    """Document time-stamps, each with what existed before it: signature values, earlier tokens, the store as it then stood."""
    found = []
    covered: set[bytes] = set()
    for field in fields:
        covered |= _hashes(_artefacts(stores.get(field.seen["revision"], ((), (), ()))))
        try:
            if field.is_stamp:
                token = _token(field.cms)
                found.append((field.range, token_claim(token, field.digest, frozenset(covered))))
                covered |= {sha256(token.der).digest()} | _hashes(carried(token.envelope))
            else:
                envelope = tolerant.read_envelope(field.cms)
                covered |= {sha256(signer.claim.signature).digest() for signer in envelope.signers} | _hashes(carried(envelope))
        except FormatFailure as failure:
            findings.append((f"signature field {field.range.name}: {failure}", "EN 319 142-1 §5.4.3"))
    return found


def _token(cms: bytes) -> Token:
    try:
        return read_token(cms)
    except FormatFailure:
        return read_token(cms, tolerant.read_envelope)


def _claims(
    field: _Field,
    stamps: Sequence[tuple[SignedRange, TokenClaim]],
    store: Artefacts,
    findings: list[Deviation],
) -> list[SignatureClaim]:
    """The claim of a field's signature; several signers in one CMS are one claim each, and a finding."""
    if field.seen["sub_filter"] not in _DETACHED:
        findings.append((f"signature field {field.range.name}: {field.seen['sub_filter']} is not read", "EN 319 142-1 §6.2.1"))
        return []
    noted = list(field.findings)
    try:
        claims = read_strict(field.cms, field.digest)
    except FormatFailure as strict:
        try:
            claims = read_tolerant(field.cms, field.digest)
        except FormatFailure as failure:
            findings.append((f"signature field {field.range.name}: {failure}", "RFC 5652 §5.1"))
            return []
        noted.append((f"the strict reader refuses the CMS: {strict}", "EN 319 122-1 §4"))
    if len(claims) != 1:
        noted.append((f"the CMS has {len(claims)} signers", "EN 319 142-1 §4.2.1 (g)"))
    archive = tuple(token for covered, token in stamps if covered.end > field.range.end)
    return [_with_file(claim, field, archive, store, noted, several=len(claims) > 1) for claim in claims]


def _with_file(
    claim: SignatureClaim, field: _Field, archive: tuple[TokenClaim, ...], store: Artefacts, noted: list[Deviation], *, several: bool
) -> SignatureClaim:
    """A CMS signer's claim with what the file adds: its name, time, later time-stamps, stored artefacts and findings."""
    found = Artefacts(claim.certificates, claim.crls, claim.ocsps) + store
    after = any(token.covers & _hashes(Artefacts(crls=store.crls, ocsps=store.ocsps)) for token in archive)
    return replace(
        claim,
        name=f"{field.range.name} {claim.name}" if several else field.range.name,
        content=field.digest,  # the file, whatever content a CMS may bring along
        signer=replace(claim.signer, claimed_at=claim.signer.claimed_at or _claimed(field.seen["claimed"])),
        certificates=found.certificates,
        crls=found.crls,
        ocsps=found.ocsps,
        archive_tokens=archive,
        level=level_of(bool(claim.signature_tokens or archive), bool(found.crls or found.ocsps), after),
        findings=tuple(dict.fromkeys((*claim.findings, *noted))),
    )


def _artefacts(store: Sequence[Sequence[bytes]]) -> Artefacts:
    """What a store holds, without anything too long to be an artefact."""
    certificates, crls, ocsps = (tuple(dict.fromkeys(item for item in kind if len(item) <= MAX_ARTEFACT)) for kind in store)
    return Artefacts(certificates, crls, ocsps)


def _hashes(artefacts: Artefacts) -> set[bytes]:
    return {sha256(item).digest() for item in artefacts.everything}


def _claimed(text: str) -> datetime | None:
    """The moment of a PDF date with seconds and zone (ISO 32000-1 §7.9.4); ``None`` for any other."""
    match = _DATE.match(text)
    if match is None:
        return None
    try:
        offset = timedelta(hours=int(match[8] or 0), minutes=int(match[9] or 0)) * (-1 if match[7] == "-" else 1)
        moment = datetime(*(int(match[group]) for group in range(1, 7)), tzinfo=timezone(offset))  # type: ignore[misc,arg-type]
    except ValueError:
        return None
    return in_every_zone(moment)
