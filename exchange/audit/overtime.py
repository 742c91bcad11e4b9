"""The verdict on each signature of a document over control time, with the artefact that moves each boundary."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from exchange.audit.answers import answers_of
from exchange.audit.dossier import Dossier
from signing import Evidence, Interval, Rfc5280Judge, SignatureVerdict, describe_certificate, verdict_timeline

_MARGIN, _YEAR = timedelta(days=30), timedelta(days=365)
_EARLIEST, _LATEST = datetime(1950, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
"""Certificates may say they begin or end at either end of the calendar; nothing changes out there."""


@dataclass(frozen=True, slots=True)
class OverTime:
    """One signature: in which attachment, which one, its verdict at the dossier's control time, and over time."""

    attachment: str
    verdict: SignatureVerdict
    intervals: tuple[Interval, ...]


def over_time(dossier: Dossier, evidence: Evidence | None = None) -> Iterator[OverTime]:
    """Every signature of a document, from before its certificate began until a year after it ends or after the control time.

    ``evidence``: more than the dossier holds, lists of later days for instance. The receipt and the ledger count as proofs where they hold.
    """
    known = dossier.evidence if evidence is None else dossier.evidence + evidence
    answers, judge = answers_of(dossier), Rfc5280Judge(dossier.policy)
    for one in answers.signatures:
        for claim, verdict in zip(one.part.claims, one.verdicts, strict=True):
            holder = None if verdict.chain is None else describe_certificate(verdict.chain.chain[0])
            ends = [dossier.at, *([min(holder.not_after, _LATEST)] if holder is not None else [])]
            starts = [verdict.best_signature_time, *([max(holder.not_before, _EARLIEST)] if holder is not None else [])]
            start, end = (moment.replace(microsecond=0) for moment in (min(starts) - _MARGIN, max(ends) + _YEAR))
            intervals = verdict_timeline(claim, known, dossier.policy, start, end, answers.proofs, judge=judge, asked=True)
            yield OverTime(one.part.attachment, verdict, intervals)
