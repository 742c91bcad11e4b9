"""X.509 certificate validation at the control time (EN 319 102-1 §5.2.6), over the prospective chains a judge gives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256

from signing.errors import FormatFailure
from signing.validation.ades.constraints import first_weakness
from signing.validation.ades.freshness import is_fresh
from signing.validation.ades.judge import Path, Role
from signing.validation.ades.outcome import Fault, Record
from signing.validation.ades.policy import ValidationPolicy
from signing.validation.ades.readings import certificate as certificate_of
from signing.validation.ades.subject import Surroundings
from signing.validation.report import Check, SubIndication
from signing.validation.rfc5280.names import text
from signing.validation.rfc5280.objects import Certificate
from signing.validation.verdicts import ChainVerdict, RevocationVerdict, Standing

CHAIN = Check("certificate-chain", True, "EN 319 102-1 §5.2.6.4 (2); RFC 5280 §6.1")
SUNSET = Check("anchor-sunset", True, "EN 319 102-1 §5.2.6.4")
PATH = Check("chain-structure", True, "EN 319 102-1 §5.2.6.4 (3) f; RFC 5280 §6.1")
AUTHORITY_REVOCATION = Check("authority-revocation", True, "EN 319 102-1 §5.2.6.4 (3) e")
REVOCATION = Check("revocation", True, "EN 319 102-1 §5.2.6.4 (3) b, c")
VALIDITY = Check("validity", True, "EN 319 102-1 §5.2.6.4 (1)")
AUTHORITY_VALIDITY = Check("authority-validity", True, "EN 319 102-1 §5.2.6.4 (3) f; RFC 5280 §6.1.3 (a)(2)")
ALGORITHMS = Check("chain-algorithms", True, "EN 319 102-1 §5.2.6.4 (6)")

_LATEST = datetime(9999, 1, 1, tzinfo=UTC)
_RANK = (
    SubIndication.REVOKED_NO_POE,
    SubIndication.REVOKED_CA_NO_POE,
    SubIndication.OUT_OF_BOUNDS_NOT_REVOKED,
    SubIndication.OUT_OF_BOUNDS_NO_POE,
    SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE,
    SubIndication.TRY_LATER,
    SubIndication.NO_CERTIFICATE_CHAIN_FOUND_NO_POE,
)
"""Of several chains that fail, one whose fault a proof of existence may cure is reported before others."""


@dataclass(frozen=True, slots=True)
class Certified:
    """What X.509 validation says: the chain looked at (empty if none), one revocation verdict per certificate below the anchor."""

    path: Path
    facts: tuple[Certificate, ...]
    revocation: tuple[RevocationVerdict, ...]
    faults: tuple[Fault, ...]
    checks: tuple[Check, ...]
    at: datetime

    @property
    def verdict(self) -> ChainVerdict:
        """The same in the terms of the contract."""
        first = self.faults[0].sub_indication if self.faults else None
        return ChainVerdict(first, self.checks, self.path, self.revocation, frozenset(), self.at)


def validate_certificate(certificate: Certificate, role: Role, around: Surroundings, record: Record) -> Certified:
    """The first prospective chain that holds at the control time; of those that do not, the one a proof of existence may yet help.

    The standard stops at the first fault of a chain; here all are kept, so that a proof that cures one does not hide another. In order:

    (1) a chain to an anchor exists                    NO_CERTIFICATE_CHAIN_FOUND
    (2) the anchor is trusted at the control time      NO_CERTIFICATE_CHAIN_FOUND_NO_POE
    (3) RFC 5280 §6.1 but for time and revocation      CERTIFICATE_CHAIN_GENERAL_FAILURE
    (4) no authority was revoked                       REVOKED_CA_NO_POE
    (5) the signer was not revoked, nor is suspended   REVOKED_NO_POE, TRY_LATER
    (6) the control time is within its validity        OUT_OF_BOUNDS_NOT_REVOKED, OUT_OF_BOUNDS_NO_POE
    (7) and within that of its authorities             CERTIFICATE_CHAIN_GENERAL_FAILURE
    (8) revocation is known, and freshly               TRY_LATER
    (9) the key is for this use                        CHAIN_CONSTRAINTS_FAILURE
    (10) all algorithms of the chain are accepted      CRYPTO_CONSTRAINTS_FAILURE(_NO_POE)
    """
    best: Certified | None = None
    best_record = record
    for path in around.judge.paths(certificate.der, around.evidence, role)[: around.policy.chain.max_candidates]:
        attempt = Record(record.policy)
        found = _on_path(path, role, around, attempt)
        if best is None or _order(found) < _order(best):
            best, best_record = found, attempt
        if not found.faults:
            break
    if best is None:
        detail = f"no chain from {text(certificate.subject)} to a trusted anchor can be built from what is at hand"
        fault = record.failed(Fault(CHAIN, SubIndication.NO_CERTIFICATE_CHAIN_FOUND, detail))
        return Certified((certificate.der,), (certificate,), (), (fault,), (fault.check,), around.at)
    record.checks.extend(best_record.checks)
    record.warnings.extend(best_record.warnings)
    record.information.extend(best_record.information)
    return best


def _order(certified: Certified) -> int:
    if not certified.faults:
        return -1
    first = certified.faults[0].sub_indication
    return _RANK.index(first) if first in _RANK else len(_RANK)


def _on_path(path: Path, role: Role, around: Surroundings, record: Record) -> Certified:
    try:
        facts = tuple(certificate_of(certificate) for certificate in path)
    except FormatFailure as failure:
        fault = record.failed(Fault(PATH, SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE, str(failure)))
        return Certified(path, (), (), (fault,), tuple(record.checks), around.at)
    record.passed(CHAIN)
    revocation = tuple(around.judge.revocation(path, depth, around.evidence, around.at) for depth in range(len(path) - 1))
    faults = tuple(_faults(path, facts, revocation, role, around, record))
    return Certified(path, facts, revocation, faults, tuple(record.checks), around.at)


def _faults(
    path: Path, facts: Sequence[Certificate], revocation: Sequence[RevocationVerdict], role: Role, around: Surroundings, record: Record
) -> Iterator[Fault]:
    """Steps (2) to (10) of :func:`validate_certificate`, each fault as it is found; (3) ends them."""
    structure = "" if len(path) > 1 else f"{text(facts[0].subject)} is an anchor, which signs nothing but certificates and lists"
    structure = structure or around.judge.path_fault(path)
    sunset = _sunset_fault(path, around)
    yield from _step(SUNSET, sunset and Fault(SUNSET, SubIndication.NO_CERTIFICATE_CHAIN_FOUND_NO_POE, sunset), record)
    if structure:
        yield record.failed(Fault(PATH, SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE, structure))
        return
    record.passed(PATH)
    revoked = {fault.step: fault for fault in _revoked(facts, revocation)}
    yield from _step(AUTHORITY_REVOCATION, revoked.get(AUTHORITY_REVOCATION), record)
    yield from _step(REVOCATION, revoked.get(REVOCATION), record)
    yield from _step(VALIDITY, _holder_validity(facts[0], revocation[0], around), record)
    yield from _step(AUTHORITY_VALIDITY, _authority_validity(facts, around), record)
    yield from _known_and_fresh(facts, revocation, around, record)
    usage = _usage(path, role, around, record)
    if usage is not None:
        yield usage
    yield from _step(ALGORITHMS, _algorithms(path, revocation, around), record)


def _step(step: Check, fault: Fault | str | None, record: Record) -> Iterator[Fault]:
    if isinstance(fault, Fault):
        yield record.failed(fault)
    else:
        record.passed(step)


def _sunset_fault(path: Path, around: Surroundings) -> str:
    sunset = anchor_sunset(path, around.policy)
    return f"the anchor is no longer trusted since {sunset:%Y-%m-%d}" if sunset is not None and around.at >= sunset else ""


def anchor_sunset(path: Path, policy: ValidationPolicy) -> datetime | None:
    """When trust in the anchor of a path ends or ended."""
    return policy.anchor_sunsets.get(sha256(path[-1]).digest())


def _revoked(facts: Sequence[Certificate], revocation: Sequence[RevocationVerdict]) -> Iterator[Fault]:
    """Steps (4) and (5): of several authorities the one revoked first, the signer; and whoever is suspended."""
    for depth, status in sorted(enumerate(revocation), key=lambda item: item[1].revoked_at or _LATEST, reverse=True):
        if status.standing in (Standing.GOOD, Standing.UNKNOWN):
            continue
        who = text(facts[depth].subject)
        if status.standing is Standing.REVOKED:
            detail = f"{who} was revoked at {_text(status.revoked_at)} ({status.reason or 'unspecified'})"
            if depth:
                yield Fault(AUTHORITY_REVOCATION, SubIndication.REVOKED_CA_NO_POE, detail, status.revoked_at, False, depth)
            else:
                yield Fault(REVOCATION, SubIndication.REVOKED_NO_POE, detail, status.revoked_at)
        elif status.standing is Standing.ON_HOLD:
            detail = f"{who} is suspended since {_text(status.revoked_at)}"
            step = AUTHORITY_REVOCATION if depth else REVOCATION
            yield Fault(step, SubIndication.TRY_LATER, detail, status.revoked_at, True, depth)


def _holder_validity(holder: Certificate, status: RevocationVerdict, around: Surroundings) -> Fault | None:
    """Step (6)."""
    at = int(around.at.timestamp())
    if at < holder.not_before:
        detail = f"{text(holder.subject)} is valid only from {_text(holder.not_before)}"
        return Fault(VALIDITY, SubIndication.OUT_OF_BOUNDS_NO_POE, detail)
    if at > holder.not_after:
        detail = f"{text(holder.subject)} expired after {_text(holder.not_after)}"
        return Fault(VALIDITY, _expired(holder, status), detail)
    return None


def _expired(holder: Certificate, status: RevocationVerdict) -> SubIndication:
    """Expired, and what became of it until then is known: the data must reach its end (a judge uses none that may have dropped it).

    One that was revoked is known to have been good until it was: that it was revoked is a fault of its own, and both must be cured.
    """
    reaches = status.until is not None and int(status.until.timestamp()) >= holder.not_after
    known = status.standing is Standing.REVOKED or (status.standing is Standing.GOOD and reaches)
    return SubIndication.OUT_OF_BOUNDS_NOT_REVOKED if known else SubIndication.OUT_OF_BOUNDS_NO_POE


def _authority_validity(facts: Sequence[Certificate], around: Surroundings) -> Fault | None:
    """Step (7)."""
    at = int(around.at.timestamp())
    for depth, authority in enumerate(facts[1:], 1):
        if not authority.not_before <= at <= authority.not_after:
            detail = f"{text(authority.subject)} is not valid at the control time"
            return Fault(AUTHORITY_VALIDITY, SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE, detail, None, False, depth)
    return None


def _known_and_fresh(
    facts: Sequence[Certificate], revocation: Sequence[RevocationVerdict], around: Surroundings, record: Record
) -> Iterator[Fault]:
    """Step (8), authorities first."""
    for depth in range(len(revocation) - 1, -1, -1):
        status = revocation[depth]
        unknown = (
            f"{text(facts[depth].subject)}: {status.detail or 'nothing is known of its revocation'}"
            if status.standing is Standing.UNKNOWN
            else ""
        )
        fault = record.weigh("revocation-known", unknown)
        if fault is None and status.standing is Standing.GOOD:
            stale = "" if is_fresh(status, around.policy, around.at) else f"{text(facts[depth].subject)}: {_stale(status)}"
            fault = record.weigh("revocation-freshness", stale)
        if fault is not None:
            yield replace(fault, certificate=depth)


def _stale(status: RevocationVerdict) -> str:
    return f"what is known of its revocation is from {_text(status.issued_at)} and no longer fresh"


def _usage(path: Path, role: Role, around: Surroundings, record: Record) -> Fault | None:
    """Step (9). The purpose of a time-stamping certificate cannot be weighed: RFC 3161 §2.3 leaves no choice."""
    detail = around.judge.usage_fault(path[0], role)
    if role is Role.SIGNER:
        return record.weigh("key-usage", detail)
    step = Check("timestamping-purpose", True, "RFC 3161 §2.3")
    return next(_step(step, Fault(step, SubIndication.CHAIN_CONSTRAINTS_FAILURE, detail) if detail else None, record), None)


def _algorithms(path: Path, revocation: Sequence[RevocationVerdict], around: Surroundings) -> Fault | None:
    """Step (10): every certificate below the anchor and the data on its status; the anchor's own signature proves nothing."""
    for depth, status in enumerate(revocation):
        materials = around.judge.protection(path, depth, status, around.evidence)
        weakness = first_weakness(around.policy, materials, around.at)
        if weakness is not None:
            return Fault(ALGORITHMS, weakness.sub_indication, weakness.detail, weakness.since, False, depth)
    return None


def _text(moment: datetime | int | None) -> str:
    if moment is None:
        return "an unknown instant"
    if isinstance(moment, int):
        moment = datetime.fromtimestamp(moment, UTC)
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
