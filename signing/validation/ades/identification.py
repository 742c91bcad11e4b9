"""Identification of the signing certificate (EN 319 102-1 §5.2.3): by the digest the signature itself names, never by its place."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import lru_cache

from signing.errors import FormatFailure
from signing.formats.claims import SignerClaim
from signing.validation.ades.outcome import Fault, Record
from signing.validation.ades.readings import certificate_or_failure
from signing.validation.ades.subject import Signed, Surroundings
from signing.validation.report import Check, SubIndication
from signing.validation.rfc5280.objects import Certificate

IDENTIFICATION = Check("signing-certificate", True, "EN 319 102-1 §5.2.3; RFC 5035 §3")
_DIGESTS = {"sha1", "sha224", "sha256", "sha384", "sha512"}
_MAX_CANDIDATES = 512


def identify(signed: Signed, around: Surroundings, record: Record) -> Certificate | Fault:
    """The signing certificate among those embedded and known; candidates elsewhere in the object are as good, the digest decides.

    (1) the first ESS certificate identifier names it by digest, issuer and serial where given    RFC 5035 §3
    (2) SignerInfo names the same                                                                  RFC 5652 §5.3
    (3) without an ESS attribute SignerInfo alone names it, at the cost the policy says
    """
    signer = signed.signer
    absent = "" if signer.ess_certificates else "the signature does not name its certificate by a digest"
    fault = record.weigh("signing-certificate-attribute", absent)
    if fault is not None:
        return fault
    candidates = readable(signed.embedded, around.evidence.certificates)
    if signer.ess_certificates:
        found, detail = _by_digest(signer, candidates)
    else:
        found = next((facts for facts in candidates if names(signer, facts)), None)
        detail = "no certificate at hand has the issuer and serial number that SignerInfo names"
    if found is None:
        return record.failed(Fault(IDENTIFICATION, SubIndication.NO_SIGNING_CERTIFICATE_FOUND, detail))
    record.passed(IDENTIFICATION)
    return found


def _by_digest(signer: SignerClaim, candidates: Iterable[Certificate]) -> tuple[Certificate | None, str]:
    digest, value, issuer, serial = signer.ess_certificates[0]
    if digest not in _DIGESTS:
        return None, f"the signature names its certificate by the unknown digest {digest}"
    for facts in candidates:
        own = facts.sha256 if digest == "sha256" else hashlib.new(digest, facts.der, usedforsecurity=False).digest()
        if own != value:
            continue
        if not names(signer, facts):
            return None, "SignerInfo names another certificate than the signed attribute"
        if (issuer is not None and issuer != facts.issuer) or (serial is not None and serial != facts.serial):
            return None, "issuer and serial number in the signed attribute are not those of the certificate it names"
        return facts, ""
    return None, f"the certificate with {digest} {value.hex()} is not at hand"


def names(signer: SignerClaim, facts: Certificate) -> bool:
    """Whether the SignerIdentifier is that certificate's: issuer and serial, or subject key identifier (RFC 5652 §5.3)."""
    if signer.issuer is not None:
        return (signer.issuer, signer.serial) == (facts.issuer, facts.serial)
    return signer.key_id is not None and facts.subject_key == signer.key_id


@lru_cache(maxsize=64)
def readable(embedded: tuple[bytes, ...], known: tuple[bytes, ...] = ()) -> tuple[Certificate, ...]:
    """Those of the first :data:`_MAX_CANDIDATES` that can be read, each once; kept, since every token of a signature asks for the same."""
    candidates = tuple(dict.fromkeys((*embedded, *known)))[:_MAX_CANDIDATES]
    return tuple(one for one in map(certificate_or_failure, candidates) if not isinstance(one, FormatFailure))
