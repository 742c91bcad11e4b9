"""CAdES-B is written from templates and read strictly: what others let pass is refused here, each with its rule."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha1, sha256
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import algos, cms, core, x509
from hypothesis import given
from hypothesis import strategies as st

from signing import CadesSigner, CadesTemplate, FormatFailure, Holder, KeyKind, Purpose, SignedMessage, parse_cms
from signing.formats.cms import looks_like_signed_attributes
from tests.judges import needs_openssl, needs_pyhanko
from tests.signing.lab import (
    AT,
    CONTENT,
    DIGEST,
    PERSON,
    attribute,
    chain_of,
    der_set,
    ess,
    good_attributes,
    new_pki,
    person,
    pki,
    signed,
    signed_data,
    signer_info,
)


@pytest.fixture(scope="module")
def rsa_holder(tmp_path_factory: pytest.TempPathFactory) -> Holder:
    return new_pki(key_cache=tmp_path_factory.mktemp("keys")).issue(replace(PERSON, key=KeyKind.RSA2048))


def test_written_signature_reads_back() -> None:
    """Digest, signer and certificates come out as they went in."""
    holder = person()
    message = parse_cms(signed(holder))
    assert message.message_digest == DIGEST
    assert message.signer.ess_certificate_sha256 == sha256(holder.certificate_der).digest()
    assert (message.signer.ess_issuer, message.signer.ess_serial) == (message.signer.signer_issuer, message.signer.signer_serial)
    assert set(message.signer.certificates) == set(chain_of(holder))
    assert (message.signer.digest_algorithm, message.signer.signature_algorithm) == ("sha256", "ecdsa-p256-sha256")


@given(st.binary(min_size=32, max_size=32))
def test_every_signature_fits_and_rebuilds_from_its_values(digest: bytes) -> None:
    """Whatever length ECDSA gives, the shell fits, the bound holds, and certificate, digest and signature alone give the same bytes."""
    signer = CadesSigner(person(), purpose=Purpose.LETTER)
    data = signer.sign(digest)
    message = parse_cms(data)
    assert len(data) <= signer.max_size
    assert data == signer.sign(digest)
    template = CadesTemplate(signer.holder.certificate_der, message.signer.certificates, signer.holder.key.algorithm)
    assert template.assemble(message.message_digest, message.signature) == data
    assert template.attributes(digest) == message.signed_attributes


def test_all_signature_lengths_occur_and_parse() -> None:
    """P-256 signatures are 70 to 72 bytes long, seldom shorter; each length has its own shell."""
    lengths = {len(parse_cms(signed(digest=sha256(bytes([i])).digest())).signature) for i in range(200)}
    assert {70, 71, 72} <= lengths


@pytest.mark.parametrize("size", [1, 8, 68, 69, 72, 127, 128, 256, 512])
def test_shell_of_any_signature_length_is_der(size: int) -> None:
    """Outer lengths change their own length at 128 and 65536; the reader sees through all of it."""
    holder = person()
    template = CadesTemplate(holder.certificate_der, chain_of(holder), holder.key.algorithm)
    data = template.assemble(DIGEST, b"\x01" * size)
    assert parse_cms(data).signature == b"\x01" * size
    assert len(data) == template.size(size)


def test_second_parser_sees_the_same(rsa_holder: Holder) -> None:
    """asn1crypto, another decoder altogether, never disagrees on what was signed."""
    for data in (signed(), signed(embed=False), signed(rsa_holder)):
        message = parse_cms(data)
        content = cms.ContentInfo.load(data, strict=True)["content"]
        (info,) = content["signer_infos"]
        assert b"\x31" + info["signed_attrs"].dump()[1:] == message.signed_attributes
        attributes = {item["type"].native: item["values"] for item in info["signed_attrs"]}
        assert set(attributes) == {"content_type", "message_digest", "signing_certificate_v2"}
        assert attributes["message_digest"][0].native == message.message_digest
        named = attributes["signing_certificate_v2"][0]["certs"][0]
        assert named["cert_hash"].native == message.signer.ess_certificate_sha256
        assert named["issuer_serial"]["serial_number"].native == message.signer.ess_serial == message.signer.signer_serial
        assert info["sid"].chosen["issuer"].dump() == message.signer.signer_issuer == message.signer.ess_issuer
        assert info["signature"].native == message.signature
        assert tuple(item.dump() for item in content["certificates"] or []) == message.signer.certificates


def test_second_parser_says_der() -> None:
    """Decoded and encoded again by asn1crypto, the bytes are the same: lengths, order and defaults are DER."""
    data = signed()
    loaded = cms.ContentInfo.load(data, strict=True)
    assert loaded.native
    assert loaded.dump(force=True) == data


def test_signature_without_certificates_is_smaller() -> None:
    """Receipts go to people who know the axis: certificates may stay out."""
    bare = signed(embed=False)
    assert parse_cms(bare).signer.certificates == ()
    assert len(bare) < 600 < len(signed())


@needs_openssl
@pytest.mark.parametrize("embed", [True, False])
def test_openssl_accepts_what_is_written(tmp_path: Path, rsa_holder: Holder, embed: bool) -> None:
    """`openssl cms -verify -cades` agrees with P-256 and RSA, with certificates and without."""
    for holder in (person(), rsa_holder):
        assert _openssl(tmp_path, signed(holder, embed=embed), holder) == (0, "CAdES Verification successful\n")


@needs_openssl
def test_openssl_refuses_other_content(tmp_path: Path) -> None:
    """The judge is awake: with another content it says no."""
    status, _ = _openssl(tmp_path, signed(digest=bytes(32)), person())
    assert status != 0


@needs_pyhanko
@pytest.mark.parametrize("kind", ["p256", "rsa"])
def test_pyhanko_accepts_what_is_written(rsa_holder: Holder, kind: str) -> None:
    """pyHanko's detached validation, with all lists and at a past moment, ends in bottom_line true."""
    holder = person() if kind == "p256" else rsa_holder
    owner = pki() if kind == "p256" else new_pki()
    assert _pyhanko(signed(holder), holder, owner.crls(AT)) is True
    assert _pyhanko(signed(holder, digest=bytes(32)), holder, owner.crls(AT)) is False


def _pyhanko(data: bytes, holder: Holder, crls: tuple[bytes, ...]) -> bool:
    from asn1crypto import crl as asn1_crl
    from pyhanko.sign.validation.generic_cms import async_validate_detached_cms
    from pyhanko_certvalidator import ValidationContext

    context = ValidationContext(
        trust_roots=[x509.Certificate.load(holder.issuer_chain[1])],
        other_certs=[x509.Certificate.load(holder.issuer_chain[0])],
        moment=AT,
        crls=[asn1_crl.CertificateList.load(crl) for crl in crls],
        revocation_mode="require",
        allow_fetching=False,
    )
    content = cms.ContentInfo.load(data)["content"]
    status = asyncio.run(async_validate_detached_cms(CONTENT, content, signer_validation_context=context))
    return bool(status.bottom_line)


def _openssl(folder: Path, data: bytes, holder: Holder) -> tuple[int, str]:
    # OpenSSL finds the signer among -certfile, but not the authority above: without embedded certificates that one has to be trusted.
    trusted = holder.issuer_chain[1:] if parse_cms(data).signer.certificates else holder.issuer_chain
    names = {"root.pem": trusted, "known.pem": (holder.certificate_der,)}
    for name, certificates in names.items():
        (folder / name).write_text("".join(ssl.DER_cert_to_PEM_cert(certificate) for certificate in certificates))
    (folder / "signature.p7s").write_bytes(data)
    (folder / "content").write_bytes(CONTENT)
    command = ["openssl", "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", "signature.p7s", "-content", "content"]
    command += ["-CAfile", "root.pem", "-certfile", "known.pem", "-purpose", "any"]
    command += ["-attime", str(int(AT.timestamp())), "-out", "/dev/null"]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return run.returncode, run.stderr


# --- what is refused -------------------------------------------------------------------------------------------------------------------


def _with(attributes: list[cms.CMSAttribute]) -> bytes:
    holder = person()
    return signed_data([signer_info(holder, attributes)], chain_of(holder))


def _attributes(*, replace_: dict[str, Any] | None = None, drop: str = "", extra: list[cms.CMSAttribute] | None = None) -> bytes:
    kept = [item for item in good_attributes(person().certificate_der) if item["type"].native not in (drop, *(replace_ or {}))]
    kept += [attribute(kind, value) for kind, value in (replace_ or {}).items()]
    kept += extra or []
    return _with(sorted(kept, key=lambda item: item.dump()))


def _unsorted() -> bytes:
    return _with_reversed_attributes(sign_reversed=True)


def _reordered_after_signing() -> bytes:
    return _with_reversed_attributes(sign_reversed=False)


def _with_reversed_attributes(*, sign_reversed: bool) -> bytes:
    """asn1crypto sorts a SET OF on its own, so the reversed attributes are put in place of the sorted ones afterwards."""
    holder, attributes = person(), good_attributes(person().certificate_der)
    ordered, reversed_ = (b"".join(item.dump() for item in items) for items in (attributes, attributes[::-1]))
    signature = holder.key.sign(der_set(attributes[::-1] if sign_reversed else attributes), Purpose.LETTER)
    data = signed_data([signer_info(holder, attributes, signature=signature)], chain_of(holder))
    assert data.count(ordered) == 1
    return data.replace(ordered, reversed_)


def _confusion() -> bytes:
    """A signature over somebody's attributes offered as one over plain content, signedAttrs removed."""
    holder = person()
    return signed_data([signer_info(holder, None, data=der_set(good_attributes(holder.certificate_der)))], chain_of(holder))


def _indefinite() -> bytes:
    data = signed()
    return data[:1] + b"\x80" + data[4:] + b"\x00\x00"


def _long_form_length() -> bytes:
    data = signed()
    return data[:1] + b"\x83\x00" + data[2:4] + data[4:]


def _signers(count: int) -> Callable[[], bytes]:
    def build() -> bytes:
        holders = [person(), person("Trần Văn Hai")][:count]
        infos = [signer_info(holder, good_attributes(holder.certificate_der)) for holder in holders]
        certificates = {certificate for holder in holders for certificate in chain_of(holder)} or set(chain_of(person()))
        return signed_data(infos, sorted(certificates))

    return build


def _changed(**changes: Any) -> Callable[[], bytes]:
    def build() -> bytes:
        holder = person()
        return signed_data([signer_info(holder, good_attributes(holder.certificate_der))], chain_of(holder), **changes)

    return build


def _unsigned_attribute() -> bytes:
    holder = person()
    info = signer_info(holder, good_attributes(holder.certificate_der), unsigned=[attribute("content_type", "data")])
    return signed_data([info], chain_of(holder))


def _key_identifier_signer() -> bytes:
    holder = person()
    info = signer_info(holder, good_attributes(holder.certificate_der))
    info["sid"] = cms.SignerIdentifier("subject_key_identifier", b"\x01" * 20)
    return signed_data([info], chain_of(holder))


def _ess_with_explicit_default() -> bytes:
    value = ess(person().certificate_der)
    content = value["certs"][0]
    algorithm = algos.DigestAlgorithm({"algorithm": "sha256"}).dump()
    spelled = core.Sequence(contents=algorithm + content["cert_hash"].dump() + content["issuer_serial"].dump())
    body = core.Sequence(contents=core.Sequence(contents=spelled.dump()).dump()).dump()
    plain = attribute("signing_certificate_v2", value).dump()
    attributes = [item.dump() for item in good_attributes(person().certificate_der)[:2]]
    assert plain.endswith(value.dump())
    kind = core.ObjectIdentifier("1.2.840.113549.1.9.16.2.47").dump()
    attributes.append(core.Sequence(contents=kind + core.Set(contents=body).dump()).dump())
    holder = person()
    parsed = [cms.CMSAttribute.load(item) for item in attributes]
    return signed_data([signer_info(holder, parsed)], chain_of(holder))


def _sha1_attribute_digest() -> bytes:
    return _attributes(replace_={"signing_certificate_v2": ess(person().certificate_der, digest=sha1(b"", usedforsecurity=False).digest())})


def _good_infos() -> list[cms.SignerInfo]:
    return [signer_info(person(), good_attributes(person().certificate_der))]


def _lists_embedded() -> bytes:
    from asn1crypto.crl import CertificateList

    choice = cms.RevocationInfoChoice("crl", CertificateList.load(pki().crls(AT)[1]))
    return signed_data(_good_infos(), chain_of(person()), crls=[choice])


def _foreign_certificate_choice() -> bytes:
    other = cms.CertificateChoices("other", cms.OtherCertificateFormat({"other_cert_format": "1.2.3", "other_cert": core.Null()}))
    return signed_data(_good_infos(), (), certificates=[other])


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "message-digest missing": (lambda: _attributes(drop="message_digest"), "message-digest must be present"),
    "message-digest twice": (lambda: _attributes(extra=[attribute("message_digest", bytes(32))]), "must not occur twice"),
    "message-digest with two values": (
        lambda: _attributes(drop="message_digest", extra=[attribute("message_digest", DIGEST, bytes(32))]),
        "exactly one value|SET",
    ),
    "content-type missing": (lambda: _attributes(drop="content_type"), "content-type must be present"),
    "content-type is not eContentType": (lambda: _attributes(replace_={"content_type": "signed_data"}), "content-type must equal"),
    "signing-certificate-v2 missing": (lambda: _attributes(drop="signing_certificate_v2"), "signing-certificate-v2 must be present"),
    "signing-certificate-v2 hash too short": (_sha1_attribute_digest, "32 bytes"),
    "signing-certificate-v2 spells its default": (_ess_with_explicit_default, "must use SHA-256|strict DER"),
    "signed-attributes confusion": (_confusion, "signedAttrs must be present"),
    "algorithm protection": (
        lambda: _attributes(
            extra=[
                attribute(
                    "cms_algorithm_protection",
                    cms.CMSAlgorithmProtection(
                        {
                            "digest_algorithm": {"algorithm": "sha1"},
                            "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": "sha1_rsa"}),
                        }
                    ),
                )
            ]
        ),
        "CMSAlgorithmProtection",
    ),
    "attributes re-ordered after signing": (_reordered_after_signing, "strict DER"),
    "signed over unsorted attributes": (_unsorted, "strict DER"),
    "one byte appended": (lambda: signed() + b"\x00", "strict DER"),
    "last byte missing": (lambda: signed()[:-1], "strict DER"),
    "indefinite outer length": (_indefinite, "strict DER"),
    "outer length in more octets than needed": (_long_form_length, "strict DER"),
    "no signers": (_signers(0), "exactly one SignerInfo"),
    "two signers, both good": (_signers(2), "exactly one SignerInfo"),
    "signer named by key identifier": (_key_identifier_signer, "issuerAndSerialNumber"),
    "unsigned attribute": (_unsigned_attribute, "unsigned attributes"),
    "content embedded": (_changed(encap_content_info={"content_type": "data", "content": CONTENT}), "detached"),
    "another content type": (_changed(encap_content_info={"content_type": "tst_info"}), "eContentType must be data"),
    "version 3": (_changed(version="v3"), "version must be 1"),
    "two digest algorithms": (
        _changed(digest_algorithms=[algos.DigestAlgorithm({"algorithm": name}) for name in ("sha1", "sha256")]),
        "digestAlgorithms|strict DER",
    ),
    "another digest algorithm listed": (
        _changed(digest_algorithms=[algos.DigestAlgorithm({"algorithm": "sha512"})]),
        "digestAlgorithms",
    ),
    "lists embedded": (_lists_embedded, "crls must be absent"),
    "a certificate twice": (lambda: signed_data(_good_infos(), chain_of(person())[:1] * 2), "twice"),
    "an attribute certificate": (_foreign_certificate_choice, "only X.509"),
    "not signed data": (lambda: bytes(cms.ContentInfo({"content_type": "data", "content": b"x"}).dump()), "strict DER|signedData"),
    "empty": (lambda: b"", "strict DER"),
    "too long": (lambda: signed() + bytes(65536), "longer than"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_odd_signature_is_refused_with_its_rule(case: str) -> None:
    """The table of forgeries and sloppiness: each is a format failure naming the rule."""
    build, rule = REFUSED[case]
    with pytest.raises(FormatFailure, match=rule):
        parse_cms(build())


def test_the_odd_builder_can_also_build_a_good_one() -> None:
    """The builder of the table is not what makes its signatures fail."""
    holder = person()
    data = _with(good_attributes(holder.certificate_der))
    message, own = parse_cms(data), parse_cms(signed(holder))
    assert message.signed_attributes == own.signed_attributes
    assert isinstance(message, SignedMessage)
    assert parse_cms(_with(good_attributes(holder.certificate_der, issuer_serial=False))).signer.ess_serial is None


def test_unknown_algorithms_are_kept_for_the_policy() -> None:
    """A well-formed signature by an algorithm off the list is not malformed: the name goes on, for the policy to refuse."""
    holder = person()
    infos = [
        signer_info(holder, good_attributes(holder.certificate_der), digest_algorithm=digest, signature_algorithm=signature)
        for digest, signature in (("sha256", "sha1_rsa"), ("sha256", "sha256_dsa"), ("sha1", "sha256_ecdsa"))
    ]
    names = []
    for info in infos:
        digests = [algos.DigestAlgorithm({"algorithm": info["digest_algorithm"]["algorithm"].native})]
        message = parse_cms(signed_data([info], chain_of(holder), digest_algorithms=digests))
        names.append((message.signer.digest_algorithm, message.signer.signature_algorithm.split(":")[0]))
    assert names == [("sha256", "unknown"), ("sha256", "unknown"), ("sha1", "unknown")]


def test_attributes_as_content_are_recognised() -> None:
    """Content that is itself signed attributes is told apart from documents that merely begin alike."""
    assert looks_like_signed_attributes(der_set(good_attributes(person().certificate_der)))
    assert looks_like_signed_attributes(parse_cms(signed()).signed_attributes)
    for content in (CONTENT, b"", b"1", b"1\x00", core.Set(contents=b"").dump(), der_set(good_attributes(person().certificate_der)[:1])):
        assert not looks_like_signed_attributes(content)


@given(st.binary(max_size=300) | st.tuples(st.integers(0, 2000), st.integers(0, 2200), st.binary(max_size=9)))
def test_hostile_bytes_are_a_format_failure_or_a_message(data: bytes | tuple[int, int, bytes]) -> None:
    """Whatever arrives, the reader answers with a message or a format failure, never with another exception."""
    if isinstance(data, tuple):
        start, end, middle = data
        whole = signed()
        data = whole[:start] + middle + whole[end:]
    try:
        message = parse_cms(data)
    except FormatFailure:
        return
    assert len(message.signer.ess_certificate_sha256) == 32
