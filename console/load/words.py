"""A load in a reader's words: the rows of every table, for the screen and the page alike."""

from __future__ import annotations

from collections.abc import Iterator

from console.load.tree import verdict
from console.locale import Text
from console.reports.canonical import Tree

METRICS = ("submit", "delivered", "fetched")
STATISTICS = ("p50", "p90", "p99", "p99.9", "max")
_TERMS = ("delivered", "refused", "expired", "in_flight")
Row = list[str]


def seconds(value: float | None, text: Text) -> str:
    """A latency: microseconds below one millisecond, milliseconds below ten seconds."""
    if value is None:
        return "–"
    if value < 0.001:
        return f"{text.number(1e6 * value)} µs"
    if value < 10:
        return f"{text.number(1000 * value, 1 if value < 0.1 else 0)} ms"
    return f"{text.number(value, 1)} s"


def measured(value: float | None, kind: str, text: Text) -> str:
    """A value of a kind: ``seconds``, ``share``, ``rate`` or ``milliseconds``."""
    if value is None:
        return "–"
    if kind == "share":
        return text.percent(value)
    if kind == "rate":
        return f"{text.number(value, 1)}/s"
    return f"{text.number(value, 2)} ms" if kind == "milliseconds" else seconds(value, text)


def headline(tree: Tree, text: Text) -> str:
    """What came of it, in one sentence."""
    knee, word = tree["knee"], verdict(tree)
    if word == "lost":
        return text("load.verdict.lost")
    if word == "lagged":
        return text("load.verdict.lagged", lag=seconds(tree["lag"]["p99"], text), limit=seconds(tree["lag"]["limit"], text))
    if knee is not None:
        return knee_sentence(knee, text)
    short = [one["text"] for one in tree["thresholds"] if not one["holds"]]
    if short:
        return text("load.verdict.short", thresholds=", ".join(short))
    return text("load.verdict.held") if tree["thresholds"] else text("load.verdict.none")


def knee_sentence(knee: Tree, text: Text) -> str:
    """Where it bends, as far as it was found."""
    if knee["held"] is None:
        return text("load.knee.none")
    if knee["bent"] is None:
        return text("load.knee.open", held=text.number(knee["held"], 1))
    return text("load.knee.found", held=text.number(knee["held"], 1), bent=text.number(knee["bent"], 1))


def facts(tree: Tree, text: Text) -> Iterator[tuple[str, str]]:
    """What was done, to what."""
    run, summary = tree["run"], tree["summary"]
    yield text("load.fact.target"), f"{run['target']} · {run['scenario']} · {run['seed']}"
    yield text("load.fact.profile"), text.label("load-profile", run["profile"])
    shape = text.label("load-shape", run["shape"])
    yield (
        text("load.fact.load"),
        text(
            "load.fact.load.line", shape=shape, rate=text.number(run["rate"], 1), seconds=text.number(run["seconds"]),
            warm=text.number(run["warm_up"]), arrivals=text.label("load-arrivals", run["arrivals"]),
        ),
    )  # fmt: skip
    yield (
        text("load.fact.field"),
        text(
            "load.fact.field.line", agencies=text.number(run["agencies"]), urgent=text.percent(run["urgent_share"]),
            greedy=text.percent(run["greedy_share"]), series=run["series"],
        ),
    )  # fmt: skip
    size = summary["bytes"] / max(1, summary["documents"]) / 1024
    yield (
        text("load.fact.amount"),
        text(
            "load.fact.amount.line",
            documents=text.number(summary["documents"]),
            pairs=text.number(summary["pairs"]),
            size=text.number(size, 1),
        ),
    )
    yield text("load.fact.machine"), machine(tree, text)


def machine(tree: Tree, text: Text) -> str:
    """The machine, and how busy it was with others."""
    run, cpu = tree["run"], tree["cpu"]
    line = text(
        "load.fact.machine.line", machine=run["machine"], python=run["python"], loop=run["loop"], started=run["started"],
        before=" ".join(text.number(one, 2) for one in run["load_before"]),
    )  # fmt: skip
    if not cpu:
        return line
    after = " ".join(text.number(one, 2) for one in cpu["load"])
    return f"{line} {text('load.fact.machine.busy', busy=text.percent(cpu['busy']), processors=cpu['processors'], after=after)}"


def threshold_rows(tree: Tree, text: Text) -> Iterator[Row]:
    """Threshold, value, limit, verdict."""
    for one in tree["thresholds"]:
        limit = f"{one['operator']} {measured(one['limit'], one['kind'], text)}"
        yield [one["text"], measured(one["value"], one["kind"], text), limit, text.label("load-held", "yes" if one["holds"] else "no")]


def latency_words(text: Text) -> Row:
    """Heads of the table of latencies."""
    return ["", text("word.count"), text("load.word.rate"), *STATISTICS]


def latency_rows(tree: Tree, metric: str, text: Text) -> Iterator[Row]:
    """All, then by urgency and level."""
    groups = tree["summary"]["latencies"][metric]
    for tag in ("all", *(tag for tag in TAGS if tag in groups)):
        group = groups[tag]
        values = [seconds(group.get(name), text) for name in STATISTICS]
        yield [text.label("load-tag", tag), text.number(group["count"]), f"{text.number(group['rate'], 1)}/s", *values]


TAGS = (
    "ordinary", "urgent", "khan", "thuong-khan", "hoa-toc", "hoa-toc-hen-gio", "central", "province", "district", "commune", "greedy",
    "others",
)  # fmt: skip


def sum_sentence(tree: Tree, text: Text) -> str:
    """The sum in one line."""
    found = tree["reckoning"]
    numbers = {name: text.number(found[name]) for name in ("submitted", "accepted", "pairs", *_TERMS)}
    rejected = sum(found["rejected"].values())
    return text("load.sum", **numbers, rejected=text.number(rejected), unanswered=text.number(found["unanswered"]))


def sum_rows(tree: Tree, text: Text) -> Iterator[Row]:
    """What was checked, and how much of it was wrong."""
    found = tree["reckoning"]
    yield [text("load.sum.taken"), text.number(found["taken"]), ""]
    yield [text("load.sum.receipts"), text.number(found["receipts_verified"]), text.number(found["counts"]["receipts"])]
    for kind in ("lost", "doubled", "changed"):
        yield [text.label("load-wrong", kind), "", text.number(found["counts"][kind])]


def wrong_sentences(tree: Tree) -> list[str]:
    """The first of everything that is wrong."""
    found = tree["reckoning"]
    return [sentence for kind in ("lost", "doubled", "changed", "receipts_wrong") for sentence in found[kind]]


def cpu_rows(tree: Tree, text: Text) -> Iterator[Row]:
    """Milliseconds of the processor for each document accepted, by process."""
    for role, value in (tree["cpu"].get("per_document") or {}).items():
        yield [text.label("load-role", role), f"{text.number(value, 2)} ms"]


def stage_words(text: Text) -> Row:
    """Heads of the table of stages."""
    return [text("load.word.stage"), text("load.word.mean"), text("load.word.open"), text("load.word.most"), text("load.word.oldest")]


def stage_rows(tree: Tree, text: Text) -> Iterator[Row]:
    """Where a document spends its time on the average, from when it was due until its mailbox shows it."""
    for row in tree["stages"]:
        amounts = ["–" if row[name] is None else text.number(row[name], 1) for name in ("open", "most")]
        yield [text.label("load-stage", row["stage"]), seconds(row["mean"], text), *amounts, seconds(row["oldest"], text)]


def quarter_rows(tree: Tree, text: Text) -> Iterator[Row]:
    """Each quarter of the run: does it get slower?"""
    for number, quarter in enumerate(tree["summary"]["quarters"], 1):
        values = [seconds(quarter[metric].get(name), text) for metric in ("submit", "delivered") for name in ("p50", "p99")]
        yield [text("load.quarter", number=number), *values]


def knee_rows(tree: Tree, text: Text) -> Iterator[Row]:
    """Every step of a search."""
    for step in tree["knee"]["steps"] if tree["knee"] else ():
        yield [
            f"{text.number(step['rate'], 1)}/s", f"{text.number(step['done'], 1)}/s", seconds(step["submit"], text),
            seconds(step["delivered"], text), text.percent(step["errors"]), text.label("load-step", step["verdict"]),
        ]  # fmt: skip


def compared_rows(tree: Tree, text: Text) -> Iterator[Row]:
    """Figures beside those of an earlier run."""
    for row in tree["compared"]:
        ratio = "–" if row["ratio"] is None else f"× {text.number(row['ratio'], 2)}"
        yield [row["name"], measured(row["before"], row["kind"], text), measured(row["now"], row["kind"], text), ratio]
