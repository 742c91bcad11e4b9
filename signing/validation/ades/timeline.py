"""The verdict over control time: piecewise constant, with what moves each boundary."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from signing.errors import FormatFailure
from signing.evidence import Evidence
from signing.formats.claims import SignatureClaim
from signing.validation.ades.instants import second_after, shifted
from signing.validation.ades.judge import ChainJudge
from signing.validation.ades.policy import ValidationPolicy
from signing.validation.ades.process import validate_fully
from signing.validation.ades.readings import certificate as certificate_of
from signing.validation.ades.rfc5280_judge import Rfc5280Judge
from signing.validation.ades.subject import Surroundings, evidence_of, tokens_of
from signing.validation.report import Indication, SubIndication
from signing.validation.rfc5280.names import text
from signing.validation.verdicts import ProofOfExistence, SignatureVerdict

MAX_INSTANTS = 4096
"""Most instants looked at in one timeline, of a signature with one time-stamp; of one with more, as many fewer."""


@dataclass(frozen=True, slots=True)
class Interval:
    """Control times from ``start`` (inclusive) to ``end`` (exclusive) with one verdict; ``because`` is what moved its start."""

    start: datetime
    end: datetime
    indication: Indication
    sub_indication: SubIndication | None
    because: str


def timeline(
    claim: SignatureClaim,
    evidence: Evidence,
    policy: ValidationPolicy,
    start: datetime,
    end: datetime,
    existence: Sequence[ProofOfExistence] = (),
    *,
    judge: ChainJudge | None = None,
    asked: bool = False,
) -> tuple[Interval, ...]:
    """The verdicts for control times from ``start`` to ``end`` (exclusive), neighbours with the same verdict joined.

    One validation for each instant at which an artefact, a policy or a proof begins or ends; between two of them nothing changes. Raises
    :class:`FormatFailure` when there are more than :data:`MAX_INSTANTS` of them.
    """
    judge = judge or Rfc5280Judge(policy)
    moments = dict(sorted(_moments(claim, evidence, policy, existence, judge, end)))
    most = 2 * MAX_INSTANTS // (1 + max(len(tokens_of(claim)), 1))
    if len(moments) > most:
        raise FormatFailure("timeline", f"{len(moments)} instants at which something changes are more than {most}: give less evidence")
    cuts = [start, *(moment for moment in moments if start < moment < end)]
    found: list[Interval] = []
    for cut, following in zip(cuts, [*cuts[1:], end], strict=True):
        fault = validate_fully(claim, Surroundings(cut, policy, evidence, judge, asked), existence).verdict()
        verdict = fault.indication, fault.sub_indication
        if found and (found[-1].indication, found[-1].sub_indication) == verdict:
            found[-1] = Interval(found[-1].start, following, *verdict, found[-1].because)
        else:
            found.append(Interval(cut, following, *verdict, moments.get(cut, "")))
    return tuple(found)


def _moments(
    claim: SignatureClaim,
    evidence: Evidence,
    policy: ValidationPolicy,
    existence: Sequence[ProofOfExistence],
    judge: ChainJudge,
    end: datetime,
) -> Iterator[tuple[datetime, str]]:
    """Every instant at which a verdict may change, with the artefact; of several at one instant the last stands."""
    everything = evidence + evidence_of(claim)
    for rule, ends in (
        *((name, rule.until) for name, rule in policy.algorithms.rules.items()),
        *policy.digests.items(),
        *((f"trust in anchor {digest.hex()[:16]}", sunset) for digest, sunset in policy.anchor_sunsets.items()),
    ):
        if ends is not None:
            yield ends, f"{rule} ends"
    verdict = validate_fully(claim, Surroundings(end, policy, evidence, judge), existence).verdict()
    yield from _revocations(verdict)
    own = () if verdict.chain is None else verdict.chain.chain
    told = {moment for certificate in own for moment, _ in _certificate_moments(certificate)}
    for certificate in (*everything.anchors, *everything.timestamp_anchors, *everything.certificates):
        # Of certificates that begin or end together, the signature's own are named.
        yield from (one for one in _certificate_moments(certificate) if certificate in own or one[0] not in told)
    for issued, until, name in judge.issuances(everything):
        yield issued, f"{name} of {issued:%Y-%m-%d %H:%M:%S} UTC"
        for bound in (until, None if policy.max_age is None else shifted(issued, policy.max_age)):
            if bound is not None:
                yield second_after(bound), f"{name} of {issued:%Y-%m-%d %H:%M:%S} UTC is no longer fresh"
    for proof in existence:
        yield proof.at, f"proof of existence: {proof.source}"
    for token, kind in tokens_of(claim):
        yield token.generated_at, f"{kind} of {token.generated_at:%Y-%m-%d %H:%M:%S} UTC"


def _revocations(verdict: SignatureVerdict) -> Iterator[tuple[datetime, str]]:
    for chain in (verdict.chain, *(token.chain for token in verdict.tokens)):
        for status in chain.revocation if chain is not None else ():
            if status.revoked_at is not None:
                yield status.revoked_at, f"revocation of certificate {status.certificate_sha256.hex()[:16]} ({status.reason})"


def _certificate_moments(certificate: bytes) -> Iterator[tuple[datetime, str]]:
    try:
        facts = certificate_of(certificate)
    except FormatFailure:
        return
    name = text(facts.subject)
    yield datetime.fromtimestamp(facts.not_before, UTC), f"the certificate of {name} begins"
    yield second_after(datetime.fromtimestamp(facts.not_after, UTC)), f"the certificate of {name} ends"
