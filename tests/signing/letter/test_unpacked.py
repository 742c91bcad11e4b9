"""A packed letter opened is the letter unpacked, hashed and read strictly: for every tail, whoever wrote it."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from datetime import date
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signing import (
    Letter,
    LetterRefused,
    PackedLetter,
    StampSlot,
    Validator,
    open_letters,
    open_packed,
    pack_letter,
    read_stamped,
    unpack_letter,
    verify_letter,
    verify_letters,
)
from signing.formats.letter.packing import _HEAD
from signing.formats.letter.template import is_unmistakable, known_templates, load_template
from tests.signing.letter import lab, long_term

Read = tuple[Letter, tuple[StampSlot, ...]] | str


def packed(data: bytes) -> PackedLetter:
    found = pack_letter(data)
    assert found is not None
    return found


def again(raw: bytes) -> PackedLetter:
    """A tail that says something else."""
    template = load_template()
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15, 9, zlib.Z_DEFAULT_STRATEGY, template.dictionary)
    return PackedLetter(template.sha256, deflate.compress(raw) + deflate.flush())


def raw_tail(one: PackedLetter) -> bytes:
    return zlib.decompressobj(-15, load_template().dictionary).decompress(one.tail)


def read(data: bytes) -> Read:
    try:
        return read_stamped(data)
    except LetterRefused as refusal:
        return str(refusal)


def unpacked(one: PackedLetter) -> bytes | LetterRefused:
    try:
        return unpack_letter(one)
    except LetterRefused as refusal:
        return refusal


def same(one: PackedLetter) -> None:
    """Bytes, digest, and letter or refusal are those of the long way."""
    data = unpacked(one)
    if isinstance(data, LetterRefused):
        with pytest.raises(LetterRefused) as caught:
            open_packed(one)
        assert str(caught.value) == str(data)
        return
    opened = open_packed(one)
    assert (opened.data, opened.sha256, opened.size) == (data, sha256(data).digest(), len(data))
    found: Read = (opened.letter, opened.stamps) if opened.letter is not None else str(opened.refusal)
    assert found == read(data)


@pytest.mark.parametrize("level", sorted(long_term.levels()))
def test_letters_of_every_level_open_to_what_they_are(level: str) -> None:
    data = long_term.levels()[level]
    same(packed(data))
    opened = open_packed(packed(data))
    assert opened.letter is not None
    assert opened.pieces[0] is load_template().prefix
    assert len(opened.stamps) == {"B-B": 0, "B-T": 1, "B-LT": 1, "B-LTA": 2, "renewed": 3}[level]


def test_what_letters_have_in_common_is_one_object_from_the_second_one_on() -> None:
    _, one, other = (open_packed(packed(lab.whole())).pieces for _ in range(3))
    assert [here is there for here, there in zip(one, other, strict=True)] == [True, False] * 4
    assert all(len(piece) > 1024 for piece in one[::2]), "worth keeping its text"


def _head(change: Callable[[list[object]], None]) -> PackedLetter:
    raw = raw_tail(packed(lab.whole()))
    values: list[object] = list(_HEAD.unpack_from(raw))
    change(values)
    return again(_HEAD.pack(*values) + raw[_HEAD.size :])


def _set(place: int, value: object) -> Callable[[list[object]], None]:
    def change(values: list[object]) -> None:
        values[place] = value

    return change


@pytest.mark.parametrize(
    "change",
    [_set(8, text) for text in (b"7", b"007", b"100000"[:5], b"\xef\xbc\x91\xef"[:5], b"", b"0", b"1a2", b"12\x00\x003")]
    + [_set(7, ordinal) for ordinal in (1, 0, date(9999, 12, 31).toordinal(), 4_000_000)]
    + [_set(5, seconds) for seconds in (-1, 0, -2, -62135596800, 253402275599, 253402300800, 1 << 62)]
    + [_set(6, seconds) for seconds in (0, -2, 253402275599)]
    + [_set(3, digits) for digits in (256, 8192, 100, 1 << 30)]
    + [_set(1, 10), _set(0, 0), _set(0, 5)],
)
def test_values_that_no_letter_has_are_read_by_the_strict_reader(change: Callable[[list[object]], None]) -> None:
    same(_head(change))


def test_a_cms_followed_by_something_or_of_no_known_form_is_told_as_before() -> None:
    raw = raw_tail(packed(lab.whole()))
    values = list(_HEAD.unpack_from(raw))
    size, one, two = values[:3]
    at = _HEAD.size + size
    for cms in (
        raw[at : at + one] + b"\0",
        raw[at : at + one] + b"\1",
        raw[at : at + one - 1],
        b"",
        b"\x30\x00",
        b"\x30\x80\x00\x00",
        b"\x04\x01\x00",
    ):
        values[1] = len(cms)
        same(again(_HEAD.pack(*values) + raw[_HEAD.size : at] + cms + raw[at + one :]))
    assert two


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_change_of_a_tail_comes_out_as_on_the_long_way(data: st.DataObject) -> None:
    raw = bytearray(raw_tail(packed(data.draw(st.sampled_from([lab.whole(), long_term.levels()["B-LTA"]])))))
    for _ in range(data.draw(st.integers(1, 2))):
        raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    same(again(bytes(raw)))


def test_one_letter_among_others_that_cannot_be_opened() -> None:
    good = packed(lab.whole())
    bad = PackedLetter(good.template_sha256, good.tail[:-3])
    odd = PackedLetter(good.template_sha256, "no bytes")  # type: ignore[arg-type]
    opened = open_letters([bad, good, odd, PackedLetter(bytes(32), good.tail), good])
    assert [type(one).__name__ for one in opened] == ["LetterRefused", "UnpackedLetter", "TypeError", "LetterRefused", "UnpackedLetter"]
    assert open_letters([]) == []


def test_a_letter_opened_is_verified_as_its_bytes_are_alone_and_among_others() -> None:
    validator, at = Validator(lab.pki().trust_store()), lab.AT
    files = [*long_term.levels().values(), lab.half(), b"%PDF-1.4"]
    alone = [verify_letter(data, validator, at) for data in files]
    opened = [open_packed(packed(data)) for data in long_term.levels().values()]
    together = verify_letters([(one, at) for one in [*opened, *files[5:]]], validator)
    for one, data, other in zip(alone, files, together, strict=True):
        assert not isinstance(other, Exception)
        assert (str(one.refusal), one.letter, one.leader, one.seal, one.stamps) == (
            str(other.refusal), other.letter, other.leader, other.seal, other.stamps,
        ), data[:20]  # fmt: skip
    assert alone[0].passed
    assert verify_letters([], validator) == []


def test_templates_can_be_told_apart() -> None:
    assert all(is_unmistakable(load_template(name)) for name in known_templates())
