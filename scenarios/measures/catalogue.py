"""What is measured: every rate with its source, its target and whom its headline counts. The console's catalogues hold the texts.

A document marked secret may not travel by the open network (Decision 28/2018 Art. 1), so it stands outside every denominator here; how many
were left out is printed with each rate.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from exchange.domain.organization import Bloc, Level

ROUNDING = 0.005
"""Half a percent: the reports give whole percents, so their 100 % claims a rate that rounds to it."""


class MeasureId(StrEnum):
    """Every rate of the report, in its order."""

    INTERNAL = "internal-electronic"
    OFFICIAL_FORM = "official-electronic-form"
    OFFICIAL_WHOLLY = "official-wholly-electronic"
    OUTSIDE = "outside-province-electronic"
    PARTY = "party-electronic"
    DIRECTIVES = "directives-on-portal"
    PARTY_MAILBOXES = "party-mailboxes-in-use"
    STAFF_EMAIL = "staff-email-regular"
    SIGNATURE_USE = "signature-holders-using"
    SENT = "sent-in-time"
    ARRIVED = "arrived-in-time"
    REGISTERED = "registered-in-time"


class Unit(StrEnum):
    """What one count of the denominator is."""

    DOCUMENT = "document"
    PAIR = "document-recipient"
    DIRECTIVE = "directive"
    MAILBOX = "mailbox"
    PERSON = "person"
    ORGAN = "organ"


@dataclass(frozen=True, slots=True)
class Target:
    """A rate to be held, in percent; ``over``: the source says *over* (trên), so the figure itself is not enough."""

    percent: float
    over: bool = False

    @property
    def bar(self) -> float:
        """The fraction an interval is held against. 100 % means a rate that rounds to it, since no interval ends above 1."""
        return 1.0 - ROUNDING if self.percent == 100 else self.percent / 100


@dataclass(frozen=True, slots=True)
class MeasureSpec:
    """One measure. ``sources`` are ids of hoa-binh-figures.csv, or the clause of the law where no figure is given."""

    id: MeasureId
    sources: tuple[str, ...]
    target: Target
    unit: Unit
    blocs: frozenset[Bloc]
    levels: frozenset[Level]

    def headline(self, level: str, bloc: str) -> bool:
        """Whether agencies of this level and bloc count in the headline; the rest stand in the breakdown alone."""
        return level in self.levels and bloc in self.blocs


_PROVINCIAL = frozenset({Level.PROVINCE, Level.DISTRICT, Level.COMMUNE})
_UPPER = frozenset({Level.PROVINCE, Level.DISTRICT})
_STATE, _PARTY, _BOTH = frozenset({Bloc.STATE}), frozenset({Bloc.PARTY}), frozenset(Bloc)
_ARTICLE_6, _ARTICLE_22 = "28/2018/QĐ-TTg Art. 6", "30/2020/NĐ-CP Art. 22"

CATALOGUE: tuple[MeasureSpec, ...] = (
    MeasureSpec(MeasureId.INTERNAL, ("e10",), Target(90), Unit.DOCUMENT, _STATE, _UPPER),
    MeasureSpec(MeasureId.OFFICIAL_FORM, ("b05",), Target(100), Unit.PAIR, _STATE, _PROVINCIAL),
    MeasureSpec(MeasureId.OFFICIAL_WHOLLY, ("e11",), Target(90), Unit.PAIR, _STATE, _PROVINCIAL),
    MeasureSpec(MeasureId.OUTSIDE, ("e12",), Target(50), Unit.PAIR, _STATE, _PROVINCIAL),
    MeasureSpec(MeasureId.PARTY, ("b04",), Target(90, over=True), Unit.PAIR, _PARTY, _PROVINCIAL),
    MeasureSpec(MeasureId.DIRECTIVES, ("e09",), Target(80), Unit.DIRECTIVE, _STATE, _PROVINCIAL),
    MeasureSpec(MeasureId.PARTY_MAILBOXES, ("b06",), Target(95, over=True), Unit.MAILBOX, _PARTY, _PROVINCIAL),
    MeasureSpec(MeasureId.STAFF_EMAIL, ("b15",), Target(50, over=True), Unit.PERSON, _STATE, _PROVINCIAL),
    MeasureSpec(MeasureId.SIGNATURE_USE, ("b09",), Target(100), Unit.ORGAN, _BOTH, _PROVINCIAL),
    MeasureSpec(MeasureId.SENT, (_ARTICLE_6,), Target(100), Unit.PAIR, _BOTH, _PROVINCIAL),
    MeasureSpec(MeasureId.ARRIVED, (_ARTICLE_6,), Target(100), Unit.PAIR, _BOTH, _PROVINCIAL),
    MeasureSpec(MeasureId.REGISTERED, (_ARTICLE_22,), Target(100), Unit.PAIR, _BOTH, _PROVINCIAL),
)
SPECS = {spec.id: spec for spec in CATALOGUE}
DEADLINES = frozenset({MeasureId.SENT, MeasureId.ARRIVED, MeasureId.REGISTERED})
"""Those held against the law's deadlines instead of a figure of the reports."""
