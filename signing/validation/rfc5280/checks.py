"""The steps of a chain in their order, each with its clause; named as on the bulk path where it has them."""

from __future__ import annotations

from dataclasses import dataclass

from signing.validation import path_rules as bulk
from signing.validation.report import Check, SubIndication

READABLE = Check("certificate-format", True, "RFC 5280 §4.1")
CHAIN = bulk.CHAIN
STRUCTURE = bulk.STRUCTURE
NAMES = Check("name-constraints", True, "RFC 5280 §4.2.1.10, §6.1.3 (b), (c)")
POLICIES = Check("certificate-policies", True, "RFC 5280 §6.1.3 (d)–(f), §6.1.5 (g); RFC 9618")
USAGE = bulk.USAGE
AUTHORITY_VALIDITY = bulk.AUTHORITY_VALIDITY
AUTHORITY_REVOCATION = bulk.AUTHORITY_REVOCATION
REVOCATION = bulk.REVOCATION
VALIDITY = bulk.VALIDITY
FRESHNESS = bulk.FRESHNESS
ALGORITHMS = bulk.ALGORITHMS

ORDER = (
    READABLE,
    CHAIN,
    STRUCTURE,
    NAMES,
    POLICIES,
    USAGE,
    AUTHORITY_VALIDITY,
    AUTHORITY_REVOCATION,
    REVOCATION,
    VALIDITY,
    FRESHNESS,
    ALGORITHMS,
)
"""The steps of a chain that holds."""


@dataclass(frozen=True, slots=True)
class Fault:
    """The first step that failed, the sub-indication it leads to, and what was found, in one sentence."""

    step: Check
    sub_indication: SubIndication
    detail: str

    @property
    def progress(self) -> int:
        """How many steps passed before it."""
        return ORDER.index(self.step)

    @property
    def checks(self) -> tuple[Check, ...]:
        """The steps up to and with the failed one."""
        return (*ORDER[: self.progress], Check(self.step.name, False, self.step.clause, self.detail))
