"""What each document of a load is: drawn from named streams, so that the same recipe gives the same documents on any machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from random import Random

from exchange.domain.document import Urgency
from scenarios.load.field import Field
from scenarios.load.profiles import Profile
from scenarios.streams import stream

LARGEST_NUMBER = 99_999
"""A letter's number has five digits at most."""
_URGENCIES = (Urgency.URGENT, Urgency.VERY_URGENT, Urgency.EXPRESS)
_URGENT_WEIGHTS = (5, 3, 2)
"""Among marked documents (assumption): half khẩn, three in ten thượng khẩn, two in ten hỏa tốc."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What determines a corpus besides its world. ``series`` makes other documents of the same recipe, for an axis that has the first."""

    profile: Profile
    documents: int
    agencies: int
    urgent_share: float = 0.06
    greedy_share: float = 0.0
    """Share of all documents that one agency alone sends."""
    series: int = 1

    def __post_init__(self) -> None:
        if self.documents < 1 or self.series < 1:
            raise ValueError("a corpus has at least one document, and series are counted from 1")
        if not 0 <= self.urgent_share <= 1 or not 0 <= self.greedy_share < 1:
            raise ValueError("shares lie between 0 and 1")
        if self.agencies <= self.profile.recipients:
            raise ValueError(f"{self.profile.recipients} recipients and their sender make {self.profile.recipients + 1} agencies")


@dataclass(frozen=True, slots=True)
class Drawn:
    """One document before it is written. Agencies are places in the field."""

    index: int
    sender: int
    recipients: tuple[int, ...]
    urgency: int
    number: int
    notation: str
    size: int
    """Bytes of its file; 0 for letters."""


def draw(field: Field, recipe: Recipe) -> Iterator[Drawn]:
    """Every document of the recipe, in order."""
    chance = stream(field.world.seed, "load", recipe.profile.name, str(recipe.series))
    senders = field.senders(rsa=recipe.profile.rsa)
    everybody = range(len(field.parties))
    weights = tuple(accumulate(part.weight for part in recipe.profile.parts))
    written = [0] * len(field.parties)
    for index in range(recipe.documents):
        sender = senders[0] if chance.random() < recipe.greedy_share else senders[_other(chance, len(senders), recipe)]
        picked = chance.sample(everybody, min(recipe.profile.recipients + 1, len(everybody)))
        recipients = tuple([place for place in picked if place != sender][: recipe.profile.recipients])
        urgency = chance.choices(_URGENCIES, _URGENT_WEIGHTS)[0] if chance.random() < recipe.urgent_share else Urgency.NORMAL
        block, number = divmod(written[sender], LARGEST_NUMBER)
        written[sender] += 1
        yield Drawn(
            index, sender, recipients, int(urgency), number + 1, _notation(field.parties[sender].agency.abbreviation, recipe.series, block),
            _size(recipe.profile, weights, chance),
        )  # fmt: skip


def _other(chance: Random, senders: int, recipe: Recipe) -> int:
    """Any sender; where one is greedy, any but that one."""
    return chance.randrange(1, senders) if recipe.greedy_share and senders > 1 else chance.randrange(senders)


def _notation(abbreviation: str, series: int, block: int) -> str:
    """Each series, and each block of numbers beyond the largest, has a notation of its own: number and notation are a document's name."""
    return f"{abbreviation}-T{series}" + (f".{block}" if block else "")


def _size(profile: Profile, weights: tuple[float, ...], chance: Random) -> int:
    if not weights:
        return 0
    at = chance.random() * weights[-1]
    part = next(part for part, reached in zip(profile.parts, weights, strict=True) if at < reached or reached == weights[-1])
    return chance.randint(part.low, part.high)
