"""What an audit says: findings with their place, counts of what was checked, and what could not be checked and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the archive: a table and a row of it, and the package concerned where one is known."""

    table: str
    row: str
    """Row id; of a table with a key of several columns, these joined by ``/``. Empty for the table as a whole."""
    package_id: str = ""

    def __str__(self) -> str:
        where = f"{self.table} {self.row}".strip()
        return f"{where} (package {self.package_id})" if self.package_id else where


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it must be."""

    place: Place
    rule: str
    """Stable kebab-case identifier."""
    clause: str
    """The rule enforced."""
    detail: str
    """One clear sentence."""


@dataclass(frozen=True, slots=True)
class Unchecked:
    """What could not be checked, how many of them, and why."""

    what: str
    count: int
    why: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the audit is; ``total`` is an estimate made at the beginning."""

    step: str
    done: int
    total: int
    documents: int
    """Documents checked so far."""


Sink = Callable[[Finding], None]
OnProgress = Callable[[Progress], None]


@dataclass(slots=True)
class Book:
    """Where an audit writes down what it does.

    Things looked at side by side are told one after the other all the same: what is written down while ``now`` is a number is about this
    one of them, and is held until :meth:`tell`.
    """

    sink: Sink
    on_progress: OnProgress | None = None
    total: int = 0
    findings: int = 0
    checked: Counter[str] = field(default_factory=Counter)
    _unchecked: Counter[tuple[str, str]] = field(default_factory=Counter)
    _done: int = 0
    now: int | None = None
    _held: dict[int, list[Finding | Unchecked]] = field(default_factory=dict)

    def tell(self) -> None:
        """All that is held, in the order of the numbers; nothing is held from now on."""
        self.now, held = None, self._held
        self._held = {}
        for number in sorted(held):
            for one in held[number]:
                if isinstance(one, Finding):
                    self.sink(one)
                else:
                    self._unchecked[one.what, one.why] += one.count

    def find(self, place: Place, rule: str, clause: str, detail: str) -> None:
        """One error more."""
        self.findings += 1
        finding = Finding(place, rule, clause, detail)
        if self.now is None:
            self.sink(finding)
        else:
            self._held.setdefault(self.now, []).append(finding)

    def check(self, place: Place, problems: Iterable[tuple[bool, str, str, str]]) -> None:
        """Several rules about one place: (holds, rule, clause, sentence) each."""
        for holds, rule, clause, detail in problems:
            if not holds:
                self.find(place, rule, clause, detail)

    def skip(self, what: str, why: str, count: int = 1, *, none_too: bool = False) -> None:
        """Something could not be checked; with ``none_too``, that there is nothing of it is told as well."""
        if none_too:
            self._unchecked[what, why] += count
        elif count and self.now is not None:
            self._held.setdefault(self.now, []).append(Unchecked(what, count, why))
        elif count:
            self._unchecked[what, why] += count

    def advance(self, step: str, count: int) -> None:
        """So much more is done."""
        self._done += count
        if self.on_progress is not None:
            self.on_progress(Progress(step, self._done, max(self.total, self._done), self.checked["documents"]))

    def unchecked(self) -> tuple[Unchecked, ...]:
        """What could not be checked, in the order met."""
        return tuple(Unchecked(what, count, why) for (what, why), count in self._unchecked.items())
