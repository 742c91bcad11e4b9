"""Each signed thing judged under one policy at one control time: verdicts, what concerns the whole file, and the verdict over time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from console.verify.membership import belonging, belonging_alone
from console.verify.opening import Opened, Subject
from console.verify.trust import Register, Trust
from exchange.agreement import Finding
from exchange.belonging import LetterFindings
from exchange.inspection import Inspection
from signing import (
    NEEDS_EXTRA,
    Check,
    DocumentVerdict,
    FormatFailure,
    Indication,
    Interval,
    ProofOfExistence,
    Rfc5280Judge,
    Sandbox,
    Severity,
    SignatureClaim,
    SignatureVerdict,
    SignedObject,
    ValidationPolicy,
    describe_certificate,
    read_signed,
    validate_document,
    verdict_timeline,
)

MAX_MOVERS = 64
"""Certificates, lists and answers at hand up to which the verdict over time is worked out: each gives up to three instants to judge at."""
_YEAR = timedelta(days=365)
_MARGIN = timedelta(days=30)
_EARLIEST, _LATEST = datetime(1950, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
"""Certificates may say they begin or end at either end of the calendar; nothing changes out there."""
_TOGETHER = frozenset({"each-signature"})


class Outcome(StrEnum):
    """What a user is told first."""

    PASSED = "passed"
    FAILED = "failed"
    UNDECIDED = "undecided"


_OUTCOMES = {
    Indication.TOTAL_PASSED: Outcome.PASSED,
    Indication.TOTAL_FAILED: Outcome.FAILED,
    Indication.INDETERMINATE: Outcome.UNDECIDED,
}


@dataclass(frozen=True, slots=True)
class Judged:
    """One signed thing with everything that was found out about it.

    ``checks`` are those of the whole document, ``warnings`` findings on it that the policy only warns of. ``timelines`` has one per
    signature, empty where there were too many artefacts to work it out.
    """

    subject: Subject
    found: SignedObject
    verdict: DocumentVerdict
    checks: tuple[Check, ...]
    warnings: tuple[Check, ...]
    timelines: tuple[tuple[Interval, ...], ...]

    @property
    def outcome(self) -> Outcome:
        """Failed when bytes, a signature or the document's own rules do; undecided when something is only missing."""
        if self.found.refusal is not None:
            return Outcome.FAILED
        if needs_extra(self.found):
            return Outcome.UNDECIDED
        outcomes = [outcome_of(signature) for signature in self.verdict.signatures]
        if Outcome.FAILED in outcomes or any(not check.passed and check.name not in _TOGETHER for check in self.checks):
            return Outcome.FAILED
        return Outcome.UNDECIDED if Outcome.UNDECIDED in outcomes else Outcome.PASSED


@dataclass(frozen=True, slots=True)
class JudgedFile:
    """A file with its signed things judged, and by which register it was judged who may sign."""

    opened: Opened
    judged: tuple[Judged, ...]
    register: Register | None = None
    letter: LetterFindings | None = None
    """What the register says of a letter outside a package."""

    @property
    def violations(self) -> tuple[Finding, ...]:
        """What the law of the axis refuses, and what is wrong with a bundle."""
        said = self._said
        return (*self.opened.violations, *(said.violations if said is not None else ()))

    @property
    def remarks(self) -> tuple[Finding, ...]:
        """What one should know about letter, package and bundle."""
        said = self._said
        return (*self.opened.remarks, *(said.remarks if said is not None else ()))

    @property
    def _said(self) -> Inspection | LetterFindings | None:
        return self.letter if self.opened.package is None else self.opened.package

    @property
    def outcome(self) -> Outcome:
        """The worst of what is in it; what the law of the axis refuses is a failure."""
        outcomes = [one.outcome for one in self.judged]
        if self.violations or Outcome.FAILED in outcomes or not outcomes:
            return Outcome.FAILED
        return Outcome.UNDECIDED if Outcome.UNDECIDED in outcomes or self.opened.uncompared else Outcome.PASSED


def outcome_of(verdict: SignatureVerdict) -> Outcome:
    """The plain word for one signature's indication."""
    return _OUTCOMES[verdict.indication]


def needs_extra(found: SignedObject) -> bool:
    """Whether the file could not be read because a part of the program is not installed."""
    return any(rule == NEEDS_EXTRA for rule, _ in found.findings)


class Bench:
    """One call's evidence, policy and control time (``asked``: not the clock's), and what its files share: parser, and all read once."""

    def __init__(self, trust: Trust, policy: ValidationPolicy, at: datetime, sandbox: Sandbox, *, asked: bool = False) -> None:
        self.trust, self.policy, self.at, self._sandbox, self._asked = trust, policy, at, sandbox, asked
        self._judge = Rfc5280Judge(policy)

    def judge(self, opened: Opened) -> JudgedFile:
        """Every signed thing of a file, and then whose they are."""
        judged = tuple(self._judge_subject(subject, opened.existence) for subject in opened.subjects)
        register = self.trust.asked_register or opened.register or self.trust.register
        signed = tuple((one.subject, one.verdict.signatures) for one in judged)
        if opened.package is None:
            found = None if register is None else belonging_alone(signed, register)
            return JudgedFile(opened, judged) if found is None else JudgedFile(opened, judged, register, found)
        package = belonging(opened.package, signed, register, opened.terms, self.policy)
        return JudgedFile(replace(opened, package=package), judged, register)

    def _judge_subject(self, subject: Subject, existence: tuple[ProofOfExistence, ...]) -> Judged:
        policy = self.policy if subject.as_document else replace(self.policy, signatures=1, in_order=False)
        found = read_signed(subject.data, subject.content, sandbox=self._sandbox)
        verdict = validate_document(found.claims, self.trust.evidence, self.at, policy, existence, judge=self._judge, asked=self._asked)
        checks, warnings = _of_the_whole(found, verdict, policy)
        pairs = zip(found.claims, verdict.signatures, strict=True)
        timelines = tuple(self._over_time(claim, signature, policy, existence) for claim, signature in pairs)
        return Judged(subject, found, verdict, checks, warnings, timelines)

    def _over_time(
        self, claim: SignatureClaim, verdict: SignatureVerdict, policy: ValidationPolicy, existence: tuple[ProofOfExistence, ...]
    ) -> tuple[Interval, ...]:
        """From before the signer's certificate began until a year after it ends or after the control time."""
        evidence = self.trust.evidence
        own = (*claim.certificates, *claim.crls, *claim.ocsps)
        movers = len(evidence.certificates) + len(evidence.crls) + len(evidence.ocsps) + len(own)
        if movers > MAX_MOVERS:
            return ()
        holder = None if verdict.chain is None else describe_certificate(verdict.chain.chain[0])
        ends = [self.at, *([min(holder.not_after, _LATEST)] if holder is not None else [])]
        starts = [self.at, verdict.best_signature_time, *([max(holder.not_before, _EARLIEST)] if holder is not None else [])]
        start, end = (moment.replace(microsecond=0) for moment in (min(starts) - _MARGIN, max(ends) + _YEAR))
        try:
            return verdict_timeline(claim, evidence, policy, start, end, existence, judge=self._judge, asked=True)
        except FormatFailure:  # more instants than a file's time-stamps leave room for
            return ()


def _of_the_whole(found: SignedObject, verdict: DocumentVerdict, policy: ValidationPolicy) -> tuple[tuple[Check, ...], tuple[Check, ...]]:
    """The document's checks, and what the reader found on the file as a whole, at the cost the policy puts on it."""
    unread = found.refusal is not None or needs_extra(found)
    checks = [] if unread else list(verdict.checks)  # what cannot be read lacks no signature
    warnings: list[Check] = []
    for rule, clause in found.findings:
        if rule == NEEDS_EXTRA:
            continue
        check = Check("finding", False, clause, rule)
        severity = policy.cost_of_finding(rule, clause)
        if severity is Severity.FAIL:
            checks.append(check)
        elif severity is not Severity.IGNORE:
            warnings.append(check)
    return tuple(checks), tuple(warnings)
