"""The report as data: one plain tree of codes and numbers, of which screen and HTML page are views and ``measures.json`` the written form.

It holds no fact of the machine (elapsed time, paths, versions of libraries), so the same seed gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from console.incidents import incidents_tree
from console.lasting import asked_in_a_run, disturbed, lasting_tree
from console.locale import LANGUAGES, catalogue
from console.reports.canonical import Tree
from exchange.domain.negotiation import Kind, Step
from scenarios.measures import Interval, Measures, Part, Rate, Row
from scenarios.run import Conservation, Operation, RunResult
from scenarios.world.model import World

SCHEMA = "run/1"


def report_tree(world: World, measures: Measures, result: RunResult) -> Tree:
    """The whole report."""
    traffic = measures.traffic
    return {
        "schema": SCHEMA,
        "scenario": {"name": world.name, "question": world.question, "province": world.province, "start": world.start.isoformat()},
        "seed": world.seed,
        "days": result.days,
        "faults": [
            {"hop": hop.id, "since": since.isoformat(), "until": until.isoformat()} for hop in world.hops for since, until in hop.outages
        ],
        "services": disturbed(world, asked_in_a_run(world)),
        "targets": list(world.targets),
        "agencies": [{"level": level, "bloc": bloc, "count": count} for (level, bloc), count in sorted(traffic.agencies.items())],
        "amounts": {
            "documents": dict(traffic.documents),
            "issued": traffic.issued,
            "internal-ended": traffic.internal_ended,
            "pairs": _codes(traffic.pairs),
            "registered": _codes(traffic.registered),
            "statuses": dict(traffic.statuses),
            "facts": measures.records,
        },
        "measures": [_row(row, world.targets) for row in measures.rows],
        "causes": [_fields(cause, ("measure", "level", "bloc", "cause", "count")) for cause in measures.causes],
        "waiting": [_fields(item, ("stage", "channel", "count", "median", "p90", "longest")) for item in measures.waiting],
        "refusals": [
            {"by": by, "rule": rule, "sub-indication": sub, "count": count} for (by, rule, sub), count in sorted(traffic.refusals.items())
        ],
        "returned": dict(traffic.returned),
        "negotiations": [
            {"kind": kind.value, **{step.value: traffic.negotiations[kind.value, step.value] for step in Step}}
            for kind in Kind
            if traffic.negotiations[kind.value, Step.ASKED.value]
        ],
        "operations": [_operation(operation) for operation in result.operations],
        "conservation": {"axis": _sum(result.deliveries), "mail": _sum(result.mail)},
        "at-the-door": {"outbox": result.outbox_pairs, "rejected": result.rejected_pairs},
        "reconciliation": {"facts": result.reconciled, "differences": list(result.disagreements)},
        "flow": [{"hour": hour, "channel": channel, "pairs": pairs} for (hour, channel), pairs in sorted(traffic.flow.items())],
        "assumptions": [_fields(item, ("key", "value", "label", "source")) for item in world.assumptions],
        "paper-rules": [_fields(rule, ("id", "label", "source", "scope", "copy")) for rule in world.paper_rules],
        **lasting_tree(world, measures, result),
        **incidents_tree(world, measures),
    }


def _operation(operation: Operation) -> Tree:
    return {"kind": operation.kind, "purpose": operation.purpose, "counted": operation.metered, "implied": operation.implied}


def _row(row: Row, targets: Iterable[str]) -> Tree:
    spec = row.spec
    texts = {part: {lang: catalogue(lang)(f"measure.{spec.id}.{part}") for lang in LANGUAGES} for part in _TEXTS}
    return {
        "id": spec.id.value,
        "sources": list(spec.sources),
        "target": {"percent": spec.target.percent, "over": spec.target.over},
        "held-against": any(source in targets for source in spec.sources),
        "unit": spec.unit.value,
        "secret": row.secret,
        "causes": dict(row.causes),
        "parts": [_part(part) for part in row.parts],
        **_rate(row.rate),
        **texts,
    }


_TEXTS = ("title", "numerator", "denominator")


def _part(part: Part) -> Tree:
    return {"level": part.level, "bloc": part.bloc, **_rate(part.rate)}


def _rate(rate: Rate) -> Tree:
    return {"n": rate.n, "d": rate.d, "rate": rate.value, "verdict": rate.verdict.value, "interval": _interval(rate.interval)}


def _interval(interval: Interval) -> Tree:
    fields = _fields(interval, ("low", "high", "effective", "df", "agencies", "days"))
    return {**fields, "confidence": 0.95, "method": interval.method.value}


def _sum(conservation: Conservation) -> Tree:
    return {
        "traced": conservation.sent,
        "stored": conservation.counted,
        "states": dict(conservation.states),
        "equal": conservation.holds,
    }


def _codes(counter: Mapping[Any, int]) -> dict[str, int]:
    return {str(key): count for key, count in counter.items()}


def _fields(item: object, names: Iterable[str]) -> Tree:
    return {name: getattr(item, name) for name in names}


def not_held(tree: Tree) -> list[str]:
    """Ids of the scenario's targets that are short or undecided."""
    return [row["id"] for row in tree["measures"] if row["held-against"] and row["verdict"] != "held"]


def inconsistencies(tree: Tree) -> list[str]:
    """What may never be: unequal sums, operations or reconciliation, by section name."""
    found = [name for name, ledger in tree["conservation"].items() if not ledger["equal"]]
    found += ["operations"] * any(line["counted"] != line["implied"] for line in tree["operations"])
    found += ["reconciliation"] * bool(tree["reconciliation"]["differences"])
    return found
