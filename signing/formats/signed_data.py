"""Claims of a CMS SignedData: every signer with its tokens and artefacts, attached or detached, by a strict and by a tolerant reader.

Two parsers must never disagree on what was signed: :func:`disagreement` compares what they say of one file, and the tests run it over
every fixture and over mutated files by the thousand.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from hashlib import sha256

from signing import oids
from signing.algorithms import DIGEST_SIZES
from signing.errors import FormatFailure
from signing.formats import strict, tolerant
from signing.formats.archive import Reach, index_of, stamped
from signing.formats.artefacts import Artefacts, carried, unsigned_artefacts
from signing.formats.claims import Deviation, Digest, Level, SignatureClaim, SignerClaim, TokenClaim
from signing.formats.cms import looks_like_signed_attributes
from signing.formats.envelope import Envelope, EnvelopeReader, SignerEnvelope
from signing.formats.timestamp import Token, read_token, token_claim

MAX_TOKENS = 64
"""Most time-stamp tokens read of one signer."""
_CONFUSION = ("the content is itself the encoding of signed attributes", "draft-ietf-lamps-cms-euf-cma-signeddata")


def read_strict(data: bytes, content: bytes | Digest | None = None) -> tuple[SignatureClaim, ...]:
    """One claim per SignerInfo of a DER SignedData in perfect order; raises :class:`FormatFailure` for anything else.

    ``content`` is what a detached signature was made over, its digest function where it lies in pieces (a PDF), or ``None`` when it is
    not at hand. Content given beside attached content must be the same; it is what the claim is about.
    """
    envelope = strict.read_envelope(data)
    source, found = _content(envelope, content)
    if found:
        raise FormatFailure("content", f"{found[0][0]} ({found[0][1]})")
    return tuple(
        _Assembly(envelope, signer, source, strict.read_envelope, _refuse).claim(f"signer {number}")
        for number, signer in enumerate(envelope.signers, 1)
    )


def read_tolerant(data: bytes, content: bytes | Digest | None = None) -> tuple[SignatureClaim, ...]:
    """As :func:`read_strict`, but breaches of the format become ``deviations`` of the signer and ``findings`` of the claim.

    Raises :class:`FormatFailure` only when what was signed, or by whom, cannot be made out.
    """
    envelope = tolerant.read_envelope(data)
    source, found = _content(envelope, content)
    claims = []
    for number, signer in enumerate(envelope.signers, 1):
        noted = list(found)
        claim = _Assembly(envelope, signer, source, tolerant.read_envelope, noted.append).claim(f"signer {number}")
        claims.append(replace(claim, findings=tuple(dict.fromkeys((*claim.findings, *noted)))))
    return tuple(claims)


def digest_of(*parts: bytes | memoryview) -> Digest:
    """The digest function over bytes in pieces; each algorithm is computed once."""
    known: dict[str, bytes] = {}

    def digest(name: str) -> bytes | None:
        if name not in DIGEST_SIZES:
            return None
        if name not in known:
            state = hashlib.new(name, usedforsecurity=False)
            for part in parts:
                state.update(part)
            known[name] = state.digest()
        return known[name]

    return digest


def disagreement(one: Sequence[SignatureClaim], other: Sequence[SignatureClaim]) -> str:
    """In what two readings of the same bytes differ, or nothing: number, signer, attributes, content, artefacts, tokens, level."""
    if len(one) != len(other):
        return f"{len(one)} and {len(other)} signers"
    for first, second in zip(one, other, strict=True):
        difference = _signer_difference(first.signer, second.signer) or _claim_difference(first, second)
        if difference:
            return f"{first.name}: {difference}"
    return ""


def _signer_difference(one: SignerClaim, other: SignerClaim) -> str:
    names = (field.name for field in fields(SignerClaim) if field.name != "deviations")
    return next((name for name in names if getattr(one, name) != getattr(other, name)), "")


def _claim_difference(one: SignatureClaim, other: SignatureClaim) -> str:
    for name in ("name", "certificates", "crls", "ocsps", "level"):
        if getattr(one, name) != getattr(other, name):
            return name
    algorithm = one.signer.digest_algorithm
    if one.content(algorithm) != other.content(algorithm):
        return "content"
    for kind in ("content_tokens", "signature_tokens", "archive_tokens"):
        mine, theirs = getattr(one, kind), getattr(other, kind)
        if len(mine) != len(theirs):
            return kind
        for first, second in zip(mine, theirs, strict=True):
            difference = _token_difference(first, second)
            if difference:
                return f"{kind}: {difference}"
    return ""


def _token_difference(one: TokenClaim, other: TokenClaim) -> str:
    if one.expected(one.imprint_algorithm) != other.expected(other.imprint_algorithm):
        return "expected"
    plain = (field.name for field in fields(TokenClaim) if field.name not in ("expected", "signer"))
    differing = next((name for name in plain if getattr(one, name) != getattr(other, name)), "")
    return differing or _signer_difference(one.signer, other.signer)


def _content(envelope: Envelope, given: bytes | Digest | None) -> tuple[Digest, list[Deviation]]:
    """The digest function of what the signature is asked about, and what is odd about it: content given counts before content carried."""
    found: list[Deviation] = []
    if given is not None and envelope.content is not None and given != envelope.content:
        found.append(("the content given is not the content the signature carries", "RFC 5652 §5.2"))
    if any(isinstance(content, bytes) and looks_like_signed_attributes(content) for content in (given, envelope.content)):
        found.append(_CONFUSION)
    asked = envelope.content if given is None else given
    if asked is None:
        return _absent, found
    return (digest_of(asked) if isinstance(asked, bytes) else asked), found


def _absent(name: str) -> bytes | None:
    """The digest function of content that is not at hand."""
    return None


def _refuse(deviation: Deviation) -> None:
    raise FormatFailure("unsignedAttrs", f"{deviation[0]} ({deviation[1]})")


class _Assembly:
    """The claim of one signer: ``note`` says what is done with a token or attribute that cannot be read."""

    def __init__(
        self, envelope: Envelope, signer: SignerEnvelope, source: Digest, read: EnvelopeReader, note: Callable[[Deviation], None]
    ) -> None:
        self._envelope = envelope
        self._signer = signer
        self._source = source
        self._read = read
        self._note = note
        self._reach: Reach | None = None
        self._ocsps: list[bytes] = []
        self._tokens = 0

    def claim(self, name: str) -> SignatureClaim:
        signer = self._signer
        content = self._each(signer.content_tokens, "content-time-stamp", self._content_token)
        signature = self._each(signer.values(oids.SIGNATURE_TIME_STAMP), "signature-time-stamp", self._signature_token)
        archive = self._each(signer.values(oids.ARCHIVE_TIME_STAMP_V3), "archive-time-stamp-v3", self._archive_token)
        found = carried(self._envelope) + self._attribute_artefacts() + Artefacts(ocsps=tuple(self._ocsps))
        level = level_of(bool(signature), bool(found.crls or found.ocsps), bool(archive))
        return SignatureClaim(
            name,
            signer.claim,
            self._source,
            found.certificates,
            found.crls,
            found.ocsps,
            content,
            signature,
            tuple(sorted(archive, key=lambda token: token.generated_at)),
            level,
            len(self._envelope.signers),
            tuple(self._remarks()),
        )

    def _each(self, values: Sequence[bytes], what: str, make: Callable[[Token], TokenClaim]) -> tuple[TokenClaim, ...]:
        found = []
        for value in values:
            self._tokens += 1
            if self._tokens > MAX_TOKENS:
                raise FormatFailure("SignerInfo", f"no more than {MAX_TOKENS} time-stamp tokens of one signer are read")
            try:
                token = read_token(value, self._read)
                found.append(make(token))
            except FormatFailure as failure:
                self._note((f"a {what} cannot be read: {failure}", "EN 319 122-1 §5.3, §5.5"))
            else:
                self._ocsps += carried(token.envelope).ocsps
        return tuple(found)

    def _content_token(self, token: Token) -> TokenClaim:
        content = self._source("sha256")
        return token_claim(token, self._source, frozenset() if content is None else frozenset((content,)))

    def _signature_token(self, token: Token) -> TokenClaim:
        signature = self._signer.claim.signature
        return token_claim(token, digest_of(signature), frozenset((sha256(signature).digest(),)))

    def _archive_token(self, token: Token) -> TokenClaim:
        index = index_of(token.envelope)
        if index.algorithm != token.info.imprint_algorithm:
            # Else a weak digest in the index would say what a strong imprint covers.
            raise FormatFailure(
                "ats-hash-index-v3", f"must use the digest of its token's imprint, not {index.algorithm} (EN 319 122-1 §5.5.2)"
            )
        self._reach = self._reach or Reach(self._envelope, self._signer)

        def expected(algorithm: str) -> bytes | None:
            content = self._source(algorithm)
            return None if content is None else digest_of(stamped(self._envelope, self._signer, content, index.encoded))(algorithm)

        return token_claim(token, expected, self._reach.reached(index))

    def _attribute_artefacts(self) -> Artefacts:
        try:
            return unsigned_artefacts(self._signer)
        except FormatFailure as failure:
            self._note((str(failure), "EN 319 122-1 annex A.1"))
            return Artefacts()

    def _remarks(self) -> list[Deviation]:
        """Unsigned attributes that are seen and not judged; no breach of any rule."""
        remarks = []
        if counters := len(self._signer.values(oids.COUNTER_SIGNATURE)):
            remarks.append((f"{counters} counter-signatures are there and were not looked at", "RFC 5652 §11.4"))
        if self._signer.values(oids.ARCHIVE_TIME_STAMP_V2):
            remarks.append(("an archive-time-stamp of version 2 is there and was not looked at", "EN 319 122-1 annex A.2.4"))
        return remarks


def level_of(stamped_signature: bool, revocation: bool, archived: bool) -> Level:
    """The baseline level that artefacts amount to: each step needs the one before (EN 319 122-1 §6.1, EN 319 142-1 §6.1)."""
    if not stamped_signature:
        return Level.B
    if not revocation:
        return Level.T
    return Level.LTA if archived else Level.LT
