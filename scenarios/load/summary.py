"""From a book to figures: HdrHistograms by urgency and level, a series over time, counts. What was measured during warm-up is left out.

Histograms hold microseconds from 1 to an hour in three significant digits and are written down as they are (HdrHistogram V2, base64), so
that any percentile can be asked for later and runs can be added up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from math import isnan
from typing import Any

from hdrh.histogram import HdrHistogram

from scenarios.load.book import Book, Outcome

Tree = dict[str, Any]
_HOUR = 3_600_000_000
_DIGITS = 3
_MICRO = 1e6
PERCENTILES = (50.0, 75.0, 90.0, 95.0, 99.0, 99.9)
METRICS = ("submit", "delivered", "fetched")
_MOST_POINTS = 300


def histogram() -> HdrHistogram:
    """An empty one."""
    return HdrHistogram(1, _HOUR, _DIGITS)


def record(histogram: HdrHistogram, seconds: float) -> None:
    """Add a latency; what took longer than an hour took an hour."""
    histogram.record_value(min(_HOUR, max(1, round(seconds * _MICRO))))


def percentile(encoded: str, percent: float) -> float:
    """Seconds below which that many percent lie."""
    return float(_decoded(encoded).get_value_at_percentile(percent)) / _MICRO


@lru_cache(maxsize=64)
def _decoded(encoded: str) -> HdrHistogram:
    return HdrHistogram.decode(encoded)


def summarise(book: Book, warm_up: float, seconds: float) -> Tree:
    """The figures of a run of ``seconds``, of documents due from ``warm_up`` on."""
    measured = seconds - warm_up
    counted = [number for number, shipment in enumerate(book.shipments) if shipment.at >= warm_up]
    outcomes = Counter(Outcome(book.outcome[number]) for number in counted)
    asked = max(1, len(counted))
    return {
        "seconds": measured,
        "offered": len(counted) / measured,
        "documents": len(counted),
        "pairs": sum(len(book.shipments[number].entry.recipients) for number in counted),
        "bytes": sum(book.shipments[number].entry.size for number in counted),
        "outcomes": {outcome.name.lower(): outcomes[outcome] for outcome in Outcome if outcomes[outcome]},
        "latencies": {metric: _groups(_latencies(book, metric, warm_up), measured) for metric in METRICS} | {"lag": _lag(book, measured)},
        "shares": {
            "errors": (outcomes[Outcome.UNANSWERED] + outcomes[Outcome.REJECTED] + outcomes[Outcome.NONE]) / asked,
            "turned-away": sum(1 for number in counted if book.tries[number] > 1 or book.outcome[number] == Outcome.TURNED_AWAY) / asked,
        },
        "errors": dict(sorted(book.errors.items())),
        "series": series(book, seconds),
        "quarters": quarters(book, warm_up, seconds),
    }


def _latencies(book: Book, metric: str, warm_up: float) -> Iterator[tuple[float, tuple[str, ...]]]:
    if metric == "submit":
        for number, shipment in enumerate(book.shipments):
            if shipment.at >= warm_up and not isnan(book.answered[number]):
                yield book.answered[number] - shipment.at, book.tags(number)
        return
    measured = book.listed if metric == "delivered" else book.fetched
    for number, place, pair in book.deliveries():
        at = book.shipments[number].at
        if at >= warm_up and not isnan(measured[pair]):
            yield measured[pair] - at, book.pair_tags(number, place)


def _groups(latencies: Iterable[tuple[float, tuple[str, ...]]], seconds: float) -> Tree:
    found: dict[str, HdrHistogram] = {"all": histogram()}
    for latency, tags in latencies:
        for tag in ("all", *tags):
            if tag not in found:
                found[tag] = histogram()
            record(found[tag], latency)
    return {tag: described(one, seconds) for tag, one in sorted(found.items())}


def described(one: HdrHistogram, seconds: float) -> Tree:
    """A histogram as plain values; latencies in seconds."""
    count = one.get_total_count()
    if not count:
        return {"count": 0, "rate": 0.0}
    values = {f"p{percent:g}": one.get_value_at_percentile(percent) / _MICRO for percent in PERCENTILES}
    return {
        "count": count, "rate": count / seconds, "min": one.get_min_value() / _MICRO, "mean": one.get_mean_value() / _MICRO,
        "max": one.get_max_value() / _MICRO, **values, "hdr": one.encode().decode("ascii"),
    }  # fmt: skip


def _lag(book: Book, seconds: float) -> Tree:
    one = histogram()
    for lateness in book.lag:
        record(one, lateness)
    return {"all": described(one, seconds)}


def series(book: Book, seconds: float) -> list[Tree]:
    """Equal pieces of the run: what was due, answered, listed in each, and the latencies of what was due in it."""
    width = max(1.0, seconds / _MOST_POINTS)
    places = max(1, -(-round(seconds * 1000) // round(width * 1000)))
    due, answered, listed = ([0] * places for _ in range(3))
    submits: list[list[float]] = [[] for _ in range(places)]
    deliveries: list[list[float]] = [[] for _ in range(places)]

    def place(at: float) -> int:
        return min(places - 1, int(at / width))

    for number, shipment in enumerate(book.shipments):
        due[place(shipment.at)] += 1
        if not isnan(book.answered[number]):
            answered[place(book.answered[number])] += 1
            submits[place(shipment.at)].append(book.answered[number] - shipment.at)
    for number, _, pair in book.deliveries():
        if not isnan(book.listed[pair]):
            at = book.shipments[number].at
            listed[place(book.listed[pair])] += 1
            deliveries[place(at)].append(book.listed[pair] - at)
    return [
        {
            "at": at * width, "width": width, "due": due[at] / width, "answered": answered[at] / width, "listed": listed[at] / width,
            "submit": quantiles(submits[at]), "delivered": quantiles(deliveries[at]),
        }
        for at in range(places)
    ]  # fmt: skip


def quarters(book: Book, warm_up: float, seconds: float) -> list[Tree]:
    """Median and 99th percentile of what was due in each quarter: a service that tires shows it here."""
    width = (seconds - warm_up) / 4
    submits: list[list[float]] = [[] for _ in range(4)]
    deliveries: list[list[float]] = [[] for _ in range(4)]
    for number, shipment in enumerate(book.shipments):
        if shipment.at >= warm_up and not isnan(book.answered[number]):
            submits[min(3, int((shipment.at - warm_up) / width))].append(book.answered[number] - shipment.at)
    for number, _, pair in book.deliveries():
        at = book.shipments[number].at
        if at >= warm_up and not isnan(book.listed[pair]):
            deliveries[min(3, int((at - warm_up) / width))].append(book.listed[pair] - at)
    return [{"submit": quantiles(one), "delivered": quantiles(other)} for one, other in zip(submits, deliveries, strict=True)]


def quantiles(values: list[float]) -> Tree:
    """Median and 99th percentile of a few values, nothing for none."""
    if not values:
        return {}
    values.sort()
    return {"p50": values[len(values) // 2], "p99": values[min(len(values) - 1, int(0.99 * len(values)))]}
