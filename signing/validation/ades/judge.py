"""What the processes need of a path validator, so that they do not depend on one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from signing.evidence import Evidence
from signing.validation.verdicts import RevocationVerdict

Path = tuple[bytes, ...]
"""Certificates as DER from the end entity to the anchor."""


class Role(StrEnum):
    """What the end entity of a path does."""

    SIGNER = "signer"
    TIMESTAMPING = "timestamping"


class ChainJudge(Protocol):
    """Paths and revocation of certificates, pure over the evidence given with each question."""

    def paths(self, certificate: bytes, evidence: Evidence, role: Role) -> Sequence[Path]:
        """Prospective chains to an anchor, each link's signature holding, best first, bounded (§5.2.6.4 step 1); perhaps none."""

    def path_fault(self, path: Path) -> str:
        """What RFC 5280 §6.1 finds wrong with a path, validity periods and revocation apart; empty when nothing."""

    def usage_fault(self, certificate: bytes, role: Role) -> str:
        """Why the end entity's key is not for its role; empty when it is."""

    def revocation(self, path: Path, depth: int, evidence: Evidence, at: datetime) -> RevocationVerdict:
        """What the evidence says at ``at`` on the certificate at that depth of the path.

        Artefacts issued later are not used, nor those that need not list a certificate any more because it had expired (RFC 5280 §3.3).
        """

    def protection(self, path: Path, depth: int, verdict: RevocationVerdict, evidence: Evidence) -> Sequence[tuple[str, bytes]]:
        """Signature algorithm (name) and signing key (SubjectPublicKeyInfo) of the certificate and of the artefact its status rests on."""

    def issuances(self, evidence: Evidence) -> Sequence[tuple[datetime, datetime | None, str]]:
        """When each readable list and response of the evidence was issued, until when it says it is current, and what it is called."""
