"""Write the golden letters of a release: ``python -m tests.signing.letter.make_golden 0.1.0``. Once written they are never changed."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from signing import Authority, CadesSigner, HolderKind, HolderSpec, LetterContent, Pki, PkiSpec, Purpose
from tests.signing.letter import lab

GOLDEN = Path(__file__).parent / "golden"
DECISION = replace(
    lab.CONTENT,
    sender_id="H28.28",
    type_code="QĐ",
    type_name="Quyết định",
    notation="QĐ-UBND",
    name="Ủy ban nhân dân huyện Lạc Sơn",
    place="Lạc Sơn",
    subject="về việc phê duyệt kế hoạch ứng dụng công nghệ thông tin trong hoạt động của các cơ quan nhà nước trên địa bàn huyện",
    addressees=(),
    urgency="HỎA TỐC",
    capacity="KT.",
    on_behalf="CHỦ TỊCH",
    position="PHÓ CHỦ TỊCH",
    signer_name="Bùi Thị Thanh Huyền",
)
PARTY = replace(
    lab.CONTENT,
    sender_id="H28.99",
    bloc="party",
    notation="CV/VPTU",
    parent_name="Tỉnh ủy Hòa Bình",
    name="Văn phòng Tỉnh ủy",
    addressees=tuple(f"Đảng ủy xã Số {i}" for i in range(1, 13)),
    capacity="",
    on_behalf="",
    position="CHÁNH VĂN PHÒNG",
    signer_name="Hoàng Thị Quỳnh Ngân",
)
LETTERS = (("cong-van", lab.CONTENT, "107"), ("quyet-dinh", DECISION, "05"), ("cong-van-dang", PARTY, "1234"))


def signer(pki: Pki, kind: HolderKind, name: str, content: LetterContent) -> CadesSigner:
    """A holder under the authority of the letter's bloc."""
    authority = Authority.PARTY if content.bloc == "party" else Authority.STATE
    return CadesSigner(
        pki.issue(HolderSpec(kind, name, authority, lab.AT.replace(year=2020), lab.AT.replace(year=2025))), purpose=Purpose.LETTER
    )


def main() -> None:
    """Write letters, the root, both authorities and the CRLs of the day into the release's folder."""
    release = sys.argv[1]
    folder = GOLDEN / release
    folder.mkdir()
    pki = Pki.build(PkiSpec(seed=f"golden {release}"))
    for name, content, number in LETTERS:
        leader = signer(pki, HolderKind.PERSON, content.signer_name, content)
        seal = signer(pki, HolderKind.ORGANISATION, content.name, content)
        data = lab.PRESS.issue(lab.PRESS.sign(content, leader, at=lab.AT), number, lab.DAY, seal, at=lab.AT)
        (folder / f"{name}.pdf").write_bytes(data)
    (folder / "root.der").write_bytes(pki.root.certificate_der)
    for authority in (Authority.STATE, Authority.PARTY):
        (folder / f"{authority}.der").write_bytes(pki.subordinates[authority].certificate_der)
    for index, crl in enumerate(pki.crls(lab.AT)):
        (folder / f"{index}.crl").write_bytes(crl)


if __name__ == "__main__":
    main()
