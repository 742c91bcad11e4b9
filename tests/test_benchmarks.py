"""The table of the benchmarks: that a verdict says what the figures say. Nothing is timed here."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from benchmarks.measure import ROUNDS, Contender, Rate, interleave
from benchmarks.rows import Peer, Row, render, values


def rate(per_second: float) -> Rate:
    return Rate("x", per_second, per_second * 0.9, per_second * 1.1, 100)


def row(ours: float, peer: Peer | None = None) -> Row:
    return Row(
        name="verify",
        unit="signatures",
        limit=1000.0,
        limit_is="raw",
        ours=rate(ours),
        checks=("digest", "signature"),
        peer=peer,
        must_share=0.4,
        must_peer=60,
        must_rate=420.0,
        must_rate_is="scaled",
    )


def test_a_row_that_reaches_everything_holds_and_lists_the_checks_of_both_sides() -> None:
    text = render(row(600.0, Peer("peer", rate(10.0), ("digest", "path"))))
    assert text.count("held") == 3
    assert "SHORT" not in text
    assert "0.60 × limit" in text
    assert "60 × peer" in text
    assert "ours does:    digest; signature" in text
    assert "peer does: digest; path" in text


@pytest.mark.parametrize(
    ("ours", "short"), [(599.0, ["60 × peer"]), (419.0, ["419", "42 × peer"]), (399.0, ["0.40 × limit", "399", "40 × peer"])]
)
def test_each_requirement_falls_short_by_itself(ours: float, short: list[str]) -> None:
    verdicts = row(ours, Peer("peer", rate(10.0), ())).verdicts()
    failed = [words for words, held in verdicts if not held]
    assert len(verdicts) == 3
    assert len(failed) == len(short)
    assert all(expected in words for expected, words in zip(short, failed, strict=True))


def test_an_absent_peer_is_named_and_decides_nothing() -> None:
    absent = row(600.0, Peer("peer", None, ("digest",), absent="it is not installed"))
    assert "not measured: it is not installed" in render(absent)
    assert [held for _, held in absent.verdicts()] == [True, True]
    assert absent.factor is None


def test_values_are_plain_and_say_the_same() -> None:
    record = json.loads(json.dumps(values(row(399.0, Peer("peer", rate(10.0), ())))))
    assert record["share_of_limit"] == pytest.approx(0.399)
    assert record["factor_over_peer"] == pytest.approx(39.9)
    assert [verdict["held"] for verdict in record["verdicts"]] == [False, False, False]


def test_contenders_take_turns_and_every_round_is_counted() -> None:
    order: list[str] = []
    done: Counter[str] = Counter()

    def batch(name: str) -> Contender:
        def work(count: int) -> None:
            order.append(name)
            done[name] += count
            sum(range(2000 * count))

        return Contender(name, work)

    rates = interleave([batch("a"), batch("b")], 0.002)
    assert order[-2 * ROUNDS :] == ["a", "b"] * ROUNDS
    assert 0 < rates["a"].count <= done["a"]
    assert rates["a"].low <= rates["a"].median <= rates["a"].high
