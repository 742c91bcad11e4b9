"""The strict reader takes letters as the press wrote them and nothing else, whatever the bytes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signing import LetterRefused, read_letter, verify_letter
from signing.formats.letter.reader import MAX_LETTER
from signing.formats.letter.template import load_template
from tests.signing.letter import lab
from tests.signing.letter.judges import byte_ranges


def test_round_trip_gives_back_what_was_written() -> None:
    letter = read_letter(lab.whole())
    assert letter.content == lab.CONTENT
    assert (letter.number, letter.day) == ("107", lab.DAY)
    assert letter.leader.claimed_at == letter.seal.claimed_at == lab.AT
    assert letter.leader.message.signer.certificates != letter.seal.message.signer.certificates
    report = verify_letter(lab.whole(), lab.validator(), lab.AT)
    assert report.passed
    assert report.leader is not None
    assert report.leader.subject == lab.leader().holder.subject
    assert report.seal is not None
    assert report.seal.subject == lab.seal().holder.subject


def test_claimed_time_is_optional() -> None:
    letter = read_letter(lab.write())
    assert letter.leader.claimed_at is None
    assert letter.seal.claimed_at is None


def test_half_signed_letter_is_refused_naming_what_is_missing() -> None:
    with pytest.raises(LetterRefused, match="number, date and the organisation's signature are missing: only the leader has signed"):
        read_letter(lab.half())


def test_every_flipped_byte_is_refused() -> None:
    """Exhaustive: byte by byte over the whole letter, constant prefix included."""
    data, validator = bytearray(lab.whole()), lab.validator()
    accepted = []
    for position in range(len(data)):
        data[position] ^= 0x01
        if verify_letter(bytes(data), validator, lab.AT).passed:
            accepted.append(position)
        data[position] ^= 0x01
    assert accepted == []
    assert verify_letter(bytes(data), validator, lab.AT).passed


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_random_damage_behind_the_prefix_is_refused(data: st.DataObject) -> None:
    letter, start = bytearray(lab.whole()), len(load_template().prefix)
    for _ in range(data.draw(st.integers(1, 3))):
        letter[data.draw(st.integers(start, len(letter) - 1))] ^= data.draw(st.integers(1, 255))
    assert bytes(letter) == lab.whole() or not verify_letter(bytes(letter), lab.validator(), lab.AT).passed


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 80_000), st.binary(max_size=400), st.integers(0, 400))
def test_cut_and_spliced_files_raise_nothing_else(at: int, inserted: bytes, dropped: int) -> None:
    data = lab.whole()
    changed = data[:at] + inserted + data[at + dropped :]
    if changed != data:
        with pytest.raises(LetterRefused):
            read_letter(changed)


@pytest.mark.parametrize("length", [0, 1, 100, 42_158, 42_200, 50_000, 60_000, 69_000])
def test_truncated_letter_is_refused(length: int) -> None:
    with pytest.raises(LetterRefused):
        read_letter(lab.whole()[:length])


@pytest.mark.parametrize(
    "stream",
    [
        b"[" * 200_000,
        b'{"a":' * 100_000,
        b"{}",
        b"\xff\xfe",
        b"1" * 50_000,
        b'"\\ud800"',
        lab.CONTENT.canonical().replace(b'"state"', b'"\\ud800"'),
        lab.CONTENT.canonical().replace(b'"state"', b"1"),
        lab.CONTENT.canonical().replace(b'["H28.1","H28.20"]', b"[[],{}]"),
        lab.CONTENT.canonical().replace(b'"H28"', b'"H28","sender_id":"H28"'),
        lab.CONTENT.canonical().replace(b":", b": "),
        lab.CONTENT.canonical().replace("ỦY".encode(), b"\\u1ee6Y"),
    ],
    ids=[
        "deep list",
        "deep object",
        "no fields",
        "no UTF-8",
        "number",
        "surrogate",
        "surrogate field",
        "wrong type",
        "wrong items",
        "twice",
        "spaces",
        "escapes",
    ],
)
def test_hostile_metadata_is_refused(stream: bytes) -> None:
    head = b"21 0 obj\n<</Type/EmbeddedFile/Subtype/application#2Fjson/Length %d>>stream\n" % len(stream)
    with pytest.raises(LetterRefused):
        read_letter(load_template().prefix + head + stream + b"\nendstream\nendobj\n")


def test_length_is_bounded() -> None:
    with pytest.raises(LetterRefused, match="at most 1048576 bytes"):
        read_letter(lab.whole() + bytes(MAX_LETTER))


def test_contents_must_be_lower_case_and_padded_with_zeros_only() -> None:
    data = lab.whole()
    for _, opening, closing, _ in byte_ranges(data):
        digits = data[opening + 1 : closing - 1]
        for forged in (digits.upper(), digits[:-2] + b"01", digits[:-2] + b"0 ", b" " + digits[1:], digits[:-1] + b"g"):
            assert forged != digits
            with pytest.raises(LetterRefused, match="/Contents"):
                read_letter(data[: opening + 1] + forged + data[closing - 1 :])


def test_a_second_der_value_in_contents_is_refused() -> None:
    data = lab.whole()
    _, opening, closing, _ = byte_ranges(data)[0]
    digits = bytearray(data[opening + 1 : closing - 1])
    digits[-8:-4] = b"0500"
    with pytest.raises(LetterRefused, match="only 00 may follow the CMS"):
        read_letter(data[: opening + 1] + bytes(digits) + data[closing - 1 :])


def test_signatures_swapped_between_letters_do_not_hold() -> None:
    one, two = lab.whole(), lab.write("108")
    slots_one, slots_two = byte_ranges(one), byte_ranges(two)
    _, opening, closing, _ = slots_one[1]
    other = two[slots_two[1][1] : slots_two[1][2]]
    report = verify_letter(one[:opening] + other + one[closing:], lab.validator(), lab.AT)
    assert report.refusal is None
    assert report.leader is not None
    assert report.leader.passed
    assert report.seal is not None
    assert report.seal.sub_indication == "HASH_FAILURE"


def test_a_letter_as_issued_has_no_later_revision() -> None:
    with pytest.raises(LetterRefused, match="1 bytes follow the organisation's signature; no later revision is permitted"):
        read_letter(lab.whole() + b"x")


def test_number_and_date_stand_in_fields_the_leader_left_empty() -> None:
    half, whole = lab.half(), lab.whole()
    assert whole.startswith(half)
    assert b"/V<feff" not in half
    assert whole[len(half) :].count(b"/V<feff") == 2
    other = lab.PRESS.issue(half, "05", replace_day(), lab.seal())
    assert read_letter(other).number == "05"
    assert read_letter(other).day == replace_day()


def replace_day() -> date:
    return lab.DAY.replace(day=3, month=1)


def test_content_survives_any_choice_of_fields() -> None:
    content = replace(lab.CONTENT, bloc="party", notation="CV/TU", name="Tỉnh ủy Hòa Bình", urgency="KHẨN", capacity="", on_behalf="")
    data = lab.PRESS.issue(lab.PRESS.sign(content, lab.leader()), "99999", lab.DAY, lab.seal())
    assert read_letter(data).content == content
