"""The way in: a claim and evidence in, a verdict out, at any control time under any policy. Nothing is raised for what they hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from itertools import pairwise

from signing.evidence import Evidence
from signing.formats.claims import CounterSignature, Deviation, SignatureClaim
from signing.keys import Purpose
from signing.validation.ades.existence import Existence, proofs_of_counter_signature
from signing.validation.ades.judge import ChainJudge
from signing.validation.ades.missing import MAX_TOKENS, what_is_missing
from signing.validation.ades.outcome import Fault, indication
from signing.validation.ades.policy import Severity, ValidationPolicy
from signing.validation.ades.policy_file import load_policy
from signing.validation.ades.process import validate_fully
from signing.validation.ades.readings import certificate as certificate_of
from signing.validation.ades.rfc5280_judge import Rfc5280Judge
from signing.validation.ades.subject import Surroundings
from signing.validation.report import Check, Indication, SubIndication
from signing.validation.verdicts import ProofOfExistence, SignatureVerdict

ENOUGH = Check("signatures-present", True, "policy [document] signatures")
IN_ORDER = Check("signatures-in-order", True, "policy [document] in_order")
WHOLE = Check("whole-object", True, "policy [findings]")
READ = Check("format", True, "EN 319 102-1 §5.2.2; RFC 5652 §11.4")
EACH = Check("each-signature", True, "EN 319 102-1 §5.1.3")
_FOR_COUNTER_SIGNATURE = MAX_TOKENS // 8
"""What finding out what a counter-signature lacks may cost: a signature may have eight."""


@dataclass(frozen=True, slots=True)
class DocumentVerdict:
    """What all signatures of one document are worth together. The standard leaves this to the policy.

    ``external`` names the checks that the policy leaves to the caller.
    """

    signatures: tuple[SignatureVerdict, ...]
    checks: tuple[Check, ...]
    external: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether every signature passed and the document's own checks did."""
        return all(check.passed for check in self.checks)


def validate(
    claim: SignatureClaim,
    evidence: Evidence,
    at: datetime,
    policy: ValidationPolicy | None = None,
    existence: Sequence[ProofOfExistence] = (),
    *,
    purpose: Purpose = Purpose.FOREIGN,
    judge: ChainJudge | None = None,
    asked: bool = False,
) -> SignatureVerdict:
    """The verdict on one signature at the control time ``at`` (timezone-aware) under ``policy`` (that of the field by default).

    ``evidence`` holds the anchors and whatever else is at hand; what the signature carries is added. ``existence`` are proofs from
    outside, receipts for one. ``purpose`` is what the signature's verification is counted as. ``asked`` says that ``at`` is
    a moment somebody asks about, not the clock's, so that being at hand proves nothing of it. Same arguments, same verdict.

    Each counter-signature is validated for itself, by the same policy, and has its verdict beside: whatever that is, the verdict on the
    signature it stands under is the same as without it.
    """
    policy = policy or load_policy()
    around = Surroundings(at, policy, evidence, judge or Rfc5280Judge(policy), asked)
    return _judged(claim, around, existence, purpose)


def _judged(
    claim: SignatureClaim, around: Surroundings, existence: Sequence[ProofOfExistence], purpose: Purpose, suppose: int = MAX_TOKENS
) -> SignatureVerdict:
    """``suppose`` is how many time-stamps may be validated to find out what is missing."""
    found = validate_fully(claim, around, existence, purpose)
    verdict = found.verdict()
    if verdict.indication is Indication.INDETERMINATE:
        verdict = found.verdict(what_is_missing(found, existence, suppose))
    beside = replace(around, evidence=found.around.evidence)
    counters = tuple(_judged_counter(counter, found.existence, beside, purpose) for counter in claim.counter_signatures)
    return replace(verdict, counter_signatures=counters) if counters else verdict


def _judged_counter(counter: CounterSignature, existence: Existence, around: Surroundings, purpose: Purpose) -> SignatureVerdict:
    """A signature over another's value (RFC 5652 §11.4); what time-stamps over that other prove to have existed counts for it too."""
    if counter.claim is not None:
        proofs = (*existence.proofs.values(), *proofs_of_counter_signature(counter, existence))
        return _judged(counter.claim, around, proofs, purpose, _FOR_COUNTER_SIGNATURE)
    rule, clause = counter.refusal or ("it cannot be read", READ.clause)
    fault = Fault(replace(READ, clause=clause), SubIndication.FORMAT_FAILURE, rule)
    found = indication(fault.sub_indication)
    checks, at = (fault.check,), around.at
    return SignatureVerdict(
        counter.name, found, fault.sub_indication, checks, at, at, None, (), (), (), "", None, "", around.policy.name
    )  # fmt: skip


def validate_document(
    claims: Sequence[SignatureClaim],
    evidence: Evidence,
    at: datetime,
    policy: ValidationPolicy | None = None,
    existence: Sequence[ProofOfExistence] = (),
    *,
    judge: ChainJudge | None = None,
    findings: Sequence[Deviation] = (),
    asked: bool = False,
) -> DocumentVerdict:
    """Every signature of a document, in the order of the file, and what the policy asks of them together; never stops at a good one.

    A ``judge`` that is given keeps what it read for the next document.
    ``findings`` are what the reader saw of the object as a whole (bytes that nothing covers, a field that cannot be read); they cost what
    the policy says of findings, so they are to be handed over with the claims.
    """
    policy = policy or load_policy()
    judge = judge or Rfc5280Judge(policy)
    verdicts = tuple(validate(claim, evidence, at, policy, existence, judge=judge, asked=asked) for claim in claims)
    failed = [verdict.name for verdict in verdicts if not verdict.passed]
    few = f"signatures found: {len(verdicts)}, asked for: {policy.signatures}" if len(verdicts) < policy.signatures else ""
    checks = (
        _check(ENOUGH, few),
        _check(WHOLE, _found(findings, policy)),
        _check(EACH, f"not passed: {', '.join(failed)}" if failed else ""),
        *([_check(IN_ORDER, _order(claims, verdicts))] if policy.in_order else []),
    )
    return DocumentVerdict(verdicts, checks, policy.external)


def _found(findings: Sequence[Deviation], policy: ValidationPolicy) -> str:
    """The first finding on the whole object that the policy does not bear."""
    return next((rule for rule, clause in findings if policy.cost_of_finding(rule, clause) is Severity.FAIL), "")


def _order(claims: Sequence[SignatureClaim], verdicts: Sequence[SignatureVerdict]) -> str:
    """Whether each signature is another's and none is proven to be older than one before it.

    Who signs with one key is one signer, under however many certificates.
    """
    values = [sha256(claim.signer.signature).digest() for claim in claims]
    signers = [certificate_of(verdict.chain.chain[0]).spki for verdict in verdicts if verdict.chain is not None]
    if len(set(values)) < len(values) or len(set(signers)) < len(signers):
        return "two signatures are of the same signer"
    stamped = [(claim, verdict) for claim, verdict in zip(claims, verdicts, strict=True) if claim.signature_tokens]
    for (_, earlier), (later_claim, _) in pairwise(stamped):
        latest = max(token.generated_at for token in later_claim.signature_tokens)
        if latest < earlier.best_signature_time:
            return f"a later signature was time-stamped before {earlier.name}"
    return ""


def _check(step: Check, detail: str) -> Check:
    return Check(step.name, not detail, step.clause, detail)
