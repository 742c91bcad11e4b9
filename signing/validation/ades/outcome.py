"""How a building block ends: with nothing, or with a fault; and the record of its steps on the way there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from signing.validation.ades.policy import CHECKS, Severity, ValidationPolicy
from signing.validation.report import Check, Indication, SubIndication

_TOTAL_FAILED = {
    SubIndication.FORMAT_FAILURE,
    SubIndication.HASH_FAILURE,
    SubIndication.SIG_CRYPTO_FAILURE,
    SubIndication.REVOKED,
    SubIndication.EXPIRED,
    SubIndication.NOT_YET_VALID,
}

CURABLE = {
    SubIndication.REVOKED_NO_POE,
    SubIndication.REVOKED_CA_NO_POE,
    SubIndication.OUT_OF_BOUNDS_NO_POE,
    SubIndication.OUT_OF_BOUNDS_NOT_REVOKED,
    SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE,
    SubIndication.REVOCATION_OUT_OF_BOUNDS_NO_POE,
    SubIndication.NO_CERTIFICATE_CHAIN_FOUND_NO_POE,
    SubIndication.TRY_LATER,
}
"""Faults that a proof of existence may cure (§5.6.3.4 step 3)."""


def indication(sub_indication: SubIndication | None) -> Indication:
    """The main indication a sub-indication stands under (§5.1.3, tables 5 and 6)."""
    if sub_indication is None:
        return Indication.TOTAL_PASSED
    return Indication.TOTAL_FAILED if sub_indication in _TOTAL_FAILED else Indication.INDETERMINATE


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a building block did not pass.

    ``moment`` is the revocation or suspension instant where that is the reason, ``suspended`` whether a certificate is on hold,
    ``certificate`` the depth in the chain (0 = signer) of the certificate concerned.
    """

    step: Check
    sub_indication: SubIndication
    detail: str
    moment: datetime | None = None
    suspended: bool = False
    certificate: int = 0

    @property
    def check(self) -> Check:
        """The step as failed."""
        return replace(self.step, passed=False, detail=self.detail)


class Record:
    """Steps done, in order, with what they cost under one policy."""

    __slots__ = ("checks", "information", "policy", "warnings")

    def __init__(self, policy: ValidationPolicy) -> None:
        self.policy = policy
        self.checks: list[Check] = []
        self.warnings: list[Check] = []
        self.information: list[Check] = []

    def passed(self, step: Check) -> None:
        """A step that held."""
        self.checks.append(step)

    def failed(self, fault: Fault) -> Fault:
        """A step that did not hold and ends the block."""
        self.checks.append(fault.check)
        return fault

    def weigh(self, name: str, detail: str, sub_indication: SubIndication | None = None) -> Fault | None:
        """A check of :data:`CHECKS` that held (no ``detail``) or did not; the fault if the policy says FAIL."""
        weighed = CHECKS[name]
        severity = self.policy.severity(name)
        return self.cost(Check(name, True, weighed.clause), severity, detail, sub_indication or weighed.sub_indication)

    def cost(self, step: Check, severity: Severity, detail: str, sub_indication: SubIndication) -> Fault | None:
        """A step with the cost of its failure."""
        if severity is Severity.IGNORE:
            return None
        if not detail:
            self.passed(step)
            return None
        if severity is Severity.FAIL:
            return self.failed(Fault(step, sub_indication, detail))
        remarks = self.warnings if severity is Severity.WARN else self.information
        remarks.append(replace(step, passed=False, detail=detail))
        return None
