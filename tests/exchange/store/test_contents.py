"""What the database gives back is what was submitted: the two packages of the national axis' own examples, and our own."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from exchange.api import Caller, Receipt, Submission
from exchange.domain.identifiers import OrganId
from exchange.store.contents import load_header, load_packages
from tests.exchange.axis.field import ANNEX, DEPARTMENT, PROVINCE, Doc, at, caller, open_field

SAMPLES = Path(__file__).parents[1] / "edxml" / "samples"


@pytest.mark.parametrize(("name", "sender"), [("edoc-new.edxml", "H13.20.00.002"), ("status-03-accepted.edxml", "H41")])
@pytest.mark.parametrize("streamed", [False, True])
def test_the_samples_of_the_national_axis_are_kept_byte_for_byte(name: str, sender: str, streamed: bool) -> None:
    axis = open_field()
    organ = OrganId(sender)
    axis.enrol(organ, "x")
    data = (SAMPLES / name).read_bytes()
    (answer,) = axis.submit(Caller(organ, "x"), [Submission(io.BytesIO(data) if streamed else data)], at(0))
    assert isinstance(answer, Receipt)
    with axis._store.reading() as work:
        stored = load_packages(work, [1])[1]
    assert b"".join(stored.chunks(axis._store)) == data
    axis.close()


def test_a_stored_header_reads_as_it_was_written() -> None:
    axis = open_field()
    doc = Doc(PROVINCE, (DEPARTMENT,), "15", annexes=(ANNEX,))
    axis.submit(caller(PROVINCE), [Submission(doc.package())], at(0))
    with axis._store.reading() as work:
        header = load_header(work, 1)
        described = load_packages(work, [1])[1].reread().attachments
    assert header == doc.header
    assert [one.name for one in described] == ["letter.pdf", "annex1.csv", "annex1.csv.p7s"]
    axis.close()
