"""Certificate revocation lists: version 2, complete, direct (RFC 5280 §5), written directly like certificates.

There are no delta lists: they share their numbers with the complete ones (RFC 5280 §5.2.4), which are numbered by the day here, so that
any one of them can be made without those before it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from signing import der
from signing.keys import Purpose
from signing.pki.issue import CertificationAuthority
from signing.pki.profiles import (
    RevocationReason,
    authority_key_extension,
    crl_number_extension,
    invalidity_extension,
    reason_extension,
)

_VERSION_2 = der.integer(1)


@dataclass(frozen=True, slots=True, order=True)
class Revocation:
    """One certificate of an issuer, revoked at an instant for a reason; on hold where it is good again from ``until`` on.

    ``invalid_since`` is when the key is known or thought to have been lost, before it was reported (RFC 5280 §5.3.2).
    """

    at: datetime
    serial: int
    reason: RevocationReason
    until: datetime | None = None
    invalid_since: datetime | None = None

    def holds_at(self, moment: datetime) -> bool:
        """Whether the certificate is revoked or on hold at a moment by this."""
        return self.at <= moment and (self.until is None or moment < self.until)

    def encode(self) -> bytes:
        """The entry of revokedCertificates; the reason extension is left out when unspecified."""
        extensions = b"" if self.reason is RevocationReason.UNSPECIFIED else reason_extension(self.reason)
        if self.invalid_since is not None:
            extensions += invalidity_extension(self.invalid_since)
        return der.sequence(der.integer(self.serial), der.time(self.at), *([der.sequence(extensions)] if extensions else []))


def sign_crl(
    issuer: CertificationAuthority, number: int, this_update: datetime, next_update: datetime, revocations: Iterable[Revocation]
) -> bytes:
    """The DER CRL of ``issuer`` at ``this_update``: entries in force then, oldest first; one raw signature counted as ``CRL``."""
    entries = [revocation.encode() for revocation in sorted(revocations) if revocation.holds_at(this_update)]
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
