"""What a ledger entry is made over: the payload of a fact, from its row as :mod:`exchange.store.facts` reads it.

A payload is a JSON array of the values in a fixed order (bytes as hexadecimal digits), so that whoever has the database can compute it with
a few lines of any language. Every column of the row is in it, or follows from what is; but no row id: other rows are named by their
packages, so that two axes to which the same happened have the same ledger.

The three of which there are most are written by hand, as :func:`pack` would write them, in a third of the time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any

from exchange.domain.lifecycle import DeliveryState

_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode
_QUOTED: Callable[[str], str] = json.encoder.encode_basestring
_FIRST = DeliveryState.RECEIVED.value
_OF_ANY_TYPE = (TypeError, ValueError, AttributeError)
"""What writing by hand raises for a value of an unusual type: SQLite keeps any type in any column."""


def pack(values: list[Any]) -> bytes:
    """Payload of these values: integers, texts, NULLs, and bytes as their digits (an audit asks which of the two a column holds)."""
    return utf8(_JSON([value.hex() if isinstance(value, bytes) else value for value in values]))


def utf8(text: str) -> bytes:
    """Texts that are none in the database come with surrogates and are the bytes they were."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogateescape")


def hexadecimal(value: bytes | None) -> str | None:
    """Digits of bytes; what is no bytes as it is."""
    return value.hex() if isinstance(value, bytes) else value


def digest_of(value: bytes | None) -> str | None:
    """Digest of bytes too long to stand in a payload; of what is no bytes, itself."""
    return sha256(value).hexdigest() if isinstance(value, bytes) else value


def admission(row: Any, attached: Sequence[Any]) -> bytes:
    """A package taken in, with the rows of its attachments."""
    try:
        return _admission(row, attached)
    except _OF_ANY_TYPE:
        own = [[*map(hexadecimal, (one[1], *one[3:6])), digest_of(one[6])] for one in attached]
        values = [*row[1:9], *map(digest_of, row[9:12]), own]
        return pack(values if row[12] is None else [*values, *row[12:18]])


def _admission(row: Any, attached: Sequence[Any]) -> bytes:
    _, name, sender, digest, kind, size, at, priority, operation, statement, signature, skeleton, about, *said = row
    text = (
        f'[{_QUOTED(name)},{_QUOTED(sender)},"{digest.hex()}",{_QUOTED(kind)},{size:d},{at:d},{priority:d},{operation:d},'
        f'"{sha256(statement).hexdigest()}","{sha256(signature).hexdigest()}","{sha256(skeleton).hexdigest()}",'
        f"[{','.join([_attachment(one) for one in attached])}]"
    )
    if about is not None:
        reported, notation, year, code, description = said[:5]
        text += f",{_QUOTED(about)},{_QUOTED(reported)},{_QUOTED(notation)},{year:d},{_QUOTED(code)},{_QUOTED(description)}"
    return utf8(f"{text}]")


def _attachment(row: Any) -> str:
    _, ordinal, _, digest, size, template, data, _ = row
    packed = "null" if template is None else f'"{template.hex()}"'
    kept = "null" if data is None else f'"{sha256(data).hexdigest()}"'
    return f'[{ordinal:d},"{digest.hex()}",{size:d},{packed},{kept}]'


def verdict(row: Any) -> bytes:
    """A verdict, with what was found of the letter's time-stamps where it has any."""
    at, accepted, rule, sub_indication, detail, verifies = row[2:8]
    if row[13] is not None:
        return pack([*row[2:8], *row[11:14]])
    try:
        return utf8(f"[{at:d},{accepted:d},{_QUOTED(rule)},{_QUOTED(sub_indication)},{_QUOTED(detail)},{verifies:d}]")
    except _OF_ANY_TYPE:
        return pack([*row[2:8]])


def event(row: Any) -> bytes:
    """A delivery came into a state: whose mailbox and by which road is decided when it leaves its first one, and never again."""
    _, _, at, state, _, reason, _, recipient, _, _, organ, route, cause, founder, *_ = row
    first = state == _FIRST
    try:
        text = f"[{at:d},{_QUOTED(state)},{_QUOTED(cause)},{_QUOTED(reason)},{_QUOTED(founder)},{_QUOTED(recipient)}"
        return utf8(text + "]" if first else f"{text},{_QUOTED(organ)},{_QUOTED(route)}]")
    except _OF_ANY_TYPE:
        said = [at, state, cause, reason, founder, recipient]
        return pack(said if first else [*said, organ, route])
