"""What a building block works on: the claim's signer, its evidence and its surroundings at one control time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from signing.evidence import Evidence
from signing.formats.claims import Digest, SignatureClaim, SignerClaim, TokenClaim
from signing.keys import Purpose
from signing.validation.ades.judge import ChainJudge, Role
from signing.validation.ades.policy import ValidationPolicy

_MAX_OF_A_KIND = 1024


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Control time, policy, evidence of the whole signed object, and who judges paths.

    ``asked`` says that the control time is not the clock's but a moment somebody asks about: that the object is at hand proves nothing
    of it then.
    """

    at: datetime
    policy: ValidationPolicy
    evidence: Evidence
    judge: ChainJudge
    asked: bool = False

    def known(self, evidence: Evidence) -> Surroundings:
        """The same with other evidence."""
        return replace(self, evidence=evidence)


@dataclass(frozen=True, slots=True)
class Signed:
    """One SignerInfo to validate: a document's signature or a token's own. ``embedded`` are the certificates that travel with it."""

    signer: SignerClaim
    content: Digest
    embedded: tuple[bytes, ...]
    role: Role
    purpose: Purpose


def of_claim(claim: SignatureClaim, purpose: Purpose) -> Signed:
    """The signature of a claim."""
    return Signed(claim.signer, claim.content, claim.certificates, Role.SIGNER, purpose)


def evidence_of(claim: SignatureClaim) -> Evidence:
    """What travels along with a signature, tokens included; none of it is trusted. At most 1,024 of a kind, the signature's own first."""
    tokens = (*claim.content_tokens, *claim.signature_tokens, *claim.archive_tokens)
    certificates = (*claim.certificates, *(certificate for token in tokens for certificate in token.certificates))
    crls = (*claim.crls, *(crl for token in tokens for crl in token.crls))
    return Evidence((), (), *(tuple(dict.fromkeys(kind))[:_MAX_OF_A_KIND] for kind in (certificates, crls, claim.ocsps)))


def tokens_of(claim: SignatureClaim) -> tuple[tuple[TokenClaim, str], ...]:
    """Every time-stamp token of a claim with the name of its kind, in the order of the claim."""
    return (
        *((token, "content-time-stamp") for token in claim.content_tokens),
        *((token, "signature-time-stamp") for token in claim.signature_tokens),
        *((token, "archive-time-stamp") for token in claim.archive_tokens),
    )
