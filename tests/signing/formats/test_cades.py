"""CAdES from B-B to a renewed B-LTA: new bytes, the old signature in them untouched; OpenSSL and pyHanko read on."""

from __future__ import annotations

import asyncio
import subprocess
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from ssl import DER_cert_to_PEM_cert

import pytest
from asn1crypto import cms, x509
from hypothesis import given, settings
from hypothesis import strategies as st

from signing import FormatFailure, oids
from signing.formats import cades
from signing.formats.archive import index_of
from signing.formats.artefacts import Artefacts
from signing.formats.assembly import digest_of
from signing.formats.claims import Level, SignatureClaim
from signing.formats.signed_data import read_strict, read_tolerant
from signing.formats.strict import read_envelope
from signing.formats.timestamp import read_token
from tests.judges import needs_openssl, needs_pyhanko
from tests.signing.formats import fixtures
from tests.signing.formats.lab import Stamper, sha
from tests.signing.lab import AT, CONTENT, DIGEST, person, pki, signed

EXPECTED = {"B-B": Level.B, "B-T": Level.T, "B-LT": Level.LT, "B-LTA": Level.LTA, "renewed": Level.LTA}


def claim(data: bytes) -> SignatureClaim:
    (found,) = read_strict(data, CONTENT)
    return found


@pytest.mark.parametrize("name", EXPECTED)
def test_each_level_reads_back_as_what_it_is(name: str) -> None:
    found = claim(fixtures.levels()[name])
    assert found.level is EXPECTED[name]
    for token in (*found.signature_tokens, *found.archive_tokens):
        assert token.expected(token.imprint_algorithm) == token.imprint
    assert [token.generated_at for token in found.archive_tokens] == sorted(token.generated_at for token in found.archive_tokens)


@pytest.mark.parametrize("name", EXPECTED)
def test_signature_value_and_signed_attributes_never_change(name: str) -> None:
    before, after = claim(fixtures.levels()["B-B"]).signer, claim(fixtures.levels()[name]).signer
    assert (after.signature, after.signed_attributes) == (before.signature, before.signed_attributes)
    assert before == after


def test_the_delivered_bytes_are_not_touched() -> None:
    delivered = fixtures.levels()["B-T"]
    copy = bytes(bytearray(delivered))
    cades.add_archive_timestamp(cades.add_evidence(delivered, fixtures.artefacts()), Stamper(AT), CONTENT)
    assert delivered == copy


@pytest.mark.parametrize("number", range(len(fixtures.cms_files())))
def test_what_is_read_encodes_to_the_bytes_it_was_read_from(number: int) -> None:
    data = fixtures.cms_files()[number]
    assert cades.encode(read_envelope(data)) == data


def test_a_signature_time_stamp_is_over_the_signature_value() -> None:
    stamper = Stamper(AT)
    cades.add_signature_timestamp(signed(), stamper)
    assert stamper.digests == [sha(claim(signed()).signer.signature)]
    (token,) = claim(fixtures.levels()["B-T"]).signature_tokens
    assert token.covers == {sha(claim(signed()).signer.signature)}


def test_a_token_copied_from_another_signature_is_found_out() -> None:
    other = cades.add_signature_timestamp(signed(person("Trần Văn Hai")), Stamper(AT))
    token = claim(other).signature_tokens[0].der
    envelope = read_envelope(signed())
    attribute = replace(read_envelope(other).signers[0].unsigned[0], values=(token,))
    copied = cades.encode(replace(envelope, signers=(replace(envelope.signers[0], unsigned=(attribute,)),)))
    (found,) = claim(copied).signature_tokens
    assert found.expected("sha256") != found.imprint


def test_an_archive_time_stamp_covers_all_that_was_there_and_nothing_later() -> None:
    archived, renewed = claim(fixtures.levels()["B-LTA"]), claim(fixtures.levels()["renewed"])
    (first,), second = archived.archive_tokens, renewed.archive_tokens[1]
    inside = {sha(item) for item in (*archived.certificates, *archived.crls, archived.signature_tokens[0].der)}
    assert first.covers == inside | {sha(archived.signer.signature)}
    assert renewed.archive_tokens[0].covers == first.covers
    assert second.covers > first.covers | {sha(first.der)}
    assert {sha(item) for item in renewed.crls} <= second.covers


def test_the_imprint_follows_the_clause_word_for_word() -> None:
    """EN 319 122-1 §5.5.3 by hand: eContentType, digest of the content, the six fields of the SignerInfo, the hash index."""
    data = fixtures.levels()["B-LTA"]
    info = cms.ContentInfo.load(data)["content"]["signer_infos"][0]
    token = claim(data).archive_tokens[0]
    index = index_of(read_token(token.der).envelope)
    fields = [info[name].dump() for name in ("version", "sid", "digest_algorithm", "signed_attrs", "signature_algorithm", "signature")]
    content_type = cms.ContentType("data").dump()
    assert sha256(b"".join((content_type, DIGEST, *fields, index.encoded))).digest() == token.imprint


@pytest.mark.parametrize("kind", ["certificate", "revocation", "token"])
def test_a_thing_the_hash_index_names_may_not_go_missing(kind: str) -> None:
    envelope = read_envelope(fixtures.levels()["B-LTA"])
    if kind == "certificate":
        poorer = replace(envelope, certificates=envelope.certificates[1:])
    elif kind == "revocation":
        poorer = replace(envelope, revocation=envelope.revocation[1:])
    else:
        kept = tuple(item for item in envelope.signers[0].unsigned if item.type != oids.SIGNATURE_TIME_STAMP)
        poorer = replace(envelope, signers=(replace(envelope.signers[0], unsigned=kept),))
    data = cades.encode(poorer)
    with pytest.raises(FormatFailure, match="names 1 digests of no"):
        claim(data)
    (found,) = read_tolerant(data, CONTENT)
    assert found.archive_tokens == ()
    assert "names 1 digests of no" in found.findings[0][0]


def test_what_is_added_after_an_archive_time_stamp_is_not_covered_by_it() -> None:
    later = pki().crls(AT + timedelta(days=30))
    found = claim(cades.add_evidence(fixtures.levels()["B-LTA"], Artefacts(crls=later)))
    assert {sha(item) for item in later}.isdisjoint(found.archive_tokens[0].covers)
    assert found.archive_tokens[0].expected("sha256") == found.archive_tokens[0].imprint


def test_artefacts_are_added_once() -> None:
    long_term = fixtures.levels()["B-LT"]
    assert cades.add_evidence(long_term, fixtures.artefacts()) == long_term


def test_an_ocsp_response_travels_and_asks_for_version_five() -> None:
    response = bytes.fromhex("30030a0106")  # OCSPResponse with status unauthorized: enough of one to be carried
    data = cades.add_evidence(fixtures.levels()["B-T"], Artefacts(ocsps=(response,)))
    found = claim(data)
    assert found.ocsps == (response,)
    assert found.level is Level.LT
    assert cms.ContentInfo.load(data)["content"]["version"].native == "v5"
    assert cades.add_evidence(data, Artefacts(ocsps=(response,))) == data


def test_the_second_of_two_signers_is_stamped_alone() -> None:
    data = cades.add_signature_timestamp(fixtures.two_signers(), Stamper(AT), signer=1)
    levels = sorted(found.level for found in read_strict(data, CONTENT))
    assert levels == [Level.B, Level.T]
    with pytest.raises(FormatFailure, match="no signer 3"):
        cades.add_signature_timestamp(data, Stamper(AT), signer=2)


def test_attached_content_needs_none_beside_it_and_a_digest_function_will_do() -> None:
    attached = cades.add_signature_timestamp(fixtures.rich_attributes(), Stamper(AT))
    (found,) = read_strict(cades.add_archive_timestamp(attached, Stamper(AT)))
    assert found.archive_tokens[0].expected("sha256") == found.archive_tokens[0].imprint
    one = cades.add_archive_timestamp(fixtures.levels()["B-LT"], Stamper(AT), CONTENT)
    assert one == cades.add_archive_timestamp(fixtures.levels()["B-LT"], Stamper(AT), digest_of(CONTENT[:9], CONTENT[9:]))
    with pytest.raises(FormatFailure, match="content: is needed"):
        cades.add_archive_timestamp(fixtures.levels()["B-LT"], Stamper(AT))


def test_a_service_that_stamps_something_else_is_refused() -> None:
    honest = Stamper(AT)
    for add in (
        lambda: cades.add_signature_timestamp(signed(), lambda digest: honest(bytes(32))),
        lambda: cades.add_archive_timestamp(fixtures.levels()["B-LT"], lambda digest: honest(bytes(32)), CONTENT),
    ):
        with pytest.raises(FormatFailure, match="another imprint"):
            add()
    with pytest.raises(FormatFailure):
        cades.add_signature_timestamp(signed(), lambda digest: b"no token")


def test_only_strict_der_is_augmented() -> None:
    with pytest.raises(FormatFailure):
        cades.add_signature_timestamp(signed() + b"\0", Stamper(AT))


@settings(max_examples=40)
@given(st.lists(st.sampled_from(["T", "evidence", "archive"]), max_size=5), st.integers(0, 2**31))
def test_any_sequence_of_steps_keeps_every_token_true(steps: list[str], seed: int) -> None:
    data = signed()
    for number, step in enumerate(steps):
        at = AT + timedelta(days=number, seconds=seed % 3600)
        if step == "T":
            data = cades.add_signature_timestamp(data, Stamper(at))
        elif step == "evidence":
            data = cades.add_evidence(data, Artefacts(crls=pki().crls(at)))
        else:
            data = cades.add_archive_timestamp(data, Stamper(at), CONTENT)
    found = claim(data)
    assert len(found.signature_tokens) == steps.count("T")
    assert len(found.archive_tokens) == steps.count("archive")
    # The same evidence or token asked for again at another moment is another artefact; none of it disturbs an earlier stamp.
    assert all(token.expected("sha256") == token.imprint for token in (*found.signature_tokens, *found.archive_tokens))


@needs_openssl
@pytest.mark.parametrize("name", EXPECTED)
def test_openssl_accepts_every_level(name: str, tmp_path: Path) -> None:
    (tmp_path / "cms").write_bytes(fixtures.levels()[name])
    (tmp_path / "content").write_bytes(CONTENT)
    (tmp_path / "root.pem").write_text(DER_cert_to_PEM_cert(pki().root.certificate_der))
    command = ["openssl", "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", "cms", "-content", "content"]
    command += ["-CAfile", "root.pem", "-purpose", "any", "-attime", str(int(AT.timestamp())), "-out", "/dev/null"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "CAdES Verification successful\n")


@needs_pyhanko
@pytest.mark.parametrize("name", EXPECTED)
def test_pyhanko_accepts_every_level(name: str) -> None:
    assert _pyhanko(fixtures.levels()[name], AT)


def _pyhanko(data: bytes, at: datetime) -> bool:
    from asn1crypto import crl as asn1_crl
    from pyhanko.sign.validation.generic_cms import async_validate_detached_cms
    from pyhanko_certvalidator import ValidationContext

    context = ValidationContext(
        trust_roots=[x509.Certificate.load(pki().root.certificate_der)],
        moment=at,
        crls=[asn1_crl.CertificateList.load(crl) for crl in pki().crls(at)],
        revocation_mode="require",
        allow_fetching=False,
    )
    content = cms.ContentInfo.load(data)["content"]
    status = asyncio.run(
        async_validate_detached_cms(CONTENT, content, signer_validation_context=context, ts_validation_context=context)
    )  # fmt: skip
    stamp = status.timestamp_validity
    return bool(status.bottom_line and (stamp is None or (stamp.valid and stamp.trusted)))
