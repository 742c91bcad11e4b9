"""What changes if a key was compromised: which documents, of which agencies, which receipts and checkpoints of the axis.

A document that the axis took in before that instant stands: its receipt proves that its signatures are older. Unless the receipt itself
stands on the key in question, the axis' own or that of an authority above it: whoever has that key signs receipts of any date. Then only a
checkpoint counts that somebody else has kept since before that instant.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import bindparam, select

from exchange.api import PackageKind
from exchange.audit.answers import objects_of
from exchange.audit.archive import ArchiveReport, audit_archive
from exchange.audit.entered import entered_at, proven_since
from exchange.audit.evidence import TrustFolder
from exchange.audit.findings import OnProgress, Place
from exchange.audit.holdings import Holdings
from exchange.audit.packages import SignedArtefact
from exchange.audit.uses import Kind, Use, Uses, tokens_of
from exchange.checkpoints import CheckpointFile
from exchange.ledger import Ledger
from exchange.stages.mail import instant
from exchange.store.tables import delivery, document, package, refusal
from signing import (
    ChainEngine,
    Evidence,
    FormatFailure,
    Indication,
    ProofOfExistence,
    Purpose,
    Rfc5280Judge,
    SignatureVerdict,
    SubIndication,
    ValidationPolicy,
    blast_radius,
    certificate_facts,
)

_RECEIPT, _LEDGER, _OUTSIDE = "receipt", "ledger", "checkpoint-kept-outside"
_REFUSALS = select(refusal.c.package, package.c.package_id, package.c.admitted_at, refusal.c.statement, refusal.c.signature).join(
    package, package.c.id == refusal.c.package
)
_PACKAGES = (
    select(
        package.c.id, package.c.package_id, package.c.sender, package.c.kind, package.c.admitted_at, document.c.number, document.c.notation
    )
    .outerjoin(document, document.c.package == package.c.id)
    .where(package.c.id.in_(bindparam("rows", expanding=True)))
)  # fmt: skip
_RECIPIENTS = select(delivery.c.package, delivery.c.organ).where(delivery.c.package.in_(bindparam("rows", expanding=True)))


@dataclass(frozen=True, slots=True)
class Question:
    """Whose key, since when; and under which policy, as of which instant (the archive's last by default) the verdicts are compared."""

    since: datetime
    policy: ValidationPolicy
    at: datetime | None = None
    outside: tuple[CheckpointFile, ...] = ()
    trust: TrustFolder | None = None
    fingerprints: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """An indication with its sub-indication."""

    indication: Indication
    sub_indication: SubIndication | None

    @classmethod
    def of(cls, verdict: SignatureVerdict) -> Verdict:
        """The two words of a verdict."""
        return cls(verdict.indication, verdict.sub_indication)

    def __str__(self) -> str:
        return f"{self.indication} / {self.sub_indication}" if self.sub_indication is not None else str(self.indication)


@dataclass(frozen=True, slots=True)
class Fallen:
    """Signatures of one kind whose verdict changes."""

    kind: Kind
    before: Verdict
    after: Verdict
    uses: tuple[Use, ...]


@dataclass(frozen=True, slots=True)
class FallenDocument:
    """A document with the signatures that change, letter first, each as (purpose, which one, before, after)."""

    package_id: str
    sender: str
    name: str
    admitted_at: datetime
    recipients: tuple[str, ...]
    changes: tuple[tuple[Purpose, str, Verdict, Verdict], ...]


@dataclass(frozen=True, slots=True)
class Reach:
    """The answer. ``standing`` counts signatures that stand on the key and do not change, by purpose; ``judged`` kinds judged for them."""

    certificate: bytes
    since: datetime
    at: datetime
    axis: bool
    """Whether the axis' own word stands on the key."""
    depending: Mapping[Purpose, int]
    fallen: tuple[Fallen, ...]
    standing: Mapping[Purpose, int]
    documents: tuple[FallenDocument, ...]
    judged: int
    audit: ArchiveReport

    @property
    def agencies(self) -> dict[str, int]:
        """Senders of documents that change, with how many, most first."""
        counts: dict[str, int] = {}
        for one in self.documents:
            counts[one.sender] = counts.get(one.sender, 0) + 1
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))

    @property
    def words(self) -> dict[Purpose, int]:
        """How many words of the axis change: receipts, refusals, checkpoints."""
        counts: dict[Purpose, int] = {}
        for one in self.fallen:
            if one.kind.purpose in _WORDS:
                counts[one.kind.purpose] = counts.get(one.kind.purpose, 0) + len(one.uses)
        return counts


_WORDS = (Purpose.RECEIPT, Purpose.REFUSAL, Purpose.CHECKPOINT)


class Index:
    """An archive read once; then :meth:`reach` answers for one key after the other."""

    def __init__(self, place: Path | str, question: Question, progress: OnProgress | None = None) -> None:
        """Audits the archive on the way. Raises :class:`exchange.errors.ArchiveUnreadable`."""
        self.question = question
        with Holdings(place, question.trust, question.fingerprints) as holdings:
            self._epochs = holdings.epochs
            self._checkpoints = Ledger(holdings.store).checkpoints()
            self._outside = sorted(question.outside, key=lambda one: one.checkpoint.size)
            self._known = dict(proven_since(holdings.store, self._checkpoints))
            everything = holdings.evidence(())
            self._everything = Evidence(everything.anchors, (), everything.certificates, holdings.epochs.lists.all())
            self.uses = Uses(self._moments(), [one.checkpoint.size for one in self._outside], entered_at(holdings.store))
            self.audit = audit_archive(
                place, outside=question.outside, trust=question.trust, fingerprints=question.fingerprints, longer=self.uses.see,
                progress=progress,
            )  # fmt: skip
            self._words(holdings)
            self.at = question.at or max(self._last(), question.since) + _SECOND
            self._packages: dict[int, Any] = {}
            self._place = place

    def _moments(self) -> Iterator[datetime]:
        yield self.question.since
        judge = Rfc5280Judge(self.question.policy)
        for issued, until, _ in judge.issuances(self._everything):
            yield issued
            if until is not None:
                yield until
        for der in (*self._everything.anchors, *self._everything.certificates):
            facts = certificate_facts(der)
            yield datetime.fromtimestamp(facts.not_before, UTC)
            yield datetime.fromtimestamp(min(facts.not_after, _LATEST), UTC)
        yield from (rule.until for rule in self.question.policy.algorithms.rules.values() if rule.until is not None)

    def _words(self, holdings: Holdings) -> None:
        """Checkpoints and refusals, which the audit judges and does not pass on."""
        for one in self._checkpoints:
            self._word(Place("checkpoint", str(one.number), ""), Purpose.CHECKPOINT, one.statement, one.signature, one.at)
        with holdings.store.reading() as work:
            rows = work.all(_REFUSALS)
        for row in rows:
            place = Place("refusal", str(row.package), row.package_id)
            self._word(place, Purpose.REFUSAL, row.statement, row.signature, instant(row.admitted_at))

    def _word(self, place: Place, purpose: Purpose, statement: bytes, signature: bytes, at: datetime) -> None:
        report, _ = self._epochs.axis_signature(signature, sha256(statement).digest(), at, purpose)
        if report is not None:
            self.uses.see(SignedArtefact(place, purpose, statement, signature, (report,)))

    def _last(self) -> datetime:
        seconds = [use.at for uses in self.uses.by_kind.values() for use in uses]
        return datetime.fromtimestamp(max(seconds, default=int(self.question.since.timestamp())), UTC)

    @cached_property
    def certificates(self) -> dict[bytes, bytes]:
        """SHA-256 → DER of every certificate of the archive: roots, authorities, the axis, signers, time-stamping units."""
        known = (*self._everything.anchors, *self._everything.certificates)
        return {sha256(der).digest(): der for der in known} | self.uses.certificates

    @staticmethod
    def key_of(certificate: bytes) -> bytes:
        """The public key (DER) of a certificate: several certificates may have one."""
        return certificate_facts(certificate).spki

    def reach(self, certificate: bytes) -> Reach:
        """What changes if the key of this certificate (DER) was compromised. Raises :class:`signing.FormatFailure` when it is none."""
        spki = certificate_facts(certificate).spki
        axis = any(spki in self._keys_above(one) for one in self._epochs.axis_certificates)
        depending: dict[Purpose, int] = {}
        standing: dict[Purpose, int] = {}
        fallen: list[Fallen] = []
        judge, judged = Rfc5280Judge(self.question.policy), 0
        for kind, uses in self.uses.by_kind.items():
            stands = self._stands_on(kind, spki)
            if stands:
                depending[kind.purpose] = depending.get(kind.purpose, 0) + len(uses)
            if not stands and not axis:
                continue
            judged += 1
            change = self._change(kind, uses[0], certificate, judge, axis=axis)
            if change is not None:
                fallen.append(Fallen(kind, *change, tuple(uses)))
            elif stands:
                standing[kind.purpose] = standing.get(kind.purpose, 0) + len(uses)
        return Reach(
            certificate, self.question.since, self.at, axis, depending, tuple(fallen), standing, self._documents(fallen), judged, self.audit
        )

    def _stands_on(self, kind: Kind, spki: bytes) -> bool:
        claim = self.uses.whole[kind]
        units = (one for token in tokens_of(claim) for one in token.certificates)
        signer = self.certificates.get(kind.certificate_sha256)
        return any(spki in self._keys_above(one) for one in (*([signer] if signer is not None else []), *units))

    def _keys_above(self, certificate: bytes) -> frozenset[bytes]:
        """The keys of a certificate's chain, its own included."""
        digest = sha256(certificate).digest()
        if digest not in self._chains:
            chain = next(iter(self._engine.candidate_paths(certificate)), (certificate,))
            self._chains[digest] = frozenset(certificate_facts(one).spki for one in chain)
        return self._chains[digest]

    @cached_property
    def _chains(self) -> dict[bytes, frozenset[bytes]]:
        return {}

    @cached_property
    def _engine(self) -> ChainEngine:
        known = self._everything
        return ChainEngine(Evidence(known.anchors, (), tuple(dict.fromkeys((*known.certificates, *self.uses.certificates.values())))))

    def _change(self, kind: Kind, use: Use, certificate: bytes, judge: Rfc5280Judge, *, axis: bool) -> tuple[Verdict, Verdict] | None:
        claim, at = self.uses.whole[kind], datetime.fromtimestamp(use.at, UTC)
        lists = dict.fromkeys(one for moment in (at, self.question.since, self.at) for one in self._epochs.lists.in_force(moment))
        known = self._everything
        evidence = Evidence(known.anchors, (), known.certificates, tuple(lists))
        proofs = tuple(self._proofs(kind, at, lists))
        changes = blast_radius(
            [(claim, proofs)], evidence, self.at, self.question.policy, certificate, self.question.since, judge=judge,
            believed=(lambda proof: proof.source == _OUTSIDE) if axis else None,
        )  # fmt: skip
        found = next(iter(changes), None)
        return None if found is None else (Verdict.of(found.before), Verdict.of(found.after))

    def _proofs(self, kind: Kind, at: datetime, lists: Iterable[bytes]) -> Iterator[ProofOfExistence]:
        """What proves the age of a signature of this kind, and of the lists it is judged by."""
        objects = objects_of(self.uses.whole[kind])
        if kind.purpose not in _WORDS:
            yield from (ProofOfExistence(one, at, _RECEIPT, None) for one in objects)
        if kind.purpose is not Purpose.CHECKPOINT and kind.kept < len(self._outside):
            kept = self._outside[kind.kept].checkpoint
            yield from (ProofOfExistence(one, kept.at, _OUTSIDE, sha256(kept.signature).digest()) for one in objects)
        for der in (*lists, *self._everything.certificates, *self._everything.anchors):
            digest = sha256(der).digest()
            first = self._known.get(digest)
            if first is not None:
                yield ProofOfExistence(digest, first.at, _LEDGER, None)
                kept_over = next((one.checkpoint for one in self._outside if one.checkpoint.size >= first.size), None)
                if kept_over is not None:
                    yield ProofOfExistence(digest, kept_over.at, _OUTSIDE, None)

    def _documents(self, fallen: Sequence[Fallen]) -> tuple[FallenDocument, ...]:
        changes: dict[int, list[tuple[Purpose, str, Verdict, Verdict]]] = {}
        for one in fallen:
            if one.kind.purpose not in _WORDS:
                for use in one.uses:
                    changes.setdefault(use.row, []).append((one.kind.purpose, one.kind.name, one.before, one.after))
        if not changes:
            return ()
        with Holdings(self._place, self.question.trust, self.question.fingerprints) as holdings, holdings.store.reading() as work:
            rows = work.all_of(_PACKAGES, "rows", list(changes))
            recipients: dict[int, list[str]] = {}
            for row, organ in work.all_of(_RECIPIENTS, "rows", list(changes)):
                recipients.setdefault(row, []).append(organ)
        return tuple(
            FallenDocument(
                row.package_id, row.sender, f"{row.number.zfill(2)}/{row.notation}" if row.number else str(PackageKind(row.kind)),
                instant(row.admitted_at), tuple(sorted(set(recipients.get(row.id, ())))),
                tuple(sorted(changes[row.id], key=lambda one: (one[0] is not Purpose.LETTER, one[1]))),
            )
            for row in sorted(rows, key=lambda one: one.id)
        )  # fmt: skip


_SECOND = timedelta(seconds=1)
_LATEST = 7258118400
"""2200-01-01: certificates may say they end at the end of the calendar."""


def find_certificate(certificates: Mapping[bytes, bytes], wanted: str) -> list[bytes]:
    """Certificates somebody means: by SHA-256 (64 digits, colons or not), by serial number (hexadecimal or decimal), or by a name."""
    digits = wanted.replace(":", "").replace(" ", "").lower()
    if len(digits) == 64 and all(char in "0123456789abcdef" for char in digits):
        found = certificates.get(bytes.fromhex(digits))
        return [] if found is None else [found]
    named = []
    for der in certificates.values():
        try:
            facts = certificate_facts(der)
        except FormatFailure:
            continue
        if digits in {f"{facts.serial:x}", str(facts.serial), f"{facts.serial:x}".zfill(len(digits))}:
            return [der]
        if wanted.casefold() in facts.subject.casefold():
            named.append(der)
    return named
