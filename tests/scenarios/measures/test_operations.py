"""Raw operations implied by the trace."""

from __future__ import annotations

from scenarios.measures import fold
from scenarios.trace import (
    CertificatesIssued,
    Checked,
    CrlIssued,
    Issued,
    Judged,
    PathValidated,
    RefusalReceived,
    Signed,
    Submitted,
)
from tests.scenarios.measures.stream import opened, world


def test_every_kind_of_record_implies_its_operations() -> None:
    measures = fold(
        [
            opened("A"),
            CertificatesIssued(0, "CA", 7),
            CrlIssued(0, "CA", 1),
            Signed(1, "A", "1", "A/1", True, None),
            Signed(1, "A", "2", "A/1", False, None),
            Issued(2, "A", "1", "1", "UBND", 1, 3),
            Issued(2, "A", "2", "2", "UBND", 2, 0),
            Submitted(3, "A", "1", "edoc", "p", True, ""),
            Submitted(3, "A", "1", "status", "q", True, ""),
            Submitted(3, "A", "2", "edoc", "r", False, "duplicate-number"),
            Judged(4, "AXIS", "1", "p", True, "", "", 3),
            PathValidated(4, "AXIS", "CN=a", 4),
            Checked(5, "B", "1", "p", False, "letter", "HASH_FAILURE", 2),
            RefusalReceived(6, "A", "1", "B", "letter", "HASH_FAILURE"),
        ],
        world(),
    )
    assert measures.signs == {"certificate": 7, "crl": 1, "letter": 2, "annex": 2, "receipt": 2, "refusal": 1}
    assert measures.verifies == {"receipt": 2, "letter": 5, "path": 4, "refusal": 1}
    assert measures.traffic.refusals == {("door", "duplicate-number", ""): 1, ("clerk", "letter", "HASH_FAILURE"): 1}
