"""What ``GET /metrics`` answers: OpenMetrics text of how the axis stands, and of what one process has counted since it began.

Names follow the conventions of Prometheus: base units, ``_total`` for what only grows. No metric carries a document, an organisation or a
secret: a series per agency would be eleven thousand of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST, generate_latest

from exchange.counts import COUNTERS
from exchange.outbox import Stage
from exchange.stages.times import Histogram, What
from exchange.standing import StageStanding, Standing

CONTENT_TYPE = CONTENT_TYPE_LATEST
_STAGE_GAUGES = (
    ("truc_stage_open", "Rows a stage has to do, in whosever hands", "open"),
    ("truc_stage_oldest_seconds", "Age of the oldest of them", "oldest"),
    ("truc_stage_leases_held", "Rows under a lease that holds", "held"),
    ("truc_stage_leases_expired", "Rows under a lease that has run out", "expired"),
    ("truc_stage_failed", "Rows that wait for another attempt", "failed"),
    ("truc_stage_parked", "Dead letters", "parked"),
)


_STAGE_TIMES = {
    What.WAITED: ("truc_stage_waited_seconds", "From a row's admission until the stage took it, in whole seconds"),
    What.TOOK: ("truc_stage_took_seconds", "From then until its batch was settled"),
}


def render(standing: Standing | None, counted: Mapping[tuple[str, str], int]) -> bytes:
    """The text. Without a standing (the database does not answer) what this process counted, and ``truc_up`` 0."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Families([*_of_standing(standing), *_of_process(counted)]))
    text: bytes = generate_latest(registry)  # type: ignore[no-untyped-call]
    return text


class _Families:
    """What prometheus-client asks for: an object that gives its families when it is collected."""

    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        """All of them."""
        return self._families


def _of_standing(standing: Standing | None) -> Iterator[Metric]:
    yield _gauge("truc_up", "Whether the database answers", 0 if standing is None else 1)
    if standing is None:
        return
    for name, words, field in _STAGE_GAUGES:
        yield _labelled(name, words, "stage", {stage.value: _value(one, field) for stage, one in standing.stages.items()})
    yield from _times(standing.times)
    packages = {hop: one.packages for hop, one in standing.hops.items()}
    yield _labelled("truc_hop_packages", "Packages on their way over a hop", "hop", packages)
    oldest = {hop: one.oldest for hop, one in standing.hops.items()}
    yield _labelled("truc_hop_oldest_seconds", "For how long the first of them could have left", "hop", oldest)
    refused = CounterMetricFamily("truc_refusals", "Signed refusals of the whole axis, by their rule", labels=["rule"])
    for rule, count in sorted(standing.refusals.items()):
        refused.add_metric([rule], count)
    yield refused
    yield _gauge("truc_breakers_open", "Senders whose documents are left in line", len(standing.breakers))
    yield _gauge("truc_ledger_unsealed", "Packages admitted that are in no ledger entry yet", standing.unsealed)
    yield _gauge("truc_ledger_entries", "Entries of the newest checkpoint", standing.sealed)
    if standing.sealed_ago is not None:
        yield _gauge("truc_ledger_checkpoint_age_seconds", "Since the newest checkpoint", standing.sealed_ago)


def _of_process(counted: Mapping[tuple[str, str], int]) -> Iterator[Metric]:
    for name, (label, words) in COUNTERS.items():
        family = CounterMetricFamily(name, words, labels=[label])
        for (counter, value), count in sorted(counted.items()):
            if counter == name:
                family.add_metric([value], count)
        yield family


def _times(found: Mapping[tuple[Stage, What], Histogram]) -> Iterator[Metric]:
    for what, (name, words) in _STAGE_TIMES.items():
        family = HistogramMetricFamily(name, words, labels=["stage"])
        for stage in Stage:
            buckets = found.get((stage, what))
            if buckets is not None:
                up_to = list(accumulate(one.count for one in buckets))
                bounds = [*(str(one.bound / 1000) for one in buckets[:-1]), "+Inf"]
                family.add_metric([stage.value], list(zip(bounds, up_to, strict=True)), sum(one.total for one in buckets) / 1000)
        yield family


def _value(one: StageStanding, field: str) -> float:
    return float(getattr(one, field))


def _gauge(name: str, words: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, words, value=value)


def _labelled(name: str, words: str, label: str, values: Mapping[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, words, labels=[label])
    for value, measured in sorted(values.items()):
        family.add_metric([value], measured)
    return family
