"""One call of ``truc load``: read what is wanted, sign the corpus, load the service, reckon, print and write; the exit code."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from rich.console import Console

from console.known import world_of
from console.load.asking import MOST_SERIES, Asked, Wish, read_wish
from console.load.live import Told, watching
from console.load.page import page
from console.load.screen import show
from console.load.tree import compare, differing, load_tree, read_base, verdict
from console.locale import Text
from console.outcome import DONE, SHORT, UNREACHED, USAGE, Unusable
from console.reports.canonical import Tree, canonical
from exchange.domain.calendar import VN
from exchange.domain.identifiers import OrganId
from scenarios.load.corpus import Corpus, prepare
from scenarios.load.field import Field, FieldTooSmall, open_field
from scenarios.load.knee import Knee, Step, find_knee
from scenarios.load.loop import loop_name, run_loop
from scenarios.load.profiles import PROFILES
from scenarios.load.reckoning import Reckoning
from scenarios.load.run import AlreadyThere, Loaded, Order, Watch, perform, settle_accounts
from scenarios.load.schedule import curve, instants
from scenarios.load.wire import LINE_ERRORS, Silent, Wire, WireProblem
from scenarios.secrets import caller
from scenarios.streams import stream
from scenarios.world.pki import WorldPki, build
from signing import SigningError, Validator

FILES = ("load.html", "load.json")
_EACH_STEP = MOST_SERIES + 1


@dataclass(frozen=True, slots=True)
class Range:
    """Where a load is made: its field, what proves receipts, its folder and who watches."""

    wish: Wish
    asked: Asked
    field: Field
    issued: WorldPki
    folder: Path
    cache: Path
    watch: Watch
    told: Told

    def corpus(self, rate: float, seconds: float, series: int) -> Corpus:
        """Documents enough for a run; signed now where they are not kept from an earlier one."""
        form = curve(self.asked.shape, rate, seconds)
        chance = None if self.wish.even else stream(self.field.world.seed, "load", "arrivals", "0")
        documents = max(1, len(instants(form, chance)))
        return prepare(self.field, self.asked.recipe(self.wish, documents, series), self.cache, self.told)

    def order(self, rate: float, seconds: float) -> Order:
        """What a run at a rate does."""
        form = curve(self.asked.shape, rate, seconds)
        return Order(
            form,
            self.asked.warm_up,
            self.asked.drain,
            poisson=not self.wish.even,
            receive=self.wish.receive,
            watch=frozenset(self.wish.watch),
        )

    def wire(self) -> Wire:
        """The line to the service, with the secrets that a scenario gives its agencies."""
        return Wire(self.asked.bases, lambda organ: caller(self.field.world.seed, OrganId(organ)).secret, self.asked.mailboxes)


_UNKNOWN = 401
"""HTTP: the service knows nobody by this name and secret, and all secrets of a scenario come of its seed."""


def perform_load(wish: Wish, text: Text) -> int:
    """Load it; 0 held, 1 a limit was passed, the sum does not close or the driver lagged, 2 wrong usage, 3 the service is not there."""
    talk = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        asked = read_wish(wish, text)
        base = None if wish.compare is None else read_base(wish.compare, text)
        world = world_of(wish.scenario, wish.seed, text)
        issued = build(world)
        field = open_field(world, issued, wish.agencies, rsa=PROFILES[wish.profile].rsa)
        with _folder(wish.out, text) as folder, watching(text, talk) as (watch, told):
            place = Range(wish, asked, field, issued, folder, wish.corpus or _cache(), watch, told)
            tree = _load(place, text, talk)
            if base is not None:
                tree["compared"], tree["differing"] = compare(tree, base), differing(tree, base)
            _write(wish, tree, folder, text, talk)
    except Unusable as error:
        talk.print(str(error), markup=False)
        return USAGE
    except FieldTooSmall as error:
        talk.print(text.of_world(str(error)), markup=False)
        return USAGE
    except AlreadyThere:
        talk.print(text("load.error.there", series=wish.series), markup=False)
        return USAGE
    except Silent as error:
        talk.print(text("load.error.silent", url=error.url, reason=text.label("load-silence", error.reason)), markup=False)
        return UNREACHED
    except (*LINE_ERRORS, WireProblem, SigningError) as error:
        said = text("error.unreachable", error=str(error) or type(error).__name__)
        unknown = isinstance(error, WireProblem) and error.status == _UNKNOWN
        talk.print(text("error.whose", error=said) if unknown else said, markup=False)
        return UNREACHED
    if wish.json:
        sys.stdout.write(canonical(tree))
    else:
        show(tree, text)
    return DONE if verdict(tree) == "held" else SHORT


def _load(place: Range, text: Text, talk: Console) -> Tree:
    surroundings = _surroundings()
    run_loop(_greeted(place))  # before anything is signed for it
    talk.print(text("load.start", target=" ".join(place.asked.bases), profile=place.wish.profile), style="bold", markup=False)
    if place.wish.find_limit:
        loads: list[tuple[Loaded, Reckoning]] = []
        knee = run_loop(_search(place, loads, lambda step: talk.print(_told(step, text), markup=False)))
        return load_tree(place.wish, place.asked, surroundings, loads, knee)
    corpus = place.corpus(place.wish.rate, place.asked.seconds, place.wish.series)
    loaded = run_loop(_once(place, corpus, place.order(place.wish.rate, place.asked.seconds), "journal.jsonl"))
    return load_tree(place.wish, place.asked, surroundings, [loaded], None)


async def _greeted(place: Range) -> None:
    """Raises unless somebody answers at every address, and knows the field's agencies."""
    async with place.wire() as wire:
        await wire.ready(str(place.field.parties[0].organ))


async def _once(place: Range, corpus: Corpus, order: Order, name: str) -> tuple[Loaded, Reckoning]:
    """One load and its reckoning."""
    validator = Validator(place.issued.pki.trust_store(), place.issued.policy)
    async with place.wire() as wire:
        book, loaded = await perform(place.field, corpus, order, wire, place.folder / name, place.watch)
        reckoning = await settle_accounts(book, place.folder / name, wire, validator, place.issued.axis.certificate_der, place.watch)
    corpus.close()
    return loaded, reckoning


async def _search(place: Range, loads: list[tuple[Loaded, Reckoning]], told: Callable[[Step], None]) -> Knee:
    """Load it at one rate after another; each step has documents of its own, signed while the service rests."""

    async def attempt(rate: float) -> Loaded:
        number = len(loads) + 1
        corpus = place.corpus(rate, place.asked.step, place.wish.series * _EACH_STEP + number)
        loads.append(await _once(place, corpus, place.order(rate, place.asked.step), f"journal-{number:02d}.jsonl"))
        return loads[-1][0]

    return await find_knee(place.wish.rate, place.asked.limits, attempt, told)


def _told(step: Step, text: Text) -> str:
    return text(
        "load.live.step", rate=text.number(step.rate, 1), done=text.number(step.done, 1),
        submit="–" if step.submit is None else text.number(1000 * step.submit),
        delivered="–" if step.delivered is None else text.number(1000 * step.delivered), verdict=text.label("load-step", step.verdict),
    )  # fmt: skip


def _surroundings() -> Tree:
    """The machine as it is before anything is asked of it."""
    return {
        "started": datetime.now(VN).isoformat(timespec="seconds"),
        "machine": f"{platform.machine()} {platform.system()} {platform.release()}, {os.cpu_count()} CPU",
        "python": platform.python_version(),
        "loop": loop_name(),
        "load_before": list(os.getloadavg()),
    }


def _write(wish: Wish, tree: Tree, folder: Path, text: Text, talk: Console) -> None:
    if wish.out is None:
        return
    (folder / "load.html").write_text(page(tree, text), encoding="utf-8", newline="\n")
    (folder / "load.json").write_text(canonical(tree), encoding="utf-8", newline="\n")
    kept = [folder / name for name in FILES] + sorted(folder.glob("journal*.jsonl"))
    talk.print(text("progress.written", files=", ".join(map(str, kept))), markup=False)


@contextmanager
def _folder(out: Path | None, text: Text) -> Iterator[Path]:
    """Where the journal and the reports go: the folder asked for, cleared of an earlier load, or one that is gone afterwards."""
    if out is None:
        with tempfile.TemporaryDirectory(prefix="truc-load-") as name:
            yield Path(name)
        return
    try:
        out.mkdir(parents=True, exist_ok=True)
        for path in (*(out / name for name in FILES), *out.glob("journal*.jsonl")):
            path.unlink(missing_ok=True)
    except OSError as error:
        raise Unusable(text("error.out", out=out, reason=text.reason(error))) from None
    yield out


def _cache() -> Path:
    """Where corpora are kept."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "truc" / "corpus"
