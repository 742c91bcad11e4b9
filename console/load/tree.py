"""A load as plain values: what ``--json`` prints, ``load.json`` keeps, and ``--compare`` reads again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from console.load.asking import Asked, Wish
from console.locale import Text
from console.outcome import Unusable
from console.reports.canonical import Tree
from scenarios.load.knee import Knee
from scenarios.load.knee import tree as knee_tree
from scenarios.load.reckoning import Reckoning
from scenarios.load.run import LAG_LIMIT, Loaded
from scenarios.load.thresholds import Held, hold

KIND = "truc-load"
VERSION = 1
_COMPARED = (
    ("submit", "p50"), ("submit", "p99"), ("submit", "rate"), ("delivered", "p50"), ("delivered", "p99"), ("delivered", "rate"),
    ("fetched", "p99"),
)  # fmt: skip


def load_tree(wish: Wish, asked: Asked, surroundings: Tree, loads: Sequence[tuple[Loaded, Reckoning]], knee: Knee | None) -> Tree:
    """The report. ``loads``: one, or one for each step of a search; figures are those of the last, its sum that of all."""
    loaded = loads[-1][0]
    held = [] if knee is not None else [hold(threshold, loaded.summary) for threshold in asked.thresholds]
    reckonings = [reckoning for _, reckoning in loads]
    return {
        "kind": KIND,
        "version": VERSION,
        "run": {**_run(wish, asked), **surroundings},
        "summary": loaded.summary,
        "cpu": loaded.cpu,
        "stages": loaded.stages,
        "lag": {"p99": loaded.lag, "limit": LAG_LIMIT, "valid": loaded.valid or knee is not None},
        "thresholds": [threshold_tree(one) for one in held],
        "reckoning": _added(reckonings),
        "knee": None if knee is None else knee_tree(knee),
        "compared": [],
    }


def _run(wish: Wish, asked: Asked) -> Tree:
    return {
        "target": " ".join(asked.bases) + "".join(f" → {base}" for base in asked.mailboxes), "receive": wish.receive,
        "scenario": wish.scenario, "seed": wish.seed, "profile": wish.profile, "shape": wish.shape, "rate": wish.rate,
        "seconds": asked.step if wish.find_limit else asked.seconds, "warm_up": asked.warm_up,
        "arrivals": "even" if wish.even else "poisson",
        "agencies": wish.agencies, "urgent_share": wish.urgent_share, "greedy_share": wish.greedy, "series": wish.series,
    }  # fmt: skip


def threshold_tree(one: Held) -> Tree:
    """A threshold with its value."""
    threshold = one.threshold
    return {
        "text": threshold.text, "kind": threshold.kind, "operator": threshold.operator, "limit": threshold.limit, "value": one.value,
        "holds": one.holds,
    }  # fmt: skip


def _added(reckonings: Sequence[Reckoning]) -> Tree:
    """The sum of one load, or of several."""
    trees = [asdict(one) for one in reckonings]
    total = trees[0]
    for other in trees[1:]:
        for key, value in other.items():
            if isinstance(value, Mapping):
                total[key] = {name: total[key].get(name, 0) + value.get(name, 0) for name in {**total[key], **value}}
            else:
                total[key] += value
    return {**total, "holds": all(one.holds for one in reckonings)}


def verdict(tree: Tree) -> str:
    """``held``; ``lagged`` when the driver measured itself; ``lost`` when the sum does not close; ``short`` when a limit was passed."""
    if not tree["reckoning"]["holds"]:
        return "lost"
    if not tree["lag"]["valid"]:
        return "lagged"
    knee = tree["knee"]
    if knee is not None and (knee["held"] is None or knee["bent"] is None):
        return "short"
    return "held" if all(one["holds"] for one in tree["thresholds"]) else "short"


def read_base(path: Path, text: Text) -> Tree:
    """An earlier ``load.json``, or a folder with one. Raises :class:`Unusable`."""
    file = path / "load.json" if path.is_dir() else path
    try:
        tree: Any = json.loads(file.read_text("utf-8"))
    except OSError as error:
        raise Unusable(text("load.error.base", path=file, rule=text.reason(error))) from None
    except ValueError:
        raise Unusable(text("load.error.base", path=file, rule=text("load.error.base.form"))) from None
    if not isinstance(tree, dict) or tree.get("kind") != KIND or tree.get("version") != VERSION:
        raise Unusable(text("load.error.base", path=file, rule=text("load.error.base.form")))
    return tree


def compare(tree: Tree, base: Tree) -> list[Tree]:
    """Figure by figure: before, now, and how many times the former."""
    rows = []
    for metric, statistic in _COMPARED:
        before, now = (one["summary"]["latencies"].get(metric, {}).get("all", {}).get(statistic) for one in (base, tree))
        rows.append(_compared(f"{metric}.{statistic}", "rate" if statistic == "rate" else "seconds", before, now))
    roles = (tree["cpu"].get("per_document") or {}).keys() & (base["cpu"].get("per_document") or {}).keys()
    costs = [(role, *(one["cpu"]["per_document"][role] for one in (base, tree))) for role in sorted(roles)]
    return rows + [_compared(f"cpu.{role}", "milliseconds", before, now) for role, before, now in costs]


def _compared(name: str, kind: str, before: float | None, now: float | None) -> Tree:
    ratio = now / before if before and now is not None else None
    return {"name": name, "kind": kind, "before": before, "now": now, "ratio": ratio}


def differing(tree: Tree, base: Tree) -> list[str]:
    """Which conditions of two runs differ: then their figures do not answer the same question."""
    ignored = {"target", "started", "series", "load_before"}
    return sorted(key for key in {**tree["run"], **base["run"]} if key not in ignored and tree["run"].get(key) != base["run"].get(key))
