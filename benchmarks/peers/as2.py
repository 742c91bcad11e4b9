"""pyas2lib doing what the axis does: a signed message built, received, verified, answered by a signed receipt, the receipt verified.

    PEER/bin/python as2.py

Runs in the peer's own environment and imports nothing of ours. Every line of standard input is a number of round trips to be made; the
answer is the seconds of the processor they took. The first line of output names the versions. Two organisations with RSA-2048 keys,
SHA-256, no encryption, synchronous receipt: what the axis' benchmark does too.
"""

import datetime
import importlib.metadata
import json
import os
import re
import sys
import time

_SEARCH = re.search
_ONE_DIGIT = r"\b(\d\.\d\.\d[a-z]*)\b"


def _search(pattern, string, flags=0):
    """oscrypto 1.3.0 knows OpenSSL's patch level with one digit only, and does not import on 3.0.10 and later (wbond/oscrypto#75)."""
    return _SEARCH(pattern.replace(r"\d\.\d\.\d[", r"\d\.\d\.\d+[") if pattern == _ONE_DIGIT else pattern, string, flags)


re.search = _search
import oscrypto.asymmetric  # noqa: E402,F401 - under the wrapped search, before the peer

re.search = _SEARCH
from cryptography import x509  # noqa: E402
from cryptography.hazmat.primitives import hashes, serialization  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: E402
from pyas2lib import Mdn, Message, Organization, Partner  # noqa: E402

SIZE = 10_240


def _pem(name):
    """A key and its self-signed certificate, in one PEM."""
    key = rsa.generate_private_key(65537, 2048)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    start = datetime.datetime(2020, 1, 1)  # noqa: DTZ001
    certificate = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key()).serial_number(1)
        .not_valid_before(start).not_valid_after(start.replace(year=2040)).sign(key, hashes.SHA256())
    )  # fmt: skip
    secret = serialization.BestAvailableEncryption(b"test")
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, secret)
    public = certificate.public_bytes(serialization.Encoding.PEM)
    return private + public, public


def _party(name, pem):
    return Organization(as2_name=name, sign_key=pem, sign_key_pass="test", decrypt_key=pem, decrypt_key_pass="test")  # noqa: S106


def _other(name, public):
    return Partner(
        as2_name=name, verify_cert=public, encrypt_cert=public, sign=True, digest_alg="sha256", mdn_mode="SYNC", mdn_digest_alg="sha256",
        validate_certs=False,
    )  # fmt: skip


class RoundTrip:
    """Both sides; each call is one document there and its receipt back."""

    def __init__(self):
        one, one_public = _pem("one")
        two, two_public = _pem("two")
        self._one, self._two = _party("one", one), _party("two", two)
        self._sees_two, self._sees_one = _other("two", two_public), _other("one", one_public)

    def __call__(self):
        sent = Message(self._one, self._sees_two)
        sent.build(os.urandom(SIZE), filename="document.bin", content_type="application/octet-stream")
        wire = sent.headers_str + b"\r\n" + sent.content
        received = Message()
        status, problem, receipt = received.parse(wire, lambda _: self._two, lambda _: self._sees_one)
        if status != "processed":
            raise RuntimeError(f"the message was {status}: {problem}")
        answer = receipt.headers_str + b"\r\n" + receipt.content
        status, detail = Mdn().parse(answer, lambda *_: sent)
        if status != "processed":
            raise RuntimeError(f"the receipt was {status}: {detail}")


def main():
    """Answer until the input ends."""
    trip = RoundTrip()
    trip()
    versions = {name: importlib.metadata.version(name) for name in ("pyas2lib", "cryptography", "asn1crypto", "oscrypto", "pyopenssl")}
    print(json.dumps(versions), flush=True)
    for line in sys.stdin:
        started = time.process_time()
        for _ in range(int(line)):
            trip()
        print(json.dumps(time.process_time() - started), flush=True)


if __name__ == "__main__":
    main()
