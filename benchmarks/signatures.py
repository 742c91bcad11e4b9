"""Rows on CAdES-B signatures: verified with their report, signed by template."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

from benchmarks import openssl_peer, pyhanko_peer
from benchmarks.measure import Contender, Rate, interleave, repeated
from benchmarks.rows import Peer, Row
from benchmarks.subjects import CONTENT, MOMENT, holder, pki, raw_sign, raw_verify
from signing import CadesSigner, HolderKind, KeyKind, Purpose, Validator, parse_cms

SIGN_DOES = (
    "signed attributes content-type, message-digest, signing-certificate-v2 in DER",
    "one raw signature",
    "CMS with two certificates",
)


def rows(slice_seconds: float) -> Iterator[Row]:
    """Verify with an RSA-2048 and a P-256 signer, 20 KB each; sign with P-256."""
    yield _verify(KeyKind.RSA2048, slice_seconds)
    yield _verify(KeyKind.P256, slice_seconds)
    yield _sign(slice_seconds)


def _verify(key: KeyKind, slice_seconds: float) -> Row:
    who = holder(HolderKind.PERSON, key)
    data = CadesSigner(who, purpose=Purpose.ANNEX).sign(hashlib.sha256(CONTENT).digest())
    trust = pki().trust_store()
    validator = Validator(trust)

    def ours() -> None:
        report = validator.validate(data, hashlib.sha256(CONTENT).digest(), MOMENT, Purpose.ANNEX)
        assert report.passed

    def anew() -> None:
        report = Validator(trust).validate(data, hashlib.sha256(CONTENT).digest(), MOMENT, Purpose.ANNEX)
        assert report.passed

    report = validator.validate(data, hashlib.sha256(CONTENT).digest(), MOMENT, Purpose.ANNEX)
    contenders = [
        Contender("raw", repeated(raw_verify(who, parse_cms(data), CONTENT))),
        Contender("ours", repeated(ours)),
        Contender("anew", repeated(anew)),
    ]
    if not pyhanko_peer.ABSENT:
        contenders.append(Contender(pyhanko_peer.NAME, pyhanko_peer.verify_cms(data, CONTENT)))
    if not openssl_peer.ABSENT:
        contenders.append(Contender(openssl_peer.NAME, openssl_peer.verify_cms(data, CONTENT, trust.anchors, pki().crls(MOMENT), MOMENT)))
    rates = interleave(contenders, slice_seconds)
    return Row(
        name=f"verify CAdES-B, {key} signer, {len(CONTENT) // 1024} KB content, with report; chain and revocation cached",
        unit="signatures",
        limit=rates["raw"].median,
        limit_is=f"cryptography's {key} verify + SHA-256 of the same bytes",
        ours=rates["ours"],
        checks=tuple(f"{check.name} ({check.clause})" for check in report.checks),
        peer=Peer(pyhanko_peer.NAME, rates.get(pyhanko_peer.NAME), pyhanko_peer.CMS_CHECKS, pyhanko_peer.ABSENT),
        others=(Peer(openssl_peer.NAME, rates.get(openssl_peer.NAME), openssl_peer.CMS_CHECKS, openssl_peer.ABSENT),),
        remarks=(
            f"ours with nothing kept, the path and both lists verified anew each time: {rates['anew'].median:,.0f} signatures/s"
            + _ratio(rates, "anew", openssl_peer.NAME),
        ),
        must_share=0.4,
        must_peer=60 if key is KeyKind.RSA2048 else None,  # set for RSA; 60 times the peer is more than a raw P-256 verify allows
    )


def _ratio(rates: Mapping[str, Rate], one: str, other: str) -> str:
    return f", {rates[one].median / rates[other].median:.1f} × {other}" if other in rates else ""


def _sign(slice_seconds: float) -> Row:
    signer = CadesSigner(holder(HolderKind.PERSON, KeyKind.P256), purpose=Purpose.ANNEX)
    digest = hashlib.sha256(CONTENT).digest()
    attributes = parse_cms(signer.sign(digest)).signed_attributes
    contenders = [Contender("raw", repeated(raw_sign(attributes))), Contender("ours", repeated(lambda: signer.sign(digest)))]
    rates = interleave(contenders, slice_seconds)
    return Row(
        name="sign CAdES-B by template, P-256",
        unit="signatures",
        limit=rates["raw"].median,
        limit_is="cryptography's P-256 sign with the nonce of RFC 6979",
        ours=rates["ours"],
        checks=SIGN_DOES,
        must_share=0.4,
    )
