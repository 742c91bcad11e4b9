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

from signing import METER, FormatFailure, Purpose, der, oids
from signing.algorithms import SHA256_IDENTIFIER
from signing.formats import tolerant
from signing.formats.assembly import digest_of
from signing.formats.certificates import certificate_facts
from signing.formats.strict import read_envelope
from signing.formats.timestamp import (
    MAX_REQUEST,
    MAX_TOKEN,
    TimestampRequest,
    answers,
    make_request,
    read_info,
    read_request,
    read_response,
    read_token,
    token_claim,
)
from signing.pki.timestamp import Refusal, granted, make_token, refused, sign_token, tst_info
from tests.judges import needs_openssl
from tests.signing.formats.lab import POLICY, tsa
from tests.signing.lab import AT, CONTENT, DIGEST, signed


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


# --- tokens read -----------------------------------------------------------------------------------------------------------------------


def test_a_token_reads_back_as_what_it_was_made_of() -> None:
    at = AT + timedelta(milliseconds=250)
    data = token(at=at, nonce=99, accuracy_ms=1500)
    claim = token_claim(read_token(data), digest_of(CONTENT), frozenset((b"x",)))
    assert (claim.generated_at, claim.accuracy_seconds, claim.serial, claim.policy, claim.nonce) == (at, 1.5, 7, POLICY, 99)
    assert (claim.imprint_algorithm, claim.imprint, claim.expected("sha256")) == ("sha256", DIGEST, DIGEST)
    assert claim.tsa == der.context(4, certificate_facts(tsa().certificate_der).subject_der)
    assert claim.signer.content_type == oids.TST_INFO
    assert claim.signer.message_digest == digest_of(claim.info)("sha256")
    assert set(claim.certificates) == {tsa().certificate_der, tsa().issuer_chain[0]}
    assert claim.covers == {b"x"}


@given(ms=st.integers(1, 10**6), micros=st.integers(0, 999_999))
def test_time_and_accuracy_survive_to_the_microsecond(ms: int, micros: int) -> None:
    at = AT.replace(microsecond=micros)
    info = read_info(tst_info(tsa(), DIGEST, at=at, serial=1, policy=POLICY, accuracy_ms=ms))
    assert info.generated_at == at
    assert info.accuracy_seconds == pytest.approx(ms / 1000)


@pytest.mark.parametrize("read", [read_envelope, tolerant.read_envelope])
def test_both_readers_take_tokens_apart_alike(read: Any) -> None:
    assert read_token(token(), read).info == read_token(token()).info
    with pytest.raises(FormatFailure, match="TSTInfo as attached"):
        read_token(signed(), read)


@needs_openssl
def test_openssls_tokens_are_read(tmp_path: Path) -> None:
    """A token by `openssl ts -reply` under our certificate: its fields, and its answer to its request."""
    (tmp_path / "data").write_bytes(CONTENT)
    (tmp_path / "tsa.pem").write_text(DER_cert_to_PEM_cert(tsa().certificate_der))
    (tmp_path / "key.pem").write_bytes(tsa().key.private_pem())
    (tmp_path / "serial").write_text("0A")
    (tmp_path / "ts.cnf").write_text(
        f"[tsa]\ndefault_tsa=t\n[t]\nserial={tmp_path}/serial\nsigner_cert={tmp_path}/tsa.pem\nsigner_key={tmp_path}/key.pem\n"
        f"signer_digest=sha256\ndefault_policy={POLICY}\ndigests=sha256\naccuracy=secs:1,millisecs:500\ness_cert_id_alg=sha256\n"
    )
    openssl("ts", "-query", "-data", tmp_path / "data", "-sha256", "-out", tmp_path / "request")
    openssl("ts", "-reply", "-config", tmp_path / "ts.cnf", "-queryfile", tmp_path / "request", "-out", tmp_path / "response")
    found = read_token(read_response((tmp_path / "response").read_bytes()), tolerant.read_envelope)
    assert (found.info.imprint, found.info.policy, found.info.accuracy_seconds) == (DIGEST, POLICY, 1.5)
    request = read_request((tmp_path / "request").read_bytes())
    assert answers(found.info, request) == ""


def test_a_token_must_answer_its_request() -> None:
    asked = TimestampRequest("sha256", DIGEST, POLICY, 5)
    good = read_token(token(nonce=5)).info
    assert answers(good, asked) == ""
    assert "imprint" in answers(good, TimestampRequest("sha256", bytes(32), POLICY, 5))
    assert "nonce" in answers(good, TimestampRequest("sha256", DIGEST, POLICY, 6))
    assert "policy" in answers(good, TimestampRequest("sha256", DIGEST, "1.2.3", 5))


def test_responses_give_their_token_or_say_why_not() -> None:
    assert read_response(granted(token())) == token()
    with pytest.raises(FormatFailure, match="grants no token: status 2"):
        read_response(refused(Refusal.BAD_REQUEST))
    for data in (b"", token(), granted(token()) + b"\0", bytes(MAX_TOKEN + 1)):
        with pytest.raises(FormatFailure):
            read_response(data)


def _altered(old: bytes, new: bytes) -> bytes:
    info = tst_info(tsa(), DIGEST, at=AT, serial=7, policy=POLICY)
    assert info.count(old) == 1
    changed = info.replace(old, new)
    return der.sequence(changed[2 + (changed[1] == 0x81) :])


@pytest.mark.parametrize(
    ("info", "rule"),
    [
        (_altered(b"\x02\x01\x01\x06", b"\x02\x01\x02\x06"), "version"),
        (_altered(b"20210927020000Z", b"20210927020000+"), "strict DER"),
        (_altered(*(der.sequence(SHA256_IDENTIFIER, der.octet_string(value)) for value in (DIGEST, DIGEST[:20]))), "32 bytes"),
        (_altered(b"\x30\x03\x02\x01\x01", b"\x30\x04\x80\x02\x03\xe8"), "1 to 999"),
        (_altered(b"\x30\x03\x02\x01\x01", b"\x30\x06\x02\x04\x7f\xff\xff\xff"), "at most"),
    ],
)
def test_other_infos_are_refused(info: bytes, rule: str) -> None:
    with pytest.raises(FormatFailure, match=rule):
        read_token(sign_token(tsa(), info, ()))


@given(st.binary(max_size=200) | st.tuples(st.integers(0, 2200), st.integers(0, 2200), st.binary(max_size=8)))
def test_hostile_bytes_are_a_format_failure_or_a_token(data: bytes | tuple[int, int, bytes]) -> None:
    if isinstance(data, tuple):
        whole = token()
        data = whole[: data[0]] + data[2] + whole[data[1] :]
    for read in (read_token, read_response, read_request, lambda given: read_token(given, tolerant.read_envelope)):
        try:
            read(data)
        except FormatFailure:
            continue
