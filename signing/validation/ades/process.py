"""One validation from beginning to end (EN 319 102-1 §5.3, §5.5, §5.6.3), without the question of what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from signing.formats.claims import SignatureClaim
from signing.keys import Purpose
from signing.validation.ades.archival import validate_archival
from signing.validation.ades.existence import Existence, of_signature
from signing.validation.ades.outcome import Fault, Record, indication
from signing.validation.ades.past import PastChain
from signing.validation.ades.subject import Surroundings, evidence_of, of_claim
from signing.validation.ades.timestamps import Stamped
from signing.validation.ades.with_time import WithTime, check_surroundings, validate_with_time
from signing.validation.report import Check
from signing.validation.verdicts import ProofOfExistence, SignatureVerdict


@dataclass(frozen=True, slots=True)
class Validation:
    """A validation with all it went through; :meth:`verdict` is what leaves the package."""

    claim: SignatureClaim
    around: Surroundings
    fault: Fault | None
    timed: WithTime
    tokens: tuple[Stamped, ...]
    existence: Existence
    best: ProofOfExistence
    past: PastChain | None
    record: Record

    def verdict(self, missing: str = "") -> SignatureVerdict:
        """The verdict, with the sentence on what is missing."""
        sub_indication = None if self.fault is None else self.fault.sub_indication
        certified = self.timed.basic.certified
        return SignatureVerdict(
            self.claim.name,
            indication(sub_indication),
            sub_indication,
            tuple(self.record.checks),
            self.around.at,
            self.best.at,
            None if certified is None else certified.verdict,
            tuple(stamped.verdict() for stamped in self.tokens),
            self._proofs(),
            tuple(self.record.warnings),
            missing,
            self.claim.signer.claimed_at,
            str(self.claim.level),
            self.timed.basic.policy.name,
            tuple(self.record.information),
        )

    def _proofs(self) -> tuple[ProofOfExistence, ...]:
        proofs = {**self.existence.proofs, of_signature(self.claim): self.best}
        return tuple(sorted(proofs.values(), key=lambda proof: (proof.at, proof.object_sha256)))


def validate_fully(
    claim: SignatureClaim, around: Surroundings, proofs: Sequence[ProofOfExistence], purpose: Purpose = Purpose.FOREIGN
) -> Validation:
    """The whole process on one signature; ``around.evidence`` is joined by what travels with the signature."""
    around = around.known(around.evidence + evidence_of(claim))
    record = Record(around.policy)
    existence = Existence.start(around.at, proofs)
    signed = of_claim(claim, purpose)
    timed = validate_with_time(claim, signed, around, existence, record)
    around = replace(around, policy=timed.basic.policy)
    archival = validate_archival(claim, signed, timed, around, existence, record)
    beside = None if timed.basic.fatal is not None else check_surroundings(claim, archival.tokens, archival.best, record)
    fault = archival.fault or beside
    _end_with(record.checks, fault)
    return Validation(claim, around, fault, timed, archival.tokens, archival.existence, archival.best, archival.chain, record)


def _end_with(checks: list[Check], fault: Fault | None) -> None:
    """Put the fault that decides before the other failed checks, for reports name the first as the reason."""
    if fault is None:
        return
    checks[:] = [check for check in checks if check != fault.check]
    first = next((place for place, check in enumerate(checks) if not check.passed), len(checks))
    checks.insert(first, fault.check)
