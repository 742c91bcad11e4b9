"""The two sides of the peers' benchmark that are ours: our service over HTTP, our pipeline and the naive one, each on real servers.

Nothing is timed here. The peers themselves need environments of their own and are run by ``python -m benchmarks.peers`` alone.
"""

from __future__ import annotations

from contextlib import ExitStack

import pytest
from sqlalchemy import func, select

from tests.judges import JUDGES, needs_postgres

pytest.importorskip("celery", reason=JUDGES["valkey"].sentence)

from benchmarks.peers import naive
from benchmarks.peers.pipeline import RECIPIENTS, Naive, Ours
from benchmarks.peers.service import OurService
from benchmarks.peers.spent import Spent

DOCUMENTS = 6


@needs_postgres
def test_both_pipelines_bring_the_same_documents_to_all_their_recipients() -> None:
    with ExitStack() as stack:
        for side in (Ours(stack, fsync="off"), Naive(stack, fsync="off")):
            side.write(DOCUMENTS)
            side.send(DOCUMENTS)  # compares what came with what was sent
            assert not any(side.page(recipient) for recipient in side.recipients)
        naive.verify.run(1)  # a task that comes twice does nothing, or the comparison would be with something broken
        naive.route.run(1)
        naive.deliver.run(1, str(side.recipients[0]))
        with naive.engine().begin() as work:
            assert work.execute(select(func.count()).select_from(naive.mailbox)).scalar_one() == RECIPIENTS * DOCUMENTS
            assert set(work.execute(select(naive.delivery.c.state)).scalars()) == {"received"}
            rows = work.execute(select(naive.event.c.what, func.count()).group_by(naive.event.c.what))
            events = {row[0]: row[1] for row in rows}
        steps = {"admitted": 1, "accepted": 1, "routed": 1, "delivered": RECIPIENTS, "received": RECIPIENTS}
        assert events == {what: times * DOCUMENTS for what, times in steps.items()}


@needs_postgres
def test_our_service_takes_each_document_as_new_once_however_often_it_is_posted() -> None:
    with ExitStack() as stack:
        service = OurService(stack, fsync="off")
        assert service.again(3, 4) == [1, 1, 1]


def test_what_a_side_spent_is_said_by_part() -> None:
    spent = Spent(100, 2.0, {"API": 0.3, "PostgreSQL": 0.1})
    assert spent.rate == pytest.approx(250)
    assert spent.per_document == "4.0 ms of the processor per document (API 3.0, PostgreSQL 1.0); 50/s by the wall clock"
