"""The judgement: a genuine letter passes, and every way of misusing one is refused under its own rule. Real keys, real letters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import cache
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.domain.calendar import VN
from exchange.domain.document import Capacity, Urgency, document_type
from exchange.domain.identifiers import OrganId
from exchange.domain.lifecycle import Operation
from exchange.domain.organization import Bloc, Directory, Level, Organization, OrganStatus, PersonSigner, Signers
from exchange.edxml.attached import MemorySink
from exchange.edxml.model import Business, Contact, EdocHeader, OtherInfo, OutgoingAttachment, ReceiverChange, SignerInfo, TypeInfo
from exchange.edxml.reader import read
from exchange.edxml.writer import write_edoc
from exchange.verification import Attachment, Judgement, judge
from signing import (
    METER,
    Authority,
    CadesSigner,
    HolderKind,
    HolderSpec,
    LetterContent,
    LetterPress,
    Pki,
    PkiSpec,
    Purpose,
    Validator,
)

SEED = "verification"
AT = datetime(2021, 9, 27, 9, 30, tzinfo=VN)
DAY = date(2021, 9, 27)
SENDER, OTHER, RECIPIENT = OrganId("H28.20"), OrganId("H28.11"), OrganId("H28.03")
PRESS = LetterPress()
CONTENT = LetterContent(
    sender_id="H28.20",
    type_code="CV",
    notation="STTTT-CNTT",
    recipient_ids=("000.00.03.H28", "H28.04"),
    name="Sở Thông tin và Truyền thông",
    place="Hòa Bình",
    subject="gửi, nhận văn bản điện tử",
    paragraphs=("Sở Thông tin và Truyền thông đề nghị các đơn vị gửi, nhận văn bản điện tử theo quy định./.",),
    capacity="KT.",
    position="PHÓ GIÁM ĐỐC",
    signer_name="Nguyễn Văn A",
)
HEADER = EdocHeader(
    sender=Contact(SENDER, "Sở Thông tin và Truyền thông"),
    recipients=(Contact(RECIPIENT, "Sở Công Thương"),),
    number="07",
    notation="STTTT-CNTT",
    promulgation_date=DAY,
    subject="V/v gửi, nhận văn bản điện tử",
    type=TypeInfo.of(document_type("CV")),
    signer=SignerInfo("KT.", "PHÓ GIÁM ĐỐC", "Nguyễn Văn A"),
)


@cache
def pki(seed: str) -> Pki:
    return Pki.build(PkiSpec(seed=seed))


@cache
def signer(name: str, kind: HolderKind = HolderKind.PERSON, seed: str = SEED, purpose: Purpose = Purpose.LETTER) -> CadesSigner:
    ends = datetime(2021, 1, 1, tzinfo=VN) if name == "Expired" else datetime(2024, 1, 1, tzinfo=VN)
    revoked = datetime(2021, 9, 1, tzinfo=VN) if name.startswith("Revoked") else None
    spec = HolderSpec(kind, name, Authority.STATE, datetime(2020, 1, 1, tzinfo=VN), ends, locality="Hòa Bình", revoked_at=revoked)
    return CadesSigner(pki(seed).issue(spec), purpose=purpose)


ORGAN = HolderKind.ORGANISATION
LEADERS = ("Leader", "Expired", "Revoked")
SEALS = ("Seal", "Revoked seal")


def subject(name: str, kind: HolderKind = HolderKind.PERSON) -> str:
    return signer(name, kind).holder.subject


@cache
def directory(status: OrganStatus = OrganStatus.ACTIVE) -> Directory:
    def organ(code: OrganId, name: str, status: OrganStatus = OrganStatus.ACTIVE) -> Organization:
        return Organization(code, name, Level.PROVINCE, Bloc.STATE, "17", status=status)

    capacities = frozenset({Capacity.FOR_HEAD, Capacity.HEAD})
    people = [PersonSigner(subject(name), CONTENT.signer_name, capacities=capacities) for name in LEADERS]
    return Directory(
        [organ(SENDER, "Sở Thông tin và Truyền thông", status), organ(OTHER, "Sở Tài chính"), organ(RECIPIENT, "Sở Công Thương")],
        {
            SENDER: Signers.of([subject(name, ORGAN) for name in SEALS], people),
            OTHER: Signers.of([subject("Other seal", ORGAN)], [PersonSigner(subject("Other leader"), "Other leader")]),
        },
    )


@cache
def letter(leader: str = "Leader", seal: str = "Seal", seed: str = SEED, **changes: object) -> bytes:
    content = replace(CONTENT, **changes)  # type: ignore[arg-type]
    first = PRESS.sign(content, signer(leader, HolderKind.PERSON, seed))
    return PRESS.issue(first, "07", DAY, signer(seal, ORGAN, seed))


def judged(
    header: EdocHeader = HEADER,
    data: bytes | None = None,
    others: Sequence[Attachment] = (),
    at: datetime = AT,
    *,
    register: Directory | None = None,
    secret_rule: bool = True,
) -> Judgement:
    files = [Attachment("letter.pdf", letter() if data is None else data), *others]
    return judge(
        header, files, directory() if register is None else register, Validator(pki(SEED).trust_store()), at, secret_rule=secret_rule
    )


def rules(judgement: Judgement) -> list[str]:
    return [one.rule for one in judgement.violations]


def test_a_genuine_letter_is_accepted_with_two_verifications() -> None:
    files = [Attachment("letter.pdf", letter())]
    validator, register = Validator(pki(SEED).trust_store()), directory()
    before = METER.verifies[Purpose.LETTER]
    for _ in range(2):
        said = judge(HEADER, files, register, validator, AT)
        assert (said.accepted, said.rule, said.sub_indication, said.detail) == (True, "accepted", "", "")
        assert said.findings == ()
        assert said.verifies == 2
    assert METER.verifies[Purpose.LETTER] == before + 4


def test_it_is_accepted_again_after_a_journey_through_the_package() -> None:
    sink = MemorySink()
    package = read(write_edoc(HEADER, [OutgoingAttachment("1", "letter.pdf", letter())]), sink)
    files = [Attachment(info.name, sink.data[info.ref]) for info in package.attachments]
    assert judge(package.edoc, files, directory(), Validator(pki(SEED).trust_store()), AT).accepted


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"number": "08"}, "number-mismatch"),
        ({"number": "07a"}, "number-mismatch"),
        ({"notation": "STTTT"}, "notation-mismatch"),
        ({"promulgation_date": date(2021, 9, 26)}, "date-mismatch"),
        ({"type": TypeInfo.of(document_type("QĐ"))}, "type-mismatch"),
        ({"type": TypeInfo(1, 0, "")}, "type-mismatch"),
        ({"recipients": (Contact(RECIPIENT), Contact(OTHER))}, "recipient-mismatch"),
    ],
)
def test_a_genuine_letter_under_another_header_is_refused(changes: dict[str, object], rule: str) -> None:
    said = judged(replace(HEADER, **changes))  # type: ignore[arg-type]
    assert not said.accepted
    assert rules(said) == [rule]
    assert said.detail.startswith("the header")
    assert said.verifies == 2


def test_a_genuine_letter_from_another_sender_is_refused_for_every_reason() -> None:
    said = judged(replace(HEADER, sender=Contact(OTHER)))
    assert rules(said) == ["leader-not-of-sender", "organisation-not-sender", "sender-mismatch"]
    assert "it belongs to H28.20" in said.detail


@pytest.mark.parametrize("number", ["7", "007"])
def test_a_number_is_a_number_whatever_its_zeros(number: str) -> None:
    assert judged(replace(HEADER, number=number)).accepted


def test_an_update_may_name_an_added_recipient() -> None:
    adding = Business(Operation.UPDATE, changes=(ReceiverChange(OTHER, True),))
    both = replace(HEADER, recipients=(Contact(RECIPIENT), Contact(OTHER)))
    assert judged(replace(both, business=adding)).accepted
    removing = Business(Operation.UPDATE, changes=(ReceiverChange(OTHER, False),))
    assert rules(judged(replace(both, business=removing))) == ["recipient-mismatch"]
    not_an_update = Business(Operation.REPLACE, changes=(ReceiverChange(OTHER, True),))
    assert rules(judged(replace(both, business=not_an_update))) == ["recipient-mismatch"]


@pytest.mark.parametrize(
    ("leader", "seal", "rule", "sub_indication"),
    [
        ("Expired", "Seal", "leader-signature", "OUT_OF_BOUNDS_NOT_REVOKED"),
        ("Revoked", "Seal", "leader-signature", "REVOKED_NO_POE"),
        ("Leader", "Revoked seal", "organisation-signature", "REVOKED_NO_POE"),
        ("Other leader", "Seal", "leader-not-of-sender", ""),
        ("Leader", "Other seal", "organisation-not-sender", ""),
    ],
)
def test_wrong_signers_are_refused(leader: str, seal: str, rule: str, sub_indication: str) -> None:
    said = judged(data=letter(leader, seal))
    assert rules(said) == [rule]
    assert said.sub_indication.startswith(sub_indication[:13])
    assert said.verifies == 2


def test_a_foreign_root_is_refused() -> None:
    said = judged(data=letter(seed="another root"))
    assert said.rule == "leader-signature"
    assert said.sub_indication == "NO_CERTIFICATE_CHAIN_FOUND"


def test_persons_cannot_seal_and_seals_cannot_lead() -> None:
    first = PRESS.sign(CONTENT, signer("Seal", ORGAN))
    swapped = PRESS.issue(first, "07", DAY, signer("Leader"))
    assert rules(judged(data=swapped)) == ["leader-not-of-sender", "organisation-not-sender"]


def test_the_capacity_must_be_the_signers() -> None:
    said = judged(data=letter(capacity="TUQ."))
    assert rules(said) == ["capacity"]
    assert judged(data=letter(capacity="")).accepted


def test_a_letter_marked_secret_does_not_travel_by_the_axis() -> None:
    data = letter(secrecy="MẬT")
    assert rules(judged(data=data)) == ["secret"]
    elsewhere = judged(data=data, secret_rule=False)
    assert elsewhere.accepted
    assert [one.rule for one in elsewhere.findings] == ["secret"]


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_a_letter_changed_after_signing_is_refused(data: st.DataObject) -> None:
    whole = bytearray(letter())
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= data.draw(st.integers(1, 255))
    assert not judged(data=bytes(whole)).accepted


def test_what_is_no_letter_of_ours_needs_the_reader_for_foreign_letters() -> None:
    said = judged(data=b"%PDF-1.4\nforeign")
    assert rules(said) == ["foreign-letter"]
    assert "foreign letters" in said.detail


def test_half_signed_and_truncated_letters_say_what_is_missing() -> None:
    half = judged(data=PRESS.sign(CONTENT, signer("Leader")))
    assert (half.rule, half.sub_indication) == ("letter-form", "FORMAT_FAILURE")
    assert "only the leader has signed" in half.detail
    assert judged(data=letter()[:-9]).rule == "letter-form"


def test_a_document_without_letter_is_for_information_only() -> None:
    files = [Attachment("note.txt", b"hello")]
    said = judge(HEADER, files, directory(), Validator(pki(SEED).trust_store()), AT)
    assert rules(said) == ["no-letter"]
    recall = replace(HEADER, business=Business(Operation.RECALL, "sai nội dung"))
    assert judge(recall, (), directory(), Validator(pki(SEED).trust_store()), AT).accepted


@pytest.mark.parametrize("status", [OrganStatus.LOCKED, OrganStatus.DISSOLVED])
def test_a_sender_that_takes_no_part_is_refused(status: OrganStatus) -> None:
    assert rules(judged(register=directory(status))) == [f"{status}-sender"]


def test_an_unknown_sender_is_refused_first() -> None:
    assert judged(register=Directory([])).rule == "unknown-sender"


def test_a_letter_from_the_future_is_refused() -> None:
    assert rules(judged(at=datetime(2021, 9, 26, 23, 59, tzinfo=VN))) == ["future-date"]


def test_an_annex_is_signed_by_the_organisation_and_a_missing_signature_is_a_finding() -> None:
    annex = Attachment("plan.xlsx", b"plan")
    unsigned = judged(others=[annex])
    assert unsigned.accepted
    assert [one.rule for one in unsigned.findings] == ["annex-unsigned"]
    seal = signer("Seal", ORGAN, purpose=Purpose.ANNEX)
    good = Attachment("plan.xlsx.p7s", seal.sign(sha256(annex.data).digest()))
    signed = judged(others=[good, annex])
    assert (signed.accepted, signed.findings, signed.verifies) == (True, (), 3)
    assert judged(others=[good, Attachment("plan.xlsx", b"pl", sha256(b"plan").digest())]).accepted
    assert rules(judged(others=[replace(annex, data=b"other plan"), good])) == ["annex-signature"]
    others_seal = signer("Other seal", ORGAN, purpose=Purpose.ANNEX)
    foreign = replace(good, data=others_seal.sign(sha256(annex.data).digest()))
    assert rules(judged(others=[annex, foreign])) == ["annex-not-of-sender"]
    assert judged(others=[annex, replace(good, data=b"no cms")]).sub_indication == "FORMAT_FAILURE"
    assert [one.rule for one in judged(others=[good]).findings] == ["stray-signature"]
    assert rules(judged(others=[annex, annex, good])) == ["attachment-names"]


def test_differences_outside_the_equality_are_findings() -> None:
    other = replace(HEADER, subject="khác", signer=SignerInfo("KT.", "", "Trần Thị B"), other=OtherInfo(priority=Urgency.EXPRESS))
    said = judged(other)
    assert said.accepted
    assert [one.rule for one in said.findings] == ["subject-differs", "signer-name-differs", "urgency-differs"]


def test_a_homonymous_organisation_is_not_the_sender() -> None:
    """Names are homonyms: only the register links a certificate to a code."""
    empty = Directory([Organization(SENDER, "Sở Thông tin và Truyền thông", Level.PROVINCE, Bloc.STATE)])
    assert rules(judged(register=empty)) == ["leader-not-of-sender", "organisation-not-sender"]
