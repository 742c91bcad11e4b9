"""What a signed object claims, whatever its format: the frozen facts every reader gives and the validation judges.

A reader (CMS, PDF, edXML) turns bytes into :class:`SignatureClaim` values, the validation (:mod:`signing.validation`) turns a claim and
:class:`signing.evidence.Evidence` into a verdict. Neither knows the other. Nothing here is verified; "claim" says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

Digest = Callable[[str], bytes | None]
"""``digest name (sha256, …) → digest of what was signed``, or ``None`` when the signed bytes are not at hand (SIGNED_DATA_NOT_FOUND)."""


Deviation = tuple[str, str]
"""Something odd as a reader tells it: what (rule), and what it breaks (clause)."""


class Level(StrEnum):
    """Baseline level a signature's artefacts amount to (EN 319 122-1 §6, EN 319 142-1 §6); a fact of form, not a verdict."""

    B = "B-B"
    T = "B-T"
    LT = "B-LT"
    LTA = "B-LTA"


@dataclass(frozen=True, slots=True)
class SignerClaim:
    """One SignerInfo (RFC 5652 §5.3) as read. Signed attributes are raw bytes taken before any child was looked at.

    ``signed_attributes`` is the DER of the SET OF (tag 0x31), ``None`` where there are none. Algorithms are names of
    :mod:`signing.algorithms` or ``unknown:<hex>``. ``claimed_at`` is signing-time or PDF /M, believed by nobody. ``ess_certificates`` are
    (digest name, digest, issuer DER or None, serial or None) of signing-certificate(-v2), first the signer's.
    ``deviations`` are breaches of the format a tolerant reader saw and went past, each (rule, clause): non-DER attributes, trailing
    bytes, BER lengths …; what they cost is the policy's affair. Empty from a strict reader.
    ``content_type`` is empty for a counter-signature, which has none (RFC 5652 §11.4).
    """

    issuer: bytes | None
    serial: int | None
    key_id: bytes | None
    digest_algorithm: str
    signature_algorithm: str
    signature: bytes
    content_type: str
    content_type_attribute: str | None
    message_digest: bytes | None
    signed_attributes: bytes | None
    ess_certificates: tuple[tuple[str, bytes, bytes | None, int | None], ...]
    algorithm_protection: bool | None
    """Whether CMSAlgorithmProtection (RFC 6211) agrees with the SignerInfo; ``None`` where absent."""
    policy_id: str | None
    """Explicit signature policy (signature-policy-identifier), if any."""
    claimed_at: datetime | None
    deviations: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class TokenClaim:
    """One RFC 3161 time-stamp token as read. Its own signature is a :class:`SignerClaim` over the TSTInfo ``info``.

    ``imprint`` is what the token says it stamped; ``expected`` gives the digest of what it should have stamped at its place in the
    signed object, so that a token copied from elsewhere is found out. ``covers`` names what existed at ``generated_at`` if the token
    holds: SHA-256 of every artefact in DER (certificates, CRLs, OCSP responses, inner tokens) and of signature values.
    """

    der: bytes
    info: bytes
    generated_at: datetime
    accuracy_seconds: float
    imprint_algorithm: str
    imprint: bytes
    expected: Digest
    serial: int
    policy: str
    nonce: int | None
    signer: SignerClaim
    certificates: tuple[bytes, ...]
    crls: tuple[bytes, ...]
    covers: frozenset[bytes]
    tsa: bytes | None = None
    """DER of the GeneralName the token gives its authority, which must be a name of the signing certificate (RFC 3161 §2.4.2)."""


@dataclass(frozen=True, slots=True)
class SignatureClaim:
    """One signature of a signed object, with all that travels along with it.

    ``name`` says which one: ``signer 1``, a PDF field's name, an attachment. ``content`` digests what was signed.
    ``signature_tokens`` stamp the signature value; ``archive_tokens`` (CAdES archive-time-stamp-v3, PDF document time-stamps) stamp all
    that came before them, oldest first; ``content_tokens`` stamp the content before it was signed.
    """

    name: str
    signer: SignerClaim
    content: Digest
    certificates: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()
    ocsps: tuple[bytes, ...] = ()
    content_tokens: tuple[TokenClaim, ...] = ()
    signature_tokens: tuple[TokenClaim, ...] = ()
    archive_tokens: tuple[TokenClaim, ...] = ()
    level: Level = Level.B
    signers: int = 1
    """How many signers the SignedData has: its certificates and revocation data serve all of them."""
    findings: tuple[tuple[str, str], ...] = ()
    """What the reader saw around the signature and policy must weigh, (rule, clause): later changes, uncovered bytes, foreign layout."""
    counter_signatures: tuple[CounterSignature, ...] = ()
    """Signatures of others over this one's value. They are judged each for itself and change nothing here."""


@dataclass(frozen=True, slots=True)
class CounterSignature:
    """One counter-signature as it stands among the unsigned attributes (RFC 5652 §11.4), or why it could not be read.

    ``der`` is the whole SignerInfo, by whose SHA-256 a time-stamp over the unsigned attributes knows it.
    """

    name: str
    der: bytes
    claim: SignatureClaim | None
    refusal: Deviation | None = None
