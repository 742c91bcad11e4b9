"""Signature acceptance validation (EN 319 102-1 §5.2.8): cryptographic constraints at a time, and the constraints of the policy."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta

from signing.formats.claims import Level, SignatureClaim, SignerClaim
from signing.validation.ades.constraints import Weakness, digest_weakness, signature_weakness
from signing.validation.ades.identification import names, readable
from signing.validation.ades.judge import Path
from signing.validation.ades.outcome import Fault, Record
from signing.validation.ades.policy import Severity
from signing.validation.report import Check, SubIndication
from signing.validation.rfc5280.objects import Certificate

CRYPTO = Check("signature-algorithms", True, "EN 319 102-1 §5.2.8; ETSI TS 119 312")

_LEVELS = tuple(Level)
_SEVEN_HOURS = timedelta(hours=7)
_ABOUT = timedelta(minutes=30)


def weakness_of(signer: SignerClaim, certificate: Certificate, record: Record, at: datetime) -> Weakness | None:
    """The first algorithm of a signature that is not accepted at ``at``: of its value, its digest, and what names its certificate."""
    found = signature_weakness(record.policy, (signer.signature_algorithm, certificate.spki), at)
    named = (digest for digest, *_ in signer.ess_certificates[:1])
    digests = (digest_weakness(record.policy, digest, at) for digest in (signer.digest_algorithm, *named))
    return found or next((weakness for weakness in digests if weakness is not None), None)


def accept_algorithms(signer: SignerClaim, certificate: Certificate, record: Record, at: datetime) -> Fault | None:
    """The cryptographic constraints on the signature itself at ``at``."""
    weakness = weakness_of(signer, certificate, record, at)
    if weakness is not None:
        return record.failed(Fault(CRYPTO, weakness.sub_indication, weakness.detail, weakness.since))
    record.passed(CRYPTO)
    return None


def accept(claim: SignatureClaim, path: Path, record: Record) -> Fault | None:
    """The policy's constraints on a signature that do not depend on time: level, what else is embedded, what the reader found."""
    short = (
        ""
        if _LEVELS.index(claim.level) >= _LEVELS.index(record.policy.required_level)
        else (f"the signature is of level {claim.level}, {record.policy.required_level} is required")
    )
    spare = len(set(claim.certificates) - set(path) - _of_tokens(claim) - _of_counter_signatures(claim))
    alone = claim.signers == 1 and claim.level in (Level.B, Level.T)
    stray = f"{spare} embedded certificate(s) belong to no chain of this signature" if spare and alone else ""
    fault = record.weigh("level", short) or record.weigh("embedded-certificates", stray)
    if fault is not None:
        return fault
    absent = "" if claim.signer.claimed_at is not None else "the signer claims no time of signing"
    return record.weigh("claimed-time-present", absent) or _findings(claim, record)


def _of_tokens(claim: SignatureClaim) -> set[bytes]:
    tokens = (*claim.content_tokens, *claim.signature_tokens, *claim.archive_tokens)
    return {certificate for token in tokens for certificate in token.certificates}


def _of_counter_signatures(claim: SignatureClaim) -> set[bytes]:
    """Embedded certificates that are there for counter-signatures: those they name, the issuers of these, and their time-stamps'."""
    counters = [counter.claim for counter in claim.counter_signatures if counter.claim is not None]
    if not counters:
        return set()
    found = set().union(*(_of_tokens(counter) | _of_counter_signatures(counter) for counter in counters))
    issuers: defaultdict[bytes, list[Certificate]] = defaultdict(list)
    for facts in readable(claim.certificates):
        issuers[facts.subject].append(facts)
    wanted = [facts for facts in readable(claim.certificates) if any(names(counter.signer, facts) for counter in counters)]
    while wanted:
        facts = wanted.pop()
        found.add(facts.der)
        wanted += issuers.pop(facts.issuer, ())  # each name is looked up once: hundreds of certificates may issue one another
    return found


def _findings(claim: SignatureClaim, record: Record) -> Fault | None:
    for rule, clause in claim.findings:
        severity = record.policy.cost_of_finding(rule, clause)
        fault = record.cost(Check("finding", True, clause), severity, rule, SubIndication.SIG_CONSTRAINTS_FAILURE)
        if fault is not None:
            return fault
    return None


def accept_claimed_time(signer: SignerClaim, existed_at: datetime, stamped: bool, record: Record) -> Fault | None:
    """The claimed time against the first proof that the signature existed (``stamped``: proven by a time-stamp, not by being at hand).

    Some of the field's tools write Vietnamese time labelled UTC, so a claim seven hours ahead is told apart from one that is just wrong.
    """
    claimed = signer.claimed_at
    if claimed is None:
        late = "" if record.policy.timestamp_delay is None or not stamped else "a time-stamp delay is demanded, but no time is claimed"
        return record.weigh("timestamp-delay", late)
    ahead = claimed - existed_at
    seven = abs(ahead - _SEVEN_HOURS) <= _ABOUT and record.policy.severity("seven-hour-clock") is not Severity.FAIL
    clock = (
        "the claimed time is about seven hours ahead: a clock that writes Vietnamese time as UTC"
        if abs(ahead - _SEVEN_HOURS) <= _ABOUT
        else ""
    )
    future = f"the claimed time is {ahead} later than the first proof of existence" if ahead > record.policy.tolerance and not seven else ""
    delay = record.policy.timestamp_delay
    late = (
        f"the first time-stamp follows the claimed time by {-ahead}, {delay} is allowed"
        if delay is not None and stamped and -ahead > delay
        else ""
    )
    return (
        record.weigh("seven-hour-clock", clock)
        or record.weigh("claimed-time-before-proof", future)
        or record.weigh("timestamp-delay", late)
    )
