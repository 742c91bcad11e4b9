"""What senders and recipients hold, against what was promised: each sort of loss is seen."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import pytest

from exchange.api import Caller, Receipt
from exchange.domain.identifiers import OrganId
from scenarios.chaos.feed import Document, Held, order, reckon
from scenarios.chaos.report import Campaign, Recovered, recovered
from scenarios.chaos.watch import Watched
from tests.exchange.axis.field import START

SENDER, ONE, OTHER = OrganId("H28"), OrganId("H28.20"), OrganId("H28.30")
DOCUMENTS = [Document(Caller(SENDER, "x"), (ONE, OTHER), bytes([number]) * 20) for number in range(3)]


def whole() -> Held:
    """Two of three documents were accepted and came to both recipients."""
    held = Held(handed_in=3)
    for index in (0, 2):
        held.receipts[index] = Receipt(f"p{index}", b"", START, b"", b"")
        for organ in (ONE, OTHER):
            held.taken[f"p{index}", str(organ)] = sha256(DOCUMENTS[index].package).digest()
    return held


def sums(held: Held) -> tuple[int, int, int]:
    found = reckon(DOCUMENTS, held)
    return found.lost, found.doubled, found.changed


def test_what_is_whole_is_said_to_be() -> None:
    found = reckon(DOCUMENTS, whole())
    assert (found.accepted, found.pairs, found.taken) == (2, 4, 4)
    assert sums(whole()) == (0, 0, 0)


def test_every_sort_of_loss_is_seen() -> None:
    held = whole()
    del held.taken["p0", str(ONE)]
    assert sums(held) == (1, 0, 0)
    held = whole()
    held.taken["p1", str(ONE)] = b""
    assert sums(held) == (0, 1, 0), "nobody has a receipt for it"
    held = whole()
    held.again["p0", str(ONE)] += 1
    held.other_receipts = 1
    assert sums(held) == (0, 2, 0)
    held = whole()
    held.taken["p2", str(OTHER)] = b"other bytes"
    assert sums(held) == (0, 0, 1)


def test_documents_come_near_their_place_and_some_twice() -> None:
    found = order(2000, "1")
    assert order(2000, "1") == found != order(2000, "2")
    assert set(found) == set(range(2000))
    assert 300 < len(found) - 2000 < 500
    first = {index: place for place, index in reversed(list(enumerate(found)))}
    assert max(abs(place - index * len(found) / 2000) for index, place in first.items()) < 250
    assert found != sorted(found)


def campaign(held: Held, watched: Watched, slowest: float = 3.0, open_rows: int = 0) -> Campaign:
    kills = {"api": Recovered(4, 4, 1.0, 2.0, slowest)}
    return Campaign(kills, {}, (), reckon(DOCUMENTS, held), held, watched, open_rows, {}, 9.0)


def test_a_campaign_holds_only_when_everything_does() -> None:
    seen = Watched(looks=5)
    assert campaign(whole(), seen).holds
    assert campaign(whole(), seen).tree()["kills_in_all"] == 4
    broken = whole()
    broken.rejected.append("duplicate-number")
    lost = whole()
    lost.taken.clear()
    silent = whole()
    silent.unanswered = 1
    breach = Watched(looks=5)
    breach.breaches["a rule"] += 1
    for one in (
        campaign(broken, seen), campaign(lost, seen), campaign(silent, seen), campaign(whole(), breach), campaign(whole(), Watched()),
        campaign(whole(), seen, slowest=10.5), campaign(whole(), seen, open_rows=1), campaign(Held(), seen),
    ):  # fmt: skip
        assert not one.holds
        assert one.tree()["holds"] is False


def test_strikes_are_told_by_their_sort() -> None:
    found = recovered([("api", 3, 0.5), ("api", 0, 2.5), ("worker", 1, 6.0)])
    assert found["api"] == Recovered(2, 1, 2.5, 2.5, 2.5)
    assert replace(found["worker"], count=1) == Recovered(1, 1, 6.0, 6.0, 6.0)
    with pytest.raises(KeyError):
        found["beat"]
