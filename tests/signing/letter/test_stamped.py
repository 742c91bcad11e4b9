"""Time-stamped letters on the bulk path: what a good token proves, and what each bad one costs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signing import (
    METER,
    Artefacts,
    CadesSigner,
    FormatFailure,
    Holder,
    LetterRefused,
    PackedLetter,
    Pki,
    PkiSpec,
    Purpose,
    RevocationReason,
    SignatureLevel,
    SubIndication,
    Validator,
    add_document_timestamp,
    augment_letter,
    await_timestamp,
    pack_letter,
    parse_token,
    read_stamped,
    unpack_letter,
    verify_letter,
)
from signing.formats import token_message
from signing.formats.token_message import decode_token
from signing.pki.timestamp import make_token, sign_token, tst_info
from tests.signing.letter import lab

LATER = lab.AT + timedelta(minutes=20)
POLICY = "1.3.6.1.4.1.99999.1"


def stamp(digest: bytes) -> bytes:
    return lab.pki().stamp(digest, lab.AT + timedelta(minutes=5))


@cache
def stamped() -> bytes:
    """The letter, time-stamped five minutes after it was sealed."""
    return add_document_timestamp(lab.whole(), stamp)


@cache
def level(wanted: SignatureLevel) -> bytes:
    evidence = lab.pki().evidence(LATER)
    return augment_letter(lab.whole(), wanted, stamp, Artefacts(evidence.certificates, evidence.crls))


def unit() -> Holder:
    return lab.pki().time_stamping(lab.AT)


def with_token(make: Callable[[bytes], bytes]) -> bytes:
    """The letter with any token at the place of its time-stamp: what an attacker, or a faulty service, can do."""
    good, bad = stamp(_digest()), make(_digest())
    document, room = stamped(), 2 * 4096
    at = document.rindex(good.hex().encode())
    return document[:at] + bad.hex().encode().ljust(room, b"0") + document[at + room :]


def _digest() -> bytes:
    return await_timestamp(lab.whole()).digest


def test_a_time_stamp_proves_when_the_letter_existed() -> None:
    before = METER.snapshot()["verifies"]
    report = verify_letter(stamped(), lab.validator(), LATER)
    after = METER.snapshot()["verifies"]
    assert report.passed
    assert report.stamped_at == lab.AT + timedelta(minutes=5)
    assert after["timestamp"] - before["timestamp"] == 1
    assert after["letter"] - before["letter"] == 2


def test_a_letter_without_a_time_stamp_has_no_proven_time() -> None:
    report = verify_letter(lab.whole(), lab.validator(), LATER)
    assert report.passed
    assert (report.stamps, report.stamped_at) == ((), None)


@pytest.mark.parametrize("wanted", list(SignatureLevel))
def test_each_level_is_read_verified_and_packed(wanted: SignatureLevel) -> None:
    """What a keeper made of a letter begins with the bytes delivered, verifies like them, and packs to the byte."""
    document = level(wanted)
    assert document.startswith(lab.whole())
    report = verify_letter(document, lab.validator(), LATER)
    assert report.passed
    assert len(report.stamps) == {SignatureLevel.B: 0, SignatureLevel.T: 1, SignatureLevel.LT: 1, SignatureLevel.LTA: 2}[wanted]
    packed = pack_letter(document)
    assert packed is not None
    assert unpack_letter(packed) == document
    assert len(packed.tail) < 4_000


def test_a_path_of_a_unit_is_worked_out_once() -> None:
    worked: list[str] = []
    validator = Validator(lab.pki().trust_store(), on_path=lambda subject, _: worked.append(subject))
    for _ in range(3):
        assert verify_letter(stamped(), validator, LATER).passed
    assert worked.count(unit().subject) == 1


def forged(digest: bytes) -> bytes:
    token = stamp(digest)
    return token[:-1] + bytes((token[-1] ^ 1,))


def of_another_letter(_: bytes) -> bytes:
    return stamp(await_timestamp(lab.write("108")).digest)


def of_a_time_to_come(digest: bytes) -> bytes:
    return lab.pki().stamp(digest, LATER + timedelta(hours=7))


def of_another_name(digest: bytes) -> bytes:
    """The TSTInfo gives another authority's name, and the unit signs that."""
    info = tst_info(lab.seal().holder, digest, at=lab.AT, serial=7, policy=POLICY)
    return sign_token(unit(), info, (unit().certificate_der, *unit().issuer_chain[:1]))


def no_token(digest: bytes) -> bytes:
    return lab.seal().sign(digest)


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (forged, SubIndication.SIG_CRYPTO_FAILURE),
        (of_another_letter, SubIndication.HASH_FAILURE),
        (of_a_time_to_come, SubIndication.TIMESTAMP_ORDER_FAILURE),
        (of_another_name, SubIndication.SIG_CONSTRAINTS_FAILURE),
        (no_token, SubIndication.FORMAT_FAILURE),
    ],
)
def test_a_broken_time_stamp_costs_the_letter(make: Callable[[bytes], bytes], expected: SubIndication) -> None:
    report = verify_letter(with_token(make), lab.validator(), LATER)
    assert report.refusal is None
    assert report.leader is not None
    assert report.leader.passed
    assert not report.passed
    assert [one.report.sub_indication for one in report.stamps] == [expected]
    assert report.stamps[0].broken


def of_a_stranger(digest: bytes) -> bytes:
    return Pki.build(PkiSpec(seed="another world")).stamp(digest, lab.AT)


def of_an_organisation(digest: bytes) -> bytes:
    """A certificate for documents signs a token."""
    return make_token(lab.seal().holder, digest, at=lab.AT, serial=7, policy=POLICY)


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (of_a_stranger, SubIndication.NO_CERTIFICATE_CHAIN_FOUND),
        (of_an_organisation, SubIndication.CHAIN_CONSTRAINTS_FAILURE),
    ],
)
def test_a_time_stamp_nobody_can_trust_proves_nothing_and_costs_nothing(make: Callable[[bytes], bytes], expected: SubIndication) -> None:
    """As the policy of the field has it on the long way: the signatures hold or fall without it."""
    report = verify_letter(with_token(make), lab.validator(), LATER)
    assert [one.report.sub_indication for one in report.stamps] == [expected]
    assert report.passed
    assert report.stamped_at is None


def test_a_unit_signs_no_documents() -> None:
    signer = CadesSigner(unit(), purpose=Purpose.LETTER)
    report = lab.validator().validate(signer.sign(bytes(32)), bytes(32), lab.AT, Purpose.LETTER)
    assert report.sub_indication is not None
    assert not report.passed


@pytest.mark.parametrize(
    ("revoked_after", "reason", "with_stamp", "expected"),
    [
        (timedelta(hours=1), RevocationReason.AFFILIATION_CHANGED, True, None),
        (timedelta(hours=1), RevocationReason.AFFILIATION_CHANGED, False, SubIndication.REVOKED_NO_POE),
        (timedelta(minutes=1), RevocationReason.AFFILIATION_CHANGED, True, SubIndication.REVOKED_NO_POE),
        (timedelta(hours=1), RevocationReason.KEY_COMPROMISE, True, SubIndication.REVOKED_NO_POE),
    ],
    ids=["revoked later", "no time-stamp", "revoked before the time-stamp", "the key was lost, nobody knows when"],
)
def test_a_later_revocation_counts_only_against_what_no_time_stamp_proves(
    revoked_after: timedelta, reason: RevocationReason, with_stamp: bool, expected: SubIndication | None
) -> None:
    spec = replace(
        lab.leader().holder.spec, name=f"Người {revoked_after} {reason} {with_stamp}", revoked_at=lab.AT + revoked_after, reason=reason
    )
    leader = CadesSigner(lab.pki().issue(spec), purpose=Purpose.LETTER)
    letter = lab.PRESS.issue(lab.PRESS.sign(lab.CONTENT, leader, at=lab.AT), "107", lab.DAY, lab.seal(), at=lab.AT)
    letter = add_document_timestamp(letter, stamp) if with_stamp else letter
    report = verify_letter(letter, lab.validator(), lab.AT + timedelta(days=1))
    assert report.leader is not None
    assert report.leader.sub_indication == expected
    assert report.passed == (expected is None)


def test_an_expired_signer_still_holds_by_its_time_stamp() -> None:
    spec = replace(lab.leader().holder.spec, name="Người sắp hết hạn", not_after=lab.AT + timedelta(days=2))
    leader = CadesSigner(lab.pki().issue(spec), purpose=Purpose.LETTER)
    letter = lab.PRESS.issue(lab.PRESS.sign(lab.CONTENT, leader), "107", lab.DAY, lab.seal())
    at = lab.AT + timedelta(days=5)
    assert not verify_letter(letter, lab.validator(), at).passed
    assert verify_letter(add_document_timestamp(letter, stamp), lab.validator(), at).passed


def test_nothing_but_a_permitted_revision_may_follow() -> None:
    for rest in (b"\n", b"%%EOF\n", stamped()[len(lab.whole()) : -1]):
        assert isinstance(verify_letter(lab.whole() + rest, lab.validator(), LATER).refusal, LetterRefused)


@pytest.mark.parametrize("made", [SignatureLevel.T, SignatureLevel.LTA])
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_changed_byte_behind_the_seal_is_never_accepted(made: SignatureLevel, data: st.DataObject) -> None:
    """Any bit of the later revisions: the letter is refused, or one of its time-stamps is broken or proves nothing."""
    whole = level(made)
    at = data.draw(st.integers(len(lab.whole()), len(whole) - 1))
    changed = whole[:at] + bytes((whole[at] ^ 1 << data.draw(st.integers(0, 7)),)) + whole[at + 1 :]
    report = verify_letter(changed, lab.validator(), LATER)
    assert not report.passed or not all(one.passed for one in report.stamps)


@settings(max_examples=300, deadline=None)
@given(at=st.integers(0, 2_000), bit=st.integers(0, 7), keep=st.integers(0, 3))
def test_reading_by_shape_is_the_strict_reading(at: int, bit: int, keep: int) -> None:
    """Whatever the shape of a known token lets through, the strict reader reads as the same."""
    token = stamp(bytes((keep,)) * 32)
    decode_token(token)
    changed = token[: at % len(token)] + bytes((token[at % len(token)] ^ 1 << bit,)) + token[at % len(token) + 1 :]
    try:
        expected = decode_token(changed)
    except FormatFailure:
        with pytest.raises(FormatFailure):
            parse_token(changed)
        return
    assert parse_token(changed) == expected


def test_a_token_read_by_shape_says_its_own_values() -> None:
    one, two = (lab.pki().stamp(bytes((number,)) * 32, lab.AT + timedelta(seconds=number)) for number in (1, 2))
    for token in (one, two, one):
        assert parse_token(token) == decode_token(token)
    assert parse_token(one).info.generated_at != parse_token(two).info.generated_at


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_a_damaged_packed_letter_is_refused_or_is_another_packed_letter(data: st.DataObject) -> None:
    packed = pack_letter(level(SignatureLevel.LTA))
    assert packed is not None
    tail = bytearray(packed.tail)
    for _ in range(data.draw(st.integers(1, 3))):
        tail[data.draw(st.integers(0, len(tail) - 1))] = data.draw(st.integers(0, 255))
    try:
        letter = unpack_letter(PackedLetter(packed.template_sha256, bytes(tail)))
    except LetterRefused:
        return
    assert isinstance(letter, bytes)


def test_a_unit_s_tokens_are_read_strictly_a_few_times_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Serial numbers and signatures vary by an octet each; every combination has a shape of its own."""
    tokens = [lab.pki().stamp(number.to_bytes(32), lab.AT) for number in range(300)]
    for token in tokens:
        parse_token(token)
    strict: list[bytes] = []
    monkeypatch.setattr(token_message, "read_token", strict.append)
    assert [parse_token(token).info.imprint for token in tokens] == [number.to_bytes(32) for number in range(300)]
    assert not strict


def test_each_token_stamps_what_stands_before_it() -> None:
    _, slots = read_stamped(level(SignatureLevel.LTA))
    assert [parse_token(slot.token).info.imprint for slot in slots] == [slot.content_sha256 for slot in slots]
    assert slots[0].content_sha256 == _digest()


def test_the_authority_may_not_be_expired_when_it_is_judged() -> None:
    """A unit past its time proves nothing on the bulk path; the long way asks for the archive time-stamp that covers it."""
    end = datetime(2027, 1, 1, tzinfo=lab.VN)
    report = verify_letter(stamped(), lab.validator(), end)
    assert report.stamped_at is None
    assert not report.stamps[0].broken
