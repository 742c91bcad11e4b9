"""What a revocation list says about a certificate (RFC 5280 §6.3.3), for complete and direct lists only.

Freshness is not judged here but at the moment of validation; nothing here knows which moment that is.
"""

from __future__ import annotations

from dataclasses import dataclass

from signing import oids
from signing.algorithms import CERTIFICATE_ALGORITHMS
from signing.errors import FormatFailure
from signing.formats.certificates import CertificateFacts, CrlEntry, CrlFacts, crl_facts
from signing.keys import PublicKey, Purpose, raw_verify

_HANDLED = {oids.AUTHORITY_KEY_IDENTIFIER, oids.CRL_NUMBER}
_KEY_USAGE_CRL_SIGN = 6
ON_HOLD = 6
"""CRLReason certificateHold (RFC 5280 §5.3.1)."""


@dataclass(frozen=True, slots=True)
class CheckedCrl:
    """A list after checks that do not depend on the moment: usable with its facts, or unusable with the reason why."""

    facts: CrlFacts | None
    unusable: str
    algorithm: str = ""
    verifies: int = 0

    def entry(self, serial: int) -> CrlEntry | None:
        """The entry of a certificate of this list's issuer, or ``None`` when it is not listed."""
        return None if self.facts is None else self.facts.entries.get(serial)

    def silent_about(self, certificate: CertificateFacts) -> bool:
        """Whether the list was made before the certificate was valid, so that its silence means nothing."""
        return self.facts is not None and self.facts.this_update < certificate.not_before


ABSENT = CheckedCrl(None, "no revocation list is at hand")


def check_crl(crl: bytes, issuer: CertificateFacts, key: PublicKey) -> CheckedCrl:
    """Read a list and check scope, critical extensions and signature (one raw verification once all else holds).

    (1) the list is well formed                         RFC 5280 §5.1
    (2) it is the certificate issuer's own list         RFC 5280 §6.3.3 (b)(1)
    (3) nothing critical in it is unknown: with that, delta, indirect and partitioned lists are out   RFC 5280 §5.2
    (4) its issuer may sign lists                       RFC 5280 §6.3.3 (f)
    (5) its signature holds                             RFC 5280 §6.3.3 (g)
    """
    try:
        facts = crl_facts(crl)
    except FormatFailure as failure:
        return CheckedCrl(None, str(failure))
    if facts.issuer != issuer.subject_der:
        return CheckedCrl(None, "the list was issued under another name")
    unknown = {extension.identifier for extension in facts.extensions if extension.critical} - _HANDLED
    if unknown or facts.critical_entry_extensions:
        return CheckedCrl(None, "the list holds a critical extension that is not known")
    if not allows(issuer, _KEY_USAGE_CRL_SIGN):
        return CheckedCrl(None, "the list's issuer may not sign revocation lists")
    algorithm = CERTIFICATE_ALGORITHMS.get(facts.signed.algorithm)
    if algorithm is None:
        return CheckedCrl(None, "the list is signed with an unknown algorithm")
    if not raw_verify(key, facts.signed.signature, facts.signed.tbs, algorithm, Purpose.CRL):
        return CheckedCrl(None, "the list's signature does not hold", verifies=1)
    return CheckedCrl(facts, "", algorithm.name, verifies=1)


def allows(certificate: CertificateFacts, usage: int) -> bool:
    """Whether a key usage extension is present with bit ``usage`` set (RFC 5280 §4.2.1.3); our profiles always carry one."""
    extension = certificate.extension(oids.KEY_USAGE)
    if extension is None or len(extension.value) < 4 or extension.value[0] != 0x03 or extension.value[1] != len(extension.value) - 2:
        return False
    bits = extension.value[3:]
    return usage // 8 < len(bits) and bool(bits[usage // 8] & 0x80 >> usage % 8)
