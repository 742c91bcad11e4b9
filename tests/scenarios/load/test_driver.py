"""The open loop: what a service that stands still holds up is measured, capacity is waited for, and a driver that lags says so."""

from __future__ import annotations

import asyncio
import time
from math import isnan
from pathlib import Path

import pytest
from aiohttp import web

from scenarios.load.book import Book, Outcome
from scenarios.load.corpus import Corpus, prepare
from scenarios.load.draw import Recipe
from scenarios.load.field import Field
from scenarios.load.journal import read_journal
from scenarios.load.profiles import Form, Part, Profile
from scenarios.load.run import AlreadyThere, Loaded, Moment, Order, perform
from scenarios.load.schedule import Shape, curve
from scenarios.load.wire import Wire
from tests.scenarios.load.counter import Respond, counter, problem, receipt

SMALL = Profile("small", Form.FILE, 2, (Part(1, 900, 900),))


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("corpus")


@pytest.fixture
def corpus(field: Field, kept: Path) -> Corpus:
    return prepare(field, Recipe(SMALL, 400, 8), kept)


def load(
    field: Field,
    corpus: Corpus,
    respond: Respond,
    tmp_path: Path,
    *,
    rate: float = 50.0,
    seconds: float = 2.0,
    told: list[Moment] | None = None,
) -> tuple[Book, Loaded]:
    """Drive at a counter; nothing is waited for afterwards."""
    told = [] if told is None else told

    async def run() -> tuple[Book, Loaded]:
        async with counter(respond) as url, Wire([url], lambda organ: organ) as wire:
            order = Order(curve(Shape.CONSTANT, rate, seconds), warm_up=0.0, drain=0.0, poisson=False)
            return await perform(field, corpus, order, wire, tmp_path / "journal", told.append)

    return asyncio.run(run())


def test_latency_counts_from_when_a_document_was_due_so_a_standstill_shows(field: Field, corpus: Corpus, tmp_path: Path) -> None:
    """A service that is dead for one second of two, and answers at once before and after: half of all waited, on the average half a
    second. A closed loop would have seen one slow request.
    """
    begun = time.monotonic()

    async def respond(_: int) -> web.Response:
        passed = time.monotonic() - begun - start_of[0] if start_of else 0.0
        if not start_of:
            start_of.append(time.monotonic() - begun)
        if 0.5 <= passed < 1.5:
            await asyncio.sleep(1.5 - passed)
        return receipt()

    start_of: list[float] = []
    told: list[Moment] = []
    book, loaded = load(field, corpus, respond, tmp_path, told=told)
    assert told[0].submit_p99 > 0
    assert told[0].due == pytest.approx(35, abs=20), "told a second after the beginning, the lead included"
    group = loaded.summary["latencies"]["submit"]["all"]
    assert group["count"] == 100
    assert group["max"] == pytest.approx(1.0, abs=0.4)
    assert group["p90"] == pytest.approx(0.8, abs=0.4)
    waited = [book.answered[number] - shipment.at for number, shipment in enumerate(book.shipments)]
    assert sum(one > 0.1 for one in waited) == pytest.approx(45, abs=20), "a closed loop would have seen one"
    left = [book.sent[number] - shipment.at for number, shipment in enumerate(book.shipments)]
    assert sorted(left)[50] < 0.25, "documents leave on time, whatever happened to those before"


def test_above_capacity_is_tried_again_after_the_time_given_and_goes_on_counting(field: Field, corpus: Corpus, tmp_path: Path) -> None:
    async def respond(number: int) -> web.Response:
        return problem(429, "too-many-requests", **{"Retry-After": "1"}) if number == 3 else receipt()

    book, loaded = load(field, corpus, respond, tmp_path, seconds=0.4)
    assert list(book.outcome) == [Outcome.ACCEPTED] * 20
    assert sorted(book.tries) == [1] * 19 + [2]
    assert loaded.summary["latencies"]["submit"]["all"]["max"] > 0.75
    assert loaded.summary["shares"] == {"errors": 0.0, "turned-away": 1 / 20}


def test_what_has_no_answer_is_asked_again_at_the_end(field: Field, corpus: Corpus, tmp_path: Path) -> None:
    """Two answers break off after the package was admitted: asked again, the axis gives the stored receipt."""

    async def respond(number: int) -> web.Response:
        if number == 4:
            return problem(503, "unavailable")
        if number == 5:
            raise ConnectionResetError
        return receipt(200 if number >= 20 else 201)

    book, loaded = load(field, corpus, respond, tmp_path, seconds=0.4)
    assert list(book.outcome) == [Outcome.ACCEPTED] * 20
    assert sum(isnan(one) for one in book.answered) == 2, "they are no latencies of this load"
    lines = list(read_journal(tmp_path / "journal"))
    assert [line["what"] for line in lines].count("unanswered") == 2
    assert [line["what"] for line in lines].count("receipt") == 20
    assert loaded.summary["outcomes"] == {"accepted": 20}
    assert sum(loaded.summary["errors"].values()) >= 2


def test_a_rejection_is_an_error_and_no_delivery(field: Field, corpus: Corpus, tmp_path: Path) -> None:
    async def respond(number: int) -> web.Response:
        return problem(409, "duplicate-number") if number % 2 else receipt()

    book, loaded = load(field, corpus, respond, tmp_path, seconds=0.4)
    assert list(book.outcome).count(Outcome.REJECTED) == 10
    assert loaded.summary["shares"]["errors"] == 0.5
    assert loaded.summary["errors"] == {"submit 409 duplicate-number": 10}


def test_a_service_that_has_the_documents_already_is_not_loaded(field: Field, corpus: Corpus, tmp_path: Path) -> None:
    async def respond(_: int) -> web.Response:
        return receipt(200)

    with pytest.raises(AlreadyThere):
        load(field, corpus, respond, tmp_path, rate=10.0, seconds=20.0)


def test_a_driver_that_is_late_says_so(field: Field, corpus: Corpus, tmp_path: Path) -> None:
    """The counter is in the driver's own loop and blocks it."""

    async def respond(_: int) -> web.Response:
        time.sleep(0.1)
        return receipt()

    _, late = load(field, corpus, respond, tmp_path, rate=10.0, seconds=1.0)
    assert not late.valid
    assert late.lag > 0.05


def test_a_journal_is_never_written_over(field: Field, corpus: Corpus, tmp_path: Path) -> None:
    (tmp_path / "journal").write_text("")

    async def respond(_: int) -> web.Response:
        return receipt()

    with pytest.raises(FileExistsError):
        load(field, corpus, respond, tmp_path, seconds=0.4)
    (tmp_path / "broken").write_bytes(b'{"what":"receipt"}\n{"what":')
    with pytest.raises(ValueError, match="line 2 breaks off"):
        list(read_journal(tmp_path / "broken"))
