"""Certificate revocation lists: version 2, complete, direct (RFC 5280 §5), written directly like certificates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from signing import der
from signing.keys import Purpose
from signing.pki.issue import CertificationAuthority
from signing.pki.profiles import RevocationReason, authority_key_extension, crl_number_extension, reason_extension

_VERSION_2 = der.integer(1)


@dataclass(frozen=True, slots=True, order=True)
class Revocation:
    """One certificate of an issuer, revoked at an instant for a reason."""

    at: datetime
    serial: int
    reason: RevocationReason

    def encode(self) -> bytes:
        """The entry of revokedCertificates; the reason extension is left out when unspecified."""
        extensions = () if self.reason is RevocationReason.UNSPECIFIED else (der.sequence(reason_extension(self.reason)),)
        return der.sequence(der.integer(self.serial), der.time(self.at), *extensions)


def sign_crl(
    issuer: CertificationAuthority, number: int, this_update: datetime, next_update: datetime, revocations: Sequence[Revocation]
) -> bytes:
    """The DER CRL of ``issuer`` at ``this_update``: entries revoked at or before it, oldest first; one raw signature counted as ``CRL``."""
    entries = [revocation.encode() for revocation in sorted(revocations) if revocation.at <= this_update]
    algorithm = issuer.key.algorithm.encoded
    tbs = der.sequence(
        _VERSION_2,
        algorithm,
        issuer.name_der,
        der.time(this_update),
        der.time(next_update),
        *([der.sequence(*entries)] if entries else []),
        der.context(0, der.sequence(authority_key_extension(issuer.key_id), crl_number_extension(number))),
    )
    return der.sequence(tbs, algorithm, der.bit_string(issuer.key.sign(tbs, Purpose.CRL)))
