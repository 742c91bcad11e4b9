"""A load of a real axis over HTTP, reckoned up; and each way in which a side can be wrong is found by the reckoning."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from exchange.axis import Axis
from exchange.bootstrap import open_axis
from exchange.domain.calendar import VN
from exchange.settings import AxisSettings
from exchange.store.engine import open_engine
from exchange.web.limits import WebSettings
from scenarios.load.book import Book, Outcome
from scenarios.load.corpus import Corpus, prepare
from scenarios.load.draw import Recipe
from scenarios.load.field import Field, open_field
from scenarios.load.journal import read_journal
from scenarios.load.profiles import PROFILES
from scenarios.load.reckoning import Reckoning, Told, reckon
from scenarios.load.run import Loaded, Order, perform
from scenarios.load.schedule import Shape, curve
from scenarios.load.wire import Wire
from scenarios.secrets import caller, members
from signing import CadesSigner, Purpose, Validator
from tests.exchange.web.host import hosting
from tests.scenarios.load.conftest import AGENCIES, issued, world

RATE, SECONDS = 15.0, 2.0


def open_world(database: str) -> Axis:
    """The load world's axis with every member."""
    trust = issued().pki.trust_store()
    axis = open_axis(
        AxisSettings(database_url=database, accept_sealed_files=True), directory=issued().directory, trust=trust, hops=(),
        signer=CadesSigner(issued().axis, embed_certificates=False, purpose=Purpose.RECEIPT), validator=Validator(trust, issued().policy),
    )  # fmt: skip
    axis.enrol_all(members(world(), AxisSettings().organ))
    return axis


@contextmanager
def settled_all_the_time(axis: Axis) -> Iterator[None]:
    """Somebody who has the embedded axis' stages run, as workers do elsewhere."""
    stop = threading.Event()

    def settle() -> None:
        while not stop.wait(0.05):
            axis.settle(datetime.now(VN) + timedelta(seconds=5))

    thread = threading.Thread(target=settle, name="settling")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(30)


@dataclass(frozen=True)
class Done:
    """A load that is over: the axis it was made on still stands."""

    url: str
    database: str
    book: Book
    loaded: Loaded
    journal: Path

    def reckon(self, journal: Path | None = None, told: Told = lambda _: None) -> Reckoning:
        async def run() -> Reckoning:
            async with wire_to(self.url) as wire:
                validator = Validator(issued().pki.trust_store(), issued().policy)
                return await reckon(self.book, journal or self.journal, wire, validator, issued().axis.certificate_der, told)

        return asyncio.run(run())

    def changed(self, folder: Path, change: Callable[[list[dict[str, Any]]], None]) -> Reckoning:
        """Reckoned with another record of the driver's."""
        lines = list(read_journal(self.journal))
        change(lines)
        (folder / "journal").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        return self.reckon(folder / "journal")


def wire_to(url: str) -> Wire:
    return Wire([url], lambda organ: caller(world().seed, open_organ(organ)).secret)


def open_organ(organ: str) -> Any:
    from exchange.domain.identifiers import OrganId

    return OrganId(organ)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Done]:
    """Two seconds of letters."""
    folder = tmp_path_factory.mktemp("load")
    field = open_field(world(), issued(), AGENCIES)
    corpus = prepare(field, Recipe(PROFILES["letters"], 60, AGENCIES, urgent_share=0.4), folder / "corpus")
    database = f"sqlite:///{folder / 'axis.db'}"
    axis = open_world(database)
    with hosting(axis, WebSettings()) as url, settled_all_the_time(axis):
        order = Order(curve(Shape.CONSTANT, RATE, SECONDS), warm_up=0.5, drain=30.0)
        book, loaded = asyncio.run(loading(url, field, corpus, order, folder / "journal"))
        yield Done(url, database, book, loaded, folder / "journal")
    axis.close()


async def loading(url: str, field: Field, corpus: Corpus, order: Order, journal: Path) -> tuple[Book, Loaded]:
    async with wire_to(url) as wire:
        return await perform(field, corpus, order, wire, journal, lambda _: None)


def test_everything_sent_is_delivered_once_and_the_receipts_speak_of_it(done: Done) -> None:
    shares = list[float]()
    found = done.reckon(told=shares.append)
    assert found.holds, found
    assert shares == sorted(shares)
    assert shares[-1] == 1.0, "a reckoning is told to its end"
    sent = len(done.book)
    assert sent == pytest.approx(RATE * SECONDS, abs=20)
    assert (found.submitted, found.accepted, found.pairs, found.delivered, found.taken) == (sent, sent, 3 * sent, 3 * sent, 3 * sent)
    assert (found.refused, found.expired, found.in_flight, found.unanswered, found.already_there) == (0, 0, 0, 0, 0)
    assert found.states == {"fetched": 3 * sent}
    assert found.receipts_verified == sent


def test_latencies_are_told_by_urgency_and_by_level(done: Done) -> None:
    groups = done.loaded.summary["latencies"]
    measured = sum(shipment.at >= 0.5 for shipment in done.book.shipments)
    assert 0 < measured < len(done.book)
    assert groups["submit"]["all"]["count"] == measured == groups["submit"]["ordinary"]["count"] + groups["submit"]["urgent"]["count"]
    levels = [
        groups["delivered"][level]["count"] for level in ("central", "province", "district", "commune") if level in groups["delivered"]
    ]
    assert groups["delivered"]["all"]["count"] == 3 * measured == sum(levels)
    assert groups["submit"]["all"]["p50"] <= groups["delivered"]["all"]["p50"] <= groups["fetched"]["all"]["p50"]
    assert sum(one["due"] * one["width"] for one in done.loaded.summary["series"]) == pytest.approx(len(done.book))


def test_a_delivery_that_the_axis_has_under_another_document_is_lost_and_doubled(done: Done) -> None:
    engine = open_engine(done.database)
    with engine.connect() as connection:
        query = "SELECT id, document, recipient FROM delivery ORDER BY id LIMIT 1"
        row = connection.execute(text(query)).one()
        others = "SELECT id FROM document WHERE id NOT IN (SELECT document FROM delivery WHERE recipient = :r) ORDER BY id LIMIT 1"
        stranger = connection.execute(text(others), {"r": row.recipient}).scalar_one()
        moved = text("UPDATE delivery SET document = :d WHERE id = :id")
        connection.execute(moved, {"d": stranger, "id": row.id})
        connection.commit()
        found = done.reckon()
        connection.execute(moved, {"d": row.document, "id": row.id})
        connection.commit()
    engine.dispose()
    assert not found.holds
    assert (found.counts["lost"], found.counts["doubled"]) == (1, 1)
    assert "the axis knows no delivery" in found.lost[0]
    assert "a delivery too many" in found.doubled[0]
    assert done.reckon().holds


def test_a_package_with_a_receipt_that_the_axis_does_not_know_is_lost(done: Done) -> None:
    engine = open_engine(done.database)
    name = done.book.shipments[7].package_id
    renamed = text("UPDATE package SET package_id = :new WHERE package_id = :old")
    with engine.connect() as connection:
        connection.execute(renamed, {"old": name, "new": "0" * 24})
        connection.commit()
        found = done.reckon()
        connection.execute(renamed, {"old": "0" * 24, "new": name})
        connection.commit()
    engine.dispose()
    assert (found.holds, found.counts["lost"], found.receipts_verified) == (False, 3, len(done.book))
    assert done.reckon().holds


def alter(index: int, what: str, lines: list[dict[str, Any]], **values: Any) -> None:
    line = [one for one in lines if one["what"] == what][index]
    line.update(values)


def once_more(lines: list[dict[str, Any]]) -> dict[str, Any]:
    line = next(one for one in lines if one["what"] == "confirmed")
    return {**line, "documents": line["documents"][:1]}


WRONG: dict[str, tuple[Callable[[list[dict[str, Any]]], None], str]] = {
    "other bytes": (partial(alter, 3, "taken", sha256="00" * 32), "changed"),
    "a package that never came out": (lambda lines: lines.remove(next(one for one in lines if one["what"] == "taken")), "lost"),
    "a package confirmed twice": (lambda lines: lines.append(once_more(lines)), "doubled"),
    "a second receipt": (
        lambda lines: lines.append({**next(one for one in lines if one["what"] == "receipt"), "receipt": {"package_id": "x"}}), "receipts",
    ),
    "an unreadable receipt": (partial(alter, 0, "receipt", receipt={"package_id": "x"}), "receipts"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_record_that_differs_is_found(done: Done, tmp_path: Path, name: str) -> None:
    change, kind = WRONG[name]
    found = done.changed(tmp_path, change)
    assert not found.holds
    assert {one: count for one, count in found.counts.items() if count} == {kind: 1}


def test_receipts_of_another_package_or_another_key_are_found(done: Done, tmp_path: Path) -> None:
    def swapped(lines: list[dict[str, Any]]) -> None:
        one, other = [line for line in lines if line["what"] == "receipt"][:2]
        one["receipt"], other["receipt"] = other["receipt"], one["receipt"]

    found = done.changed(tmp_path, swapped)
    assert found.counts["receipts"] == 2
    assert "other bytes than were sent" in found.receipts_wrong[0]

    def forged(lines: list[dict[str, Any]]) -> None:
        line = next(line for line in lines if line["what"] == "receipt")
        statement = line["receipt"]["statement"].replace("edoc", "edox")
        line["receipt"] = {**line["receipt"], "statement": statement}

    found = done.changed(tmp_path, forged)
    assert found.counts["receipts"] == 1
    assert "not signed by the axis" in found.receipts_wrong[0]


def test_what_was_never_answered_keeps_the_sum_open(done: Done, tmp_path: Path) -> None:
    def unknown(lines: list[dict[str, Any]]) -> None:
        receipt = next(line for line in lines if line["what"] == "receipt")
        gone = receipt["document"]
        lines[:] = [line for line in lines if line.get("document") != gone and line["what"] != "confirmed"]
        lines.append({"what": "unanswered", "document": gone, "why": "TimeoutError"})

    found = done.changed(tmp_path, unknown)
    assert (found.unanswered, found.holds) == (1, False)


def test_documents_that_the_axis_refuses_are_in_the_sum_and_their_senders_hear_of_it(tmp_path: Path) -> None:
    """Signers who are not the sender's: every delivery fails, with a signed refusal in the sender's mailbox."""
    field = open_field(world(), issued(), AGENCIES)
    parties = field.parties
    crossed = tuple(replace(one, sign=other.sign) for one, other in zip(parties, (*parties[1:], parties[0]), strict=True))
    wrong = replace(field, parties=crossed)
    corpus = prepare(wrong, Recipe(PROFILES["letters"], 10, AGENCIES), tmp_path / "corpus")
    axis = open_world(f"sqlite:///{tmp_path / 'axis.db'}")
    with hosting(axis, WebSettings()) as url, settled_all_the_time(axis):
        order = Order(curve(Shape.CONSTANT, 10.0, 0.5), warm_up=0.0, drain=20.0, poisson=False)
        began = time.monotonic()
        book, _ = asyncio.run(loading(url, wrong, corpus, order, tmp_path / "journal"))
        assert time.monotonic() - began < 15
        found = Done(url, "", book, None, tmp_path / "journal").reckon()  # type: ignore[arg-type]
    axis.close()
    assert found.holds, found
    assert (found.accepted, found.refused, found.delivered) == (5, 15, 0)
    rules = {line["rule"] for line in read_journal(tmp_path / "journal") if line["what"] == "refused"}
    assert rules == {"leader-not-of-sender"}
    assert list(book.outcome) == [Outcome.ACCEPTED] * 5
