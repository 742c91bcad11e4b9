"""What a path and its lists say at one moment, and when that changes: rules without a cache (EN 319 102-1 §5.2.6.4, RFC 5280 §6.1.3).

Between validity bounds, list updates, revocations and algorithm ends nothing can change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from signing.formats.certificates import CertificateFacts
from signing.keys import PublicKey
from signing.validation.policy import AlgorithmPolicy
from signing.validation.report import Check, SubIndication
from signing.validation.revocation import ON_HOLD, CheckedCrl

CHAIN = Check("certificate-chain", True, "EN 319 102-1 §5.2.6.4; RFC 5280 §6.1.1")
STRUCTURE = Check("certificate-structure", True, "RFC 5280 §6.1.4")
USAGE = Check("key-usage", True, "RFC 5280 §4.2.1.3, §4.2.1.12")
AUTHORITY_VALIDITY = Check("authority-validity", True, "RFC 5280 §6.1.3 (a)(2)")
AUTHORITY_REVOCATION = Check("authority-revocation", True, "EN 319 102-1 §5.2.6.4; RFC 5280 §6.3")
REVOCATION = Check("revocation", True, "EN 319 102-1 §5.2.6.4; RFC 5280 §6.3")
VALIDITY = Check("validity-period", True, "EN 319 102-1 §5.2.6.4; RFC 5280 §4.1.2.5")
FRESHNESS = Check("revocation-freshness", True, "EN 319 102-1 §5.2.5; RFC 5280 §6.3.3")
ALGORITHMS = Check("chain-algorithms", True, "EN 319 102-1 §5.2.6.4; ETSI TS 119 312")

PATH_CHECKS = (CHAIN, STRUCTURE, USAGE, AUTHORITY_VALIDITY, AUTHORITY_REVOCATION, REVOCATION, VALIDITY, FRESHNESS, ALGORITHMS)
"""The steps of a path that holds, in order."""


@dataclass(frozen=True, slots=True)
class PathVerdict:
    """What a path is worth at a moment: ``None`` when it holds, else the sub-indication; and the steps up to the first that failed."""

    sub_indication: SubIndication | None
    checks: tuple[Check, ...]


PASSED = PathVerdict(None, PATH_CHECKS)


def failed(step: Check, sub_indication: SubIndication, detail: str) -> PathVerdict:
    """The verdict of a path whose first failing step is ``step``."""
    before = PATH_CHECKS[: PATH_CHECKS.index(step)]
    return PathVerdict(sub_indication, (*before, Check(step.name, False, step.clause, detail)))


@dataclass(frozen=True, slots=True)
class Link:
    """A certificate of a path with its public key and the name of the algorithm its own signature was made with."""

    facts: CertificateFacts
    key: PublicKey
    algorithm: str


def turns(links: tuple[Link, ...], lists: tuple[CheckedCrl, ...], policy: AlgorithmPolicy) -> tuple[int, ...]:
    """When a path holds (:attr:`signing.validation.path.Timeline.turns`), given it and the lists of its issuers (nearest first)."""
    bounds: set[int] = set(policy.sunsets())
    for link in links:
        bounds.update((link.facts.not_before, link.facts.not_after + 1))
    for link, checked in zip(links, lists, strict=False):
        if checked.facts is not None:
            bounds.update((checked.facts.this_update, checked.facts.next_update + 1))
        entry = checked.entry(link.facts.serial)
        if entry is not None:
            bounds.add(entry.at)  # a list may name a revocation that is still to come
    found: list[int] = []
    for start in sorted(bounds):
        holds = judge(links, lists, policy, start) is PASSED
        if holds != len(found) % 2:
            found.append(start)
    return tuple(found)


def judge(links: Sequence[Link], lists: Sequence[CheckedCrl], policy: AlgorithmPolicy, at: int) -> PathVerdict:
    """The verdict at one moment, in the order of EN 319 102-1 §5.2.6.4.

    (1) authorities are within their validity             RFC 5280 §6.1.3 (a)(2)
    (2) no authority was revoked, and that is known       RFC 5280 §6.1.3 (a)(3)
    (3) the signing certificate was not revoked           EN 319 102-1 §5.2.6.4: REVOKED_NO_POE
    (4) the moment is within its validity                 EN 319 102-1 §5.2.6.4: OUT_OF_BOUNDS_*
    (5) its revocation status is known and fresh          EN 319 102-1 §5.2.5: TRY_LATER
    (6) every algorithm of the path is still good         EN 319 102-1 §5.2.6.4: CRYPTO_CONSTRAINTS_FAILURE
    """
    for link in links[1:]:
        if not link.facts.not_before <= at <= link.facts.not_after:
            detail = f"{link.facts.subject} is not valid at that moment"
            return failed(AUTHORITY_VALIDITY, SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE, detail)
    for link, checked in zip(links[1:-1], lists[1:], strict=True):
        verdict = _authority_status(link.facts, checked, at)
        if verdict is not None:
            return verdict
    return _holder_status(links[0].facts, lists[0], at) or _algorithm_status(links, lists, policy, at) or PASSED


def _authority_status(authority: CertificateFacts, checked: CheckedCrl, at: int) -> PathVerdict | None:
    entry = checked.entry(authority.serial)
    if entry is not None and entry.at <= at and entry.reason != ON_HOLD:
        detail = f"{authority.subject} was revoked (CRLReason {entry.reason})"
        return failed(AUTHORITY_REVOCATION, SubIndication.REVOKED_CA_NO_POE, detail)
    unknown = _unknown_status(authority, checked, at)
    return failed(AUTHORITY_REVOCATION, SubIndication.TRY_LATER, f"{authority.subject}: {unknown}") if unknown else None


def _holder_status(holder: CertificateFacts, checked: CheckedCrl, at: int) -> PathVerdict | None:
    entry = checked.entry(holder.serial)
    if entry is not None and entry.at <= at and entry.reason != ON_HOLD:
        return failed(REVOCATION, SubIndication.REVOKED_NO_POE, f"the signing certificate was revoked (CRLReason {entry.reason})")
    if at < holder.not_before:
        return failed(VALIDITY, SubIndication.OUT_OF_BOUNDS_NO_POE, "the signing certificate is not yet valid at that moment")
    unknown = _unknown_status(holder, checked, at)
    if at > holder.not_after:
        # A list made while the certificate was valid would have named it; a later one may have dropped it (RFC 5280 §3.3).
        shown = not unknown and checked.facts is not None and checked.facts.this_update <= holder.not_after
        sub_indication = SubIndication.OUT_OF_BOUNDS_NOT_REVOKED if shown else SubIndication.OUT_OF_BOUNDS_NO_POE
        return failed(VALIDITY, sub_indication, "the signing certificate has expired at that moment")
    return failed(FRESHNESS, SubIndication.TRY_LATER, unknown) if unknown else None


def _unknown_status(certificate: CertificateFacts, checked: CheckedCrl, at: int) -> str:
    """Why the list at hand does not tell whether the certificate is good at that moment; empty when it does."""
    if checked.facts is None:
        return checked.unusable
    if not checked.facts.this_update <= at <= checked.facts.next_update:
        return "the revocation list at hand is not current"
    if checked.silent_about(certificate):
        return "the revocation list is older than the certificate"
    entry = checked.entry(certificate.serial)
    return "the certificate is on hold" if entry is not None and entry.at <= at else ""


def _algorithm_status(links: Sequence[Link], lists: Sequence[CheckedCrl], policy: AlgorithmPolicy, at: int) -> PathVerdict | None:
    """Signatures on certificates below the anchor and on their issuers' lists; the anchor's own signature proves nothing."""
    for link, issuer, checked in zip(links[:-1], links[1:], lists, strict=True):
        for algorithm in (link.algorithm, checked.algorithm):
            refusal = policy.refusal(algorithm, issuer.key, at)
            if refusal:
                return failed(ALGORITHMS, SubIndication.CRYPTO_CONSTRAINTS_FAILURE, refusal)
    return None
