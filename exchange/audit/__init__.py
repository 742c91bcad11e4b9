"""What happened, for those who may ask: the axis' own records, and the audit of a whole archive by somebody who never saw the axis."""

from __future__ import annotations

from exchange.audit.archive import ArchiveReport, audit_archive
from exchange.audit.evidence import TrustFolder, read_trust_folder
from exchange.audit.findings import Finding, Place, Progress, Unchecked
from exchange.audit.packages import Longer, SignedArtefact
from exchange.audit.records import DeliveryRecord, JudgementRecord, NegotiationRecord, Records, RefusalRecord

__all__ = [
    "ArchiveReport",
    "DeliveryRecord",
    "Finding",
    "JudgementRecord",
    "Longer",
    "NegotiationRecord",
    "Place",
    "Progress",
    "Records",
    "RefusalRecord",
    "SignedArtefact",
    "TrustFolder",
    "Unchecked",
    "audit_archive",
    "read_trust_folder",
]
