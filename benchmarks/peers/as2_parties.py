"""What the AS2 peers' scripts share: the library imported in spite of its version check, and keys. Runs in the peer's environment."""

import datetime
import re

_SEARCH = re.search
_ONE_DIGIT = r"\b(\d\.\d\.\d[a-z]*)\b"
PASS = "test"


def _search(pattern, string, flags=0):
    """oscrypto 1.3.0 knows OpenSSL's patch level with one digit only, and does not import on 3.0.10 and later (wbond/oscrypto#75)."""
    return _SEARCH(pattern.replace(r"\d\.\d\.\d[", r"\d\.\d\.\d+[") if pattern == _ONE_DIGIT else pattern, string, flags)


re.search = _search
import oscrypto.asymmetric  # noqa: E402,F401 - under the wrapped search, before the peer

re.search = _SEARCH
from cryptography import x509  # noqa: E402
from cryptography.hazmat.primitives import hashes, serialization  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: E402


def pem(name):
    """A key and its self-signed certificate in one PEM, and the certificate alone."""
    key = rsa.generate_private_key(65537, 2048)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    start = datetime.datetime(2020, 1, 1)  # noqa: DTZ001
    certificate = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key()).serial_number(1)
        .not_valid_before(start).not_valid_after(start.replace(year=2040)).sign(key, hashes.SHA256())
    )  # fmt: skip
    secret = serialization.BestAvailableEncryption(PASS.encode())
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, secret)
    public = certificate.public_bytes(serialization.Encoding.PEM)
    return private + public, public
