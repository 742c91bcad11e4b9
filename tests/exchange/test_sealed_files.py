"""Files under a detached seal instead of a letter: taken only where the axis is told so, and then only when every file is sealed."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import pytest

from exchange.audit import audit_archive
from exchange.domain.identifiers import OrganId
from exchange.domain.lifecycle import DeliveryState
from exchange.edxml.model import OutgoingAttachment
from exchange.edxml.writer import write_edoc
from exchange.trust import Terms
from exchange.verification import Attachment, Judgement, judge
from signing import CadesSigner, Purpose, Validator
from tests.exchange.axis.field import (
    DEPARTMENT,
    NEIGHBOUR,
    PROVINCE,
    START,
    Doc,
    at,
    directory,
    file_url,
    offices,
    open_field,
    pki,
    send,
    states,
)

DOC = Doc(PROVINCE, (DEPARTMENT, NEIGHBOUR), "77")
DATA = b"col;value\n" * 1000


def sealed(organ: OrganId = PROVINCE, data: bytes = DATA) -> list[Attachment]:
    """A file and its sender's seal over it."""
    seal = CadesSigner(offices()[organ].seal, purpose=Purpose.ANNEX).sign(sha256(DATA).digest())
    return [Attachment("table.csv", data), Attachment("table.csv.p7s", seal)]


def judged(attachments: Sequence[Attachment], *, letter_rule: bool = False) -> Judgement:
    return judge(DOC.header, attachments, directory(), Validator(pki().trust_store()), START, letter_rule=letter_rule)


def test_a_sealed_file_is_taken_where_the_axis_is_told_so() -> None:
    found = judged(sealed())
    assert found.accepted, found.detail
    assert [finding.rule for finding in found.findings] == ["no-letter"]
    assert found.verifies == 1
    assert judged(sealed(), letter_rule=True).rule == "no-letter"


@pytest.mark.parametrize(
    ("attachments", "rule"),
    [
        ([], "no-letter"),
        (sealed()[1:], "no-letter"),
        ([*sealed(), Attachment("more.csv", DATA)], "no-letter"),
        (sealed(data=b"other"), "annex-signature"),
        (sealed(NEIGHBOUR), "annex-not-of-sender"),
    ],
)
def test_anything_less_is_refused(attachments: Sequence[Attachment], rule: str) -> None:
    assert judged(attachments).rule == rule


def test_it_is_written_down_and_judged_so_again_by_an_audit(tmp_path: Path) -> None:
    axis = open_field(file_url(tmp_path / "axis.db"), accept_sealed_files=True)
    file, seal = sealed()
    package = write_edoc(DOC.header, [OutgoingAttachment("f", file.name, file.data), OutgoingAttachment("s", seal.name, seal.data)])
    receipt = send(axis, PROVINCE, package, 0)
    axis.settle(at(60))
    assert set(states(axis, receipt, PROVINCE).values()) == {DeliveryState.WAITING}
    axis.seal(at(60))
    axis.close()
    report = audit_archive(tmp_path / "axis.db")
    assert not report.findings, report.findings


def test_terms_that_say_nothing_of_it_read_as_before() -> None:
    terms = Terms((b"a" * 32,), (b"b" * 32,), b"c" * 32, b"d" * 32, "G22", "axis", accept_secret=False)
    assert b"sealed" not in terms.statement()
    assert Terms.read(terms.statement()) == terms
    told = Terms((b"a" * 32,), (b"b" * 32,), b"c" * 32, b"d" * 32, "G22", "axis", accept_secret=False, accept_sealed_files=True)
    assert Terms.read(told.statement()) == told
