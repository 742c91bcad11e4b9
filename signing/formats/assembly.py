"""The claim of one SignerInfo put together: its time-stamps, what travels along, and the counter-signatures over its value."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from signing import oids
from signing.algorithms import DIGEST_SIZES
from signing.errors import FormatFailure
from signing.formats import strict, tolerant
from signing.formats.archive import Reach, index_of, stamped
from signing.formats.artefacts import Artefacts, carried, unsigned_artefacts
from signing.formats.claims import CounterSignature, Deviation, Digest, Level, SignatureClaim, TokenClaim
from signing.formats.envelope import Envelope, EnvelopeReader, SignerEnvelope
from signing.formats.strict import NO_SIGNING_CERTIFICATE
from signing.formats.timestamp import Token, read_token, token_claim

MAX_TOKENS = 64
"""Most time-stamp tokens read of one signer, those of its counter-signatures among them."""
MAX_COUNTER_SIGNATURES = 8
"""Most counter-signatures read of one signer, those of counter-signatures among them."""
MAX_OF_ALL_SIGNERS = 16
"""Most counter-signatures read of one SignedData: each signer may have its share, for each is judged with artefacts of its own."""
MAX_NESTING = 3
"""How deep counter-signatures are read: one, one over it, one over that."""
_COUNTER = "RFC 5652 §11.4; EN 319 122-1 §5.2.7"


@dataclass(frozen=True, slots=True)
class Reading:
    """What one of the two parsers reads: a whole SignedData, and a SignerInfo that stands as counter-signature."""

    envelope: EnvelopeReader
    counter_signature: Callable[[bytes], SignerEnvelope]


STRICT = Reading(strict.read_envelope, strict.read_counter_signature)
TOLERANT = Reading(tolerant.read_envelope, tolerant.read_counter_signature)


@dataclass(slots=True)
class _Spent:
    """What of one signer's bounds is used up, with all its counter-signatures."""

    tokens: int = 0
    counter_signatures: int = 0


class Assembly:
    """The claim of one signer: ``note`` says what is done with a token or attribute that cannot be read.

    ``nesting`` is 0 for a document's signature; a counter-signature has that of what it countersigns and one, and shares what is ``spent``.
    """

    def __init__(
        self,
        envelope: Envelope,
        signer: SignerEnvelope,
        source: Digest,
        reading: Reading,
        note: Callable[[Deviation], None],
        nesting: int = 0,
        spent: _Spent | None = None,
    ) -> None:
        self._envelope = envelope
        self._signer = signer
        self._source = source
        self._reading = reading
        self._note = note
        self._nesting = nesting
        self._spent = spent or _Spent()
        self._reach: Reach | None = None
        self._ocsps: list[bytes] = []

    def claim(self, name: str) -> SignatureClaim:
        """All that the signer and what travels with it claim."""
        signer = self._signer
        content = self._each(signer.content_tokens, "content-time-stamp", self._content_token)
        signature = self._each(signer.values(oids.SIGNATURE_TIME_STAMP), "signature-time-stamp", self._signature_token)
        archive = self._each(self._archive_values(), "archive-time-stamp-v3", self._archive_token)
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
            len(self._envelope.signers) + self._nesting,
            tuple(self._remarks()),
            self.counter_signatures(),
        )

    def counter_signatures(self) -> tuple[CounterSignature, ...]:
        """Each counter-signature over the signer's value, in the order of the file; what is beyond the bounds in one."""
        values = self._signer.values(oids.COUNTER_SIGNATURE)
        if values and self._nesting >= MAX_NESTING:
            return (_beyond(f"counter-signatures nested more than {MAX_NESTING} deep are not looked at"),)
        return tuple(self._counter_signatures(values))

    def _counter_signatures(self, values: Sequence[bytes]) -> Iterator[CounterSignature]:
        most = min(MAX_COUNTER_SIGNATURES, MAX_OF_ALL_SIGNERS // len(self._envelope.signers))
        for number, value in enumerate(values, 1):
            self._spent.counter_signatures += 1
            if self._spent.counter_signatures > most:
                yield _beyond(f"no more than {most} counter-signatures of one signature are looked at")
                return
            yield self._counter_signature(f"counter-signature {number}", value)

    def _counter_signature(self, name: str, value: bytes) -> CounterSignature:
        """One value, by this reading; where the strict one refuses it, by the tolerant one, with why as a breach of the format.

        Anybody may add a counter-signature: however bad it is, the signature it stands under is read as if it were not there.
        """
        before = replace(self._spent)
        try:
            try:
                return CounterSignature(name, value, self._counter_claim(name, value, self._reading))
            except FormatFailure as refused:
                if self._reading is TOLERANT:
                    raise
                self._spent.tokens, self._spent.counter_signatures = before.tokens, before.counter_signatures
                claim = self._counter_claim(name, value, TOLERANT)
                reason = (f"the strict reader refuses it: {refused}", _COUNTER)
                return CounterSignature(name, value, claim if refused.rule == NO_SIGNING_CERTIFICATE else with_reason(claim, reason))
        except FormatFailure as failure:
            return CounterSignature(name, value, None, (f"a counter-signature cannot be read: {failure}", _COUNTER))

    def _counter_claim(self, name: str, value: bytes, reading: Reading) -> SignatureClaim:
        """The claim of a counter-signature, over the value of the signature it stands under (RFC 5652 §11.4)."""
        signer = reading.counter_signature(value)
        noted: list[Deviation] = []
        note = refuse if reading is STRICT else noted.append
        source = digest_of(self._signer.claim.signature)
        claim = Assembly(self._envelope, signer, source, reading, note, self._nesting + 1, self._spent).claim(name)
        return replace(claim, findings=tuple(dict.fromkeys((*claim.findings, *noted))))

    def _each(self, values: Sequence[bytes], what: str, make: Callable[[Token], TokenClaim]) -> tuple[TokenClaim, ...]:
        found = []
        for value in values:
            self._spent.tokens += 1
            if self._spent.tokens > MAX_TOKENS:
                raise FormatFailure("SignerInfo", f"no more than {MAX_TOKENS} time-stamp tokens of one signer are read")
            try:
                token = read_token(value, self._reading.envelope)
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

    def _archive_values(self) -> tuple[bytes, ...]:
        """Archive time-stamps stand at the document's signature and reach its counter-signatures from there (EN 319 122-1 §5.5.3)."""
        return () if self._nesting else self._signer.values(oids.ARCHIVE_TIME_STAMP_V3)

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
        if self._signer.values(oids.ARCHIVE_TIME_STAMP_V2):
            remarks.append(("an archive-time-stamp of version 2 is there and was not looked at", "EN 319 122-1 annex A.2.4"))
        if self._nesting and self._signer.values(oids.ARCHIVE_TIME_STAMP_V3):
            remarks.append(("an archive-time-stamp of a counter-signature is there and was not looked at", "EN 319 122-1 §5.5.3"))
        return remarks


def _beyond(rule: str) -> CounterSignature:
    """What stands for counter-signatures beyond a bound."""
    return CounterSignature("further counter-signatures", b"", None, (rule, _COUNTER))


def refuse(deviation: Deviation) -> None:
    """What the strict reader does with what it would have to note."""
    raise FormatFailure("unsignedAttrs", f"{deviation[0]} ({deviation[1]})")


def with_reason(claim: SignatureClaim, refused: Deviation) -> SignatureClaim:
    """What the strict reader refuses and the tolerant one saw nothing in is a deviation too: nothing goes past both without a word."""
    if claim.signer.deviations or claim.findings:
        return claim
    return replace(claim, signer=replace(claim.signer, deviations=(refused,)))


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


def level_of(stamped_signature: bool, revocation: bool, archived: bool) -> Level:
    """The baseline level that artefacts amount to: each step needs the one before (EN 319 122-1 §6.1, EN 319 142-1 §6.1)."""
    if not stamped_signature:
        return Level.B
    if not revocation:
        return Level.T
    return Level.LTA if archived else Level.LT
