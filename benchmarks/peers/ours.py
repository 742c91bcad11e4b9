"""Our side: a document signed, submitted, judged, delivered, judged again by its recipient, and its signed receipt verified.

In process, on a database in memory; one recipient, as the peer has. The axis' key is RSA-2048 here, as the peer's is, though P-256 is the
house's default.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from benchmarks.subjects import MOMENT, pki
from exchange.api import Caller, Fetched, Receipt, Submission
from exchange.axis import Axis
from exchange.bootstrap import open_axis
from exchange.domain.document import TYPES
from exchange.domain.identifiers import OrganId, document_id
from exchange.domain.organization import Bloc, Directory, Level, Organization, Signers
from exchange.edxml.attached import MemorySink
from exchange.edxml.model import Contact, EdocHeader, OutgoingAttachment, TypeInfo
from exchange.edxml.reader import read
from exchange.edxml.writer import write_edoc
from exchange.receipts import attests
from exchange.settings import AxisSettings
from exchange.verification import Attachment, judge
from signing import Authority, CadesSigner, Holder, HolderKind, HolderSpec, KeyKind, Purpose, Validator

SIZE = 10_240
SENDER, RECIPIENT = OrganId("H28"), OrganId("H28.20")
_NOTATION = "UBND-SS"
CHECKS = (
    "CAdES-B over the file, RSA-2048", "edXML package", "header parsed against bounds, duplicates refused, stored in one transaction",
    "receipt signed (RSA-2048), verified by the sender with its chain, and held against the bytes sent",
    "signature, chain and revocation judged by the axis", "mailbox, collection, confirmation",
    "signature, chain and revocation judged again by the recipient", "state of the delivery and its history kept",
)  # fmt: skip


def write_package(seal: CadesSigner, sender: OrganId, recipients: Sequence[OrganId], number: int, at: datetime) -> bytes:
    """A file of ``SIZE`` bytes that nobody saw before under its sender's signature, as edXML."""
    data, day = os.urandom(SIZE), at.date()
    header = EdocHeader(
        sender=Contact(sender), recipients=tuple(Contact(one) for one in recipients), number=str(number), notation=_NOTATION,
        promulgation_date=day, subject="so sánh",
        document_id=document_id(sender, day, str(number), _NOTATION), type=TypeInfo.of(TYPES["CV"]),
    )  # fmt: skip
    files = [
        OutgoingAttachment("file", "document.bin", data, "application/octet-stream"),
        OutgoingAttachment("seal", "document.bin.p7s", seal.sign(sha256(data).digest()), "application/pkcs7-signature"),
    ]
    return write_edoc(header, files)


class RoundTrip:
    """Both agencies and the axis. Call it with how many documents go in one sitting."""

    def __init__(self) -> None:
        self._seal = CadesSigner(_organisation("Ủy ban nhân dân tỉnh Thử Nghiệm so sánh"), purpose=Purpose.ANNEX)
        self._axis_holder = _organisation("Trục liên thông văn bản TEST so sánh")
        self._directory = Directory(
            [Organization(organ, f"Cơ quan {organ}", Level.PROVINCE, Bloc.STATE, "17") for organ in (SENDER, RECIPIENT)],
            {SENDER: Signers.of([self._seal.holder.subject], [])},
        )
        trust = pki().trust_store()
        self._sender, self._recipient = Validator(trust), Validator(trust)
        self._axis: Axis = open_axis(
            AxisSettings(accept_sealed_files=True), directory=self._directory, trust=trust, hops=(),
            signer=CadesSigner(self._axis_holder, embed_certificates=False, purpose=Purpose.RECEIPT),
        )  # fmt: skip
        self._callers = {organ: Caller(organ, f"secret of {organ}") for organ in (SENDER, RECIPIENT)}
        self._axis.enrol_all({organ: caller.secret for organ, caller in self._callers.items()})
        self._number = 0
        self._taken: list[Fetched] = []

    def batch(self, sitting: int) -> Callable[[int], None]:
        """A batch of so many round trips, in sittings of that many documents."""

        def run(count: int) -> None:
            while count > 0:
                self(min(sitting, count))
                count -= sitting

        return run

    def __call__(self, documents: int) -> None:
        """That many documents there, and their receipts back."""
        at = MOMENT + timedelta(seconds=self._number)
        packages = [self._package(at) for _ in range(documents)]
        answers = self._axis.submit(self._callers[SENDER], [Submission(package) for package in packages], at)
        for package, receipt in zip(packages, answers, strict=True):
            assert isinstance(receipt, Receipt)
            self._check_receipt(receipt, package, at)
        self._axis.settle(at)
        while documents > 0:  # as clients do: one call confirms what the one before brought
            brought = self._axis.collect(self._callers[RECIPIENT], self._taken, at)
            assert brought, "less came than was sent"
            for package in brought:
                self._check_document(package.read(), at)
            self._taken = [Fetched(package.envelope.package_id, True) for package in brought]
            documents -= len(brought)
        assert documents == 0, "other documents came than were sent"

    def _package(self, at: datetime) -> bytes:
        self._number += 1
        return write_package(self._seal, SENDER, (RECIPIENT,), self._number, at)

    def _check_receipt(self, receipt: Receipt, package: bytes, at: datetime) -> None:
        digest, known = sha256(receipt.statement).digest(), (self._axis_holder.certificate_der,)
        assert self._sender.validate(receipt.signature, digest, at, Purpose.RECEIPT, known=known).passed
        assert attests(receipt, package, SENDER, "edoc")

    def _check_document(self, package: bytes, at: datetime) -> None:
        sink = MemorySink()
        found = read(package, sink, exact=False)
        attachments = [Attachment(info.name, sink.data[info.ref]) for info in found.attachments]
        assert judge(found.edoc, attachments, self._directory, self._recipient, at, letter_rule=False).accepted


def _organisation(name: str) -> Holder:
    begin = MOMENT - timedelta(days=400)
    spec = HolderSpec(HolderKind.ORGANISATION, name, Authority.STATE, begin, begin + timedelta(days=1500), key=KeyKind.RSA2048)
    return pki().issue(spec)
