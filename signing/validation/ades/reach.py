"""How each of the 25 sub-indications is reached by a CMS or PDF signature here, as data; the catalogue of faults has vectors for each."""

from __future__ import annotations

from collections.abc import Mapping

from signing.validation.report import SubIndication

S = SubIndication
REACHED: Mapping[SubIndication, str] = {
    S.FORMAT_FAILURE: "the content-type attribute names another type than the content has",
    S.HASH_FAILURE: "the content was changed",
    S.SIG_CRYPTO_FAILURE: "the signature value is another's",
    S.REVOKED: "the content was time-stamped after the signing certificate had been revoked",
    S.EXPIRED: "the content was time-stamped after the signing certificate had expired",
    S.NOT_YET_VALID: "the signature exists before its certificate is valid",
    S.SIG_CONSTRAINTS_FAILURE: "the policy requires B-T, the signature is B-B",
    S.CHAIN_CONSTRAINTS_FAILURE: "the signing certificate's only purpose is time-stamping",
    S.CERTIFICATE_CHAIN_GENERAL_FAILURE: "the policy requires a certificate policy that the chain does not have",
    S.CRYPTO_CONSTRAINTS_FAILURE: "the signature algorithm is not on the policy's list",
    S.POLICY_PROCESSING_ERROR: "the signer invokes a signature policy whose file cannot be read",
    S.SIGNATURE_POLICY_NOT_AVAILABLE: "the signer invokes a signature policy that nobody here knows",
    S.TIMESTAMP_ORDER_FAILURE: "the content was time-stamped after the signature over it",
    S.NO_SIGNING_CERTIFICATE_FOUND: "the signing certificate is not embedded and not at hand",
    S.NO_CERTIFICATE_CHAIN_FOUND: "the signing certificate leads to a root that is no anchor",
    S.NO_CERTIFICATE_CHAIN_FOUND_NO_POE: "trust in the anchor has ended, and nothing proves that the signature is older",
    S.REVOKED_NO_POE: "the signing certificate is revoked, and nothing proves that the signature is older",
    S.REVOKED_CA_NO_POE: "its issuer is revoked, and nothing proves that the signature is older",
    S.OUT_OF_BOUNDS_NOT_REVOKED: "the signing certificate has expired, not revoked until then, without proof that the signature is older",
    S.OUT_OF_BOUNDS_NO_POE: "the signing certificate has expired, and what became of it until then is not known",
    S.REVOCATION_OUT_OF_BOUNDS_NO_POE: "the issuer of the lists is not proven to have existed while its certificate was valid",
    S.CRYPTO_CONSTRAINTS_FAILURE_NO_POE: "the signature algorithm has ended, and nothing proves that the signature is older",
    S.NO_POE: "a time-stamp token from after the control time (the sub-indication of the token, and of time sliding)",
    S.TRY_LATER: "the newest revocation list is no longer fresh",
    S.SIGNED_DATA_NOT_FOUND: "a detached signature without its content",
}
"""Sub-indication → the vector that gives it."""

UNREACHED: Mapping[SubIndication, str] = {}
"""Sub-indication → why no CMS or PDF signature gives it; none is left."""
