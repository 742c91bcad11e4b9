"""The judgement of one document: both signatures, signers and sender belong together, and the header says what the letter says.

The axis judges with it after admission, and every recipient's clerk judges again with it, each by its own validator. Pure: the directory,
the validator and the instant are arguments. A judgement never raises for what a package holds.

Steps, in order; every violation found is kept, the first one names the refusal:

(1) the sender is known and active                                       Decision 28/2018 Art. 2
(2) there is a letter, and it is one whole, unchanged letter             Decree 30/2020 Art. 5, Annex I
(3) it is not marked secret (the signed metadata's mark, which is drawn) Decision 28/2018 Art. 1
(4) both signatures hold at the instant, or at the earlier one a time-stamp proves; a time-stamp made for other bytes, forged or of a time
    to come is a forgery, one whose authority cannot be trusted is a finding    Circular 41/2017 Art. 7–8, EN 319 102-1
(5) the leader may sign for the sender, the seal is the sender's         Circular 41/2017 Art. 6, Decree 30/2020 Art. 13 and 32
(6) number, notation, date, sender, type and recipients of the header are the letter's
(7) the page names the sender and the signer as the register does: people read names, not codes    Decree 30/2020 Annex I
(8) each annex in a file of its own carries the organisation's signature (a missing one is a finding)    Decree 30/2020 Annex I

An annex ``plan.xlsx`` is signed by the detached CAdES-B in ``plan.xlsx.p7s``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from hashlib import sha256

from exchange.agreement import Finding, differences, misleading_names, remarks, same_name
from exchange.belonging import Belonging
from exchange.domain.calendar import VN
from exchange.domain.lifecycle import Operation
from exchange.domain.organization import Directory
from exchange.edxml.model import EdocHeader
from signing import (
    Letter,
    LetterContent,
    LetterRefused,
    LetterReport,
    Purpose,
    SignatureReport,
    StampReport,
    SubIndication,
    UnpackedLetter,
    Validator,
    quickly_made,
    verify_letter,
    verify_letters,
)

ACCEPTED = "accepted"
DETACHED = ".p7s"
_LETTER_HEAD = 4096
"""Bytes by which a second letter of the same layout is told; they are constant in every letter of a template."""


@quickly_made
@dataclass(frozen=True, slots=True)
class Attachment:
    """One decoded attachment under its name in the package.

    A large one, which can only be an annex, comes as its first bytes with the SHA-256 ``digest`` of the whole, so that it need not be in
    memory. So does a letter that was kept packed, with ``letter`` for what it is.
    """

    name: str
    data: bytes
    digest: bytes = b""
    letter: UnpackedLetter | None = None

    @property
    def sha256(self) -> bytes:
        """Digest of the whole attachment."""
        return self.digest or sha256(self.data).digest()


@quickly_made
@dataclass(frozen=True, slots=True)
class Judgement:
    """What the rules say of a document: ``rule``, ``sub_indication`` and ``detail`` are those of the first violation.

    ``findings`` are remarks that refuse nothing; ``reports`` are in the order leader, organisation, annexes; ``stamps`` those of the
    letter's time-stamps, and ``stamped_at`` the earliest time they prove.
    """

    violations: tuple[Finding, ...]
    findings: tuple[Finding, ...]
    reports: tuple[SignatureReport, ...]
    stamps: tuple[StampReport, ...] = ()
    stamped_at: datetime | None = None

    @property
    def accepted(self) -> bool:
        """Whether nothing was violated."""
        return not self.violations

    @property
    def rule(self) -> str:
        """Stable kebab-case name of what decided."""
        return self.violations[0].rule if self.violations else ACCEPTED

    @property
    def sub_indication(self) -> str:
        """EN 319 102-1 sub-indication behind the refusal; empty when accepted or refused for another reason."""
        return self.violations[0].sub_indication if self.violations else ""

    @property
    def detail(self) -> str:
        """One clear sentence; empty when accepted."""
        return self.violations[0].detail if self.violations else ""

    @property
    def verifies(self) -> int:
        """Raw verifications of the signatures themselves (paths are cached and counted apart)."""
        return sum(report.raw_verifications for report in self.reports)

    @property
    def stamp_verifies(self) -> int:
        """Raw verifications of time-stamps."""
        return sum(stamp.report.raw_verifications for stamp in self.stamps)


@dataclass(frozen=True, slots=True)
class Signatories:
    """Who signed a document, by RFC 4514 subject, as somebody else has found it; ``None`` where no certificate was identified.

    ``annexes``: all who signed an annex, by the annex' name.
    """

    leader: str | None = None
    seal: str | None = None
    annexes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def judge(
    header: EdocHeader,
    attachments: Sequence[Attachment],
    directory: Directory,
    validator: Validator,
    at: datetime,
    *,
    secret_rule: bool = True,
    letter_rule: bool = True,
    stamp_expected: bool = False,
    verified: LetterReport | None = None,
) -> Judgement:
    """Judge one document as of ``at`` (timezone-aware).

    ``secret_rule`` off lets a letter marked secret pass (it is then a finding): for roads that may carry secrets, never for the open axis.
    With ``stamp_expected`` a letter that no time-stamp dates is a finding; where one does not expect any, it is no remark worth making.
    A recall may come without a letter, since it only asks for what the recipient's clerk then decides. ``letter_rule`` off lets any other
    document do so too when every file of it is under the sender's seal. ``verified``: what :func:`verify_documents` said of these
    attachments, of this validator at this instant, where it was asked before.
    """
    case = _Case(header, attachments, directory)
    case.check_sender()
    letter_at = _letter_at(attachments)
    if letter_at is None:
        case.without_letter(letter_rule=letter_rule)
    else:
        report = verified or verify_letter(_bytes_of(attachments[letter_at]), validator, at)
        case.check_letter(attachments[letter_at].name, report, at, secret_rule=secret_rule, stamp_expected=stamp_expected)
    case.violations += misleading_names(tuple([one.name for one in attachments]))
    case.check_annexes(letter_at, partial(case.check_annex, validator, at))
    return case.judgement()


def judge_papers(
    header: EdocHeader,
    attachments: Sequence[Attachment],
    letter: Letter | None,
    register: Directory | None,
    signatories: Signatories,
    *,
    secret_rule: bool = True,
    letter_rule: bool = True,
    signed_inside: frozenset[str] = frozenset(),
) -> Judgement:
    """What :func:`judge` says but for the signatures, which somebody else validates: steps (1), (3), (5) to (7), and whose the annexes are.

    ``letter`` is the letter among the attachments as it was read, ``None`` where it could not be. Where there is no ``register``, what asks
    one is left out: steps (1), (5) and (7). Annexes ``signed_inside`` carry signatures of whomever, and are not told to have none.
    """
    case = _Case(header, attachments, Directory(()) if register is None else register)
    if register is not None:
        case.check_sender()
    letter_at = _letter_at(attachments)
    if letter_at is None:
        case.without_letter(letter_rule=letter_rule)
    elif letter is not None:
        case.check_secrecy(letter.content, secret_rule=secret_rule)
        if register is not None:
            case.check_signers(signatories.leader, signatories.seal, letter.content)
        case.check_header(letter)
    case.violations += misleading_names(tuple([one.name for one in attachments]))
    whose: Mapping[str, tuple[str, ...]] = {} if register is None else signatories.annexes
    case.check_annexes(letter_at, partial(case.check_annex_signers, whose), signed_inside)
    return case.judgement()


def verify_documents(
    asked: Sequence[tuple[Sequence[Attachment], Validator, datetime]],
) -> list[LetterReport | Exception | None]:
    """The raw half of many judgements: what the signatures of each document's letter are worth, nothing where it has none.

    What judging one of them alone would raise stands in its place.
    """
    found: list[LetterReport | Exception | None] = [None] * len(asked)
    by_validator: dict[Validator, list[tuple[int, Attachment]]] = {}
    for number, (attachments, validator, _) in enumerate(asked):
        letter_at = _letter_at(attachments)
        if letter_at is not None:
            by_validator.setdefault(validator, []).append((number, attachments[letter_at]))
    for validator, letters in by_validator.items():
        reports = verify_letters([(_bytes_of(one), asked[number][2]) for number, one in letters], validator)
        for (number, _), report in zip(letters, reports, strict=True):
            found[number] = report
    return found


def _letter_at(attachments: Sequence[Attachment]) -> int | None:
    for number, one in enumerate(attachments):
        if one.data.startswith(b"%PDF-"):
            return number
    return None


def _bytes_of(attachment: Attachment) -> bytes | UnpackedLetter:
    return attachment.data if attachment.letter is None else attachment.letter


class _Case(Belonging):
    """One judgement in progress."""

    def __init__(self, header: EdocHeader, attachments: Sequence[Attachment], directory: Directory) -> None:
        super().__init__(header.sender_id, directory)
        self.header, self.attachments = header, attachments
        self.reports: list[SignatureReport] = []
        self.stamps: tuple[StampReport, ...] = ()
        self.stamped_at: datetime | None = None

    def judgement(self) -> Judgement:
        return Judgement(tuple(self.violations), tuple(self.findings), tuple(self.reports), self.stamps, self.stamped_at)

    def check_sender(self) -> None:
        self.check_membership()
        sender = self.sender
        if not self.violations and sender is not None and self.header.sender.name and not same_name(self.header.sender.name, sender.name):
            self.remark("sender-name-differs", f"the header calls {sender.id} {self.header.sender.name}, the register {sender.name}")

    def without_letter(self, *, letter_rule: bool) -> None:
        names = {one.name for one in self.attachments}
        files = {name for name in names if not name.endswith(DETACHED)}
        if self.header.operation is Operation.RECALL:
            self.remark("no-letter", "the recall carries no letter")
        elif not letter_rule and files and all(name + DETACHED in names for name in files):
            self.remark("no-letter", "sealed files stand for the letter: number, date and recipients are under no signature")
        else:
            self.violate("no-letter", "no attachment is a PDF letter; without both signatures a document is for information only")

    def check_letter(self, name: str, report: LetterReport, at: datetime, *, secret_rule: bool, stamp_expected: bool) -> None:
        if report.refusal is not None:
            self._refused(name, report.refusal)
        letter = report.letter
        if letter is None:
            return
        self.check_secrecy(letter.content, secret_rule=secret_rule)
        self._check_signatures(report)
        leader, seal = (None if one is None else one.subject for one in (report.leader, report.seal))
        self.check_signers(leader, seal, letter.content)
        self._check_stamps(report, letter, at, stamp_expected=stamp_expected)
        self.check_header(letter)
        if letter.day > at.astimezone(VN).date():
            self.violate("future-date", f"the letter is dated {letter.day:%d/%m/%Y}, after the day it is judged on")

    def check_secrecy(self, content: LetterContent, *, secret_rule: bool) -> None:
        if content.secrecy:
            sentence = f"the letter is marked {content.secrecy} and must not travel by the axis"
            (self.violate if secret_rule else self.remark)("secret", sentence)

    def check_header(self, letter: Letter) -> None:
        differing = tuple(differences(self.header, letter, self.directory))
        self.violations.extend(differing)
        if self.sender is not None and all(one.rule != "sender-mismatch" for one in differing):
            self.check_issuing_body(letter.content, self.sender)
        self.findings.extend(remarks(self.header, letter))

    def _refused(self, name: str, refusal: LetterRefused) -> None:
        if refusal.place == "file":
            detail = f"{name} {refusal.rule}; letters of other layouts need the reader for foreign letters, which this axis has not"
            self.violate("foreign-letter", detail)
        else:
            self.violate("letter-form", f"{name}: {refusal}", str(SubIndication.FORMAT_FAILURE))

    def _check_signatures(self, report: LetterReport) -> None:
        for who, one in (("leader", report.leader), ("organisation", report.seal)):
            if one is None:
                continue
            self.reports.append(one)
            if not one.passed:
                self.violate(f"{who}-signature", f"the {who}'s signature: {one.reason}", str(one.sub_indication or one.indication))

    def _check_stamps(self, report: LetterReport, letter: Letter, at: datetime, *, stamp_expected: bool) -> None:
        self.stamps, self.stamped_at = report.stamps, report.stamped_at
        for stamp in self.stamps:
            reason = f"a time-stamp of the letter: {stamp.report.reason}"
            if stamp.broken:
                self.violate("letter-time-stamp", reason, str(stamp.report.sub_indication))
            elif not stamp.passed:
                self.remark("time-stamp-not-trusted", reason)
            elif stamp.generated_at is not None and stamp.generated_at.astimezone(VN).date() < letter.day:
                sentence = f"a time-stamp of the letter is of {stamp.generated_at:%d/%m/%Y}, before its date {letter.day:%d/%m/%Y}"
                self.violate("letter-time-stamp", sentence, str(SubIndication.TIMESTAMP_ORDER_FAILURE))
        if stamp_expected and self.stamped_at is None:
            self.remark("no-time-stamp", "no time-stamp shows when the letter existed: it holds only as long as its certificates do")
        for who, slot in (("leader", letter.leader), ("organisation", letter.seal)):
            if slot.claimed_at is not None and slot.claimed_at > at:
                self.remark("claimed-time-ahead", f"the {who}'s signature claims {slot.claimed_at:%d/%m/%Y %H:%M}, which is yet to come")

    def check_annexes(
        self, letter_at: int | None, check: Callable[[Attachment, Attachment], None], signed_inside: frozenset[str] = frozenset()
    ) -> None:
        """Everything but the letter, which stands at ``letter_at``; ``check`` looks at an annex with its detached signature."""
        if letter_at == 0 and len(self.attachments) == 1:
            return
        others = [one for number, one in enumerate(self.attachments) if number != letter_at]
        head = None if letter_at is None else self.attachments[letter_at].data[:_LETTER_HEAD]
        if letter_at:
            self.remark("letter-not-first", f"{self.attachments[0].name} stands before the letter {self.attachments[letter_at].name}")
        signatures = {one.name: one for one in others if one.name.endswith(DETACHED)}
        for annex in others:
            if annex.name.endswith(DETACHED):
                continue
            signature = signatures.pop(annex.name + DETACHED, None)
            if signature is not None:
                check(annex, signature)
            elif head is not None and annex.data.startswith(head):
                self.violate("second-letter", f"{annex.name} is a letter too and not signed as an annex: it is not clear which one is sent")
            elif annex.name not in signed_inside:
                self.remark("annex-unsigned", f"annex {annex.name} carries no signature of the organisation")
        for name in signatures:
            self.remark("stray-signature", f"{name} belongs to no annex of the package")

    def check_annex(self, validator: Validator, at: datetime, annex: Attachment, signature: Attachment) -> None:
        report = validator.validate(signature.data, annex.sha256, at, Purpose.ANNEX)
        self.reports.append(report)
        if not report.passed:
            self.violate("annex-signature", f"annex {annex.name}: {report.reason}", str(report.sub_indication or report.indication))
        if report.subject is not None:
            self.check_seal("annex-not-of-sender", f"annex {annex.name}", report.subject)

    def check_annex_signers(self, found: Mapping[str, tuple[str, ...]], annex: Attachment, _: Attachment) -> None:
        """An annex that others have signed too is the sender's all the same."""
        subjects = found.get(annex.name, ())
        if subjects and self.signers.organisation.isdisjoint(subjects):
            self.check_seal("annex-not-of-sender", f"annex {annex.name}", subjects[0])
