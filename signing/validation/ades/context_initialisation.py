"""Validation context initialisation (EN 319 102-1 §5.2.4): which policy an explicit signature policy asks for."""

from __future__ import annotations

from signing.formats.claims import SignerClaim
from signing.validation.ades.outcome import Fault, Record
from signing.validation.ades.policy import ValidationPolicy
from signing.validation.report import Check, SubIndication

CONTEXT = Check("signature-policy", True, "EN 319 102-1 §5.2.4")


def choose_policy(signer: SignerClaim, record: Record) -> ValidationPolicy | Fault:
    """The policy to validate under: the caller's, or the one it holds for the explicit policy the signer invokes.

    (1) no explicit policy: the caller's
    (2) one that is not known: SIGNATURE_POLICY_NOT_AVAILABLE at its cost, else the caller's
    (3) one that is known and cannot be processed: POLICY_PROCESSING_ERROR
    """
    identifier = signer.policy_id
    if identifier is None:
        record.passed(CONTEXT)
        return record.policy
    chosen = record.policy.signature_policies.get(identifier)
    if isinstance(chosen, str):
        return record.failed(Fault(CONTEXT, SubIndication.POLICY_PROCESSING_ERROR, f"signature policy {identifier}: {chosen}"))
    unknown = "" if chosen is not None else f"the signer invokes signature policy {identifier}, which is not known here"
    fault = record.weigh("explicit-policy", unknown)
    if fault is not None:
        return fault
    return chosen or record.policy
