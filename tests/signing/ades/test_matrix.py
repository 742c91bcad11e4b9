"""Every line of the table of attacks that other verifiers let pass or not, through the tolerant reader and the whole validation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from asn1crypto import algos, cms
from cryptography import x509

from signing import FormatFailure, Holder, Purpose, SubIndication
from signing.evidence import Evidence
from signing.formats.signed_data import read_tolerant
from signing.validation.ades.door import validate
from signing.validation.ades.policy_file import load_policy
from tests.signing import oddities
from tests.signing.ades.lab import ALONE, DAY, World
from tests.signing.lab import AT, CONTENT, attribute, chain_of, der_set, ess, good_attributes, signed_data, signer_info

S = SubIndication
ETSI = load_policy("etsi-baseline")
Case = Callable[[World], bytes | tuple[bytes, bytes]]


def attributes_of(world: World) -> list[cms.CMSAttribute]:
    return good_attributes(world.signer.certificate_der)


def made(world: World, attributes: list[cms.CMSAttribute] | None, holder: Holder | None = None, **changes: object) -> bytes:
    who = holder or world.signer
    return signed_data([signer_info(who, attributes, **changes)], sorted(chain_of(who)))  # type: ignore[arg-type]


def protection(digest: str, signature: str) -> cms.CMSAttribute:
    value = cms.CMSAlgorithmProtection(
        {
            "digest_algorithm": algos.DigestAlgorithm({"algorithm": digest}),
            "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": signature}),
        }
    )
    return attribute("cms_algorithm_protection", value)


def in_order(attributes: list[cms.CMSAttribute]) -> list[cms.CMSAttribute]:
    return sorted(attributes, key=lambda one: one.dump())


def confusion(world: World) -> tuple[bytes, bytes]:
    """Somebody's signed attributes as content, the attributes taken out of the SignerInfo."""
    attributes = attributes_of(world)
    signature = signer_info(world.signer, attributes)["signature"].native
    content = der_set(attributes)
    return made(world, None, data=content, signature=signature), content


def reversed_attributes(world: World, *, before_signing: bool) -> bytes:
    """asn1crypto sorts a SET OF on its own, so the reversed attributes are put in place of the sorted ones afterwards."""
    attributes = attributes_of(world)
    ordered, turned = (b"".join(one.dump() for one in some) for some in (attributes, attributes[::-1]))
    signature = world.signer.key.sign(der_set(attributes[::-1] if before_signing else attributes), Purpose.LETTER)
    data = made(world, attributes, signature=signature)
    assert data.count(ordered) == 1
    return data.replace(ordered, turned)


def other_ess(world: World) -> bytes:
    stranger = world.owner.issue(replace(world.signer.spec, name="Trần Văn Hai"))
    attributes = [*attributes_of(world)[:2], attribute("signing_certificate_v2", ess(stranger.certificate_der))]
    return signed_data([signer_info(world.signer, attributes)], sorted({*chain_of(world.signer), *chain_of(stranger)}))


def indefinite(world: World) -> bytes:
    whole = world.b()
    assert whole[1] == 0x82
    return b"\x30\x80" + whole[4:] + b"\0\0"


def under(world: World, issuer: Holder | None = None, **usage: object) -> Holder:
    return oddities.certify(issuer or oddities.subordinate(world.owner), **usage)  # type: ignore[arg-type]


def purpose(world: World) -> bytes:
    server = (x509.ExtendedKeyUsage([x509.ObjectIdentifier("1.3.6.1.5.5.7.3.1")]), False)
    extensions = ((oddities.END_ENTITY, True), (oddities.SIGNER_USAGE, True), server)
    holder = under(world, extensions=extensions)
    return made(world, good_attributes(holder.certificate_der), holder)


def encipherment(world: World) -> bytes:
    usage = x509.KeyUsage(False, False, True, False, False, False, False, False, False)
    holder = under(world, extensions=((oddities.END_ENTITY, True), (usage, True)))
    return made(world, good_attributes(holder.certificate_der), holder)


def authority_signs(world: World) -> bytes:
    holder = oddities.subordinate(world.owner)
    return made(world, good_attributes(holder.certificate_der), holder)


def short_key(world: World) -> bytes:
    holder = under(world, key=oddities.short_rsa_key())
    return made(world, good_attributes(holder.certificate_der), holder, signature_algorithm="sha256_rsa")


def issued_by_end_entity(world: World) -> bytes:
    holder = under(world, world.signer)
    certificates = sorted({holder.certificate_der, *chain_of(world.signer)})
    return signed_data([signer_info(holder, good_attributes(holder.certificate_der))], certificates)


def too_deep(world: World) -> bytes:
    middle = oddities.authority(oddities.subordinate(world.owner), "Quá sâu", constraints=x509.BasicConstraints(True, None))
    holder = oddities.certify(middle)
    certificates = sorted({holder.certificate_der, middle.certificate_der, *middle.issuer_chain[:1]})
    return signed_data([signer_info(holder, good_attributes(holder.certificate_der))], certificates)


CASES: dict[str, tuple[Case, str, str]] = {
    # name: (file, verdict of the field, verdict of etsi-baseline)
    "message-digest missing": (lambda w: made(w, [attributes_of(w)[0], attributes_of(w)[2]]), S.FORMAT_FAILURE, S.FORMAT_FAILURE),
    "message-digest twice": (lambda w: made(w, [*attributes_of(w)[:2], *attributes_of(w)[1:]]), S.FORMAT_FAILURE, S.FORMAT_FAILURE),
    "message-digest of two values": (
        lambda w: made(w, in_order([attributes_of(w)[0], attribute("message_digest", bytes(32), b"\1" * 32), attributes_of(w)[2]])),
        S.FORMAT_FAILURE,
        S.FORMAT_FAILURE,
    ),
    "content-type missing": (lambda w: made(w, attributes_of(w)[1:]), S.FORMAT_FAILURE, S.FORMAT_FAILURE),
    "content-type of another": (
        lambda w: made(w, in_order([attribute("content_type", "signed_data"), *attributes_of(w)[1:]])),
        S.FORMAT_FAILURE,
        S.FORMAT_FAILURE,
    ),
    "ESS missing": (lambda w: made(w, attributes_of(w)[:2]), S.SIG_CONSTRAINTS_FAILURE, S.SIG_CONSTRAINTS_FAILURE),
    "ESS of another certificate": (other_ess, S.NO_SIGNING_CERTIFICATE_FOUND, S.NO_SIGNING_CERTIFICATE_FOUND),
    "signed-attributes confusion": (confusion, S.FORMAT_FAILURE, S.FORMAT_FAILURE),
    "algorithm protection disagrees": (
        lambda w: made(w, in_order([*attributes_of(w), protection("sha512", "sha512_ecdsa")])),
        S.FORMAT_FAILURE,
        S.FORMAT_FAILURE,
    ),
    "algorithm protection agrees": (lambda w: made(w, in_order([*attributes_of(w), protection("sha256", "sha256_ecdsa")])), "", ""),
    "attributes reordered after signing": (lambda w: reversed_attributes(w, before_signing=False), S.FORMAT_FAILURE, S.SIG_CRYPTO_FAILURE),
    "signed over unsorted attributes": (lambda w: reversed_attributes(w, before_signing=True), S.FORMAT_FAILURE, ""),
    "one byte appended": (lambda w: w.b() + b"\0", S.FORMAT_FAILURE, ""),
    "indefinite outer length": (indefinite, S.FORMAT_FAILURE, ""),
    "digest SHA-256, signature SHA-1": (
        lambda w: made(w, attributes_of(w), signature_algorithm="sha1_ecdsa"),
        S.CRYPTO_CONSTRAINTS_FAILURE,
        S.CRYPTO_CONSTRAINTS_FAILURE,
    ),
    "purpose serverAuth": (purpose, S.CHAIN_CONSTRAINTS_FAILURE, S.CHAIN_CONSTRAINTS_FAILURE),
    "key usage keyEncipherment": (encipherment, S.CHAIN_CONSTRAINTS_FAILURE, S.CHAIN_CONSTRAINTS_FAILURE),
    "an authority signs": (authority_signs, S.CHAIN_CONSTRAINTS_FAILURE, S.CHAIN_CONSTRAINTS_FAILURE),
    "RSA-1024": (short_key, S.CRYPTO_CONSTRAINTS_FAILURE, S.CRYPTO_CONSTRAINTS_FAILURE),
    "issued by an end entity": (issued_by_end_entity, S.CERTIFICATE_CHAIN_GENERAL_FAILURE, S.CERTIFICATE_CHAIN_GENERAL_FAILURE),
    "path length exceeded": (too_deep, S.CERTIFICATE_CHAIN_GENERAL_FAILURE, S.CERTIFICATE_CHAIN_GENERAL_FAILURE),
}


def judged(case: Case, policy_name: str) -> str:
    world = World.make("matrix")
    found = case(world)
    data, content = found if isinstance(found, tuple) else (found, CONTENT)
    (claim,) = read_tolerant(data, content)
    policy = ALONE if policy_name == "field" else ETSI
    evidence: Evidence = world.evidence(AT)
    return str(validate(claim, evidence, AT, policy).sub_indication or "")


@pytest.mark.parametrize("name", CASES)
def test_line(name: str) -> None:
    case, field, etsi = CASES[name]
    assert judged(case, "field") == field
    assert judged(case, "etsi-baseline") == etsi


def test_expired_now_without_a_time_stamp() -> None:
    world = World.make(not_after=AT)
    assert world.judge(world.b(), AT + DAY).sub_indication is S.OUT_OF_BOUNDS_NO_POE


def test_no_signer_at_all() -> None:
    world = World.make()
    with pytest.raises(FormatFailure):
        read_tolerant(signed_data([], chain_of(world.signer)), CONTENT)
