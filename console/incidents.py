"""Planned incidents: what is said before a run, which letters they befell, and what there is to learn: the report's data, and its words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Any

from console.locale import Text
from console.reasons import reason
from exchange.domain.calendar import VN
from exchange.faults import PackageFault, accepted_by_axis, package_fault_words
from scenarios.measures import Measures
from scenarios.measures.incidents import Fate, Outcome
from scenarios.world.incidents import plannable
from scenarios.world.model import World
from signing import FaultWords, fault_words

Tree = dict[str, Any]


def announced(world: World, text: Text) -> list[str]:
    """Each planned incident in a sentence."""
    return [
        text("start.incident", fault=_title(plan.fault, text), agency=plan.agency, since=text.instant(plan.at)) for plan in world.incidents
    ]


def incidents_tree(world: World, measures: Measures) -> Tree:
    """``{"incidents": …}`` for a world that plans any; nothing for any other."""
    if not world.incidents:
        return {}
    start = datetime.combine(world.start, time(), VN)
    return {"incidents": [_told(one, start) for one in measures.incidents.outcomes(world.incidents)]}


def _told(outcome: Outcome, start: datetime) -> Tree:
    plan, letter, fault = outcome.plan, outcome.letter, plannable()[outcome.plan.fault]
    taken = accepted_by_axis(fault)
    judged = outcome.fate not in (Fate.UNJUDGED, Fate.NOT_HAPPENED)
    return {
        "agency": str(plan.agency),
        "fault": plan.fault,
        "since": plan.at.isoformat(),
        "letter": f"{letter.number}/{letter.notation}" if letter else "",
        "document": letter.document if letter else "",
        "at": (start + timedelta(seconds=letter.at)).isoformat() if letter else "",
        "fate": outcome.fate.value,
        "rule": outcome.rule,
        "sub-indication": outcome.sub_indication,
        "expected": (Fate.ACCEPTED if taken else Fate.REFUSED).value,
        "expected-rule": fault.rule if isinstance(fault, PackageFault) else "",
        "expected-sub-indication": "" if taken or isinstance(fault, PackageFault) else str(fault.expected.sub_indication or ""),
        "agrees": taken == (outcome.fate is Fate.ACCEPTED) if judged else None,
    }


def incident_words(text: Text) -> list[str]:
    """Heads of the table of incidents."""
    return [text(f"word.{word}") for word in ("fault", "agency", "planned-from", "befallen-letter", "axis-said", "expected", "agrees")]


def incident_rows(tree: Tree, text: Text) -> list[list[str]]:
    """Planned, on which letter it fell, what the axis said, what the catalogue expects, and whether they agree."""
    return [
        [
            words_of(one["fault"], text.lang).title,
            one["agency"],
            _minute(one["since"]),
            f"{one['letter']}, {_minute(one['at'])}" if one["letter"] else "–",
            text.label("incident", one["fate"]),
            text.label("incident", one["expected"]),
            {True: text("word.yes"), False: text("word.no"), None: "–"}[one["agrees"]],
        ]
        for one in tree["incidents"]
    ]


def debriefings(tree: Tree, text: Text) -> list[tuple[str, list[tuple[str, str]]]]:
    """Each incident for the talk afterwards: letter and fault; what was wrong, what was said of it and should have been, what to do."""
    return [
        (
            f"{', '.join(filter(None, (one['letter'], one['agency'])))}: {_title(one['fault'], text)}",
            list(_debriefed(one, words_of(one["fault"], text.lang), text)),
        )
        for one in tree["incidents"]
    ]


def _debriefed(one: Tree, words: FaultWords, text: Text) -> Iterator[tuple[str, str]]:
    yield text("faults.what"), words.what
    yield text("faults.how"), words.how
    yield text("word.axis-said"), _said(one["fate"], one["rule"] if one["fate"] != Fate.ACCEPTED else "", one["sub-indication"], text)
    yield text("word.expected"), _said(one["expected"], one["expected-rule"], one["expected-sub-indication"], text)
    yield text("faults.remedy"), words.remedy


def _minute(instant: str) -> str:
    """Short, for a column; both languages write the day first."""
    return f"{datetime.fromisoformat(instant):%d/%m/%Y %H:%M}"


def _said(fate: str, rule: str, sub_indication: str, text: Text) -> str:
    why = reason(rule, sub_indication, text)
    return text("incident.why", fate=text.label("incident", fate), why=why) if why else text.label("incident", fate)


def _title(fault: str, text: Text) -> str:
    return f"{words_of(fault, text.lang).title} ({fault})"


def words_of(fault: str, lang: str) -> FaultWords:
    """What people are told of a fault that can be planned."""
    return package_fault_words(fault, lang) if isinstance(plannable()[fault], PackageFault) else fault_words(fault, lang)
