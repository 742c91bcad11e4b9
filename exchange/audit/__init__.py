"""What happened, for those who may ask: the axis' own records, and the audit of a whole archive by somebody who never saw the axis."""

from __future__ import annotations

from exchange.audit.records import DeliveryRecord, JudgementRecord, NegotiationRecord, Records, RefusalRecord

__all__ = ["DeliveryRecord", "JudgementRecord", "NegotiationRecord", "Records", "RefusalRecord"]
