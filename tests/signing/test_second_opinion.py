"""A second engine of EN 319 102-1 on the same bytes agrees on every verdict, but for the differences written down with their reason."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from asn1crypto import cms
from asn1crypto import crl as asn1_crl
from asn1crypto import x509 as asn1_x509

from signing import Authority, Holder, Indication, Pki, Purpose, Validator, parse_cms
from tests.judges import needs_pyhanko
from tests.signing.lab import AT, DIGEST, PERSON, VN, chain_of, good_attributes, new_pki, signed, signed_data, signer_info

Case = tuple[Pki, Holder, bytes, datetime]


def _case(at: datetime = AT, *, digest: bytes = DIGEST, gone: bool = False, **changes: datetime) -> Callable[[], Case]:
    def build() -> Case:
        owner = new_pki("second", revoked_authorities=((Authority.STATE, AT - timedelta(days=9)),) if gone else ())
        holder = owner.issue(replace(PERSON, **changes))  # type: ignore[arg-type]
        return owner, holder, signed(holder, digest), at

    return build


def _foreign() -> Case:
    holder = new_pki("foreign").issue(PERSON)
    return new_pki("second"), holder, signed(holder), AT


def _broken() -> Case:
    owner = new_pki("second")
    holder = owner.issue(PERSON)
    other = parse_cms(signed(holder, bytes(32))).signature
    return owner, holder, signed_data([signer_info(holder, good_attributes(holder.certificate_der), signature=other)], chain_of(holder)), AT


CASES = {
    "good": _case(),
    "other content": _case(digest=bytes(32)),
    "broken signature": _broken,
    "revoked": _case(revoked_at=datetime(2021, 9, 1, tzinfo=VN)),
    "revoked and expired": _case(revoked_at=datetime(2021, 9, 1, tzinfo=VN), not_after=datetime(2021, 9, 10, tzinfo=VN)),
    "expired": _case(not_after=datetime(2021, 9, 1, tzinfo=VN)),
    "not yet valid": _case(not_before=AT + timedelta(days=1)),
    "authority revoked": _case(gone=True),
    "foreign root": _foreign,
}

DIFFERENCES = {
    # Both facts are true; EN 319 102-1 §5.2.6.4 looks at revocation first, certvalidator at validity.
    "revoked and expired": "OUT_OF_BOUNDS_NO_POE",
    # certvalidator has no verdict of its own for this end of the validity; the standard speaks of the validity range as a whole.
    "not yet valid": "CERTIFICATE_CHAIN_GENERAL_FAILURE",
}
"""Case → what the other engine says instead."""


@needs_pyhanko
@pytest.mark.parametrize("name", CASES)
def test_second_engine(name: str) -> None:
    """Indication and sub-indication are the same in both engines, or the other's is the one written down."""
    owner, holder, data, at = CASES[name]()
    report = Validator(owner.trust_store()).validate(data, DIGEST, at, Purpose.LETTER)
    ours = report.sub_indication and str(report.sub_indication)
    assert ours != DIFFERENCES.get(name, "")
    assert _pyhanko(owner, holder, data, at) == (report.indication, DIFFERENCES.get(name, ours))


def _pyhanko(owner: Pki, holder: Holder, data: bytes, at: datetime) -> tuple[Indication, str | None]:
    from pyhanko.sign.ades.report import AdESStatus
    from pyhanko.sign.validation.ades import ades_basic_validation
    from pyhanko.sign.validation.policy_decl import (
        LocalKnowledge,
        RevinfoOnlineFetchingRule,
        RevocationInfoGatheringSpec,
        SignatureValidationSpec,
    )
    from pyhanko_certvalidator.context import CertValidationPolicySpec
    from pyhanko_certvalidator.ltv.types import ValidationTimingInfo
    from pyhanko_certvalidator.policy_decl import REQUIRE_REVINFO, CertRevTrustPolicy
    from pyhanko_certvalidator.registry import SimpleTrustManager
    from pyhanko_certvalidator.revinfo.archival import CRLContainer

    roots = SimpleTrustManager.build(trust_roots=[asn1_x509.Certificate.load(owner.root.certificate_der)])
    spec = SignatureValidationSpec(
        cert_validation_policy=CertValidationPolicySpec(roots, CertRevTrustPolicy(REQUIRE_REVINFO), time_tolerance=timedelta(0)),
        revinfo_gathering_policy=RevocationInfoGatheringSpec(RevinfoOnlineFetchingRule.LOCAL_ONLY),
        local_knowledge=LocalKnowledge(known_crls=[CRLContainer(asn1_crl.CertificateList.load(crl)) for crl in owner.crls(at)]),
    )
    timing = ValidationTimingInfo(validation_time=at, best_signature_time=at, point_in_time_validation=True)
    content = cms.ContentInfo.load(data)["content"]
    result = asyncio.run(ades_basic_validation(content, spec, timing_info=timing, raw_digest=DIGEST))
    indication = {
        AdESStatus.PASSED: Indication.TOTAL_PASSED,
        AdESStatus.FAILED: Indication.TOTAL_FAILED,
        AdESStatus.INDETERMINATE: Indication.INDETERMINATE,
    }[result.ades_subindic.status]
    return indication, None if indication is Indication.TOTAL_PASSED else result.ades_subindic.standard_name
