"""The software's cycle at the axis: poll, fetch, report 01, confirm; then hand over everything in the outbox in one call.

Every agency polls every ``poll_minutes`` at a phase of its own. Cycles with nothing to do are left out, which changes no result.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Literal

from exchange.api import AxisApi, Caller, Envelope, Fetched, Package, PackageKind, Receipt, Rejection, Submission
from exchange.domain.identifiers import OrganId
from exchange.domain.lifecycle import StatusCode
from exchange.domain.negotiation import Kind, Step
from exchange.edxml.reader import EdxmlPackage
from exchange.receipts import attests, read_refusal
from scenarios.office import incoming, negotiations, requests, wire
from scenarios.office.cases import Incoming, Request
from scenarios.office.office import Office, Parcel
from scenarios.office.registers import SUBMITTED, TRACKING
from scenarios.trace import Arrived, Channel, NegotiationMoved, RefusalReceived, StatusReceived, StatusSent, Submitted
from signing import Purpose, SubIndication

_PAGE = 100
_STEPS: dict[Step, Literal["asked", "agreed", "refused"]] = {Step.ASKED: "asked", Step.AGREED: "agreed", Step.REFUSED: "refused"}
_REVOKED = frozenset({SubIndication.REVOKED_NO_POE, SubIndication.REVOKED_CA_NO_POE})


class Software:
    """One agency's line to the axis."""

    def __init__(self, office: Office, axis: AxisApi, caller: Caller, axis_certificate: bytes) -> None:
        self.office = office
        self._axis = axis
        self._caller = caller
        self._known = (axis_certificate,)
        self._axis_digest = sha256(axis_certificate).digest()

    def cycle(self, *, mail: bool) -> None:
        """One cycle at this instant. ``mail``: the mailbox is known to hold something."""
        if mail:
            self._poll()
        if self.office.outbox:
            self._submit()

    def _poll(self) -> None:
        at = self.office.services.kernel.moment
        while envelopes := self._axis.waiting(self._caller, at, _PAGE):
            packages = self._axis.fetch(self._caller, [envelope.package_id for envelope in envelopes], at)
            for package in packages:
                self._take(package.envelope, package)
            self._axis.confirm(self._caller, [Fetched(envelope.package_id, True) for envelope in envelopes], at)
            if len(envelopes) < _PAGE:
                return

    def _take(self, envelope: Envelope, package: Package) -> None:
        data = package.read()
        if envelope.kind is PackageKind.REFUSAL:
            self._refusal(data)
            return
        read, blobs = wire.read_package(data)
        if envelope.kind is PackageKind.STATUS:
            self._status(read)
            return
        item = wire.arrived_document(self.office.services, read, blobs, envelope.package_id, Channel.AXIS)
        business = read.edoc.business
        kind = Kind.of(business.operation)
        if kind not in (Kind.RECALL, Kind.UPDATE) or self.office.id in business.added():
            self._document(item)
            return
        about = (item.document, item.sender, item.number, item.notation, item.day)
        negotiations.receive(self.office, Request(kind, *about, business.reason, item))

    def _document(self, item: Incoming) -> None:
        services, kernel = self.office.services, self.office.services.kernel
        _, sent_at = services.witness.of(item.document, kernel.now)
        kernel.record(Arrived(kernel.now, self.office.name, item.document, item.package, str(item.sender), item.signed_at, sent_at))
        code = StatusCode.ARRIVED
        data = wire.write_status(self.office, item, code, code.label)
        self.office.outbox.append(Parcel(item.document, "status", data, code.value, str(item.sender)))
        incoming.queue(self.office, item)

    def _status(self, package: EdxmlPackage) -> None:
        header, kernel = package.status, self.office.services.kernel
        document, partner = header.response_for.document_id, str(header.sender_id)
        kernel.record(StatusReceived(kernel.now, self.office.name, document, header.code.value, partner))
        row = {"agency": self.office.name, "document": document, "partner": partner, "code": header.code.value, "at": kernel.now}
        self.office.services.registers.add(TRACKING, row)
        if header.code is not StatusCode.TAKE_BACK:
            requests.answered(self.office, document, header.sender_id, header.code)
            return
        day = header.response_for.promulgation_date or kernel.moment.date()
        about = (document, header.sender_id, *header.number_and_notation, day)
        negotiations.receive(self.office, Request(Kind.TAKE_BACK, *about, header.description))

    def _refusal(self, data: bytes) -> None:
        services, kernel = self.office.services, self.office.services.kernel
        notice = read_refusal(data)
        digest = sha256(notice.statement).digest()
        report = services.validator(self.office.id).validate(notice.signature, digest, kernel.moment, Purpose.REFUSAL, known=self._known)
        if not report.passed or report.certificate_sha256 != self._axis_digest:
            raise RuntimeError(f"{self.office.name} got a refusal that the axis did not sign: {report.reason or report.subject}")
        refusal = notice.refusal
        _, document = services.registers.submitted(refusal.package_id)
        kernel.record(RefusalReceived(kernel.now, self.office.name, document, refusal.recipient, refusal.rule, refusal.sub_indication))
        requests.lapsed(self.office, document, OrganId.parse(refusal.recipient))
        if refusal.sub_indication in _REVOKED:
            self.office.consults_revocation = True

    def _submit(self) -> None:
        at = self.office.services.kernel.moment
        parcels, self.office.outbox = self.office.outbox, []
        answers = self._axis.submit(self._caller, [Submission(parcel.data) for parcel in parcels], at)
        for parcel, answer in zip(parcels, answers, strict=True):
            self._answered(parcel, answer)

    def _answered(self, parcel: Parcel, answer: Receipt | Rejection) -> None:
        services, kernel = self.office.services, self.office.services.kernel
        name = self.office.name
        kind: Literal["edoc", "status"] = "edoc" if parcel.kind == "edoc" else "status"
        if isinstance(answer, Rejection):
            kernel.record(Submitted(kernel.now, name, parcel.document, kind, "", False, answer.rule))
            for move in parcel.moves:
                requests.lapsed(self.office, move.document, OrganId.parse(move.other))
            return
        digest = sha256(answer.statement).digest()
        report = services.validator(self.office.id).validate(answer.signature, digest, kernel.moment, Purpose.RECEIPT, known=self._known)
        if not report.passed or report.certificate_sha256 != self._axis_digest:
            raise RuntimeError(f"{name} got a receipt that the axis did not sign: {report.reason or report.subject}")
        if not attests(answer, parcel.data, self._caller.organ, kind):
            raise RuntimeError(f"{name} got a receipt for another package than the one it sent")
        kernel.record(Submitted(kernel.now, name, parcel.document, kind, answer.package_id, True, ""))
        if parcel.kind == "edoc" or parcel.code == StatusCode.TAKE_BACK:
            services.registers.add(SUBMITTED, {"agency": name, "package": answer.package_id, "document": parcel.document})
        if parcel.kind == "edoc":
            services.unjudged[answer.package_id] = parcel.document
        else:
            kernel.record(StatusSent(kernel.now, name, parcel.document, parcel.code, parcel.to))
        for move in parcel.moves:
            step = _STEPS[move.step]
            kernel.record(NegotiationMoved(kernel.now, name, move.document, move.other, move.kind.value, step, answer.package_id))
