"""The table of the benchmarks: that a verdict says what the figures say. Nothing is timed here."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256

import pytest

from benchmarks import openssl_peer
from benchmarks.measure import ROUNDS, Contender, Rate, interleave
from benchmarks.rows import Peer, Row, render, values
from benchmarks.subjects import CONTENT, MOMENT, holder, pki
from signing import CadesSigner, HolderKind, KeyKind, Purpose
from signing.pki.timestamp import make_token
from tests.judges import needs_openssl
from tests.signing.formats.lab import POLICY, tsa


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


def test_every_peer_is_named_with_its_checks_and_its_ratio() -> None:
    two = replace(row(600.0, Peer("peer", rate(10.0), ("digest",))), others=(Peer("other", rate(300.0), ("path", "lists")),))
    text = render(two)
    assert "ours is 60.0 × that" in text
    assert "ours is 2.0 × that" in text
    assert "other does: path; lists" in text
    (other,) = json.loads(json.dumps(values(two)))["others"]
    assert other == {"peer": "other", "peer_per_s": 300.0, "factor_over_peer": 2.0, "peer_checks": ["path", "lists"]}


@needs_openssl
def test_openssl_does_the_same_work_and_refuses_what_is_not_to_be_accepted() -> None:
    """Each of its three ways accepts what we measure, and nothing with a byte changed, without its lists, or at another time."""
    trust, lists = pki().trust_store(), pki().crls(MOMENT)
    who = holder(HolderKind.PERSON, KeyKind.P256)
    data = CadesSigner(who, purpose=Purpose.ANNEX).sign(sha256(CONTENT).digest())
    token = make_token(tsa("openssl", pki), sha256(CONTENT).digest(), at=MOMENT, serial=1, policy=POLICY)

    def cms(one: bytes = data, content: bytes = CONTENT, crls: Sequence[bytes] = lists, at: datetime = MOMENT) -> None:
        openssl_peer.verify_cms(one, content, trust.anchors, crls, at)(2)

    def path(crls: Sequence[bytes] = lists, at: datetime = MOMENT, authorities: Sequence[bytes] = trust.authorities) -> None:
        openssl_peer.verify_paths([who.certificate_der], authorities, trust.anchors, crls, at)(2)

    def stamp(one: bytes = token, digest: bytes = sha256(CONTENT).digest(), crls: Sequence[bytes] = lists) -> None:
        openssl_peer.verify_token(one, digest, trust.anchors, crls, MOMENT)(2)

    late = MOMENT + timedelta(days=4000)
    for good in (cms, path, stamp):
        good()
    refused: list[Callable[[], None]] = [
        lambda: cms(one=data[:-1] + bytes([data[-1] ^ 1])), lambda: cms(content=CONTENT[1:]), lambda: cms(crls=()),
        lambda: cms(at=late), lambda: cms(one=b"\x30\x00"), lambda: path(crls=()), lambda: path(at=late), lambda: path(authorities=()),
        lambda: stamp(digest=bytes(32)), lambda: stamp(one=token[:-1] + bytes([token[-1] ^ 1])), lambda: stamp(crls=()),
    ]  # fmt: skip
    for bad in refused:
        with pytest.raises(openssl_peer.Refused):
            bad()
