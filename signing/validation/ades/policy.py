"""What a validation demands, as data: how much each check weighs, which algorithms are good until when, and the limits of time.

The checks of :data:`CHECKS` may be weighed by a policy file (:mod:`signing.validation.ades.policy_file`); what is not listed there, the
digest and the signature value above all, always counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from signing.formats.claims import Level
from signing.validation.policy import AlgorithmPolicy
from signing.validation.report import SubIndication


class Severity(StrEnum):
    """What a check that fails costs."""

    FAIL = "FAIL"
    """The verdict is the check's sub-indication."""
    WARN = "WARN"
    """The verdict stands, with a warning."""
    INFORM = "INFORM"
    """The verdict stands, with a remark."""
    IGNORE = "IGNORE"
    """The check is not made."""


class SlideTo(StrEnum):
    """Where validation time sliding goes when a revocation list is no longer fresh (§5.6.2.2.4 step 2 c)."""

    ISSUANCE = "issuance"
    """To the list's issuance, as the standard says."""
    NEXT_UPDATE = "next-update"
    """To the last second the list was fresh, as pyHanko does."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """A check that policies weigh: the sub-indication it gives under FAIL, its clause, what it asks in one line, and its usual cost."""

    sub_indication: SubIndication
    clause: str
    asks: str
    usual: Severity = Severity.FAIL


_SIG = SubIndication.SIG_CONSTRAINTS_FAILURE
CHECKS: Mapping[str, Weighed] = {
    "algorithm-protection": Weighed(
        SubIndication.FORMAT_FAILURE, "RFC 6211 §2", "CMSAlgorithmProtection, where present, names the algorithms of the SignerInfo"
    ),
    "algorithm-protection-present": Weighed(_SIG, "RFC 6211 §2", "CMSAlgorithmProtection is there", Severity.IGNORE),
    "signing-certificate-attribute": Weighed(
        _SIG, "EN 319 122-1 §5.2.2", "the signature itself names its certificate by a digest (ESS signing-certificate)"
    ),
    "explicit-policy": Weighed(
        SubIndication.SIGNATURE_POLICY_NOT_AVAILABLE, "EN 319 102-1 §5.2.4", "an explicit signature policy is one this policy knows"
    ),
    "embedded-certificates": Weighed(_SIG, "EN 319 102-1 §5.2.8", "no certificate is embedded that belongs to no chain of the signature"),
    "level": Weighed(_SIG, "EN 319 122-1 §6.1; EN 319 142-1 §6.1", "the signature is of the required baseline level or a higher one"),
    "claimed-time-present": Weighed(_SIG, "EN 319 122-1 §5.2.1", "the signer claims a time of signing", Severity.IGNORE),
    "claimed-time-before-proof": Weighed(
        _SIG, "EN 319 102-1 §5.2.8", "the claimed time of signing is not later than the first proof that the signature existed"
    ),
    "seven-hour-clock": Weighed(
        _SIG,
        "EN 319 102-1 §5.2.8",
        "the claimed time is not seven hours ahead, as of a clock that writes Vietnamese time as UTC",
        Severity.INFORM,
    ),
    "timestamp-delay": Weighed(_SIG, "EN 319 102-1 §5.5.4 (5)", "the first time-stamp follows the claimed time within the delay allowed"),
    "timestamp-order": Weighed(
        SubIndication.TIMESTAMP_ORDER_FAILURE,
        "EN 319 102-1 §5.5.4 (4) e; RFC 3161 §2.4.2",
        "content, signature and archive time-stamps follow each other",
    ),
    "timestamps-intact": Weighed(
        _SIG, "EN 319 102-1 §5.5.4 (3) a", "no time-stamp is broken, of nobody known, or over other bytes than those at its place"
    ),
    "content-timestamps": Weighed(_SIG, "EN 319 102-1 §5.3.4", "every content time-stamp holds still"),
    "signature-timestamps": Weighed(_SIG, "EN 319 102-1 §5.5.4 (3) b", "every signature time-stamp holds still"),
    "archive-timestamps": Weighed(_SIG, "EN 319 102-1 §5.6.3.4 (5) d", "every archive time-stamp holds still"),
    "key-usage": Weighed(
        SubIndication.CHAIN_CONSTRAINTS_FAILURE, "RFC 5280 §4.2.1.3, §4.2.1.12", "the signing certificate's key is for signing documents"
    ),
    "revocation-known": Weighed(
        SubIndication.TRY_LATER, "EN 319 102-1 §5.2.6.4", "it is known whether each certificate of the chain was revoked"
    ),
    "revocation-freshness": Weighed(SubIndication.TRY_LATER, "EN 319 102-1 §5.2.5", "what is known of revocation is fresh"),
}
"""Check name → what it gives; the names a policy file may use under ``[checks]``."""


@dataclass(frozen=True, slots=True)
class ChainRules:
    """Limits of certification paths: longest chain (certificates, anchor included), candidates tried, and RFC 5280 §6.1.1 (c)–(g)."""

    max_length: int = 8
    max_candidates: int = 8
    acceptable_policies: frozenset[str] = frozenset({"2.5.29.32.0"})
    require_explicit_policy: bool = False
    inhibit_policy_mapping: bool = False
    inhibit_any_policy: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class ValidationPolicy:
    """Everything a validation demands. Instants are timezone-aware.

    ``deviations`` and ``findings`` weigh what readers report, by rule; ``"*"`` stands for the rules not named. ``digests`` maps each
    accepted digest to its end. ``max_age`` bounds revocation data beside their own nextUpdate; ``anchor_sunsets`` ends trust in an anchor
    (SHA-256 of the certificate). ``signature_policies`` maps the OID of an explicit signature policy to what to validate under, or to the
    sentence that says why it cannot be processed. ``external`` names checks left to the caller (a register of signers, for one).
    """

    name: str
    title: str = ""
    checks: Mapping[str, Severity] = field(default_factory=dict)
    deviations: Mapping[str, Severity] = field(default_factory=lambda: {"*": Severity.FAIL})
    findings: Mapping[str, Severity] = field(default_factory=lambda: {"*": Severity.FAIL})
    algorithms: AlgorithmPolicy = field(default_factory=AlgorithmPolicy)
    digests: Mapping[str, datetime | None] = field(default_factory=lambda: {"sha256": None, "sha384": None, "sha512": None})
    chain: ChainRules = field(default_factory=ChainRules)
    required_level: Level = Level.B
    timestamp_delay: timedelta | None = None
    max_age: timedelta | None = None
    tolerance: timedelta = timedelta(0)
    slide_to: SlideTo = SlideTo.ISSUANCE
    anchor_sunsets: Mapping[bytes, datetime] = field(default_factory=dict)
    signature_policies: Mapping[str, ValidationPolicy | str] = field(default_factory=dict)
    signatures: int = 1
    in_order: bool = False
    external: tuple[str, ...] = ()

    def severity(self, check: str) -> Severity:
        """What the named check of :data:`CHECKS` costs when it fails; its usual cost where the policy says nothing."""
        return self.checks.get(check, CHECKS[check].usual)

    def cost_of_deviation(self, rule: str) -> Severity:
        """What a breach of the format costs that a tolerant reader went past."""
        return self.deviations.get(rule, self.deviations.get("*", Severity.FAIL))

    def cost_of_finding(self, rule: str) -> Severity:
        """What something the reader saw around the signature costs."""
        return self.findings.get(rule, self.findings.get("*", Severity.FAIL))

    def digest_end(self, digest: str) -> tuple[bool, datetime | None]:
        """Whether the digest was ever accepted, and when that ended or ends."""
        return digest in self.digests, self.digests.get(digest)
