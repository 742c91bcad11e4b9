"""What a letter claims, with all that was appended to make it last: two signatures, document time-stamps, stored validation data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256

from signing.errors import FormatFailure, LetterRefused
from signing.formats import pades
from signing.formats.artefacts import Artefacts, carried
from signing.formats.assembly import digest_of, level_of
from signing.formats.claims import Level, SignatureClaim, TokenClaim
from signing.formats.coverage import SignedRange
from signing.formats.envelope import Envelope
from signing.formats.letter.reader import Contents, Letter, letter_of, open_first, open_second
from signing.formats.letter.tails import Tails, read_tails
from signing.formats.strict import read_envelope
from signing.formats.timestamp import Token, read_token, token_claim

LEADER, SEAL = "ky_lanh_dao", "dau_co_quan"
"""The two signature fields, which name the claims."""


@dataclass(frozen=True, slots=True)
class LetterClaims:
    """A sealed letter at any level: what it says, its two signatures, and what each signature and document time-stamp covers."""

    letter: Letter
    leader: SignatureClaim
    seal: SignatureClaim
    ranges: tuple[SignedRange, ...]


def letter_claims(data: bytes) -> LetterClaims:
    """Read a sealed letter with whatever permitted revisions follow it.

    Raises :class:`LetterRefused` for any other bytes; nothing is verified. Document time-stamps are archive tokens of both signatures,
    each over all bytes before it, so that what it covers includes the signatures, earlier tokens and the store as it then was.
    """
    opened = open_first(data)
    sealed = open_second(data, opened)
    tails = read_tails(data, sealed.end)
    slots = ((LEADER, opened.contents, opened.end), (SEAL, sealed.contents, sealed.end))
    try:
        envelopes = [read_envelope(pades.extract_cms(data[slot.opening + 1 : slot.closing - 1])) for _, slot, _ in slots]
        tokens = [read_token(stamp.token) for stamp in tails.stamps]
    except FormatFailure as failure:
        raise LetterRefused("signature or time-stamp", str(failure)) from failure
    archive = _token_claims(data, tails, tokens, envelopes)
    leader, seal = (
        _claim(data, name, slot, end, envelope, tails, archive)
        for (name, slot, end), envelope in zip(slots, envelopes, strict=True)
    )  # fmt: skip
    stamps = (SignedRange(f"moc_thoi_gian_{n}", stamp.opening, stamp.closing, stamp.end) for n, stamp in enumerate(tails.stamps, 1))
    ranges = (*(SignedRange(name, slot.opening, slot.closing, end) for name, slot, end in slots), *stamps)
    return LetterClaims(letter_of(data, opened, sealed), leader, seal, ranges)


def _claim(
    data: bytes, name: str, slot: Contents, end: int, envelope: Envelope, tails: Tails, archive: tuple[TokenClaim, ...]
) -> SignatureClaim:
    view = memoryview(data)
    found = carried(envelope) + tails.state.store.artefacts
    return SignatureClaim(
        name,
        replace(envelope.signers[0].claim, claimed_at=pades.in_every_zone(slot.claimed_at)),
        digest_of(view[: slot.opening], view[slot.closing : end]),
        found.certificates,
        found.crls,
        found.ocsps,
        archive_tokens=archive,
        level=_level(tails),
    )


def _level(tails: Tails) -> Level:
    """B-T by any time-stamp, B-LT by revocation data in the store, B-LTA by a time-stamp after it (EN 319 142-1 §6.3)."""
    store = tails.state.store.artefacts
    archived = any(stamp.stored.crls or stamp.stored.ocsps for stamp in tails.stamps)
    return level_of(bool(tails.stamps), bool(store.crls or store.ocsps), archived)


def _token_claims(data: bytes, tails: Tails, tokens: list[Token], envelopes: list[Envelope]) -> tuple[TokenClaim, ...]:
    view = memoryview(data)
    covered = set().union(*(_hashes(carried(envelope)) for envelope in envelopes))
    covered |= {sha256(envelope.signers[0].claim.signature).digest() for envelope in envelopes}
    claims = []
    for stamp, token in zip(tails.stamps, tokens, strict=True):
        covered |= _hashes(stamp.stored)
        expected = digest_of(view[: stamp.opening], view[stamp.closing : stamp.end])
        claims.append(token_claim(token, expected, frozenset(covered)))
        covered |= {sha256(token.der).digest()} | _hashes(carried(token.envelope))
    return tuple(claims)


def _hashes(artefacts: Artefacts) -> set[bytes]:
    return {sha256(item).digest() for item in artefacts.everything}
