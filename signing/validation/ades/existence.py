"""Proofs of existence and what time-stamps add to them (EN 319 102-1 §5.6.2.3).

An object is known by the SHA-256 of its DER, a signature by that of its value. What is at hand exists at the control time at the latest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256

from signing.formats.claims import CounterSignature, SignatureClaim, TokenClaim
from signing.validation.verdicts import ProofOfExistence


@dataclass(frozen=True, slots=True, eq=False)
class Existence:
    """The earliest proof of each object, at a control time. Proofs later than the control time prove nothing and are left out."""

    at: datetime
    proofs: Mapping[bytes, ProofOfExistence]

    @classmethod
    def start(cls, at: datetime, proofs: Iterable[ProofOfExistence] = ()) -> Existence:
        """Proofs from outside (receipts, evidence records) and nothing else."""
        return cls(at, {}).with_proofs(proofs)

    def with_proofs(self, proofs: Iterable[ProofOfExistence]) -> Existence:
        """A set with these proofs too, each object's earliest kept; of two at the same instant the first."""
        known = dict(self.proofs)
        for proof in proofs:
            earlier = known.get(proof.object_sha256)
            if proof.at <= self.at and (earlier is None or proof.at < earlier.at):
                known[proof.object_sha256] = proof
        return Existence(self.at, known)

    def of(self, object_sha256: bytes) -> ProofOfExistence:
        """The earliest proof of an object: the control time itself when there is no other."""
        return self.proofs.get(object_sha256) or ProofOfExistence(object_sha256, self.at, "control-time", None)

    def by(self, object_sha256: bytes, moment: datetime) -> bool:
        """Whether the object is proven to have existed at or before ``moment``."""
        return self.of(object_sha256).at <= moment


def of_signature(claim: SignatureClaim) -> bytes:
    """What a signature is known by: SHA-256 of its value."""
    return sha256(claim.signer.signature).digest()


def of_token(token: TokenClaim) -> bytes:
    """What a time-stamp token's own signature is known by: SHA-256 of its value."""
    return sha256(token.signer.signature).digest()


def proofs_of_counter_signature(counter: CounterSignature, existence: Existence) -> tuple[ProofOfExistence, ...]:
    """What a proof of the whole counter-signature, as an archive time-stamp over it is, says of its value and of all that is in it."""
    proof, claim = existence.proofs.get(sha256(counter.der).digest()), counter.claim
    if proof is None or claim is None:
        return ()
    tokens = (*claim.content_tokens, *claim.signature_tokens)
    parts = {of_signature(claim), *map(of_token, tokens)}
    parts |= {sha256(one).digest() for token in tokens for one in (token.der, *token.certificates, *token.crls)}
    parts |= {sha256(inner.der).digest() for inner in claim.counter_signatures}
    return tuple(replace(proof, object_sha256=part) for part in sorted(parts))


def extracted(token: TokenClaim, source: str) -> tuple[ProofOfExistence, ...]:
    """What a token that holds proves: all it covers existed when it was generated (§5.6.2.3.4)."""
    artefact = sha256(token.der).digest()
    return tuple(ProofOfExistence(item, token.generated_at, source, artefact) for item in sorted(token.covers))
