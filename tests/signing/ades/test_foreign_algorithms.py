"""Signatures by algorithms the house does not write, made by OpenSSL: read, verified and weighed by the policy that lists them."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from signing import Evidence, Severity, SubIndication, load_policy, read_signed
from signing.validation.ades.door import validate
from signing.validation.verdicts import SignatureVerdict
from tests.judges import needs_openssl

CONTENT = b"van ban\n"
PSS = "-keyopt rsa_padding_mode:pss -keyopt rsa_pss_saltlen:32"
KEYS = {
    "P-384 with SHA-384": ("ec -pkeyopt ec_paramgen_curve:P-384", "sha384", "", "ecdsa-sha384"),
    "P-384 with SHA-256": ("ec -pkeyopt ec_paramgen_curve:P-384", "sha256", "", "ecdsa-p256-sha256"),
    "P-521 with SHA-512": ("ec -pkeyopt ec_paramgen_curve:P-521", "sha512", "", "ecdsa-sha512"),
    "RSA-PSS with SHA-256": ("rsa:2048", "sha256", PSS, "rsa-pss-sha256"),
    "P-256 with SHA-256": ("ec -pkeyopt ec_paramgen_curve:P-256", "sha256", "", "ecdsa-p256-sha256"),
}
"""Key, digest and options of OpenSSL, and the algorithm as SignerInfo has it: it names no curve, so that of the house stands there."""
_ETSI = load_policy("etsi-baseline")
ETSI = replace(_ETSI, checks={**_ETSI.checks, "revocation-known": Severity.IGNORE})


def signed(folder: Path, key: str, digest: str, options: str) -> tuple[bytes, bytes]:
    """A detached signature over the content, and the self-made root above its signer."""
    (folder / "content").write_bytes(CONTENT)
    (folder / "extensions").write_text("keyUsage=critical,digitalSignature\nbasicConstraints=CA:false\n")
    for command in (
        f"openssl req -x509 -newkey {key} -nodes -keyout ca.key -out ca.pem -subj /CN=CA -days 30",
        f"openssl req -newkey {key} -nodes -keyout signer.key -out request -subj /CN=signer",
        "openssl x509 -req -in request -CA ca.pem -CAkey ca.key -CAcreateserial -out signer.pem -extfile extensions -days 20",
        f"openssl cms -sign -cades -binary -in content -signer signer.pem -inkey signer.key -md {digest} {options} -outform DER -out cms",
    ):
        subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
    root = x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes())
    return (folder / "cms").read_bytes(), root.public_bytes(Encoding.DER)


def judged(data: bytes, root: bytes) -> SignatureVerdict:
    (claim,) = read_signed(data, CONTENT).claims
    begun = x509.load_der_x509_certificate(root).not_valid_before_utc
    return validate(claim, Evidence((root,)), begun + timedelta(hours=1), ETSI)


@needs_openssl
@pytest.mark.parametrize("name", KEYS)
def test_what_openssl_signs_is_verified(name: str, tmp_path: Path) -> None:
    key, digest, options, algorithm = KEYS[name]
    data, root = signed(tmp_path, key, digest, options)
    (claim,) = read_signed(data, CONTENT).claims
    assert claim.signer.signature_algorithm == algorithm
    found = judged(data, root)
    assert found.passed, [check for check in found.checks if not check.passed]
    value = bytearray(claim.signer.signature)
    value[-1] ^= 1
    assert judged(data.replace(claim.signer.signature, bytes(value)), root).sub_indication is SubIndication.SIG_CRYPTO_FAILURE


@needs_openssl
def test_the_field_knows_its_own_algorithms_only(tmp_path: Path) -> None:
    key, digest, options, _ = KEYS["P-384 with SHA-384"]
    data, root = signed(tmp_path, key, digest, options)
    (claim,) = read_signed(data, CONTENT).claims
    field = replace(load_policy(), signatures=1, in_order=False, checks={**load_policy().checks, "revocation-known": Severity.IGNORE})
    begun = x509.load_der_x509_certificate(root).not_valid_before_utc
    found = validate(claim, Evidence((root,)), begun + timedelta(hours=1), field)
    assert found.sub_indication is SubIndication.CRYPTO_CONSTRAINTS_FAILURE
