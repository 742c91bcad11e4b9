"""Certificates, lists and answers as people keep them."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signing import Authority, FormatFailure, describe_certificate, sort_artefacts
from tests.signing.lab import AT, person, pki
from tests.signing.oddities import certify, subordinate


def pem(label: str, der: bytes) -> bytes:
    return b"-----BEGIN " + label.encode() + b"-----\n" + base64.encodebytes(der) + b"-----END " + label.encode() + b"-----\n"


def test_one_artefact_in_der_is_told_by_its_content() -> None:
    certificate, (crl, *_) = person().certificate_der, pki().crls(AT)
    assert sort_artefacts(certificate).certificates == (certificate,)
    assert sort_artefacts(crl).crls == (crl,)


def test_a_pem_file_may_hold_many_and_text_around_them() -> None:
    certificate, (crl, *_) = person().certificate_der, pki().crls(AT)
    mixed = b"issuer: somebody\n" + pem("CERTIFICATE", certificate) + pem("X509 CRL", crl) + pem("PRIVATE KEY", b"\0" * 40)
    found = sort_artefacts(mixed)
    assert (found.certificates, found.crls, found.ocsps) == ((certificate,), (crl,), ())


@pytest.mark.parametrize("data", [b"", b"hello", b"\x30\x03\x02\x01\x05", pem("PRIVATE KEY", b"\0" * 40), pem("CERTIFICATE", b"\x30\x00")])
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(FormatFailure):
        sort_artefacts(data)


@given(st.binary(max_size=200))
def test_nothing_makes_it_raise_anything_else(data: bytes) -> None:
    for noise in (data, b"-----BEGIN CERTIFICATE-----\n" + data):
        with pytest.raises(FormatFailure):
            sort_artefacts(noise)
        assert describe_certificate(noise) is None


def test_a_certificate_in_words() -> None:
    words = describe_certificate(person().certificate_der)
    assert words is not None
    assert words.name == "Nguyễn Thị Bình"
    assert words.organisations == ("Ủy ban nhân dân tỉnh Hòa Bình", "Sở Nội vụ", "Phòng Cải cách hành chính")
    assert words.issuer.startswith("CN=CA phục vụ")
    assert not words.self_issued
    root = describe_certificate(pki().authority(Authority.ROOT).certificate_der)
    assert root is not None
    assert root.self_issued


def test_a_name_cannot_break_a_line_or_turn_a_text_round() -> None:
    odd = certify(subordinate(pki()), name="Ông\u202e\nA")
    words = describe_certificate(odd.certificate_der)
    assert words is not None
    assert words.name == "Ông\ufffd\ufffdA"
    assert words.subject.isprintable()
