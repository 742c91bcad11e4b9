"""What an audit found as plain values: what ``--json`` prints, and what screen and reports are told from.

The same for the same archive and arguments. Instants are ISO 8601 at +07:00, digests hexadecimal, absent values ``null``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from console.reports.canonical import Tree
from exchange.api import Checkpoint
from exchange.audit import ArchiveReport
from exchange.audit.dossier import Dossier
from exchange.audit.overtime import OverTime
from exchange.checkpoints import CheckpointFile
from exchange.domain.calendar import VN
from signing import Indication, Interval, SubIndication, describe_certificate

SCHEMA = "truc-audit/1"


def audit_tree(report: ArchiveReport, outside: Sequence[CheckpointFile], trusted: Sequence[bytes], timelines: Sequence[Tree]) -> Tree:
    """The whole answer. ``trusted``: SHA-256 of the anchors brought along."""
    rules = Counter(finding.rule for finding in report.findings)
    return {
        "schema": SCHEMA,
        "archive": report.path,
        "holds": report.holds,
        "errors": report.errors,
        "checked": dict(sorted(report.checked.items())),
        "rules": dict(sorted(rules.items(), key=lambda item: (-item[1], item[0]))),
        "findings": [
            {
                "table": one.place.table, "row": one.place.row, "package": one.place.package_id, "rule": one.rule, "clause": one.clause,
                "detail": printable(one.detail),
            }
            for one in report.findings
        ],
        "unchecked": [{"what": one.what, "count": one.count, "why": one.why} for one in report.unchecked],
        "ledger-entries": report.entries,
        "newest-checkpoint": None if report.newest is None else checkpoint_tree(report.newest),
        "outside": [checkpoint_tree(one.checkpoint) for one in outside],
        "anchors": [{"sha256": digest.hex(), "confirmed": digest in trusted} for digest in report.anchors],
        "confirmed": {
            "anchors": bool(report.anchors) and all(digest in trusted for digest in report.anchors),
            "checkpoint": bool(outside) and report.checked.get("outside checkpoints contained", 0) == len(outside),
        },
        "timelines": list(timelines),
    }  # fmt: skip


def checkpoint_tree(one: Checkpoint) -> Tree:
    """A checkpoint in a few values."""
    return {"number": one.number, "at": instant(one.at), "size": one.size, "root": one.root.hex(), "origin": one.origin}


def timeline_tree(dossier: Dossier, one: OverTime) -> Tree:
    """A signature's verdict over time."""
    found, verdict = dossier.found, one.verdict
    holder = None if verdict.chain is None else describe_certificate(verdict.chain.chain[0])
    return {
        "package": found.package_id,
        "document": found.code or found.kind,
        "sender": found.sender,
        "attachment": printable(one.attachment),
        "signature": verdict.name,
        "signer": "" if holder is None else holder.name,
        "at": instant(verdict.at),
        **verdict_tree(verdict),
        "proven-at": instant(verdict.best_signature_time),
        "timeline": [_interval(each) for each in one.intervals],
    }


def _interval(one: Interval) -> Tree:
    return {
        "from": instant(one.start),
        "until": instant(one.end),
        **verdict_tree(one),
        "because": one.because,
    }


class Judged(Protocol):
    """Whatever says a verdict."""

    @property
    def indication(self) -> Indication: ...
    @property
    def sub_indication(self) -> SubIndication | None: ...


def verdict_tree(one: Judged) -> Tree:
    """The standard's two words."""
    return {"indication": str(one.indication), "sub-indication": None if one.sub_indication is None else str(one.sub_indication)}


def instant(moment: datetime) -> str:
    """ISO 8601 at +07:00."""
    return moment.astimezone(VN).isoformat()


def printable(text: str) -> str:
    """A text of the archive without what could break a line of a report or turn it round."""
    return "".join(char if char.isprintable() else "\ufffd" for char in text)
