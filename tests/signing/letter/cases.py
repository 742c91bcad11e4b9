"""The catalogue's letters of wrong layout, written with the letter and the people of this lab."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial

from signing import HolderKind
from signing.faults.forge import Draft
from signing.faults.layouts import LAYOUTS
from signing.faults.layouts import genuine as genuine_layout
from tests.signing.letter import lab


@dataclass(frozen=True, slots=True)
class Case:
    """One file of the table; see :class:`signing.faults.layouts.Layout`."""

    name: str
    build: Callable[[], bytes]
    place: str
    first: bool | None
    second: bool | None


@cache
def draft() -> Draft:
    """The lab's letter before it is written."""
    receiver = lab.signer(HolderKind.ORGANISATION, "Ủy ban nhân dân huyện Lạc Sơn")
    return Draft(lab.CONTENT, "107", lab.DAY, lab.leader(), lab.seal(), receiver, lab.AT)


def genuine() -> bytes:
    """The genuine letter put together by the forge: must be the press's own bytes."""
    return genuine_layout(draft())


CASES = tuple(Case(one.name, partial(one.build, draft()), one.place, one.first, one.second) for one in LAYOUTS)
