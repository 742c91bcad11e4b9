"""Faults of whole packages: signatures that hold, on a document that is not what it says. They need a register to be seen.

The other half of the catalogue; faults of signed files are :mod:`signing`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256

from exchange.domain.document import Capacity, Secrecy, document_type
from exchange.domain.identifiers import OrganId
from exchange.domain.organization import Bloc, Directory, Level, Organization, OrganStatus, PersonSigner, Signers
from exchange.edxml.model import Contact, EdocHeader, OutgoingAttachment, SignerInfo, TypeInfo
from exchange.edxml.writer import write_edoc
from exchange.verification import DETACHED, Attachment, Judgement, judge
from signing import (
    FAULT_AT,
    FAULT_CONTENT,
    FAULT_DAY,
    FAULT_LEADER,
    FAULT_NUMBER,
    FAULT_SEAL,
    CadesSigner,
    Evidence,
    Fault,
    FaultWords,
    Finder,
    Holder,
    HolderKind,
    Indication,
    LetterContent,
    LetterPress,
    Purpose,
    Validator,
    Workshop,
    fault_tables,
    read_fault_words,
)

_PRESS = LetterPress()
_SENDER, _OTHER, _RECIPIENT, _STRANGER = OrganId("H28"), OrganId("H28.20"), OrganId("H28.01"), OrganId("H28.77")
_ANNEX = b"STT;Don vi;So luong\n1;Phong Van hoa;12\n"
_OTHER_NAME = "Sở Thông tin và Truyền thông"
_OTHER_PERSON = "Phạm Thị Dung"


@dataclass(frozen=True, slots=True)
class PackageCase:
    """A package with what is needed to judge it: header, attachments, the register, and a validator that trusts its PKI."""

    header: EdocHeader
    attachments: tuple[Attachment, ...]
    directory: Directory
    validator: Validator
    at: datetime
    evidence: Evidence

    def package(self) -> bytes:
        """The package as edXML."""
        outgoing = (OutgoingAttachment(f"cid:{number}", one.name, one.data) for number, one in enumerate(self.attachments, 1))
        return write_edoc(self.header, tuple(outgoing))

    def judgement(self) -> Judgement:
        """What the axis and every recipient's clerk say of it."""
        return judge(self.header, self.attachments, self.directory, self.validator, self.at)


def unchanged_content(content: LetterContent) -> LetterContent:
    """A page as it is."""
    return content


def unchanged_header(header: EdocHeader) -> EdocHeader:
    """A header as it is."""
    return header


def nothing_more(_: bytes) -> tuple[Attachment, ...]:
    """No further file."""
    return ()


@dataclass(frozen=True, slots=True)
class PackageIncident:
    """How a fault befalls a real document: ``content`` changes the page before it is signed, ``header`` what the package says of it
    afterwards, and ``more`` gives the files that are added to a finished letter. Who signs with another agency's key is in ``lent``.
    """

    content: Callable[[LetterContent], LetterContent] = unchanged_content
    header: Callable[[EdocHeader], EdocHeader] = unchanged_header
    more: Callable[[bytes], tuple[Attachment, ...]] = nothing_more
    lent: frozenset[HolderKind] = frozenset()


@dataclass(frozen=True, slots=True)
class PackageFault:
    """One fault of a package: ``rule`` is the judgement's rule that names it, a violation or (``accepted``) a finding only.

    ``incident`` is how it befalls a real document, where it can.
    """

    name: str
    finders: tuple[Finder, ...]
    rule: str
    clause: str
    build: Callable[[str], PackageCase] = field(repr=False)
    accepted: bool = False
    incident: PackageIncident | None = field(default=None, repr=False)


class _Desk:
    """The workshop's letter on its way: two organisations, their people, and the header that belongs to the letter."""

    def __init__(self, seed: str) -> None:
        self.shop = Workshop.open(seed)
        self.leader, self.seal = self.shop.pki.issue(FAULT_LEADER), self.shop.pki.issue(FAULT_SEAL)
        self.other_leader = self.shop.pki.issue(replace(FAULT_LEADER, name=_OTHER_PERSON, email="dungpt@hoabinh.test"))
        self.other_seal = self.shop.pki.issue(replace(FAULT_SEAL, name=_OTHER_NAME, organisation=FAULT_SEAL.name))

    def letter(self, content: LetterContent = FAULT_CONTENT, *, leader: Holder | None = None, seal: Holder | None = None) -> bytes:
        first, second = (CadesSigner(one, purpose=Purpose.LETTER) for one in (leader or self.leader, seal or self.seal))
        return _PRESS.issue(_PRESS.sign(content, first, at=FAULT_AT), FAULT_NUMBER, FAULT_DAY, second, at=FAULT_AT)

    def annex(self, data: bytes = _ANNEX, seal: Holder | None = None) -> tuple[Attachment, Attachment]:
        signature = CadesSigner(seal or self.seal, purpose=Purpose.ANNEX).sign(sha256(_ANNEX).digest())
        return Attachment("phu-luc.csv", data), Attachment(f"phu-luc.csv{DETACHED}", signature)

    def directory(self, status: OrganStatus = OrganStatus.ACTIVE) -> Directory:
        organs = [
            Organization(_SENDER, FAULT_CONTENT.name, Level.PROVINCE, Bloc.STATE, "17", status=status),
            Organization(_OTHER, _OTHER_NAME, Level.PROVINCE, Bloc.STATE, "17", _SENDER),
            Organization(_RECIPIENT, "Văn phòng Ủy ban nhân dân tỉnh", Level.PROVINCE, Bloc.STATE, "17", _SENDER),
            Organization(_STRANGER, "Sở Giao thông vận tải", Level.PROVINCE, Bloc.STATE, "17", _SENDER),
        ]
        capacities = frozenset({Capacity.ON_BEHALF})
        return Directory(
            organs,
            {
                _SENDER: Signers.of([self.seal.subject], [PersonSigner(self.leader.subject, FAULT_LEADER.name, capacities=capacities)]),
                _OTHER: Signers.of([self.other_seal.subject], [PersonSigner(self.other_leader.subject, _OTHER_PERSON)]),
            },
        )

    def header(self) -> EdocHeader:
        return EdocHeader(
            sender=Contact(_SENDER, FAULT_CONTENT.name),
            recipients=(Contact(_RECIPIENT, "Văn phòng Ủy ban nhân dân tỉnh"),),
            number=FAULT_NUMBER,
            notation=FAULT_CONTENT.notation,
            promulgation_date=FAULT_DAY,
            subject=FAULT_CONTENT.subject,
            type=TypeInfo.of(document_type("CV")),
            signer=SignerInfo(FAULT_CONTENT.capacity, FAULT_CONTENT.position, FAULT_CONTENT.signer_name),
        )

    def case(
        self, letter: bytes, header: EdocHeader | None = None, more: Sequence[Attachment] = (), directory: Directory | None = None
    ) -> PackageCase:
        validator = Validator(self.shop.pki.trust_store())
        attachments = (Attachment("van-ban.pdf", letter), *more)
        return PackageCase(
            header or self.header(), attachments, directory or self.directory(), validator, FAULT_AT, self.shop.evidence(FAULT_AT)
        )


def sound_package(seed: str) -> PackageCase:
    """Letter, annex with its signature, header: all belong together."""
    desk = _Desk(seed)
    return desk.case(desk.letter(), more=desk.annex())


def _header(**changes: object) -> Callable[[str], PackageCase]:
    def build(seed: str) -> PackageCase:
        desk = _Desk(seed)
        return desk.case(desk.letter(), replace(desk.header(), **changes))  # type: ignore[arg-type]

    return build


def _annex_unsigned(seed: str) -> PackageCase:
    desk = _Desk(seed)
    return desk.case(desk.letter(), more=desk.annex()[:1])


def _annex_of_another(seed: str) -> PackageCase:
    desk = _Desk(seed)
    return desk.case(desk.letter(), more=desk.annex(seal=desk.other_seal))


def _annex_changed(seed: str) -> PackageCase:
    desk = _Desk(seed)
    return desk.case(desk.letter(), more=desk.annex(_ANNEX.replace(b";12", b";21")))


def _second_letter(seed: str) -> PackageCase:
    desk = _Desk(seed)
    other = desk.letter(replace(FAULT_CONTENT, subject="việc khác"))
    return desk.case(desk.letter(), more=[Attachment("van-ban-2.pdf", other)])


def _other_number(header: EdocHeader) -> EdocHeader:
    return replace(header, number=f"{int(header.number) + 594}")


def _day_before(header: EdocHeader) -> EdocHeader:
    return replace(header, promulgation_date=header.promulgation_date - timedelta(days=1))


def _another_agency(content: LetterContent) -> LetterContent:
    return replace(content, name=FAULT_CONTENT.name if content.name == _OTHER_NAME else _OTHER_NAME)


def _another_signer(content: LetterContent) -> LetterContent:
    return replace(content, signer_name=_OTHER_PERSON)


def _secret(content: LetterContent) -> LetterContent:
    return replace(content, secrecy=Secrecy.SECRET.value)


def _once_more(letter: bytes) -> tuple[Attachment, ...]:
    """The letter itself under another name: on its way there is no other one at hand."""
    return (Attachment("van-ban-2.pdf", letter),)


def _under_the_same_name(_: bytes) -> tuple[Attachment, ...]:
    return (Attachment("VAN-BAN.PDF", b"other"),)


def _befallen(name: str, finders: tuple[Finder, ...], rule: str, clause: str, incident: PackageIncident) -> PackageFault:
    def build(seed: str) -> PackageCase:
        desk = _Desk(seed)
        letter = desk.letter(
            incident.content(FAULT_CONTENT),
            leader=desk.other_leader if HolderKind.PERSON in incident.lent else None,
            seal=desk.other_seal if HolderKind.ORGANISATION in incident.lent else None,
        )
        return desk.case(letter, incident.header(desk.header()), incident.more(letter))

    return PackageFault(name, finders, rule, clause, build, incident=incident)


def _dissolved(seed: str) -> PackageCase:
    desk = _Desk(seed)
    return desk.case(desk.letter(), directory=desk.directory(OrganStatus.DISSOLVED))


_AXIS, _BOTH = (Finder.AXIS,), (Finder.CLERK, Finder.AXIS)
_LEGAL = "Circular 41/2017/TT-BTTTT Art. 6; Decree 30/2020/NĐ-CP Art. 13"
_EQUAL = "Decision 28/2018/QĐ-TTg Art. 10"
_ANNEXES = "Decree 30/2020/NĐ-CP Annex I"

_FAULTS = (
    _befallen("signed-by-another-agency", _AXIS, "leader-not-of-sender", _LEGAL, PackageIncident(lent=frozenset({HolderKind.PERSON}))),
    _befallen(
        "sealed-by-another-agency", _AXIS, "organisation-not-sender", _LEGAL, PackageIncident(lent=frozenset({HolderKind.ORGANISATION}))
    ),
    _befallen("drawn-as-another-agency", _BOTH, "issuing-body", _ANNEXES, PackageIncident(content=_another_agency)),
    _befallen("drawn-as-another-signer", _BOTH, "signer-name", _ANNEXES, PackageIncident(content=_another_signer)),
    _befallen("header-number-differs", _BOTH, "number-mismatch", _EQUAL, PackageIncident(header=_other_number)),
    _befallen("header-date-differs", _BOTH, "date-mismatch", _EQUAL, PackageIncident(header=_day_before)),
    PackageFault("header-sender-differs", _AXIS, "sender-mismatch", _EQUAL, _header(sender=Contact(_OTHER, _OTHER_NAME))),
    PackageFault("recipient-not-addressed", _BOTH, "recipient-mismatch", _EQUAL, _header(recipients=(Contact(_STRANGER, ""),))),
    PackageFault("sender-dissolved", _AXIS, "dissolved-sender", "Decision 28/2018/QĐ-TTg Art. 2", _dissolved),
    _befallen("secret-on-open-axis", _BOTH, "secret", "Decision 28/2018/QĐ-TTg Art. 1", PackageIncident(content=_secret)),
    PackageFault("annex-unsigned", _BOTH, "annex-unsigned", _ANNEXES, _annex_unsigned, accepted=True),
    PackageFault("annex-changed", _AXIS, "annex-signature", "RFC 5652 §5.4", _annex_changed),
    PackageFault("annex-signed-by-another", _AXIS, "annex-not-of-sender", _LEGAL, _annex_of_another),
    PackageFault("second-letter-inside", _BOTH, "second-letter", _ANNEXES, _second_letter, incident=PackageIncident(more=_once_more)),
    _befallen("names-alike", _AXIS, "attachment-names", _ANNEXES, PackageIncident(more=_under_the_same_name)),
)


def package_faults() -> tuple[PackageFault, ...]:
    """Every fault of a package, in the order of the catalogue."""
    return _FAULTS


def accepted_by_axis(fault: Fault | PackageFault) -> bool:
    """Whether the axis takes a letter that this fault befell: what passes, and what only a policy refuses that demands time-stamps."""
    if isinstance(fault, PackageFault):
        return fault.accepted
    only_unstamped = fault.incident is not None and not fault.incident.stamped
    return only_unstamped or fault.expected.indication is Indication.TOTAL_PASSED


def package_fault_words(name: str, lang: str = "en") -> FaultWords:
    """What people are told about it, ``lang`` being ``en`` or ``vi``. Raises :class:`KeyError`."""
    return _words()[name][lang]


@cache
def _words() -> Mapping[str, Mapping[str, FaultWords]]:
    return read_fault_words(fault_tables("exchange", "package.toml"))
