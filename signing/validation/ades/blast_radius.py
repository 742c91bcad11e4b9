"""What changes if a key was compromised: verdicts before and after, over any number of signatures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256

from signing.errors import FormatFailure
from signing.evidence import Evidence
from signing.formats.claims import SignatureClaim
from signing.validation.ades.judge import ChainJudge
from signing.validation.ades.policy import ValidationPolicy
from signing.validation.ades.process import validate_fully
from signing.validation.ades.readings import certificate as certificate_of
from signing.validation.ades.readings import certificate_or_failure
from signing.validation.ades.rfc5280_judge import Rfc5280Judge
from signing.validation.ades.subject import Surroundings
from signing.validation.ades.suppositions import Compromised
from signing.validation.verdicts import ProofOfExistence, SignatureVerdict

Case = tuple[SignatureClaim, Sequence[ProofOfExistence]]
"""A signature with the proofs of its existence that come from outside."""


@dataclass(frozen=True, slots=True)
class Change:
    """A signature whose verdict changes."""

    before: SignatureVerdict
    after: SignatureVerdict


def blast_radius(
    cases: Iterable[Case],
    evidence: Evidence,
    at: datetime,
    policy: ValidationPolicy,
    certificate: bytes,
    since: datetime,
    *,
    judge: ChainJudge | None = None,
    believed: Callable[[ProofOfExistence], bool] | None = None,
) -> Iterator[Change]:
    """Each case whose indication or sub-indication at ``at`` changes if the key of ``certificate`` (DER) was compromised at ``since``.

    Every certificate of that key counts as revoked for key compromise, lists and responses it signed since as nothing, and an anchor of it
    as trusted until then. ``believed`` says which proofs from outside still count then: one that rests on the very key may not.
    Raises :class:`signing.errors.FormatFailure` when ``certificate`` is none.
    """
    judge = judge or Rfc5280Judge(policy)
    spki = certificate_of(certificate).spki
    anchors = (*evidence.anchors, *evidence.timestamp_anchors)
    ended = {sha256(anchor).digest(): since for anchor in anchors if _has_key(anchor, spki)}
    supposed = replace(policy, anchor_sunsets=_earlier(ended, policy.anchor_sunsets))
    now = Surroundings(at, policy, evidence, judge)
    then = Surroundings(at, supposed, evidence, Compromised(judge, spki, since))
    for claim, proofs in cases:
        before = validate_fully(claim, now, proofs).verdict()
        kept = proofs if believed is None else [proof for proof in proofs if believed(proof)]
        after = validate_fully(claim, then, kept).verdict()
        if (before.indication, before.sub_indication) != (after.indication, after.sub_indication):
            yield Change(before, after)


def _has_key(certificate: bytes, spki: bytes) -> bool:
    found = certificate_or_failure(certificate)
    return not isinstance(found, FormatFailure) and found.spki == spki


def _earlier(one: dict[bytes, datetime], other: Mapping[bytes, datetime]) -> dict[bytes, datetime]:
    return {key: min(moment for moment in (one.get(key), other.get(key)) if moment is not None) for key in (*one, *other)}
