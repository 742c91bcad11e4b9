"""OCSP: answers that others accept, refusals by the book, and a parser that nothing upsets."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from hypothesis import given, settings
from hypothesis import strategies as st

from signing import (
    METER,
    Authority,
    Behaviour,
    FormatFailure,
    Holder,
    InvalidBehaviour,
    InvalidHolder,
    Pki,
    Purpose,
    RevocationReason,
    Tree,
    Wrong,
    der,
)
from signing.algorithms import ECDSA_P256_SHA256
from signing.keys import raw_verify
from signing.pki.ocsp import MAX_ASKED, MAX_REQUEST, make_request, read_request
from tests.judges import needs_openssl, needs_pyhanko
from tests.signing.lab import AT, PERSON, VN, new_pki, person
from tests.signing.lab import pki as shared
from tests.signing.pki.judges import attime, issuer_of, openssl, pem

REVOKED_AT = datetime(2021, 9, 20, 14, 30, tzinfo=VN)


def loaded(certificate: bytes) -> x509.Certificate:
    return x509.load_der_x509_certificate(certificate)


def request_for(holder: Holder, algorithm: hashes.HashAlgorithm | None = None, nonce: bytes | None = None) -> bytes:
    """A request as another library writes it."""
    builder = ocsp.OCSPRequestBuilder().add_certificate(
        loaded(holder.certificate_der), loaded(issuer_of(holder)), algorithm or hashes.SHA1()
    )
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.build().public_bytes(Encoding.DER)


def answer(request: bytes, at: datetime = AT, behaviour: Behaviour | None = None, pki: Pki | None = None) -> ocsp.OCSPResponse:
    owner = pki or shared()
    return ocsp.load_der_ocsp_response(owner.ocsp(request, at, *([behaviour] if behaviour else [])))


def revoked() -> Holder:
    return person("Người bị thu hồi", revoked_at=REVOKED_AT, reason=RevocationReason.KEY_COMPROMISE)


@pytest.mark.parametrize("algorithm", [hashes.SHA1(), hashes.SHA256()])
def test_a_good_and_a_revoked_certificate(algorithm: hashes.HashAlgorithm) -> None:
    """The moment is producedAt and thisUpdate; the nonce comes back; the delegate is named by key and travels along; one raw signature."""
    before = METER.signs[Purpose.OCSP]
    good = answer(request_for(person(), algorithm, b"n" * 32))
    assert METER.signs[Purpose.OCSP] == before + 1
    assert good.certificate_status is ocsp.OCSPCertStatus.GOOD
    assert good.this_update_utc == good.produced_at_utc == AT
    assert good.next_update_utc == AT + timedelta(hours=1)
    assert good.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == b"n" * 32
    assert good.hash_algorithm.name == algorithm.name
    assert good.responder_name is None
    (delegate,) = good.certificates
    assert good.responder_key_hash == x509.SubjectKeyIdentifier.from_public_key(delegate.public_key()).digest  # type: ignore[arg-type]
    delegate.verify_directly_issued_by(loaded(issuer_of(person())))
    bad = answer(request_for(revoked(), algorithm))
    assert bad.certificate_status is ocsp.OCSPCertStatus.REVOKED
    assert (bad.revocation_time_utc, bad.revocation_reason) == (REVOKED_AT, x509.ReasonFlags.key_compromise)
    assert len(bad.extensions) == 0


def test_the_delegate_is_renewed_and_not_asked_about() -> None:
    """Thirty days each with a week to spare; id-pkix-ocsp-nocheck; the same moment gives the same bytes, whoever asked before."""
    pki = new_pki("renewal")
    first, second = (answer(request_for(person()), at, pki=new_pki("lab")).certificates[0] for at in (AT, AT + timedelta(days=30)))
    assert first != second
    assert first.not_valid_after_utc - first.not_valid_before_utc == timedelta(days=37)
    assert first.not_valid_before_utc <= AT < first.not_valid_before_utc + timedelta(days=30)
    assert list(first.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [x509.ExtendedKeyUsageOID.OCSP_SIGNING]
    assert first.extensions.get_extension_for_class(x509.OCSPNoCheck)
    holder, other = pki.issue(PERSON), new_pki("renewal")
    other.issue(PERSON)
    pki.ocsp(request_for(holder), AT - timedelta(days=99))
    assert pki.ocsp(request_for(holder), AT) == other.ocsp(request_for(holder), AT)


def test_the_responder_knows_its_own_certificate() -> None:
    delegate = answer(request_for(person())).certificates[0].public_bytes(Encoding.DER)
    holder = Holder("", delegate, person().key, person().issuer_chain, PERSON)
    assert answer(request_for(holder)).certificate_status is ocsp.OCSPCertStatus.GOOD


def test_unknown_unauthorized_and_malformed() -> None:
    """A serial number nobody issued is unknown; another PKI's authority is none of ours; what is no request is malformed."""
    issued_elsewhere = new_pki("elsewhere").issue(PERSON)
    stranger = Holder("", issued_elsewhere.certificate_der, person().key, person().issuer_chain, PERSON)
    assert answer(request_for(stranger)).certificate_status is ocsp.OCSPCertStatus.UNKNOWN
    assert answer(request_for(issued_elsewhere)).response_status is ocsp.OCSPResponseStatus.UNAUTHORIZED
    assert answer(request_for(person()), datetime(2018, 1, 1, tzinfo=VN)).response_status is ocsp.OCSPResponseStatus.UNAUTHORIZED
    assert answer(request_for(person(), hashes.SHA512())).response_status is ocsp.OCSPResponseStatus.UNAUTHORIZED
    assert answer(b"").response_status is ocsp.OCSPResponseStatus.MALFORMED_REQUEST


def cert_id(holder: Holder) -> bytes:
    """The CertID of a request, as DER."""
    request = asn1_ocsp.OCSPRequest.load(request_for(holder))
    return bytes(request["tbs_request"]["request_list"][0]["req_cert"].dump())


def test_several_certificates_of_one_authority_are_answered_together_of_two_by_nobody() -> None:
    pki = shared()
    unit = pki.time_stamping(AT)
    together = der.sequence(der.sequence(der.sequence(*(der.sequence(cert_id(holder)) for holder in (person(), revoked())))))
    said = asn1_ocsp.OCSPResponse.load(pki.ocsp(together, AT)).basic_ocsp_response["tbs_response_data"]["responses"]
    assert [single["cert_status"].name for single in said] == ["good", "revoked"]
    apart = der.sequence(der.sequence(der.sequence(*(der.sequence(cert_id(holder)) for holder in (person(), unit)))))
    assert answer(apart).response_status is ocsp.OCSPResponseStatus.UNAUTHORIZED


def _request(*singles: bytes, tail: bytes = b"", head: bytes = b"") -> bytes:
    return der.sequence(der.sequence(head, der.sequence(*singles), tail))


def _extensions(*extensions: tuple[str, bytes, bool]) -> bytes:
    parts = (der.sequence(der.oid(id), der.TRUE if critical else b"", der.octet_string(value)) for id, value, critical in extensions)
    return der.context(2, der.sequence(*parts))


NONCE, OTHER = "1.3.6.1.5.5.7.48.1.2", "1.3.6.1.5.5.7.48.1.4"


@pytest.mark.parametrize(
    ("shape", "reads"),
    [
        (lambda one: _request(one, head=der.context(1, der.context(4, der.sequence()))), True),
        (lambda one: der.sequence(_request(one)[2:], der.context(0, der.sequence(b"\x05\x00"))), True),
        (lambda one: _request(one, tail=_extensions((OTHER, b"\x30\x00", False), (NONCE, b"\x04\x01a", False))), True),
        (lambda one: _request(one, tail=_extensions((NONCE, der.octet_string(b"a" * 128), False))), True),
        (lambda one: _request(one, tail=_extensions((NONCE, b"\x04\x01a", True))), True),
        (lambda one: _request(one, tail=_extensions((NONCE, der.octet_string(b"a" * 129), False))), False),
        (lambda one: _request(one, tail=_extensions((NONCE, b"\x04\x00", False))), False),
        (lambda one: _request(one, tail=_extensions((NONCE, b"raw", False))), False),
        (lambda one: _request(one, tail=_extensions((NONCE, b"\x04\x01a", False), (NONCE, b"\x04\x01a", False))), False),
        (lambda one: _request(one, tail=_extensions((OTHER, b"\x30\x00", True))), False),
        (lambda one: _request(one, head=der.context(0, der.integer(0))), False),
        (lambda one: _request(one) + b"\x00", False),
        (lambda one: _request(), False),
        (lambda one: _request(*[one] * MAX_ASKED), True),
        (lambda one: _request(*[one] * (MAX_ASKED + 1)), False),
        (lambda one: bytes(MAX_REQUEST + 1), False),
    ],
)
def test_the_parser_is_strict_and_bounded(shape: object, reads: bool) -> None:
    assert callable(shape)
    request = shape(der.sequence(cert_id(person())))
    status = answer(request).response_status
    if reads:
        assert read_request(request).asked
        assert status is ocsp.OCSPResponseStatus.SUCCESSFUL
    else:
        with pytest.raises(FormatFailure):
            read_request(request)
        assert status is ocsp.OCSPResponseStatus.MALFORMED_REQUEST


@pytest.mark.parametrize(("digest", "algorithm"), [("sha1", hashes.SHA1()), ("sha256", hashes.SHA256())])
@pytest.mark.parametrize("nonce", [None, b"n" * 32])
def test_our_requests_are_those_others_write(digest: str, algorithm: hashes.HashAlgorithm, nonce: bytes | None) -> None:
    serial = loaded(person().certificate_der).serial_number
    assert make_request(issuer_of(person()), [serial], digest=digest, nonce=nonce) == request_for(person(), algorithm, nonce)


def test_the_status_of_one_certificate_is_what_its_responder_says() -> None:
    pki = shared()
    assert pki.status(revoked().certificate_der, AT) == pki.ocsp(request_for(revoked(), hashes.SHA256()), AT)
    assert ocsp.load_der_ocsp_response(pki.status(pki.time_stamping(AT).certificate_der, AT)).certificate_status is ocsp.OCSPCertStatus.GOOD
    public = Pki.build(replace(pki.spec, trees=tuple(Tree)[::2])).issue(replace(PERSON, authority=Authority.PUBLIC))
    with pytest.raises(InvalidHolder, match="no authority of this PKI"):
        pki.status(public.certificate_der, AT)


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_whatever_is_sent_gets_an_answer(data: st.DataObject) -> None:
    """Cut, turned and grown requests, and plain noise: an OCSPResponse that another parser reads, or echoes exactly what was asked."""
    good = request_for(person(), nonce=b"n" * 16)
    if data.draw(st.booleans()):
        noise = bytearray(good)
        for _ in range(data.draw(st.integers(1, 4))):
            noise[data.draw(st.integers(0, len(noise) - 1))] = data.draw(st.integers(0, 255))
        sent = bytes(noise[: data.draw(st.integers(0, len(noise)))]) if data.draw(st.booleans()) else bytes(noise)
    else:
        sent = data.draw(st.binary(max_size=200))
    said = answer(sent)
    if said.response_status is ocsp.OCSPResponseStatus.SUCCESSFUL:
        theirs = ocsp.load_der_ocsp_request(sent)
        assert (said.serial_number, said.issuer_key_hash) == (theirs.serial_number, theirs.issuer_key_hash)


@pytest.mark.parametrize("wrong", [Wrong.NONCE, Wrong.STALE, Wrong.SIGNATURE, Wrong.UNAVAILABLE])
def test_a_responder_can_be_made_wrong(wrong: Wrong) -> None:
    said = answer(request_for(person(), nonce=b"n" * 16), behaviour=Behaviour(wrong=wrong))
    if wrong is Wrong.UNAVAILABLE:
        assert said.response_status is ocsp.OCSPResponseStatus.TRY_LATER
        return
    key = said.certificates[0].public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    held = raw_verify(key, said.signature, said.tbs_response_bytes, ECDSA_P256_SHA256, Purpose.OCSP)
    assert held is (wrong is not Wrong.SIGNATURE)
    assert (said.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == b"n" * 16) is (wrong is not Wrong.NONCE)
    assert (said.next_update_utc is not None and said.next_update_utc < AT) is (wrong is Wrong.STALE)


def test_a_stale_responder_does_not_know_yet_and_a_fast_clock_does_not_foresee() -> None:
    request = request_for(revoked())
    stale = answer(request, behaviour=Behaviour(wrong=Wrong.STALE))
    assert stale.certificate_status is ocsp.OCSPCertStatus.GOOD
    fast = answer(request, REVOKED_AT - timedelta(hours=1), Behaviour(clock_error=timedelta(hours=7)))
    assert fast.certificate_status is ocsp.OCSPCertStatus.GOOD
    assert fast.this_update_utc == REVOKED_AT + timedelta(hours=6)


def test_impossible_behaviour_is_refused() -> None:
    with pytest.raises(InvalidBehaviour, match="imprint"):
        answer(request_for(person()), behaviour=Behaviour(wrong=Wrong.IMPRINT))


@needs_openssl
def test_openssl_accepts_what_is_said(tmp_path: Path) -> None:
    """Its own request with the root alone trusted: good, revoked with its reason; a turned bit is refused. (Nonces: test_app.)"""
    pki = shared()
    pem(tmp_path, "root.pem", pki.root.certificate_der)
    pem(tmp_path, "issuer.pem", issuer_of(person()))
    for name, holder, word in (("good", person(), "good"), ("bad", revoked(), "revoked")):
        pem(tmp_path, f"{name}.pem", holder.certificate_der)
        ask = ["ocsp", "-issuer", "issuer.pem", "-cert", f"{name}.pem"]
        assert openssl(tmp_path, *ask, "-reqout", "request.der").returncode == 0
        (tmp_path / "answer.der").write_bytes(pki.ocsp((tmp_path / "request.der").read_bytes(), AT))
        judge = [*ask, "-no_nonce", "-respin", "answer.der", "-CAfile", "root.pem", "-verify_other", "issuer.pem"]
        heard = openssl(tmp_path, *judge, "-validity_period", "1000000000", *attime(AT))
        assert "Response verify OK" in heard.stderr, heard.stderr
        assert f"{name}.pem: {word}" in heard.stdout
    assert "Reason: keyCompromise" in heard.stdout
    spoilt = pki.ocsp((tmp_path / "request.der").read_bytes(), AT, Behaviour(wrong=Wrong.SIGNATURE))
    (tmp_path / "answer.der").write_bytes(spoilt)
    assert "Response Verify Failure" in openssl(tmp_path, *judge, "-validity_period", "1000000000", *attime(AT)).stderr


@needs_pyhanko
def test_certvalidator_accepts_answers_and_lists_and_refuses_the_revoked() -> None:
    """Offline at the moment, revocation required: by our OCSP answer for the leaf and our list for the authority."""
    from pyhanko_certvalidator import CertificateValidator, ValidationContext
    from pyhanko_certvalidator.errors import PathValidationError, RevokedError

    pki = shared()

    def judge(holder: Holder, request: bytes, behaviour: Behaviour | None = None) -> None:
        response = pki.ocsp(request, AT, *([behaviour] if behaviour else []))
        context = ValidationContext(
            trust_roots=[asn1_x509.Certificate.load(pki.root.certificate_der)],
            moment=AT + timedelta(minutes=5),
            ocsps=[asn1_ocsp.OCSPResponse.load(response)],
            crls=[crl for crl in (pki.crl(Authority.ROOT, AT),) if crl is not None],
            revocation_mode="require",
            allow_fetching=False,
        )
        leaf, issuer = (asn1_x509.Certificate.load(item) for item in (holder.certificate_der, issuer_of(holder)))
        asyncio.run(CertificateValidator(leaf, [issuer], validation_context=context).async_validate_path())

    judge(person(), request_for(person()))
    with pytest.raises(RevokedError):
        judge(revoked(), request_for(revoked()))
    with pytest.raises(PathValidationError):
        judge(person(), request_for(person()), Behaviour(wrong=Wrong.SIGNATURE))
    with pytest.raises(PathValidationError):
        judge(person(), request_for(person()), Behaviour(wrong=Wrong.STALE))
