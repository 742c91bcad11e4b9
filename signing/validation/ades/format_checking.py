"""Format checking (EN 319 102-1 §5.2.2): the shape that a signature over signed attributes must have, and what deviations cost."""

from __future__ import annotations

from signing.formats.claims import SignerClaim
from signing.validation.ades.outcome import Fault, Record
from signing.validation.report import Check, SubIndication

FORMAT = Check("format", True, "EN 319 102-1 §5.2.2; RFC 5652 §5.3")
ATTRIBUTES = Check("signed-attributes", True, "EN 319 122-1 §5.1.1; draft-ietf-lamps-cms-euf-cma-signeddata")
CONTENT_TYPE = Check("content-type", True, "RFC 5652 §5.6, §11.1")
DIGEST_ATTRIBUTE = Check("message-digest-attribute", True, "RFC 5652 §11.2")


def check_format(signer: SignerClaim, record: Record) -> Fault | None:
    """The first breach of the format, ``None`` when there is none that counts.

    (1) signed attributes are there                              RFC 5652 §5.3
    (2) content-type is there and names the content's type       RFC 5652 §11.1; not asked of a counter-signature (§11.4)
    (3) message-digest is there                                  RFC 5652 §11.2
    (4) algorithm protection, where present, agrees              RFC 6211
    (5) deviations a tolerant reader went past, at their cost
    """
    for step, detail in (
        (ATTRIBUTES, "" if signer.signed_attributes is not None else "there are no signed attributes: the signature covers bare content"),
        (CONTENT_TYPE, _content_type_fault(signer)),
        (DIGEST_ATTRIBUTE, "" if signer.message_digest is not None else "the message-digest attribute is missing"),
    ):
        if detail:
            return record.failed(Fault(step, SubIndication.FORMAT_FAILURE, detail))
        record.passed(step)
    protected = signer.algorithm_protection
    disagrees = "CMSAlgorithmProtection names other algorithms than the SignerInfo" if protected is False else ""
    absent = "" if protected is not None else "CMSAlgorithmProtection is absent"
    return (
        record.weigh("algorithm-protection", disagrees)
        or record.weigh("algorithm-protection-present", absent)
        or _deviations(signer, record)
    )


def _content_type_fault(signer: SignerClaim) -> str:
    if not signer.content_type:
        return ""
    if signer.content_type_attribute is None:
        return "the content-type attribute is missing"
    if signer.content_type_attribute != signer.content_type:
        return f"the content-type attribute says {signer.content_type_attribute}, the content is {signer.content_type}"
    return ""


def _deviations(signer: SignerClaim, record: Record) -> Fault | None:
    for rule, clause in signer.deviations:
        severity = record.policy.cost_of_deviation(rule, clause)
        fault = record.cost(Check("encoding", True, clause), severity, rule, SubIndication.FORMAT_FAILURE)
        if fault is not None:
            return fault
    record.passed(FORMAT)
    return None
