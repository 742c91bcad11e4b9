"""Time-stamps and stored validation data of a packed letter: one part per revision behind the seal, from which its bytes come back."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

from signing.errors import FormatFailure, LetterRefused
from signing.formats import pades
from signing.formats.artefacts import Artefacts
from signing.formats.letter.tails import MAX_TAILS, Stamped, State, first_state, stamp_revision, store_revision

_STAMP, _STORE = b"T", b"S"
_STAMP_HEAD = struct.Struct(">II")
"""Digits of /Contents, octets of the token."""
_STORE_HEAD = struct.Struct(">HHH")
"""How many certificates, lists and OCSP responses."""
_LENGTH = struct.Struct(">I")


def pack_steps(steps: Sequence[Stamped | Artefacts]) -> bytes:
    """The revisions behind a seal as bytes; empty for none."""
    return b"".join(_packed(step) for step in steps)


def _packed(step: Stamped | Artefacts) -> bytes:
    if isinstance(step, Stamped):
        return _STAMP + _STAMP_HEAD.pack(step.digits, len(step.token)) + step.token
    counts = _STORE_HEAD.pack(len(step.certificates), len(step.crls), len(step.ocsps))
    return _STORE + counts + b"".join(_LENGTH.pack(len(item)) + item for item in step.everything)


def unpack_steps(letter: bytes, packed: bytes) -> bytes:
    """The bytes of all revisions behind a sealed letter. Raises :class:`LetterRefused` for what :func:`pack_steps` did not give."""
    state = first_state(letter, len(letter))
    revisions = []
    try:
        for step in _steps(packed):
            revision, state = _rebuilt(state, step)
            revisions.append(revision)
    except (ValueError, struct.error, FormatFailure) as error:
        raise LetterRefused("packed letter", f"its later revisions are damaged: {error}") from error
    return b"".join(revisions)


def _rebuilt(state: State, step: tuple[int, bytes] | Artefacts) -> tuple[bytes, State]:
    if isinstance(step, Artefacts):
        return store_revision(state, step)
    digits, token = step
    revision, after = stamp_revision(state, digits)
    return b"".join((revision.before, pades.fill_contents(token, digits), revision.after)), after


def _steps(packed: bytes) -> Iterator[tuple[int, bytes] | Artefacts]:
    at = count = 0
    while at < len(packed):
        count += 1
        kind = packed[at : at + 1]
        if count > MAX_TAILS or kind not in (_STAMP, _STORE):
            raise ValueError("no such revision")
        at += 1
        if kind == _STAMP:
            digits, size = _STAMP_HEAD.unpack_from(packed, at)
            at += _STAMP_HEAD.size
            if not pades.is_contents_size(digits):
                raise ValueError("a time-stamp's room is of no permitted size")
            yield digits, _exactly(packed, at, size)
            at += size
        else:
            counts = _STORE_HEAD.unpack_from(packed, at)
            at += _STORE_HEAD.size
            groups = []
            for wanted in counts:
                items = []
                for _ in range(wanted):
                    (size,) = _LENGTH.unpack_from(packed, at)
                    items.append(_exactly(packed, at + _LENGTH.size, size))
                    at += _LENGTH.size + size
                groups.append(tuple(items))
            yield Artefacts(*groups)


def _exactly(packed: bytes, at: int, size: int) -> bytes:
    if at + size > len(packed):
        raise ValueError("it is cut off")
    return packed[at : at + size]
