"""What the trace alone says, counted as it passes: pairs sent by each road, and the raw signature operations it implies.

Nothing here looks at the axis or at the meter; :mod:`scenarios.run` holds the counts against both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from scenarios.trace import (
    CertificatesIssued,
    Channel,
    Checked,
    CheckpointSealed,
    CheckpointWitnessed,
    CrlIssued,
    Dispatched,
    Drafted,
    Issued,
    Judged,
    PathValidated,
    Record,
    RefusalReceived,
    RefusalSigned,
    Scope,
    Signed,
    Sink,
    StampChecked,
    Submitted,
    Timestamped,
)


@dataclass(slots=True)
class Tally:
    """A sink that counts and passes on. Only documents between issue and submission are remembered one by one."""

    sink: Sink
    documents: int = 0
    internal: int = 0
    records: int = 0
    pairs: Counter[str] = field(default_factory=Counter)
    """Pairs (document, recipient) by road, as dispatched."""
    submitted_pairs: int = 0
    """Of the axis' pairs, those whose package has a receipt: the left side of the conservation sum."""
    rejected_pairs: int = 0
    receipts: Counter[str] = field(default_factory=Counter)
    signs: Counter[str] = field(default_factory=Counter)
    verifies: Counter[str] = field(default_factory=Counter)
    _outbox: dict[str, int] = field(default_factory=dict)

    def __call__(self, record: Record) -> None:
        """Count one record and pass it on."""
        self.records += 1
        count = _COUNTERS.get(type(record))
        if count is not None:
            count(self, record)
        self.sink(record)

    @property
    def outbox_pairs(self) -> int:
        """The axis' pairs still in their senders' outboxes: not yet submitted."""
        return sum(self._outbox.values())

    def drafted(self, record: Drafted) -> None:
        """A document was begun."""
        if record.scope is Scope.INTERNAL:
            self.internal += 1
        else:
            self.documents += 1

    def dispatched(self, record: Dispatched) -> None:
        """A pair took its road."""
        self.pairs[record.channel.value] += 1
        if record.channel is Channel.AXIS:
            self._outbox[record.document] = self._outbox.get(record.document, 0) + 1

    def submitted(self, record: Submitted) -> None:
        """A package was handed over: a receipt signed and verified, or nothing."""
        pairs = self._outbox.pop(record.document, 0) if record.kind == "edoc" else 0
        if not record.receipt:
            self.rejected_pairs += pairs
            return
        self.submitted_pairs += pairs
        self.receipts[record.kind] += 1
        self.signs["receipt"] += 1
        self.verifies["receipt"] += 1

    def signed(self, record: Signed) -> None:
        """A leader signed."""
        self.signs["letter"] += record.electronic

    def issued(self, record: Issued) -> None:
        """A clerk sealed the letter and each annex."""
        if record.seals:
            self.signs["letter"] += 1
            self.signs["annex"] += record.seals - 1

    def certificates(self, record: CertificatesIssued) -> None:
        """Certificates were made."""
        self.signs["certificate"] += record.count

    def crl(self, _record: CrlIssued) -> None:
        """A revocation list was published."""
        self.signs["crl"] += 1

    def verified(self, record: Judged | Checked) -> None:
        """A document's signatures were checked: the letter's two first, where it could be read, then one for each annex."""
        of_letter = 0 if record.rule in _UNREAD else min(record.verifies, 2)
        self.verifies["letter"] += of_letter
        self.verifies["annex"] += record.verifies - of_letter

    def stamped(self, record: Timestamped) -> None:
        """The time-stamping authority signed, whether its token was used or not."""
        self.signs["timestamp"] += record.count

    def stamp_checked(self, record: StampChecked) -> None:
        """A letter's time-stamps were checked."""
        self.verifies["timestamp"] += record.verifies

    def path(self, record: PathValidated) -> None:
        """Links and revocation lists of a path were checked."""
        self.verifies["path"] += record.verifies

    def refusal_signed(self, _record: RefusalSigned) -> None:
        """The axis signed a refusal."""
        self.signs["refusal"] += 1

    def refusal_received(self, _record: RefusalReceived) -> None:
        """A sender verified it."""
        self.verifies["refusal"] += 1

    def checkpoint_sealed(self, _record: CheckpointSealed) -> None:
        """The axis signed a checkpoint."""
        self.signs["checkpoint"] += 1

    def checkpoint_witnessed(self, _record: CheckpointWitnessed) -> None:
        """A witness verified it."""
        self.verifies["checkpoint"] += 1


_UNREAD = ("letter-form", "foreign-letter")
"""Rules that refuse a file before anybody asks who signed it."""
_COUNTERS: dict[type[Any], Callable[[Tally, Any], None]] = {
    Drafted: Tally.drafted,
    Dispatched: Tally.dispatched,
    Submitted: Tally.submitted,
    Signed: Tally.signed,
    Issued: Tally.issued,
    CertificatesIssued: Tally.certificates,
    CrlIssued: Tally.crl,
    Judged: Tally.verified,
    Checked: Tally.verified,
    Timestamped: Tally.stamped,
    StampChecked: Tally.stamp_checked,
    PathValidated: Tally.path,
    RefusalSigned: Tally.refusal_signed,
    RefusalReceived: Tally.refusal_received,
    CheckpointSealed: Tally.checkpoint_sealed,
    CheckpointWitnessed: Tally.checkpoint_witnessed,
}
