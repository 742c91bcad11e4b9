"""What a load is held against: ``submit.p99<250ms``, ``delivered.urgent.p99<2s``, ``submit.rate>=150``, ``errors.rate<0.1%``.

``METRIC[.TAG].STATISTIC OPERATOR LIMIT``. Latencies have ``min mean max`` and ``pNN`` (``p99.9`` too); ``rate`` is what was done per
second, of ``errors`` and ``turned-away`` the share of submissions. A tag is an urgency (``ordinary``, ``urgent``, ``khan``,
``thuong-khan``, ``hoa-toc``), a level (``central``, ``province``, ``district``, ``commune``), or ``greedy`` and ``others``.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from scenarios.load.summary import percentile

_FORM = re.compile(
    r"(?P<metric>submit|delivered|fetched|lag|errors|turned-away)(?:\.(?P<tag>[a-z][a-z-]*))?\.(?P<statistic>min|mean|max|rate|p\d{1,2}(?:\.\d{1,3})?)"
    r"\s*(?P<operator><=|>=|<|>)\s*(?P<limit>\d+(?:\.\d+)?)\s*(?P<unit>us|ms|s|%|/s|)"
)
_OPERATORS: Mapping[str, Callable[[float, float], bool]] = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_SHARES = ("errors", "turned-away")
_TAGS = ("ordinary", "urgent", "khan", "thuong-khan", "hoa-toc", "central", "province", "district", "commune", "greedy", "others")
_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "%": 0.01, "/s": 1.0, "": 1.0}


class BadThreshold(ValueError):
    """A threshold that says nothing; ``given`` as it was written, ``rule`` a key of the rule it breaks."""

    def __init__(self, given: str, rule: str) -> None:
        super().__init__(given, rule)
        self.given, self.rule = given, rule


@dataclass(frozen=True, slots=True)
class Threshold:
    """One limit. ``limit`` is in seconds, per second, or a share of one."""

    text: str
    metric: str
    tag: str
    statistic: str
    operator: str
    limit: float

    @property
    def kind(self) -> str:
        """How value and limit are to be written: ``seconds``, ``share`` or ``rate``."""
        if self.statistic == "rate":
            return "share" if self.metric in _SHARES else "rate"
        return "seconds"


@dataclass(frozen=True, slots=True)
class Held:
    """A threshold and what was measured; ``value`` is ``None`` where nothing was, and then it is not held."""

    threshold: Threshold
    value: float | None

    @property
    def holds(self) -> bool:
        """Whether the limit is kept."""
        return self.value is not None and _OPERATORS[self.threshold.operator](self.value, self.threshold.limit)


def read_threshold(given: str) -> Threshold:
    """Parse one. Raises :class:`BadThreshold`."""
    found = _FORM.fullmatch(given.strip())
    if found is None:
        raise BadThreshold(given, "form")
    metric, tag, statistic, unit = found["metric"], found["tag"] or "", found["statistic"], found["unit"]
    if tag and tag not in _TAGS:
        raise BadThreshold(given, "tag")
    if (metric in _SHARES) is not (statistic == "rate") and (metric in _SHARES or metric == "lag"):
        raise BadThreshold(given, "statistic")
    threshold = Threshold(given.strip(), metric, tag, statistic, found["operator"], float(found["limit"]) * _UNITS[unit])
    if unit not in {"seconds": ("us", "ms", "s"), "share": ("%", ""), "rate": ("/s", "")}[threshold.kind]:
        raise BadThreshold(given, "unit")
    return threshold


def hold(threshold: Threshold, summary: Mapping[str, Any]) -> Held:
    """Look a threshold's value up in a run's summary (:func:`scenarios.load.summary.summarise`)."""
    if threshold.metric in _SHARES:
        return Held(threshold, summary["shares"][threshold.metric])
    group = summary["latencies"][threshold.metric].get(threshold.tag or "all")
    if group is None:
        return Held(threshold, None)
    if threshold.statistic == "rate":
        return Held(threshold, group["rate"])
    return Held(threshold, statistic(group, threshold.statistic))


def statistic(group: Mapping[str, Any], name: str) -> float | None:
    """A statistic of a group of latencies, in seconds."""
    if not group["count"]:
        return None
    return percentile(group["hdr"], float(name[1:])) if name.startswith("p") else float(group[name])
