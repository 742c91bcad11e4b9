"""Rows on signatures with time: read and validated in full after EN 319 102-1, against the other engine of that standard."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from benchmarks import openssl_peer, pyhanko_peer
from benchmarks.measure import Contender, interleave, repeated
from benchmarks.rows import Peer, Row
from benchmarks.subjects import raw_verify
from signing import Pki, Validator, parse_cms, parse_token
from signing.formats.signed_data import read_strict
from signing.pki.timestamp import make_token
from signing.validation.ades.door import validate
from signing.validation.ades.policy_file import load_policy
from signing.validation.ades.rfc5280_judge import Rfc5280Judge
from signing.validation.stamps import CHECKS as STAMP_CHECKS
from tests.signing.ades.lab import DAY, World
from tests.signing.formats.lab import POLICY, tsa
from tests.signing.lab import AT, CONTENT, DIGEST, new_pki

PYHANKO_CHECKS = (
    "ades_with_time_validation: content-type, message-digest, ESS when present, signature",
    "path and CRLs of signer and time-stamping unit at the control time (`require`), made anew each time from parsed CRLs",
    "message imprint, signature and path of the token",
    "best signature time against revocation",
)


PYHANKO_STAMP_CHECKS = (
    "validate_tst_signed_data: message imprint, content-type, message-digest, ESS when present, signature",
    "extended key usage timeStamping",
    "path of the unit at the moment: anchors, authorities and parsed CRLs reused, its verdict on the path made anew each time (`require`)",
)


def rows(slice_seconds: float) -> Iterator[Row]:
    """Validation with time, and a time-stamp by itself."""
    yield _with_time(slice_seconds)
    yield _stamp(slice_seconds)


def _with_time(slice_seconds: float) -> Row:
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
        contenders.append(Contender(pyhanko_peer.NAME, _pyhanko_with_time(world, data)))
    rates = interleave(contenders, slice_seconds)
    return Row(
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


def _pyhanko_with_time(world: World, data: bytes) -> Callable[[int], None]:
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


def _stamp(slice_seconds: float) -> Row:
    """One RFC 3161 token with a P-256 unit over a digest, from its bytes."""
    owner, digest = new_pki("benchmarks/stamps"), sha256(CONTENT).digest()
    unit = tsa("benchmarks", lambda: owner)
    token, at, trust = make_token(unit, digest, at=AT, serial=1, policy=POLICY), AT + timedelta(minutes=5), owner.trust_store()
    validator = Validator(trust)

    def ours() -> None:
        assert validator.validate_stamp(token, digest, at).passed

    def anew() -> None:
        assert Validator(trust).validate_stamp(token, digest, at).passed

    message = parse_token(token).message
    report = validator.validate_stamp(token, digest, at).report
    contenders = [
        Contender("raw", repeated(raw_verify(unit, message))),
        Contender("ours", repeated(ours)),
        Contender("anew", repeated(anew)),
    ]
    if not pyhanko_peer.ABSENT:
        contenders.append(Contender(pyhanko_peer.NAME, _pyhanko_stamp(owner, token, digest, at)))
    if not openssl_peer.ABSENT:
        contenders.append(Contender(openssl_peer.NAME, openssl_peer.verify_token(token, digest, trust.anchors, owner.crls(at), at)))
    rates = interleave(contenders, slice_seconds)
    return Row(
        name="verify an RFC 3161 time-stamp token, P-256, from bytes; the unit's chain and the lists of the day kept",
        unit="tokens",
        limit=rates["raw"].median,
        limit_is="one P-256 verification",
        ours=rates["ours"],
        checks=tuple(f"{check.name} ({check.clause})" for check in (*STAMP_CHECKS, *report.checks)),
        peer=Peer(pyhanko_peer.NAME, rates.get(pyhanko_peer.NAME), PYHANKO_STAMP_CHECKS, pyhanko_peer.ABSENT),
        others=(Peer(openssl_peer.NAME, rates.get(openssl_peer.NAME), openssl_peer.TS_CHECKS, openssl_peer.ABSENT),),
        remarks=(f"ours with nothing kept, the path and both lists verified anew each time: {rates['anew'].median:,.0f} tokens/s",),
    )


def _pyhanko_stamp(owner: Pki, token: bytes, digest: bytes, at: datetime) -> Callable[[int], None]:
    from asn1crypto import cms, crl, x509
    from pyhanko.sign.validation.generic_cms import validate_tst_signed_data
    from pyhanko.sign.validation.status import TimestampSignatureStatus
    from pyhanko_certvalidator import ValidationContext

    trust = owner.trust_store()
    context = ValidationContext(
        trust_roots=[x509.Certificate.load(one) for one in trust.anchors],
        other_certs=[x509.Certificate.load(one) for one in trust.authorities],
        crls=[crl.CertificateList.load(one) for one in owner.crls(at)],
        moment=at,
        allow_fetching=False,
        revocation_mode="require",
    )

    async def many(count: int) -> None:
        for _ in range(count):
            content = cms.ContentInfo.load(token)["content"]
            status = TimestampSignatureStatus(**await validate_tst_signed_data(content, context, lambda _: digest))
            assert status.intact
            assert status.valid
            assert status.trusted

    return lambda count: asyncio.run(many(count))
