"""Algorithms and keys from outside: read from their encodings, verified as what they are, refused as what they are not."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from signing import der, oids
from signing.algorithms import (
    BY_NAME,
    CERTIFICATE_ALGORITHMS,
    CMS_SIGNATURES,
    ECDSA_P256_SHA256,
    ED25519,
    RSA_SHA256,
    Family,
    algorithm_named,
    bound_to,
    does_not_fit,
    foreign_names,
    read_algorithm,
    rsa_pss,
)
from signing.errors import KeyUnusable
from signing.foreign_keys import ForeignKey, load_foreign_key
from signing.keys import METER, Purpose, raw_verify
from signing.validation.policy import DEFAULT, FOREIGN, AlgorithmPolicy, AlgorithmRule

RSA = rsa.generate_private_key(65537, 2048)
DATA = b"what was signed"
MGF = padding.MGF1


def spki(key: Any) -> bytes:
    return bytes(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def loaded(key: Any) -> ForeignKey:
    return load_foreign_key(spki(key))


P256, P384, P521 = (ec.generate_private_key(curve) for curve in (ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()))
ED = ed25519.Ed25519PrivateKey.generate()
DSA = dsa.generate_private_key(2048)

SIGNED = {
    "rsa-pkcs1-sha256": (RSA, RSA.sign(DATA, padding.PKCS1v15(), hashes.SHA256())),
    "rsa-pkcs1-sha224": (RSA, RSA.sign(DATA, padding.PKCS1v15(), hashes.SHA224())),
    "rsa-pkcs1-sha512": (RSA, RSA.sign(DATA, padding.PKCS1v15(), hashes.SHA512())),
    "rsa-pss-sha256": (RSA, RSA.sign(DATA, padding.PSS(MGF(hashes.SHA256()), 32), hashes.SHA256())),
    "rsa-pss-sha256-mgf1-sha1-20": (RSA, RSA.sign(DATA, padding.PSS(MGF(hashes.SHA1()), 20), hashes.SHA256())),
    "rsa-pss-sha512-mgf1-sha512-0": (RSA, RSA.sign(DATA, padding.PSS(MGF(hashes.SHA512()), 0), hashes.SHA512())),
    "ecdsa-p256-sha256": (P256, P256.sign(DATA, ec.ECDSA(hashes.SHA256()))),
    "ecdsa-p256-sha512": (P256, P256.sign(DATA, ec.ECDSA(hashes.SHA512()))),
    "ecdsa-p384-sha384": (P384, P384.sign(DATA, ec.ECDSA(hashes.SHA384()))),
    "ecdsa-p521-sha512": (P521, P521.sign(DATA, ec.ECDSA(hashes.SHA512()))),
    "ed25519": (ED, ED.sign(DATA)),
    "dsa-sha256": (DSA, DSA.sign(DATA, hashes.SHA256())),
}


@pytest.mark.parametrize("right", SIGNED)
def test_a_signature_holds_under_its_own_algorithm_and_no_other(right: str) -> None:
    key, signature = SIGNED[right]
    holding = []
    for name in {*foreign_names(), right}:
        algorithm = algorithm_named(name)
        assert algorithm is not None
        if loaded(key).verify(signature, DATA, algorithm, Purpose.FOREIGN):
            holding.append(name)
    assert set(holding) - {"ecdsa-sha256", "ecdsa-sha384", "ecdsa-sha512"} == {right}
    algorithm = algorithm_named(right)
    assert algorithm is not None
    assert not loaded(key).verify(signature, DATA + b"!", algorithm, Purpose.FOREIGN)
    assert not loaded(key).verify(signature[:-1], DATA, algorithm, Purpose.FOREIGN)
    assert not loaded(key).verify(b"", DATA, algorithm, Purpose.FOREIGN)


@pytest.mark.parametrize("name", sorted(foreign_names()))
def test_what_is_written_is_read_back(name: str) -> None:
    algorithm = algorithm_named(name)
    assert algorithm is not None
    read = read_algorithm(algorithm.encoded)
    assert read is not None
    curve = algorithm.curve or ("P-256" if algorithm.family is Family.P256 else "")
    assert bound_to(read, curve) == algorithm


def test_the_bulk_path_still_knows_its_five_and_no_more() -> None:
    five = {"ecdsa-p256-sha256", "rsa-pkcs1-sha1", "rsa-pkcs1-sha256", "rsa-pkcs1-sha384", "rsa-pkcs1-sha512"}
    assert set(BY_NAME) == set(DEFAULT.rules) == five
    assert {algorithm.name for algorithm in CERTIFICATE_ALGORITHMS.values()} == set(CMS_SIGNATURES.values()) == five
    assert not set(CERTIFICATE_ALGORITHMS) & {RSA_SHA256.encoded[:-2]}


@pytest.mark.parametrize(
    "parameters",
    [
        der.context(0, der.sequence(der.oid("1.2.840.113549.2.5"), der.NULL)),  # MD5
        der.context(1, der.sequence(der.oid("1.2.3"), der.sequence(der.oid(oids.SHA1), der.NULL))),  # no MGF1
        der.context(2, der.integer(-1)),
        der.context(2, der.integer(5000)),
        der.context(3, der.integer(2)),  # another trailer
        der.context(4, der.integer(2)),
        der.integer(1),
    ],
)
def test_pss_parameters_that_are_not_understood(parameters: bytes) -> None:
    assert read_algorithm(der.sequence(der.oid(oids.RSASSA_PSS), der.sequence(parameters))) is None


@pytest.mark.parametrize(
    ("encoded", "misfit"),
    [
        (der.sequence(der.oid(oids.RSASSA_PSS)), True),
        (der.sequence(der.oid(oids.ECDSA_WITH_SHA256), der.NULL), True),
        (der.sequence(der.oid(oids.ECDSA_WITH_SHA256), bytes(200)), True),
        (der.sequence(der.oid("1.2.3.4")), False),
        (b"0", False),
        (b"", False),
    ],
)
def test_what_is_known_but_for_its_parameters(encoded: bytes, misfit: bool) -> None:
    assert does_not_fit(f"unknown:{encoded.hex()}") is misfit
    assert not does_not_fit("rsa-pss-sha256")


def test_pss_without_parameters_and_with_its_defaults() -> None:
    assert read_algorithm(der.sequence(der.oid(oids.RSASSA_PSS))) is None
    assert read_algorithm(der.sequence(der.oid(oids.RSASSA_PSS), der.NULL)) is None
    assert read_algorithm(der.sequence(der.oid(oids.RSASSA_PSS), der.sequence())) == rsa_pss("sha1", "sha1", 20)
    assert rsa_pss("sha256", "sha1", 32).name == "rsa-pss-sha256-mgf1-sha1-32"


@pytest.mark.parametrize(
    "name", ["", "rsa-pss-md5", "rsa-pss-sha999", "rsa-pss-sha256-mgf1-sha256-9999", "unknown:3000", "ecdsa-p192-sha256"]
)
def test_names_of_nothing(name: str) -> None:
    assert algorithm_named(name) is None


@pytest.mark.parametrize(
    "wrong", [der.sequence(der.oid(oids.ED25519), der.NULL), der.sequence(der.oid(oids.ECDSA_WITH_SHA256), der.NULL), b"", b"0"]
)
def test_parameters_where_there_are_none(wrong: bytes) -> None:
    assert read_algorithm(wrong) is None


def test_an_ecdsa_identifier_is_bound_to_the_curve_of_the_key() -> None:
    encoded = ECDSA_P256_SHA256.encoded
    assert loaded(P256).algorithm(encoded) is ECDSA_P256_SHA256
    bound = loaded(P384).algorithm(encoded)
    assert bound is not None
    assert bound.name == "ecdsa-p384-sha256"
    assert loaded(RSA).algorithm(encoded) is None
    assert loaded(ED).algorithm(ED25519.encoded) is ED25519


def test_a_p384_key_is_not_verified_under_the_name_of_p256() -> None:
    signature = P384.sign(DATA, ec.ECDSA(hashes.SHA256()))
    assert not raw_verify(P384.public_key(), signature, DATA, ECDSA_P256_SHA256, Purpose.FOREIGN)


def pss_spki(parameters: bytes) -> bytes:
    """The RSA key as id-RSASSA-PSS."""
    plain = spki(RSA)
    bits = plain[plain.index(b"\x03\x82") :]
    return der.sequence(der.sequence(der.oid(oids.RSASSA_PSS), parameters), bits)


def test_a_key_for_pss_alone_is_for_nothing_else() -> None:
    _, pkcs1 = SIGNED["rsa-pkcs1-sha256"]
    _, pss = SIGNED["rsa-pss-sha256"]
    for parameters in (b"", rsa_pss("sha256", "sha256", 32).encoded[2 + len(der.oid(oids.RSASSA_PSS)) :]):
        key = load_foreign_key(pss_spki(parameters))
        assert key.verify(pss, DATA, rsa_pss("sha256", "sha256", 32), Purpose.FOREIGN)
        assert not key.verify(pkcs1, DATA, RSA_SHA256, Purpose.FOREIGN)
    _, other = SIGNED["rsa-pss-sha256-mgf1-sha1-20"]
    assert not key.verify(other, DATA, rsa_pss("sha256", "sha1", 20), Purpose.FOREIGN)
    longer = load_foreign_key(pss_spki(rsa_pss("sha256", "sha256", 40).encoded[2 + len(der.oid(oids.RSASSA_PSS)) :]))
    assert not longer.verify(pss, DATA, rsa_pss("sha256", "sha256", 32), Purpose.FOREIGN), "a salt shorter than the key asks for"


def test_every_raw_operation_is_counted_and_none_is_done_for_a_misfit() -> None:
    key, signature = SIGNED["rsa-pkcs1-sha256"]
    before = METER.verifies[Purpose.FOREIGN]
    assert loaded(key).verify(signature, DATA, RSA_SHA256, Purpose.FOREIGN)
    assert not loaded(key).verify(signature, DATA, ED25519, Purpose.FOREIGN)
    assert METER.verifies[Purpose.FOREIGN] == before + 1


def test_dsa_parameters_are_inherited() -> None:
    bare = der.sequence(der.sequence(der.oid(oids.DSA)), der.bit_string(der.integer(DSA.public_key().public_numbers().y)))
    with pytest.raises(KeyUnusable):
        load_foreign_key(bare)
    key = load_foreign_key(bare, loaded(DSA))
    algorithm = algorithm_named("dsa-sha256")
    assert algorithm is not None
    assert key.verify(SIGNED["dsa-sha256"][1], DATA, algorithm, Purpose.FOREIGN)
    assert key.identity != loaded(DSA).identity
    with pytest.raises(KeyUnusable):
        load_foreign_key(bare, loaded(RSA))


HUGE_EXPONENT = der.sequence(
    der.sequence(der.oid("1.2.840.113549.1.1.1"), der.NULL),
    der.bit_string(der.sequence(der.integer(RSA.public_key().public_numbers().n), der.integer(2**100 + 1))),
)


UNUSED = {
    "nothing": b"",
    "empty": b"\x30\x00",
    "Ed448": spki(ed448.Ed448PrivateKey.generate()),
    "secp256k1": spki(ec.generate_private_key(ec.SECP256K1())),
    "unknown kind": der.sequence(der.sequence(der.oid("1.2.3.4")), der.bit_string(b"x")),
    "huge exponent": HUGE_EXPONENT,
}


@pytest.mark.parametrize("kind", UNUSED)
def test_keys_that_are_not_used(kind: str) -> None:
    with pytest.raises(KeyUnusable):
        load_foreign_key(UNUSED[kind])


def test_the_policy_for_foreign_hierarchies() -> None:
    at = 1_700_000_000
    assert not FOREIGN.refusal("ecdsa-p384-sha384", P384.public_key(), at)
    assert not FOREIGN.refusal("rsa-pss-sha256", RSA.public_key(), at)
    assert not FOREIGN.refusal("ed25519", ED.public_key(), at)
    assert "not on the list" in FOREIGN.refusal("rsa-pss-sha256-mgf1-sha1-20", RSA.public_key(), at)
    assert "not on the list" in FOREIGN.refusal("dsa-sha256", DSA.public_key(), at)
    assert "does not fit" in FOREIGN.refusal("ecdsa-p384-sha384", P521.public_key(), at)
    assert "does not fit a key of kind Ed25519" in FOREIGN.refusal("rsa-pss-sha256", ED.public_key(), at)
    assert "does not fit" in AlgorithmPolicy({"nothing": AlgorithmRule(0)}).refusal("nothing", P256.public_key(), at)
    assert "2048" in FOREIGN.refusal("rsa-pss-sha256", rsa.generate_private_key(65537, 1024).public_key(), at)
