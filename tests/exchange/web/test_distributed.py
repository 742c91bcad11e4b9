"""The service as it runs: two API processes' worth of it over one PostgreSQL, a worker beside them, a kernel's clock."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx

from exchange.client import HttpAxis
from exchange.domain.lifecycle import DeliveryState
from exchange.doorbell import Silent
from exchange.outbox import Stage
from tests.exchange.axis.field import DEPARTMENT, NEIGHBOUR, PROVINCE, Doc, at, caller, open_crew_of_field, open_served_field
from tests.exchange.web.conftest import Served
from tests.exchange.web.host import OPERATOR, hosting
from tests.judges import needs_postgres

DOCUMENTS, TIMES = 40, 4


@needs_postgres
def test_what_is_posted_four_times_at_once_is_accepted_once_and_delivered_once(postgres_url: str) -> None:
    one, two = (open_served_field(postgres_url, Silent(), driven=True) for _ in range(2))
    stop = threading.Event()

    def work() -> None:
        crew = open_crew_of_field(postgres_url, Silent(), "worker")
        while not stop.is_set():
            for stage in Stage:
                crew.drain(stage)
            stop.wait(0.05)
        crew.close()

    packages = [Doc(PROVINCE, (DEPARTMENT, NEIGHBOUR), str(number)).package() for number in range(1, DOCUMENTS + 1)]
    worker = threading.Thread(target=work)
    worker.start()
    try:
        with hosting(one) as first, hosting(two) as second, httpx.Client(timeout=60) as http:
            headers = []
            for axis, url in ((one, first), (two, second)):
                http.base_url = httpx.URL(url)
                headers.append({**Served(axis, http, url).headers(caller(PROVINCE)), "Content-Type": "application/edxml+xml"})

            def post(number: int) -> httpx.Response:
                there = number % 2
                return http.post(f"{(first, second)[there]}/v1/packages", content=packages[number // TIMES], headers=headers[there])

            with ThreadPoolExecutor(16) as pool:
                answers = list(pool.map(post, range(DOCUMENTS * TIMES)))
            assert Counter(answer.status_code for answer in answers) == {201: DOCUMENTS, 200: DOCUMENTS * (TIMES - 1)}
            for number in range(DOCUMENTS):
                assert len({answer.content for answer in answers[number * TIMES : (number + 1) * TIMES]}) == 1
            with HttpAxis(second, OPERATOR) as axis:
                settled = axis.settle(at(7200))
                assert {organ for organ, _ in settled.mail} == {DEPARTMENT, NEIGHBOUR}
                assert axis.count(DeliveryState.WAITING) == 2 * DOCUMENTS
                for organ in (DEPARTMENT, NEIGHBOUR):
                    lines = axis.waiting(caller(organ), at(7200), limit=1000)
                    fetched = axis.fetch(caller(organ), [line.package_id for line in lines], at(7200))
                    assert sorted(package.read() for package in fetched) == sorted(packages)
    finally:  # a worker left behind would do the work of the tests that follow
        stop.set()
        worker.join()
        one.close()
        two.close()
