"""How a load goes on: a line that is written over on a terminal, one every tenth of the time elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from console.locale import Text
from scenarios.load.run import Moment, Watch

Told = Callable[[int, int], None]


@contextmanager
def watching(text: Text, talk: Console) -> Iterator[tuple[Watch, Told]]:
    """Two listeners: of the load itself, and of the making of its corpus."""
    if talk.is_terminal:
        with Progress(BarColumn(24), TaskProgressColumn(), TextColumn("{task.description}"), console=talk, transient=True) as bar:
            task = bar.add_task("", total=1.0)
            yield (
                lambda now: bar.update(task, completed=share(now), description=sentence(now, text)),
                lambda done, of: bar.update(task, completed=done / of, description=_corpus(done, of, text)),
            )
        return
    tenths = _Tenths(talk)
    yield (
        lambda now: tenths.tell(now.phase, share(now), sentence(now, text)),
        lambda done, of: tenths.tell("corpus", done / of, _corpus(done, of, text)),
    )


class _Tenths:
    """Prints a sentence whenever another tenth of a phase has passed."""

    def __init__(self, talk: Console) -> None:
        self._talk, self._phase, self._told = talk, "", 0

    def tell(self, phase: str, share: float, sentence: str) -> None:
        if phase != self._phase:
            self._phase, self._told = phase, 0
        if int(10 * share) > self._told:
            self._told = int(10 * share)
            self._talk.print(sentence, markup=False)


def share(now: Moment) -> float:
    """How much of its phase is over."""
    return min(1.0, now.at / now.seconds) if now.seconds > 0 else 1.0


def sentence(now: Moment, text: Text) -> str:
    """Where a load stands."""
    if now.phase == "reckoning":
        return text("load.live.reckoning", share=text.percent(now.at, 0))
    if now.phase == "drain":
        return text(
            "load.live.drain", at=text.number(now.at), seconds=text.number(now.seconds), answered=text.number(now.answered),
            delivered=text.number(now.delivered), flight=text.number(now.in_flight),
        )  # fmt: skip
    return text(
        "load.live.line", at=text.number(now.at), seconds=text.number(now.seconds), due=text.number(now.due),
        answered=text.number(now.answered), delivered=text.number(now.delivered), flight=text.number(now.in_flight),
        submit=text.number(1000 * now.submit_p99), listed=text.number(1000 * now.delivered_p99),
    )  # fmt: skip


def _corpus(done: int, of: int, text: Text) -> str:
    return text("load.live.corpus", done=text.number(done), of=text.number(of))
