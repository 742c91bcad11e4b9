"""The row on certificate paths with revocation: a signer not met before, under known authorities with the lists of the day."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import cycle
from typing import Any

from benchmarks import openssl_peer, pyhanko_peer
from benchmarks.measure import Contender, interleave, repeated
from benchmarks.rows import Peer, Row
from signing import ChainEngine, ChainPolicy, HolderSpec, Pki, Usage
from tests.signing.lab import AT, PERSON, new_pki

_SIGNERS = 4_096
PYHANKO_CHECKS = (
    "CertificateValidator.async_validate_path: signatures, validity, constraints, key usage",
    "lists of both authorities (`require`), parsed once, in a context that keeps what it read",
)


def rows(slice_seconds: float) -> Iterator[Row]:
    """Three certificates at P-256, two lists; nobody has seen the signer's certificate before."""
    owner = new_pki("benchmarks/paths")
    signers = [owner.issue(_spec(number)).certificate_der for number in range(_SIGNERS)]
    verdict = ChainEngine(owner.evidence(AT), ChainPolicy()).validate(signers[0], AT, usage=Usage.SIGNING)
    contenders = [
        Contender("raw", repeated(_raw(signers[0], owner))),
        Contender("ours", _ours(owner, signers)),
        Contender("anew", _ours(owner, signers[:1])),
    ]
    if not pyhanko_peer.ABSENT:
        contenders.append(Contender(pyhanko_peer.NAME, _certvalidator(owner, signers)))
    if not openssl_peer.ABSENT:
        known = owner.evidence(AT)
        contenders.append(
            Contender(openssl_peer.NAME, openssl_peer.verify_paths(signers, known.certificates, known.anchors, known.crls, AT))
        )
    rates = interleave(contenders, slice_seconds)
    yield Row(
        name="validate a signer's path with revocation (RFC 5280), P-256, three certificates, two lists; authorities and lists known",
        unit="paths",
        limit=rates["raw"].median,
        limit_is="one P-256 verification: the signer's certificate",
        ours=rates["ours"],
        checks=tuple(f"{check.name} ({check.clause})" for check in verdict.checks),
        peer=Peer(pyhanko_peer.NAME, rates.get(pyhanko_peer.NAME), PYHANKO_CHECKS, pyhanko_peer.ABSENT),
        others=(Peer(openssl_peer.NAME, rates.get(openssl_peer.NAME), openssl_peer.PATH_CHECKS, openssl_peer.ABSENT),),
        remarks=(
            f"ours with nothing kept, authorities and both lists read and verified anew each time: {rates['anew'].median:,.0f} paths/s",
        ),
    )


def _spec(number: int) -> HolderSpec:
    return replace(PERSON, name=f"Người ký {number}", email=f"nk{number}@hoabinh.test")


def _raw(certificate: bytes, owner: Pki) -> Callable[[], None]:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.hashes import SHA256

    loaded = x509.load_der_x509_certificate(certificate)
    issuer: Any = x509.load_der_x509_certificate(owner.issue(_spec(0)).issuer_chain[0]).public_key()
    signature, signed, algorithm = loaded.signature, loaded.tbs_certificate_bytes, ec.ECDSA(SHA256())
    return lambda: issuer.verify(signature, signed, algorithm)


def _ours(owner: Pki, signers: list[bytes]) -> Callable[[int], None]:
    """A batch over signers in turn; when all were met, the engine is made anew, so that each is a stranger again."""
    turn, evidence = cycle(range(len(signers))), owner.evidence(AT)
    engine = ChainEngine(evidence, ChainPolicy())

    def batch(count: int) -> None:
        nonlocal engine
        for _ in range(count):
            number = next(turn)
            if number == 0:
                engine = ChainEngine(evidence, ChainPolicy())
            assert engine.validate(signers[number], AT, usage=Usage.SIGNING).passed

    return batch


def _certvalidator(owner: Pki, signers: list[bytes]) -> Callable[[int], None]:
    from asn1crypto import crl, x509
    from pyhanko_certvalidator import CertificateValidator, ValidationContext
    from pyhanko_certvalidator.revinfo.archival import CRLContainer

    evidence = owner.evidence(AT)
    context = ValidationContext(
        trust_roots=[x509.Certificate.load(one) for one in evidence.anchors],
        other_certs=[x509.Certificate.load(one) for one in evidence.certificates],
        crls=[CRLContainer(crl.CertificateList.load(one)) for one in evidence.crls],
        moment=AT,
        allow_fetching=False,
        revocation_mode="require",
    )
    turn = cycle(signers)

    async def many(count: int) -> None:
        for _ in range(count):
            leaf = x509.Certificate.load(next(turn))
            assert await CertificateValidator(leaf, validation_context=context).async_validate_path() is not None

    return lambda count: asyncio.run(many(count))
