"""Validation of signatures with time and with long-term data (EN 319 102-1 §5.5): time-stamps set the best signature time, which cures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from signing.formats.claims import Level, SignatureClaim
from signing.validation.ades.acceptance import accept_algorithms, accept_claimed_time, weakness_of
from signing.validation.ades.basic import Basic, concerns_signature, validate_basic
from signing.validation.ades.existence import Existence, of_signature
from signing.validation.ades.freshness import is_fresh
from signing.validation.ades.outcome import Fault, Record
from signing.validation.ades.subject import Signed, Surroundings, tokens_of
from signing.validation.ades.timestamps import Stamped, order_fault, validate_token
from signing.validation.ades.x509 import VALIDITY, Certified
from signing.validation.report import Check, SubIndication
from signing.validation.rfc5280.objects import Certificate
from signing.validation.verdicts import ProofOfExistence

NOT_BEFORE = Check("signature-after-issuance", True, "EN 319 102-1 §5.5.4 (4) b")
_GATES = {
    "content-time-stamp": "content-timestamps",
    "signature-time-stamp": "signature-timestamps",
    "archive-time-stamp": "archive-timestamps",
}
_CURED = "; cured: the signature is proven to have existed at "


@dataclass(frozen=True, slots=True)
class WithTime:
    """What is known after §5.5: what is left of the basic faults, every token as it stands, and the best signature time."""

    basic: Basic
    tokens: tuple[Stamped, ...]
    best: ProofOfExistence

    @property
    def fault(self) -> Fault | None:
        """The fault to report, ``None`` when the signature passed."""
        return self.basic.fault


def validate_with_time(claim: SignatureClaim, signed: Signed, around: Surroundings, existence: Existence, record: Record) -> WithTime:
    """The signature at the control time, with the help of its signature time-stamps and of proofs from outside.

    (1) the basic validation                                                §5.3
    (2) each token: a content time-stamp may turn "no proof" into proof     §5.3.4
    (3) the earliest that holds is the best signature time                  §5.5.4 (3)
    (4) faults that a signature of that time does not have are cured        §5.5.4 (4), (6), (7)
    (5) order of tokens, claimed time, delay                                §5.5.4 (4) e, (5)
    (6) algorithms at the best signature time                               §5.5.4 (8)
    """
    basic = validate_basic(claim, signed, around, record)
    around = replace(around, policy=basic.policy)
    tokens = tuple(validate_token(token, kind, around) for token, kind in tokens_of(claim))
    best = best_proof(claim, tokens, existence)
    if basic.fatal is None:
        basic = _with_content_timestamps(basic, tokens, record)
    if basic.fatal is None and basic.certificate is not None and basic.certified is not None:
        basic = _cure(signed, basic, basic.certificate, basic.certified, best, around, record)
    return WithTime(basic, tokens, best)


def best_proof(claim: SignatureClaim, tokens: Sequence[Stamped], existence: Existence) -> ProofOfExistence:
    """The earliest proof that the signature value existed: a time-stamp over it that holds, a proof from outside, or the control time.

    In a PDF a document time-stamp serves as signature time-stamp (EN 319 142-1 §6.3), so what counts is what a token covers.
    """
    value = of_signature(claim)
    over = [one for one in tokens if one.holds and (one.kind == "signature-time-stamp" or value in one.token.covers)]
    proofs = [ProofOfExistence(value, one.token.generated_at, one.kind, one.verdict().token_sha256) for one in over]
    return min((existence.of(value), *proofs), key=lambda proof: proof.at)


def check_surroundings(claim: SignatureClaim, tokens: Sequence[Stamped], best: ProofOfExistence, record: Record) -> Fault | None:
    """What the policy asks of the tokens, their order and the claimed time, once it is known which of them hold."""
    for stamped in tokens:
        fault = _weigh_token(stamped, record)
        if fault is not None:
            return fault
    held = [(stamped.token, stamped.kind) for stamped in tokens if stamped.holds]
    fault = record.weigh("timestamp-order", order_fault(held)) or _weigh_level(claim, tokens, record)
    return fault or accept_claimed_time(claim.signer, best.at, best.source != "control-time", record)


def _weigh_token(stamped: Stamped, record: Record) -> Fault | None:
    """What a token that does not hold costs; one from after the control time is not there yet."""
    fault = stamped.basic.fault
    if fault is None or fault.sub_indication is SubIndication.NO_POE:
        return None
    return record.weigh(
        "timestamps-intact" if stamped.broken else _GATES[stamped.kind], f"{stamped.kind}: {fault.detail}", fault.sub_indication
    )


def _weigh_level(claim: SignatureClaim, tokens: Sequence[Stamped], record: Record) -> Fault | None:
    """A level above B-B is reached by a time-stamp; one that is broken, or of nobody known, is none."""
    required = record.policy.required_level
    if required is Level.B or claim.level is Level.B or any(not one.broken for one in tokens if one.kind != "content-time-stamp"):
        return None  # nothing to weigh, or the form was found short before
    return record.weigh("level", f"the signature has the form of {claim.level}, but no time-stamp that counts; {required} is required")


def _with_content_timestamps(basic: Basic, tokens: Sequence[Stamped], record: Record) -> Basic:
    """A content time-stamp that holds proves the signature younger: revoked or expired by then, it never was good (§5.3.4 (4))."""
    youngest = max((one.token.generated_at for one in tokens if one.holds and one.kind == "content-time-stamp"), default=None)
    holder = basic.certificate
    if youngest is None or holder is None:
        return basic
    for fault in basic.faults:
        if fault.sub_indication is SubIndication.REVOKED_NO_POE and fault.moment is not None and youngest >= fault.moment:
            detail = f"{fault.detail}, and the signature was made later: its content was time-stamped at {youngest.isoformat()}"
            return replace(basic, fatal=record.failed(replace(fault, sub_indication=SubIndication.REVOKED, detail=detail)))
        if fault.step == VALIDITY and youngest > datetime.fromtimestamp(holder.not_after, UTC):
            detail = f"{fault.detail}, and the signature was made later: its content was time-stamped at {youngest.isoformat()}"
            return replace(basic, fatal=record.failed(replace(fault, sub_indication=SubIndication.EXPIRED, detail=detail)))
    return basic


def _cure(
    signed: Signed, basic: Basic, holder: Certificate, certified: Certified, proof: ProofOfExistence, around: Surroundings, record: Record
) -> Basic:
    """Steps (4) and (6)."""
    early, best = not_yet_valid(holder, proof, around), proof.at
    if early is not None:
        return replace(basic, fatal=record.failed(early), faults=())
    left = []
    for fault in basic.faults:
        changed = _at_best_time(fault, signed, holder, certified, best, record)
        if changed is None:
            mark_cured(record, fault, best)
        else:
            left.append(changed)
    if left or not basic.faults:
        return replace(basic, faults=tuple(left))
    weak = accept_algorithms(signed.signer, holder, Record(record.policy), best)
    return replace(basic, faults=() if weak is None else (record.failed(weak),))


def not_yet_valid(holder: Certificate, best: ProofOfExistence, around: Surroundings) -> Fault | None:
    """A signature proven to be older than its certificate (§5.5.4 (4) a, b, d).

    The standard's control time is the present, at which the signature is at hand. A moment that is only asked about proves nothing: then
    the fault of §5.2.6.4 (1) stands.
    """
    if int(best.at.timestamp()) >= holder.not_before or (around.asked and best.source == "control-time"):
        return None
    return Fault(NOT_BEFORE, SubIndication.NOT_YET_VALID, "the signature existed before its certificate was valid")


def mark_cured(record: Record, fault: Fault, best: datetime) -> None:
    """Turn the failed step into one that passed, saying what cured it."""
    cured = Check(fault.step.name, True, fault.step.clause, f"{fault.detail}{_CURED}{best.isoformat()}")
    record.checks[:] = [cured if check == fault.check else check for check in record.checks]


def _at_best_time(fault: Fault, signed: Signed, holder: Certificate, certified: Certified, best: datetime, record: Record) -> Fault | None:
    """The fault as it stands for a signature of that time: gone, the same, or another."""
    expired = int(best.timestamp()) > holder.not_after
    match fault.sub_indication:
        case SubIndication.REVOKED_NO_POE | SubIndication.REVOKED_CA_NO_POE:
            # Strictly before: of two events in one second nobody knows the order, and the proof must not be needed to.
            if fault.moment is None or best >= fault.moment:
                return fault
            return replace(fault, sub_indication=SubIndication.OUT_OF_BOUNDS_NOT_REVOKED) if expired else None
        case SubIndication.OUT_OF_BOUNDS_NOT_REVOKED:
            return fault if expired else None
        case SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE if concerns_signature(fault):
            return fault if weakness_of(signed.signer, holder, record, best) else None
        case SubIndication.TRY_LATER if fault.suspended:
            return None if fault.moment is not None and best < fault.moment else fault
        case SubIndication.TRY_LATER if fault.certificate < len(certified.revocation):
            return None if is_fresh(certified.revocation[fault.certificate], record.policy, best) and _good(certified, fault) else fault
        case _:
            return fault


def _good(certified: Certified, fault: Fault) -> bool:
    return certified.revocation[fault.certificate].standing == "good"
