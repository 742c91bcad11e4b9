"""An audit's answer in a reader's language, as a sheet."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from console.locale import Text
from console.reports.canonical import Tree
from console.reports.sheet import Section, Sheet, Strip, Table
from console.verify.chronicle import told_timeline
from console.verify.phrasing import Phrasing
from exchange.domain.calendar import VN

GROUPS_SHOWN, FINDINGS_SHOWN = 12, 12
MOST_PRINTED = 2000
"""Findings in a report; the JSON has all of them."""
_LABELS = ("from", "verdict", "because", "not-to-scale", "now", "timeline")
_UNSEALED = " facts"
_KINDS = (
    *("documents", "packages", "signatures", "receipts", "verdicts", "attachments", "statuses", "refusals", "deliveries", "events"),
    *("negotiations", "checkpoints", "outside checkpoints", "outside checkpoints contained", "ledger entries", "ledger leaves"),
    *("sequences", "ledger nodes", "evidence", "pairs of rows", "tables"),
)
"""Counts in the order in which a reader asks for them."""


def audit_sheet(tree: Tree, text: Text) -> Sheet:
    """The whole answer."""
    say = Phrasing(text)
    confirmed = tree["confirmed"]["anchors"] and tree["confirmed"]["checkpoint"]
    verdict = "failed" if tree["errors"] else "passed" if confirmed else "undecided"
    return Sheet(
        lang=text.lang,
        title=text("audit.title"),
        subtitle=tree["archive"],
        verdict=verdict,
        word=text(f"audit.word.{verdict}"),
        headline=text(f"audit.headline.{verdict}", errors=text.number(tree["errors"])),
        banner=[[text("audit.fact.anchors"), _anchors(tree, text)], [text("audit.fact.outside"), _outside(tree, text)]],
        facts=list(_facts(tree, text)),
        notes=[],
        sections=list(_sections(tree, say)),
        labels=labels(text),
    )


def labels(text: Text) -> dict[str, str]:
    """Words a verdict over time is drawn with."""
    return {name: text(f"verify.label.{name}") for name in _LABELS}


def _anchors(tree: Tree, text: Text) -> str:
    if tree["confirmed"]["anchors"]:
        return text("audit.anchors.confirmed")
    digests = ", ".join(one["sha256"] for one in tree["anchors"] if not one["confirmed"]) or "–"
    if "anchor-not-trusted" in tree["rules"]:
        return text("audit.anchors.refused", digests=digests)
    return text("audit.anchors.unconfirmed", digests=digests)


def _outside(tree: Tree, text: Text) -> str:
    if not tree["outside"]:
        return text("audit.outside.none")
    newest = max(tree["outside"], key=lambda one: int(one["size"]))
    compared = tree["checked"].get("outside checkpoints", 0) == len(tree["outside"])
    foreign = any(one["what"] == "the ledger against a checkpoint brought along" for one in tree["unchecked"])
    newer = int(tree["ledger-entries"]) - int(newest["size"])
    values = {"number": newest["number"], "at": moment(newest["at"], text), "size": text.number(newest["size"])}
    if tree["confirmed"]["checkpoint"] and newer > 0:
        return text("audit.outside.partly", **values, newer=text.number(newer))
    key = "confirmed" if tree["confirmed"]["checkpoint"] else "foreign" if foreign else "refused" if compared else "unread"
    return text(f"audit.outside.{key}", **values)


def moment(iso: str, text: Text) -> str:
    """An instant at +07:00 as written in the language."""
    return text.instant(datetime.fromisoformat(iso).astimezone(VN))


def _facts(tree: Tree, text: Text) -> Iterator[list[str]]:
    newest = tree["newest-checkpoint"]
    if newest is not None:
        values = {"number": newest["number"], "at": moment(newest["at"], text), "size": text.number(newest["size"]), "root": newest["root"]}
        yield [text("audit.fact.newest"), text("audit.newest", **values)]
    yield [text("audit.fact.entries"), text.number(tree["ledger-entries"])]


def _sections(tree: Tree, say: Phrasing) -> Iterator[Section]:
    text = say.text
    if tree["errors"]:
        yield _groups(tree, text)
        yield _findings(tree, say)
    yield _unchecked(tree, text)
    yield _checked(tree, text)
    if tree["timelines"]:
        strips = [_strip(one, say) for one in tree["timelines"]]
        yield Section(text("audit.timelines"), [text("audit.timelines.note")], strips=strips)
    yield Section(text("verify.label.reading"), [text(f"audit.reading.{part}") for part in ("scope", "outside", "errors")], page=True)


def _groups(tree: Tree, text: Text) -> Section:
    clauses: dict[str, str] = {}
    for one in tree["findings"]:
        clauses.setdefault(one["rule"], one["clause"])
    rows = [[text.label("audit-rule", rule), text.number(count), text.phrase(clauses[rule])] for rule, count in tree["rules"].items()]
    head = [text(f"audit.word.{word}") for word in ("rule", "count", "clause")]
    more = text("audit.more.rules", count=text.number(len(rows) - GROUPS_SHOWN))
    return Section(text("audit.groups"), tables=[Table(head, rows, (1,), GROUPS_SHOWN, more)])


def _findings(tree: Tree, say: Phrasing) -> Section:
    text, found = say.text, tree["findings"]
    rows = [[_place(one, text), text.label("audit-rule", one["rule"]), say.phrase(one["detail"])] for one in found[:MOST_PRINTED]]
    head = [text(f"audit.word.{word}") for word in ("place", "rule", "detail")]
    more = text("audit.more.findings", count=text.number(len(found) - FINDINGS_SHOWN))
    cautions = [text("audit.cut", shown=text.number(MOST_PRINTED), count=text.number(len(found)))] if len(found) > MOST_PRINTED else []
    return Section(text("audit.findings"), tables=[Table(head, rows, (), FINDINGS_SHOWN, more)], cautions=cautions)


def _place(one: Tree, text: Text) -> str:
    where = f"{text.label('audit-table', one['table'])} {one['row']}".strip()
    return text("audit.place", where=where, package=one["package"]) if one["package"] else where


def _unchecked(tree: Tree, text: Text) -> Section:
    if not tree["unchecked"]:
        return Section(text("audit.unchecked"), [text("audit.unchecked.none")])
    rows = [[_what(one["what"], text), text.number(one["count"]), text.phrase(one["why"])] for one in tree["unchecked"]]
    head = [text(f"audit.word.{word}") for word in ("what", "count", "why")]
    return Section(text("audit.unchecked"), tables=[Table(head, rows, (1,))])


def _what(what: str, text: Text) -> str:
    """A count's name, or that of facts not sealed yet."""
    if what.endswith(_UNSEALED):
        return text("audit.unsealed", kind=text.label("audit-fact", what.removesuffix(_UNSEALED)))
    return text.label("audit-count", what.replace(" ", "-"))


def _checked(tree: Tree, text: Text) -> Section:
    counts = tree["checked"]
    order = [kind for kind in _KINDS if kind in counts] + [kind for kind in counts if kind not in _KINDS]
    rows = [[text.label("audit-count", kind.replace(" ", "-")), text.number(counts[kind])] for kind in order]
    return Section(text("audit.checked"), tables=[Table([text("audit.word.what"), text("audit.word.count")], rows, (1,), len(rows))])


def verdict_words(one: Tree, text: Text) -> str:
    """What a verdict means, and the standard's words for it."""
    code = one["sub-indication"]
    plain = text.explanation("sub-indication", code)["title"] if code else text("verify.timeline.holds")
    return f"{plain.rstrip('.')} ({one['indication']}{f' / {code}' if code else ''})"


def _strip(one: Tree, say: Phrasing) -> Strip:
    field = say.text.label("verify-field", one["signature"])
    title = f"{one['document']} · {one['sender']} · {one['attachment']} · {field}: {one['signer']}"
    return Strip(title, told_timeline(one["timeline"], one["at"], say))
