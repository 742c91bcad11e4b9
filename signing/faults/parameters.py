"""Faults of an algorithm's parameters: RSA-PSS that does not fit, and NULL where it is forbidden or may be left out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from signing import der, oids
from signing.algorithms import RSA_SHA256, SignatureAlgorithm, rsa_pss
from signing.faults.chains import signer_of
from signing.faults.crooked import chain_of, good_attributes, signed_data, signer_info
from signing.faults.model import Case, Expected, Fault, Finder, Form, Group, Peers
from signing.faults.rules import P256_LINE, field_but
from signing.faults.workshop import Workshop
from signing.keys import SigningKey
from signing.validation.report import SubIndication

S = SubIndication
_FITTING = rsa_pss("sha256", "sha256", 0)
"""Without a salt, so that the same key gives the same value whenever a vector is made."""
_RSA_PSS = f'{P256_LINE}\n"{_FITTING.name}" = {{ min_key_bits = 2048 }}'


def _pss(made: SignatureAlgorithm, told: bytes = b"") -> Callable[[str], Case]:
    """A signature made by that algorithm and telling that identifier, under the field's policy with fitting RSA-PSS allowed too."""

    def build(seed: str) -> Case:
        shop = Workshop.open(seed)
        key = SigningKey.derive_rsa(2048, seed, "PSS signer").signing_with(made)
        holder = signer_of(shop, "Người ký RSA-PSS TEST", key=key)
        info = signer_info(holder, good_attributes(holder), signature_algorithm=told or made.encoded)
        return replace(shop.case(signed_data([info], chain_of(holder))), policy=field_but(P256_LINE, _RSA_PSS))

    return build


def ecdsa_null(seed: str) -> Case:
    """NULL where an identifier of ECDSA must have nothing (RFC 5758 §3.2)."""
    shop = Workshop.open(seed)
    identifier = der.sequence(der.oid(oids.ECDSA_WITH_SHA256), der.NULL)
    return shop.case(
        signed_data([signer_info(shop.signer, good_attributes(shop.signer), signature_algorithm=identifier)], chain_of(shop.signer))
    )


def rsa_without_null(seed: str) -> Case:
    """Nothing where an identifier of RSA has NULL, which readers must accept as well (RFC 4055 §5)."""
    shop = Workshop.open(seed)
    holder = signer_of(shop, "Người ký RSA TEST", key=SigningKey.derive_rsa(2048, seed, "RSA signer"))
    identifier = der.sequence(RSA_SHA256.encoded[2:-2])
    return shop.case(signed_data([signer_info(holder, good_attributes(holder), signature_algorithm=identifier)], chain_of(holder)))


def _fault(name: str, build: Callable[[str], Case], sub_indication: S | None, check: str, openssl: bool, pyhanko: bool) -> Fault:
    clauses = {"": "", "signature-algorithms": "EN 319 102-1 §5.2.8", "signature-value": "EN 319 102-1 §5.2.7"}
    group = Group.SOUND if sub_indication is None else Group.FORMAT
    expected = Expected((sub_indication,), check, clauses[check])
    return Fault(name, group, Form.CMS, (Finder.DOOR, Finder.AXIS), expected, build, Peers((openssl,), (pyhanko,)))


_REFUSED = S.CRYPTO_CONSTRAINTS_FAILURE
_BARE = der.sequence(der.oid(oids.RSASSA_PSS))

FAULTS = (
    _fault("pss-fitting", _pss(_FITTING), None, "", True, True),
    _fault("pss-digest-differs", _pss(rsa_pss("sha512", "sha512", 0)), _REFUSED, "signature-value", False, False),
    _fault("pss-mask-differs", _pss(rsa_pss("sha256", "sha1", 0)), _REFUSED, "signature-algorithms", True, True),
    _fault(
        "pss-salt-differs", _pss(_FITTING, rsa_pss("sha256", "sha256", 32).encoded), S.SIG_CRYPTO_FAILURE, "signature-value", False, False
    ),
    _fault("pss-parameters-absent", _pss(_FITTING, _BARE), _REFUSED, "signature-value", False, False),
    _fault("ecdsa-parameters-null", ecdsa_null, _REFUSED, "signature-value", True, True),
    _fault("rsa-parameters-absent", rsa_without_null, None, "", True, True),
)
"""Detached signatures whose identifier says more, less or other than how they were made."""
