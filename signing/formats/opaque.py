"""asn1crypto as the tolerant reader uses it: whatever is open in CMS is taken as raw bytes before anything looks inside."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from asn1crypto import core

from signing import der
from signing.errors import FormatFailure
from signing.formats.claims import Deviation

_MAX_OID = 64
_T = TypeVar("_T")


class AnySet(core.SetOf):  # type: ignore[misc]
    _child_spec = core.Any


class AnySequence(core.SequenceOf):  # type: ignore[misc]
    _child_spec = core.Any


class Notes:
    """The breaches of a format met so far, in order."""

    def __init__(self, deviations: Iterable[Deviation] = ()) -> None:
        self.deviations = list(deviations)

    def note(self, rule: str, clause: str) -> None:
        """Record a breach."""
        self.deviations.append((rule, clause))

    def tried(self, what: str, clause: str, read: Callable[[], _T], otherwise: _T) -> _T:
        """What ``read`` gives; where it cannot, ``otherwise`` and a recorded breach."""
        try:
            return read()
        except Exception as error:  # whatever asn1crypto's internals meet escapes
            self.note(f"{what} cannot be read: {plain(error)}", clause)
            return otherwise


def plain(error: Exception) -> str:
    """An upstream error on one line."""
    return " ".join(str(error).split())[:200] or type(error).__name__


def dump(element: Any) -> bytes:
    """An element as it stood; upstream's ``Any.dump`` would look inside first and stumble over kinds it does not know."""
    if isinstance(element, core.Any):
        return bytes(element._header + element.contents + element._trailer)
    return bytes(element.dump())


def raw(elements: Any, most: int, place: str) -> tuple[bytes, ...]:
    """The elements of a SET OF or SEQUENCE OF as they stand, taken before anything looks inside them."""
    if len(elements) > most:
        raise FormatFailure(place, f"must not hold more than {most} elements")
    return tuple(dump(element) for element in elements)


def dotted(identifier: Any) -> str:
    """The dotted form of an OBJECT IDENTIFIER whose octets are the ones DER has for it."""
    encoded = identifier.dump()
    if not 2 < len(encoded) <= _MAX_OID:
        raise FormatFailure("CMS", f"an object identifier must have 1 to {_MAX_OID - 2} octets")
    found: str = identifier.dotted
    if der.oid(found) != encoded:
        raise FormatFailure("CMS", "an object identifier must be in shortest form (X.690 §8.19.2)")
    return found


def optional(value: Any) -> Any:
    """An OPTIONAL field, ``None`` when absent."""
    return None if isinstance(value, core.Void) else value
