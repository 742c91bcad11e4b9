"""A letter, its two signers and their validator, for the tests of the letter."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from functools import cache

from signing import (
    Authority,
    CadesSigner,
    HolderKind,
    HolderSpec,
    KeyKind,
    LetterContent,
    LetterPress,
    Pki,
    PkiSpec,
    Purpose,
    Validator,
)

VN = timezone(timedelta(hours=7))
AT = datetime(2021, 9, 27, 9, 15, tzinfo=VN)
DAY = date(2021, 9, 27)
PRESS = LetterPress()
CONTENT = LetterContent(
    sender_id="H28",
    type_code="CV",
    notation="UBND-KGVX",
    recipient_ids=("H28.1", "H28.20"),
    name="Ủy ban nhân dân tỉnh Hòa Bình",
    place="Hòa Bình",
    subject="triển khai chữ ký số chuyên dùng công vụ trong gửi, nhận văn bản",
    addressees=("Các sở, ban, ngành", "Ủy ban nhân dân các huyện, thành phố"),
    paragraphs=(
        "Thực hiện Nghị định số 30/2020/NĐ-CP ngày 05 tháng 3 năm 2020 của Chính phủ về công tác văn thư, Ủy ban nhân dân tỉnh đề nghị "
        "các cơ quan, đơn vị khẩn trương hoàn thành việc ký số văn bản điện tử (kể cả văn bản nội bộ), bảo đảm văn bản đi được ký số bởi "
        "người có thẩm quyền trước khi văn thư cấp số, thời gian ban hành và ký số của cơ quan, tổ chức.",
        "Yêu cầu thủ trưởng các sở, ban, ngành rà soát danh sách người được cấp chứng thư chữ ký số; kết quả gửi về Sở Thông tin và "
        "Truyền thông trước ngày 15 hằng tháng để tổng hợp./.",
    ),
    capacity="TM.",
    on_behalf="ỦY BAN NHÂN DÂN",
    position="CHỦ TỊCH",
    signer_name="Nguyễn Văn Ánh",
    to_places=("Như trên", "CT, các PCT UBND tỉnh", "Lưu: VT, KGVX"),
)


@cache
def pki() -> Pki:
    """The PKI of these tests."""
    return Pki.build(PkiSpec(seed="letter"))


@cache
def signer(kind: HolderKind, name: str, key: KeyKind = KeyKind.P256) -> CadesSigner:
    """A person or organisation of the province, with a real certificate."""
    spec = HolderSpec(
        kind,
        name,
        Authority.STATE,
        datetime(2020, 1, 1, tzinfo=VN),
        datetime(2038, 1, 1, tzinfo=VN),  # pdfsig judges certificates by its own clock
        organisation="Ủy ban nhân dân tỉnh Hòa Bình" if kind is HolderKind.PERSON else "",
        units=("Lãnh đạo Ủy ban",) if kind is HolderKind.PERSON else (),
        locality="Hòa Bình",
        email="anhnv@hoabinh.test" if kind is HolderKind.PERSON else "",
        key=key,
    )
    return CadesSigner(pki().issue(spec), purpose=Purpose.LETTER)


def leader() -> CadesSigner:
    """The person who signs."""
    return signer(HolderKind.PERSON, "Nguyễn Văn Ánh")


def seal() -> CadesSigner:
    """The organisation that seals."""
    return signer(HolderKind.ORGANISATION, "Ủy ban nhân dân tỉnh Hòa Bình")


@cache
def half() -> bytes:
    """The letter signed by its leader only."""
    return PRESS.sign(CONTENT, leader(), at=AT)


@cache
def whole() -> bytes:
    """The complete letter."""
    return PRESS.issue(half(), "107", DAY, seal(), at=AT)


def write(number: str = "107", day: date = DAY, **changes: object) -> bytes:
    """A complete letter with other content."""
    return PRESS.issue(PRESS.sign(replace(CONTENT, **changes), leader()), number, day, seal())  # type: ignore[arg-type]


def validator() -> Validator:
    """A validator that trusts this PKI."""
    return Validator(pki().trust_store())
