"""An index from keys to the signatures that stand on them, built while an archive is audited.

What is kept of ten thousand documents is one small record per signature. Signatures of one certificate that nothing tells apart (the same
tokens, the same result, proofs between the same two instants at which anything begins or ends) share one verdict on the long way: the
verdict is constant between such instants. So one signature of each kind is kept whole, and judged for all.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256

from exchange.audit.findings import Finding
from exchange.audit.packages import SignedArtefact
from signing import Purpose, SignatureClaim, SignatureReport, TokenClaim, read_signed

_STAMP_MARKS = (b"/ETSI.RFC3161", bytes.fromhex("060b2a864886f70d010910020e"))
"""What a document time-stamp and a signature time-stamp cannot be without: the sub-filter, and the attribute's object identifier."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What is the same for many signatures. ``period``: between which two instants of the index the proof of their existence lies."""

    certificate_sha256: bytes
    purpose: Purpose
    name: str
    result: str
    period: int
    kept: int
    """Which of the checkpoints kept outside, oldest first, is the first over its package; their number where none is."""
    tokens: tuple[bytes, ...]
    """Time-stamps are different for each signature: one that has any is a kind of its own."""


@dataclass(frozen=True, slots=True)
class Use:
    """One signature: in which package, of which row of the archive, proven by its receipt to be of ``at`` (epoch seconds)."""

    package_id: str
    row: int
    at: int


class Uses:
    """Collects; give :meth:`see` to the audit as ``longer``."""

    def __init__(self, moments: Iterable[datetime], sizes: Sequence[int] = (), entered: Sequence[int] = ()) -> None:
        """``moments``: every instant at which the archive's evidence, the policy or the question begins or ends. ``sizes``: those of the
        checkpoints kept outside, ascending. ``entered``: index in the ledger of each package's admission, by row; -1 for none.
        """
        self._sizes, self._entered = tuple(sizes), entered
        self._moments = sorted({int(moment.timestamp()) for moment in moments})
        self.by_kind: dict[Kind, list[Use]] = {}
        self.whole: dict[Kind, SignatureClaim] = {}
        self.certificates: dict[bytes, bytes] = {}
        """SHA-256 → DER of every certificate met, signers' and time-stamping units'."""

    def see(self, artefact: SignedArtefact) -> Iterable[Finding]:
        """One more artefact; nothing is found wrong here."""
        stamped = any(mark in (artefact.signature or artefact.data) for mark in _STAMP_MARKS)
        claims: Sequence[SignatureClaim] | None = self._claims(artefact) if stamped else None
        for place, report in enumerate(artefact.reports):
            if report.certificate_sha256 is None:
                continue
            tokens = () if claims is None or place >= len(claims) else tokens_of(claims[place])
            at, row = int(report.at.timestamp()), int(artefact.place.row)
            kind = Kind(
                report.certificate_sha256,
                artefact.purpose,
                str(place),
                str(report.sub_indication or report.indication),
                bisect_right(self._moments, at),
                self._first_over(row),
                tuple(sha256(token.der).digest() for token in tokens),
            )
            if kind not in self.by_kind:
                claims = self._claims(artefact) if claims is None else claims
                if place >= len(claims):
                    continue
                self.by_kind[kind] = []
                self._keep(kind, claims[place], report)
            self.by_kind[kind].append(Use(artefact.place.package_id, row, at))
        return ()

    def _first_over(self, row: int) -> int:
        index = self._entered[row] if row < len(self._entered) else -1
        return len(self._sizes) if index < 0 else bisect_right(self._sizes, index)

    @staticmethod
    def _claims(artefact: SignedArtefact) -> Sequence[SignatureClaim]:
        if artefact.signature:
            return read_signed(artefact.signature, artefact.data).claims
        return read_signed(artefact.data).claims

    def _keep(self, kind: Kind, claim: SignatureClaim, report: SignatureReport) -> None:
        if report.passed and kind.purpose is Purpose.ANNEX:
            # of a large annex only the beginning is at hand; the audit has just held its digest against the signature
            digest = claim.signer.message_digest
            claim = replace(claim, content=lambda name: digest)
        self.whole[kind] = claim
        carried = (*claim.certificates, *(one for token in tokens_of(claim) for one in token.certificates))
        for der in carried:
            self.certificates.setdefault(sha256(der).digest(), der)


def tokens_of(claim: SignatureClaim) -> tuple[TokenClaim, ...]:
    """Every time-stamp of a signature."""
    return (*claim.content_tokens, *claim.signature_tokens, *claim.archive_tokens)
