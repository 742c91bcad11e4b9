"""Cryptographic verification (EN 319 102-1 §5.2.7): the digest of what was signed, and the signature value; one raw operation."""

from __future__ import annotations

from signing.algorithms import does_not_fit
from signing.validation.ades.outcome import Fault, Record
from signing.validation.ades.readings import algorithm_with, key_or_fault
from signing.validation.ades.subject import Signed
from signing.validation.report import Check, SubIndication
from signing.validation.rfc5280.objects import Certificate

DIGEST = Check("message-digest", True, "EN 319 102-1 §5.2.7; RFC 5652 §5.4")
SIGNATURE = Check("signature-value", True, "EN 319 102-1 §5.2.7; RFC 5652 §5.6")


def verify(signed: Signed, certificate: Certificate, record: Record) -> Fault | None:
    """The fault of digest or signature value, ``None`` when both hold.

    (1) the signed bytes are at hand                 SIGNED_DATA_NOT_FOUND
    (2) their digest is the one signed               HASH_FAILURE
    (3) the signature value holds under the key      SIG_CRYPTO_FAILURE

    An algorithm that is not known cannot be verified and was never accepted: CRYPTO_CONSTRAINTS_FAILURE, as acceptance would say.
    """
    signer = signed.signer
    digest = signed.content(signer.digest_algorithm)
    if digest is None:
        if signer.digest_algorithm.startswith("unknown:"):
            detail = f"the digest algorithm {signer.digest_algorithm} is not known"
            return record.failed(Fault(DIGEST, SubIndication.CRYPTO_CONSTRAINTS_FAILURE, detail))
        return record.failed(Fault(DIGEST, SubIndication.SIGNED_DATA_NOT_FOUND, "the bytes that were signed are not at hand"))
    if digest != signer.message_digest:
        counter = "the signature it stands under is not the one it was made over"
        detail = "the content is not the one that was signed" if signer.content_type else counter
        return record.failed(Fault(DIGEST, SubIndication.HASH_FAILURE, detail))
    record.passed(DIGEST)
    key = key_or_fault(certificate.spki)
    if isinstance(key, str):
        return record.failed(Fault(SIGNATURE, SubIndication.CRYPTO_CONSTRAINTS_FAILURE, f"the signing certificate's key {key}"))
    algorithm = algorithm_with(signer.signature_algorithm, key)
    if algorithm is None:
        name = signer.signature_algorithm
        misfit = f"the signature algorithm is known, but its parameters or its digest do not belong to it ({name.removeprefix('unknown:')})"
        detail = misfit if does_not_fit(name) else f"the signature algorithm {name} is not known"
        return record.failed(Fault(SIGNATURE, SubIndication.CRYPTO_CONSTRAINTS_FAILURE, detail))
    if algorithm.digest != signer.digest_algorithm or not key.verify(
        signer.signature, signer.signed_attributes or b"", algorithm, signed.purpose
    ):
        detail = "the signature value does not hold under the signing certificate's key"
        return record.failed(Fault(SIGNATURE, SubIndication.SIG_CRYPTO_FAILURE, detail))
    record.passed(SIGNATURE)
    return None
