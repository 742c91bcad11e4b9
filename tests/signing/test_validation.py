"""The whole validation: every verdict in the terms of EN 319 102-1, every step with its clause, no bytes that make it stumble."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha1, sha256

import pytest
from asn1crypto import algos, cms, x509
from hypothesis import given
from hypothesis import strategies as st

from signing import (
    METER,
    AlgorithmPolicy,
    AlgorithmRule,
    Asked,
    CadesSigner,
    FormatFailure,
    Holder,
    Indication,
    KeyKind,
    PathCache,
    Purpose,
    SigningKey,
    SubIndication,
    Validator,
    certificate_facts,
    parse_cms,
)
from signing.keys import load_public_key
from signing.validation.validator import PASSED_CHECKS
from tests.signing.lab import (
    AT,
    CONTENT,
    DIGEST,
    PERSON,
    VN,
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
from tests.signing.oddities import certify, short_rsa_key, subordinate


def validator() -> Validator:
    """A validator with nothing cached."""
    return Validator(pki().trust_store())


def test_good_signature_passes_with_every_step() -> None:
    """Fifteen steps, each with its clause; the report names who signed and is equal when made again."""
    holder = person()
    report = validator().validate(signed(holder), DIGEST, AT, Purpose.LETTER)
    assert report.passed
    assert (report.indication, report.sub_indication, report.reason) == (Indication.TOTAL_PASSED, None, "TOTAL-PASSED")
    assert report.checks == PASSED_CHECKS
    assert all(check.passed and check.clause and not check.detail for check in report.checks)
    assert len({check.name for check in report.checks}) == len(report.checks) == 15
    assert (report.subject, report.certificate_sha256, report.at) == (holder.subject, sha256(holder.certificate_der).digest(), AT)
    assert report.raw_verifications == 1
    assert report == validator().validate(parse_cms(signed(holder)), DIGEST, AT, Purpose.LETTER)
    assert pickle.loads(pickle.dumps(report)) == report


def _foreign_certificate_embedded() -> bytes:
    holder = person()
    stranger = new_pki("stranger").root.certificate_der
    return signed_data([signer_info(holder, good_attributes(holder.certificate_der))], (*chain_of(holder), stranger))


def _signer_without_certificate(holder: Holder) -> bytes:
    return signed_data([signer_info(holder, good_attributes(holder.certificate_der))], chain_of(holder)[1:])


def _names_another_certificate() -> bytes:
    """The SignerInfo says Hai, the signed attribute says Bình, both certificates are there."""
    one, two = person(), person("Trần Văn Hai")
    return signed_data([signer_info(two, good_attributes(one.certificate_der))], (one.certificate_der, *chain_of(two)))


def _wrong_issuer_serial() -> bytes:
    """The hash is Bình's, the serial beside it Hai's."""
    one, two = person(), person("Trần Văn Hai")
    mixed = ess(two.certificate_der, digest=sha256(one.certificate_der).digest())
    attributes = [*good_attributes(one.certificate_der)[:2], attribute("signing_certificate_v2", mixed)]
    return signed_data([signer_info(one, attributes)], chain_of(one))


def _hash_of_no_certificate() -> bytes:
    holder = person()
    attributes = [
        *good_attributes(holder.certificate_der)[:2],
        attribute("signing_certificate_v2", ess(holder.certificate_der, digest=bytes(32))),
    ]
    return signed_data([signer_info(holder, attributes)], chain_of(holder))


def _sha1_digest() -> bytes:
    holder = person()
    attributes = good_attributes(holder.certificate_der, sha1(CONTENT, usedforsecurity=False).digest())
    info = signer_info(holder, attributes, digest_algorithm="sha1", signature_algorithm="sha1_ecdsa")
    return signed_data([info], chain_of(holder), digest_algorithms=[algos.DigestAlgorithm({"algorithm": "sha1"})])


def _algorithms(digest: str, signature: str) -> Callable[[], bytes]:
    def build() -> bytes:
        holder = person()
        info = signer_info(holder, good_attributes(holder.certificate_der), digest_algorithm=digest, signature_algorithm=signature)
        return signed_data([info], chain_of(holder), digest_algorithms=[algos.DigestAlgorithm({"algorithm": digest})])

    return build


def _another_signature() -> bytes:
    holder = person()
    foreign = parse_cms(signed(holder, sha256(b"another letter").digest())).signature
    return signed_data([signer_info(holder, good_attributes(holder.certificate_der), signature=foreign)], chain_of(holder))


def _confusion() -> bytes:
    holder = person()
    return signed_data([signer_info(holder, None, data=der_set(good_attributes(holder.certificate_der)))], chain_of(holder))


def _dated(**changes: datetime) -> Callable[[], bytes]:
    return lambda: signed(person(f"Người {sorted(changes.items())}"[:60], **changes))


FAILED, INDETERMINATE = Indication.TOTAL_FAILED, Indication.INDETERMINATE
CASES: dict[str, tuple[Callable[[], bytes], Indication, SubIndication, str, int]] = {
    "garbage": (lambda: b"not a signature", FAILED, SubIndication.FORMAT_FAILURE, "format", 0),
    "signed-attributes confusion": (_confusion, FAILED, SubIndication.FORMAT_FAILURE, "format", 0),
    "other content": (lambda: signed(digest=bytes(32)), FAILED, SubIndication.HASH_FAILURE, "message-digest", 0),
    "another signature value": (_another_signature, FAILED, SubIndication.SIG_CRYPTO_FAILURE, "signature-value", 1),
    "signed by another's key": (
        lambda: signed_data([signer_info(_with_key_of("Trần Văn Hai"), good_attributes(person().certificate_der))], chain_of(person())),
        FAILED,
        SubIndication.SIG_CRYPTO_FAILURE,
        "signature-value",
        1,
    ),
    "certificate not at hand": (
        lambda: _signer_without_certificate(person()),
        INDETERMINATE,
        SubIndication.NO_SIGNING_CERTIFICATE_FOUND,
        "signing-certificate",
        0,
    ),
    "SignerInfo names another": (
        _names_another_certificate,
        INDETERMINATE,
        SubIndication.NO_SIGNING_CERTIFICATE_FOUND,
        "signing-certificate",
        0,
    ),
    "issuerSerial of another": (_wrong_issuer_serial, INDETERMINATE, SubIndication.NO_SIGNING_CERTIFICATE_FOUND, "signing-certificate", 0),
    "ESS hash of no certificate": (
        _hash_of_no_certificate,
        INDETERMINATE,
        SubIndication.NO_SIGNING_CERTIFICATE_FOUND,
        "signing-certificate",
        0,
    ),
    "SHA-1": (_sha1_digest, INDETERMINATE, SubIndication.CRYPTO_CONSTRAINTS_FAILURE, "signature-algorithm", 0),
    "SHA-256 beside sha1WithRSA": (
        _algorithms("sha256", "sha1_rsa"),
        INDETERMINATE,
        SubIndication.CRYPTO_CONSTRAINTS_FAILURE,
        "signature-algorithm",
        0,
    ),
    "RSA algorithm, P-256 key": (
        _algorithms("sha256", "sha256_rsa"),
        INDETERMINATE,
        SubIndication.CRYPTO_CONSTRAINTS_FAILURE,
        "signature-algorithm",
        0,
    ),
    "RSA-1024": (
        lambda: signed(certify(subordinate(pki()), key=short_rsa_key())),
        INDETERMINATE,
        SubIndication.CRYPTO_CONSTRAINTS_FAILURE,
        "signature-algorithm",
        0,
    ),
    "foreign root": (
        lambda: signed(new_pki("another country").issue(PERSON)),
        INDETERMINATE,
        SubIndication.NO_CERTIFICATE_CHAIN_FOUND,
        "certificate-chain",
        1,
    ),
    "revoked": (_dated(revoked_at=datetime(2021, 9, 1, tzinfo=VN)), INDETERMINATE, SubIndication.REVOKED_NO_POE, "revocation", 1),
    "expired": (_dated(not_after=datetime(2021, 9, 1, tzinfo=VN)), INDETERMINATE, SubIndication.OUT_OF_BOUNDS_NO_POE, "validity-period", 1),
    "expired this morning": (
        _dated(not_after=AT - timedelta(hours=1)),
        INDETERMINATE,
        SubIndication.OUT_OF_BOUNDS_NOT_REVOKED,
        "validity-period",
        1,
    ),
    "not yet valid": (_dated(not_before=AT + timedelta(days=1)), INDETERMINATE, SubIndication.OUT_OF_BOUNDS_NO_POE, "validity-period", 1),
    "issued this morning, list of midnight": (
        _dated(not_before=AT - timedelta(hours=1)),
        INDETERMINATE,
        SubIndication.TRY_LATER,
        "revocation-freshness",
        1,
    ),
    "stranger's certificate embedded": (
        _foreign_certificate_embedded,
        INDETERMINATE,
        SubIndication.SIG_CONSTRAINTS_FAILURE,
        "embedded-certificates",
        1,
    ),
}


def _with_key_of(name: str) -> Holder:
    """Bình's certificate in the hands of somebody else."""
    return replace(person(), key=person(name).key)


@pytest.mark.parametrize("case", CASES)
def test_verdict(case: str) -> None:
    """Each fault has its indication, its sub-indication, the step it was found in, and the raw work it took."""
    build, indication, sub_indication, step, raw = CASES[case]
    data = build()
    before = METER.verifies[Purpose.ANNEX]
    report = validator().validate(data, DIGEST, AT, Purpose.ANNEX)
    assert (report.indication, report.sub_indication) == (indication, sub_indication), report.reason
    assert not report.passed
    assert report.checks[-1].name == step
    assert [check.passed for check in report.checks] == [True] * (len(report.checks) - 1) + [False]
    assert [check.name for check in report.checks] == [check.name for check in PASSED_CHECKS[: len(report.checks)]]
    assert report.checks[-1].detail
    assert report.reason.startswith(str(sub_indication))
    assert report.raw_verifications == raw == METER.verifies[Purpose.ANNEX] - before


def test_verdict_follows_the_moment() -> None:
    """The same bytes: not yet valid, good, revoked, as the moment moves."""
    holder = person("Đổi thay", not_before=datetime(2021, 9, 10, tzinfo=VN), revoked_at=datetime(2021, 9, 20, 15, tzinfo=VN))
    data, judge = signed(holder), validator()
    found = [judge.validate(data, DIGEST, datetime(2021, 9, day, 9, tzinfo=VN), Purpose.LETTER).sub_indication for day in (9, 10, 20, 21)]
    assert found == [SubIndication.OUT_OF_BOUNDS_NO_POE, None, None, SubIndication.REVOKED_NO_POE]


def test_receipt_without_certificates_needs_the_known_one() -> None:
    """A receipt embeds nothing; with the axis' certificate at hand it holds, without it nobody is named."""
    holder = person()
    data = signed(holder, embed=False)
    known = (person("Trần Văn Hai").certificate_der, holder.certificate_der)
    assert validator().validate(data, DIGEST, AT, Purpose.RECEIPT, known=known).passed
    report = validator().validate(data, DIGEST, AT, Purpose.RECEIPT, known=known[:1])
    assert (report.sub_indication, report.subject) == (SubIndication.NO_SIGNING_CERTIFICATE_FOUND, None)


def test_content_that_is_signed_attributes_is_refused() -> None:
    """Given the content, its own shape is looked at: attributes offered as a document are a forgery in the making."""
    holder = person()
    content = der_set(good_attributes(holder.certificate_der))
    data = signed(holder, sha256(content).digest())
    report = validator().validate_content(data, content, AT, Purpose.LETTER)
    assert (report.sub_indication, report.raw_verifications) == (SubIndication.FORMAT_FAILURE, 0)
    assert validator().validate_content(signed(holder), CONTENT, AT, Purpose.LETTER).passed


def test_signature_results_are_never_shared() -> None:
    """Two parties share the path, but each verifies the signature, every time."""
    trust = pki().trust_store()
    shared = PathCache(trust)
    told: list[str] = []
    parties = [Validator(trust, cache=shared, on_path=lambda subject, steps: told.append(subject)) for _ in range(2)]
    before = METER.verifies.copy()
    data = signed()
    for party in parties:
        for _ in range(3):
            assert party.validate(data, DIGEST, AT, Purpose.LETTER).raw_verifications == 1
    done = METER.verifies - before
    assert done[Purpose.LETTER] == 6
    assert len(told) == 1
    with pytest.raises(ValueError, match="same trust store"):
        Validator(pki().trust_store(), cache=shared)


def test_policy_sunset() -> None:
    """A signature is refused from the day its algorithm ends, not before."""
    policy = AlgorithmPolicy({"ecdsa-p256-sha256": AlgorithmRule(256, AT)})
    judge = Validator(pki().trust_store(), policy)
    assert judge.validate(signed(), DIGEST, AT - timedelta(seconds=1), Purpose.LETTER).passed
    report = judge.validate(signed(), DIGEST, AT, Purpose.LETTER)
    assert report.sub_indication is SubIndication.CRYPTO_CONSTRAINTS_FAILURE
    assert "no longer accepted" in report.reason


def _exhaustive(data: bytes, judge: Validator, masks: tuple[int, ...]) -> list[tuple[int, int]]:
    """Places and masks whose change still passes."""
    accepted = []
    for place in range(len(data)):
        for mask in masks:
            changed = bytearray(data)
            changed[place] ^= mask
            if judge.validate(bytes(changed), DIGEST, AT, Purpose.LETTER).passed:
                accepted.append((place, mask))
    return accepted


def test_every_byte_flipped_is_refused() -> None:
    """Whole signature, every byte, three ways: none passes, none raises."""
    assert _exhaustive(signed(), validator(), (0x01, 0x80, 0xFF)) == []


def test_every_byte_of_an_rsa_signature_flipped_is_refused(tmp_path_factory: pytest.TempPathFactory) -> None:
    """RSA too: among others 0x0A, which turns sha256WithRSAEncryption into plain rsaEncryption."""
    owner = new_pki(key_cache=tmp_path_factory.mktemp("keys"))
    holder = owner.issue(replace(PERSON, key=KeyKind.RSA2048))
    judge = Validator(owner.trust_store())
    data = signed(holder)
    assert judge.validate(data, DIGEST, AT, Purpose.LETTER).passed
    assert _exhaustive(data, judge, (0x0A, 0x80)) == []


@given(st.data())
def test_no_change_anywhere_passes(data: st.DataObject) -> None:
    """Any byte to any other value, anything cut out or put in: never passed, never an exception."""
    good = signed()
    start = data.draw(st.integers(0, len(good)))
    end = data.draw(st.integers(start, min(len(good), start + 40)))
    changed = good[:start] + data.draw(st.binary(max_size=40)) + good[end:]
    report = validator().validate(changed, DIGEST, AT, Purpose.LETTER)
    assert report.passed == (changed == good)


@given(st.binary(max_size=200))
def test_hostile_certificate_is_a_verdict(junk: bytes) -> None:
    """A signature that names junk as its certificate finds no signing certificate."""
    holder = person()
    spoiled = holder.certificate_der[: len(holder.certificate_der) - len(junk)] + junk
    attributes = [*good_attributes(holder.certificate_der)[:2]]
    named = ess(holder.certificate_der, digest=sha256(spoiled).digest())
    info = signer_info(holder, [*attributes, attribute("signing_certificate_v2", named)])
    data = signed_data([info], chain_of(holder)[1:])
    report = validator().validate(data, DIGEST, AT, Purpose.LETTER, known=(spoiled,))
    assert report.passed == (spoiled == holder.certificate_der)
    try:
        certificate_facts(spoiled)
    except FormatFailure:
        assert report.sub_indication is SubIndication.NO_SIGNING_CERTIFICATE_FOUND


def test_malleable_twin_is_the_same_signature_of_the_same_digest() -> None:
    """(r, n−s) also holds under ECDSA: it names the same signer and digest, so letters are known by digest, never by file hash."""
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

    holder = person()
    message = parse_cms(signed(holder))
    r, s = decode_dss_signature(message.signature)
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    twin = CadesSigner(holder, purpose=Purpose.LETTER).template.assemble(DIGEST, encode_dss_signature(r, order - s))
    assert twin != signed(holder)
    assert validator().validate(twin, DIGEST, AT, Purpose.LETTER).passed


def test_two_parsers_agree_on_who_and_what() -> None:
    """What the report names is what asn1crypto reads from the same bytes."""
    data = signed()
    report = validator().validate(data, DIGEST, AT, Purpose.LETTER)
    content = cms.ContentInfo.load(data, strict=True)["content"]
    leaf = next(item.chosen for item in content["certificates"] if not (item.chosen.basic_constraints_value or {})["ca"].native)
    assert isinstance(leaf, x509.Certificate)
    assert leaf.sha256 == report.certificate_sha256
    assert leaf.subject.native["common_name"] == PERSON.name


def test_key_of_unknown_kind_is_a_crypto_verdict() -> None:
    """A P-384 signer is well formed and merely not accepted."""
    from cryptography.hazmat.primitives.asymmetric import ec

    holder = certify(subordinate(pki()), key=SigningKey(ec.derive_private_key(7, ec.SECP384R1())))
    data = signed_data([signer_info(person(), good_attributes(holder.certificate_der))], chain_of(holder))
    info = cms.ContentInfo.load(data)
    certificate = x509.Certificate.load(holder.certificate_der)
    info["content"]["signer_infos"][0]["sid"] = cms.SignerIdentifier(
        "issuer_and_serial_number", {"issuer": certificate.issuer, "serial_number": certificate.serial_number}
    )
    report = validator().validate(info.dump(force=True), DIGEST, AT, Purpose.LETTER)
    assert report.sub_indication is SubIndication.CRYPTO_CONSTRAINTS_FAILURE
    assert "P-256" in report.reason


def test_many_signatures_get_the_verdicts_that_each_gets_alone() -> None:
    """Good ones, bad ones and what is no signature at all, under one validator; what one raises is told in its place."""
    holder = person()
    good, wrong = signed(holder), signed(holder)[:-1]
    other = sha256(b"other").digest()
    asked = [
        Asked(good, DIGEST, AT, Purpose.LETTER),
        Asked(wrong, DIGEST, AT, Purpose.LETTER),
        Asked(parse_cms(good), other, AT, Purpose.LETTER),
        Asked(_foreign_certificate_embedded(), DIGEST, AT, Purpose.LETTER),
        Asked(good, DIGEST, AT + timedelta(days=4000), Purpose.LETTER, (), AT),
        Asked(good[:-1] + bytes([good[-1] ^ 1]), DIGEST, AT, Purpose.LETTER),
    ]
    alone = [
        validator().validate(one.message, one.content_sha256, one.at, one.purpose, known=one.known, proven_at=one.proven_at)
        for one in asked
    ]
    assert validator().validate_all(asked) == alone
    assert len({report.reason for report in alone}) > 3
    said = validator().validate_all([asked[0], Asked("no bytes", DIGEST, AT, Purpose.LETTER), asked[0]])  # type: ignore[arg-type]
    assert (said[0], said[2]) == (alone[0], alone[0])
    assert isinstance(said[1], AttributeError | TypeError)
    assert validator().validate_all([]) == []


def test_an_algorithm_ends_for_a_signer_already_met() -> None:
    """What is remembered of a signer is until when its algorithm is accepted, never that it is."""
    holder = person()
    ends = AT + timedelta(days=30)
    policy = AlgorithmPolicy({"ecdsa-p256-sha256": AlgorithmRule(256, ends)})
    checking = Validator(pki().trust_store(), policy)
    for moment, passed in ((AT, True), (ends - timedelta(seconds=1), True), (ends, False), (AT, True)):
        report = checking.validate(signed(holder), DIGEST, moment, Purpose.LETTER)
        fits = next(check for check in report.checks if check.name == "signature-algorithm")
        assert fits.passed is passed
    assert policy.accepted_until("ecdsa-p256-sha256", load_public_key(holder.key.public_der)) == ends.timestamp()
    assert policy.accepted_until("rsa-pkcs1-sha256", load_public_key(holder.key.public_der)) is None
