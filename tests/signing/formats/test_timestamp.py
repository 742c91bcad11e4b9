"""RFC 3161: tokens and responses we make are accepted by OpenSSL; requests are read strictly, OpenSSL's own among them."""

from __future__ import annotations

import subprocess
from datetime import timedelta
from pathlib import Path
from ssl import DER_cert_to_PEM_cert
from typing import Any

import pytest
from asn1crypto import tsp
from hypothesis import given
from hypothesis import strategies as st

from signing import METER, FormatFailure, Purpose
from signing.formats.timestamp import MAX_REQUEST, TimestampRequest, make_request, read_request
from signing.pki.timestamp import Refusal, granted, make_token, refused
from tests.judges import needs_openssl
from tests.signing.formats.lab import POLICY, tsa
from tests.signing.lab import AT, CONTENT, DIGEST


def token(**changes: Any) -> bytes:
    return make_token(tsa(), DIGEST, **{"at": AT, "serial": 7, "policy": POLICY, **changes})


def openssl(*arguments: object) -> str:
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, check=False, timeout=60)
    return done.stdout + done.stderr


@needs_openssl
@pytest.mark.parametrize(
    "changes", [{}, {"nonce": 2**63 + 1}, {"accuracy_ms": 1}, {"accuracy_ms": None}, {"at": AT + timedelta(milliseconds=120)}]
)
def test_openssl_accepts_our_responses(changes: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(CONTENT)
    (tmp_path / "response").write_bytes(granted(token(**changes)))
    (tmp_path / "root.pem").write_text(DER_cert_to_PEM_cert(tsa().issuer_chain[-1]))
    said = openssl(
        "ts", "-verify", "-data", tmp_path / "data", "-in", tmp_path / "response", "-CAfile", tmp_path / "root.pem",
        "-attime", int(AT.timestamp()),
    )  # fmt: skip
    assert "Verification: OK" in said
    shown = openssl("ts", "-reply", "-in", tmp_path / "response", "-text")
    assert "Status: Granted." in shown
    assert "Serial number: 0x07" in shown


@needs_openssl
def test_openssl_reads_our_refusals(tmp_path: Path) -> None:
    (tmp_path / "response").write_bytes(refused(Refusal.BAD_ALGORITHM, "SHA-1 is no longer stamped"))
    shown = openssl("ts", "-reply", "-in", tmp_path / "response", "-text")
    assert "Status: Rejected." in shown
    assert "SHA-1 is no longer stamped" in shown
    assert "unrecognized or unsupported algorithm identifier" in shown


def test_a_token_is_a_function_of_its_arguments_and_costs_one_signature() -> None:
    before = METER.signs[Purpose.TIMESTAMP]
    assert token() == token()
    assert METER.signs[Purpose.TIMESTAMP] == before + 2
    assert token(serial=8) != token()
    assert len(token(embed=())) < len(token()) - 1000


def test_an_imprint_must_be_a_digest() -> None:
    with pytest.raises(FormatFailure, match="messageImprint"):
        make_token(tsa(), b"short", at=AT, serial=1, policy=POLICY)
    with pytest.raises(FormatFailure, match="messageImprint"):
        make_request(bytes(20))


@given(
    nonce=st.none() | st.integers(min_value=0, max_value=2**255),
    policy=st.sampled_from([None, POLICY]),
    certificates=st.booleans(),
)
def test_requests_read_back_and_asn1crypto_agrees(nonce: int | None, policy: str | None, certificates: bool) -> None:
    data = make_request(DIGEST, policy=policy, nonce=nonce, certificates=certificates)
    assert read_request(data) == TimestampRequest("sha256", DIGEST, policy, nonce, certificates)
    other = tsp.TimeStampReq.load(data, strict=True)
    assert (other["nonce"].native, other["req_policy"].native, other["cert_req"].native) == (nonce, policy, certificates)


@needs_openssl
def test_openssls_requests_are_read(tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(CONTENT)
    openssl("ts", "-query", "-data", tmp_path / "data", "-sha256", "-cert", "-tspolicy", POLICY, "-out", tmp_path / "request")
    request = read_request((tmp_path / "request").read_bytes())
    assert (request.imprint, request.policy, request.certificates) == (DIGEST, POLICY, True)
    assert request.nonce is not None


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"", "strict DER"),
        (make_request(DIGEST) + b"\0", "strict DER"),
        (make_request(DIGEST).replace(b"\x02\x01\x01", b"\x02\x01\x02", 1), "version"),
        (make_request(DIGEST, nonce=2**300), "nonce"),
        (bytes(MAX_REQUEST + 1), "longer"),
        (
            tsp.TimeStampReq({"version": 1, "message_imprint": {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": b"x"}}).dump(),
            "32",
        ),
    ],
)
def test_other_bytes_are_no_request(data: bytes, rule: str) -> None:
    with pytest.raises(FormatFailure, match=rule):
        read_request(data)


def test_an_unknown_digest_and_an_extension_are_named_not_refused() -> None:
    """Whether they are accepted is the authority's affair, and its answer must say which of the two it was."""
    built = tsp.TimeStampReq(
        {
            "version": 1,
            "message_imprint": {"hash_algorithm": {"algorithm": "md5"}, "hashed_message": bytes(16)},
            "extensions": [{"extn_id": "1.2.3", "extn_value": b"\x05\0"}],
        }
    )
    request = read_request(built.dump())
    assert request.imprint_algorithm.startswith("unknown:")
    assert request.extensions == ("1.2.3",)
