"""Where vectors are made: one small PKI, a leader, an organisation, a time-stamp service, and a letter of theirs.

Everything is a function of a seed. Vectors never share a workshop, since most bend its people.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from hashlib import sha256

from signing.evidence import Evidence
from signing.faults.incident import Incident
from signing.faults.model import Case
from signing.formats import cades
from signing.formats.cms import CadesSigner
from signing.formats.letter.content import LetterContent
from signing.formats.letter.press import LetterPress
from signing.keys import Purpose, SigningKey
from signing.oids import TEST_TIME_STAMP_POLICY
from signing.pki.authorities import VN, Authority, Tree
from signing.pki.hierarchy import Pki
from signing.pki.issue import CertificationAuthority, Holder
from signing.pki.profiles import HolderKind, HolderSpec
from signing.pki.spec import PkiSpec
from signing.pki.timestamp import make_token

SIGNED_AT = datetime(2021, 9, 27, 9, 15, tzinfo=VN)
"""When letters and signatures of the catalogue are made, a Monday."""
JUDGED_AT = datetime(2021, 9, 27, 15, 0, tzinfo=VN)
"""When they are judged, unless a vector says otherwise: the same afternoon."""
DAY, HOUR, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)
LETTER_DAY = date(2021, 9, 27)
CONTENT = "Kính gửi: Ủy ban nhân dân các huyện, thành phố tỉnh Hòa Bình (tài liệu tập huấn, TEST)./.\n".encode() * 8
"""What detached signatures are made over."""
LEADER = HolderSpec(
    HolderKind.PERSON,
    "Nguyễn Văn Ánh",
    Authority.STATE,
    datetime(2020, 1, 1, tzinfo=VN),
    datetime(2025, 1, 1, tzinfo=VN),
    organisation="Ủy ban nhân dân tỉnh Hòa Bình",
    units=("Lãnh đạo Ủy ban",),
    locality="Hòa Bình",
    email="anhnv@hoabinh.test",
)
SEAL = HolderSpec(
    HolderKind.ORGANISATION,
    "Ủy ban nhân dân tỉnh Hòa Bình",
    Authority.STATE,
    datetime(2020, 1, 1, tzinfo=VN),
    datetime(2025, 1, 1, tzinfo=VN),
    locality="Hòa Bình",
)
RECEIVER = replace(SEAL, name="Ủy ban nhân dân huyện Lạc Sơn", organisation="Ủy ban nhân dân tỉnh Hòa Bình")
LETTER = LetterContent(
    sender_id="H28",
    type_code="CV",
    notation="UBND-KGVX",
    recipient_ids=("H28.01", "H28.20"),
    name="Ủy ban nhân dân tỉnh Hòa Bình",
    place="Hòa Bình",
    subject="triển khai chữ ký số chuyên dùng công vụ trong gửi, nhận văn bản",
    addressees=("Các sở, ban, ngành", "Ủy ban nhân dân các huyện, thành phố"),
    paragraphs=(
        "Ủy ban nhân dân tỉnh đề nghị các cơ quan, đơn vị ký số văn bản điện tử bởi người có thẩm quyền trước khi văn thư cấp số, "
        "thời gian ban hành và ký số của cơ quan, tổ chức.",
        "Văn bản này là tài liệu tập huấn, được lập để kiểm tra chữ ký số./.",
    ),
    capacity="TM.",
    on_behalf="ỦY BAN NHÂN DÂN",
    position="CHỦ TỊCH",
    signer_name="Nguyễn Văn Ánh",
    to_places=("Như trên", "Lưu: VT, KGVX"),
)
NUMBER = "107"
PRESS = LetterPress()


@dataclass
class Workshop:
    """One PKI and the instant things are signed at; methods make signed objects and cases."""

    pki: Pki
    at: datetime = SIGNED_AT
    stamps: int = 0

    @classmethod
    def open(cls, seed: str, *, trees: Sequence[Tree] = (Tree.G2,), **spec: object) -> Workshop:
        """A workshop of that seed; ``spec`` bends the PKI's description."""
        return cls(Pki.build(PkiSpec(seed, trees=tuple(trees), derived_rsa=True, **spec)))  # type: ignore[arg-type]

    @property
    def state(self) -> CertificationAuthority:
        """The authority of the state bloc."""
        return self.pki.authority(Authority.STATE)

    def person(self, **changes: object) -> Holder:
        """The leader, certified with changes to the description."""
        return self.pki.issue(replace(LEADER, **changes))  # type: ignore[arg-type]

    @cached_property
    def signer(self) -> Holder:
        """The leader as he should be."""
        return self.person()

    @cached_property
    def stamping(self) -> Holder:
        """The time-stamping unit of the day."""
        return self.pki.time_stamping(self.at)

    def key(self, label: str) -> SigningKey:
        """A key of nobody in the PKI."""
        return SigningKey.derive_p256(self.pki.spec.seed, label)

    def stamp(self, at: datetime, unit: Holder | None = None) -> cades.Stamp:
        """A time-stamp service at one instant."""

        def make(digest: bytes) -> bytes:
            self.stamps += 1
            return make_token(unit or self.stamping, digest, at=at, serial=self.stamps, policy=TEST_TIME_STAMP_POLICY)

        return make

    def signed(self, holder: Holder | None = None, content: bytes = CONTENT, *, embed: bool = True) -> bytes:
        """A detached B-B signature over the content."""
        signer = CadesSigner(holder or self.signer, embed_certificates=embed, purpose=Purpose.LETTER)
        return signer.sign(sha256(content).digest())

    def stamped(self, holder: Holder | None = None, at: datetime | None = None, unit: Holder | None = None) -> bytes:
        """A detached B-T signature, stamped at ``at`` (a minute after signing)."""
        at = at or self.at + timedelta(minutes=1)
        return cades.add_signature_timestamp(self.signed(holder), self.stamp(at, unit))

    def letter(self, incident: Incident | None = None, content: LetterContent = LETTER) -> bytes:
        """A letter signed by the leader and sealed by the organisation, as the incident has it."""
        incident = incident or Incident()
        first, second = (
            CadesSigner(self.pki.issue(bend(spec, self.at)), leaf_only=incident.leaf_only, purpose=Purpose.LETTER)
            for bend, spec in ((incident.leader, LEADER), (incident.seal, SEAL))
        )
        claimed = self.at + incident.clock
        half = PRESS.sign(content, first, at=claimed)
        return incident.letter(PRESS.issue(half, NUMBER, LETTER_DAY, second, at=claimed + timedelta(minutes=5)))

    def evidence(self, at: datetime, *, trees: Sequence[Tree] = (Tree.G2,)) -> Evidence:
        """What an auditor is given at a moment: the Government's root and authorities, and the lists of that moment."""
        return self.pki.evidence(at, trees)

    def case(self, data: bytes, at: datetime = JUDGED_AT, evidence: Evidence | None = None, **more: object) -> Case:
        """A case of a detached signature over :data:`CONTENT`."""
        return Case(data, at, evidence or self.evidence(at), content=CONTENT, **more)  # type: ignore[arg-type]

    def letter_case(self, data: bytes, at: datetime = JUDGED_AT, evidence: Evidence | None = None) -> Case:
        """A case of a letter."""
        return Case(data, at, evidence or self.evidence(at))
