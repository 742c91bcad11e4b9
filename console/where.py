"""Which axis ``truc run --axis`` means: an address becomes a place of the run."""

from __future__ import annotations

from console.locale import Text
from console.outcome import Unusable
from scenarios.places import Embedded, Place, Remote, Served

_DATABASE, _SERVICE = "postgresql", ("http", "https")


def place_of(axis: str | None, broker: str | None, text: Text) -> tuple[Place, str]:
    """The place, and the mode in the user's words. Raises :class:`Unusable` for an address that leads to no axis."""
    if axis is None:
        if broker is not None:
            raise Unusable(text("error.place.alone"))
        return Embedded(), text("mode.embedded")
    scheme = axis.partition("://")[0].partition("+")[0]
    if scheme in _SERVICE:
        if broker is not None:
            raise Unusable(text("error.place.alone"))
        return Remote(axis), text("mode.remote")
    if scheme != _DATABASE:
        raise Unusable(text("error.place", axis=axis))
    if broker is None:
        raise Unusable(text("error.place.broker"))
    return Served(axis, broker), text("mode.served")
