"""The fold of incidents: on which letter each planned fault fell, and what the axis said of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from scenarios.measures.folder import Handlers
from scenarios.trace import Befallen, Judged, Submitted
from scenarios.world.model import IncidentPlan


class Fate(StrEnum):
    """What became of a planned incident."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    REJECTED = "rejected"
    """At the axis' door."""
    UNJUDGED = "unjudged"
    """The run ended first."""
    NOT_HAPPENED = "not-happened"
    """The agency issued no such letter any more."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One planned incident, its letter where there was one, and the axis' first word on that letter."""

    plan: IncidentPlan
    letter: Befallen | None
    fate: Fate
    rule: str = ""
    sub_indication: str = ""


@dataclass(slots=True)
class IncidentFold:
    """Only letters with a planned fault are remembered."""

    letters: dict[str, Befallen] = field(default_factory=dict)
    """By document, in the order they left."""
    said: dict[str, Judged | Submitted] = field(default_factory=dict)

    def handlers(self) -> Handlers:
        return {Befallen: self.befallen, Judged: self.judged, Submitted: self.submitted}

    def befallen(self, record: Befallen) -> None:
        self.letters[record.document] = record

    def judged(self, record: Judged) -> None:
        if record.document in self.letters:
            self.said.setdefault(record.document, record)

    def submitted(self, record: Submitted) -> None:
        if record.document in self.letters and record.kind == "edoc" and not record.receipt:
            self.said.setdefault(record.document, record)

    def outcomes(self, plans: Iterable[IncidentPlan]) -> tuple[Outcome, ...]:
        """Every plan in the order of its moment; of two alike of one agency the earlier one has the earlier letter."""
        letters, found = list(self.letters.values()), []
        for plan in sorted(plans, key=lambda one: one.at):
            alike = (one for one in letters if (one.agency, one.reason) == (str(plan.agency), plan.fault))
            letter = next(alike, None)
            if letter is None:
                found.append(Outcome(plan, None, Fate.NOT_HAPPENED))
                continue
            letters.remove(letter)
            found.append(self._outcome(plan, letter))
        return tuple(found)

    def _outcome(self, plan: IncidentPlan, letter: Befallen) -> Outcome:
        said = self.said.get(letter.document)
        if said is None:
            return Outcome(plan, letter, Fate.UNJUDGED)
        if isinstance(said, Submitted):
            return Outcome(plan, letter, Fate.REJECTED, said.rule)
        fate = Fate.ACCEPTED if said.accepted else Fate.REFUSED
        return Outcome(plan, letter, fate, said.rule, said.sub_indication)
