"""The verdict over time: since when it is what it is, what moved each boundary, and how wide each stretch is drawn."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from console.reports.canonical import Tree
from console.verify.phrasing import Phrasing

_PASSED = "TOTAL-PASSED"
_VERDICTS = {_PASSED: "passed", "TOTAL-FAILED": "failed", "INDETERMINATE": "undecided"}
_REVOKED = frozenset({"REVOKED", "REVOKED_NO_POE", "REVOKED_CA_NO_POE"})
_OUTSIDE = frozenset({"EXPIRED", "OUT_OF_BOUNDS_NO_POE", "OUT_OF_BOUNDS_NOT_REVOKED"})
_TIMELESS = frozenset(
    {
        *("FORMAT_FAILURE", "HASH_FAILURE", "SIG_CRYPTO_FAILURE", "SIG_CONSTRAINTS_FAILURE", "CHAIN_CONSTRAINTS_FAILURE"),
        *("NO_SIGNING_CERTIFICATE_FOUND", "NO_CERTIFICATE_CHAIN_FOUND", "SIGNED_DATA_NOT_FOUND", "POLICY_PROCESSING_ERROR"),
        *("SIGNATURE_POLICY_NOT_AVAILABLE", "CERTIFICATE_CHAIN_GENERAL_FAILURE", "NOT_YET_VALID"),
    }
)
"""Faults that are the same whenever one looks."""
_DAY = 86_400
_BEND = 0.35
"""Exponent that brings a second and twenty years onto one strip; the order is true, the scale is not."""


def since(one: Tree, at: str, say: Phrasing) -> str:
    """Since when, and until when, a signature's verdict is what it is at the control time, each with what moved it."""
    intervals, text = one["timeline"], say.text
    here = _place(intervals, at)
    if here is None:
        return " ".join(filter(None, (_cause(one, at, say), text("verify.since.unknown"))))
    if intervals[here]["indication"] == _PASSED:
        return _holds(intervals, here, say)
    return " ".join(filter(None, (_cause(one, at, say), _history(one, here, say))))


def _history(one: Tree, here: int, say: Phrasing) -> str:
    """When it held last, or will hold, or that it never does."""
    intervals, text = one["timeline"], say.text
    held = next((place for place in range(here - 1, -1, -1) if intervals[place]["indication"] == _PASSED), None)
    if held is not None:
        because = intervals[held + 1]["because"]
        moment, last = _end(intervals[held]["until"], because, say)
        values = {"since": say.instant(intervals[held]["from"]), "moment": moment, "because": say.phrase(because)}
        return text("verify.since.broken.last", **values) if last else text("verify.since.broken", **values)
    later = next((item for item in intervals[here + 1 :] if item["indication"] == _PASSED), None)
    if later is not None:
        return text("verify.since.later", moment=say.instant(later["from"]), because=say.phrase(later["because"]))
    if one["sub-indication"] == "HASH_FAILURE":
        return text("verify.since.changed")
    return text("verify.since.never" if one["sub-indication"] in _TIMELESS else "verify.since.unproven")


def _cause(one: Tree, at: str, say: Phrasing) -> str:
    """The instant behind the verdict: of a revocation, of an end of validity, of the last word on revocation."""
    text, code, chain = say.text, one["sub-indication"], one["chain"]
    for link in chain if code in _REVOKED else ():
        status, name = link["revocation"], link["certificate"]["name"]
        if status is not None and status["standing"] == "revoked" and status["revoked-at"]:
            return text("verify.since.revoked", moment=say.instant(status["revoked-at"]), name=name)
    if code in _OUTSIDE and chain and chain[0]["certificate"]["from"]:
        certificate = chain[0]["certificate"]
        early = datetime.fromisoformat(at) < datetime.fromisoformat(certificate["from"])
        key, moment = ("early", certificate["from"]) if early else ("expired", certificate["until"])
        return text(f"verify.since.{key}", moment=say.instant(moment), name=certificate["name"])
    return _last_heard(chain, say) if code == "TRY_LATER" else ""


def _last_heard(chain: list[Tree], say: Phrasing) -> str:
    text = say.text
    for link in chain:
        status, name = link["revocation"], link["certificate"]["name"]
        if status is None:
            continue
        if status["standing"] == "on-hold" and status["revoked-at"]:
            return text("verify.since.hold", moment=say.instant(status["revoked-at"]), name=name)
        if status["standing"] == "good" and not status["fresh"] and status["until"]:
            return text("verify.since.stale", moment=say.instant(status["until"]), name=name)
    return ""


def _holds(intervals: list[Tree], here: int, say: Phrasing) -> str:
    text, now = say.text, intervals[here]
    begun = text("verify.since.holds", moment=say.instant(now["from"]), because=say.phrase(now["because"]) or "–")
    if here == 0:
        begun = text("verify.since.always", moment=say.day(now["from"]))
    if here + 1 == len(intervals):
        return begun
    because = intervals[here + 1]["because"]
    moment, last = _end(now["until"], because, say)
    values = {"moment": moment, "because": say.phrase(because)}
    return f"{begun} {text('verify.until.last', **values) if last else text('verify.until', **values)}"


def _end(until: str, because: str, say: Phrasing) -> tuple[str, bool]:
    """The end of a stretch, and whether it is told as the last second in it, as lists and certificates name their own ends."""
    last = because.endswith(" is no longer fresh") or (because.startswith("the certificate of ") and because.endswith(" ends"))
    return say.instant((datetime.fromisoformat(until) - timedelta(seconds=last)).isoformat()), last


def told_timeline(intervals: list[Tree], at: str, say: Phrasing) -> list[dict[str, Any]]:
    """Each stretch with its words, its share of the strip, and where in it the control time lies (``None`` elsewhere)."""
    spans = [_seconds(one) for one in intervals]
    weights = [max(span / _DAY, 0.01) ** _BEND for span in spans]
    whole = sum(weights) or 1.0
    here = _place(intervals, at)
    told = []
    for place, (one, weight) in enumerate(zip(intervals, weights, strict=True)):
        code = one["sub-indication"]
        told.append(
            {
                "from": say.instant(one["from"]),
                "day": say.day(one["from"]),
                "verdict": _VERDICTS[one["indication"]],
                "word": say.text(f"verify.word.{_VERDICTS[one['indication']]}"),
                "terms": " / ".join(filter(None, (one["indication"], code))),
                "title": say.text.explanation("sub-indication", code)["title"] if code else say.text("verify.timeline.holds"),
                "because": say.phrase(one["because"]) or ("–" if place else say.text("verify.timeline.start")),
                "share": weight / whole,
                "now": _within(one, at) if place == here else None,
            }
        )
    return told


def _place(intervals: list[Tree], at: str) -> int | None:
    """The stretch in which the control time lies."""
    moment = datetime.fromisoformat(at)
    found = (n for n, one in enumerate(intervals) if datetime.fromisoformat(one["from"]) <= moment < datetime.fromisoformat(one["until"]))
    return next(found, None)


def _seconds(one: Tree) -> float:
    return (datetime.fromisoformat(one["until"]) - datetime.fromisoformat(one["from"])).total_seconds()


def _within(one: Tree, at: str) -> float:
    passed = (datetime.fromisoformat(at) - datetime.fromisoformat(one["from"])).total_seconds()
    return passed / max(_seconds(one), 1.0)
