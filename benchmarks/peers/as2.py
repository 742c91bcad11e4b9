"""pyas2lib doing what the axis does: a signed message built, received, verified, answered by a signed receipt, the receipt verified.

    PEER/bin/python as2.py

Runs in the peer's own environment and imports nothing of ours. Every line of standard input is a number of round trips to be made; the
answer is the seconds of the processor they took. The first line of output names the versions. Two organisations with RSA-2048 keys,
SHA-256, no encryption, synchronous receipt: what the axis' benchmark does too.
"""

import importlib.metadata
import json
import os
import sys
import time

import as2_parties  # beside this file; patches what the peer cannot import without
from pyas2lib import Mdn, Message, Organization, Partner

SIZE = 10_240


def _party(name, pem):
    return Organization(as2_name=name, sign_key=pem, sign_key_pass=as2_parties.PASS, decrypt_key=pem, decrypt_key_pass=as2_parties.PASS)


def _other(name, public):
    return Partner(
        as2_name=name, verify_cert=public, encrypt_cert=public, sign=True, digest_alg="sha256", mdn_mode="SYNC", mdn_digest_alg="sha256",
        validate_certs=False,
    )  # fmt: skip


class RoundTrip:
    """Both sides; each call is one document there and its receipt back."""

    def __init__(self):
        one, one_public = as2_parties.pem("one")
        two, two_public = as2_parties.pem("two")
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
