"""Raw signs and verifies that the trace alone implies; compared with what was counted at the cryptography call.

One record, one rule: a leader's electronic signature is one sign, an issue as many as it has seals, a receipt one sign (axis) and one
verify (sender), a signed refusal likewise, a certificate or CRL one sign each. What letters and paths took to verify their records say.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from scenarios.measures.folder import Handlers
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


@dataclass(slots=True)
class OperationsFold:
    """Signs and verifies by what they were for (names of ``signing.Purpose``; ``path`` joins certificate and CRL verifications)."""

    signs: Counter[str] = field(default_factory=Counter)
    verifies: Counter[str] = field(default_factory=Counter)

    def handlers(self) -> Handlers:
        return {
            CertificatesIssued: self.certificates,
            CrlIssued: self.crl,
            Signed: self.signed,
            Issued: self.issued,
            Submitted: self.submitted,
            RefusalReceived: self.refused,
            Judged: self.judged,
            Checked: self.judged,
            PathValidated: self.path,
        }

    def certificates(self, record: CertificatesIssued) -> None:
        self.signs["certificate"] += record.count

    def crl(self, record: CrlIssued) -> None:
        self.signs["crl"] += 1

    def signed(self, record: Signed) -> None:
        self.signs["letter"] += record.electronic

    def issued(self, record: Issued) -> None:
        if record.seals:
            self.signs["letter"] += 1
            self.signs["annex"] += record.seals - 1

    def submitted(self, record: Submitted) -> None:
        self.signs["receipt"] += record.receipt
        self.verifies["receipt"] += record.receipt

    def refused(self, record: RefusalReceived) -> None:
        self.signs["refusal"] += 1
        self.verifies["refusal"] += 1

    def judged(self, record: Judged | Checked) -> None:
        self.verifies["letter"] += record.verifies

    def path(self, record: PathValidated) -> None:
        self.verifies["path"] += record.verifies
