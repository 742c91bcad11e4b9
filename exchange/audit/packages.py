"""Every package again: its exact bytes, its receipt, what its header says against the rows, and the verdict it would get today."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from exchange.api import PackageKind
from exchange.audit.cases import MOST_TOGETHER, Again, Around, Case
from exchange.audit.contents import CONTENT, Admitted, Contents, Damaged, Held, Letters, open_all
from exchange.audit.evidence import Epochs
from exchange.audit.findings import Book, Finding, Place
from exchange.audit.headers import HEADER, Headers
from exchange.audit.ledger import Leaves
from exchange.domain.identifiers import OrganId
from exchange.edxml.reader import EdxmlPackage, reread_around
from exchange.receipts import package_id_of, receipt_statement
from exchange.stages.mail import instant
from exchange.stages.verify import HEAD, UNJUDGED
from exchange.store.facts import FactKind, Found, admissions
from exchange.store.work import Store
from exchange.verification import DETACHED, Attachment, Judgement, judge, verify_documents
from signing import Purpose, SignatureReport

RECEIPT = "EN 319 102-1 §5.3; RFC 5652"
VERDICT = "Decree 30/2020 Art. 5; EN 319 102-1 §5.3"
_EDOC, _STATUS = PackageKind.EDOC.value, PackageKind.STATUS.value
_OF_VERDICT = ("accepted", "rule", "sub_indication", "detail", "verifies")


@dataclass(frozen=True, slots=True)
class SignedArtefact:
    """One artefact with its signatures as the audit judged it, for whoever adds more to say: a verdict over time, for instance.

    ``data`` is what the reports are about: the statement of a receipt, a whole letter, an annex (of a large one nothing); ``signature`` the
    detached CMS beside it, empty for a letter, which carries its two inside.
    """

    place: Place
    purpose: Purpose
    data: bytes
    signature: bytes
    reports: tuple[SignatureReport, ...]


Longer = Callable[[SignedArtefact], Iterable[Finding]]
"""The seam for more than the verdict at the moment recorded: findings about one signed artefact."""


class Packages:
    """Audits admissions.

    A page of them goes through one stage after the other, side by side: going through all stages one by one took a third longer, since what
    a stage has in the processor's caches the next one throws out. What is found is told package by package all the same.
    """

    def __init__(self, store: Store, book: Book, epochs: Epochs, leaves: Leaves, longer: Longer | None) -> None:
        self._store, self._book, self._epochs, self._leaves, self._longer = store, book, epochs, leaves, longer
        self._bytes, self._headers, self._around = Contents(store, book), Headers(book, epochs), Around()
        self._letters: Letters = {}

    def audit(self) -> None:
        """All of them, a page at a time."""
        after: int | None = -1
        while after is not None:
            after = self._page(after)
        self._bytes.left_over()

    def _page(self, after: int) -> int | None:
        """Those of one page; gives the last of them.

        Nothing of it is held when the next one is read, which then finds its memory in the processor's caches: some percent of an audit.
        """
        with self._store.reading() as work:
            rows, attached = admissions(work, after, MOST_TOGETHER)
            if rows:
                self._around.turn_to(work, rows[0][1].id, rows[-1][1].id, attached)
        if not rows:
            return None
        for group in self._around.groups(rows):
            try:
                self._side_by_side(group)
            finally:
                self._book.tell()
        self._around.let_go()
        self._book.advance("packages", len(rows))
        return rows[-1][1].id

    def _side_by_side(self, rows: Sequence[Found]) -> None:
        cases = self._cases(rows)
        self._through(self._statement, cases)
        self._verify_receipts(cases.values())
        self._through(self._receipt, cases)
        self._through(self._skeleton, cases)
        self._letters = open_all((row, stored) for case in cases.values() for _, row, stored in case.attached)
        for stage in (self._blobs, self._whole, self._reread, self._header):
            self._through(stage, cases)
        self._verify_letters([case.again for case in cases.values() if case.again is not None])
        self._through(self._verdict, cases)
        self._letters = {}  # nothing is held, as of a page

    def _cases(self, rows: Sequence[Found]) -> dict[int, Case]:
        """The packages by number, their leaves looked at."""
        cases: dict[int, Case] = {}
        for number, (row, fact, sealed) in enumerate(rows):
            sound = self._leaves.hold(FactKind.ADMISSION, fact, sealed)
            self._book.checked["ledger leaves"] += sound
            if not sound:
                self._book.now = number
                self._leaves.check(FactKind.ADMISSION, row, fact, sealed)
            one = Admitted(*(*row[:12], tuple(row[12:18])))
            cases[number] = Case(one, self._around.blobs.get(one.id, ()))
        self._book.checked["packages"] += len(cases)
        return cases

    def _through(self, stage: Callable[[Case], object], cases: dict[int, Case]) -> None:
        """All cases through one stage; one that does not get through goes no further."""
        book, out = self._book, []
        for number, case in cases.items():
            book.now = number
            try:
                stage(case)
            except Damaged:
                book.skip("verdicts of damaged packages", "the package does not come back as it was received")
                out.append(number)
            except Exception as error:  # whatever a changed row makes the readers raise, it is this row that cannot be read
                detail = f"the package cannot be read: {type(error).__name__}: {error}"
                book.find(case.one.place(), "unreadable", CONTENT, detail)
                out.append(number)
        for number in out:
            del cases[number]

    # --- receipts ---

    def _statement(self, case: Case) -> None:
        one = case.one
        self._book.checked["receipts"] += 1
        case.at = instant(one.at)
        if one.statement != receipt_statement(one.package_id, one.sha256, OrganId.parse(one.sender), one.kind, case.at):
            self._book.find(one.place("receipt"), "receipt-differs", RECEIPT, "the receipt says something else than the package's row")
        case.digest = sha256(one.statement).digest()

    def _verify_receipts(self, cases: Collection[Case]) -> None:
        asked = [(case.one.signature, case.digest, case.at) for case in cases]
        for case, answer in zip(cases, self._epochs.axis_signatures(asked, Purpose.RECEIPT), strict=True):
            case.answer = answer

    def _receipt(self, case: Case) -> None:
        one = case.one
        if isinstance(case.answer, Exception):
            raise case.answer
        report, fault = case.answer
        if report is None:
            self._book.skip("receipts' signatures", fault)
            return
        self._book.checked["signatures"] += 1
        if fault:
            self._book.find(one.place("receipt"), "receipt-signature", RECEIPT, f"the receipt is not the axis' word: {fault}")
        self._more(one.place, "receipt", Purpose.RECEIPT, one.statement, one.signature, (report,))

    # --- bytes ---

    def _skeleton(self, case: Case) -> None:
        case.skeleton = self._bytes.skeleton(case.one)

    def _blobs(self, case: Case) -> None:
        if case.attached:
            case.blobs = self._bytes.blobs(case.one, case.attached, self._letters)

    def _whole(self, case: Case) -> None:
        self._bytes.whole(case.one, case.skeleton, case.blobs)

    # --- header ---

    def _reread(self, case: Case) -> None:
        one = case.one
        if package_id_of(one.sender, one.sha256) != one.package_id:
            self._book.find(one.place(), "package-id", CONTENT, "its name is not the one its sender and bytes give it")
        case.found = reread_around(case.skeleton.literals)

    def _header(self, case: Case) -> None:
        one, found = case.one, case.found
        assert found is not None  # noqa: S101 - the stage before
        if one.kind == _STATUS:
            self._headers.status(one, found)
        elif one.kind == _EDOC:
            rows, recipients = self._around.documents.get(one.id, []), self._around.recipients.get(one.id, [])
            if self._headers.document(one, found, len(case.blobs), rows, recipients):
                case.again = self._again(case, found, self._around.verdicts.get(one.id))
        else:
            self._book.find(one.place(), "package-kind", HEADER, f"{one.kind!r} is no kind of package that is taken in")

    # --- verdict ---

    def _again(self, case: Case, found: EdxmlPackage, row: Any | None) -> Again | None:
        if row is None:
            self._book.skip("verdicts", "the axis had not judged them yet")
            return None
        epoch = self._epochs.of_verdict(row.id)
        if epoch is None or epoch.validator is None or epoch.directory is None:
            self._book.skip("verdicts", "the terms they were judged by cannot be read")
            return None
        attachments = [self._attachment(info.name, held) for info, held in zip(found.attachments, case.blobs, strict=True)]
        terms = epoch.terms
        return Again(
            row, epoch.directory, epoch.validator, terms.accept_secret, terms.accept_sealed_files, found.edoc, attachments, instant(row.at)
        )  # fmt: skip

    def _attachment(self, name: str, held: Held) -> Attachment:
        stored, data, letter = held
        if letter is not None and not stored.large:
            return Attachment(name, letter.pieces[0], stored.sha256, letter)
        if data is None:
            data = next(stored.chunks(self._store), b"") if letter is None else letter.data
        return Attachment(name, data[:HEAD] if stored.large else data, stored.sha256)

    def _verify_letters(self, verdicts: Sequence[Again]) -> None:
        reports = verify_documents([(one.attachments, one.validator, one.at) for one in verdicts])
        for one, report in zip(verdicts, reports, strict=True):
            one.report = report

    def _verdict(self, case: Case) -> None:
        one, again = case.one, case.again
        if again is None:
            return
        row, said = again.row, _judge(again)
        self._book.checked["verdicts"] += 1
        self._book.checked["signatures"] += len(said.reports)
        place = one.place("verdict", row.id)
        now = _values(said)
        recorded = (row.accepted, row.rule, row.sub_indication, row.detail, row.verifies)
        if row.at != one.at:
            self._book.find(place, "verdict-instant", VERDICT, "the verdict is not of the instant at which the package was taken in")
        if recorded == _values(UNJUDGED):
            self._book.skip("verdicts", "judging these documents was given up after the time one may take, which nothing says again")
        elif now != recorded:
            detail = f"the verdict recorded is {row.rule!r} and would be {said.rule!r}" + (f": {said.detail}" if said.detail else "")
            if row.rule == said.rule:
                name, was, is_now = next(one for one in zip(_OF_VERDICT, recorded, now, strict=True) if one[1] != one[2])
                detail = f"the verdict recorded has {name} {was!r}, made again it has {is_now!r}"
            self._book.find(place, "verdict-differs", VERDICT, detail)
        if self._longer is not None:
            self._artefacts(one, again.attachments, said)

    # --- more about signed artefacts ---

    def _artefacts(self, one: Admitted, attachments: list[Attachment], said: Judgement) -> None:
        letter = next((each for each in attachments if each.data.startswith(b"%PDF-")), None)
        named = {each.name: each for each in attachments}
        pairs = [(each, named[each.name + DETACHED]) for each in attachments if each.name + DETACHED in named and each is not letter]
        own = len(said.reports) - len(pairs)  # the letter's two come first, or none where it was refused unread
        if letter is not None:
            self._more(one.place, "package", Purpose.LETTER, _whole(letter), b"", said.reports[:own])
        for (annex, signature), report in zip(pairs, said.reports[own:], strict=True):
            self._more(one.place, "package", Purpose.ANNEX, _whole(annex), _whole(signature), (report,))

    def _more(
        self, place: Callable[[str], Place], table: str, purpose: Purpose, data: bytes, signature: bytes,
        reports: tuple[SignatureReport, ...],
    ) -> None:  # fmt: skip
        if self._longer is not None and reports:
            for finding in self._longer(SignedArtefact(place(table), purpose, data, signature, reports)):
                self._book.find(finding.place, finding.rule, finding.clause, finding.detail)


def _judge(again: Again) -> Judgement:
    if isinstance(again.report, Exception):
        raise again.report
    return judge(
        again.header, again.attachments, again.directory, again.validator, again.at,
        secret_rule=not again.accept_secret, letter_rule=not again.accept_sealed_files, verified=again.report,
    )  # fmt: skip


def _values(said: Judgement) -> tuple[int, str, str, str, int]:
    """As a row of a verdict has them; see :data:`_OF_VERDICT`."""
    return int(said.accepted), said.rule, said.sub_indication, said.detail, said.verifies


def _whole(attachment: Attachment) -> bytes:
    return attachment.data if attachment.letter is None else attachment.letter.data
