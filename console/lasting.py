"""How letters were made to last, and whether those kept would still be found valid: the report's data, and its rows for screen and page."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from console.locale import Text
from console.verify.phrasing import Phrasing
from scenarios.measures import Measures
from scenarios.run import RunResult
from scenarios.world.model import ServicePlan, Window, World
from signing import Service

Tree = dict[str, Any]


def lasting_tree(world: World, measures: Measures, result: RunResult) -> Tree:
    """``{"lasting": …}`` for a world that time-stamps letters or asks for them later; nothing for any other."""
    if not world.stamps and not world.control_times:
        return {}
    found = measures.longterm
    return {
        "lasting": {
            "level": world.signature_level,
            "sent": {reason or "stamped": count for reason, count in sorted(found.sent.items())},
            "requests": dict(found.requests),
            "checked": [
                {"by": who, "proven": proven, "sub-indication": sub, "count": count}
                for (who, proven, sub), count in sorted(found.checked.items())
            ],
            "copies": dict(result.archived),
            "survival": [
                {
                    "at": one.at.isoformat(), "level": one.level, "indication": one.indication, "sub-indication": one.sub_indication,
                    "count": one.count, "agency": one.agency, "document": one.document, "missing": one.missing,
                }
                for one in result.survival
            ],
        }
    }  # fmt: skip


def lasting_rows(tree: Tree, text: Text) -> list[list[str]]:
    """What became of letters and copies: a sentence and a count each."""
    found = tree["lasting"]
    rows = [[text.label("lasting", reason), text.number(count)] for reason, count in found["sent"].items()]
    rows += [[text("lasting.copies", level=level), text.number(count)] for level, count in found["copies"].items()]
    return rows


def survival_words(text: Text) -> list[str]:
    """Heads of the table of later verdicts."""
    return [text(f"word.{word}") for word in ("asked-on", "copies-at", "verdict", "sub-indication", "count", "lacking")]


def survival_rows(tree: Tree, text: Text) -> list[list[str]]:
    """Copies by moment, level and verdict; what is missing is said of one of them, as ``truc verify`` would say it."""
    say = Phrasing(text)
    return [
        [
            text.day(datetime.fromisoformat(one["at"])),
            one["level"],
            text.label("indication", one["indication"]),
            one["sub-indication"] or "–",
            text.number(one["count"]),
            text("lasting.missing", missing=say.phrase(one["missing"]), document=one["document"]) if one["missing"] else "–",
        ]
        for one in tree["lasting"]["survival"]
    ]


def disturbed(world: World, asked: Iterable[Service], at: datetime | None = None) -> list[Tree]:
    """When these trust services do not work as they should, or which of them do not at a moment."""
    return [
        {"service": service.value, "how": how, "since": since.isoformat(), "until": until.isoformat()}
        for service in asked
        for how, (since, until) in _windows(world.services[service])
        if at is None or since <= at < until
    ]


def disturbances(found: Iterable[Tree], text: Text) -> list[str]:
    """A sentence each."""
    return [
        text(
            "start.service",
            service=text.label("trust-service", one["service"]),
            how=text.label("service", one["how"]),
            since=text.instant(datetime.fromisoformat(one["since"])),
            until=text.instant(datetime.fromisoformat(one["until"])),
        )
        for one in found
    ]


def asked_in_a_run(world: World) -> tuple[Service, ...]:
    """The trust services that somebody asks in a run: clerks have letters stamped, archives fetch lists; OCSP is for ``truc pki`` alone."""
    return (Service.TSA, Service.CRL) if world.preserves else (Service.TSA,)


def _windows(plan: ServicePlan) -> list[tuple[str, Window]]:
    said = [("silent", window) for window in plan.silent]
    said += [("slow", window) for window, _ in plan.slow]
    return said + [("wrong", window) for window, _ in plan.wrong]
