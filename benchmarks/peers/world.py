"""The world in which our service and the pipelines are measured: its keys, and agencies that seal with RSA-2048 as the peers do."""

from __future__ import annotations

from datetime import date, datetime
from functools import cache
from hashlib import sha256

from benchmarks.peers.ours import write_package
from exchange.api import Caller, Receipt
from exchange.domain.calendar import VN
from exchange.domain.identifiers import OrganId
from exchange.edxml.attached import MemorySink
from exchange.edxml.reader import read
from exchange.receipts import attests
from exchange.verification import Attachment, judge
from scenarios import secrets
from scenarios.load.field import Field, Party, open_field
from scenarios.world.file import load_world
from scenarios.world.pki import WorldPki, build
from signing import Purpose, Validator

NAME, SEED = "load-field", "1"
_AGENCIES = 12


class Agencies:
    """Those who take part; what a sender and a recipient do with their own means."""

    def __init__(self) -> None:
        self.world = load_world(NAME, SEED)
        self.issued: WorldPki = build(self.world)
        self.field: Field = open_field(self.world, self.issued, _AGENCIES, rsa=True)
        self.trust = self.issued.pki.trust_store()
        self.senders: list[Party] = [self.field.parties[place] for place in self.field.senders(rsa=True)]
        names = {party.organ for party in self.senders}
        self.recipients = [party.organ for party in self.field.parties if party.organ not in names]
        self._written = 0

    def validator(self) -> Validator:
        """One party's own."""
        return Validator(self.trust, self.issued.policy)

    def caller(self, organ: OrganId) -> Caller:
        """An agency with its secret."""
        return secrets.caller(SEED, organ)

    @property
    def day(self) -> date:
        """Of the documents."""
        return self.world.start

    def next_number(self) -> int:
        """A number no document has."""
        self._written += 1
        return self._written

    def write(self, sender: Party, recipients: list[OrganId], number: int) -> bytes:
        """A package signed by its sender."""
        return write_package(sender.seal_file, sender.organ, recipients, number, datetime.combine(self.day, datetime.min.time(), VN))

    def check_receipt(self, validator: Validator, receipt: Receipt, package: bytes, sender: OrganId) -> None:
        """As the sender does: chain, signature, and that it is over exactly these bytes."""
        digest = sha256(receipt.statement).digest()
        report = validator.validate(
            receipt.signature, digest, receipt.admitted_at, Purpose.RECEIPT, known=(self.issued.axis.certificate_der,)
        )
        assert report.passed, report
        assert attests(receipt, package, sender, "edoc")

    def check_document(self, validator: Validator, package: bytes, at: datetime) -> None:
        """As the recipient does: signature, chain and sender judged again."""
        sink = MemorySink()
        found = read(package, sink, exact=False)
        attachments = [Attachment(info.name, sink.data[info.ref]) for info in found.attachments]
        judgement = judge(found.edoc, attachments, self.issued.directory, validator, at, letter_rule=False)
        assert judgement.accepted, judgement


@cache
def agencies() -> Agencies:
    """Made once per process."""
    return Agencies()
