"""A packed letter comes back byte for byte, is small, and what is not exactly a letter is not packed."""

from __future__ import annotations

import zlib
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signing import (
    Authority,
    CadesSigner,
    HolderKind,
    HolderSpec,
    KeyKind,
    LetterRefused,
    PackedLetter,
    Pki,
    PkiSpec,
    Purpose,
    Validator,
    pack_letter,
    pack_unsealed,
    read_letter,
    unpack_letter,
    unpack_unsealed,
    verify_letter,
)
from signing.formats import pades
from signing.formats.letter.packing import MAX_UNPACKED
from signing.formats.letter.template import load_template
from tests.signing.letter import lab
from tests.signing.letter.cases import CASES


def test_letter_comes_back_byte_for_byte_and_small() -> None:
    packed = pack_letter(lab.whole())
    assert packed is not None
    assert unpack_letter(packed) == lab.whole()
    assert len(packed.tail) < 1_900


def test_known_certificates_make_it_smaller() -> None:
    known = [lab.leader().holder.certificate_der, lab.seal().holder.certificate_der, lab.seal().holder.issuer_chain[0]]
    packed = pack_letter(lab.whole(), known_certificates=known)
    assert packed is not None
    assert unpack_letter(packed, known_certificates=known) == lab.whole()
    assert len(packed.tail) < 1_000
    with pytest.raises(LetterRefused):
        unpack_letter(packed)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.text(alphabet="aăâbcdđeêghiklm noôơpqrstuưvxyỄẫệ().\\", min_size=1, max_size=60).filter(str.strip), min_size=1, max_size=4),
    st.integers(10, 99_999),
    st.booleans(),
)
def test_any_letter_comes_back(paragraphs: list[str], number: int, timed: bool) -> None:
    content = replace(lab.CONTENT, paragraphs=tuple(paragraphs))
    at = lab.AT if timed else None
    data = lab.PRESS.issue(lab.PRESS.sign(content, lab.leader(), at=at), str(number), lab.DAY, lab.seal(), at=at)
    packed = pack_letter(data)
    assert packed is not None
    assert unpack_letter(packed) == data
    assert read_letter(data).content == content


@settings(max_examples=30, deadline=None)
@given(st.text(alphabet="aăâbcdđeêghiklm noôơpqrstuưvxyỄẫệ().\\", min_size=1, max_size=200).filter(str.strip), st.booleans())
def test_a_letter_that_waits_for_its_seal_comes_back(paragraph: str, timed: bool) -> None:
    """And what its clerk makes of it is the same letter."""
    at = lab.AT if timed else None
    data = lab.PRESS.sign(replace(lab.CONTENT, paragraphs=(paragraph,)), lab.leader(), at=at)
    packed = pack_unsealed(data)
    assert packed is not None
    assert len(packed.tail) < 1_600
    assert unpack_unsealed(packed) == data
    assert pack_letter(data) is None


def test_only_what_waits_for_its_seal_is_packed_as_that() -> None:
    for other in (lab.whole(), lab.half() + b"\n", lab.half()[:-1], b"%PDF-1.4 something else", b""):
        assert pack_unsealed(other) is None
    packed = pack_unsealed(lab.half())
    assert packed is not None
    for tail in (packed.tail[:-1], packed.tail + b"\0", b"", zlib.compress(b"")):
        with pytest.raises(LetterRefused):
            unpack_unsealed(replace(packed, tail=tail))
    with pytest.raises(LetterRefused):
        unpack_unsealed(replace(packed, template_sha256=bytes(32)))


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_other_files_are_not_packed(case: object) -> None:
    assert pack_letter(case.build()) is None  # type: ignore[attr-defined]


def test_half_signed_and_foreign_files_are_not_packed() -> None:
    assert pack_letter(lab.half()) is None
    assert pack_letter(b"%PDF-1.4 something else") is None
    assert pack_letter(lab.whole() + b"\n") is None


@pytest.mark.parametrize("seconds", [-62135596800 - 7 * 3600, -62135596800, -1, 0, 253402275599])
def test_any_claimed_time_comes_back(seconds: int) -> None:
    """A number of seconds that means "no time", or a day before the calendar, must not cost the letter its bytes."""
    read = pades.read_claimed_time(b"/M(D:19700101070000+07'00')", 0)
    assert read is not None
    claimed = read + timedelta(seconds=seconds)
    for first, second in ((claimed, None), (lab.AT, claimed)):
        data = lab.PRESS.issue(lab.PRESS.sign(lab.CONTENT, lab.leader(), at=first), "107", lab.DAY, lab.seal(), at=second)
        assert read_letter(data).leader.claimed_at == first
        packed = pack_letter(data)
        assert packed is None or unpack_letter(packed) == data


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_damaged_tail_raises_nothing_else(data: st.DataObject) -> None:
    packed = pack_letter(lab.whole())
    assert packed is not None
    tail = bytearray(packed.tail)
    tail[data.draw(st.integers(0, len(tail) - 1))] ^= data.draw(st.integers(1, 255))
    with suppress(LetterRefused):
        # What does unpack is a file like any other: the reader and the validator judge it.
        assert unpack_letter(PackedLetter(packed.template_sha256, bytes(tail))).startswith(load_template().prefix)


def test_unknown_template_and_inflated_tail_are_refused() -> None:
    packed = pack_letter(lab.whole())
    assert packed is not None
    with pytest.raises(LetterRefused, match="unknown template"):
        unpack_letter(PackedLetter(bytes(32), packed.tail))
    bomb = zlib.compressobj(9, zlib.DEFLATED, -15)
    tail = bomb.compress(bytes(8 * MAX_UNPACKED)) + bomb.flush()
    with pytest.raises(LetterRefused):
        unpack_letter(PackedLetter(packed.template_sha256, tail))


def test_rsa_letters_are_read_and_packed(tmp_path: Path) -> None:
    pki = Pki.build(PkiSpec(seed="letter-rsa", key_cache=tmp_path))
    signers = [
        CadesSigner(
            pki.issue(HolderSpec(kind, name, Authority.PARTY, lab.AT.replace(year=2020), lab.AT.replace(year=2025), key=KeyKind.RSA2048)),
            purpose=Purpose.LETTER,
        )
        for kind, name in ((HolderKind.PERSON, "Ngô Văn Tuấn"), (HolderKind.ORGANISATION, "Tỉnh ủy Hòa Bình"))
    ]
    data = lab.PRESS.issue(lab.PRESS.sign(replace(lab.CONTENT, bloc="party", notation="CV/TU"), signers[0]), "12", lab.DAY, signers[1])
    assert verify_letter(data, Validator(pki.trust_store()), lab.AT).passed
    packed = pack_letter(data)
    assert packed is not None
    assert unpack_letter(packed) == data
