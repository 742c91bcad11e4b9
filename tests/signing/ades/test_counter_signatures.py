"""Counter-signatures (RFC 5652 §11.4): signatures of their own over another's value, which change nothing about that other."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from signing import FormatFailure, Holder, HolderKind, Indication, RevocationReason, SubIndication, der, load_policy, oids, read_signed
from signing.formats import assembly, cades, pades, strict
from signing.formats.assembly import MAX_COUNTER_SIGNATURES, MAX_NESTING, MAX_TOKENS
from signing.formats.envelope import MAX_SIGNERS, Attribute
from signing.formats.signed_data import disagreement, read_strict, read_tolerant
from signing.keys import METER, Purpose
from signing.validation.ades.missing import MAX_TOKENS as MAX_TOKENS_SUPPOSED
from signing.validation.verdicts import SignatureVerdict
from tests.judges import needs_openssl, needs_pyhanko
from tests.pace import at_most
from tests.signing.ades.lab import ALONE, DAY, World, claim
from tests.signing.formats import counters, mutations
from tests.signing.lab import AT, CONTENT, PERSON, attribute, chain_of
from tests.signing.letter import lab as letters

ETSI = load_policy("etsi-baseline")
LATER = AT + 2 * DAY


@cache
def made() -> tuple[World, Holder]:
    """A world, and somebody in it who confirms others' signatures."""
    world = World.make("counter")
    return world, world.owner.issue(replace(PERSON, name="Trần Văn Hai"))


def with_counter(value: bytes, *, base: bytes | None = None) -> bytes:
    world, second = made()
    return counters.countersigned(base or world.b(), (value,), second.certificate_der)


def verdict(whole: bytes, policy: object = ALONE) -> SignatureVerdict:
    world, _ = made()
    assert policy in (ALONE, ETSI)
    return world.judge(claim(whole), LATER, ALONE if policy is ALONE else ETSI)


def without_counters(one: SignatureVerdict) -> SignatureVerdict:
    return replace(one, counter_signatures=())


def test_a_good_one_by_the_houses_writer_and_by_another_library() -> None:
    world, second = made()
    plain = world.b()
    value = counters.value_of(plain)
    for counter in (counters.house(second, value), counters.by_asn1crypto(second, value)):
        found = verdict(with_counter(counter))
        (judged,) = found.counter_signatures
        assert found.passed
        assert judged.passed, judged.checks
        assert judged.name == "counter-signature 1"
        assert judged.chain is not None
        assert judged.chain.chain[0] == second.certificate_der
        assert "content-type" not in {check.name for check in judged.checks if not check.passed}


def test_the_verdict_on_the_signature_is_the_same_with_and_without() -> None:
    """Whatever stands there: good, broken, or nothing that can be read."""
    world, second = made()
    plain, value = world.b(), counters.value_of(world.b())
    alone = verdict(plain)
    named = (counters.house(second, value), counters.house(second, b"another"))
    junk = (b"\x30\x03\x02\x01\x01", b"\x04\x01x", b"\x05\x00")
    wholes = (with_counter(named[0]), with_counter(named[1]), *(counters.countersigned(plain, (one,)) for one in junk))
    for whole in wholes:
        found = verdict(whole)
        assert without_counters(found) == alone
        assert len(found.counter_signatures) == 1


def test_a_certificate_that_belongs_to_nobody_is_still_found_beside_a_counter_signature() -> None:
    """A counter-signature excuses the certificates of its own chain and no other."""
    world, second = made()
    stray = world.owner.issue(replace(PERSON, name="Không Liên Quan")).certificate_der
    counter = counters.house(second, counters.value_of(world.b()))
    found = verdict(counters.countersigned(world.b(), (counter,), second.certificate_der, stray))
    assert found.sub_indication is SubIndication.SIG_CONSTRAINTS_FAILURE
    assert "1 embedded certificate(s)" in next(check.detail for check in found.checks if not check.passed)


def test_one_moved_from_another_signature_is_told() -> None:
    world, second = made()
    other = world.owner.issue(replace(PERSON, name="Lê Thị Ba"))
    moved = counters.house(second, counters.value_of(World(world.owner, other, world.stamping).b()))
    found = verdict(with_counter(moved))
    (judged,) = found.counter_signatures
    assert found.passed
    assert (judged.indication, judged.sub_indication) == (Indication.TOTAL_FAILED, SubIndication.HASH_FAILURE)


def test_a_changed_value_and_a_bare_one_are_told() -> None:
    world, second = made()
    good = counters.house(second, counters.value_of(world.b()))
    changed = good[:-1] + bytes([good[-1] ^ 1])
    (judged,) = verdict(with_counter(changed)).counter_signatures
    assert judged.sub_indication is SubIndication.SIG_CRYPTO_FAILURE
    bare = counters.signer_info(second, None, data=counters.value_of(world.b())).dump()
    (judged,) = verdict(with_counter(bytes(bare))).counter_signatures
    assert judged.sub_indication is SubIndication.FORMAT_FAILURE
    assert "no signed attributes" in next(check.detail for check in judged.checks if not check.passed)


def test_a_revoked_counter_signer_is_told_and_an_unknown_one_too() -> None:
    world, _ = made()
    revoked = world.owner.issue(
        replace(PERSON, name="Phạm Thu Hồi", revoked_at=AT + timedelta(hours=1), reason=RevocationReason.KEY_COMPROMISE)
    )
    whole = counters.countersigned(world.b(), (counters.house(revoked, counters.value_of(world.b())),), revoked.certificate_der)
    found = verdict(whole)
    assert found.passed
    assert found.counter_signatures[0].sub_indication is SubIndication.REVOKED_NO_POE
    elsewhere = World.make("elsewhere").owner.issue(replace(PERSON, name="Ngoài Cây"))
    whole = counters.countersigned(world.b(), (counters.house(elsewhere, counters.value_of(world.b())),), elsewhere.certificate_der)
    found = verdict(whole)
    assert found.passed
    assert found.counter_signatures[0].sub_indication is SubIndication.NO_CERTIFICATE_CHAIN_FOUND
    assert found.counter_signatures[0].missing


def test_the_archive_time_stamp_of_the_signature_proves_its_counter_signature_too() -> None:
    """Revoked after the archive time-stamp over both: it holds, proven by that time-stamp (EN 319 122-1 §5.5.3)."""
    world, _ = made()
    compromised = AT + 3 * DAY
    late = world.owner.issue(replace(PERSON, name="Vũ Về Sau", revoked_at=compromised, reason=RevocationReason.KEY_COMPROMISE))
    base = world.with_evidence(world.t(AT), AT + DAY, late.certificate_der)
    counter = counters.house(late, counters.value_of(base))
    countersigned = counters.countersigned(base, (counter,))
    bare = world.judge(claim(countersigned), compromised + 5 * DAY)
    assert bare.counter_signatures[0].sub_indication is SubIndication.REVOKED_NO_POE
    archived = world.archive(countersigned, AT + DAY + timedelta(hours=1))
    found = world.judge(claim(archived), compromised + 5 * DAY)
    (judged,) = found.counter_signatures
    assert judged.passed, judged.checks
    assert judged.best_signature_time == AT + DAY + timedelta(hours=1)


def test_a_time_stamp_of_its_own_counts_for_it_alone() -> None:
    world, second = made()
    plain = world.b()
    counter = counters.house(second, counters.value_of(plain))
    stamped = counters.house(second, counters.value_of(plain), (Attribute(oids.SIGNATURE_TIME_STAMP, (_stamp(world, counter),)),))
    found = verdict(with_counter(stamped))
    (judged,) = found.counter_signatures
    assert judged.passed, judged.checks
    assert (judged.level, judged.best_signature_time) == ("B-T", AT)
    assert (found.level, found.best_signature_time) == ("B-B", LATER)


def _stamp(world: World, counter: bytes) -> bytes:
    return world.stamp(AT)(assembly.sha256(assembly.STRICT.counter_signature(counter).claim.signature).digest())


def _nested(depth: int) -> bytes:
    """A counter-signature over the world's signature, one over that, and so on."""
    world, second = made()
    values = [counters.value_of(world.b())]
    for _ in range(depth - 1):
        values.append(assembly.STRICT.counter_signature(counters.house(second, values[-1])).claim.signature)
    inner: tuple[Attribute, ...] = ()
    for value in reversed(values):
        inner = (Attribute(oids.COUNTER_SIGNATURE, (counters.house(second, value, inner),)),)
    return inner[0].values[0]


def test_counter_signatures_of_counter_signatures_are_judged_as_deep_as_the_bound() -> None:
    found = verdict(with_counter(_nested(MAX_NESTING + 1)))
    assert found.passed
    for _ in range(MAX_NESTING):
        (found,) = found.counter_signatures
        assert found.passed, found.checks
    (beyond,) = found.counter_signatures
    assert beyond.sub_indication is SubIndication.FORMAT_FAILURE
    assert "nested more than 3 deep" in beyond.checks[0].detail


def test_a_thousand_nested_are_cut_off_in_a_sentence_and_at_once() -> None:
    """Anybody may add them: the signature they stand under is judged as without."""
    world, second = made()
    value = counters.house(second, b"x")
    for _ in range(1000):
        value = counters.house(second, b"x", (Attribute(oids.COUNTER_SIGNATURE, (value,)),))
    whole = counters.countersigned(world.b(), (value,))
    with at_most(2):
        (found,) = read_signed(whole, CONTENT).claims
        judged = world.judge(found, LATER)
    assert without_counters(judged) == verdict(world.b())
    for _ in range(MAX_NESTING + 1):
        (judged,) = judged.counter_signatures
    assert "nested more than 3 deep" in judged.checks[0].detail


def test_a_counter_signature_of_many_elements_is_not_looked_through() -> None:
    world, second = made()
    heavy = counters.house(second, counters.value_of(world.b()), (Attribute("1.2.3.4", (der.sequence(b"\x05\x00" * 40_000),)),))
    with at_most(2):
        found = verdict(counters.countersigned(world.b(), (heavy,)))
    assert found.passed
    assert "no more than 20000 elements" in found.counter_signatures[0].checks[0].detail


def test_many_are_bounded_and_the_signature_still_passes() -> None:
    world, second = made()
    value = counters.value_of(world.b())
    many = tuple(counters.house(second, value[:-1] + bytes([number])) for number in range(16))
    envelope = counters.strict.read_envelope(with_counter(counters.house(second, value)))
    signer = envelope.signers[0]
    more = tuple(Attribute(oids.COUNTER_SIGNATURE, many) for _ in range(60))
    whole = cades.encode(replace(envelope, signers=(replace(signer, unsigned=(*signer.unsigned, *more)),)))
    with at_most(4):
        found = verdict(whole)
    assert found.passed
    assert len(found.counter_signatures) == MAX_COUNTER_SIGNATURES + 1
    assert f"no more than {MAX_COUNTER_SIGNATURES}" in found.counter_signatures[-1].checks[0].detail


def test_hundreds_of_certificates_of_one_name_beside_a_counter_signature_are_looked_through_at_once() -> None:
    """Each may be the issuer of each other one; anybody may add them, and a counter-signature that names one."""
    world, second = made()
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Ai cung la ai")])
    begin, end = AT - 10 * DAY, AT + 10 * DAY
    empty = x509.CertificateBuilder(name, name, key.public_key(), None, begin, end)
    certificates = [empty.serial_number(number).sign(key, SHA256()).public_bytes(Encoding.DER) for number in range(1, 769)]
    version, _, *rest = strict.read_counter_signature(counters.house(second, counters.value_of(world.b()))).fields
    counter = der.sequence(version, der.sequence(name.public_bytes(), der.integer(1)), *rest)
    first = strict.read_envelope(world.b()).signers[0]
    values = tuple(
        Attribute(oids.CERTIFICATE_VALUES, (der.sequence(*some),)) for some in (certificates[at : at + 128] for at in range(0, 768, 128))
    )
    unsigned = (*values, Attribute(oids.COUNTER_SIGNATURE, (counter,)))
    whole = cades.encode(replace(strict.read_envelope(world.b()), signers=(replace(first, unsigned=unsigned),)))
    with at_most(2):
        found = verdict(whole, ETSI)
    assert found.passed
    assert len(found.counter_signatures) == 1


def test_the_signers_of_a_file_share_its_bound_of_counter_signatures() -> None:
    """Each brings artefacts of its own: sixteen times eight took six seconds to judge."""
    world, second = made()
    envelope = strict.read_envelope(world.b())
    first = envelope.signers[0]
    values = Attribute(oids.COUNTER_SIGNATURE, (counters.house(second, counters.value_of(world.b())),) * MAX_COUNTER_SIGNATURES)
    for signers, most in ((1, 8), (2, 8), (3, 5), (MAX_SIGNERS, 1)):
        several = tuple(replace(first, unsigned=(Attribute(f"1.2.3.{n}", (b"\x05\x00",)), values)) for n in range(signers))
        claims = read_strict(cades.encode(replace(envelope, signers=several)), CONTENT)
        assert [sum(one.claim is not None for one in found.counter_signatures) for found in claims] == [most] * signers


def test_what_counter_signatures_lack_is_not_sought_for_longer_than_what_a_signature_lacks() -> None:
    """Each supposition validates all time-stamps again; here none of them helps."""
    world, second = made()
    value = counters.value_of(world.b())
    token = _stamp(world, counters.house(second, value))
    unread = Attribute(oids.SIGNATURE_TIME_STAMP, (token, token, token, token, b"\x05\x00"))
    whole = counters.countersigned(world.b(), (counters.house(second, value, (unread,)),) * MAX_COUNTER_SIGNATURES, second.certificate_der)
    before = METER.verifies[Purpose.TIMESTAMP]
    found = verdict(whole)
    assert {one.sub_indication for one in found.counter_signatures} == {SubIndication.SIG_CONSTRAINTS_FAILURE}
    assert METER.verifies[Purpose.TIMESTAMP] - before <= 8 * 4 + MAX_TOKENS_SUPPOSED


def test_the_tokens_of_counter_signatures_share_the_signers_bound() -> None:
    world, second = made()
    value = counters.value_of(world.b())
    token = _stamp(world, counters.house(second, value))
    heavy = tuple(Attribute(oids.SIGNATURE_TIME_STAMP, (token,) * 16) for _ in range(4))
    values = tuple(counters.house(second, value[:-1] + bytes([number]), heavy) for number in range(3))
    (found,) = read_strict(counters.countersigned(world.b(), values), CONTENT)
    assert sum(len(one.claim.signature_tokens) for one in found.counter_signatures if one.claim is not None) == MAX_TOKENS
    assert [one.claim is None for one in found.counter_signatures] == [False, True, True]


def test_a_content_type_breaks_the_rule_of_counter_signatures() -> None:
    """RFC 5652 §11.4; under the standard's policy a warning, as every breach of the encoding that hides nothing."""
    world, second = made()
    whole = with_counter(counters.house(second, counters.value_of(world.b()), content_type=True))
    (judged,) = verdict(whole).counter_signatures
    assert judged.sub_indication is SubIndication.FORMAT_FAILURE
    assert "content-type" in next(check.detail for check in judged.checks if not check.passed)
    assert verdict(whole, ETSI).counter_signatures[0].passed


@needs_openssl
def test_what_openssl_signs_over_the_value_is_judged_alike(tmp_path: Path) -> None:
    """Its value and digest hold; that it must write content-type is the one breach (``openssl cms`` has no way to leave it out)."""
    world, second = made()
    counter = counters.by_openssl(second, counters.value_of(world.b()), tmp_path)
    strictly = verdict(with_counter(counter)).counter_signatures[0]
    assert strictly.sub_indication is SubIndication.FORMAT_FAILURE
    judged = verdict(with_counter(counter), ETSI).counter_signatures[0]
    assert judged.passed, judged.checks
    assert {"signature-value", "message-digest"} <= {check.name for check in judged.checks if check.passed}
    wrong = counters.by_openssl(second, b"another value", tmp_path)
    assert verdict(with_counter(wrong), ETSI).counter_signatures[0].sub_indication is SubIndication.HASH_FAILURE


def test_a_counter_signature_is_no_documents_signature() -> None:
    """Taken out of its place it has no content type, which a document's signature must have."""
    world, second = made()
    value = counters.value_of(world.b())
    envelope = counters.strict.read_envelope(world.b())
    lifted = assembly.STRICT.counter_signature(counters.house(second, value))
    data = cades.encode(replace(envelope, signers=(lifted,), certificates=tuple(sorted(chain_of(second)))))
    with pytest.raises(FormatFailure, match="content-type must be present"):
        read_strict(data, value)
    (found,) = read_tolerant(data, value)
    assert world.judge(found, LATER, ETSI).sub_indication is SubIndication.FORMAT_FAILURE


@needs_pyhanko
def test_a_letter_with_one_is_no_letter_and_tells_of_it_as_a_pdf() -> None:
    """The digits of a /Contents are outside the signature; the letter's own layout has no unsigned attributes."""
    seal = letters.signer(HolderKind.ORGANISATION, "Ủy ban nhân dân tỉnh Hòa Bình, có dài thêm")
    whole = letters.PRESS.issue(letters.half(), "107", letters.DAY, seal, at=letters.AT)
    place = read_signed(whole).ranges[-1]
    digits = whole[place.opening + 1 : place.closing - 1]
    room = pades.fill_contents(counters.countersigned(pades.extract_cms(digits), (b"\x05\x00",)), len(digits))
    found = read_signed(whole[: place.opening] + room + whole[place.closing :])
    assert found.kind == "pdf"
    assert any("unsigned" in rule for rule, _ in found.findings)
    assert [len(one.counter_signatures) for one in found.claims] == [0, 1]


def test_both_readers_read_counter_signatures_alike() -> None:
    world, second = made()
    value = counters.value_of(world.b())
    nested = counters.by_asn1crypto(second, value, attribute("counter_signature", counters.cms.SignerInfo.load(_nested(1))))
    for counter in (nested, _nested(3), counters.house(second, value, content_type=True), b"\x30\x00"):
        whole = with_counter(counter)
        assert disagreement(read_strict(whole, CONTENT), read_tolerant(whole, CONTENT)) == ""
    one, other = with_counter(nested), with_counter(_nested(3))
    assert "counter_signatures" in disagreement(read_strict(one, CONTENT), read_strict(other, CONTENT))


def test_the_readers_agree_on_changed_files_with_counter_signatures() -> None:
    counts, found = mutations.campaign(400, [with_counter(_nested(2))])
    assert [what for what, _ in found] == []
    assert counts["strict tolerant"] > 80
