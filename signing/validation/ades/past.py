"""Past certificate and past signature validation (EN 319 102-1 §5.6.2.1, §5.6.2.4)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256

from signing.errors import FormatFailure
from signing.validation.ades.acceptance import weakness_of
from signing.validation.ades.basic import Basic
from signing.validation.ades.constraints import digest_weakness, signature_weakness
from signing.validation.ades.existence import Existence
from signing.validation.ades.freshness import is_fresh
from signing.validation.ades.judge import Path, Role
from signing.validation.ades.outcome import CURABLE, Fault, Record
from signing.validation.ades.readings import certificate as certificate_of
from signing.validation.ades.subject import Signed, Surroundings
from signing.validation.ades.time_sliding import Slid, slide
from signing.validation.ades.timestamps import IMPRINT_ALGORITHM
from signing.validation.ades.with_time import not_yet_valid
from signing.validation.ades.x509 import AUTHORITY_VALIDITY
from signing.validation.report import Check, SubIndication
from signing.validation.rfc5280.names import text
from signing.validation.rfc5280.objects import Certificate

PAST = Check("past-validation", True, "EN 319 102-1 §5.6.2.4.4")


@dataclass(frozen=True, slots=True)
class PastChain:
    """A chain that was good until ``slid.control``."""

    path: Path
    facts: tuple[Certificate, ...]
    slid: Slid


@dataclass(frozen=True, slots=True)
class Past:
    """What past signature validation says: the chain it rests on and no fault, or the fault that stays."""

    fault: Fault | None
    chain: PastChain | None


def may_help(basic: Basic) -> bool:
    """Whether past validation can help: nothing fatal, and every fault one of time (§5.6.3.4 step 3).

    An authority that is out of its validity is one of them where the signer's certificate is too: in the shell model they end together.
    """
    return basic.fatal is None and bool(basic.faults) and all(_of_time(fault) for fault in basic.faults)


def _of_time(fault: Fault) -> bool:
    return fault.sub_indication in CURABLE or fault.step == AUTHORITY_VALIDITY


def validate_past(signed: Signed, basic: Basic, existence: Existence, around: Surroundings, imprint_algorithm: str | None = None) -> Past:
    """Whether a signature that does not hold at the control time is proven to have been made while it did: then there is no fault.

    (1) its chain was good until some instant                                   §5.6.2.1, else the present fault stays
    (2) the signature value is proven to have existed by then                   else the present fault stays
    (3) and when the certificate was valid                                      NOT_YET_VALID, or the present fault
    (4) each present fault is one that a signature of that time does not have
    (5) the certificate that speaks on revocation existed while it was valid    REVOCATION_OUT_OF_BOUNDS_NO_POE
    """
    present, holder = basic.fault, basic.certificate
    if present is None or holder is None:
        return Past(present, None)
    chain = past_certificate(holder, signed.role, existence, around)
    if isinstance(chain, Fault):
        return Past(_explained(present, chain.detail), None)
    signature = sha256(signed.signer.signature).digest()
    proof = existence.of(signature)
    best = proof.at
    if best > chain.slid.control:
        detail = (
            f"the chain was good until {chain.slid.control.isoformat()}, the signature is proven to have existed only at {best.isoformat()}"
        )
        return Past(_explained(present, detail), chain)
    early = not_yet_valid(holder, proof, around)
    if early is not None:
        return Past(early, chain)
    for fault in basic.faults:
        left = _at_best_time(fault, signed, chain, best, existence, around, imprint_algorithm)
        if left is not None:
            return Past(left, chain)
    return Past(_issuer_fault(chain, existence), chain)


def past_certificate(certificate: Certificate, role: Role, existence: Existence, around: Surroundings) -> PastChain | Fault:
    """The chain that was good longest (§5.6.2.1.4), or why none was; of several faults the first chain's."""
    best: PastChain | None = None
    first: Fault | None = None
    for path in around.judge.paths(certificate.der, around.evidence, role)[: around.policy.chain.max_candidates]:
        found = _past_path(path, role, existence, around)
        if isinstance(found, Fault):
            first = first or found
        elif best is None or found.slid.control > best.slid.control:
            best = found
    nothing = Fault(PAST, SubIndication.NO_CERTIFICATE_CHAIN_FOUND, "no chain to a trusted anchor can be built")
    return best or first or nothing


def _past_path(path: Path, role: Role, existence: Existence, around: Surroundings) -> PastChain | Fault:
    try:
        facts = tuple(certificate_of(certificate) for certificate in path)
    except FormatFailure as failure:
        return Fault(PAST, SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE, str(failure))
    below = facts[:-1] or facts
    apart = max(one.not_before for one in below) > min(one.not_after for one in below)
    fault = "the validity periods of the chain have no instant in common" if apart else around.judge.path_fault(path)
    if fault or len(path) < 2:
        return Fault(PAST, SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE, fault or "an anchor signs nothing but certificates and lists")
    slid = slide(path, facts, existence, around)
    if isinstance(slid, Fault):
        return slid
    usage = around.judge.usage_fault(path[0], role)
    if usage and role is Role.TIMESTAMPING:
        return Fault(PAST, SubIndication.CHAIN_CONSTRAINTS_FAILURE, usage)
    return PastChain(path, facts, slid)


def _at_best_time(
    fault: Fault,
    signed: Signed,
    chain: PastChain,
    best: datetime,
    existence: Existence,
    around: Surroundings,
    imprint_algorithm: str | None,
) -> Fault | None:
    """Steps (3) and (4) for one fault; the sliding has already seen to revocation and to the algorithms of the chain."""
    holder = chain.facts[0]
    within = int(best.timestamp()) <= holder.not_after
    match fault.sub_indication:
        case SubIndication.OUT_OF_BOUNDS_NO_POE | SubIndication.OUT_OF_BOUNDS_NOT_REVOKED:
            return None if within else fault
        case SubIndication.NO_CERTIFICATE_CHAIN_FOUND_NO_POE:
            return None if within else replace(fault, sub_indication=SubIndication.OUT_OF_BOUNDS_NO_POE)
        case SubIndication.REVOKED_CA_NO_POE if not _status_proven_before(fault, chain, existence):
            return _explained(fault, "what is known of the signer's revocation is not proven to be older than the authority's")
        case SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE:
            return _algorithm_fault(fault, signed, chain, best, existence, around, imprint_algorithm)
        case SubIndication.TRY_LATER if not fault.suspended and fault.certificate < len(chain.slid.revocation):
            status = chain.slid.revocation[fault.certificate]
            return None if is_fresh(status, around.policy, best) else fault
        case _ if fault.step == AUTHORITY_VALIDITY:
            return None
        case _:
            return None if within else replace(fault, sub_indication=SubIndication.OUT_OF_BOUNDS_NOT_REVOKED)


def _status_proven_before(fault: Fault, chain: PastChain, existence: Existence) -> bool:
    """Whether the data on the signer's status existed at or before the authority's revocation (step 3, REVOKED_CA_NO_POE a)."""
    artefact = chain.slid.revocation[0].artefact_sha256
    return artefact is not None and fault.moment is not None and existence.by(artefact, fault.moment)


def _algorithm_fault(
    fault: Fault,
    signed: Signed,
    chain: PastChain,
    best: datetime,
    existence: Existence,
    around: Surroundings,
    imprint_algorithm: str | None,
) -> Fault | None:
    """Step (4): each material concerned existed before its algorithm ended."""
    if fault.step == IMPRINT_ALGORITHM:
        return fault if imprint_algorithm is None or digest_weakness(around.policy, imprint_algorithm, best) else None
    if weakness_of(signed.signer, chain.facts[0], Record(around.policy), best):
        return fault
    for depth, status in enumerate(chain.slid.revocation):
        materials = around.judge.protection(chain.path, depth, status, around.evidence)
        objects = (chain.facts[depth].sha256, status.artefact_sha256)
        for material, one in zip(materials, objects, strict=False):
            if one is not None and signature_weakness(around.policy, material, existence.of(one).at):
                return fault
    return None


def _issuer_fault(chain: PastChain, existence: Existence) -> Fault | None:
    """Step (5). An anchor is trusted, whenever it is proven to have existed."""
    if len(chain.path) == 2:
        return None
    issuer = chain.facts[1]
    if int(existence.of(issuer.sha256).at.timestamp()) <= issuer.not_after:
        return None
    detail = f"the certificate of {text(issuer.subject)} is not proven to have existed while it was valid"
    return Fault(PAST, SubIndication.REVOCATION_OUT_OF_BOUNDS_NO_POE, detail, None, False, 1)


def _explained(fault: Fault, detail: str) -> Fault:
    return replace(fault, detail=f"{fault.detail}; {detail}" if fault.detail else detail)
