"""Rows on the letter: written and signed twice, and verified again from its bytes, without and with a time-stamp."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from itertools import cycle

from benchmarks import pyhanko_peer
from benchmarks.measure import Contender, interleave, repeated
from benchmarks.rows import Peer, Row
from benchmarks.subjects import MOMENT, REFERENCE_P256, holder, pki, raw_sign, raw_verify
from signing import (
    CadesSigner,
    HolderKind,
    KeyKind,
    LetterContent,
    LetterPress,
    Purpose,
    Validator,
    add_document_timestamp,
    read_letter,
    verify_letter,
)

LEADER = holder(HolderKind.PERSON, KeyKind.P256)
SEAL = holder(HolderKind.ORGANISATION, KeyKind.P256)
DAY = date(2021, 9, 30)
DIFFERENT = 256
"""Letters verified in turn: twice as many as a reader keeps drawn, so that every page is drawn again."""
CONTENT = LetterContent(
    sender_id="H28",
    type_code="CV",
    notation="UBND-KGVX",
    recipient_ids=("H28.1", "H28.2", "H28.3"),
    name="ỦY BAN NHÂN DÂN TỈNH HÒA BÌNH",
    place="Hòa Bình",
    subject="đẩy mạnh việc gửi, nhận văn bản điện tử có ký số trên địa bàn tỉnh",
    addressees=("Các sở, ban, ngành;", "Ủy ban nhân dân các huyện, thành phố"),
    paragraphs=(
        "Thực hiện Nghị định số 30/2020/NĐ-CP ngày 05 tháng 3 năm 2020 của Chính phủ về công tác văn thư, Ủy ban nhân dân tỉnh yêu cầu "
        "các cơ quan, đơn vị gửi, nhận văn bản điện tử có ký số qua trục liên thông văn bản của tỉnh.",
        "Thủ trưởng các cơ quan, đơn vị chịu trách nhiệm tổ chức thực hiện và báo cáo kết quả trước ngày 15 hằng tháng.",
    ),
    capacity="TM.",
    on_behalf="ỦY BAN NHÂN DÂN",
    position="CHỦ TỊCH",
    signer_name="Nguyễn Văn Thử",
    to_places=("Như trên", "Lưu: VT, KGVX"),
)
SIGN_DOES = (
    "page layout from the texts",
    "revision 1 with the leader's PAdES-B signature",
    "revision 2 with number, date, their appearances and the seal's PAdES-B signature with FieldMDP",
)
VERIFY_DOES = (
    "strict reader: both revisions rebuilt from the signed metadata and compared byte for byte, another letter each time",
    "number and date equal their appearances",
    "ByteRange and hex of each signature",
    "both signatures as in the CAdES row (attributes, ESS, signature, key usage, path and CRLs from the cache), each with its report",
)
STAMP_DOES = (
    "the time-stamp's revision rebuilt and compared byte for byte",
    "the token read strictly, its imprint that of the bytes before it, its time not after the moment",
    "the token's signature and its unit's path (purpose, CRL) from the cache, with a report",
)
PEER_SIGNS = ("opens the page with its fonts as they stand", "two PAdES-B signatures in two increments; draws nothing, adds no FieldMDP")


def rows(slice_seconds: float) -> Iterator[Row]:
    """Letters signed twice at P-256, such letters verified strictly, and the same with a document time-stamp."""
    leader, seal = CadesSigner(LEADER, purpose=Purpose.LETTER), CadesSigner(SEAL, purpose=Purpose.LETTER)
    press = LetterPress()
    letters = [_letter(press, leader, seal, number) for number in range(1000, 1000 + DIFFERENT)]
    yield _sign(press, leader, seal, letters[0], slice_seconds)
    yield _verify(letters, slice_seconds)
    yield _verify_stamped(letters, slice_seconds)


def _letter(press: LetterPress, leader: CadesSigner, seal: CadesSigner, number: int) -> bytes:
    """Every letter another one: its own number and summary, so that no page was drawn before it is signed."""
    content = replace(CONTENT, subject=f"{CONTENT.subject} ({number})")
    return press.issue(press.sign(content, leader), str(number), DAY, seal)


def _sign(press: LetterPress, leader: CadesSigner, seal: CadesSigner, letter: bytes, slice_seconds: float) -> Row:
    numbers = cycle(range(10_000, 100_000))

    def ours() -> None:
        _letter(press, leader, seal, next(numbers))

    raw = raw_sign(read_letter(letter).seal.message.signed_attributes)
    contenders = [Contender("raw", repeated(raw)), Contender("ours", repeated(ours))]
    if not pyhanko_peer.ABSENT:
        contenders.append(Contender(pyhanko_peer.NAME, pyhanko_peer.sign_letter(letter, LEADER, SEAL)))
    rates = interleave(contenders, slice_seconds)
    return Row(
        name="one-page letter written and signed twice (PAdES-B), P-256",
        unit="letters",
        limit=rates["raw"].median / 2,
        limit_is="2 raw signs (cryptography's P-256, nonce of RFC 6979)",
        ours=rates["ours"],
        checks=SIGN_DOES,
        peer=Peer(pyhanko_peer.NAME, rates.get(pyhanko_peer.NAME), PEER_SIGNS, pyhanko_peer.ABSENT),
        must_peer=100,
        must_rate=3_000 * rates["raw"].median / REFERENCE_P256["sign"],
        must_rate_is=f"3,000 where the raw sign does {REFERENCE_P256['sign']:,}/s",
        remarks=(f"one letter is {len(letter):,} bytes",),
    )


def _verify(letters: Sequence[bytes], slice_seconds: float) -> Row:
    validator = Validator(pki().trust_store())
    turns = cycle(letters)

    def ours() -> None:
        assert verify_letter(next(turns), validator, MOMENT).passed

    slot = read_letter(letters[0]).seal
    contenders = [Contender("raw", repeated(raw_verify(SEAL, slot.message))), Contender("ours", repeated(ours))]
    if not pyhanko_peer.ABSENT:
        contenders.append(Contender(pyhanko_peer.NAME, pyhanko_peer.verify_letter(letters[0])))
    rates = interleave(contenders, slice_seconds)
    return Row(
        name="such letters verified strictly, both signatures, P-256",
        unit="letters",
        limit=rates["raw"].median / 2,
        limit_is="2 raw verifies (cryptography's P-256)",
        ours=rates["ours"],
        checks=VERIFY_DOES,
        peer=Peer(pyhanko_peer.NAME, rates.get(pyhanko_peer.NAME), pyhanko_peer.PDF_CHECKS, pyhanko_peer.ABSENT),
        must_peer=70,
        must_rate=2_500 * rates["raw"].median / REFERENCE_P256["verify"],
        must_rate_is=f"2,500 where the raw verify does {REFERENCE_P256['verify']:,}/s",
    )


def _verify_stamped(letters: Sequence[bytes], slice_seconds: float) -> Row:
    validator = Validator(pki().trust_store())
    turns = cycle([add_document_timestamp(letter, lambda digest: pki().stamp(digest, MOMENT)) for letter in letters])

    def ours() -> None:
        report = verify_letter(next(turns), validator, MOMENT)
        assert report.passed
        assert report.stamped_at == MOMENT

    slot = read_letter(letters[0]).seal
    rates = interleave([Contender("raw", repeated(raw_verify(SEAL, slot.message))), Contender("ours", repeated(ours))], slice_seconds)
    return Row(
        name="such letters with a document time-stamp (PAdES B-T) verified strictly, P-256",
        unit="letters",
        limit=rates["raw"].median / 3,
        limit_is="3 raw verifies (cryptography's P-256)",
        ours=rates["ours"],
        checks=(*VERIFY_DOES, *STAMP_DOES),
    )
