"""A skeleton in exactly the form in which it is written; attachments that share their beginnings give the same text."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.edxml.skeleton import Run, Shared, Skeleton, rebuild
from exchange.errors import EdxmlError

WIDTHS = st.sampled_from([0, 0, 64, 76, 77])
runs = st.builds(Run, st.just(0), st.integers(0, 3), st.integers(0, 12_000), WIDTHS, st.sampled_from([b"", b"\n", b"\r\n"]), st.booleans())
skeletons = st.lists(st.binary(min_size=1, max_size=20) | runs, max_size=4).map(lambda pieces: Skeleton(tuple(pieces)))


def outcome(skeleton: Skeleton, attachment: tuple[bytes, ...] | Shared) -> bytes | str:
    try:
        return b"".join(rebuild(skeleton, [attachment]))
    except EdxmlError as error:
        return str(error)


@settings(max_examples=300, deadline=None)
@given(
    skeletons, st.lists(st.sampled_from([0, 1, 2, 3, 1023, 1024, 1025, 4097]), min_size=1, max_size=5), st.randoms(use_true_random=False)
)
def test_pieces_give_the_text_of_the_whole(skeleton: Skeleton, sizes: list[int], random: object) -> None:
    pieces = tuple(bytes((number * 7 + at) % 256 for at in range(size)) for number, size in enumerate(sizes))
    assert outcome(skeleton, Shared(pieces, sum(sizes))) == outcome(skeleton, (b"".join(pieces),))


@pytest.mark.parametrize("lead", range(4))
def test_a_recurring_piece_is_encoded_where_it_begins(lead: int) -> None:
    """At every remainder of three, before and behind what is each attachment's own."""
    recurring = bytes(range(256)) * 9
    for own in range(4):
        pieces = (recurring, b"x" * lead, recurring, b"y" * own)
        whole = b"".join(pieces)
        skeleton = Skeleton((b"<", Run(0, 0, len(whole)), b">"))
        assert outcome(skeleton, Shared(pieces, len(whole))) == outcome(skeleton, (whole,))


def test_what_was_given_once_is_gone() -> None:
    run = Run(0, 0, 4)
    skeleton = Skeleton((run, run))
    assert outcome(skeleton, Shared((b"abcd",), 4)) == outcome(skeleton, (b"abcd",))
    assert "shorter" in str(outcome(skeleton, Shared((b"abcd",), 4)))


@settings(max_examples=300, deadline=None)
@given(skeletons, st.data())
def test_exactly_as_written_or_nothing(skeleton: Skeleton, data: st.DataObject) -> None:
    """What reading and writing again would find out, whatever byte was changed."""
    packed = bytearray(skeleton.pack())
    assert Skeleton.unpack_exact(bytes(packed)) == skeleton
    packed[data.draw(st.integers(0, len(packed) - 1))] ^= data.draw(st.integers(0, 255))
    changed = bytes(packed)
    with suppress(Exception):
        read = Skeleton.unpack(changed)
        assert Skeleton.unpack_exact(changed) == (read if read.pack() == changed else None)
        return
    with pytest.raises(Exception, match=r".*"):
        Skeleton.unpack_exact(changed)


@pytest.mark.parametrize(
    "head",
    [
        b"[3]", b'[2,[0,0,5,0,"",0],1]', b'[2,[0,0,5,0,"",0], 1]', b'[02,[0,0,5,0,"",0],1]', b'[3,[0,0,5,0,"",0],1]',
        b'[2,[0,0,05,0,"",0],1]', b'[2,[0,0,5,0,"",1],1]', b'[0,[0,0,5,0,"",0],3]', b"[ 3]", b"[3,0]", b"[-3]",
    ],
)  # fmt: skip
def test_the_usual_heads_are_taken_only_as_they_are_written(head: bytes) -> None:
    packed = b"TSK1" + len(head).to_bytes(4, "big") + head + b"abc"
    try:
        read = Skeleton.unpack(packed)
    except (EdxmlError, ValueError):
        with pytest.raises((EdxmlError, ValueError)):
            Skeleton.unpack_exact(packed)
        return
    assert Skeleton.unpack_exact(packed) == (read if read.pack() == packed else None)
