"""Rows on signatures with time: read and validated in full after EN 319 102-1, against the other engine of that standard."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from benchmarks import pyhanko_peer
from benchmarks.measure import Contender, interleave, repeated
from benchmarks.rows import Peer, Row
from signing import parse_cms
from signing.formats.signed_data import read_strict
from signing.validation.ades.door import validate
from signing.validation.ades.policy_file import load_policy
from signing.validation.ades.rfc5280_judge import Rfc5280Judge
from tests.signing.ades.lab import DAY, World
from tests.signing.lab import AT, CONTENT, DIGEST

PYHANKO_CHECKS = (
    "ades_with_time_validation: content-type, message-digest, ESS when present, signature",
    "path and CRLs of signer and time-stamping unit at the control time (`require`), made anew each time from parsed CRLs",
    "message imprint, signature and path of the token",
    "best signature time against revocation",
)


def rows(slice_seconds: float) -> Iterator[Row]:
    """B-T with a P-256 signer and unit: reading, signature, token, both chains with their lists; lists parsed once on both sides."""
    world = World.make("benchmarks")
    data, at, policy = world.t(), AT + DAY, load_policy("etsi-baseline")
    evidence, judge = world.evidence(at), Rfc5280Judge(policy)
    (claim,) = read_strict(data, CONTENT)
    verdict = validate(claim, evidence, at, policy, judge=judge)

    def ours() -> None:
        (found,) = read_strict(data, CONTENT)
        assert validate(found, evidence, at, policy, judge=judge).passed

    def without_reading() -> None:
        assert validate(claim, evidence, at, policy, judge=judge).passed

    def two_raw() -> None:
        key.verify(signature, attributes, algorithm)
        key.verify(signature, attributes, algorithm)

    key, signature, attributes, algorithm = _raw(world)
    contenders = [Contender("raw", repeated(two_raw)), Contender("ours", repeated(ours)), Contender("validated", repeated(without_reading))]
    if not pyhanko_peer.ABSENT:
        contenders.append(Contender(pyhanko_peer.NAME, _with_time(world, data)))
    rates = interleave(contenders, slice_seconds)
    yield Row(
        name="validate CAdES-B-T after EN 319 102-1, P-256, from bytes; chains and lists of the day kept",
        unit="signatures",
        limit=rates["raw"].median,
        limit_is="two P-256 verifications: signature and token",
        ours=rates["ours"],
        checks=tuple(f"{check.name} ({check.clause})" for check in (*verdict.checks, *verdict.tokens[0].checks)),
        peer=Peer(pyhanko_peer.NAME, rates.get(pyhanko_peer.NAME), PYHANKO_CHECKS, pyhanko_peer.ABSENT),
        remarks=(f"without reading the bytes: {rates['validated'].median:,.0f} signatures/s",),
    )


def _raw(world: World) -> tuple[Any, bytes, bytes, Any]:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.hashes import SHA256

    message = parse_cms(world.b())
    key = x509.load_der_x509_certificate(world.signer.certificate_der).public_key()
    return key, message.signature, message.signed_attributes, ec.ECDSA(SHA256())


def _with_time(world: World, data: bytes) -> Callable[[int], None]:
    """A batch of pyHanko's validations with time; its trust and parsed lists are made once."""
    from asn1crypto import cms, crl, x509
    from pyhanko.sign.ades.report import AdESPassed
    from pyhanko.sign.validation.ades import ades_with_time_validation
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

    at = AT + DAY
    roots = SimpleTrustManager.build(trust_roots=[x509.Certificate.load(world.owner.root.certificate_der)])
    lists = [CRLContainer(crl.CertificateList.load(one)) for one in world.owner.crls(at)]
    spec = SignatureValidationSpec(
        cert_validation_policy=CertValidationPolicySpec(roots, CertRevTrustPolicy(REQUIRE_REVINFO), time_tolerance=timedelta(0)),
        revinfo_gathering_policy=RevocationInfoGatheringSpec(RevinfoOnlineFetchingRule.LOCAL_ONLY),
        local_knowledge=LocalKnowledge(known_crls=lists),
    )
    timing = ValidationTimingInfo(at, at, point_in_time_validation=True)

    async def many(count: int) -> None:
        for _ in range(count):
            content = cms.ContentInfo.load(data)["content"]
            result = await ades_with_time_validation(content, spec, timing_info=timing, raw_digest=DIGEST)
            assert result.ades_subindic is AdESPassed.OK

    return lambda count: asyncio.run(many(count))
