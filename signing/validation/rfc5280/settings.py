"""What a caller may ask of a chain (the X.509 validation constraints of EN 319 102-1 §5.1.4.1.2 and the inputs of RFC 5280 §6.1.1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from signing.validation.policy import FOREIGN, AlgorithmPolicy
from signing.validation.rfc5280.policies import ANY


class Usage(StrEnum):
    """What the certificate at the end of a chain is used for."""

    SIGNING = "signing"
    TIMESTAMPING = "timestamping"
    OCSP = "ocsp"
    ANY = "any"


class RevocationNeed(StrEnum):
    """How much must be known about a certificate's revocation."""

    REQUIRE = "require"
    """Fresh data must say that it is not revoked."""
    IF_AVAILABLE = "if-available"
    """Where there is data about it, they must say so; where there are none, that is no fault."""
    IGNORE = "ignore"
    """Not looked at."""


@dataclass(frozen=True, slots=True)
class ChainPolicy:
    """Inputs of RFC 5280 §6.1.1 and constraints of EN 319 102-1 §5.1.4.1.2.

    ``retroactive`` lets revocation data issued after the moment speak for it; a hold that was lifted in between then goes unseen (such
    data list what is on hold now, not what was), so past validation should not stand on them alone. ``max_age`` replaces nextUpdate −
    thisUpdate as the longest age of revocation data (§5.2.5). ``anchor_constraints``: extensions and validity of the anchor's
    certificate bind the path (RFC 5937); without it the anchor is a name and a key (RFC 5280 §6.1.1 (d)).
    """

    algorithms: AlgorithmPolicy = FOREIGN
    initial_policies: frozenset[str] = ANY
    explicit_policy: bool = False
    inhibit_mapping: bool = False
    inhibit_any_policy: bool = False
    max_depth: int = 8
    """Longest path in certificates, anchor included."""
    revocation: RevocationNeed = RevocationNeed.REQUIRE
    """Of the certificate at the end."""
    authority_revocation: RevocationNeed = RevocationNeed.REQUIRE
    """Of the authorities between it and the anchor."""
    responder_revocation: RevocationNeed = RevocationNeed.REQUIRE
    """Of delegated OCSP responders without ocsp-nocheck; what RFC 6960 §4.2.2.2.1 leaves to local policy where the issuer is silent."""
    retroactive: bool = False
    max_age: timedelta | None = None
    anchor_constraints: bool = True


DEFAULT_CHAIN = ChainPolicy()
"""Everything required, nothing retroactive."""
