"""What an office's software believes of the line to the axis: the axis' own signature over its own package, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any

import pytest

from exchange.api import Caller, Envelope, Package, PackageKind, Receipt, Submission
from exchange.domain.identifiers import OrganId
from exchange.receipts import Refusal, package_id_of, receipt_statement, refusal_statement, write_refusal
from scenarios.office.office import Parcel
from scenarios.office.software import Software
from scenarios.trace import RefusalReceived, Submitted
from scenarios.world import pki
from scenarios.world.model import World
from signing import CadesSigner, Purpose
from tests.scenarios.office.conftest import House

ORGAN = OrganId("H28.13")
DATA = b"<package/>"


@dataclass
class Line:
    """Somebody between office and axis: signs with ``signer`` and answers about ``package``."""

    signer: CadesSigner
    package: bytes = DATA
    changed: Any = None
    notice: bytes = b""

    def submit(self, caller: Caller, submissions: Sequence[Submission], at: datetime) -> tuple[Receipt, ...]:
        digest = sha256(self.package).digest()
        name = package_id_of(str(caller.organ), digest)
        statement = receipt_statement(name, digest, caller.organ, "status", at)
        receipt = Receipt(name, digest, at, statement, self.signer.sign(sha256(statement).digest()))
        return (replace(receipt, **(self.changed or {})),)

    def waiting(self, caller: Caller, at: datetime, limit: int = 100) -> tuple[Envelope, ...]:
        return (Envelope("x", PackageKind.REFUSAL, ORGAN, at, 0, len(self.notice)),)

    def fetch(self, caller: Caller, package_ids: Sequence[str], at: datetime) -> tuple[Package, ...]:
        return (Package(self.waiting(caller, at)[0], lambda: iter((self.notice,))),)

    def confirm(self, caller: Caller, outcomes: Sequence[object], at: datetime) -> None:
        """Nothing to keep."""


def signers(world: World) -> tuple[CadesSigner, CadesSigner, bytes]:
    """The axis, and another agency with a genuine certificate of its own; the axis' certificate."""
    issued = pki.build(world)
    other = next(holder for organ, holder in issued.organisations.items() if organ != ORGAN)
    axis = CadesSigner(issued.axis, embed_certificates=False, purpose=Purpose.RECEIPT)
    return axis, CadesSigner(other, purpose=Purpose.RECEIPT), issued.axis.certificate_der


def software(house: House, line: Line, certificate: bytes) -> Software:
    office = house.office(str(ORGAN))
    office.outbox.append(Parcel("D", "status", DATA, "01", "G12"))
    return Software(office, line, Caller(ORGAN, "secret"), certificate)  # type: ignore[arg-type]


def test_the_axis_own_receipt_for_the_package_is_believed(house: House, world: World) -> None:
    axis, _, certificate = signers(world)
    software(house, Line(axis), certificate).cycle(mail=False)
    assert [record.receipt for record in house.seen(Submitted)] == [True]  # type: ignore[attr-defined]


def test_another_members_signature_makes_no_receipt_and_no_refusal(house: House, world: World) -> None:
    _, other, certificate = signers(world)
    with pytest.raises(RuntimeError, match="did not sign"):
        software(house, Line(other), certificate).cycle(mail=False)
    statement = refusal_statement(Refusal("p", "G12", "rule", "", "detail", house.kernel.moment))
    line = Line(other, notice=write_refusal(statement, other.sign(sha256(statement).digest())))
    with pytest.raises(RuntimeError, match="did not sign"):
        software(house, line, certificate).cycle(mail=True)
    assert house.seen(RefusalReceived) == []


@pytest.mark.parametrize("changed", [{"package_id": "0" * 24}, {"package_sha256": bytes(32)}])
def test_a_genuine_receipt_for_something_else_is_not_believed(house: House, world: World, changed: dict[str, object]) -> None:
    """Yesterday's receipt played back, or the right statement beside other fields."""
    axis, _, certificate = signers(world)
    for line in (Line(axis, b"<yesterday/>"), Line(axis, changed=changed)):
        with pytest.raises(RuntimeError, match="another package"):
            software(house, line, certificate).cycle(mail=False)
    assert house.seen(Submitted) == []
