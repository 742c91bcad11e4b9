"""Faults of the signature's own form (CMS, CAdES): the table of attacks and slips that verifiers fall for."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha1, sha256

from signing import der, oids
from signing.algorithms import DIGEST_IDENTIFIERS, RSA_SHA1, RSA_SHA256
from signing.faults.chains import signer_of
from signing.faults.crooked import DATA_TYPE, attribute, chain_of, digest_attribute, good_attributes, signed_data, signed_with, signer_info
from signing.faults.model import Case, Expected, Fault, Finder, Form, Group, Peers
from signing.faults.workshop import CONTENT, Workshop
from signing.formats.certificates import certificate_facts
from signing.formats.cms import parse_cms, signing_certificate_attribute
from signing.keys import SigningKey
from signing.pki.issue import Holder
from signing.validation.report import SubIndication

S = SubIndication
_SHA1 = DIGEST_IDENTIFIERS["sha1"]
_ENCODING = ("encoding", "X.690 §11.6")


def _of_attributes(choose: Callable[[Holder], list[bytes]]) -> Callable[[str], Case]:
    """One signer whose signed attributes are what ``choose`` says, in that order."""

    def build(seed: str) -> Case:
        shop = Workshop.open(seed)
        return shop.case(signed_data([signer_info(shop.signer, choose(shop.signer))], chain_of(shop.signer)))

    return build


def _changed(change: Callable[[bytes], bytes]) -> Callable[[str], Case]:
    """A good signature whose bytes are changed afterwards."""

    def build(seed: str) -> Case:
        shop = Workshop.open(seed)
        return shop.case(change(shop.signed()))

    return build


def content_changed(seed: str) -> Case:
    """The content is another than was signed."""
    shop = Workshop.open(seed)
    return Case(shop.signed(), shop.case(b"").at, shop.case(b"").evidence, content=CONTENT.replace(b"TEST", b"THAT"))


def content_absent(seed: str) -> Case:
    """The signature without what was signed."""
    case = sound_signature(seed)
    return Case(case.data, case.at, case.evidence)


def sound_signature(seed: str) -> Case:
    """A good detached signature."""
    shop = Workshop.open(seed)
    return shop.case(shop.signed())


def value_of_another(seed: str) -> Case:
    """The signature value of another signature."""
    shop = Workshop.open(seed)
    other = parse_cms(shop.signed(content=b"another document")).signature
    info = signer_info(shop.signer, good_attributes(shop.signer), signature=other)
    return shop.case(signed_data([info], chain_of(shop.signer)))


def without_attributes(seed: str) -> Case:
    """A signature over the bare content."""
    shop = Workshop.open(seed)
    return shop.case(signed_data([signer_info(shop.signer, None)], chain_of(shop.signer)))


def confusion(seed: str) -> Case:
    """Somebody's signed attributes passed off as the content they signed."""
    shop = Workshop.open(seed)
    genuine = parse_cms(shop.signed())
    forged = signer_info(shop.signer, None, signature=genuine.signature)
    return Case(
        signed_data([forged], chain_of(shop.signer)),
        shop.case(b"").at,
        shop.case(b"").evidence,
        content=genuine.signed_attributes,
    )


def sha1_signature(seed: str) -> Case:
    """SHA-1 as digest and in the signature."""
    shop = Workshop.open(seed)
    key = SigningKey.derive_rsa(2048, seed, "SHA-1 signer").signing_with(RSA_SHA1)
    holder = _rsa_holder(shop, key)
    digest = attribute(oids.MESSAGE_DIGEST, der.octet_string(sha1(CONTENT, usedforsecurity=False).digest()))
    attributes = sorted([DATA_TYPE, digest, signing_certificate_attribute(holder.certificate_der)], key=lambda item: (len(item), item))
    info = signer_info(holder, attributes, digest_algorithm=_SHA1)
    return shop.case(signed_data([info], chain_of(holder), digest_algorithms=[_SHA1]))


def mixed_digests(seed: str) -> Case:
    """SHA-256 named as digest, SHA-1 inside the signature algorithm."""
    shop = Workshop.open(seed)
    holder = _rsa_holder(shop, SigningKey.derive_rsa(2048, seed, "SHA-1 signer").signing_with(RSA_SHA1))
    return shop.case(signed_data([signer_info(holder, good_attributes(holder))], chain_of(holder)))


def short_key(seed: str) -> Case:
    """A signer's RSA key of 1024 bits."""
    shop = Workshop.open(seed)
    holder = _rsa_holder(shop, SigningKey.derive_rsa(1024, seed, "short key"))
    return shop.case(signed_data([signer_info(holder, good_attributes(holder))], chain_of(holder)))


def _rsa_holder(shop: Workshop, key: SigningKey) -> Holder:
    return signer_of(shop, "Người ký RSA", key=key)


def protection_mismatch(seed: str) -> Case:
    """CMSAlgorithmProtection names RSA where the signature is ECDSA."""
    shop = Workshop.open(seed)
    protection = der.sequence(DIGEST_IDENTIFIERS["sha256"], b"\xa1" + RSA_SHA256.encoded[1:])
    return shop.case(signed_with(shop.signer, attribute(oids.CMS_ALGORITHM_PROTECTION, protection)))


def _second_signer(shop: Workshop) -> Holder:
    return shop.person(name="Trần Thị Bưởi", email="buoitt@hoabinh.test")


def two_signers(seed: str) -> Case:
    """Two people over the same content, both good."""
    shop = Workshop.open(seed)
    people = (shop.signer, _second_signer(shop))
    infos = [signer_info(one, good_attributes(one)) for one in people]
    return shop.case(signed_data(infos, {item for one in people for item in chain_of(one)}))


def two_signers_one_broken(seed: str) -> Case:
    """Two people over the same content, the value of one broken."""
    shop = Workshop.open(seed)
    first, second = shop.signer, _second_signer(shop)
    stolen = parse_cms(shop.signed(second, b"another document")).signature
    infos = [signer_info(first, good_attributes(first)), signer_info(second, good_attributes(second), signature=stolen)]
    return shop.case(signed_data(infos, {item for one in (first, second) for item in chain_of(one)}))


def indefinite(cms: bytes) -> bytes:
    """The same CMS in BER: the outermost length is left open."""
    body = cms[1 + len(der.length(_content_length(cms))) :]
    return b"\x30\x80" + body + b"\x00\x00"


def _content_length(encoded: bytes) -> int:
    count = encoded[1] & 0x7F if encoded[1] & 0x80 else 0
    return int.from_bytes(encoded[2 : 2 + count]) if count else encoded[1]


def reordered(seed: str) -> Case:
    """The attributes put into another order after they were signed."""
    shop = Workshop.open(seed)
    good = good_attributes(shop.signer)
    value = parse_cms(signed_data([signer_info(shop.signer, good)], sorted(chain_of(shop.signer)))).signature
    return shop.case(signed_data([signer_info(shop.signer, good[::-1], signature=value)], chain_of(shop.signer)))


def _ess_of_another(holder: Holder) -> list[bytes]:
    authority = holder.issuer_chain[0]
    facts = certificate_facts(holder.certificate_der)
    serial = der.sequence(der.sequence(der.context(4, facts.issuer)), der.integer(facts.serial))
    entry = der.sequence(der.octet_string(sha256(authority).digest()), serial)
    return [DATA_TYPE, digest_attribute(), attribute(oids.SIGNING_CERTIFICATE_V2, der.sequence(der.sequence(entry)))]


def _ess_wrong_serial(holder: Holder) -> list[bytes]:
    facts = certificate_facts(holder.certificate_der)
    serial = der.sequence(der.sequence(der.context(4, facts.issuer)), der.integer(facts.serial + 1))
    entry = der.sequence(der.octet_string(facts.sha256), serial)
    return [DATA_TYPE, digest_attribute(), attribute(oids.SIGNING_CERTIFICATE_V2, der.sequence(der.sequence(entry)))]


def _digest_twice(holder: Holder) -> list[bytes]:
    type_, digest, ess = good_attributes(holder)
    return [type_, digest, digest_attribute(b"another document"), ess]


def _two_digest_values(holder: Holder) -> list[bytes]:
    type_, _, ess = good_attributes(holder)
    values = [der.octet_string(sha256(one).digest()) for one in (CONTENT, b"another document")]
    return sorted([type_, attribute(oids.MESSAGE_DIGEST, *values), ess])


def _wrong_type(holder: Holder) -> list[bytes]:
    return [attribute(oids.CONTENT_TYPE, der.oid(oids.SIGNED_DATA)), *good_attributes(holder)[1:]]


def _fault(
    name: str,
    build: Callable[[str], Case],
    expected: Expected,
    openssl: bool | None,
    pyhanko: bool | None,
    *finders: Finder,
) -> Fault:
    peers = Peers(None if openssl is None else (openssl,), None if pyhanko is None else (pyhanko,))
    group = Group.SOUND if set(expected.signatures) == {None} else Group.FORMAT
    return Fault(name, group, Form.CMS, finders or (Finder.DOOR, Finder.AXIS), expected, build, peers)


def _one(sub_indication: SubIndication | None, check: str, clause: str) -> Expected:
    return Expected((sub_indication,), check, clause)


def _format(check: str, clause: str) -> Expected:
    """The strict reader refuses the file, which is a finding on it as a whole."""
    return Expected((S.FORMAT_FAILURE,), check, clause, ("finding",))


_REFUSED = Expected((), document=("signatures-present",), refused=True)

FAULTS = (
    _fault("content-changed", content_changed, _one(S.HASH_FAILURE, "message-digest", "RFC 5652 §5.4"), False, False),
    _fault("content-absent", content_absent, _one(S.SIGNED_DATA_NOT_FOUND, "message-digest", "EN 319 102-1 §5.2.7"), None, None),
    _fault("value-of-another", value_of_another, _one(S.SIG_CRYPTO_FAILURE, "signature-value", "RFC 5652 §5.6"), False, False),
    _fault(
        "digest-missing",
        _of_attributes(lambda who: [DATA_TYPE, good_attributes(who)[2]]),
        _format("message-digest-attribute", "RFC 5652 §11.2"),
        False,
        False,
    ),
    _fault("digest-twice", _of_attributes(_digest_twice), _format("message-digest-attribute", "RFC 5652 §11.2"), False, False),
    _fault("digest-two-values", _of_attributes(_two_digest_values), _format("message-digest-attribute", "RFC 5652 §11.2"), False, False),
    _fault(
        "content-type-missing",
        _of_attributes(lambda who: good_attributes(who)[1:]),
        _format("content-type", "RFC 5652 §5.6, §11.1"),
        False,
        False,
    ),
    _fault("content-type-differs", _of_attributes(_wrong_type), _format("content-type", "RFC 5652 §5.6, §11.1"), True, False),
    _fault(
        "certificate-unnamed",
        _of_attributes(lambda who: good_attributes(who)[:2]),
        Expected((S.SIG_CONSTRAINTS_FAILURE,), "signing-certificate-attribute", "EN 319 122-1 §5.2.2", ("finding",)),
        False,
        True,
    ),
    _fault(
        "certificate-misnamed",
        _of_attributes(_ess_of_another),
        _one(S.NO_SIGNING_CERTIFICATE_FOUND, "signing-certificate", "EN 319 102-1 §5.2.3; RFC 5035 §3"),
        False,
        False,
    ),
    _fault(
        "certificate-serial-differs",
        _of_attributes(_ess_wrong_serial),
        _one(S.NO_SIGNING_CERTIFICATE_FOUND, "signing-certificate", "EN 319 102-1 §5.2.3; RFC 5035 §3"),
        False,
        False,
    ),
    _fault("attributes-missing", without_attributes, _format("signed-attributes", "EN 319 122-1 §5.1.1"), True, True),
    _fault("attributes-as-content", confusion, _format("signed-attributes", "draft-ietf-lamps-cms-euf-cma-signeddata"), True, True),
    _fault(
        "sha1-signature",
        sha1_signature,
        _one(S.CRYPTO_CONSTRAINTS_FAILURE_NO_POE, "signature-algorithms", "EN 319 102-1 §5.2.8"),
        True,
        False,
    ),
    _fault("digests-mixed", mixed_digests, _one(S.CRYPTO_CONSTRAINTS_FAILURE, "signature-value", "EN 319 102-1 §5.2.7"), False, False),
    _fault("key-too-short", short_key, _one(S.CRYPTO_CONSTRAINTS_FAILURE, "signature-algorithms", "EN 319 102-1 §5.2.8"), True, False),
    _fault("protection-mismatch", protection_mismatch, _one(S.FORMAT_FAILURE, "algorithm-protection", "RFC 6211 §2"), True, False),
    _fault("attributes-reordered", reordered, _format(*_ENCODING), False, False),
    _fault("attributes-unsorted", _of_attributes(lambda who: good_attributes(who)[::-1]), _format(*_ENCODING), True, True),
    _fault("byte-appended", _changed(lambda cms: cms + b"\x00"), _format("encoding", "RFC 5652 §3"), True, True),
    _fault("length-left-open", _changed(indefinite), _format("encoding", "X.690 §10.1"), True, True),
    _fault(
        "two-signers-one-broken",
        two_signers_one_broken,
        Expected((S.SIG_CRYPTO_FAILURE, None), "signature-value", "RFC 5652 §5.6"),
        False,
        False,
    ),
    _fault("two-signers", two_signers, Expected((None, None)), True, False),
    _fault(
        "no-signers", lambda seed: Workshop.open(seed).case(signed_data([], chain_of(Workshop.open(seed).signer))), _REFUSED, False, False
    ),
)
"""In the order of the table in the catalogue."""
